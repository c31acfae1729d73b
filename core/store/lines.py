"""A line to the portal's PostgreSQL that gives up by our own clock when the server has fallen silent."""

from typing import TypeVar

import psycopg
from psycopg import OperationalError
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

PATIENCE = 15.0  # seconds for one statement; for a moment's work, this is very long
_T = TypeVar("_T")


class Line(psycopg.Connection[tuple[object, ...]]):
    """A connection with `patience`: seconds that it waits for one answer, None for as long as it takes.

    A server that is stopped, frozen, or behind a network that swallows what it is given, closes nothing: without a
    clock of one's own one waits for ever. A line given up is closed, since an answer might still come.
    """

    patience: float | None = PATIENCE
    life = 0  # of the engine's pools, the one that it was opened in

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        """What the server answers. Raises `OperationalError` when patience is at its end."""
        limit = self.patience if timeout is None else timeout
        try:
            return super().wait(gen, interval=interval, timeout=limit)
        except _WaitTimeout as error:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise OperationalError("the server does not answer") from error
