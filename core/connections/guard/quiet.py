"""No rubbish is collected while a statement is being read.

A tree lives for milliseconds and is one ring of references: a collection in its middle would carry it to the old
generation, and soon go through the whole heap for it. Put off until the tree is dead, it costs little; and nothing
where the ring was cut, so that the tree goes by itself.
"""

import gc
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlglot import exp

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


def let_go(nodes: Iterable[Iterable[exp.Expr]]) -> None:
    """Cuts the ring: these nodes no longer know what they are part of. For a tree that nobody will look at again."""
    for some in nodes:
        for node in some:
            node.parent = None
