"""What was refused to whom, in the trail; the same over and over is counted, so that nobody can flood it."""

import logging
import threading
import time
from collections.abc import Callable
from uuid import UUID

from core.errors import StoreUnreachable
from core.security.audit import Audit
from core.security.permissions import Actor

_log = logging.getLogger(__name__)
WINDOW = 60.0  # seconds in which identical refusals make one row, and one more with their number when they are over
MOST_KEPT = 2_000

_What = tuple[UUID | None, str, str, str]


class Refusals:
    """Adds refusals to the trail."""

    def __init__(self, audit: Audit, ticks: Callable[[], float] = time.monotonic) -> None:
        self._audit, self._ticks = audit, ticks
        self._lock = threading.Lock()
        self._seen: dict[_What, tuple[float, int, Actor | None]] = {}

    def note(self, actor: Actor | None, action: str, resource: object = "", why: str = "not_allowed") -> None:
        """One more refusal: a row of its own, unless the very same was refused to the same person a moment ago."""
        what = (actor.id if actor else None, str(action), str(resource), why)
        now = self._ticks()
        with self._lock:
            over = self._over(now)
            since, times, _ = self._seen.get(what, (now, -1, actor))
            self._seen[what] = (since, times + 1, actor)
        if times < 0:
            over.append((what, 1, actor))
        self._write(over)

    def flush(self) -> None:
        """Write what has been counted and not yet written."""
        with self._lock:
            waiting = [(what, times, actor) for what, (_, times, actor) in self._seen.items() if times]
            self._seen.clear()
        self._write(waiting)

    def _over(self, now: float) -> list[tuple[_What, int, Actor | None]]:
        """What was counted in windows that are over, or that there is no more room for."""
        crowded = len(self._seen) >= MOST_KEPT
        ended = [what for what, (since, _, _) in self._seen.items() if crowded or now - since >= WINDOW]
        counted = [(what, *self._seen.pop(what)[1:]) for what in ended]
        return [(what, times, actor) for what, times, actor in counted if times]

    def _write(self, rows: list[tuple[_What, int, Actor | None]]) -> None:
        """A refusal stands whether or not it can be written down."""
        for (_, action, resource, why), times, actor in rows:
            try:
                self._audit.note(actor, action, resource, allowed=False, why=why, times=times)
            except StoreUnreachable:
                _log.warning("a refusal of %s could not be written to the trail", action)
