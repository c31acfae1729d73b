"""The second wall alone: every attack of the shared corpus goes past the guard, straight into a session.

As the login that the portal's own grant script makes, and as the owner or superuser; on PostgreSQL 15 and 18, MariaDB,
SQLite and DuckDB. Nothing may change, nothing may run longer than its limit and a second, and the next question works.
"""

import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import chdir, closing, suppress
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

from core.connections.session import Limits, Target
from core.connections.sessions_files import IDLE
from core.errors import InvalidInput
from core.evaluation.attacked import (
    Attacked,
    attacked_duckdb,
    attacked_mariadb,
    attacked_postgres,
    attacked_sqlite,
)
from core.evaluation.mariadb import private_mariadb
from core.evaluation.postgres import postgres_programs, private_postgres
from core.evaluation.second_wall import BOUND, Attack, read_attacks, stand
from core.store.embedded import EmbeddedServer
from tests.conftest import SHARED

CORPUS = SHARED / "safety" / "sql_attacks.jsonl"
FIXTURES = SHARED / "safety" / "fixtures"
LIMITS = Limits(seconds=0.3, rows=10, bytes=1_000_000)
MOST_MEMORY = 300_000  # kilobytes by which bombs may let this process grow
DIALECTS = {"postgresql": "postgres", "mariadb": "mysql"}
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CORPUS.exists(), reason="the shared attacks are not on this machine"),
]


@pytest.fixture(scope="module")
def postgresql_18(server: EmbeddedServer) -> Iterator[Attacked]:
    owner = Target(host=server.socket, user=server.user, password=server.password)
    with attacked_postgres("PostgreSQL 18", server.url, owner, FIXTURES) as place:
        yield place


@pytest.fixture(scope="module")
def postgresql_15(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """The oldest PostgreSQL of this machine from 15 on; the embedded one has made the user who runs it."""
    programs = postgres_programs()
    if not programs:
        pytest.skip("no PostgreSQL server of version 15 or later is installed")
    with private_postgres(programs[0], tmp_path_factory.mktemp("outside")) as outside:
        owner = Target("127.0.0.1", outside.port, "", outside.user, outside.password, pinned="127.0.0.1")
        with attacked_postgres(f"PostgreSQL {outside.version}", outside.url, owner, FIXTURES) as place:
            yield place


@pytest.fixture(scope="module")
def maria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("attacked")
    try:
        with private_mariadb(folder) as running, attacked_mariadb(running, FIXTURES, folder) as place:
            yield place
    except InvalidInput as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked_sqlite(tmp_path_factory.mktemp("attacked"), FIXTURES) as place:
        yield place


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked_duckdb(tmp_path_factory.mktemp("attacked"), FIXTURES) as place:
        yield place


@pytest.fixture(params=["postgresql_15", "postgresql_18", "maria", "sqlite", "duck"])
def place(request: pytest.FixtureRequest) -> Attacked:
    """Each database in turn."""
    found: Attacked = request.getfixturevalue(request.param)
    return found


def attacks_on(place: Attacked) -> list[Attack]:
    return read_attacks(CORPUS, DIALECTS.get(place.kind, place.kind))


def test_a_login_that_may_only_read_changes_nothing_and_sees_no_secret(place: Attacked, tmp_path: Path) -> None:
    memory, threads = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, threading.active_count()
    with chdir(tmp_path):
        stood = stand(place, place.reader, attacks_on(place), LIMITS)
    assert stood.changes == []
    assert stood.late(LIMITS.seconds) == []
    assert stood.broken() == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEMORY
    assert threading.active_count() <= threads + 1
    assert list(tmp_path.iterdir()) == []
    if place.kind in DIALECTS:
        assert [attempt.attack.id for attempt in stood.attempts if attempt.canary] == []


def test_not_even_the_owner_or_a_superuser_changes_anything(place: Attacked) -> None:
    if place.reader == place.owner:
        pytest.skip("a file knows no logins")
    # What burns time burns it for everybody alike.
    stood = stand(place, place.owner, [a for a in attacks_on(place) if a.expect != BOUND], LIMITS)
    assert stood.changes == []
    assert stood.late(LIMITS.seconds) == []
    assert stood.broken() == []


CHANGES = {
    "rows": "DELETE FROM orders WHERE id = 60",
    "objects": "CREATE TABLE left_behind (a INTEGER)",
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_would_be_seen(place: Attacked, what: str) -> None:
    """The state that attacks are held against is no blind eye."""
    before = place.state()
    with closing(written(place)) as connection:
        connection.cursor().execute(CHANGES[what])
        with suppress(AttributeError):
            connection.commit()
    assert place.state() != before


def written(place: Attacked) -> Any:
    """A way in that may write."""
    owner = place.owner
    if place.kind == "postgresql":
        where = {"host": owner.host, "port": owner.port or 5432, "dbname": owner.database}
        return psycopg.connect(**where, user=owner.user, password=owner.password)  # type: ignore[arg-type]
    if place.kind == "mariadb":
        return pymysql.connect(
            host=owner.host, port=owner.port or 0, user=owner.user, password=owner.password, database=owner.database
        )
    if place.kind == "sqlite":
        return sqlite3.connect(owner.file)
    # Whoever waits on the file keeps others from writing it.
    IDLE.close()
    return duckdb.connect(owner.file)
