"""Who ends a statement, and what is said about it."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.connections.guard import Scope, check
from core.connections.result import ResultColumn
from core.connections.runner import run, watched
from core.connections.schema import Dialect, Kind
from core.connections.session import Fetched, Limits
from core.errors import QueryCancelled, QueryFailed, QueryTimedOut, Stopped
from core.stop import Stop

QUERY = check("SELECT 1", Scope(Dialect.SQLITE, None))


@dataclass
class SlowSession:
    """Runs until it is cancelled or abandoned, or for `works` seconds. `deaf` ignores cancelling."""

    limits: Limits
    works: float = 60.0
    deaf: bool = False
    dialect: Dialect = Dialect.SQLITE
    server: str = "a stand-in"
    cancels: int = 0
    abandoned: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)

    def files(self) -> Sequence[str]:
        return ()

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        if self._ended.wait(self.works):
            raise QueryFailed("it was ended")
        return Fetched((ResultColumn(sql, Kind.INTEGER),), ((rows,),), False)

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return []

    def cancel(self) -> None:
        self.cancels += 1
        if not self.deaf:
            self._ended.set()

    def abandon(self) -> None:
        self.abandoned = True
        self._ended.set()

    def close(self) -> None:
        self.abandon()


def test_rows_come_with_their_time_and_cap() -> None:
    table = run(QUERY, SlowSession(Limits(), works=0.05), row_cap=7)
    assert (table.columns[0].name, table.rows, table.truncated) == ("SELECT 1", ((7,),), False)
    assert 0.05 <= table.seconds < 2


def test_only_what_the_guard_passed_can_be_run() -> None:
    with pytest.raises(TypeError):
        run("SELECT 1", SlowSession(Limits()))  # type: ignore[arg-type]


def test_a_query_for_another_dialect_is_not_run() -> None:
    with pytest.raises(TypeError):
        run(QUERY, SlowSession(Limits(), dialect=Dialect.MYSQL))


def test_a_stop_ends_the_statement_and_says_so() -> None:
    stop, session = Stop(), SlowSession(Limits(seconds=30))
    threading.Timer(0.1, stop.ask).start()
    started = time.monotonic()
    with pytest.raises(QueryCancelled):
        run(QUERY, session, stop)
    assert time.monotonic() - started < 2


def test_asking_to_stop_does_not_wait_for_the_database() -> None:
    stop, session = Stop(), SlowSession(Limits(seconds=30), deaf=True)
    asked = threading.Event()

    def ask() -> None:
        time.sleep(0.1)
        started = time.monotonic()
        stop.ask()
        if time.monotonic() - started < 0.2:
            asked.set()

    threading.Thread(target=ask).start()
    with pytest.raises(QueryCancelled):
        run(QUERY, session, stop)
    assert asked.is_set()


def test_a_database_that_does_not_obey_has_its_line_broken() -> None:
    stop, session = Stop(), SlowSession(Limits(seconds=30), deaf=True)
    threading.Timer(0.1, stop.ask).start()
    started = time.monotonic()
    with pytest.raises(QueryCancelled):
        run(QUERY, session, stop)
    assert session.abandoned
    assert session.cancels > 1
    assert time.monotonic() - started < 4


def test_a_stop_before_the_statement_keeps_it_from_running() -> None:
    stop, session = Stop(), SlowSession(Limits())
    stop.ask()
    with pytest.raises(Stopped):
        run(QUERY, session, stop)
    assert session.cancels == 0


def test_time_is_up_even_if_the_database_keeps_no_time() -> None:
    session = SlowSession(Limits(seconds=0.2))
    started = time.monotonic()
    with pytest.raises(QueryTimedOut) as error:
        run(QUERY, session)
    assert error.value.values == {"seconds": 0.2}
    assert time.monotonic() - started < 2


def test_the_databases_own_reason_is_kept_when_nobody_ended_it() -> None:
    session = SlowSession(Limits())
    session.abandon()
    with pytest.raises(QueryFailed, match="it was ended") as error:
        run(QUERY, session)
    assert type(error.value) is QueryFailed


def test_no_thread_stays_behind() -> None:
    before = threading.active_count()
    for _ in range(20):
        with watched(SlowSession(Limits())):
            pass
    assert threading.active_count() == before
