"""How far an index is, written where the pages read it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from core.errors import AskwellError, NotFound
from core.store.sessions import Store
from core.store.tables import connections

SCHEMA, VALUES, VECTORS, DONE = "schema", "values", "vectors", "done"
_EVERY = 1.0  # seconds between two notes of progress


@dataclass(frozen=True)
class IndexProgress:
    """How far an index is: `done` of `total` in this step, `seconds_left` of it where that can be told."""

    step: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


Watcher = Callable[[IndexProgress], None]


class Notes:
    """Writes down how far an index is, at most once a second within a step."""

    def __init__(self, store: Store, connection_id: UUID, watch: Watcher | None) -> None:
        self._store, self._connection_id = store, connection_id
        self._watch = watch or (lambda _: None)
        self._now = IndexProgress(SCHEMA)
        self._first, self._started, self._written = 0, 0.0, 0.0

    def begin(self, step: str, total: int, done: int = 0) -> None:
        self._now, self._first = IndexProgress(step, done, total), done
        self._started = time.monotonic()
        self._write()
        self._watch(self._now)

    def reached(self, done: int) -> None:
        """So many of the step are done, those that were done before it began included."""
        spent, new = time.monotonic() - self._started, done - self._first
        left = spent / new * (self._now.total - done) if new > 0 else None
        self._now = IndexProgress(self._now.step, done, self._now.total, None if left is None else round(left, 1))
        self._watch(self._now)
        if time.monotonic() - self._written >= _EVERY:
            self._write()

    def failed(self, error: AskwellError) -> None:
        """The error's key, which every language has words for, and its technical text."""
        self._write(error.key, error.detail[:500])

    def finished(self, schema_version: str) -> None:
        self._now = IndexProgress(DONE, self._now.total, self._now.total, 0.0)
        self._write(indexed_version=schema_version)
        self._watch(self._now)

    def _write(self, error: str = "", detail: str = "", **also: str) -> None:
        now = self._now
        state = {"step": now.step, "done": now.done, "total": now.total, "seconds_left": now.seconds_left}
        mine = connections.c.id == self._connection_id
        change = (
            sa.update(connections).where(mine).values(index_state={**state, "error": error, "detail": detail}, **also)
        )
        with self._store.begin() as connection:
            if not connection.execute(change).rowcount:
                raise NotFound
        self._written = time.monotonic()
