"""Charts in words: numbers short and in full, names of values, and the whole chart for those who cannot see it."""

import html
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from math import floor, log10

from core.charts.columns import Grain, number, point, read_columns
from core.charts.spec import ChartKind, ChartSpec
from core.connections.result import ResultTable
from core.connections.schema import humanise
from core.i18n import Words

_UNITS = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")),
    "zh": ((1e12, "万亿"), (1e8, "亿"), (1e4, "万")),
}
_SHORT_FROM = 10_000
_TOO_LONG = 10**15
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plain(text: str, most: int = 80) -> str:
    """A text from the data as Plotly may show it: cut, on one line, its markup shown and not followed."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    cut = line if len(line) <= most else line[: most - 1].rstrip() + "…"
    return html.escape(cut, quote=False)


def short(value: float, language: str, *, beside: float = 0.0) -> str:
    """A number as on an axis or a bar: 8.18M or 818万; in units from 10,000 on, or `beside` a number so large."""
    size, sign = 1.0, ""
    if max(abs(value), beside) >= _SHORT_FROM:
        fitting = ((unit, name) for unit, name in _UNITS[language] if abs(value) >= unit * 0.9995)
        size, sign = next(fitting, (size, sign))
    scaled = value / size
    digits = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
    if size == 1 and abs(scaled) < 1 and scaled:
        digits = min(6, 1 - floor(log10(abs(scaled))))
    return _decimal(round(scaled, digits), digits) + sign


def full(value: object) -> str:
    """A number with all that matters of it: up to two decimals from 1 on, four digits below."""
    drawn = number(value)
    if drawn is None:
        return "–"
    digits = 2 if abs(drawn) >= 1 or not drawn else min(8, 3 - floor(log10(abs(drawn))))
    return _decimal(value if isinstance(value, int | Decimal) else drawn, digits)


def label(table: ResultTable, place: int, labels: Sequence[str] | None) -> str:
    """What a column is called: its business name, else its own in plain words."""
    if labels is not None and place < len(labels) and labels[place]:
        return labels[place]
    name = humanise(table.columns[place].name)
    return name[:1].upper() + name[1:]


def value_name(value: object, grain: Grain | None, words: Words) -> str:
    """What one value of a category or time is called."""
    where = point(value, grain) if grain and value is not None else None
    if number(value) is not None and where is None:
        # As a name, a whole number is rather a key than an amount.
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else full(value)
    if where is None or grain is None:
        return words.show(value).strip() or words.say("charts.blank")
    if isinstance(where, datetime):
        return _moment_name(where, grain, words)
    return _turn_name(value, where, grain, words)


def _moment_name(where: datetime, grain: Grain, words: Words) -> str:
    chinese = words.language == "zh"
    match grain:
        case Grain.YEAR:
            return f"{where.year}年" if chinese else str(where.year)
        case Grain.QUARTER:
            return f"{where.year} Q{(where.month + 2) // 3}"
        case Grain.MONTH:
            return f"{where.year}年{where.month}月" if chinese else f"{_MONTHS_EN[where.month - 1]} {where.year}"
        case Grain.WEEK:
            year, week, _ = where.isocalendar()
            return f"{year}年第{week}周" if chinese else f"{year} W{week:02d}"
        case Grain.DAY:
            return words.show(date(where.year, where.month, where.day))
    return words.show(where)


def _turn_name(value: object, where: int, grain: Grain, words: Words) -> str:
    """The name of a month, quarter … of any year. Weekdays are shown as they came: databases count them differently."""
    if words.language == "zh":
        patterns = {Grain.MONTH_OF_YEAR: "{}月", Grain.QUARTER_OF_YEAR: "第{}季度", Grain.WEEK_OF_YEAR: "第{}周",
                    Grain.DAY_OF_MONTH: "{}日", Grain.HOUR: "{}时"}  # fmt: skip
        return patterns[grain].format(where) if grain in patterns else words.show(value)
    if grain is Grain.MONTH_OF_YEAR:
        return _MONTHS_EN[where - 1]
    patterns = {Grain.QUARTER_OF_YEAR: "Q{}", Grain.WEEK_OF_YEAR: "W{}", Grain.HOUR: "{}:00"}
    return patterns[grain].format(where) if grain in patterns else words.show(value)


def _decimal(value: float | int | Decimal, digits: int) -> str:
    """With thousands apart and at most this many decimals, no trailing zeros; the same in both languages."""
    if abs(float(value)) >= _TOO_LONG:
        return f"{float(value):.4g}".replace("-", "−").replace("e+", "e")
    shown = f"{value:,.{digits}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if shown == "-0" else shown.replace("-", "−")


def describe(spec: ChartSpec, table: ResultTable, words: Words, labels: Sequence[str] | None = None) -> str:
    """The chart in one or two sentences of plain text, as its alternative text."""
    names = {"x": spec.x, "series": spec.series}
    said: dict[str, object] = {name: label(table, place, labels) for name, place in names.items() if place is not None}
    said["measure"] = _listed([label(table, place, labels) for place in spec.y], words)
    said["kind"] = words.say(f"charts.{spec.kind.value}")
    said["n"] = len(table.rows)
    if spec.kind is ChartKind.TABLE or not table.rows:
        return words.say("charts.alt_table", n=len(table.rows), columns=len(table.columns))
    if spec.kind is ChartKind.NUMBER:
        row = table.rows[0]
        shown = [f"{label(table, p, labels)} {full(row[p])}" for p in spec.y]
        return words.say("charts.alt_number", numbers=_listed(shown, words))
    form = "charts.alt_split" if spec.series is not None else "charts.alt_plain"
    return words.say(form, **said) + _extremes(spec, table, words)


def _extremes(spec: ChartSpec, table: ResultTable, words: Words) -> str:
    """Where the first measure is highest and lowest; "" where nothing can be compared."""
    measure, readings = spec.y[0], read_columns(table)
    present = [(drawn, row) for row in table.rows if (drawn := number(row[measure])) is not None]
    places = [place for place in (spec.x, spec.series) if place is not None]
    if len(present) < 2 or not places:
        return ""

    def name(row: Sequence[object]) -> str:
        return " · ".join(value_name(row[place], readings[place].grain, words) for place in places)

    (high, top), (low, bottom) = max(present, key=lambda p: p[0]), min(present, key=lambda p: p[0])
    values = {"top": name(top), "bottom": name(bottom)}
    shown = {"high": full(high), "low": full(low)}
    return " " + words.say("charts.alt_extremes", **values, **shown)


def _listed(parts: Sequence[str], words: Words) -> str:
    return words.say("charts.and").join(parts)
