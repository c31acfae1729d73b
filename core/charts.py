"""Choose a chart for rows, and draw it with Plotly from a validated specification."""

from dataclasses import dataclass
from enum import StrEnum


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
