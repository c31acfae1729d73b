"""Databases to be attacked: real servers and files with the fixtures of the safety material in them, and their state.

Each has a login made by the portal's own grant script, its owner, and a way to see all that an attack could have left:
rows, objects, accounts, settings, locks and files.
"""

import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from psycopg import sql
from psycopg.types.string import TextLoader
from pymysql.constants import CLIENT

from core.connections.grants import LoginWish, grant_script
from core.connections.session import Target
from core.evaluation.mariadb import PrivateMariadb

State = Mapping[str, Hashable]
READER = "askwell_reader"
_DATABASE = "shop"
_VALUES = {
    "bool",
    "int2",
    "int4",
    "int8",
    "oid",
    "float4",
    "float8",
    "numeric",
    "date",
    "timestamp",
    "timestamptz",
    "bytea",
}
SECRET = re.compile(r"secret|leak|salar|sneaky|audit|myisam_log|remote", re.IGNORECASE)


@dataclass(frozen=True)
class Attacked:
    """One database. `reader` may only read, `owner` may do everything there; a file knows no logins, so they are one.

    `state` gives all that should stay as it is; `directly` the rows of a statement through the bare driver.
    """

    name: str
    kind: str
    reader: Target
    owner: Target
    state: Callable[[], State]
    directly: Callable[[str], list[tuple[Any, ...]]]


@contextmanager
def attacked_postgres(name: str, url: Callable[[str], str], owner: Target, fixtures: Path) -> Iterator[Attacked]:
    """A database on a PostgreSQL that runs; `url` gives the superuser's address of a database, `owner` the same."""
    password, database = secrets.token_urlsafe(12), f"{_DATABASE}_{secrets.token_hex(3)}"
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        for role in ("app_ro", "tenant1", "postgres"):
            with suppress(psycopg.errors.DuplicateObject):
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    with closing(psycopg.connect(url(database), autocommit=True)) as connection:
        for statement in (fixtures / "postgres.sql").read_text(encoding="utf-8").split(";\n"):
            # Not every server has all the extensions that the fixtures would like to have.
            with suppress(psycopg.Error):
                connection.execute(statement.encode())
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.role_table_grants WHERE grantee = 'app_ro'"
        ).fetchall()
        granted = [(schema, table) for schema, table in tables if not SECRET.search(table)]
        script = grant_script("postgresql", LoginWish(database, tables=granted, login=READER, seconds=60))
        with suppress(psycopg.Error):
            connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(READER)))
        connection.execute(script.encode())
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(READER), sql.Literal(password)))
        reader = Target(owner.host, owner.port, database, READER, password, pinned=owner.pinned)
        whole = Target(owner.host, owner.port, database, owner.user, owner.password, pinned=owner.pinned)
        where = {"host": reader.host, "port": reader.port or 5432, "user": READER, "password": password}

        def directly(text: str) -> list[tuple[Any, ...]]:
            with psycopg.connect(dbname=database, **where) as visit:  # type: ignore[arg-type]
                # Documents, lists and lengths of time as the server writes them.
                for known in visit.adapters.types:
                    for number in (known.oid if known.name not in _VALUES else 0, known.array_oid):
                        if number:
                            visit.adapters.register_loader(number, TextLoader)
                return list(visit.execute(text.encode()).fetchall())

        yield Attacked(name, "postgresql", reader, whole, lambda: _postgres_state(connection), directly)
        connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(READER)))
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(READER)))


_POSTGRES_STATE: Mapping[str, str] = {
    "objects": "SELECT array_agg((oid, relname, relkind) ORDER BY oid)::text FROM pg_class WHERE oid >= 16384",
    "functions": "SELECT array_agg(oid::text || prosrc ORDER BY oid)::text FROM pg_proc WHERE oid >= 16384",
    "roles": "SELECT array_agg(r::text ORDER BY r.oid)::text FROM pg_authid r",
    "rights": "SELECT array_agg(oid::text || relacl::text ORDER BY oid)::text FROM pg_class WHERE relacl IS NOT NULL",
    "role settings": "SELECT array_agg(s::text ORDER BY s::text)::text FROM pg_db_role_setting s",
    "settings": "SELECT array_agg(f::text ORDER BY f::text)::text FROM pg_file_settings f",
    "sequences": "SELECT array_agg(s::text ORDER BY s::text)::text FROM pg_sequences s",
    "large objects": "SELECT array_agg(oid || md5(lo_get(oid)) ORDER BY oid)::text FROM pg_largeobject_metadata",
    "slots": "SELECT count(*)::text FROM pg_replication_slots",
    "prepared": "SELECT count(*)::text FROM pg_prepared_xacts",
    "databases": "SELECT array_agg(datname::text || datacl::text ORDER BY datname)::text FROM pg_database",
    "advisory locks": "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'",
    "comments": "SELECT array_agg(d::text ORDER BY d::text)::text FROM pg_description d WHERE objoid >= 16384",
    "files": "SELECT array_agg(f ORDER BY f)::text FROM pg_ls_dir('.') f WHERE f <> 'postmaster.pid'",
}
_POSTGRES_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.oid >= 16384
      AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%') ORDER BY 1
"""


def _postgres_state(connection: "psycopg.Connection[tuple[Any, ...]]") -> State:
    found: dict[str, Hashable] = {}
    for name, question in _POSTGRES_STATE.items():
        found[name] = tuple(connection.execute(question.encode()).fetchall())
    tables = [name for (name,) in connection.execute(_POSTGRES_TABLES.encode()).fetchall()]
    each = " UNION ALL ".join(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t" for name in tables)  # noqa: S608
    found["rows"] = tuple(zip(tables, connection.execute(each.encode()).fetchall(), strict=True))
    return found


@contextmanager
def attacked_mariadb(server: PrivateMariadb, fixtures: Path, folder: Path) -> Iterator[Attacked]:
    """The fixtures' database on a MariaDB of our own, whose files lie in `folder`."""
    password = secrets.token_urlsafe(12)
    script = (fixtures / "mysql.sql").read_text(encoding="utf-8")
    # "delimiter" is a word of the command-line client; the server finds the end of a function by itself.
    script = re.sub(r"(?im)^delimiter .*$", "", script).replace("//", ";")
    with closing(_mariadb_root(server)) as root:
        _run(root, script)
        tables = _run(
            root, "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop'"
        )
        granted = [("", table) for _, table in tables if not SECRET.search(table)]
        _run(root, grant_script("mariadb", LoginWish(_DATABASE, tables=granted, login=READER, seconds=60)))
        with root.cursor() as cursor:
            cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s ACCOUNT UNLOCK", (READER, password))
            cursor.execute("CREATE USER attacker@'127.0.0.1' IDENTIFIED BY %s", (password,))
            cursor.execute("GRANT ALL ON *.* TO attacker@'127.0.0.1' WITH GRANT OPTION")
        reader = Target("127.0.0.1", server.port, _DATABASE, READER, password)
        owner = Target("127.0.0.1", server.port, _DATABASE, "attacker", password)

        where: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "user": READER, "password": password}

        def directly(text: str) -> list[tuple[Any, ...]]:
            visit = pymysql.connect(database=_DATABASE, charset="utf8mb4", autocommit=True, **where)
            with closing(visit), visit.cursor() as cursor:
                cursor.execute(text)
                return list(cursor.fetchall())

        yield Attacked("MariaDB", "mariadb", reader, owner, lambda: _mariadb_state(root, folder), directly)


def _mariadb_root(server: PrivateMariadb) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    return pymysql.connect(
        unix_socket=server.socket,
        user="root",
        password=server.root,
        charset="utf8mb4",
        client_flag=CLIENT.MULTI_STATEMENTS,
        autocommit=True,
    )


def _run(root: "pymysql.Connection[pymysql.cursors.Cursor]", script: str) -> list[tuple[Any, ...]]:
    """Many statements at once; the rows of the first."""
    with root.cursor() as cursor:
        cursor.execute(script)
        rows = list(cursor.fetchall())
        while cursor.nextset():
            pass
    return rows


_MARIADB_STATE: Mapping[str, str] = {
    "tables": """SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, CREATE_OPTIONS, TABLE_COMMENT
        FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ('shop', 'hr') ORDER BY 1, 2""",
    "columns": """SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLUMN_DEFAULT
        FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN ('shop', 'hr') ORDER BY 1, 2, ORDINAL_POSITION""",
    "indexes": """SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME
        FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN ('shop', 'hr') ORDER BY 1, 2, 3""",
    "routines": "SELECT db, name, body FROM mysql.proc WHERE db NOT IN ('sys', 'mysql') ORDER BY 1, 2",
    "triggers": "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA <> 'sys' ORDER BY 1",
    "events": "SELECT EVENT_NAME FROM information_schema.EVENTS ORDER BY 1",
    "schemas": "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1",
    "accounts": "SELECT Host, User, Priv FROM mysql.global_priv ORDER BY 1, 2",
    "rights": "SELECT * FROM mysql.tables_priv ORDER BY 1, 2, 3, 4",
    "plugins": "SELECT * FROM mysql.plugin",
    "functions": "SELECT name FROM mysql.func",
    "settings": """SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES
        WHERE VARIABLE_NAME NOT LIKE '%GTID%' ORDER BY 1""",
}


def _mariadb_state(root: "pymysql.Connection[pymysql.cursors.Cursor]", folder: Path) -> State:
    found: dict[str, Hashable] = {name: tuple(_run(root, question)) for name, question in _MARIADB_STATE.items()}
    tables = (".".join(f"`{part}`" for part in row[:2]) for row in _run(root, _MARIADB_STATE["tables"]))
    found["rows"] = tuple(_run(root, "CHECKSUM TABLE " + ", ".join(tables)))
    found["files"] = tuple(
        sorted(str(path) for path in (*(folder / "exports").glob("*"), *(folder / "mariadb").glob("*/*.[!i]*")))
    )
    return found


@contextmanager
def attacked_sqlite(folder: Path, fixtures: Path) -> Iterator[Attacked]:
    """A SQLite file in a folder of its own."""
    file = folder / "attacked.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript((fixtures / "sqlite.sql").read_text(encoding="utf-8"))

    def directly(text: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as visit:
            return visit.execute(text).fetchall()

    target = Target(file=str(file))
    yield Attacked("SQLite", "sqlite", target, target, lambda: _file_state(file), directly)


@contextmanager
def attacked_duckdb(folder: Path, fixtures: Path) -> Iterator[Attacked]:
    """A DuckDB file in a folder of its own, on which a process may wait between statements."""
    import duckdb

    from core.connections.sessions_files import IDLE

    file = folder / "attacked.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute((fixtures / "duckdb.sql").read_text(encoding="utf-8"))

    def directly(text: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(file), read_only=True) as visit:
            return list(visit.execute(text).fetchall())

    target = Target(file=str(file), lasting=True)
    try:
        yield Attacked("DuckDB", "duckdb", target, target, lambda: _file_state(file), directly)
    finally:
        IDLE.close(str(file))


def _file_state(file: Path) -> State:
    """The file itself, and what lies beside it."""
    return {"rows": file.read_bytes(), "files": tuple(sorted(os.listdir(file.parent)))}
