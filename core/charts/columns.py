"""What each column of some rows is good for in a chart: a time, a measure, a category, a key, or nothing.

Times hide in many forms: dates, "2025-03", "2025-Q1", "Mar 2025", "2025年3月", a whole number called year or month.
`point` gives every form of them one value that sorts and spaces rightly.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from math import isfinite, isnan

from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind, humanise

Point = datetime | int


class Role(StrEnum):
    TIME = "time"
    MEASURE = "measure"
    CATEGORY = "category"
    KEY = "key"
    NONE = "none"


class Grain(StrEnum):
    """How fine a time is. Those that come round again (`cyclic`) are whole numbers, the others moments."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    MOMENT = "moment"
    QUARTER_OF_YEAR = "quarter_of_year"
    MONTH_OF_YEAR = "month_of_year"
    WEEK_OF_YEAR = "week_of_year"
    DAY_OF_MONTH = "day_of_month"
    WEEKDAY = "weekday"
    HOUR = "hour"

    @property
    def cyclic(self) -> bool:
        return self in _CYCLES


@dataclass(frozen=True)
class Reading:
    """What one column is. `distinct` counts different values, a missing one included; `grain` only for times."""

    role: Role
    distinct: int
    grain: Grain | None = None


_CYCLES = {
    Grain.QUARTER_OF_YEAR: (1, 4), Grain.MONTH_OF_YEAR: (1, 12), Grain.WEEK_OF_YEAR: (1, 53),
    Grain.DAY_OF_MONTH: (1, 31), Grain.WEEKDAY: (0, 7), Grain.HOUR: (0, 23),
}  # fmt: skip
_YEARS = (1900, 2100)
_NAMED = (
    (Grain.YEAR, re.compile(r"\b(?:year|yr|yyyy)$|(?:年|年份|年度)$")),
    (Grain.QUARTER_OF_YEAR, re.compile(r"\b(?:quarter|qtr)$|季度?$")),
    (Grain.MONTH_OF_YEAR, re.compile(r"\b(?:month|mon|month num|month number|mm)$|月份?$")),
    (Grain.WEEK_OF_YEAR, re.compile(r"\bweek(?: num| number)?$|周$")),
    (Grain.WEEKDAY, re.compile(r"\b(?:weekday|dow|day of week)$|(?:星期|周几)$")),
    (Grain.DAY_OF_MONTH, re.compile(r"\b(?:day|day of month)$|日$")),
    (Grain.HOUR, re.compile(r"\b(?:hour|hr)$|(?:小时|时段|点钟)$")),
)
_YEAR_MONTH_NAME = re.compile(r"\b(?:month|period|ym|yearmonth|yyyymm)$|月份?$")
_KEY_NAME = re.compile(
    r"\b(?:id|uuid|guid|key|code|zip|postcode|postal code|zip code|phone|sku|isbn|iban|fax)$"
    r"|\b\w+ (?:no|number|nr)$|(?:编号|编码|代码|号码|电话|手机号|邮编|工号|单号)$"
)
_COUNT_NAME = re.compile(r"^(?:total|the|average|avg|max|min) number$")
_PARTED = re.compile(r"^(?:date part|extract|strftime|datepart)\b")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_WORD = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_WORD = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?", re.I)
_DIGITS = "一二三四五六七八九十"
_Y = r"((?:19|20)\d\d)"
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?(?:Z|\+00(?::00)?)?)?"
_TEXTS = (
    (Grain.YEAR, re.compile(rf"{_Y}年?")),
    (Grain.QUARTER, re.compile(rf"{_Y}[-\s/]?Q([1-4])|{_Y}年第?([1-4])季度", re.I)),
    (Grain.QUARTER, re.compile(rf"Q([1-4])[-\s/]?{_Y}", re.I)),
    (Grain.MONTH, re.compile(rf"{_Y}[-/.年]\s?(\d{{1,2}})月?")),
    (Grain.MONTH, re.compile(rf"{_Y}(0[1-9]|1[0-2])")),
    (Grain.WEEK, re.compile(rf"{_Y}[-\s]?W(\d{{1,2}})|{_Y}年第?(\d{{1,2}})周", re.I)),
    (Grain.DAY, re.compile(rf"{_Y}[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?{_MIDNIGHT}")),
)  # fmt: skip
_MONTH_YEAR = re.compile(rf"{_MONTH_WORD}[-\s,]*{_Y}", re.I)
_MONTH_ONLY = re.compile(_MONTH_WORD, re.I)
_QUARTER_ONLY = re.compile(r"Q([1-4])|第([一二三四])季度", re.I)
_MONTH_ZH = re.compile(r"(\d{1,2}|十?[一二]|[三四五六七八九十])月")
_WEEKDAY_ZH = re.compile(r"(?:星期|周|礼拜)([一二三四五六日天])")


def read_columns(table: ResultTable) -> tuple[Reading, ...]:
    """What each column of `table` is, by its values first and by its name where values say too little."""
    columns = zip(*table.rows, strict=True) if table.rows else ((),) * len(table.columns)
    readings = [_read(column, tuple(cells)) for column, cells in zip(table.columns, columns, strict=True)]
    return tuple(_year_after_all(table, place, reading, readings) for place, reading in enumerate(readings))


def number(value: object) -> float | None:
    """A cell as a number to draw; None for a missing one, for what is no number, and for infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        drawn = float(value)
    except (OverflowError, ValueError):
        return None
    return drawn if isfinite(drawn) else None


def same(value: object) -> object:
    """What two cells share when they are the same value: the value, or its text where it cannot be compared."""
    if (isinstance(value, Decimal) and value.is_nan()) or (isinstance(value, float) and isnan(value)):
        return "NaN"
    return repr(value) if isinstance(value, list | dict | set | bytearray) else value


def point(value: object, grain: Grain) -> Point | None:
    """Where a cell lies in time: a moment without time zone, or the number within its cycle; None if missing."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, str):
        found = _from_text(value)
        return found[1] if found else None
    drawn = number(value)
    if drawn is None:
        return None
    whole = int(drawn)
    if grain is Grain.YEAR:
        return datetime(whole, 1, 1)
    return datetime(whole // 100, whole % 100, 1) if grain is Grain.MONTH else whole


def _read(column: ResultColumn, cells: Sequence[object]) -> Reading:
    distinct = len({same(cell) for cell in cells})
    present = [cell for cell in cells if cell is not None]
    name = humanise(column.name)
    if not present or column.kind is Kind.OTHER or isinstance(present[0], bytes):
        return Reading(Role.NONE, distinct)
    if column.kind is Kind.BOOLEAN or isinstance(present[0], bool):
        return Reading(Role.CATEGORY, distinct)
    if all(isinstance(cell, date) for cell in present):
        return Reading(Role.TIME, distinct, _grain([cell for cell in present if isinstance(cell, date)]))
    if all(isinstance(cell, int | float | Decimal) for cell in present):
        return _read_numbers(name, [number(cell) for cell in present], distinct)
    if all(isinstance(cell, str) for cell in present):
        return _read_texts(name, [str(cell) for cell in present], distinct)
    return Reading(Role.CATEGORY if column.kind in (Kind.TEXT, Kind.TIME) else Role.NONE, distinct)


def _read_numbers(name: str, cells: Sequence[float | None], distinct: int) -> Reading:
    if _KEY_NAME.search(name) and not _COUNT_NAME.search(name):
        return Reading(Role.KEY, distinct)
    whole = [int(cell) for cell in cells if cell is not None and cell == int(cell)]
    if whole and len(whole) == len(cells):
        if _YEAR_MONTH_NAME.search(name) and all(190001 <= c <= 210012 and 1 <= c % 100 <= 12 for c in whole):
            return Reading(Role.TIME, distinct, Grain.MONTH)
        for grain, named in _NAMED:
            low, high = _CYCLES.get(grain, _YEARS)
            if named.search(name) and all(low <= cell <= high for cell in whole):
                return Reading(Role.TIME, distinct, grain)
        if _PARTED.search(name):
            in_years = all(_YEARS[0] <= cell <= _YEARS[1] for cell in whole)
            return Reading(Role.TIME, distinct, Grain.YEAR) if in_years else Reading(Role.CATEGORY, distinct)
    drawable = any(cell is not None for cell in cells)
    return Reading(Role.MEASURE if drawable else Role.NONE, distinct)


def _read_texts(name: str, cells: Sequence[str], distinct: int) -> Reading:
    grains = set()
    for cell in cells:
        found = _from_text(cell)
        if found is None:
            return Reading(Role.KEY if _KEY_NAME.search(name) else Role.CATEGORY, distinct)
        grains.add(found[0])
    if len(grains) == 1:
        return Reading(Role.TIME, distinct, grains.pop())
    finest = Grain.MOMENT if grains <= {Grain.DAY, Grain.MOMENT} else None
    return Reading(Role.TIME, distinct, finest) if finest else Reading(Role.CATEGORY, distinct)


def _year_after_all(table: ResultTable, place: int, reading: Reading, readings: Sequence[Reading]) -> Reading:
    """A first column of 2021, 2022, 2023 … beside another measure is a year, whatever its name."""
    others = any(r.role is Role.MEASURE for at, r in enumerate(readings) if at != place)
    if place or reading.role is not Role.MEASURE or not others or len(table.rows) < 3:
        return reading
    cells = [number(row[0]) for row in table.rows]
    years = [int(cell) for cell in cells if cell is not None and cell == int(cell) and 1950 <= cell <= _YEARS[1]]
    rising = sorted(years)
    if len(years) == len(cells) and all(later - earlier == 1 for earlier, later in pairwise(rising)):
        return Reading(Role.TIME, reading.distinct, Grain.YEAR)
    return reading


def _grain(cells: Sequence[date]) -> Grain:
    """How fine these dates are: first days of months or of years are months or years when there are several."""
    moments = [cell for cell in cells if isinstance(cell, datetime)]
    if any((m.hour, m.minute, m.second, m.microsecond) != (0, 0, 0, 0) for m in moments):
        return Grain.MOMENT
    if len(set(cells)) < 2 or any(cell.day != 1 for cell in cells):
        return Grain.DAY
    if all(cell.month == 1 for cell in cells):
        return Grain.YEAR
    months = sorted({cell.year * 12 + cell.month for cell in cells})
    quarters = all(cell.month % 3 == 1 for cell in cells) and all(b - a >= 3 for a, b in pairwise(months))
    return Grain.QUARTER if quarters and len(months) > 2 else Grain.MONTH


def _from_text(text: str) -> tuple[Grain, Point] | None:
    """The time that a text says, if it says nothing else."""
    text = text.strip()
    if not text or len(text) > 32:
        return None
    try:
        for grain, form in _TEXTS:
            if match := form.fullmatch(text):
                parts = [int(part) for part in match.groups() if part is not None]
                return grain, _moment(grain, parts)
        if match := _MONTH_YEAR.fullmatch(text):
            return Grain.MONTH, datetime(int(match[2]), _MONTHS.index(match[1][:3].lower()) + 1, 1)
        if text[0].isdigit() and len(text) >= 16:
            return Grain.MOMENT, datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
    return _cycle_from_text(text)


def _moment(grain: Grain, parts: Sequence[int]) -> datetime:
    """The first moment of a year, quarter, month, week or day, given as its numbers."""
    match grain, parts:
        case Grain.QUARTER, (quarter, year) if quarter <= 4:
            return datetime(year, quarter * 3 - 2, 1)
        case Grain.QUARTER, (year, quarter):
            return datetime(year, quarter * 3 - 2, 1)
        case Grain.WEEK, (year, week):
            return datetime.fromisocalendar(year, max(week, 1), 1)
        case _, (year,):
            return datetime(year, 1, 1)
        case _, (year, month):
            return datetime(year, month, 1)
    return datetime(parts[0], parts[1], parts[2])


def _cycle_from_text(text: str) -> tuple[Grain, Point] | None:
    """A month, weekday or quarter by its name."""
    if match := _MONTH_ONLY.fullmatch(text):
        return Grain.MONTH_OF_YEAR, _MONTHS.index(match[1][:3].lower()) + 1
    if match := _DAY_WORD.fullmatch(text):
        return Grain.WEEKDAY, _DAYS.index(match[1].lower()) + 1
    if match := _WEEKDAY_ZH.fullmatch(text):
        return Grain.WEEKDAY, "一二三四五六日".index(match[1].replace("天", "日")) + 1
    if match := _QUARTER_ONLY.fullmatch(text):
        return Grain.QUARTER_OF_YEAR, int(match[1]) if match[1] else _DIGITS.index(match[2]) + 1
    if match := _MONTH_ZH.fullmatch(text):
        written = match[1]
        month = int(written) if written.isdigit() else sum(_DIGITS.index(digit) + 1 for digit in written)
        return (Grain.MONTH_OF_YEAR, month) if 1 <= month <= 12 else None
    return None
