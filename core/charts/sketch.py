"""A chart about to be drawn: its rows as named, escaped marks along a scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.charts.axes import Scale, scale
from core.charts.columns import Reading, number, read_columns
from core.charts.look import Look
from core.charts.spec import ChartSpec
from core.charts.text import full, label, plain, short, value_name
from core.connections.result import ResultTable
from core.i18n import Words


@dataclass(frozen=True)
class Marks:
    """One line or one colour of bars: its name, and for each of its marks the key on the axis and the value."""

    name: str
    keys: tuple[str, ...]
    values: tuple[float | None, ...]
    hovers: tuple[str, ...]


@dataclass(frozen=True)
class Sketch:
    """A chart about to be drawn. All names it gives are escaped."""

    spec: ChartSpec
    table: ResultTable
    labels: Sequence[str] | None
    words: Words
    look: Look

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        return read_columns(self.table)

    @property
    def x(self) -> int:
        return self.spec.x or 0

    def cells(self, place: int) -> list[Any]:
        return [row[place] for row in self.table.rows]

    def name(self, place: int) -> str:
        return plain(label(self.table, place, self.labels))

    def value(self, row: Sequence[Any], place: int) -> str:
        return plain(value_name(row[place], self.readings[place].grain, self.words))

    def full(self, value: object) -> str:
        return full(value)

    def short(self, value: float | None) -> str:
        return "" if value is None else short(value, self.words.language)

    @property
    def title(self) -> str:
        """The measures by what they are shown."""
        measures = self.words.say("charts.and").join(self.name(place) for place in self.spec.y)
        return begun(self.words.say("charts.title", measure=measures, x=self.name(self.x)))

    def scale(self, place: int, *, dates: bool = False, apart: bool = False) -> Scale:
        return scale(self.cells(place), self.readings[place], self.words, dates=dates, apart=apart)

    def groups(self, found: Scale) -> list[Marks]:
        """One for each value of the series, or one for each measure."""
        if self.spec.series is None:
            everything = range(len(self.table.rows))
            return [self._marks(self.name(place), everything, place, found) for place in self.spec.y]
        series = self.scale(self.spec.series)
        return [
            self._marks(name, [row for row, key in enumerate(series.keys) if key == name], self.spec.y[0], found)
            for name in series.order
        ]

    def _marks(self, name: str, rows: Sequence[int], measure: int, found: Scale) -> Marks:
        placed = {key: at for at, key in enumerate(found.order)}
        kept = sorted((row for row in rows if found.keys[row] is not None), key=lambda r: placed[str(found.keys[r])])
        cells = [self.table.rows[row][measure] for row in kept]
        return Marks(
            name,
            tuple(str(found.keys[row]) for row in kept),
            tuple(number(cell) for cell in cells),
            tuple(f"{name}: <b>{self.full(cell)}</b>" for cell in cells),
        )


def begun(text: str) -> str:
    """A text as a line begins: with a capital."""
    return text[:1].upper() + text[1:]
