"""What each server's own types become, and what each server must be kept from."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from core.connections.processes import Child, ChildEnded
from core.connections.runner import watched
from core.connections.schema import Kind
from core.connections.session import CONNECT_SECONDS, NOBODY, Limits, Session, Target
from core.connections.sessions_files import IDLE, open_duckdb
from core.connections.sessions_mysql import open_mysql
from core.connections.sessions_postgres import open_postgres
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut
from core.store.embedded import EmbeddedServer
from tests.integration.conftest import MariaServer, Place

Opening = Callable[[Target, Limits], Session]


def cells(session: Session, *expressions: str) -> dict[str, object]:
    found = session.read("SELECT " + ", ".join(f"{e} AS c{n}" for n, e in enumerate(expressions)))
    return dict(zip(expressions, found.rows[0], strict=True))


def kinds(session: Session, *expressions: str) -> list[Kind]:
    found = session.read("SELECT " + ", ".join(f"{e} AS c{n}" for n, e in enumerate(expressions)))
    return [column.kind for column in found.columns]


POSTGRES = {
    "1::bigint": 1,
    "1.50::numeric(10,2)": Decimal("1.50"),
    "12345678901234567890123456789012345678::numeric": Decimal("12345678901234567890123456789012345678"),
    "0.1::float8": 0.1,
    "'t'::bool": True,
    "date '2026-01-02'": date(2026, 1, 2),
    "date '0044-03-15 BC'": "0044-03-15 BC",
    "date 'infinity'": "infinity",
    "timestamp '2026-01-02 03:04:05.6'": datetime(2026, 1, 2, 3, 4, 5, 600000),
    "timestamptz '2026-01-02 03:04:05+00'": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "time '24:00'": "24:00:00",
    "time '01:02:03'": clock_time(1, 2, 3),
    "interval '1 month 2 days'": "1 mon 2 days",
    "'{1,2}'::int[]": "{1,2}",
    "int4range(1, 5)": "[1,5)",
    '\'{"a": "中"}\'::jsonb': '{"a": "中"}',
    "'\\xdeadbeef'::bytea": b"\xde\xad\xbe\xef",
    "'00000000-0000-0000-0000-000000000005'::uuid": "00000000-0000-0000-0000-000000000005",
    "inet '10.0.0.1'": "10.0.0.1",
    "point(1, 2)": "(1,2)",
    "NULL::int": None,
    "'a\\b'": "a\\b",
}


def test_postgresql_values_are_those_the_server_means(postgres_place: Place) -> None:
    with closing(postgres_place.open()) as session:
        assert cells(session, *POSTGRES) == POSTGRES
        special = cells(session, "'NaN'::numeric", "'NaN'::float8", "'-Infinity'::float8")
        assert [str(value) for value in special.values()] == ["NaN", "nan", "-inf"]
        assert kinds(session, "1", "1.5", "now()", "date 'infinity'", "NULL::date", "'x'::bytea", "'{1}'::int[]") == [
            Kind.INTEGER, Kind.NUMBER, Kind.TIMESTAMP, Kind.TEXT, Kind.DATE, Kind.OTHER, Kind.TEXT,
        ]  # fmt: skip


def test_postgresql_may_show_and_explain_but_copies_nothing(postgres_place: Place) -> None:
    with closing(postgres_place.open()) as session:
        assert session.read("SHOW server_version").rows
        assert session.read("EXPLAIN SELECT * FROM numbers").rows
    for copying in ("COPY numbers TO STDOUT", "COPY (SELECT 1) TO STDOUT"):
        with closing(postgres_place.open()) as session, pytest.raises(QueryFailed):
            session.read(copying)


def test_a_postgresql_that_ends_strings_elsewhere_is_set_right(server: EmbeddedServer, postgres_place: Place) -> None:
    with psycopg.connect(server.url("place"), autocommit=True) as connection:
        connection.execute("ALTER ROLE place_reader SET standard_conforming_strings = off")
        connection.execute("ALTER ROLE place_reader SET datestyle = 'German'")
        connection.execute("ALTER ROLE place_reader SET bytea_output = 'escape'")
    try:
        with closing(postgres_place.open()) as session:
            assert session.read(r"SELECT 'a\' AS a").rows == (("a\\",),)
            assert session.read("SELECT date '2026-01-02', 'a'::bytea").rows == ((date(2026, 1, 2), b"a"),)
    finally:
        with psycopg.connect(server.url("place"), autocommit=True) as connection:
            connection.execute("ALTER ROLE place_reader RESET ALL")


def test_locks_and_settings_do_not_outlive_a_postgresql_visit(postgres_place: Place) -> None:
    with closing(postgres_place.open()) as session:
        session.read("SELECT pg_advisory_lock(42), set_config('statement_timeout', '0', false)")
    with closing(postgres_place.open(seconds=7)) as session:
        assert session.read("SELECT pg_try_advisory_lock(42)").rows == ((True,),)
        assert session.read("SHOW statement_timeout").rows == (("7s",),)
        assert session.read("SHOW transaction_read_only").rows == (("on",),)


def test_a_locked_table_is_not_waited_for(server: EmbeddedServer, postgres_place: Place) -> None:
    with psycopg.connect(server.url("place")) as holder:
        holder.execute("LOCK TABLE words IN ACCESS EXCLUSIVE MODE")
        with closing(postgres_place.open(seconds=20)) as session:
            started = time.monotonic()
            with pytest.raises(QueryFailed, match="lock"):
                session.read("SELECT * FROM words")
            assert time.monotonic() - started < 3


MYSQL = {
    "1": 1,
    "1.50": Decimal("1.50"),
    "CAST(0.1 AS DOUBLE)": 0.1,
    "DATE '2026-01-02'": date(2026, 1, 2),
    "TIMESTAMP '2026-01-02 03:04:05'": datetime(2026, 1, 2, 3, 4, 5),
    "CAST('2026-01-02 03:04:05.6' AS DATETIME(1))": datetime(2026, 1, 2, 3, 4, 5, 600000),
    "TIME '01:02:03'": clock_time(1, 2, 3),
    "TIME '25:00:00'": "25:00:00",
    "CAST('x' AS BINARY)": b"x",
    "NULL": None,
    "'a\\\\b'": "a\\b",
}


def test_mysql_values_are_those_the_server_means(mariadb: MariaServer, mariadb_place: Place) -> None:
    mariadb.run(
        "CREATE DATABASE odd; USE odd; SET sql_mode = '';"
        "CREATE TABLE odd (flag BOOLEAN, small TINYINT(1), bits BIT(10), day DATE, doc JSON, kind ENUM('a', 'ü'),"
        " y YEAR);"
        "INSERT INTO odd VALUES (1, 5, b'1000000001', '0000-00-00', '{\"a\": 1}', 'ü', 2026),"
        " (0, 0, 0, '2026-01-02', NULL, NULL, NULL)"
    )
    with closing(mariadb_place.open()) as session:
        assert cells(session, *MYSQL) == MYSQL
    with closing(mariadb_place.open(replace(mariadb_place.target, database="odd"))) as session:
        found = session.read("SELECT * FROM odd ORDER BY flag DESC")
    assert found.rows[0] == (True, 5, 513, None, '{"a": 1}', "ü", 2026)
    assert found.rows[1] == (False, 0, 0, date(2026, 1, 2), None, None, None)
    assert [column.kind for column in found.columns] == [
        Kind.BOOLEAN, Kind.INTEGER, Kind.INTEGER, Kind.DATE, Kind.TEXT, Kind.TEXT, Kind.INTEGER,
    ]  # fmt: skip


def test_a_mysql_that_reads_text_otherwise_is_set_right(mariadb: MariaServer, mariadb_place: Place) -> None:
    [(before,)] = mariadb.rows("SELECT @@GLOBAL.sql_mode")
    mariadb.run("SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,STRICT_TRANS_TABLES'")
    try:
        with closing(mariadb_place.open()) as session:
            assert session.read("SELECT \"a\", 'it\\'s', @@sql_mode").rows == (("a", "it's", "STRICT_TRANS_TABLES"),)
    finally:
        mariadb.run(f"SET GLOBAL sql_mode = '{before}'")


def test_a_mysql_visit_has_its_limits(mariadb_place: Place) -> None:
    with closing(mariadb_place.open(seconds=7)) as session:
        rows = session.read("SELECT @@max_statement_time, @@tx_read_only, @@lock_wait_timeout, @@local_infile").rows
    assert [float(value) for value in rows[0][:3]] == [7.0, 1.0, 1.0]
    with closing(mariadb_place.open()) as session, pytest.raises(QueryFailed):
        session.read("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE words")


DUCKDB = {
    "1::hugeint": 1,
    "1.50::decimal(10,2)": Decimal("1.50"),
    "0.1::double": 0.1,
    "true": True,
    "date '2026-01-02'": date(2026, 1, 2),
    "date '0044-03-15 (BC)'": "0044-03-15 (BC)",
    "timestamp '2026-01-02 03:04:05.6'": datetime(2026, 1, 2, 3, 4, 5, 600000),
    "timestamptz '2026-01-02 03:04:05+02'": datetime(2026, 1, 2, 1, 4, 5, tzinfo=timezone(timedelta(0))),
    "time '01:02:03'": clock_time(1, 2, 3),
    "interval '3 days'": "3 days 00:00:00",
    "[1, 2]": "[1, 2]",
    "{'a': '中'}": '{"a": "中"}',
    "'ab'::blob": b"ab",
    "'00000000-0000-0000-0000-000000000005'::uuid": "00000000-0000-0000-0000-000000000005",
    "NULL::int": None,
    "170141183460469231731687303715884105727::hugeint": 170141183460469231731687303715884105727,
}


def test_duckdb_values_are_those_the_database_means(duckdb_place: Place) -> None:
    with closing(duckdb_place.open()) as session:
        assert cells(session, *DUCKDB) == DUCKDB
        assert str(cells(session, "'nan'::double")["'nan'::double"]) == "nan"
        assert session.read("EXPLAIN SELECT 1").rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/proc/self/environ')",
        "SELECT * FROM glob('/*')",
        "COPY numbers TO '/nowhere/copied.csv'",
        "EXPORT DATABASE '/nowhere/exported'",
        "ATTACH '/nowhere/attached.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "PRAGMA enable_profiling",
        "CREATE TEMP TABLE t (a INTEGER)",
        "SET VARIABLE a = 1",
        "CALL pragma_version()",
        "PREPARE p AS SELECT 1",
        "SELECT * FROM opening",
    ],
)
def test_duckdb_reaches_nothing_but_its_file(duckdb_place: Place, sql: str) -> None:
    with closing(duckdb_place.open(seconds=10)) as session, pytest.raises(QueryFailed):
        session.read(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 2000000000)",
        "SELECT len(range(500000000))",
        "SELECT string_agg(repeat('x', 100000), '') FROM numbers a, numbers b",
        "SELECT repeat('x', 30000000) FROM numbers",
    ],
)
def test_a_duckdb_memory_bomb_ends_in_one_plain_error(duckdb_place: Place, sql: str) -> None:
    with closing(duckdb_place.open(seconds=10)) as session:
        started = time.monotonic()
        with pytest.raises(QueryFailed) as error, watched(session):
            session.read(sql)
        assert time.monotonic() - started < 12
    assert "memory" in error.value.detail.lower() or isinstance(error.value, QueryTimedOut)


def test_a_duckdb_process_is_kept_for_the_next_question_and_knows_a_new_file(tmp_path: Path) -> None:
    import duckdb

    file = tmp_path / "kept.duckdb"
    target = Target(file=str(file), lasting=True)
    with duckdb.connect(str(file)) as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS a")
    with closing(open_duckdb(target, Limits())) as session:
        assert session.read("SELECT a FROM t").rows == ((1,),)
        process = session._child._process.pid
    with closing(open_duckdb(target, Limits())) as session:
        assert session.read("SELECT a FROM t").rows == ((1,),)
        assert session._child._process.pid == process
    IDLE.close(str(file))
    file.unlink()
    with duckdb.connect(str(file)) as database:
        database.execute("CREATE TABLE t AS SELECT 2 AS a")
    with closing(open_duckdb(target, Limits())) as session:
        assert session.read("SELECT a FROM t").rows == ((2,),)
    IDLE.close()


def test_a_duckdb_session_starts_anew_after_a_statement_that_had_to_be_ended(duckdb_place: Place) -> None:
    with closing(duckdb_place.open(seconds=1)) as session:
        with pytest.raises(QueryTimedOut):
            session.read(duckdb_place.slow)
        assert session.read("SELECT count(*) FROM words").rows == ((3,),)


def test_what_a_process_says_is_not_trusted() -> None:
    for module in ("tests.integration.talks_nonsense", "tests.integration.talks_too_much"):
        child = Child(module)
        with closing(child), pytest.raises(ChildEnded):
            child.ask({}, 20, 1000)
        assert not child.alive


@pytest.fixture
def silent_server() -> Iterator[int]:
    """Takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])

        thread = threading.Thread(target=take)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        for line in taken:
            line.close()


@pytest.mark.parametrize("opened", [open_postgres, open_mysql])
def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(opened: Opening, silent_server: int) -> None:
    target = Target("localhost", silent_server, "d", "u", "p", pinned="127.0.0.1")
    started = time.monotonic()
    with pytest.raises(ConnectionFailed):
        opened(target, Limits(seconds=30))
    assert time.monotonic() - started < CONNECT_SECONDS + 1


@pytest.mark.parametrize("opened", [open_postgres, open_mysql])
def test_a_closed_port_and_a_silent_one_get_the_same_words(opened: Opening, silent_server: int) -> None:
    for port in (1, silent_server):
        with pytest.raises(ConnectionFailed) as error:
            opened(Target("localhost", port, "d", "u", "p", pinned="127.0.0.1"), Limits())
        assert error.value.detail == NOBODY


class Line:
    """A way through TCP to a server on a socket. `cut` lets nothing more through, and closes nothing."""

    def __init__(self, way: str) -> None:
        self._way, self._cut, self._open = way, threading.Event(), [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._open[0].getsockname()[1]
        self._threads = [threading.Thread(target=self._take)]
        self._threads[0].start()

    def cut(self) -> None:
        self._cut.set()

    def close(self) -> None:
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._open:
            end.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                near, far = self._open[0].accept()[0], socket.socket(socket.AF_UNIX)
                self._open += [near, far]
                far.connect(self._way)
                for one, other in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=self._pass_on, args=(one, other)))
                    self._threads[-1].start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if not self._cut.is_set():
                    other.sendall(data)
        if not self._cut.is_set():
            with suppress(OSError):
                other.shutdown(socket.SHUT_WR)


class Pooler(Line):
    """A way to PostgreSQL that takes no options at the start, as connection poolers do not."""

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        if one.family == socket.AF_INET:
            start = one.recv(65536)
            if b"\0options\0" in start:
                said = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
                one.sendall(b"E" + (len(said) + 4).to_bytes(4, "big") + said)
                one.shutdown(socket.SHUT_RDWR)
                return
            other.sendall(start)
        super()._pass_on(one, other)


def test_a_connection_pooler_that_takes_no_options_is_used_without(postgres_place: Place) -> None:
    with closing(Pooler(postgres_place.target.host + "/.s.PGSQL.5432")) as line:
        target = replace(
            postgres_place.target, host="localhost", port=line.port, pinned="127.0.0.1", options={"sslmode": "disable"}
        )
        with closing(postgres_place.open(target, seconds=7)) as session:
            assert session.read("SHOW default_transaction_read_only").rows == (("off",),)
            assert session.read("SHOW transaction_read_only").rows == (("on",),)
            assert session.read("SHOW statement_timeout").rows == (("7s",),)
            with pytest.raises(QueryFailed, match="would give no rows"):
                session.read("CREATE TABLE written (a int)")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_network_that_swallows_everything_is_given_up_at_the_limit(
    kind: str, postgres_place: Place, mariadb_place: Place
) -> None:
    place = {"postgresql": postgres_place, "mariadb": mariadb_place}[kind]
    way = place.target.host + ("/.s.PGSQL.5432" if kind == "postgresql" else "")
    with closing(Line(way)) as line:
        target = replace(place.target, host="localhost", port=line.port, pinned="127.0.0.1")
        with closing(place.open(target, seconds=1)) as session:
            assert session.read("SELECT 1").rows == ((1,),)
            line.cut()
            started = time.monotonic()
            with pytest.raises(QueryTimedOut), watched(session):
                session.read(place.slow)
            assert time.monotonic() - started < 2
        assert not [thread for thread in threading.enumerate() if thread.name == "statement watch"]
