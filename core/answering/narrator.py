"""What the rows mean, in one sentence: the number, the leader of a ranking, the way a trend went.

Written by rules from the rows and the query, in the question's language. The sentence is Markdown; whatever came from
cells, names or questions is escaped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from sqlglot import exp

from core.answering.conditions import filters_of
from core.answering.figures import Figures, Style
from core.answering.markdown import bold, escape
from core.answering.wording import Wording
from core.connections.result import ResultTable
from core.connections.schema import Kind, humanise
from core.i18n import Words

_LISTED = 5
_TIME_GRAINS = frozenset({"year", "quarter", "month", "week", "day"})
_DAYS = {"year": 366, "quarter": 92, "month": 31, "week": 7, "day": 1}


def tell(wording: Wording, table: ResultTable, now: datetime) -> str:
    """One or two sentences, as Markdown, about the rows of the query that `wording` speaks of."""
    return Story(wording, table, now).tell()


@dataclass(frozen=True)
class _Point:
    """One row as a name and an amount."""

    name: str
    amount: float
    shown: str
    cell: object


@dataclass(frozen=True)
class Story:
    """The rows of one answer, read as dimensions and measures. `now` says which period is not over yet.

    `limited` says that rows were left out that the person may not see: what is told then is told of the others.
    """

    wording: Wording
    table: ResultTable
    now: datetime
    limited: bool = False

    @property
    def words(self) -> Words:
        return self.wording.words

    @property
    def figures(self) -> Figures:
        return self.wording.figures

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each column is called."""
        if len(self.wording.labels) == len(self.table.columns):
            return self.wording.labels
        return tuple(humanise(column.name) or column.name for column in self.table.columns)

    @cached_property
    def styles(self) -> tuple[Style, ...]:
        """How each column's values are written."""
        styles = []
        for i, column in enumerate(self.table.columns):
            percent = self.wording.percent(i, column.name, [row[i] for row in self.table.rows[:200]])
            styles.append(Style(percent=percent) if percent else self.wording.style(i, column.name))
        return tuple(styles)

    @cached_property
    def measures(self) -> tuple[int, ...]:
        """The columns that hold amounts; the one that rows are ordered by comes first."""
        order = self.wording.parts.order
        found = [
            i
            for i, (column, style) in enumerate(zip(self.table.columns, self.styles, strict=True))
            if column.kind.numeric and not style.grain and not style.plain
        ]
        return tuple(sorted(found, key=lambda i: (order is None or i != order.position, i)))

    @cached_property
    def dimensions(self) -> tuple[int, ...]:
        """The columns that say what an amount belongs to."""
        return tuple(i for i in range(len(self.table.columns)) if i not in self.measures)

    def tell(self) -> str:
        """The sentence, with a note when the database had more rows than are shown."""
        sentence = self._among(self._sentence()) if self.limited else self._sentence()
        if self.table.truncated:
            sentence += self.words.say("answering.only_first", n=len(self.table.rows))
        return sentence

    def _sentence(self) -> str:
        rows = self.table.rows
        if not rows:
            return self._say("no_rows")
        if len(rows) == 1:
            return self._single()
        if not self.measures or not self.dimensions:
            return self._list()
        if self._is_trend():
            return self._trend(self.dimensions[0])
        return self._ranking()

    def _among(self, sentence: str) -> str:
        """The sentence, told of the rows that the person may see."""
        if not self.table.rows or (len(self.table.rows) == 1 and all(cell is None for cell in self.table.rows[0])):
            return self.words.say("rights.none", where=self.where)
        return f"{sentence[:-1]}{self.words.say('rights.of_visible')}{sentence[-1:]}"

    def show(self, position: int, row: Sequence[object]) -> str:
        """One cell in words, not escaped."""
        if self.limited and row[position] is None and position in self.measures:
            return self.words.say("rights.nothing")
        return self.figures.show(row[position], self.styles[position])

    def _say(self, name: str, /, **values: object) -> str:
        """A sentence of this area; `where` is what the query filters by."""
        return self.words.say(f"answering.{name}", where=self.where, **values)

    @cached_property
    def where(self) -> str:
        """The filters in brackets, escaped; "" where there are none that can be said in few words."""
        said = [f.words for f in filters_of(self.wording) if f.words]
        if not said or len(said) > 3:
            return ""
        return self.words.say("answering.where", filters=escape(self.words.say("answering.comma").join(said), 200))

    def _single(self) -> str:
        """One row: a number, a name, or several facts."""
        row = self.table.rows[0]
        if all(cell is None for cell in row):
            return self._say("no_value", label=escape(self.wording.listed(self.labels)))
        if len(row) == 1:
            return self._one_value(row)
        subject, order, limit = self._subject(), self.wording.parts.order, self.wording.parts.limit
        name = "" if subject is None else bold(self.show(subject, row))
        if name and order and limit == 1 and order.position in self.measures:
            key, top = "leader" if order.descending else "last", order.position
            return self._say(key, name=name, measure=escape(self.labels[top]), value=bold(self.show(top, row)), more="")
        facts = [f"{escape(self.labels[i])} {bold(self.show(i, row))}" for i in range(len(row)) if i != subject]
        listed = self.words.say("answering.comma").join(facts[:6])
        return self._say("facts_of", name=name, facts=listed) if name else self._say("facts", facts=_capital(listed))

    def _subject(self) -> int | None:
        """The column that names what a single row is about; what was calculated names nothing."""
        selects = self.wording.parts.selects
        named = [i for i in self.dimensions if not selects or self.wording.parts.aggregate(selects[i]) is None]
        return named[0] if named else None

    def _one_value(self, row: Sequence[object]) -> str:
        shown = bold(self.show(0, row))
        select = self.wording.parts.selects[0] if self.wording.parts.selects else None
        count = self.wording.parts.aggregate(select)
        if isinstance(count, exp.Count) and not isinstance(count.this, exp.Distinct) and row[0] not in (1, None):
            counted = self.wording.counted(count)
            if counted:
                return self._say("there_are", value=shown, table=escape(self.wording.many(counted)))
        return self._say("one_value", label=escape(self.labels[0]), value=shown)

    def _list(self) -> str:
        """Rows without amounts: how many there are, and the first names."""
        texts = [i for i, column in enumerate(self.table.columns) if column.kind is Kind.TEXT]
        position = texts[0] if texts else 0
        names = list(dict.fromkeys(escape(self.show(position, row), 60) for row in self.table.rows[: _LISTED + 1]))
        left = len(self.table.rows) - len(names[:_LISTED])
        more = [self.words.say("answering.others", n=left)] if left > 0 else []
        listed = self.wording.listed([*names[:_LISTED], *more], most=_LISTED + 1)
        count = self.figures.show(len(self.table.rows)) + ("+" if self.table.truncated else "")
        return self._say("list", n=bold(count), names=listed)

    def _points(self, dimensions: Sequence[int], measure: int) -> list[_Point]:
        """The rows that have an amount, as names and amounts."""
        points = []
        for row in self.table.rows:
            amount = _amount(row[measure])
            if amount is not None:
                name = " · ".join(self.show(i, row) for i in dimensions)
                points.append(_Point(name, amount, self.show(measure, row), row[dimensions[0]]))
        return points

    def _ranking(self) -> str:
        """Who comes first, with its part of the whole where parts add up to one."""
        measure, order = self.measures[0], self.wording.parts.order
        lowest = order is not None and order.position == measure and not order.descending
        points = self._points(self.dimensions[:2], measure)
        if not points:
            return self._list()
        points.sort(key=lambda p: p.amount, reverse=not lowest)
        best = [p for p in points if p.amount == points[0].amount]
        if len(best) == len(points):
            return self._say(
                "all_equal", n=len(points), measure=escape(self.labels[measure]), value=bold(points[0].shown)
            )
        name = self._names(best)
        more = self._share(points, measure) if len(best) == 1 and not lowest else ""
        if not more and len(best) == 1:
            more = self.words.say("answering.follows", name=bold(points[1].name), value=bold(points[1].shown))
        key = ("last" if lowest else "leader") + ("s" if len(best) > 1 else "")
        return self._say(key, name=name, measure=escape(self.labels[measure]), value=bold(points[0].shown), more=more)

    def _names(self, points: Sequence[_Point]) -> str:
        shown = [bold(p.name) for p in points[:3]]
        if len(points) > 3:
            shown.append(self.words.say("answering.others", n=len(points) - 3))
        return self.wording.listed(shown)

    def _share(self, points: Sequence[_Point], measure: int) -> str:
        """The leader's part of the total, when all rows are there and their amounts add up; "" otherwise."""
        parts = self.wording.parts
        if self.table.truncated or parts.limit is not None or measure >= len(parts.selects):
            return ""
        aggregate = parts.aggregate(parts.selects[measure])
        additive = isinstance(aggregate, exp.Sum | exp.Count) and not isinstance(aggregate.this, exp.Distinct)
        total = math.fsum(p.amount for p in points)
        if not additive or total <= 0 or any(p.amount < 0 for p in points):
            return ""
        cents = any(
            isinstance(row[measure], Decimal) and row[measure].as_tuple().exponent == -2 for row in self.table.rows
        )
        whole = Decimal(str(total)).quantize(Decimal("0.01")) if cents or total != int(total) else int(total)
        return self.words.say(
            "answering.share",
            share=self.figures.share(points[0].amount, total),
            total=escape(self.figures.show(whole, self.styles[measure])),
            n=len(points),
        )

    def _is_trend(self) -> bool:
        """Whether the rows are one amount after another in time."""
        if len(self.dimensions) != 1:
            return False
        position = self.dimensions[0]
        cells = [row[position] for row in self.table.rows]
        timely = self.styles[position].grain in _TIME_GRAINS or self.table.columns[position].kind.temporal
        order = self.wording.parts.order
        ranked = order is not None and order.position in self.measures
        return timely and not ranked and None not in cells and len(set(cells)) == len(cells)

    def _trend(self, position: int) -> str:
        """From the first period to the last one that is over, and the highest between."""
        measure = self.measures[0]
        points = sorted(self._points((position,), measure), key=lambda p: str(p.cell))
        if len(points) < 2:
            return self._list()
        running = points[-1] if self._not_over(points[-1].cell, self.styles[position].grain) else None
        whole = points[:-1] if running and len(points) > 2 else points
        first, last, top = whole[0], whole[-1], max(whole, key=lambda p: p.amount)
        change = self.figures.change(first.amount, last.amount)
        sentence = self._say(
            "trend",
            measure=escape(_capital(self.labels[measure])),
            before=bold(first.shown),
            start=escape(first.name),
            after=bold(last.shown),
            end=escape(last.name),
            change=self.words.say("answering.change", change=escape(change)) if change else "",
            top=self.words.say("answering.peak", value=bold(top.shown), period=escape(top.name))
            if top not in (first, last)
            else "",
        )
        if running:
            sentence += self.words.say("answering.not_over", period=escape(running.name), value=bold(running.shown))
        return sentence

    def _not_over(self, cell: object, grain: str) -> bool:
        """Whether today lies in the period that begins at `cell`, so that its amount will still grow."""
        start = _start(cell)
        if start is None or not grain:
            return False
        return 0 <= (self.now.date() - start).days < _DAYS.get(grain, 0) and _same_period(start, self.now.date(), grain)


def _start(cell: object) -> date | None:
    """The first day of a period, from a date, "2024-03", "2024" or 2024."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(int(cell)) if isinstance(cell, int | float | Decimal) else str(cell)
    try:
        return date.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))
    except ValueError:
        return None


def _same_period(start: date, today: date, grain: str) -> bool:
    if grain == "month":
        return (start.year, start.month) == (today.year, today.month)
    return grain != "year" or start.year == today.year


def _amount(cell: object) -> float | None:
    """A cell as a number that can be compared; None for an empty one and for not-a-number."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return None
    return float(cell) if math.isfinite(cell) else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
