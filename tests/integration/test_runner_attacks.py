"""The second wall alone: every attack of the shared corpus goes past the guard to a login that may only read.

Nothing lasting may happen, nothing may run much longer than its limit, and each ends in rows or in one plain error.
"""

import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Hashable
from contextlib import chdir, closing, suppress
from pathlib import Path

import duckdb
import psycopg
import pytest

from core.connections.engines import ENGINES
from core.connections.runner import watched
from core.connections.session import Limits, Target
from core.connections.sessions_files import IDLE
from core.errors import ConnectionFailed, QueryFailed
from core.store.embedded import EmbeddedServer
from tests.conftest import SHARED
from tests.integration.conftest import MariaServer

CORPUS = SHARED / "safety" / "sql_attacks.jsonl"
FIXTURES = SHARED / "safety" / "fixtures"
LIMITS = Limits(seconds=0.5, rows=10, bytes=1_000_000)
LONGEST = 5.0  # seconds, with a machine that has other things to do
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CORPUS.exists(), reason="the shared attacks are not on this machine"),
]


def attacks(dialect: str) -> list[tuple[str, str]]:
    entries = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return [(entry["id"], entry["sql"]) for entry in entries if entry["dialect"] in (dialect, "any")]


def effects(kind: str, target: Target, state: Callable[[], Hashable]) -> list[str]:
    """What went wrong: attacks that took too long, kept others from connecting, or changed something."""
    engine, before, wrong = ENGINES[kind], state(), []
    for name, sql in attacks(engine.dialect.value):
        started = time.monotonic()
        try:
            with closing(engine.open(target, LIMITS)) as session, watched(session):
                session.read(sql)
        except QueryFailed:
            pass
        except ConnectionFailed as error:
            wrong.append(f"{name}: nobody could connect any more: {error.detail}")
        if time.monotonic() - started > LONGEST:
            wrong.append(f"{name}: took {time.monotonic() - started:.1f} s")
    if state() != before:
        wrong.append("something changed")
    return wrong


def test_nothing_lasts_on_postgresql(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE attacked")
        connection.execute("CREATE ROLE attacker LOGIN PASSWORD 'x'")
    watching = psycopg.connect(server.url("attacked"), autocommit=True)
    with closing(watching) as connection:
        for statement in (FIXTURES / "postgres.sql").read_text(encoding="utf-8").split(";\n"):
            # The embedded server lacks some extensions that the fixtures would like to have.
            with suppress(psycopg.Error):
                connection.execute(statement.encode())
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO attacker")
        tables = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        whole = " UNION ALL ".join(
            f"SELECT '{name}', md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t" for (name,) in tables
        )

        def state() -> Hashable:
            rows = connection.execute(whole.encode()).fetchall()
            counts = connection.execute("""
                SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_roles),
                    (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_replication_slots),
                    (SELECT count(*) FROM pg_prepared_xacts), (SELECT count(*) FROM pg_database),
                    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')
            """).fetchone()
            return tuple(rows), counts

        target = Target(host=server.socket, database="attacked", user="attacker", password="x")
        assert effects("postgresql", target, state) == []


def test_nothing_lasts_on_mariadb(mariadb: MariaServer) -> None:
    mariadb.run("CREATE DATABASE attacked CHARACTER SET utf8mb4")
    script = (FIXTURES / "mysql.sql").read_text(encoding="utf-8")
    # "delimiter" is a word of the command-line client; the server finds the end of a function by itself.
    script = re.sub(r"(?im)^delimiter .*$", "", script).replace("//", ";")
    mariadb.run(script, "attacked")
    mariadb.run("CREATE USER attacker@localhost IDENTIFIED BY 'x'; GRANT SELECT ON attacked.* TO attacker@localhost")

    def state() -> Hashable:
        tables = mariadb.rows(
            "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
            " WHERE TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') ORDER BY 1, 2"
        )
        sums = [mariadb.rows(f"CHECKSUM TABLE `{place}`.`{name}`")[0] for place, name in tables]
        logins = mariadb.rows("SELECT count(*) FROM mysql.global_priv")
        places = mariadb.rows("SELECT count(*) FROM information_schema.SCHEMATA")
        return tuple(tables), tuple(sums), tuple(logins), tuple(places)

    assert effects("mariadb", mariadb.target("attacked", "attacker", "x"), state) == []


def test_nothing_lasts_on_sqlite(tmp_path: Path) -> None:
    file = tmp_path / "attacked.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript((FIXTURES / "sqlite.sql").read_text(encoding="utf-8"))
    with chdir(tmp_path):
        assert effects("sqlite", Target(file=str(file)), lambda: _files(file)) == []


def test_nothing_lasts_on_duckdb(tmp_path: Path) -> None:
    file = tmp_path / "attacked.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute((FIXTURES / "duckdb.sql").read_text(encoding="utf-8"))
    with chdir(tmp_path):
        assert effects("duckdb", Target(file=str(file), lasting=True), lambda: _files(file)) == []
    IDLE.close()


def _files(file: Path) -> Hashable:
    return file.read_bytes(), tuple(sorted(os.listdir(file.parent)))
