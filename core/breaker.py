"""A fuse for each model and each database: after some failures in a row, nobody waits for it for a while."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FAILURES = 3
COOL_OFF = 15.0  # seconds


@dataclass
class _Fuse:
    failures: int = 0
    closed_until: float = 0.0


class Breaker:
    """Counts failures by name. Safe to use from many threads; each process counts for itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._fuses: dict[Hashable, _Fuse] = {}

    def admits(self, name: Hashable) -> bool:
        """Whether to try. After three failures: no for 15 seconds, then one try at a time, until one succeeds."""
        with self._lock:
            fuse = self._fuses.get(name)
            if fuse is None or fuse.failures < FAILURES:
                return True
            if self._clock() < fuse.closed_until:
                return False
            fuse.closed_until = self._clock() + COOL_OFF
            return True

    def rests(self, name: Hashable) -> bool:
        """Whether `admits` would say no; unlike it, asking changes nothing."""
        with self._lock:
            fuse = self._fuses.get(name)
            return fuse is not None and fuse.failures >= FAILURES and self._clock() < fuse.closed_until

    def failed(self, name: Hashable) -> None:
        with self._lock:
            fuse = self._fuses.setdefault(name, _Fuse())
            fuse.failures += 1
            fuse.closed_until = self._clock() + COOL_OFF

    def succeeded(self, name: Hashable) -> None:
        with self._lock:
            self._fuses.pop(name, None)
