"""run(CheckedQuery) -> ResultTable: the only place where SQL of people and models reaches a database.

The database is asked to end a statement that takes too long or is stopped; one that does not obey has its line
broken, before a second is over. So nobody waits longer than the limit, whatever the server or the network does.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from core.connections.guard import CheckedQuery
from core.connections.result import ResultTable
from core.connections.session import CANCEL_SECONDS, Session
from core.errors import QueryCancelled, QueryFailed, QueryTimedOut
from core.stop import Stop

_LATE = 0.3  # seconds the database's own limit is given before ours ends the statement
_AGAIN = 0.2  # seconds between two wishes to cancel: one sent before the statement has begun is lost
# Seconds from the first wish to the end of the line: a person who stops gives it time, the clock has given it already.
_PATIENCE_WISHED, _PATIENCE_LATE = 1.5, 0.5


def run(query: CheckedQuery, session: Session, stop: Stop | None = None, row_cap: int | None = None) -> ResultTable:
    """The rows of a checked query, at most `row_cap` (else the session's limit).

    Raises `QueryTimedOut`, `QueryCancelled` (while it ran), `QueryLost` (the line broke), `Stopped` (before it ran) and
    `QueryFailed`, whose `detail` holds the database's own words.
    """
    if not isinstance(query, CheckedQuery) or query.dialect is not session.dialect:
        raise TypeError("only a query checked for this session's dialect can be run")
    started = time.perf_counter()
    with watched(session, stop):
        fetched = session.read(query.runs, row_cap)
    return ResultTable(fetched.columns, fetched.rows, fetched.truncated, time.perf_counter() - started)


@contextmanager
def watched(session: Session, stop: Stop | None = None) -> Iterator[None]:
    """While inside, the session's statement ends when `stop` is asked or its time is over, and says which it was."""
    watch = _Watch(session)
    with (stop or Stop()).reaching(watch.wish):
        watch.start()
        try:
            yield
        except QueryFailed as error:
            raise watch.verdict(error) from error
        finally:
            watch.end()


class _Watch:
    """A thread beside one statement that ends it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._wake = threading.Event()
        self._over = False
        self._wished = False
        self._late = False
        self._thread = threading.Thread(target=self._stand, name="statement watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wish(self) -> None:
        """A person wants to stop. Comes back at once; the thread does the work."""
        self._wished = True
        self._wake.set()

    def end(self) -> None:
        self._over = True
        self._wake.set()
        self._thread.join()

    def verdict(self, error: QueryFailed) -> QueryFailed:
        """What ended the statement: the person, the clock, or the database's own reason."""
        if self._wished:
            return QueryCancelled()
        if self._late and not isinstance(error, QueryTimedOut):
            return QueryTimedOut(seconds=self._session.limits.seconds)
        return error

    def _stand(self) -> None:
        self._wake.wait(self._session.limits.seconds + _LATE)
        if self._over:
            return
        self._late = not self._wished
        patience = time.monotonic() + (_PATIENCE_WISHED if self._wished else _PATIENCE_LATE)
        # The wish goes its own way: where it hangs too, the line is broken in time all the same.
        wishing = threading.Thread(target=self._wish_again, args=(patience,), name="statement cancel", daemon=True)
        wishing.start()
        while not self._over and time.monotonic() < patience:
            self._pause(patience - time.monotonic())
        if not self._over:
            self._session.abandon()
        else:
            # One that arrived later would end the next statement.
            wishing.join(CANCEL_SECONDS * 2)

    def _wish_again(self, patience: float) -> None:
        while not self._over and time.monotonic() < patience:
            self._session.cancel()
            time.sleep(_AGAIN)

    def _pause(self, seconds: float) -> None:
        self._wake.clear()
        if not self._over:
            self._wake.wait(max(0.0, seconds))
