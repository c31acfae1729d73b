"""Names as the database reads them, and the allowed tables found by them."""

import re
import weakref
from collections.abc import Mapping
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


@dataclass(frozen=True)
class Spelling:
    """How a database compares names: equal names give equal text.

    MySQL may tell tables apart by their capitals, and does unless it `ignores_case`; then only the same spelling is
    the same name. Elsewhere letters of ASCII alone fold, on PostgreSQL those without quotes.
    """

    dialect: Dialect
    ignores_case: bool = False

    def table(self, name: exp.Expr) -> str:
        """A name of a table, a namespace, an alias or a named query."""
        if self.dialect is Dialect.MYSQL:
            return name.name.lower() if self.ignores_case else name.name
        return self._plain(name)

    def column(self, name: exp.Expr) -> str:
        """A name of a column."""
        return name.name.lower() if self.dialect is Dialect.MYSQL else self._plain(name)

    def stored(self, name: str) -> exp.Identifier:
        """A name as the schema holds it."""
        return exp.Identifier(this=name, quoted=True)

    def _plain(self, name: exp.Expr) -> str:
        text = name.args["this"] if type(name) is exp.Identifier else name.name
        if self.dialect is Dialect.POSTGRES and name.args.get("quoted"):
            return str(text)
        return lower(text)


@dataclass(frozen=True)
class Known:
    """An allowed table with its columns by folded name."""

    table: Table
    columns: Mapping[str, str]


class Catalogue:
    """The tables of one schema, found by name. Built once for each schema, since a schema never changes."""

    def __init__(self, schema: Schema, spelling: Spelling) -> None:
        self._spelling = spelling
        self._known: dict[tuple[str, str], Known] = {}
        self._tables = {(self._fold(table.namespace), self._fold(table.name)): table for table in schema.tables}

    def find(self, namespace: str, name: str) -> Known | None:
        """The table of these folded names; "" is the default namespace."""
        key = (namespace, name)
        if key not in self._known and key in self._tables:
            table = self._tables[key]
            spelt = self._spelling
            columns = {spelt.column(spelt.stored(c.name)): f"{table.key}.{c.name}" for c in table.columns}
            self._known[key] = Known(table, columns)
        return self._known.get(key)

    def near(self, name: str) -> str:
        """How to write a table that was perhaps meant, or ""."""
        tables = sorted(self._tables.values(), key=lambda table: not table.namespace)
        keys = {lower(table.name): table for table in tables}  # those of the default namespace last, so that they stay
        close = get_close_matches(lower(name), keys, n=1, cutoff=0.7)
        return self._written(keys[close[0]]) if close else ""

    def _written(self, table: Table) -> str:
        """The table's name; PostgreSQL wants quotes where it has capitals."""
        names = [name for name in (table.namespace, table.name) if name]
        capitals = self._spelling.dialect is Dialect.POSTGRES and any(name != lower(name) for name in names)
        return ".".join(f'"{name}"' if capitals else name for name in names)

    def _fold(self, name: str) -> str:
        return self._spelling.table(self._spelling.stored(name))


class _Catalogues:
    """Catalogues by the identity of their schema, for as long as the schema lives."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, Spelling], tuple[weakref.ref[Schema], Catalogue]] = {}

    def of(self, schema: Schema, spelling: Spelling) -> Catalogue:
        key = (id(schema), spelling)
        made = self._made.get(key)
        if made and made[0]() is schema:
            return made[1]

        def forget(gone: weakref.ref[Schema]) -> None:
            if key in self._made and self._made[key][0] is gone:
                del self._made[key]

        catalogue = Catalogue(schema, spelling)
        self._made[key] = (weakref.ref(schema, forget), catalogue)
        return catalogue


catalogues = _Catalogues()


def default_namespace(spelling: Spelling, given: str) -> str:
    """What the database calls the namespace that tables without one lie in, folded."""
    return spelling.table(spelling.stored(given)) if given else _DEFAULT_NAMESPACE[spelling.dialect]


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
