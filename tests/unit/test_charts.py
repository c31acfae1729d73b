"""Charts chosen from rows, drawn from specifications, and refused where they do not fit."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import charts
from core.charts import ChartKind, ChartSpec
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind
from core.errors import InvalidInput
from core.i18n import Words

CASES = sorted((Path(__file__).parents[1] / "cases" / "charts").glob("*.csv"))
READ: dict[str, Callable[[str], object]] = {
    "integer": int, "number": Decimal, "text": str, "date": date.fromisoformat, "timestamp": datetime.fromisoformat,
    "boolean": lambda text: text == "true",
}  # fmt: skip
MONTHS = [date(2025, month, 1) for month in range(1, 13)]
REGIONS = ["Western Europe", "East Asia", "North America"]


@dataclass(frozen=True)
class Case:
    table: ResultTable
    best: str
    then: list[str] | None
    question: str


def read_case(path: Path) -> Case:
    """A case file: a comment with what is expected, `name:kind` headers, then the rows."""
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    told = dict(part.strip().partition(": ")[::2] for part in first.lstrip("# ").split(";"))
    header, *rows = csv.reader(line for line in lines if line)
    columns = [ResultColumn(name, Kind(kind)) for name, kind in (cell.split(":") for cell in header)]
    cells = tuple(
        tuple(READ[c.kind.value](cell) if cell else None for c, cell in zip(columns, row, strict=True)) for row in rows
    )
    table = ResultTable(tuple(columns), cells, "truncated" in told, 0.01)
    return Case(table, told["best"], told["then"].split() if "then" in told else None, told.get("question", ""))


def table(columns: dict[str, Kind], *rows: tuple[Any, ...]) -> ResultTable:
    return ResultTable(tuple(ResultColumn(name, kind) for name, kind in columns.items()), rows, False, 0.01)


def by_month(series: bool = False) -> ResultTable:
    if series:
        rows = [(m, region, Decimal(100 * m.month + len(region))) for m in MONTHS for region in REGIONS]
        return table({"month": Kind.DATE, "region": Kind.TEXT, "revenue": Kind.NUMBER}, *rows)
    return table({"month": Kind.DATE, "revenue": Kind.NUMBER}, *[(m, Decimal(m.month) / 3) for m in MONTHS])


def by_region(*extra: str) -> ResultTable:
    columns = {"region": Kind.TEXT, "revenue": Kind.NUMBER, **dict.fromkeys(extra, Kind.NUMBER)}
    rows = [(r, *[Decimal(900 - 100 * i - at) for at in range(len(extra) + 1)]) for i, r in enumerate(REGIONS)]
    return table(columns, *rows)


def texts(figure: Any) -> list[str]:
    """Every string that the browser would get, the fonts' and colours' names included."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(json.loads(figure.to_json()))
    return found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_rows_get_the_chart_that_suits_them(path: Path) -> None:
    case = read_case(path)
    chosen = [spec.kind.value for spec in charts.choose(case.table, case.question)]
    assert chosen[0] == case.best
    if case.then is not None:
        assert chosen[1:] == case.then
    assert "table" in chosen


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_chart_that_is_offered_can_be_drawn_and_told(path: Path, language: str) -> None:
    case = read_case(path)
    for dark, spec in enumerate(charts.choose(case.table, case.question)):
        figure = charts.draw(spec, case.table, language=language, dark=bool(dark % 2))
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
        assert "Noto Sans SC" in figure.layout.font.family
        assert charts.describe(spec, case.table, Words(language))


def test_year_and_month_become_one_line_for_each_year() -> None:
    rows = [(year, month, year + month) for year in (2024, 2025) for month in range(1, 13)]
    found = table({"year": Kind.INTEGER, "month": Kind.INTEGER, "revenue": Kind.INTEGER}, *rows)
    assert charts.choose(found)[0] == ChartSpec(ChartKind.LINE, x=1, y=(2,), series=0)
    figure = charts.draw(charts.choose(found)[0], found)
    assert [trace.name for trace in figure.data] == ["2024", "2025"]
    assert figure.data[0].x[:3] == ("Jan", "Feb", "Mar")


def test_a_ranking_is_measured_by_what_it_is_ranked_by() -> None:
    rows = [("A", 5, 90), ("B", 7, 80), ("C", 6, 70)]
    found = table({"store": Kind.TEXT, "floor": Kind.INTEGER, "orders": Kind.INTEGER}, *rows)
    assert charts.choose(found)[0] == ChartSpec(ChartKind.BAR, x=0, y=(2,))


def test_a_line_goes_forward_in_time_whatever_the_order_of_the_rows() -> None:
    found = table({"month": Kind.TEXT, "orders": Kind.INTEGER}, ("2025-10", 3), ("2025-09", 2), ("2024-12", 1))
    figure = charts.draw(ChartSpec(ChartKind.LINE, 0, (1,)), found)
    assert list(figure.data[0].x) == ["2024-12-01T00:00:00", "2025-09-01T00:00:00", "2025-10-01T00:00:00"]
    assert list(figure.data[0].y) == [1, 2, 3]


def test_a_missing_value_is_a_gap() -> None:
    found = table({"month": Kind.TEXT, "orders": Kind.NUMBER}, ("2025-01", 3), ("2025-02", None), ("2025-03", 1))
    line = charts.draw(ChartSpec(ChartKind.LINE, 0, (1,)), found).data[0]
    assert list(line.y) == [3, None, 1]
    assert line.connectgaps is False


def test_numbers_without_end_are_missing() -> None:
    rows = [("A", float("inf")), ("B", float("nan")), ("C", Decimal("NaN")), ("D", 2.5), ("E", 10**400)]
    found = table({"store": Kind.TEXT, "ratio": Kind.NUMBER}, *rows)
    assert list(charts.draw(ChartSpec(ChartKind.BAR, 0, (1,)), found).data[0].y) == [None, None, None, 2.5, None]


def test_a_title_begins_with_a_capital_and_goes_on_without() -> None:
    figure = charts.draw(ChartSpec(ChartKind.LINE, 0, (1,)), by_month(), labels=("month", "total revenue"))
    assert figure.layout.title.text == "Total revenue by month"


def test_long_names_lie_flat_with_the_first_on_top() -> None:
    rows = [(f"A rather long name of product {i}", 100 - i) for i in range(6)]
    found = table({"product": Kind.TEXT, "orders": Kind.INTEGER}, *rows)
    figure = charts.draw(ChartSpec(ChartKind.BAR, 0, (1,)), found)
    assert figure.data[0].orientation == "h"
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.yaxis.categoryarray[0] == "A rather long name of product 0"
    assert len(figure.layout.yaxis.ticktext[0]) <= 30


@pytest.mark.parametrize(("name", "flat"), [("峡湾葡萄酒杯", True), ("餐盘", False)])
def test_names_that_would_run_into_each_other_lie_flat(name: str, flat: bool) -> None:
    rows = [(f"{name}{i}", 100 - i) for i in range(10)]
    found = table({"product": Kind.TEXT, "orders": Kind.INTEGER}, *rows)
    bars = charts.draw(ChartSpec(ChartKind.BAR, 0, (1,)), found).data[0]
    assert (bars.orientation == "h") is flat


def test_a_key_is_not_written_as_an_amount() -> None:
    found = table({"order_id": Kind.INTEGER, "revenue": Kind.NUMBER}, (120034, 5), (120035, 4))
    assert list(charts.draw(charts.choose(found)[0], found).data[0].x) == ["120034", "120035"]


def test_two_people_of_one_name_keep_two_bars() -> None:
    found = table({"name": Kind.TEXT, "orders": Kind.INTEGER}, ("Li Wei", 5), ("Li Wei", 4), (None, 1))
    bars = charts.draw(ChartSpec(ChartKind.BAR, 0, (1,)), found).data[0]
    assert list(bars.x) == ["Li Wei", "Li Wei (2)", "empty"]


@pytest.mark.parametrize(
    ("language", "marks"), [("en", ["0", "1M", "2M", "3M"]), ("zh", ["0", "100万", "200万", "300万"])]
)
def test_axes_are_written_short_in_the_language_of_the_reader(language: str, marks: list[str]) -> None:
    found = table({"region": Kind.TEXT, "revenue": Kind.NUMBER}, ("A", 2_900_000), ("B", 800_000))
    figure = charts.draw(ChartSpec(ChartKind.AREA, 0, (1,)), found, language=language)
    assert list(figure.layout.yaxis.ticktext) == marks


def test_chinese_labels_and_months_are_shown_in_chinese() -> None:
    spec = charts.choose(by_month(series=True))[0]
    figure = charts.draw(spec, by_month(series=True), labels=["月份", "区域", "销售额"], language="zh")
    assert figure.layout.title.text == "销售额 · 按月份"
    assert "月" in figure.layout.xaxis.tickformat
    told = charts.describe(spec, by_month(series=True), Words("zh"), ["月份", "区域", "销售额"])
    assert "按月份和区域显示销售额" in told
    assert "2025年12月" in told


def test_what_is_told_names_the_highest_and_the_lowest() -> None:
    told = charts.describe(ChartSpec(ChartKind.BAR, 0, (1,)), by_region(), Words("en"))
    assert told == "Chart (Bar): Revenue by Region, 3 values. " \
                   "Highest: Western Europe with 900. Lowest: North America with 700."  # fmt: skip


HOSTILE = "<a href='javascript:alert(1)'>%{x}<b>bold</b><img src=x onerror=alert(1)></a>&lt;\x07\n"


@pytest.mark.parametrize("kind", list(ChartKind))
def test_markup_in_cells_and_names_never_reaches_the_browser_raw(kind: ChartKind) -> None:
    rows = [(f"{i} {HOSTILE}", f"{HOSTILE} {i % 2}", 10 - i, 5 + i) for i in range(6)]
    columns = {f"x {HOSTILE}": Kind.TEXT, f"s {HOSTILE}": Kind.TEXT, f"y {HOSTILE}": Kind.INTEGER, "z": Kind.INTEGER}
    found = table(columns, *rows)
    split = {ChartKind.GROUPED, ChartKind.STACKED, ChartKind.HEATMAP, ChartKind.LINE, ChartKind.AREA}
    spec = ChartSpec(kind, 0, (2,), 1 if kind in split else None)
    if kind is ChartKind.SCATTER:
        spec = ChartSpec(kind, 3, (2,), 1)
    if kind is ChartKind.TABLE:
        spec = ChartSpec(kind)
    for labels in (None, list(columns)):
        sent = texts(charts.draw(spec, found, labels=labels))
        assert any("&lt;" in text for text in sent)
        for text in sent:
            own = re.sub(r"</?b>|<br>|<extra></extra>", "", text)
            assert "<" not in own, text
            assert "\x07" not in text
        figure = charts.draw(spec, found, labels=labels)
        templates = (
            [t for trace in figure.data for t in (trace["hovertemplate"],) if t] if kind is not ChartKind.TABLE else []
        )
        assert set(templates) <= {"%{customdata}<extra></extra>"}


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (ChartSpec(ChartKind.BAR, 0, (9,)), "column"),
        (ChartSpec(ChartKind.BAR, -1, (1,)), "column"),
        (ChartSpec(ChartKind.BAR, 1, (1,)), "twice"),
        (ChartSpec(ChartKind.BAR, None, (1,)), "axis"),
        (ChartSpec(ChartKind.BAR, 0, ()), "measures"),
        (ChartSpec(ChartKind.BAR, 0, (1, 2)), "measures"),
        (ChartSpec(ChartKind.BAR, 1, (0,)), "numbers"),
        (ChartSpec(ChartKind.BAR, 0, (1,), 2), "split"),
        (ChartSpec(ChartKind.GROUPED, 0, (1,)), "splits"),
        (ChartSpec(ChartKind.HEATMAP, 0, (1,)), "splits"),
        (ChartSpec(ChartKind.SCATTER, 0, (1,)), "axis"),
        (ChartSpec(ChartKind.NUMBER), "measures"),
        (ChartSpec(ChartKind.LINE, 0, (1, 2), 0), "twice"),
    ],
)
def test_a_specification_that_does_not_fit_is_refused_with_its_reason(spec: ChartSpec, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        charts.draw(spec, by_region("cost"))


def test_parts_below_zero_or_too_many_are_no_pie() -> None:
    loss = table({"store": Kind.TEXT, "profit": Kind.INTEGER}, ("A", 5), ("B", -1))
    with pytest.raises(InvalidInput, match="below zero"):
        charts.validate(ChartSpec(ChartKind.PIE, 0, (1,)), loss)
    many = table({"store": Kind.TEXT, "profit": Kind.INTEGER}, *[(f"S{i}", i + 1) for i in range(7)])
    with pytest.raises(InvalidInput, match="6 parts"):
        charts.validate(ChartSpec(ChartKind.PIE, 0, (1,)), many)


def test_no_rows_and_too_many_rows_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no rows"):
        charts.validate(ChartSpec(ChartKind.BAR, 0, (1,)), table({"a": Kind.TEXT, "b": Kind.INTEGER}))
    crowd = table({"a": Kind.NUMBER, "b": Kind.INTEGER}, *[(i * 1.5, i) for i in range(7000)])
    with pytest.raises(InvalidInput, match="too many"):
        charts.validate(ChartSpec(ChartKind.SCATTER, 0, (1,)), crowd)
    assert charts.choose(crowd) == (ChartSpec(ChartKind.TABLE),)


def test_yes_and_no_are_not_numbers() -> None:
    found = table({"a": Kind.TEXT, "b": Kind.BOOLEAN}, ("x", True), ("y", False))
    with pytest.raises(InvalidInput, match="numbers"):
        charts.validate(ChartSpec(ChartKind.BAR, 0, (1,)), found)


def test_stacks_add_up_within_the_axis() -> None:
    figure = charts.draw(ChartSpec(ChartKind.STACKED, 0, (2,), 1), by_month(series=True))
    highest = max(sum(trace.y[place] for trace in figure.data) for place in range(12))
    assert figure.layout.yaxis.range[1] >= highest


def test_plotly_never_offers_to_upload_a_chart() -> None:
    assert charts.PLOT_CONFIG["showSendToCloud"] is False
    assert charts.PLOT_CONFIG["displaylogo"] is False


def test_choosing_does_not_load_plotly() -> None:
    code = "import sys, core.charts; sys.exit('plotly' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


CELLS = {
    Kind.INTEGER: st.integers(-(10**12), 10**12) | st.integers(1, 12) | st.integers(1990, 2030),
    Kind.NUMBER: st.decimals(allow_nan=True, allow_infinity=False, places=2) | st.floats() | st.integers(),
    Kind.TEXT: st.text(max_size=8) | st.sampled_from(["2025-01", "2025-02", "2025-02-30", "Q1", "Mon", "<b>"]),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.dates(),
    Kind.TIMESTAMP: st.datetimes(),
    Kind.TIME: st.times(),
    Kind.OTHER: st.binary(max_size=4),
}
NAMES = st.sampled_from(
    ["month", "year", "id", "revenue", "share", "quarter", "region", "week", "hour", "销售额", "月份", ""]
)


@st.composite
def tables(draw: st.DrawFn) -> ResultTable:
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4))
    rows = draw(st.integers(0, 12))
    cells = [draw(st.lists(st.none() | CELLS[kind], min_size=rows, max_size=rows)) for kind in kinds]
    columns = tuple(ResultColumn(draw(NAMES), kind) for kind in kinds)
    return ResultTable(columns, tuple(zip(*cells, strict=True)), False, 0.0)


@given(tables(), st.sampled_from(["en", "zh"]))
@settings(max_examples=60, deadline=None, database=None)
def test_whatever_the_rows_every_chart_offered_fits_and_draws(found: ResultTable, language: str) -> None:
    offered = charts.choose(found)
    assert offered[-1].kind is ChartKind.TABLE or offered[0].kind is ChartKind.TABLE
    for spec in offered:
        charts.validate(spec, found)
        charts.draw(spec, found, language=language).to_json()
        charts.describe(spec, found, Words(language))
