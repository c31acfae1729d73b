"""The session on files, setting by setting: each is proved alone, also against the portal's own questions."""

import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from core.connections.engines import ENGINES
from core.connections.processes import Child, ChildLate
from core.connections.runner import watched
from core.connections.session import Limits, Target
from core.connections.sessions_files import IDLE, MEMORY_MEGABYTES, FileSession
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut

MEGABYTE = 1024 * 1024
SPARE_MEGABYTES = 256  # for rows on their way out
LIMITS = Limits(seconds=3, rows=100, bytes=4 * MEGABYTE)


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[FileSession]:
    file = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE TABLE big (x);")
        database.executemany("INSERT INTO big VALUES (?)", ((n,) for n in range(5000)))
        database.commit()
    session = ENGINES["sqlite"].open(Target(file=str(file)), LIMITS)
    assert isinstance(session, FileSession)
    yield session
    session.close()
    IDLE.close()


@pytest.fixture
def duck(tmp_path: Path) -> Iterator[FileSession]:
    file = tmp_path / "a.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE big AS SELECT range AS x FROM range(5000)")
    session = ENGINES["duckdb"].open(Target(file=str(file)), LIMITS)
    assert isinstance(session, FileSession)
    yield session
    session.close()


def refused(session: FileSession, sql: str, why: str) -> None:
    """By a question of the portal's own, which passes no authorizer and no check of its type."""
    with pytest.raises(QueryFailed, match=why):
        session.look(sql)


def test_sqlite_is_opened_for_reading_and_stays_so(lite: FileSession) -> None:
    assert lite.look("PRAGMA query_only") == [(1,)]
    refused(lite, "INSERT INTO t VALUES (2)", "readonly")
    lite.look("PRAGMA query_only = 0")
    refused(lite, "INSERT INTO t VALUES (2)", "readonly")


def test_sqlite_trusts_no_schema_loads_nothing_and_attaches_nothing(lite: FileSession, tmp_path: Path) -> None:
    assert lite.look("PRAGMA trusted_schema") == [(0,)]
    refused(lite, "SELECT load_extension('/tmp/x.so')", "not authorized|no such function")
    refused(lite, f"ATTACH '{tmp_path / 'other.db'}' AS other", "too many attached")
    assert sorted(os.listdir(tmp_path)) == ["a.sqlite"]


def test_sqlites_limits_are_set(lite: FileSession) -> None:
    refused(lite, "SELECT replace(printf('%.*c', 15000000, 'x'), 'x', 'xx')", "too big")
    refused(lite, "SELECT '" + "x" * 120_000 + "'", "too large")
    refused(lite, "SELECT 1" + "+1" * 150, "maximum depth 100")
    refused(lite, " UNION ALL ".join(["SELECT 1"] * 60), "too many terms")


@pytest.mark.parametrize(
    "sql",
    [
        "PRAGMA query_only = 0",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')",
        "SELECT writefile('/tmp/askwell', 'x')",
        "CREATE TEMP TABLE x (a)",
        "ATTACH ':memory:' AS m",
        "SAVEPOINT s",
        "ANALYZE",
        "REINDEX",
    ],
)
def test_sqlite_authorizes_nothing_but_reading(lite: FileSession, sql: str) -> None:
    with pytest.raises(QueryFailed):
        lite.read(sql)


def test_duckdbs_settings_are_set_and_locked(duck: FileSession) -> None:
    wanted = {
        "enable_external_access": "false",
        "python_enable_replacements": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        "lock_configuration": "true",
        "threads": "1",
    }
    for name, value in wanted.items():
        assert duck.look(f"SELECT current_setting('{name}')::VARCHAR") == [(value,)], name
        refused(duck, f"SET {name} = '{value}'", "locked")
    [(memory,)] = duck.look("SELECT current_setting('memory_limit')")
    assert re.match(r"48\d\.\d MiB|512", str(memory))


def test_duckdb_writes_nothing_and_reads_no_other_file(duck: FileSession, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n")
    for sql, why in (
        ("INSERT INTO t VALUES (2)", "read-only"),
        (f"SELECT * FROM read_csv('{other}')", "disabled|Permission"),
        (f"COPY t TO '{tmp_path / 'out.csv'}'", "disabled|Permission"),
        (f"ATTACH '{tmp_path / 'new.duckdb'}' AS new", "disabled|Permission|Cannot"),
        ("INSTALL httpfs", "disabled|Permission"),
        ("SELECT * FROM session", "does not exist"),
    ):
        refused(duck, sql, why)
    assert sorted(os.listdir(tmp_path)) == ["a.duckdb", "other.csv"]


@pytest.mark.parametrize("kind", ["lite", "duck"])
def test_a_process_has_little_more_than_its_database_may_take(kind: str, request: pytest.FixtureRequest) -> None:
    session: FileSession = request.getfixturevalue(kind)
    pid = session._child._process.pid
    limits = Path(f"/proc/{pid}/limits").read_text()
    found = re.search(r"Max address space\s+(\d+)\s+(\d+)", limits)
    assert found is not None
    mapped = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    assert found[1] == found[2]
    assert int(found[1]) <= mapped + (MEMORY_MEGABYTES + SPARE_MEGABYTES) * MEGABYTE
    assert "Max core file size        0 " in limits
    secrets = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"ASKWELL" not in secrets


BOMBS = {
    "lite": [
        "SELECT group_concat(printf('%.*c', 100000, 'x')) FROM big",
        "SELECT count(*) FROM (SELECT printf('%.*c', 100000, 'x') || a.x AS s FROM big a, big b ORDER BY s)",
        "SELECT a.x FROM big a, big b, big c ORDER BY a.x * b.x % 977",
        "WITH RECURSIVE r(n, s) AS (SELECT 1, 'x' UNION ALL SELECT n + 1, s || s FROM r) SELECT max(length(s)) FROM r",
    ],
    "duck": [
        "SELECT repeat('x', 2000000000)",
        "SELECT len(range(500000000))",
        "SELECT list(repeat('x', 100000) || a.x) FROM big a, big b",
        "SELECT count(DISTINCT md5(a.x::VARCHAR || b.x || c.x)) FROM big a, big b, big c",
        "SELECT range(10000000) FROM big",
    ],
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_end_in_time_within_memory_and_the_next_question_works(kind: str, request: pytest.FixtureRequest) -> None:
    session: FileSession = request.getfixturevalue(kind)
    most = [0]
    over = threading.Event()

    def weigh() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], resident(session._child._process.pid))

    weighing = threading.Thread(target=weigh)
    weighing.start()
    try:
        for bomb in BOMBS[kind]:
            started = time.monotonic()
            with pytest.raises(QueryFailed), watched(session):
                session.read(bomb)
            assert time.monotonic() - started < LIMITS.seconds + 1, bomb
            assert session.read("SELECT a FROM t").rows == ((1,),)
    finally:
        over.set()
        weighing.join()
    assert most[0] < MEMORY_MEGABYTES + SPARE_MEGABYTES + 150


def resident(pid: int) -> int:
    """Megabytes."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) // 1024 if found else 0


def test_a_time_limit_holds_inside_one_call_of_a_function(duck: FileSession) -> None:
    with pytest.raises(QueryTimedOut), watched(duck):
        duck.read("SELECT sum(levenshtein(repeat(a.x::VARCHAR, 2000), repeat(b.x::VARCHAR, 2000))) FROM big a, big b")


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_what_is_no_database_is_said_to_be_none_without_its_path(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"no.{kind}"
    file.write_text("this is no database" * 100)
    with pytest.raises((ConnectionFailed, QueryFailed)) as error:
        _count(kind, file)
    assert str(tmp_path) not in error.value.detail
    IDLE.close()


def _count(kind: str, file: Path) -> None:
    with closing(ENGINES[kind].open(Target(file=str(file)), LIMITS)) as session:
        session.look("SELECT count(*) FROM sqlite_master")


def test_a_process_that_says_nothing_is_ended_at_its_time() -> None:
    with closing(Child("tests.integration.talks_not_at_all")) as child:
        started = time.monotonic()
        with pytest.raises(ChildLate):
            child.ask({}, 1, 1000)
        assert time.monotonic() - started < 1.5
        assert not child.alive
