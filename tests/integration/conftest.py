"""Real servers for these tests, each in a temporary folder and stopped afterwards."""

import contextlib
import glob
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest
from pymysql.constants import CLIENT

from core.connections.engines import ENGINES, Engine
from core.connections.session import Limits, Session, Target
from core.connections.sessions_files import IDLE
from core.store.embedded import EmbeddedServer


@dataclass(frozen=True)
class MariaServer:
    """A running MariaDB, reached over a socket of its own. `reader` may only read, `owner` may do everything."""

    socket: str

    def run(self, script: str, database: str = "") -> None:
        """Many statements at once, as the owner."""
        with (
            pymysql.connect(
                unix_socket=self.socket,
                user="owner",
                password="owner's word",
                database=database or None,
                client_flag=CLIENT.MULTI_STATEMENTS,
                autocommit=True,
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(script)
            while cursor.nextset():
                pass

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the owner sees."""
        with (
            pymysql.connect(unix_socket=self.socket, user="owner", password="owner's word") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            return list(cursor.fetchall())

    def target(self, database: str, user: str = "reader", password: str = "reads %40 only") -> Target:
        return Target(host=self.socket, database=database, user=user, password=password)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaServer]:
    """One MariaDB for the whole run. Skips where it is not installed."""
    server, installer = shutil.which("mariadbd") or "/usr/sbin/mariadbd", shutil.which("mariadb-install-db")
    if not Path(server).exists() or installer is None:
        pytest.skip("mariadbd is not installed")
    folder = tmp_path_factory.mktemp("maria")
    data, socket = folder / "data", folder / "socket"
    user = ["--user=root"] if os.geteuid() == 0 else []
    common = ["--no-defaults", f"--datadir={data}", *user]
    subprocess.run(
        [installer, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
    )
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [
                server, *common, f"--socket={socket}", "--skip-networking", f"--pid-file={folder / 'pid'}",
                "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin",
            ],
            stdout=log,
            stderr=log,
        )  # fmt: skip
    try:
        _wait_for(str(socket), process, folder / "log")
        _make_logins(str(socket))
        yield MariaServer(str(socket))
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(socket: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    patience = time.monotonic() + 60
    while time.monotonic() < patience and process.poll() is None:
        if Path(socket).exists():
            pymysql.connect(unix_socket=socket, user="root").close()
            return
        time.sleep(0.05)
    raise RuntimeError(log.read_text()[-2000:])


def _make_logins(socket: str) -> None:
    with pymysql.connect(unix_socket=socket, user="root") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER owner@localhost IDENTIFIED BY %s", ("owner's word",))
        cursor.execute("GRANT ALL ON *.* TO owner@localhost WITH GRANT OPTION")
        cursor.execute("CREATE USER reader@localhost IDENTIFIED BY %s", ("reads %40 only",))
        cursor.execute("GRANT SELECT ON *.* TO reader@localhost")


@dataclass(frozen=True)
class Place:
    """A database with the tables `numbers` (n from 1 to 3000) and `words`, and how its dialect says a few things.

    `target` is a login that may only read, `owner` one that may do everything. `slow` runs for minutes.
    `running` gives how many statements like `slow` the server is at; `end_all` ends the visits that run one.
    """

    kind: str
    target: Target
    owner: Target
    slow: str
    running: Callable[[], int]
    end_all: Callable[[], None] = lambda: None

    @property
    def engine(self) -> Engine:
        return ENGINES[self.kind]

    def open(self, target: Target | None = None, **limits: Any) -> Session:
        return self.engine.open(target or self.target, Limits(**limits))


_NUMBERS = ", ".join(f"({n})" for n in range(1, 3001))
TABLES = f"""
    CREATE TABLE numbers (n INTEGER PRIMARY KEY);
    INSERT INTO numbers VALUES {_NUMBERS};
    CREATE TABLE words (id INTEGER PRIMARY KEY, word VARCHAR(40) NOT NULL, day DATE, price DECIMAL(10, 2));
    INSERT INTO words VALUES (1, 'naïve', '2026-01-02', 12.50), (2, '中文 100%', NULL, NULL);
    INSERT INTO words VALUES (3, 'naïve', '2026-03-04', 1);
"""
_PRODUCT = "SELECT sum(a.n * b.n + c.n + d.n) FROM numbers a, numbers b, numbers c, numbers d"


@pytest.fixture(scope="session")
def postgres_place(server: EmbeddedServer) -> Place:
    """A database of its own on the embedded server, with a login that may only read."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE place")
        connection.execute("CREATE ROLE place_reader LOGIN PASSWORD 'reads %40 only'")
    with psycopg.connect(server.url("place"), autocommit=True) as connection:
        connection.execute(TABLES.encode())
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO place_reader")

    def running() -> int:
        with psycopg.connect(server.url("postgres")) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = 'place' AND state = 'active'"
            ).fetchone()
        assert found is not None
        return int(found[0])

    def end_all() -> None:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'place' AND state = 'active'"
            )

    target = Target(host=server.socket, database="place", user="place_reader", password="reads %40 only")
    owner = replace(target, user=server.user, password=server.password)
    return Place("postgresql", target, owner, _PRODUCT, running, end_all)


@pytest.fixture(scope="session")
def mariadb_place(mariadb: MariaServer) -> Place:
    """A database of its own on MariaDB."""
    mariadb.run("CREATE DATABASE place CHARACTER SET utf8mb4")
    mariadb.run(TABLES, "place")

    def visits() -> list[tuple[int]]:
        return mariadb.rows("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT sum(a.n%'")

    def end_all() -> None:
        mariadb.run(";".join(f"KILL CONNECTION {number}" for (number,) in visits()))

    owner = mariadb.target("place", "owner", "owner's word")
    return Place("mariadb", mariadb.target("place"), owner, _PRODUCT, lambda: len(visits()), end_all)


@pytest.fixture(scope="session")
def sqlite_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A SQLite file. Its statements run in a process of their own."""
    file = tmp_path_factory.mktemp("sqlite") / "place.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript(TABLES)
    target = Target(file=str(file))
    return Place("sqlite", target, target, _PRODUCT, _busy_processes)


@pytest.fixture(scope="session")
def duckdb_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A DuckDB file. Its statements run in a process of their own."""
    file = tmp_path_factory.mktemp("duckdb") / "place.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute(TABLES)

    target = Target(file=str(file))
    yield Place("duckdb", target, target, _PRODUCT, _busy_processes)
    IDLE.close()


def _busy_processes() -> int:
    """How many of this process's children that read files are computing, not waiting."""
    return sum(1 for path in glob.glob("/proc/[0-9]*") if _is_busy(Path(path)))


def _is_busy(process: Path) -> bool:
    try:
        status, command = (process / "status").read_text(), (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"file_process" in command and f"PPid:\t{os.getpid()}\n" in status and "State:\tR" in status


@pytest.fixture(params=["postgresql", "mariadb", "sqlite", "duckdb"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of database in turn."""
    name = {"postgresql": "postgres"}.get(request.param, request.param)
    found: Place = request.getfixturevalue(f"{name}_place")
    return found
