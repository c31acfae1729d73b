"""What a database's catalogue says of its functions, operators and types, so that the guard can tell them apart.

Read with the schema, in one or two questions, and kept with it. Where nothing was read, the guard's own lists stand
alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.connections.session import Session
from core.errors import QueryFailed

_MOST = 5_000  # names of one kind that are kept; a database with more made functions has its first ones kept


@dataclass(frozen=True)
class Routines:
    """All names lower case. `harmless` are built-in functions that by the catalogue's word change and keep nothing.

    `made` are functions that people made in this database, `operators` theirs too: a name that is also a built-in's
    would run what they made. `types` are made types whose values no code of theirs checks: lists of words (enums).
    """

    harmless: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def dumped(self) -> dict[str, list[str]]:
        """As JSON."""
        return {name: sorted(names) for name, names in vars(self).items() if names}

    @classmethod
    def loaded(cls, stored: Mapping[str, Iterable[str]]) -> "Routines":
        """What `dumped` gave."""
        return cls(**{name: frozenset(names) for name, names in stored.items()})


NONE_READ = Routines()

# Neither volatile, nor for the inside of types, operators, indexes and aggregates, nor about objects and the server.
_POSTGRES_HARMLESS = """
    SELECT DISTINCT p.proname FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.provolatile <> 'v' AND p.prokind <> 'p'
      AND NOT EXISTS (
          SELECT FROM unnest(p.proargtypes::oid[] || p.prorettype) AS part (type) JOIN pg_type t ON t.oid = part.type
          WHERE t.typname LIKE 'reg%' OR t.typname LIKE 'pg\\_%' OR t.typname IN (
              'internal', 'cstring', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler', 'tsm_handler',
              'index_am_handler', 'table_am_handler', 'oid', '_oid', 'oidvector', 'int2vector', 'name', '_name', 'xml',
              '_xml', 'xid', 'xid8', 'cid', 'tid', 'txid_snapshot', 'refcursor', 'aclitem', '_aclitem', 'gtsvector'))
      AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid)
      AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)
      AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE p.oid IN (
          a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn))
"""
# What an extension brought and does not call volatile is its maker's, not this database's people's.
_POSTGRES_MADE = """
    SELECT 'function', p.proname FROM pg_proc p
    WHERE p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      AND (p.provolatile = 'v' OR NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
    UNION SELECT 'operator', o.oprname FROM pg_operator o
    WHERE o.oprnamespace <> 'pg_catalog'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e')
    UNION SELECT 'type', t.typname FROM pg_type t
    WHERE t.typtype = 'e' AND t.typnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      AND NOT EXISTS (SELECT FROM pg_type other WHERE other.typname = t.typname AND other.typtype <> 'e')
      AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.casttarget = t.oid AND c.castmethod = 'f')
    ORDER BY 1, 2
"""
_MYSQL_MADE = """
    SELECT lower(routine_name) FROM information_schema.routines
    WHERE routine_type = 'FUNCTION' AND routine_schema = database() ORDER BY 1
"""
_MARIADB_BUILT_IN = "SELECT lower(function) FROM information_schema.sql_functions"
# Innocuous (0x200000) is SQLite's own word for a function that may stand even in a schema nobody trusts.
_SQLITE = "SELECT DISTINCT lower(name) FROM pragma_function_list WHERE builtin AND flags & 2097152 <> 0"
_DUCKDB = """
    SELECT DISTINCT CASE WHEN internal THEN 'harmless' ELSE 'function' END, lower(function_name) FROM duckdb_functions()
    WHERE NOT internal OR (function_type IN ('scalar', 'aggregate') AND NOT coalesce(has_side_effects, TRUE)
                           AND coalesce(stability, 'VOLATILE') <> 'VOLATILE')
    UNION SELECT 'type', lower(type_name) FROM duckdb_types() WHERE NOT internal AND logical_type = 'ENUM'
    ORDER BY 1, 2
"""


def postgres_routines(session: Session) -> Routines:
    """Of all schemas: which of them a search path reaches may change."""
    harmless = _names(session.look(_POSTGRES_HARMLESS))
    return _sorted([("harmless", name) for name in harmless] + [(k, n) for k, n in session.look(_POSTGRES_MADE)])


def mysql_routines(session: Session) -> Routines:
    """Those that people made: MySQL's catalogue has no word on what its own functions do."""
    made = _names(session.look(_MYSQL_MADE))
    try:
        built_in = _names(session.look(_MARIADB_BUILT_IN)) if made else frozenset()
    except QueryFailed:
        built_in = frozenset()  # MySQL does not list its own, which win against made ones; nobody can tell which
    return _sorted([("function", name) for name in sorted(made - built_in)])


def sqlite_routines(session: Session) -> Routines:
    """Those of the library; nobody can make one that lasts."""
    return Routines(harmless=_names(session.look(_SQLITE)))


def duckdb_routines(session: Session) -> Routines:
    """Scalars and aggregates of the engine, and the macros of this file."""
    return _sorted(session.look(_DUCKDB))


def _names(rows: Iterable[tuple[Any, ...]]) -> frozenset[str]:
    return frozenset(str(name).lower() for (name,) in rows)


def _sorted(rows: Iterable[tuple[Any, ...]]) -> Routines:
    kinds: dict[str, list[str]] = {"harmless": [], "function": [], "operator": [], "type": []}
    for kind, name in rows:
        kinds[kind].append(str(name).lower())
    kept = {kind: frozenset(names[:_MOST]) for kind, names in kinds.items()}
    return Routines(kept["harmless"], kept["function"], kept["operator"], kept["type"])
