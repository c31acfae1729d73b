"""What a query filters by: each condition in business words, with the nodes that make it up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from core.answering.figures import Style
from core.answering.literals import Moment, day_of, literal_of, moment_of, period_name
from core.answering.sql_parts import Place, conjuncts
from core.answering.wording import Wording, digits_are_a_name

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "is", exp.NEQ: "is_not", exp.GT: "more", exp.GTE: "at_least", exp.LT: "less", exp.LTE: "at_most",
    exp.Is: "is", exp.NullSafeEQ: "is",
}  # fmt: skip
_MIRRORED = {"more": "less", "less": "more", "at_least": "at_most", "at_most": "at_least"}
_DATE_WORDS = {"more": "after", "at_least": "from", "less": "before", "at_most": "until"}


@dataclass(frozen=True)
class Filter:
    """One thing a query filters by. `nodes` are the conditions of its tree that say so, two for a range of dates.

    `words` is "" for a condition that has no short wording; `place` the column, where there is one.
    """

    nodes: tuple[exp.Expr, ...]
    words: str
    place: Place | None = None


def filters_of(wording: Wording) -> tuple[Filter, ...]:
    """Everything the query filters by, outermost first; joins between tables are none."""
    return tuple(_filters(wording, list(wording.parts.filters)))


def inner_filters_of(wording: Wording) -> tuple[Filter, ...]:
    """What EXISTS, IN and other inner queries ask of their own rows."""
    return tuple(_filters(wording, list(wording.parts.inner_filters)))


def _filters(wording: Wording, left: list[exp.Expr]) -> Iterator[Filter]:
    conditions = Conditions(wording)
    while left:
        node = left.pop(0)
        if _is_join(wording, node):
            continue
        partner = next((other for other in left if _bounds(wording, node, other)), None)
        if partner is not None:
            left.remove(partner)
            low, high = _bounds(wording, node, partner) or (date.min, date.max)
            place = wording.parts.place(_column_side(node))
            words = conditions.period(wording.of(_column_side(node)), low, high)
            yield Filter((node, partner), words, place)
        else:
            yield Filter((node,), conditions.say(node), wording.parts.place(_column_side(node)))


def _is_join(wording: Wording, node: exp.Expr) -> bool:
    """Whether a condition only ties two tables together, as in a join written with WHERE."""
    if not isinstance(node, exp.EQ):
        return False
    places = wording.parts.place(node.left), wording.parts.place(node.right)
    return places[0] is not None and places[1] is not None and places[0].table.key != places[1].table.key


def _column_side(node: exp.Expr) -> exp.Expr | None:
    """The side of a comparison that is not a literal."""
    node = node.unnest()
    if isinstance(node, exp.Not):
        return _column_side(node.this)
    if isinstance(node, exp.Binary) and literal_of(node.left) is not None:
        return node.right
    return node.this if isinstance(node, exp.Binary | exp.Between | exp.In) else None


def _bounds(wording: Wording, one: exp.Expr, other: exp.Expr) -> tuple[date, date] | None:
    """First day and day after the last, when two conditions bound the same date column from below and above."""
    for low, high in ((one, other), (other, one)):
        if not isinstance(low, exp.GTE) or not isinstance(high, exp.LT | exp.LTE):
            continue
        start, end = day_of(literal_of(low.expression)), day_of(literal_of(high.expression))
        if start and end and low.this == high.this and wording.parts.grain(low.this) is None:
            return start, end if isinstance(high, exp.LT) else end + timedelta(days=1)
    return None


@dataclass(frozen=True)
class Conditions:
    """Says conditions in the language of `wording`."""

    wording: Wording

    def say(self, node: exp.Expr) -> str:
        """One condition in words; "" for one that has no short wording."""
        node = node.unnest()
        if isinstance(node, exp.Not):
            return self._not(node.this.unnest())
        return self._not(node) if node.args.get("negate") else self._said(node)

    def _said(self, node: exp.Expr) -> str:
        """A condition that is not negated."""
        if isinstance(node, exp.Or | exp.And):
            sides = self.say(node.left), self.say(node.right)
            key = "answering.either" if isinstance(node, exp.Or) else "answering.both"
            return self.wording.words.say(key, left=sides[0], right=sides[1]) if all(sides) else ""
        if isinstance(node, exp.Between):
            return self._between(node)
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, exp.Like | exp.ILike):
            return self._like(node)
        if isinstance(node, exp.Exists):
            return self.wording.words.say("answering.has", tables=self._tables(node)) + self._inside(node)
        return self._comparison(node)

    def period(self, of: str, start: date, end: date) -> str:
        """ "order date in 2024" for the days from `start` up to but without `end`."""
        words, figures = self.wording.words, self.wording.figures
        span = period_name(start, end)
        if span:
            return words.say("answering.in_period", of=of, period=figures.show(start, Style(grain=span)))
        last = end - timedelta(days=1)
        return words.say("answering.from_until", of=of, start=figures.show(start), end=figures.show(last))

    def _not(self, node: exp.Expr) -> str:
        words = self.wording.words
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return words.say("answering.is_filled", of=self.wording.of(node.this))
        if isinstance(node, exp.Exists):
            return words.say("answering.has_no", tables=self._tables(node)) + self._inside(node)
        inner = self._said(node)
        return words.say("answering.not", condition=inner) if inner else ""

    def _tables(self, node: exp.Expr) -> str:
        """The tables an inner query reads, in words."""
        found = (self.wording.parts.table_of(table) for table in node.find_all(exp.Table))
        return self.wording.listed(self.wording.table(table) for table in found if table)

    def _inside(self, node: exp.Expr) -> str:
        """What an inner query asks of its own rows, in brackets; what ties it to the outer one is left out."""
        inner = node.find(exp.Select)
        clause = inner.args.get("where") if inner is not None else None
        found = [c for c in conjuncts(clause.this) if not _is_join(self.wording, c)] if clause is not None else []
        said = [words for condition in found if (words := self.say(condition))]
        if not said:
            return ""
        return self.wording.words.say("answering.where", filters=self.wording.words.say("answering.comma").join(said))

    def _comparison(self, node: exp.Expr) -> str:
        key = _COMPARISONS.get(type(node))
        if key is None or not isinstance(node, exp.Binary):
            return ""
        left, right = node.left, node.right
        if literal_of(left) is not None and literal_of(right) is None:
            left, right, key = right, left, _MIRRORED.get(key, key)
        words, grain = self.wording.words, self.wording.parts.grain(left)
        of = self.wording.of(grain.date if grain and key == "is" else left)
        if of and isinstance(right, exp.Null):
            return words.say("answering.is_empty", of=of)
        value = self._value(right, left)
        if not (of and value):
            return ""
        if grain and key == "is":
            return words.say("answering.in_period", of=of, period=value)
        if day_of(literal_of(right)) or moment_of(right):
            key = _DATE_WORDS.get(key, key)
        return words.say(f"answering.{key}", of=of, value=value)

    def _value(self, node: exp.Expr, beside: exp.Expr) -> str:
        """What a column is compared with, in words: a literal, a day, another column, an inner query's result."""
        wording, literal, moment = self.wording, literal_of(node), moment_of(node)
        if isinstance(node, exp.Boolean):
            return wording.words.show(bool(node.this))
        if moment is not None:
            return self._moment(moment)
        if literal is None:
            inner = node.find(exp.Select)
            if inner is not None:
                return wording.of(inner.selects[0]) if inner.selects else ""
            return wording.of(node) if node.find(exp.Column) else ""
        grain, day, place = wording.parts.grain(beside), day_of(literal), wording.parts.place(beside)
        if grain:
            return wording.figures.show(literal, Style(grain=grain.unit))
        if day:
            return wording.figures.show(day)
        if isinstance(literal, str):
            return wording.words.say("answering.quoted", text=literal)
        return wording.figures.show(literal, Style(plain=place is not None and digits_are_a_name(place.column.name)))

    def _moment(self, moment: Moment) -> str:
        """A day that depends on today: "30 days ago", "the start of this month"."""
        say = self.wording.words.say
        if moment.count is None:
            return say(f"answering.start_of_{moment.unit}")
        return say("answering.today") if not moment.count else say(f"answering.ago_{moment.unit}", n=moment.count)

    def _between(self, node: exp.Between) -> str:
        low, high = node.args["low"], node.args["high"]
        of, start, end = self.wording.of(node.this), day_of(literal_of(low)), day_of(literal_of(high))
        if of and start and end:
            return self.period(of, start, end + timedelta(days=1))
        values = self._value(low, node.this), self._value(high, node.this)
        if not (of and all(values)):
            return ""
        return self.wording.words.say("answering.between", of=of, low=values[0], high=values[1])

    def _in(self, node: exp.In) -> str:
        wording, of, query = self.wording, self.wording.of(node.this), node.args.get("query")
        if query is not None:
            among = wording.words.say("answering.among", of=of, tables=self._tables(query))
            return among + self._inside(query) if of else ""
        values = [self._value(item, node.this) for item in node.expressions]
        if not (of and all(values)):
            return ""
        return wording.words.say("answering.one_of", of=of, values=wording.listed(values, by="either"))

    def _like(self, node: exp.Like | exp.ILike) -> str:
        of, pattern = self.wording.of(node.this), literal_of(node.expression)
        if not of or not isinstance(pattern, str):
            return ""
        open_ends = pattern.startswith("%"), pattern.endswith("%")
        key = {(True, True): "contains", (False, True): "starts", (True, False): "ends"}.get(open_ends, "is")
        quoted = self.wording.words.say("answering.quoted", text=pattern.strip("%"))
        return self.wording.words.say(f"answering.{key}", of=of, value=quoted)
