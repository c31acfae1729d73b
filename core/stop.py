"""A wish to stop, made from any thread, that also reaches what is blocking: a statement, a model's stream."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.errors import Stopped


class Stop:
    """One question's stop button. `ask()` may be called from any thread, more than once, before or during the work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._reach: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        return self._asked

    def ask(self) -> None:
        """Stop what is running now, and everything after it."""
        with self._lock:
            self._asked = True
            reach = list(self._reach)
        for cancel in reach:
            cancel()

    def check(self) -> None:
        """Raise `Stopped` if stopping was asked for."""
        if self._asked:
            raise Stopped

    @contextmanager
    def reaching(self, cancel: Callable[[], None]) -> Iterator[None]:
        """While inside, `ask()` also calls `cancel`, from the asker's thread. Raises `Stopped` if already asked."""
        with self._lock:
            if self._asked:
                raise Stopped
            self._reach.append(cancel)
        try:
            yield
        finally:
            with self._lock:
                self._reach.remove(cancel)
