"""Literals in SQL: their values, and the days and periods they name."""

import re
from datetime import date

from sqlglot import exp

_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_WRAPPERS = (exp.Paren, exp.Cast, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.Date, exp.Timestamp)


def literal_of(node: exp.Expr) -> str | int | float | None:
    """The value of a literal, also under a cast or a minus."""
    while isinstance(node, _WRAPPERS):
        node = node.this
    if isinstance(node, exp.Neg):
        inner = literal_of(node.this)
        return -inner if isinstance(inner, int | float) else None
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        return str(node.this)
    return int(node.this) if node.is_int else float(node.this)


def day_of(literal: object) -> date | None:
    """The day that a literal such as '2024-03-01' or '2024-03-01 00:00:00' names."""
    found = _ISO_DATE.fullmatch(literal) if isinstance(literal, str) else None
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def period_name(start: date, end: date) -> str:
    """ "year", "quarter", "month" or "day" when the days from `start` up to `end` are exactly one; "" otherwise."""
    if start.day == 1 and end.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month
        if months == 12 and start.month == 1:
            return "year"
        if months == 3 and start.month in (1, 4, 7, 10):
            return "quarter"
        if months == 1:
            return "month"
    return "day" if (end - start).days == 1 else ""
