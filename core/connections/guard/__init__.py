"""check(sql, scope) -> CheckedQuery: the only way to SQL that may be run.

Nothing else can make a `CheckedQuery`, and nothing but a `CheckedQuery` can be run. What is known to be harmless is
allowed, and everything else refused: each step below is a wall of its own, and the order matters.
"""

from dataclasses import InitVar, dataclass, field
from typing import Any

from core.connections.guard.commands import Command, command
from core.connections.guard.names import Spelling
from core.connections.guard.policies import obey, obey_command
from core.connections.guard.policies_shields import Shields
from core.connections.guard.query import understood
from core.connections.guard.quiet import let_go, quiet
from core.connections.guard.refusal import refusal
from core.connections.guard.second import agree_on_command, agree_on_query
from core.connections.guard.statement import STUMBLES, Statement, read
from core.connections.guard.tables import Tables
from core.connections.guard.text import MAX_NESTING
from core.connections.guard.words import allowed
from core.connections.routines import NONE_READ, Routines
from core.connections.schema import Dialect, Schema
from core.security.policies import EVERYTHING, Rights

_SEAL = object()


@dataclass(frozen=True)
class Scope:
    """What one actor may touch on one connection.

    `schema` holds the allowed tables and columns and no others; None means names are not resolved (the terminal's
    `guard` without a connection). `functions` are further function names an administrator allowed, lower case.
    `namespace` is what the database calls the place of those tables whose own namespace is "": PostgreSQL's `public`,
    SQLite's and DuckDB's `main` need not be given; on MySQL it is the name of the database. `ignores_case` says that a
    MySQL server does not tell tables apart by their capitals (its `lower_case_table_names` is not 0).
    `routines` are what its catalogue says of functions.
    `rights` are the policies as they bind this actor: hidden tables and columns are not in `schema` either. `shields`
    are what stands in a query for the tables that are less than whole.
    """

    dialect: Dialect
    schema: Schema | None
    functions: frozenset[str] = frozenset()
    namespace: str = ""
    ignores_case: bool = False
    rights: Rights = EVERYTHING
    shields: Shields | None = field(default=None, repr=False, compare=False)
    routines: Routines = NONE_READ


@dataclass(frozen=True)
class CheckedQuery:
    """SQL that the guard has passed: one read-only statement in `dialect`, over tables its actor may see.

    `sql` is the text that was checked, as people see it and as it is kept. `runs` is what is sent to the database:
    the same text, unless a policy rewrote it; it may speak of what the actor may not see, so it is shown to nobody.
    `tables` are `Table.key`s; `columns` are `table key.column name` where they could be resolved. `limited` are those
    tables of which the actor sees some rows only; `masked` those columns whose values are masked for them.
    """

    sql: str
    dialect: Dialect
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    runs: str = field(default="", repr=False)
    limited: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only the guard makes a CheckedQuery")
        if not self.runs:
            object.__setattr__(self, "runs", self.sql)

    def __init_subclass__(cls, **_: Any) -> None:
        raise TypeError("a CheckedQuery has no other kinds")


@dataclass(frozen=True)
class Reading:
    """A statement that was understood: what it reads, and what runs for it where policies rewrote it.

    Names are resolved against what the actor may see. A star, or a name that an outer query has too, could still reach
    a column that is kept from them: a policy that hides columns replaces the table by a query of the others.
    """

    statement: Statement
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    runs: str = ""
    limited: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()


def check(sql: str, scope: Scope) -> CheckedQuery:
    """The statement as it will run, without a code fence, a semicolon, or comments around it.

    Raises `QueryRefused` with a reason that a person understands. Its time is that of parsing: milliseconds.
    """
    if not isinstance(scope.dialect, Dialect) or (scope.schema and scope.schema.dialect is not scope.dialect):
        raise refusal("unknown_dialect")
    try:
        with quiet():
            reading = understand(read(sql, scope.dialect), scope)
    except RecursionError:
        raise refusal("too_nested", limit=MAX_NESTING) from None
    except STUMBLES as error:
        # A tree of a shape that nobody has thought of: what is not understood is not run.
        raise refusal("unclear") from error
    return CheckedQuery(
        sql=reading.statement.text,
        dialect=scope.dialect,
        tables=reading.tables,
        columns=reading.columns,
        runs=reading.runs,
        limited=reading.limited,
        masked=reading.masked,
        seal=_SEAL,
    )


def understand(statement: Statement, scope: Scope) -> Reading:
    """The statement with what it reads: a query, or a command that shows or explains one."""
    found: Command | None = command(statement)
    if found is not None:
        agree_on_command(statement)
    spelling = Spelling(scope.dialect, scope.ignores_case)
    tables = Tables(statement, spelling, scope.schema, scope.namespace, scope.functions)
    if found is None:
        return _query(statement, tables, scope)
    if found.query is not None:
        inner = understand(found.query, scope)
        if inner.runs:
            raise refusal("policy_command")
        return Reading(statement, inner.tables, inner.columns)
    columns = found.read(tables)
    if scope.rights.version:
        obey_command(statement, tables, _shields(scope))
    return Reading(statement, tuple(tables.read), columns)


def _query(statement: Statement, tables: Tables, scope: Scope) -> Reading:
    query = understood(statement, tables, scope.functions, scope.routines)
    agree_on_query(query.tree, allowed(scope.dialect, scope.routines, scope.functions))
    read = tuple(tables.read), query.columns
    if not scope.rights.version:
        let_go(query.tree.nodes.values())
        return Reading(statement, *read)
    obeyed = obey(query, tables, _shields(scope))
    if obeyed is None:
        return Reading(statement, *read)
    masked = tuple(column for column in query.columns if column in obeyed.masked)
    return Reading(statement, *read, obeyed.runs, obeyed.limited, masked)


def _shields(scope: Scope) -> Shields:
    """What stands for the tables that are less than whole. Rights without it cannot be kept, so nothing runs."""
    if scope.shields is None:
        raise refusal("policy_unclear")
    return scope.shields
