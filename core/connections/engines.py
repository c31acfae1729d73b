"""Every kind of database that can be connected: one row each.

To add a kind, write a session module and a catalogue module of the same shape as its neighbours, and a row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from core.connections.catalogue_duckdb import duckdb_naming, introspect_duckdb
from core.connections.catalogue_mysql import introspect_mysql, mysql_naming
from core.connections.catalogue_postgres import introspect_postgres, postgres_naming
from core.connections.catalogue_sqlite import introspect_sqlite, sqlite_naming
from core.connections.introspection import Naming
from core.connections.powers import Power
from core.connections.powers_mysql import mysql_powers
from core.connections.powers_postgres import postgres_powers
from core.connections.schema import Dialect, Schema
from core.connections.session import Limits, Session, Target
from core.connections.sessions_files import open_duckdb, open_sqlite
from core.connections.sessions_mysql import open_mysql
from core.connections.sessions_postgres import open_postgres

_SERVER_FIELDS = ("host", "port", "database", "user", "password", "sslmode")
_SERVER_NEEDS = ("host", "database", "user")
_SSL_MODES = {"sslmode": ("prefer", "require", "verify-full", "disable")}


def _no_powers(_: Session) -> tuple[Power, ...]:
    """A file that is opened for reading gives no other powers."""
    return ()


@dataclass(frozen=True)
class Engine:
    """One kind of database.

    `fields` are those of its form, in order; `needs` those that must be filled. `options` is the closed list of
    further parameters with their values, the default first. `schemes` are how an address may begin in the terminal.
    `powers` gives what a login may do beside reading, so that whoever adds it can be warned; `naming` how the
    database reads names, so that the guard reads them alike.
    """

    kind: str
    label: str
    dialect: Dialect
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    schemes: tuple[str, ...]
    open: Callable[[Target, Limits], Session]
    introspect: Callable[[Session], Schema]
    naming: Callable[[Session], Naming]
    powers: Callable[[Session], tuple[Power, ...]] = _no_powers
    default_port: int | None = None
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        return "file" in self.fields


_POSTGRESQL = Engine(
    kind="postgresql",
    label="PostgreSQL",
    dialect=Dialect.POSTGRES,
    fields=_SERVER_FIELDS,
    needs=_SERVER_NEEDS,
    schemes=("postgresql", "postgres", "postgresql+psycopg"),
    open=open_postgres,
    introspect=introspect_postgres,
    powers=postgres_powers,
    naming=postgres_naming,
    default_port=5432,
    options=_SSL_MODES,
)
_MYSQL = Engine(
    kind="mysql",
    label="MySQL",
    dialect=Dialect.MYSQL,
    fields=_SERVER_FIELDS,
    needs=_SERVER_NEEDS,
    schemes=("mysql", "mysql+pymysql"),
    open=open_mysql,
    introspect=introspect_mysql,
    powers=mysql_powers,
    naming=mysql_naming,
    default_port=3306,
    options=_SSL_MODES,
)
_MARIADB = replace(_MYSQL, kind="mariadb", label="MariaDB", schemes=("mariadb", "mariadb+pymysql"))
_SQLITE = Engine(
    kind="sqlite",
    label="SQLite",
    dialect=Dialect.SQLITE,
    fields=("file",),
    needs=("file",),
    schemes=("sqlite",),
    open=open_sqlite,
    introspect=introspect_sqlite,
    naming=sqlite_naming,
)
_DUCKDB = Engine(
    kind="duckdb",
    label="DuckDB",
    dialect=Dialect.DUCKDB,
    fields=("file",),
    needs=("file",),
    schemes=("duckdb",),
    open=open_duckdb,
    introspect=introspect_duckdb,
    naming=duckdb_naming,
)
ENGINES: Mapping[str, Engine] = {engine.kind: engine for engine in (_POSTGRESQL, _MYSQL, _MARIADB, _SQLITE, _DUCKDB)}
