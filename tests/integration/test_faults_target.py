"""A database that is down, slow, frozen or cut off by its network: an error by our own clock, and nothing left over."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.runner import run
from core.connections.session import CONNECT_SECONDS, GRACE_SECONDS, Limits
from core.errors import ConnectionFailed, QueryFailed, QueryLost, QueryTimedOut
from tests.doubles_network import Proxy, proxy
from tests.integration.conftest import Place

SECONDS = 1.0  # a statement's limit
LATE = 1.0 + GRACE_SECONDS  # beyond a limit: our own wait for the server to obey, and the way there
READ = "SELECT id, word FROM words ORDER BY id"
MANY = "SELECT a.n, b.n FROM numbers a CROSS JOIN numbers b"


@dataclass(frozen=True)
class Far:
    """A database behind a line that can misbehave."""

    place: Place
    proxy: Proxy

    def ask(self, sql: str, seconds: float = SECONDS) -> object:
        target = replace(self.place.target, host="127.0.0.1", port=self.proxy.port)
        query: CheckedQuery = check(sql, Scope(self.place.engine.dialect, None))
        with closing(self.place.engine.open(target, Limits(seconds))) as session:
            return run(query, session).rows


@pytest.fixture(params=["postgresql", "mariadb"])
def far(request: pytest.FixtureRequest) -> Iterator[Far]:
    place: Place = request.getfixturevalue({"postgresql": "postgres_place"}.get(request.param, "mariadb_place"))
    host = place.target.host
    path = f"{host}/.s.PGSQL.5432" if place.kind == "postgresql" else host
    with proxy(path) as between:
        yield Far(place, between)


@pytest.fixture(autouse=True)
def _no_thread_is_left_over() -> Iterator[None]:
    before = threading.active_count()
    yield
    patience = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < patience:
        time.sleep(0.05)
    assert threading.active_count() <= before, [thread.name for thread in threading.enumerate()]


def test_a_line_that_behaves_gives_the_rows(far: Far) -> None:
    assert far.ask(READ, 10) == ((1, "naïve"), (2, "中文 100%"), (3, "naïve"))


def test_a_server_that_is_down_is_said_at_once(far: Far) -> None:
    far.proxy.close()
    with within(CONNECT_SECONDS + 1), pytest.raises(ConnectionFailed):
        far.ask(READ)


def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(far: Far) -> None:
    far.proxy.line.answers = False
    with within(CONNECT_SECONDS + 1), pytest.raises(ConnectionFailed):
        far.ask(READ)


def test_an_answer_that_is_swallowed_on_the_way_ends_at_the_limit(far: Far) -> None:
    far.proxy.line.swallow_after = 4000
    with within(SECONDS + LATE), pytest.raises(QueryFailed):
        far.ask(MANY)


def test_a_line_that_drips_a_byte_a_second_ends_at_the_limit(far: Far) -> None:
    far.proxy.line.drip = 1.0
    with within(CONNECT_SECONDS + 2), pytest.raises((ConnectionFailed, QueryFailed)):
        far.ask(READ)


@pytest.mark.parametrize("count", [0, 1, 7, 60, 400, 2000, 9000])
def test_a_line_that_breaks_anywhere_is_an_error_and_never_a_short_answer(far: Far, count: int) -> None:
    far.proxy.line.break_after = count
    with within(CONNECT_SECONDS + 1), pytest.raises((ConnectionFailed, QueryLost)):
        far.ask(MANY, 20)


@pytest.mark.parametrize("by", ["the line", "the server"])
def test_a_visit_that_is_ended_while_its_query_runs_is_said_as_lost(far: Far, by: str) -> None:
    ending = threading.Timer(0.5, far.proxy.hang_up if by == "the line" else far.place.end_all)
    ending.start()
    try:
        with within(10), pytest.raises(QueryLost):
            far.ask(far.place.slow, 20)
    finally:
        ending.join()


def test_a_statement_that_is_too_slow_ends_and_is_gone_from_the_server(far: Far) -> None:
    with within(SECONDS + LATE), pytest.raises(QueryTimedOut):
        far.ask(far.place.slow)
    patience = time.monotonic() + 2
    while far.place.running() and time.monotonic() < patience:
        time.sleep(0.05)
    assert far.place.running() == 0


def test_what_was_swallowed_ends_on_the_server_too(far: Far) -> None:
    far.proxy.line.swallow_after = 3000
    with within(SECONDS + LATE), pytest.raises(QueryFailed):
        far.ask(far.place.slow if far.place.kind == "mariadb" else MANY)
    far.proxy.hang_up()
    patience = time.monotonic() + 5
    while far.place.running() and time.monotonic() < patience:
        time.sleep(0.05)
    assert far.place.running() == 0


class within:  # noqa: N801  (reads as a word of the sentence)
    """Inside may take so many seconds and no more."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        self.started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        assert time.monotonic() - self.started <= self.seconds
