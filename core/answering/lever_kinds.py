"""Literals that are no plain comparison: rows skipped, limits of inner queries, how long ago, and lists.

A list is moved as a whole; of an interval only its number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlglot import exp

from core.answering.events import LeverValue
from core.answering.literals import literal_of
from core.errors import InvalidInput
from core.i18n import Phrase

MOST_ITEMS = 200  # of a list
_MOST_ROWS = 1_000_000
_MOST_AGO = 10_000
_MODIFIER = re.compile(r"([+-]?)(\s*)(\d{1,5})(\s+)(hour|day|month|year)(s?)", re.IGNORECASE)
_UNITS = ("hour", "day", "week", "month", "quarter", "year")
_STEPS = (
    exp.Interval, exp.DateSub, exp.DateAdd, exp.TimestampSub, exp.TimestampAdd, exp.DatetimeSub, exp.DatetimeAdd,
)  # fmt: skip


class Special(StrEnum):
    SKIPPED = "skipped"
    INNER_LIMIT = "inner_limit"
    AGO = "ago"
    LIST = "list"


@dataclass(frozen=True)
class Handle:
    """A literal, or for a list its first one, that can be moved; `unit` is that of an interval."""

    kind: Special
    literal: exp.Literal
    unit: str = ""

    @property
    def value(self) -> LeverValue:
        """What it stands at, as a person would set it."""
        if self.kind is Special.LIST:
            return tuple(_plain(item) for item in _items(self.literal))
        if self.kind is Special.AGO:
            found = _MODIFIER.fullmatch(str(self.literal.this))
            return int(found[3] if found else str(self.literal.this))
        return int(self.literal.name)

    def move(self, value: LeverValue) -> None:
        """Put `value` there, in the tree. Raises `InvalidInput` for one of another kind, and one out of bounds."""
        if self.kind is Special.LIST:
            self._list(value)
            return
        most, least = (
            (_MOST_AGO, 0) if self.kind is Special.AGO else (_MOST_ROWS, int(self.kind is not Special.SKIPPED))
        )
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(value)
        if not least <= value <= most:
            raise InvalidInput(problem=Phrase("answering.lever_bounds", {"least": least, "most": most}))
        text = str(self.literal.this)
        found = _MODIFIER.fullmatch(text) if self.kind is Special.AGO else None
        written = "".join([found[1], found[2], str(value), *found.group(4, 5, 6)]) if found else str(value)
        string = self.literal.is_string
        self.literal.replace(exp.Literal.string(written) if string else exp.Literal.number(written))

    def blank(self) -> None:
        """Take the literal out, to compare what is around it."""
        first, *others = _items(self.literal) if self.kind is Special.LIST else [self.literal]
        for item in others:
            item.pop()
        first.replace(exp.Placeholder())

    def _list(self, value: LeverValue) -> None:
        around = _list_of(self.literal)
        texts = self.literal.is_string
        if around is None or not isinstance(value, tuple) or any(isinstance(v, str) != texts for v in value):
            raise _wrong(value)
        if not 1 <= len(value) <= MOST_ITEMS:
            raise InvalidInput(problem=Phrase("answering.lever_list", {"n": MOST_ITEMS}))
        around.set("expressions", [_written(item) for item in value])


def handles(tree: exp.Expr) -> Iterator[tuple[str, Handle]]:
    """The literals of these kinds by the number they are known under: their place among all literals of the query."""
    for number, literal in enumerate(list(tree.find_all(exp.Literal, bfs=False))):
        handle = _handle(literal)
        if handle is not None:
            yield str(number), handle


def in_list(literal: exp.Literal) -> bool:
    """Whether a literal stands in a list, which is moved as a whole."""
    return _list_of(literal) is not None


def _handle(literal: exp.Literal) -> Handle | None:
    around = literal.parent
    if _list_of(literal) is not None:
        first = _items(literal)[0]
        return Handle(Special.LIST, literal) if first is literal or first.this is literal else None
    if isinstance(around, exp.Offset) and literal.is_int and around.parent is literal.root():
        return Handle(Special.SKIPPED, literal)
    if isinstance(around, exp.Limit | exp.Fetch) and literal.is_int and around.parent is not literal.root():
        outer = around.parent
        return Handle(Special.INNER_LIMIT, literal) if outer is not None and not _asks_whether(outer) else None
    unit = _unit(literal)
    return Handle(Special.AGO, literal, unit) if unit else None


def _asks_whether(query: exp.Expr) -> bool:
    """Whether a query only asks for one row, as EXISTS and single values do: its limit is no wish of a person's."""
    above = query.parent
    if isinstance(above, exp.Subquery):
        above = above.parent
        return isinstance(above, exp.Predicate) and not isinstance(above, exp.In)
    return isinstance(above, exp.Exists)


def _unit(literal: exp.Literal) -> str:
    """The unit of the interval whose number a literal is; "" for any other literal."""
    around = literal.parent
    if isinstance(around, exp.Anonymous) and str(around.this).upper() in ("DATE", "DATETIME"):
        found = _MODIFIER.fullmatch(str(literal.this)) if literal.is_string else None
        now = bool(around.expressions) and literal_of(around.expressions[0]) == "now"
        return found[5].lower() if found and now and around.expressions[0] is not literal else ""
    holder = around.parent if isinstance(around, exp.Neg) else around
    is_step = isinstance(holder, _STEPS) and literal.find_ancestor(exp.Where, exp.Having) is not None
    if not is_step or holder is None or not str(literal.this).isdigit() or len(str(literal.this)) > 5:
        return ""
    if not isinstance(holder, exp.Interval) and holder.this is literal:
        return ""
    unit = holder.args.get("unit")
    name = str(unit.name if unit is not None else "day").lower().removesuffix("s")
    return name if name in _UNITS else ""


def _list_of(literal: exp.Literal) -> exp.In | None:
    """The IN around a literal that stands in a list of them, all of one kind."""
    node: exp.Expr = literal.parent if isinstance(literal.parent, exp.Neg) else literal
    around = node.parent
    if not isinstance(around, exp.In) or around.this is node:
        return None
    items = [item.this if isinstance(item, exp.Neg) else item for item in around.expressions]
    alike = all(isinstance(item, exp.Literal) and item.is_string == literal.is_string for item in items)
    return around if alike and around.this.find(exp.Column) is not None else None


def _items(literal: exp.Literal) -> list[exp.Expr]:
    around = _list_of(literal)
    return list(around.expressions) if around is not None else [literal]


def _plain(item: exp.Expr) -> str | int | Decimal:
    value = item.this if isinstance(item, exp.Neg) else item
    if value.is_string:
        return str(value.this)
    number = Decimal(value.name) * (-1 if isinstance(item, exp.Neg) else 1)
    return int(number) if number == number.to_integral_value() else number


def _written(value: object) -> exp.Expr:
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise _wrong(value)
    number = exp.Literal.number(format(abs(Decimal(value)), "f"))
    return exp.Neg(this=number) if value < 0 else number


def _wrong(value: object) -> InvalidInput:
    return InvalidInput(problem=Phrase("answering.wrong_lever_value", {"value": str(value)}))
