"""A period that a query asks for outside of the days there are: the nearest one of its kind that has some."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from core.answering.conditions import Conditions, Filter
from core.answering.figures import Style
from core.answering.literals import day_of, literal_of, period_name
from core.answering.sql_parts import Place
from core.answering.wording import Wording

_MONTHS = {"year": 12, "quarter": 3, "month": 1}


@dataclass(frozen=True)
class Nearer:
    """The literals to change, by identity, and the condition they then make, in words."""

    changes: dict[int, exp.Expr]
    words: str


def dated(found: Filter, wording: Wording) -> Place | None:
    """The date column that a filter is about, also where it is cut to its year."""
    place = found.place
    if place is None and len(found.nodes) == 1:
        grain = wording.parts.grain(_sides(found.nodes[0])[0])
        place = wording.parts.place(grain.date) if grain else None
    return place if place is not None and place.column.kind.temporal else None


def is_outside(found: Filter, wording: Wording, first: date, last: date) -> bool:
    """Whether none of the days, or the year, that a filter names lies between the first and the last there are."""
    year = _year(found, wording)
    if year is not None:
        return not first.year <= int(str(literal_of(year))) <= last.year
    asked = [day for _, day in _days(found)]
    return bool(asked) and not any(first <= day <= last for day in asked) and (max(asked) < first or min(asked) > last)


def nearer(found: Filter, wording: Wording, first: date, last: date) -> Nearer | None:
    """The same kind of period where there are days; None for a filter that bounds no period."""
    year = _year(found, wording)
    if year is not None:
        asked = int(str(literal_of(year)))
        best = str(last.year if asked > last.year else first.year)
        node = exp.Literal.string(best) if year.is_string else exp.Literal.number(best)
        grain = wording.parts.grain(_sides(found.nodes[0])[0])
        of, shown = wording.of(grain.date) if grain else "", wording.figures.show(int(best), Style(grain="year"))
        return Nearer({id(year): node}, wording.words.say("answering.in_period", of=of, period=shown))
    days = list(_days(found))
    if len(days) != 2 or found.place is None:
        return None
    (low, start), (high, end) = sorted(days, key=lambda pair: pair[1])
    open_end = any(isinstance(node, exp.LT) for node in found.nodes)
    stop = end if open_end else end + timedelta(days=1)
    begin, after = _moved(start, stop, last if start > last else first, start > last)
    upper = after if open_end else after - timedelta(days=1)
    changes = {id(low): _written(low, begin), id(high): _written(high, upper)}
    column = exp.column(found.place.column.name)
    side = next((node.this for node in found.nodes), column)
    return Nearer(changes, Conditions(wording).period(wording.of(side), begin, after))


def _moved(start: date, stop: date, at: date, is_later: bool) -> tuple[date, date]:
    """The period of this kind around the day `at`: the same calendar unit, or as many days up to or from it."""
    months = _MONTHS.get(period_name(start, stop))
    if months is None:
        length = stop - start
        return (at + timedelta(days=1) - length, at + timedelta(days=1)) if is_later else (at, at + length)
    begin = date(at.year, (at.month - 1) // months * months + 1, 1)
    month = begin.month - 1 + months
    return begin, date(begin.year + month // 12, month % 12 + 1, 1)


def _days(found: Filter) -> Iterator[tuple[exp.Literal, date]]:
    """The days that a filter names, with their literals."""
    for node in found.nodes:
        for literal in node.find_all(exp.Literal):
            day = day_of(literal_of(literal)) if literal.is_string else None
            if day:
                yield literal, day


def _year(found: Filter, wording: Wording) -> exp.Literal | None:
    """The literal of a filter such as "the year of the date is 2030"."""
    node = found.nodes[0]
    if len(found.nodes) != 1 or not isinstance(node, exp.EQ):
        return None
    side, literal = _sides(node)
    grain = wording.parts.grain(side)
    is_year = isinstance(literal, exp.Literal) and str(literal.this).isdigit() and len(str(literal.this)) == 4
    return literal if is_year and grain is not None and grain.unit == "year" else None  # type: ignore[return-value]


def _sides(node: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    """What is compared, and with what."""
    if not isinstance(node, exp.Binary):
        return node, None
    return (node.right, node.left) if isinstance(node.left, exp.Literal) else (node.left, node.right)


def _written(literal: exp.Literal, day: date) -> exp.Expr:
    """A day written as the literal was, its time of day kept."""
    return exp.Literal.string(day.isoformat() + str(literal.this)[10:])
