"""Choose a chart for rows, and draw it with Plotly from a validated specification.

    choose(table, question)  the charts that suit the rows, best first
    validate(spec, table)    refuses a specification that does not fit
    draw(spec, table, …)     the figure; `st.plotly_chart(figure, config=PLOT_CONFIG, theme=None)`
    describe(spec, table, …) the same in words, for those who cannot see it

Nothing that a model wrote is run: a chart is a `ChartSpec`, and this package draws it.
"""

from collections.abc import Sequence
from typing import Any

from core.charts.choose import choose
from core.charts.spec import ChartKind, ChartSpec, validate
from core.charts.text import describe
from core.connections.result import ResultTable

__all__ = ["PLOT_CONFIG", "ChartKind", "ChartSpec", "choose", "describe", "draw", "validate"]

# Exported pages would offer to upload the figure to Plotly's cloud unless told not to.
PLOT_CONFIG: dict[str, Any] = {
    "showSendToCloud": False,
    "displaylogo": False,
    "displayModeBar": False,
    "responsive": True,
    "scrollZoom": False,
    "showTips": False,
    "doubleClick": "reset",
    "locale": "en",
}


def draw(
    spec: ChartSpec,
    table: ResultTable,
    *,
    labels: Sequence[str] | None = None,
    language: str = "en",
    dark: bool = False,
) -> Any:
    """A `plotly.graph_objects.Figure` of these rows. Raises `InvalidInput` when `spec` does not fit them.

    `labels` names each column of the table in business words, by position; without them, column names are used.
    """
    validate(spec, table)
    from core.charts.figure import figure  # Plotly takes a third of a second to load; choosing must not wait for it.

    return figure(spec, table, labels, language, dark)
