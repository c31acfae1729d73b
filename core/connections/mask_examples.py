"""One made-up value and what a mask makes of it, for people who choose a mask. No database is asked."""

import hashlib
import math
from datetime import date, datetime
from decimal import Decimal

from core.connections.guard.policies_masks import fits
from core.connections.schema import Column, Kind
from core.security.policies import Mask, MaskKind

_STARS, _DIGITS = "***", 20
_MADE_UP: dict[Kind, object] = {
    Kind.INTEGER: 48_213,
    Kind.NUMBER: Decimal("1234.56"),
    Kind.BOOLEAN: True,
    Kind.DATE: date(2024, 5, 17),
    Kind.TIMESTAMP: datetime(2024, 5, 17, 14, 30),
}
_BY_NAME = {"mail": "mira.berg@example.com", "phone": "+44 20 7946 0958", "name": "Mira Bergstrom"}
_TEXT = "Sample 4711"


def made_up(column: Column) -> object:
    """A value such as the column may hold."""
    by_name = next((value for part, value in _BY_NAME.items() if part in column.name.lower()), _TEXT)
    return _MADE_UP.get(column.kind, by_name)


def example(column: Column, mask: Mask) -> tuple[object, object] | None:
    """A made-up value and how people see it for whom it is masked; None where the mask does not fit the column.

    A digest is of its own kind in every connection, so that this one is only like it.
    """
    if not fits(column, mask):
        return None
    value = made_up(column)
    return value, _masked(value, mask)


def _masked(value: object, mask: Mask) -> object:
    if mask.kind is MaskKind.NULL:
        return None
    if mask.kind is MaskKind.CONSTANT:
        return mask.argument
    if mask.kind is MaskKind.HASH:
        return hashlib.sha256(f"example {value}".encode()).hexdigest()[:_DIGITS]
    if mask.kind is MaskKind.PARTIAL:
        text, count = str(value), int(mask.argument)
        return _STARS + text[-count:] if len(text) >= 2 * count else _STARS
    if isinstance(value, date):
        return _begin(value, mask.argument)
    width = Decimal(mask.argument)
    return math.floor(Decimal(str(value)) / width) * width


def _begin(day: date, period: str) -> date:
    """The first day of the period that a day or moment lies in."""
    month = {"year": 1, "quarter": day.month - (day.month - 1) % 3}.get(period, day.month)
    return date(day.year, month, day.day if period == "day" else 1)
