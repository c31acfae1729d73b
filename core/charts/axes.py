"""Axes: the order and names of what stands along them, and round numbers for what is measured."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil, floor, log10
from typing import Any

from core.charts.columns import Grain, Reading, point
from core.charts.text import plain, short, value_name
from core.i18n import Words

_CONTINUOUS = (Grain.MONTH, Grain.DAY, Grain.MOMENT)
_MOST_TICKS = 12
_MOST_LETTERS = 100
_LONGEST = 30
_DAY = 86_400_000
_TICKS = {
    ("en", Grain.MONTH): "%b\n%Y", ("en", Grain.DAY): "%-d %b\n%Y", ("en", Grain.MOMENT): "%H:%M\n%-d %b %Y",
    ("zh", Grain.MONTH): "%-m月\n%Y年", ("zh", Grain.DAY): "%-m月%-d日\n%Y年",
    ("zh", Grain.MOMENT): "%H:%M\n%Y年%-m月%-d日",
}  # fmt: skip
_HOVERS = {
    ("en", Grain.MONTH): "%b %Y", ("en", Grain.DAY): "%-d %b %Y", ("en", Grain.MOMENT): "%-d %b %Y %H:%M",
    ("zh", Grain.MONTH): "%Y年%-m月", ("zh", Grain.DAY): "%Y年%-m月%-d日", ("zh", Grain.MOMENT): "%Y年%-m月%-d日 %H:%M",
}  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """What stands along one axis: a key for each row (None: nowhere), all keys in order, and whether they are dates.

    Keys are what Plotly is given: moments as ISO text, everything else its escaped name, told apart where equal.
    """

    keys: tuple[str | None, ...]
    order: tuple[str, ...]
    grain: Grain | None
    dates: bool


def scale(cells: Sequence[Any], reading: Reading, words: Words, *, dates: bool, apart: bool) -> Scale:
    """The scale of a column. `dates`: spaced as time goes where it can be; `apart`: each row stands by itself."""
    grain = reading.grain
    places = [point(cell, grain) if grain and cell is not None else None for cell in cells]
    if dates and grain in _CONTINUOUS:
        moments = [place.isoformat() if isinstance(place, datetime) else None for place in places]
        order = sorted({moment for moment in moments if moment is not None}, key=datetime.fromisoformat)
        return Scale(tuple(moments), tuple(order), grain, True)
    names = _names(cells, grain, words, apart)
    rows = range(len(cells))
    if grain:
        rows = sorted(rows, key=lambda row: (places[row] is None, _sortable(places[row])))  # type: ignore[assignment]
    return Scale(tuple(names), tuple(dict.fromkeys(names[row] for row in rows)), grain, False)


def _names(cells: Sequence[Any], grain: Grain | None, words: Words, apart: bool) -> list[str]:
    """A name for each row. Different values never share one, nor do different rows when they stand `apart`."""
    taken: dict[str, str] = {}
    used: Counter[str] = Counter()
    names = []
    for row, cell in enumerate(cells):
        identity = f"{type(cell).__name__} {cell!r} {row if apart else ''}"
        if identity not in taken:
            name = plain(value_name(cell, grain, words))
            used[name] += 1
            taken[identity] = name if used[name] == 1 else f"{name} ({used[name]})"
        names.append(taken[identity])
    return names


def _sortable(place: datetime | int | None) -> float:
    if isinstance(place, datetime):
        return place.toordinal() + (place.hour * 60 + place.minute + place.second / 60) / 1440
    return float(place or 0)


def along(found: Scale, language: str) -> dict[str, Any]:
    """Plotly's settings of the axis that a scale stands on."""
    if found.dates and found.grain:
        ticks = {"type": "date", "tickformat": _TICKS[language, found.grain]}
        return {**ticks, "hoverformat": _HOVERS[language, found.grain], **_date_steps(found), "showgrid": False}
    wide = max((width(name) for name in found.order), default=0) + 3
    step = ceil(len(found.order) * wide / _MOST_LETTERS) if found.grain else 1
    shown = list(found.order[::step])
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(found.order),
        "tickmode": "array",
        "tickvals": shown,
        "ticktext": [cut(name) for name in shown],
        "tickangle": 0,
        "showgrid": False,
        "fixedrange": True,
    }


def _date_steps(found: Scale) -> dict[str, Any]:
    """Steps between ticks that are never finer than the dates themselves."""
    first, last = (datetime.fromisoformat(found.order[place]) for place in (0, -1)) if found.order else (None, None)
    if first is None or last is None:
        return {}
    if found.grain is Grain.MONTH:
        months = (last.year - first.year) * 12 + last.month - first.month
        step = next((step for step in (1, 2, 3, 6, 12) if months / step <= _MOST_TICKS), 12 * ceil(months / 144))
        return {"dtick": f"M{step}", "tick0": date(2000, 1, 1).isoformat()}
    days = (last - first).days
    if found.grain is Grain.DAY and days <= 2 * _MOST_TICKS:
        return {"dtick": _DAY * max(1, ceil(days / 8)), "tick0": first.isoformat()}
    return {"nticks": 8}


def cut(name: str, most: int = _LONGEST) -> str:
    """A name that fits beside its bar. Names are escaped already, so an entity is kept whole."""
    if width(name) <= most:
        return name
    kept = name
    while width(kept) > most - 1:
        kept = kept[: kept.rfind("&")] if kept.endswith(";") and "&" in kept[-6:] else kept[:-1]
    return kept.rstrip() + "…"


def width(text: str) -> int:
    """How wide a text is, in Latin letters; Chinese characters count two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def ticks(low: float, high: float, *, zero: bool, whole: bool) -> list[float]:
    """Four to seven round numbers from below `low` to above `high`. `whole`: no fractions between."""
    low, high = (min(low, 0.0), max(high, 0.0)) if zero else (low, high)
    if low == high:
        room = max(1.0, abs(low) * 1e-6)  # beside a huge number, one more is the same number
        low, high = (low - room, high + room) if low else (0.0, 1.0)
    rough = (high - low) / 5
    size = 10.0 ** floor(log10(rough))
    step = next(size * nice for nice in (1, 2, 2.5, 5, 10) if size * nice >= rough * 0.999)
    if whole:
        step = max(1.0, float(ceil(step)))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def measured(values: Iterable[float | None], language: str, *, zero: bool, headroom: float = 0.0) -> dict[str, Any]:
    """Plotly's settings of an axis for these values: round ticks, written short, with room for text beyond them."""
    present = [value for value in values if value is not None]
    low, high = min(present, default=0.0), max(present, default=1.0)
    near_zero = zero or (0 <= low < 0.7 * high) or (0.7 * low < high <= 0)
    whole = all(value == int(value) for value in present)
    marks = ticks(low, high, zero=near_zero, whole=whole)
    largest = max(abs(marks[0]), abs(marks[-1]))
    span = high - min(low, 0.0) if near_zero else high - low
    top = max(marks[-1] if not headroom else marks[-2] if len(marks) > 2 else high, high + span * headroom)
    bottom = marks[0] if low >= 0 or not headroom else low - span * headroom
    return {
        "type": "linear",
        "tickmode": "array",
        "tickvals": marks,
        "ticktext": [short(mark, language, beside=largest) for mark in marks],
        "range": [bottom, top],
        "fixedrange": True,
        "zeroline": low < 0,
    }
