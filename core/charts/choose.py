"""The charts that suit some rows, by rules: what the columns are, how many values they have, what the question asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from core.charts.columns import Grain, Reading, Role, number, read_columns, same
from core.charts.spec import MOST_MARKS, MOST_PARTS, ChartKind, ChartSpec
from core.connections.result import ResultTable
from core.connections.schema import humanise

MOST_CATEGORIES = 50
_MOST_LINES, _MOST_GROUPS, _MOST_BARS_IN_GROUPS = 8, 6, 60
_MOST_HEAT_ROWS, _ALIKE = 40, 25.0
_NOT_ADDITIVE = re.compile(
    r"\b(?:avg|average|mean|median|rate|ratio|percent|percentage|pct|share|max|maximum|min|minimum|highest|lowest|price|"
    r"score|rating|margin|per|growth|change|rank|latest|days|age|stddev|variance)\b"
    r"|平均|均价|率|比|占|最高|最低|最大|最小|单价|价格|评分|中位|增长|排名|天数|年龄"
)
_SHARES = re.compile(r"\b(?:percent|percentage|pct|share|proportion)\b|占比|比例|百分比|份额")
_ASKED = (
    (ChartKind.TABLE, re.compile(r"\b(?:as a table|in a table|tabular)\b|表格|列表")),
    (ChartKind.PIE, re.compile(r"\b(?:pie|donut|doughnut)\b|饼图|环形图")),
    (ChartKind.STACKED, re.compile(r"\bstacked\b|堆叠|堆积")),
    (ChartKind.AREA, re.compile(r"\barea chart\b|面积图")),
    (ChartKind.HEATMAP, re.compile(r"\bheat ?map\b|热力图|热图")),
    (ChartKind.SCATTER, re.compile(r"\b(?:scatter|correlat\w+|relationship between)\b|散点|相关性|关系")),
    (ChartKind.GROUPED, re.compile(r"\b(?:grouped|side by side)\b|分组柱|并列")),
    (ChartKind.LINE, re.compile(r"\b(?:line chart|line graph|trend|over time)\b|折线|趋势|走势")),
    (ChartKind.BAR, re.compile(r"\b(?:bar chart|bar graph|bars|columns? chart)\b|柱状|条形")),
    (ChartKind.PIE, re.compile(r"\b(?:share|proportion|breakdown|percentage of|make ?up of)\b|占比|构成|比例|份额")),
)


def choose(table: ResultTable, question: str = "") -> tuple[ChartSpec, ...]:
    """The charts that suit these rows, best first, at most one of each kind; a table is always among them.

    Words of the question ("as a pie", "趋势") move the chart they name to the front where it suits the rows.
    """
    suiting: list[ChartSpec] = []
    for spec in (*_Rows(table).charts(), ChartSpec(ChartKind.TABLE)):
        if all(spec.kind is not other.kind for other in suiting):
            suiting.append(spec)
    for kind, words in _ASKED:
        found = next((spec for spec in suiting if spec.kind is kind), None)
        if found and words.search(question.lower()):
            return (found, *(spec for spec in suiting if spec != found))
    return tuple(suiting)


@dataclass(frozen=True)
class _Rows:
    """Rows with what their columns are."""

    table: ResultTable

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        return read_columns(self.table)

    def places(self, role: Role) -> list[int]:
        """The columns of this role. One that never changes tells no rows apart and is left out, unless it measures."""
        return [
            place
            for place, reading in enumerate(self.readings)
            if reading.role is role and (reading.distinct > 1 or role is Role.MEASURE or len(self.table.rows) == 1)
        ]

    def charts(self) -> Iterator[ChartSpec]:
        """What suits, best first, without the table."""
        rows, measures = len(self.table.rows), self.places(Role.MEASURE)
        times, categories = self.places(Role.TIME), self.places(Role.CATEGORY)
        if not measures or not rows or rows > MOST_MARKS:
            return
        if rows == 1:
            yield from self._one_row(measures)
        elif times:
            yield from self._over_time(times, categories, measures)
        elif categories:
            yield from self._by_category(categories, measures)
        elif len(measures) > 1:
            yield from self._measures_only(measures)
        elif keys := self.places(Role.KEY):
            yield from self._bars(keys[0], measures)

    def _one_row(self, measures: list[int]) -> Iterator[ChartSpec]:
        if len(measures) <= 4:
            named = [p for p, reading in enumerate(self.readings) if reading.role in (Role.CATEGORY, Role.TIME)]
            yield ChartSpec(ChartKind.NUMBER, x=named[0] if len(named) == 1 else None, y=tuple(measures))

    def _over_time(self, times: list[int], categories: list[int], measures: list[int]) -> Iterator[ChartSpec]:
        finest = self._finest(times)
        others = [place for place in (*times, *categories) if place != finest]
        split = next((place for place in others if self._unique(finest, place)), None)
        if self._unique(finest) and not (categories and self._unique(categories[0])):
            yield from self._one_line(finest, measures)
        elif categories and self._unique(categories[0]):
            yield from self._by_category(categories, measures)
            if self._unique(finest):
                yield from self._one_line(finest, measures)
        elif split is not None:
            yield from self._lines(finest, split, measures)
        elif not others and self.readings[finest].grain in (Grain.DAY, Grain.MOMENT):
            yield ChartSpec(ChartKind.SCATTER, finest, (measures[0],))

    def _finest(self, times: list[int]) -> int:
        """The time that goes along the axis: the one with the most values; of year and month, the month."""
        cyclic = [p for p in times if (grain := self.readings[p].grain) and grain.cyclic]
        return max(cyclic or times, key=lambda place: self.readings[place].distinct)

    def _one_line(self, time: int, measures: list[int]) -> Iterator[ChartSpec]:
        """One value at each time: a line, or bars for a few times."""
        main, alike = measures[0], self._alike(measures)
        few = len(self.table.rows) <= 2 or self.readings[time].grain is Grain.WEEKDAY
        bars = [ChartSpec(ChartKind.BAR, time, (main,))]
        if len(alike) > 1:
            bars = [ChartSpec(ChartKind.GROUPED, time, alike)]
        if few:
            yield from bars
        yield ChartSpec(ChartKind.LINE, time, alike)
        if not few:
            # The ground under a gap would be filled all the same, so there is no area where values are missing.
            if len(alike) == 1 and self._not_negative(main) and None not in [row[main] for row in self.table.rows]:
                yield ChartSpec(ChartKind.AREA, time, (main,))
            if len(self.table.rows) * len(alike) <= _MOST_BARS_IN_GROUPS:
                yield from bars

    def _lines(self, time: int, split: int, measures: list[int]) -> Iterator[ChartSpec]:
        """One value at each time for each of several things."""
        main = measures[0]
        steps, things = self.readings[time].distinct, self.readings[split].distinct
        line = ChartSpec(ChartKind.LINE, time, (main,), split)
        heat = ChartSpec(ChartKind.HEATMAP, time, (main,), split)
        if things > _MOST_HEAT_ROWS:
            return
        if steps <= 2:
            yield from self._groups(split, time, main)
            return
        if things > _MOST_LINES:
            yield heat
            return
        yield line
        # One year on top of another would add up to nothing.
        if self._stackable(main) and split in self.places(Role.CATEGORY):
            if steps <= 40:
                yield ChartSpec(ChartKind.STACKED, time, (main,), split)
            yield ChartSpec(ChartKind.AREA, time, (main,), split)
        if steps * things <= _MOST_BARS_IN_GROUPS and steps <= 12:
            yield ChartSpec(ChartKind.GROUPED, time, (main,), split)
        if things > 2:
            yield heat

    def _by_category(self, categories: list[int], measures: list[int]) -> Iterator[ChartSpec]:
        """One value for each thing, or for each pair of things."""
        label = next((place for place in categories if self._unique(place)), None)
        if label is None and len(categories) == 1 and self.places(Role.KEY):
            label = categories[0]
        if label is not None:
            yield from self._bars(label, measures)
            return
        for first, second in combinations(categories, 2):
            if self._unique(first, second):
                fewer, more = sorted((first, second), key=lambda place: self.readings[place].distinct)
                yield from self._groups(more, fewer, measures[0])
                return

    def _bars(self, label: int, measures: list[int]) -> Iterator[ChartSpec]:
        rows = len(self.table.rows)
        main, alike = self._main(measures), self._alike(measures)
        bars = ChartSpec(ChartKind.BAR, label, (main,))
        points = [ChartSpec(ChartKind.SCATTER, measures[0], (measures[1],))] if len(measures) > 1 and rows >= 8 else []
        if rows > MOST_CATEGORIES:
            yield from (ChartSpec(ChartKind.TABLE), *points)
            return
        grouped = len(alike) > 1 and main in alike and rows * len(alike) <= _MOST_BARS_IN_GROUPS
        pie = self._pie(label, main)
        if pie and self._shares(main):
            yield pie
        if grouped and not self._ranked(main):
            yield ChartSpec(ChartKind.GROUPED, label, alike)
        yield bars
        if grouped:
            yield ChartSpec(ChartKind.GROUPED, label, alike)
        if pie:
            yield pie
        yield from points

    def _groups(self, along: int, split: int, measure: int) -> Iterator[ChartSpec]:
        """One value for each pair: bars side by side while there are few, stacked or a heat map beyond."""
        many, few = self.readings[along].distinct, self.readings[split].distinct
        if few > _MOST_HEAT_ROWS or many > MOST_CATEGORIES * 2:
            return
        heat = ChartSpec(ChartKind.HEATMAP, along, (measure,), split)
        grouped, stacked = (
            ChartSpec(kind, along, (measure,), split) for kind in (ChartKind.GROUPED, ChartKind.STACKED)
        )
        filled = len(self.table.rows) / (many * few)
        if few > _MOST_LINES or many > MOST_CATEGORIES:
            if filled > 0.3:
                yield heat
            return
        if self._stackable(measure) and (filled < 0.6 or many * few > _MOST_BARS_IN_GROUPS or few > _MOST_GROUPS):
            yield stacked
            yield heat
        elif many * few > _MOST_BARS_IN_GROUPS:
            yield heat
        else:
            yield grouped
            if self._stackable(measure):
                yield stacked
            yield heat

    def _measures_only(self, measures: list[int]) -> Iterator[ChartSpec]:
        """Two numbers for each row: bars where the first is a short scale, else points."""
        first, second = measures[:2]
        cells = [number(row[first]) for row in self.table.rows]
        scale = all(cell is not None and cell == int(cell) for cell in cells) and self._unique(first)
        if scale and len(cells) <= MOST_CATEGORIES and max(map(abs, filter(None, cells)), default=0) <= 1000:
            yield ChartSpec(ChartKind.BAR, first, (second,))
        if len(cells) >= 3:
            yield ChartSpec(ChartKind.SCATTER, first, (second,))

    def _pie(self, label: int, measure: int) -> ChartSpec | None:
        """A pie where the rows are a few parts of a whole: nothing cut off, nothing negative, nothing averaged."""
        parts = [number(row[measure]) for row in self.table.rows]
        whole = 2 <= len(parts) <= MOST_PARTS and not self.table.truncated and all(parts)
        if not whole or not self._not_negative(measure) or not (self._additive(measure) or self._shares(measure)):
            return None
        return ChartSpec(ChartKind.PIE, label, (measure,))

    def _shares(self, measure: int) -> bool:
        """Whether these are shares of one whole: called so, and adding up to 1 or 100."""
        total = sum(number(row[measure]) or 0.0 for row in self.table.rows)
        called = _SHARES.search(humanise(self.table.columns[measure].name))
        return bool(called) and (abs(total - 1) < 0.01 or abs(total - 100) < 1)

    def _additive(self, measure: int) -> bool:
        return not _NOT_ADDITIVE.search(humanise(self.table.columns[measure].name))

    def _stackable(self, measure: int) -> bool:
        return self._additive(measure) and self._not_negative(measure)

    def _not_negative(self, measure: int) -> bool:
        return all((number(row[measure]) or 0) >= 0 for row in self.table.rows)

    def _unique(self, *places: int) -> bool:
        """Whether no two rows have the same values in these columns."""
        return len({tuple(same(row[place]) for place in places) for row in self.table.rows}) == len(self.table.rows)

    def _ranked(self, measure: int) -> bool:
        """Whether the rows go up or down by this measure."""
        cells = [cell for row in self.table.rows if (cell := number(row[measure])) is not None]
        return len(set(cells)) > 1 and cells in (sorted(cells), sorted(cells, reverse=True))

    def _main(self, measures: list[int]) -> int:
        """The measure the rows are ranked by, else the first."""
        return next((measure for measure in measures if self._ranked(measure)), measures[0])

    def _alike(self, measures: list[int]) -> tuple[int, ...]:
        """The first measure and those (up to four in all) whose size can share an axis with it."""

        def size(measure: int) -> float:
            return max((abs(number(row[measure]) or 0.0) for row in self.table.rows), default=0.0)

        first = measures[0]
        additive = self._additive(first)
        alike = [
            measure
            for measure in measures[1:]
            if size(first)
            and 1 / _ALIKE <= size(measure) / size(first) <= _ALIKE
            and self._additive(measure) == additive
        ]
        return (first, *alike[:3])
