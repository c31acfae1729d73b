"""Literals in SQL: their values, and the days and periods they name."""

import re
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T](?:00:00|23:59)(?::(?:00|59)(?:\.\d+)?)?)?")
_AGO = re.compile(r"-\s*(\d{1,4}) (day|month|year)s?")
_START = re.compile(r"start of (month|year)")
_UNITS = {"DAY": "day", "WEEK": "week", "MONTH": "month", "QUARTER": "quarter", "YEAR": "year"}
_WRAPPERS = (
    exp.Paren, exp.Cast, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.Date, exp.Timestamp, exp.Lower, exp.Upper,
    exp.Trim,
)  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """A day that depends on today: so many units ago, or the start of the unit that is running (`count` None)."""

    unit: str
    count: int | None = None


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
    """The day that a literal such as '2024-03-01' or '2024-03-01 23:59:59' names."""
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


def moment_of(node: exp.Expr) -> Moment | None:
    """What CURRENT_DATE, DATE('now', '-30 days'), NOW() - INTERVAL '1 month' and their like name."""
    node = node.this if isinstance(node, exp.Paren | exp.Cast | exp.TsOrDsToDate) else node
    if _is_now(node):
        return Moment("day", 0)
    if isinstance(node, exp.Anonymous) and str(node.this).upper() in ("DATE", "DATETIME"):
        return _modified([literal_of(argument) for argument in node.expressions])
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and _is_now(node.this):
        unit = _UNITS.get(str(node.args["unit"].name).upper())
        return Moment(unit) if unit else None
    if isinstance(node, exp.Sub | exp.DateSub) and _is_now(node.this):
        step = node.expression
        unit_node = step.args.get("unit") if isinstance(step, exp.Interval) else node.args.get("unit")
        unit = _UNITS.get(str(unit_node.name).upper().removesuffix("S")) if unit_node is not None else "day"
        count = literal_of(step.this if isinstance(step, exp.Interval) else step)
        return Moment(unit, int(count)) if unit and count is not None and str(count).isdigit() else None
    return None


def _is_now(node: exp.Expr | None) -> bool:
    """Whether an expression is today, or this very moment."""
    if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp | exp.CurrentDatetime):
        return True
    if isinstance(node, exp.Anonymous):
        return str(node.this).upper() in ("NOW", "CURDATE", "TODAY") and not node.expressions
    return isinstance(node, exp.Date) and literal_of(node.this) == "now"


def _modified(arguments: list[str | int | float | None]) -> Moment | None:
    """SQLite's DATE('now', modifier)."""
    if len(arguments) != 2 or arguments[0] != "now":
        return None
    ago, start = _AGO.fullmatch(str(arguments[1])), _START.fullmatch(str(arguments[1]))
    if ago:
        return Moment(ago[2], int(ago[1]))
    return Moment(start[1]) if start else None
