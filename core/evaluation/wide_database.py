"""Databases with as many tables as one wants on servers of their own, for the figures of introspection."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from psycopg import sql as pg
from pymysql.constants import CLIENT

from core.connections.schema import Dialect
from core.connections.session import Target
from core.evaluation.mariadb import private_mariadb
from core.store import embedded

_NAME = "wide"
_THINGS = (
    *("account", "asset", "batch", "branch", "budget", "campaign", "claim", "contract", "course", "delivery", "device"),
    *("employee", "event", "flight", "goal", "hotel", "invoice", "journal", "lease", "loan", "machine", "member"),
    *("order", "patient", "payment", "policy", "product", "project", "ticket", "vehicle", "visit", "warehouse"),
)
_KINDS = ("varchar(60)", "integer", "numeric(12,2)", "date", "varchar(40)")
_WORDS = (
    *("amount", "area", "brand", "category", "channel", "city", "colour", "discount", "grade", "group", "level"),
    *("origin", "phase", "price", "quantity", "rate", "reason", "region", "segment", "size", "stage", "status"),
)
_ROWS = 5
_AT_ONCE = 100  # tables in one transaction: each takes locks


def table_name(number: int) -> str:
    """What the table of this number is called."""
    return f"{_THINGS[number % len(_THINGS)]}_{_WORDS[number // len(_THINGS) % len(_WORDS)]}_{number}"


def _of_table(dialect: Dialect, number: int, columns: int) -> Iterator[str]:
    name, comment = table_name(number), f"Sheet {number}: what is known of it | 表 {number}：已知的内容"
    mysql = dialect is Dialect.MYSQL
    parts = ["id integer PRIMARY KEY", "parent_id integer"]
    parts += [
        f"{_WORDS[(number + place) % len(_WORDS)]}_{place} {_KINDS[place % len(_KINDS)]}"
        for place in range(columns - 2)
    ]
    if mysql:
        parts.append("KEY (parent_id)")
    if number:
        parts.append(f"FOREIGN KEY (parent_id) REFERENCES {table_name(number // 2)} (id)")
    yield f"CREATE TABLE {name} ({', '.join(parts)})" + (f" COMMENT '{comment}'" if mysql else "")
    if not mysql:
        yield f"CREATE INDEX ON {name} (parent_id)"
        yield f"COMMENT ON TABLE {name} IS '{comment}'"
    rows = ", ".join(_row(number, row, columns) for row in range(1, _ROWS + 1))
    yield f"INSERT INTO {name} VALUES {rows}"  # noqa: S608 - made of our own words


def _row(number: int, row: int, columns: int) -> str:
    cells = [str(row), "NULL" if number == 0 else str(row)]
    for place in range(columns - 2):
        kind = place % len(_KINDS)
        word = _WORDS[(number + place + row) % len(_WORDS)]
        cells.append((f"'{word} {number % 97}'", str(row * 7), f"{row}.25", f"'2024-0{row}-15'", f"'{word}'")[kind])
    return f"({', '.join(cells)})"


@dataclass(frozen=True)
class WideServer:
    """A server with such a database: its kind of connection, how a reader reaches it, and a way to change it."""

    kind: str
    target: Target
    run: Callable[[str], None]


@contextmanager
def wide_server(dialect: Dialect, folder: Path, tables: int, columns: int) -> Iterator[WideServer]:
    """The database on a server of its own, until the block ends. Raises `InvalidInput` where this machine has none."""
    scripts = (
        ";\n".join(
            statement
            for number in range(start, min(start + _AT_ONCE, tables))
            for statement in _of_table(dialect, number, columns)
        )
        for start in range(0, tables, _AT_ONCE)
    )
    with _SERVERS[dialect](folder) as server:
        for script in scripts:
            server.run(script)
        yield server


@contextmanager
def _postgres(folder: Path) -> Iterator[WideServer]:
    server = embedded.start(folder / "wide-postgresql")
    password = secrets.token_urlsafe(16)
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_NAME}")
            role = pg.SQL("CREATE ROLE reader LOGIN PASSWORD {}").format(pg.Literal(password))
            connection.execute(role)
            connection.execute("GRANT pg_read_all_data TO reader")
        with psycopg.connect(server.url(_NAME), autocommit=True) as connection:
            target = Target(host=server.socket, database=_NAME, user="reader", password=password)
            yield WideServer("postgresql", target, lambda script: _run(connection, script))
    finally:
        server.close()


def _run(connection: "psycopg.Connection[tuple[object, ...]]", script: str) -> None:
    connection.execute(script.encode())


@contextmanager
def _mysql(folder: Path) -> Iterator[WideServer]:
    with private_mariadb(folder) as server:
        target = server.load(_NAME, "SELECT 1")
        given: dict[str, Any] = {"unix_socket": server.socket, "user": "root", "password": server.root}
        with (
            pymysql.connect(
                **given, database=_NAME, charset="utf8mb4", client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True
            ) as connection,
            connection.cursor() as cursor,
        ):

            def run(script: str) -> None:
                cursor.execute(script)
                while cursor.nextset():
                    pass

            yield WideServer("mariadb", target, run)


_SERVERS: Mapping[Dialect, Callable[[Path], AbstractContextManager[WideServer]]] = {
    Dialect.POSTGRES: _postgres,
    Dialect.MYSQL: _mysql,
}
