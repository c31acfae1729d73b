"""What a chart is: its kind and which columns go where; and whether that fits the rows."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.charts.columns import Role, number, read_columns, same
from core.connections.result import ResultTable
from core.errors import InvalidInput
from core.i18n import Phrase


class ChartKind(StrEnum):
    NUMBER = "number"
    LINE = "line"
    BAR = "bar"
    GROUPED = "grouped"
    STACKED = "stacked"
    AREA = "area"
    SCATTER = "scatter"
    PIE = "pie"
    HEATMAP = "heatmap"
    TABLE = "table"


@dataclass(frozen=True)
class ChartSpec:
    """Which columns of a result go where, by position. `series` splits the marks by a third column's values.

    `y` holds one or more measures. A spec that does not fit its rows is refused when it is drawn.
    """

    kind: ChartKind
    x: int | None = None
    y: tuple[int, ...] = ()
    series: int | None = None


@dataclass(frozen=True)
class _Form:
    """What a kind of chart needs: an x or not, how many measures, whether a series may or must split them."""

    x: bool
    measures: range
    series: bool = False
    split: bool = False


MOST_PARTS = 6
MOST_SERIES = 40
MOST_MARKS = 6000
_FORMS = {
    ChartKind.NUMBER: _Form(x=False, measures=range(1, 5)),
    ChartKind.LINE: _Form(x=True, measures=range(1, 9), series=True),
    ChartKind.AREA: _Form(x=True, measures=range(1, 9), series=True),
    ChartKind.BAR: _Form(x=True, measures=range(1, 2)),
    ChartKind.GROUPED: _Form(x=True, measures=range(1, 9), series=True, split=True),
    ChartKind.STACKED: _Form(x=True, measures=range(1, 9), series=True, split=True),
    ChartKind.SCATTER: _Form(x=True, measures=range(1, 2), series=True),
    ChartKind.PIE: _Form(x=True, measures=range(1, 2)),
    ChartKind.HEATMAP: _Form(x=True, measures=range(1, 2), series=True, split=True),
    ChartKind.TABLE: _Form(x=False, measures=range(9)),
}


def validate(spec: ChartSpec, table: ResultTable) -> None:
    """Comes back if `spec` can be drawn from these rows; else raises `InvalidInput` that says what does not fit."""
    if spec.kind is ChartKind.TABLE:
        return
    form = _FORMS[spec.kind]
    used = [place for place in (spec.x, *spec.y, spec.series) if place is not None]
    _need(all(0 <= place < len(table.columns) for place in used), "no_column")
    _need(len(set(used)) == len(used), "twice")
    _need(bool(table.rows), "no_rows")
    _need(len(table.rows) * len(spec.y) <= MOST_MARKS, "too_many", most=MOST_MARKS)
    _need(len(spec.y) in form.measures, "measures", kind=spec.kind)
    _need(spec.x is not None or not form.x, "no_x", kind=spec.kind)
    _need(spec.series is None or (form.series and len(spec.y) == 1), "series", kind=spec.kind)
    _need(not form.split or spec.series is not None or len(spec.y) > 1, "no_split", kind=spec.kind)
    for place in spec.y:
        _need(_numeric(table, place), "no_number", column=table.columns[place].name)
    if spec.series is not None:
        count = len({same(row[spec.series]) for row in table.rows})
        _need(count <= MOST_SERIES, "many_series", n=count, most=MOST_SERIES)
    if spec.kind is ChartKind.HEATMAP:
        _need(spec.series is not None, "no_split", kind=spec.kind)
    if spec.kind is ChartKind.PIE:
        _parts(spec, table)
    if spec.kind is ChartKind.SCATTER:
        role = read_columns(table)[spec.x or 0].role
        _need(role in (Role.MEASURE, Role.TIME), "no_x", kind=spec.kind)


def _parts(spec: ChartSpec, table: ResultTable) -> None:
    """A pie shows a few parts, none below zero, that make something together."""
    parts = [number(row[spec.y[0]]) for row in table.rows]
    _need(len(parts) <= MOST_PARTS, "many_parts", most=MOST_PARTS)
    _need(all(part is not None and part >= 0 for part in parts) and any(parts), "no_parts")


def _numeric(table: ResultTable, place: int) -> bool:
    """Whether every cell is a number or missing, and at least one can be drawn."""
    cells = [row[place] for row in table.rows if row[place] is not None]
    numbers = all(isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) for cell in cells)
    return numbers and any(number(cell) is not None for cell in cells)


def _need(met: bool, problem: str, **values: object) -> None:
    """Refuse the spec, saying which need is not met, unless it is."""
    if not met:
        shown = {k: Phrase(f"charts.{v.value}") if isinstance(v, ChartKind) else v for k, v in values.items()}
        raise InvalidInput(problem=Phrase(f"charts.unfit_{problem}", shown))
