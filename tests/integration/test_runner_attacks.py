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

from core.connections.session import Limits
from core.connections.sessions_files import IDLE
from core.errors import InvalidInput
from core.evaluation.arena import ARENA
from core.evaluation.attacked import Attacked
from core.evaluation.second_wall import BOUND, Attack, read_attacks, stand
from tests.conftest import SHARED

CORPUS = SHARED / "safety" / "sql_attacks.jsonl"
FIXTURES = SHARED / "safety" / "fixtures"
LIMITS = Limits(seconds=0.3, rows=10, bytes=1_000_000)
MOST_MEMORY = 300_000  # kilobytes by which bombs may let this process grow
DIALECTS = {"postgresql": "postgres", "mariadb": "mysql"}
FILES = ("sqlite", "duckdb")  # these know no logins
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CORPUS.exists(), reason="the shared attacks are not on this machine"),
]


@pytest.fixture(scope="module", params=ARENA)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """Each database in turn; skipped with the reason where this machine has none."""
    try:
        with ARENA[request.param](tmp_path_factory.mktemp("arena"), FIXTURES) as made:
            yield made
    except InvalidInput as error:
        pytest.skip(str(error))


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


@pytest.mark.parametrize("place", [kind for kind in ARENA if kind not in FILES], indirect=True)
def test_not_even_the_owner_or_a_superuser_changes_anything(place: Attacked) -> None:
    assert place.reader != place.owner
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
