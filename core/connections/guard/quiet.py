"""No rubbish is collected while a statement is being read.

A tree lives for milliseconds and is one ring of references: a collection in its middle would carry it to the old
generation, and soon go through the whole heap for it. Put off until the tree is dead, it costs next to nothing.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_readers = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Puts off Python's collection until nobody reads a statement any more; a process without one keeps it so."""
    global _readers
    with _lock:
        held = _readers > 0 or gc.isenabled()
        _readers += held
        if held:
            gc.disable()
    try:
        yield
    finally:
        if held:
            with _lock:
                _readers -= 1
                if not _readers:
                    gc.enable()
