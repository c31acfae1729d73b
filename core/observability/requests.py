"""The number of the request, or of the run of a page, that this thread works for: it stands in each line of the log."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_number: ContextVar[str] = ContextVar("request", default="-")


def number() -> str:
    """The number of the request at hand; "-" outside of any."""
    return _number.get()


def begin() -> str:
    """A new number for what this thread does from now on."""
    made = secrets.token_hex(6)
    _number.set(made)
    return made


@contextmanager
def numbered() -> Iterator[str]:
    """A new number for the block."""
    token = _number.set(secrets.token_hex(6))
    try:
        yield _number.get()
    finally:
        _number.reset(token)


class Numbers(logging.Filter):
    """Gives each line the number as `request`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request = number()
        return True
