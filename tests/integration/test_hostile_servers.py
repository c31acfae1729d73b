"""What a database server that means harm gets: a deadline, a cap, one plain error, and nothing of ours."""

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from core.connections.engines import ENGINES
from core.connections.runner import watched
from core.connections.session import CLOSE_SECONDS, CONNECT_SECONDS, Limits, Target
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut
from tests.doubles_hostile import HostileMysql, HostilePostgres, HostileServer, seconds_of

PASSWORD = "the password of theirs"
LIMITS = Limits(seconds=1, rows=10, bytes=1_000_000)
SERVERS = {"postgresql": HostilePostgres, "mysql": HostileMysql}


@contextmanager
def hostile(kind: str, behaviour: str) -> Iterator[tuple[HostileServer, Target]]:
    with closing(SERVERS[kind](behaviour)) as server:
        yield server, Target("db.example", server.port, "d", "u", PASSWORD, pinned="127.0.0.1")


@pytest.fixture(params=SERVERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    patience = time.monotonic() + 3
    while threading.active_count() > before and time.monotonic() < patience:
        time.sleep(0.05)
    assert threading.active_count() <= before


@pytest.mark.parametrize("behaviour", ["drips from the start", "falls silent after the sign-in"])
def test_a_server_that_drips_or_falls_silent_at_the_sign_in_is_given_up_in_time(kind: str, behaviour: str) -> None:
    with hostile(kind, behaviour) as (_, target):
        started = time.monotonic()
        with pytest.raises(ConnectionFailed):
            ENGINES[kind].open(target, LIMITS)
        assert time.monotonic() - started < CONNECT_SECONDS + CLOSE_SECONDS + 0.5


def test_endless_rows_are_cut_off(kind: str) -> None:
    with hostile(kind, "endless rows") as (_, target), closing(ENGINES[kind].open(target, LIMITS)) as session:
        started = time.monotonic()
        with watched(session):
            found = session.read("SELECT 1")
        assert time.monotonic() - started < LIMITS.seconds + 1
        assert (len(found.rows), found.truncated) == (10, True)


def test_a_row_without_end_fills_no_memory(kind: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with hostile(kind, "a huge row") as (_, target), closing(ENGINES[kind].open(target, LIMITS)) as session:
        started = time.monotonic()
        with pytest.raises(QueryFailed, match=r"larger|more than may be read"), watched(session):
            session.read("SELECT 1")
        assert time.monotonic() - started < LIMITS.seconds + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_drip_ends_at_the_limit(kind: str) -> None:
    with hostile(kind, "drips") as (_, target), closing(ENGINES[kind].open(target, LIMITS)) as session:
        started = time.monotonic()
        with pytest.raises(QueryTimedOut), watched(session):
            session.read("SELECT 1")
        assert time.monotonic() - started < LIMITS.seconds + 1


def test_leaving_a_server_that_has_fallen_silent_takes_a_second_at_most(kind: str) -> None:
    with hostile(kind, "is silent") as (_, target):
        session = ENGINES[kind].open(target, replace(LIMITS, seconds=30))
        waiting = threading.Thread(target=_read, args=(session,))
        waiting.start()
        time.sleep(0.3)
        session.abandon()
        waiting.join(2)
        assert not waiting.is_alive()
        assert seconds_of(session.close) < CLOSE_SECONDS + 0.5


def _read(session: object) -> None:
    with pytest.raises(QueryFailed):
        session.read("SELECT 1")  # type: ignore[attr-defined]


def test_what_a_server_rambles_is_cut_short_and_has_no_control_characters(kind: str) -> None:
    with (
        hostile(kind, "rambles") as (_, target),
        closing(ENGINES[kind].open(target, LIMITS)) as session,
        pytest.raises(QueryFailed) as error,
        watched(session),
    ):
        session.read("SELECT 1")
    assert len(error.value.detail) <= 2001
    assert all(mark.isprintable() or mark == "\n" for mark in error.value.detail)


def test_the_password_goes_nowhere_in_the_open(kind: str) -> None:
    with hostile(kind, "wants the password in the open") as (server, target):
        with pytest.raises(ConnectionFailed) as error:
            ENGINES[kind].open(target, LIMITS)
        assert PASSWORD.encode() not in server.heard
    assert PASSWORD not in error.value.detail


def test_a_server_that_asks_for_a_file_gets_none() -> None:
    with hostile("mysql", "wants a file") as (server, target):
        with closing(ENGINES["mysql"].open(target, LIMITS)) as session, pytest.raises(QueryFailed), watched(session):
            session.read("SELECT 1")
        assert b"root:" not in server.heard
