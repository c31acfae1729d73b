"""Names as the database reads them, and the allowed tables found by them."""

import re
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sqlglot import exp

from core.connections.guard.refusal import refusal
from core.connections.guard.words import lower
from core.connections.schema import Dialect, Schema, Table

_DEFAULT_NAMESPACE = {Dialect.POSTGRES: "public", Dialect.SQLITE: "main", Dialect.DUCKDB: "main", Dialect.MYSQL: ""}
_SYSTEM_NAMESPACES = frozenset(
    {"pg_catalog", "pg_toast", "information_schema", "mysql", "performance_schema", "sys", "system", "temp", "pg_temp"}
)
_SYSTEM_TABLES = {
    Dialect.POSTGRES: re.compile(r"pg_"),
    # `seq_1_to_1000000` makes a table of so many rows on MariaDB.
    Dialect.MYSQL: re.compile(r"seq_\d+_to_\d+"),
    Dialect.SQLITE: re.compile(r"sqlite_|pragma_|dbstat|bytecode|tables_used|fsdir|zipfile|completion|stmt\Z"),
    Dialect.DUCKDB: re.compile(r"duckdb_|pragma_|pg_|sqlite_"),
}
# DuckDB reads a file when a table has its name.
_FILE = re.compile(r"[/\\:*?\[\]]|\.\w{2,10}\Z")


def fold_table(name: str, quoted: bool, dialect: Dialect) -> str:
    """A name of a table, alias or named query, so that equal names are equal text.

    MySQL may or may not tell capitals apart, by its settings; then only the same spelling is the same name.
    """
    if dialect is Dialect.MYSQL or (dialect is Dialect.POSTGRES and quoted):
        return name
    return lower(name)


def fold_column(name: str, quoted: bool, dialect: Dialect) -> str:
    """A name of a column, so that equal names are equal text."""
    if dialect is Dialect.POSTGRES:
        return name if quoted else lower(name)
    return name.lower() if dialect is Dialect.MYSQL else lower(name)


@dataclass(frozen=True)
class Known:
    """An allowed table with its columns by folded name."""

    table: Table
    columns: Mapping[str, str]


class Catalogue:
    """The tables of one schema, found by name. Built once for each schema, since a schema never changes."""

    def __init__(self, schema: Schema) -> None:
        self._dialect = schema.dialect
        self._tables: dict[tuple[str, str], Table] = {}
        self._known: dict[tuple[str, str], Known] = {}
        for table in schema.tables:
            self._tables[(self._fold(table.namespace), self._fold(table.name))] = table

    def find(self, namespace: str, name: str) -> Known | None:
        """The table of these folded names; "" is the default namespace."""
        key = (namespace, name)
        if key not in self._known and key in self._tables:
            table = self._tables[key]
            columns = {fold_column(c.name, True, self._dialect): f"{table.key}.{c.name}" for c in table.columns}
            self._known[key] = Known(table, columns)
        return self._known.get(key)

    def near(self, name: str) -> str:
        """The key of a table that was perhaps meant, or ""."""
        same = [table.key for (_, other), table in self._tables.items() if lower(other) == lower(name)]
        keys = {lower(table.name): table.key for table in self._tables.values()}
        close = get_close_matches(lower(name), keys, n=1, cutoff=0.7)
        return same[0] if same else keys[close[0]] if close else ""

    def _fold(self, name: str) -> str:
        return fold_table(name, True, self._dialect)


class _Catalogues:
    """Catalogues by the identity of their schema, for as long as the schema lives."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[weakref.ref[Schema], Catalogue]] = {}

    def of(self, schema: Schema) -> Catalogue:
        made = self._made.get(id(schema))
        if made and made[0]() is schema:
            return made[1]
        key = id(schema)

        def forget(gone: weakref.ref[Schema]) -> None:
            if key in self._made and self._made[key][0] is gone:
                del self._made[key]

        self._made[key] = (weakref.ref(schema, forget), Catalogue(schema))
        return self._made[key][1]


catalogues = _Catalogues()


def default_namespace(dialect: Dialect, given: str) -> str:
    """What the database calls the namespace that tables without one lie in, folded."""
    return fold_table(given, True, dialect) if given else _DEFAULT_NAMESPACE[dialect]


def check_namespace(table: exp.Table) -> None:
    """Refuses the namespaces of the database itself, whatever the schema says."""
    if {lower(table.db), lower(table.catalog)} & _SYSTEM_NAMESPACES:
        raise refusal("system_table", table=f"{table.db}.{table.name}")


def check_unlisted(table: exp.Table, dialect: Dialect) -> None:
    """Refuses a table that no schema lists where its name says that it is the database's own, or a file."""
    if _SYSTEM_TABLES[dialect].match(lower(table.name)):
        raise refusal("system_table", table=table.name)
    if dialect is Dialect.DUCKDB and any(_FILE.search(part) for part in (table.name, table.db)):
        raise refusal("file", table=table.name)


def parts(node: exp.Expr, keys: tuple[str, ...]) -> Iterator[exp.Identifier]:
    """The identifiers under these arguments that are there, in order."""
    for key in keys:
        part = node.args.get(key)
        if isinstance(part, exp.Identifier):
            yield part
