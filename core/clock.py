"""What time it is: one function type, so that a test can hold the day still."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, in UTC, with its time zone."""
    return datetime.now(UTC)
