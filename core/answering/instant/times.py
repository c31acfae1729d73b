"""Windows of time that words speak of, measured from a given day: "last month", "March 2024", "过去三个月".

Windows are half-open. Nothing here reads a clock.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.answering.instant.reading import Grain

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_GRAINS = {"day": Grain.DAY, "week": Grain.WEEK, "month": Grain.MONTH, "quarter": Grain.QUARTER, "year": Grain.YEAR}
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
           "ten": 10, "twelve": 12}  # fmt: skip
_ZH_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
              "十一": 11, "十二": 12, "半": 6}  # fmt: skip
_ZH_GRAINS = {
    "天": Grain.DAY, "日": Grain.DAY, "周": Grain.WEEK, "星期": Grain.WEEK, "礼拜": Grain.WEEK,
    "月": Grain.MONTH, "个月": Grain.MONTH, "季度": Grain.QUARTER, "个季度": Grain.QUARTER, "年": Grain.YEAR,
}  # fmt: skip


@dataclass(frozen=True)
class When:
    """A window of time. `year` is set when exactly that calendar year is meant, for columns that hold years."""

    start: datetime | None
    end: datetime | None
    grain: Grain
    year: int | None = None


def floor(moment: datetime, grain: Grain) -> datetime:
    """The beginning of the day, week (Monday), month, quarter or year that holds `moment`."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if grain is Grain.WEEK:
        return day - timedelta(days=day.weekday())
    if grain is Grain.MONTH:
        return day.replace(day=1)
    if grain is Grain.QUARTER:
        return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
    if grain is Grain.YEAR:
        return day.replace(month=1, day=1)
    return day


def shifted(moment: datetime, grain: Grain, n: int) -> datetime:
    """`moment` moved by `n` grains; a day that its month lacks becomes the month's last."""
    if grain is Grain.DAY:
        return moment + timedelta(days=n)
    if grain is Grain.WEEK:
        return moment + timedelta(weeks=n)
    months = n * {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month + 1)


def whole(grain: Grain, moment: datetime) -> When:
    """The whole day, week, month, quarter or year that holds `moment`."""
    start = floor(moment, grain)
    return When(start, shifted(start, grain, 1), grain, start.year if grain is Grain.YEAR else None)


def rolling(grain: Grain, n: int, now: datetime) -> When:
    """The last `n` grains up to and including today."""
    tomorrow = floor(now, Grain.DAY) + timedelta(days=1)
    return When(shifted(tomorrow, grain, -n), tomorrow, grain)


def _year(word: str) -> int | None:
    return int(word) if re.fullmatch(r"(19|20)\d\d", word) else None


def _date(word: str) -> datetime | None:
    match = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", word)
    try:
        return datetime(*(int(g) for g in match.groups())) if match else None  # type: ignore[arg-type]
    except ValueError:
        return None


def english_times(words: Sequence[str], now: datetime) -> Iterator[tuple[int, int, When]]:
    """Every time phrase among these lower-case words: where it starts, where it ends, what it means."""
    for i in range(len(words)):
        for length, when in _english_at(words[i : i + 6], now):
            yield i, i + length, when


def _english_at(words: Sequence[str], now: datetime) -> Iterator[tuple[int, When]]:
    first, second, third = (*words, "", "", "")[:3]
    if first in ("today", "yesterday"):
        yield 1, whole(Grain.DAY, now - timedelta(days=first == "yesterday"))
    if (year := _year(first)) is not None:
        yield 1, whole(Grain.YEAR, datetime(year, 1, 1))
    if first == "year" and (year := _year(second)) is not None:
        yield 2, whole(Grain.YEAR, datetime(year, 1, 1))
    if first == "year" and second == "of" and (year := _year(third)) is not None:
        yield 3, whole(Grain.YEAR, datetime(year, 1, 1))
    if (day := _date(first)) is not None:
        yield 1, whole(Grain.DAY, day)
    yield from _relative(words, now)
    yield from _month(words, now)
    quarter = re.fullmatch(r"q([1-4])", first)
    if quarter or (first in ("first", "second", "third", "fourth") and second == "quarter"):
        number = int(quarter[1]) if quarter else ("first", "second", "third", "fourth").index(first) + 1
        rest = words[1 if quarter else 2 :]
        used = 1 if quarter else 2
        rest, used = (rest[1:], used + 1) if rest and rest[0] in ("of", "in") else (rest, used)
        year = _year(rest[0]) if rest else None
        start = datetime(year or now.year, 3 * number - 2, 1)
        yield (used + 1 if year else 1 if quarter else 2), whole(Grain.QUARTER, start)


def _relative(words: Sequence[str], now: datetime) -> Iterator[tuple[int, When]]:
    first, second, third = (*words, "", "", "")[:3]
    if first not in ("this", "current", "last", "previous", "past", "next", "year", "month", "quarter"):
        return
    if second in _GRAINS and first in ("this", "current"):
        yield 2, whole(_GRAINS[second], now)
    if second in _GRAINS and first in ("last", "previous"):
        yield 2, whole(_GRAINS[second], shifted(floor(now, _GRAINS[second]), _GRAINS[second], -1))
    if second in _GRAINS and first == "past":
        yield 2, rolling(_GRAINS[second], 1, now)
    if second in _GRAINS and first == "next":
        yield 2, whole(_GRAINS[second], shifted(floor(now, _GRAINS[second]), _GRAINS[second], 1))
    if first in _GRAINS and second == "to" and third == "date":
        yield 3, When(floor(now, _GRAINS[first]), floor(now, Grain.DAY) + timedelta(days=1), _GRAINS[first])
    count = int(second) if second.isdigit() else _COUNTS.get(second, 0)
    grain = _GRAINS.get(third.removesuffix("s"))
    if first in ("last", "past", "previous") and 0 < count < 1000 and grain:
        yield 3, rolling(grain, count, now)


def _month(words: Sequence[str], now: datetime) -> Iterator[tuple[int, When]]:
    first, second, third = (*words, "", "", "")[:3]
    if first not in _MONTHS:
        day = int(first.rstrip("strndh") or 0) if re.fullmatch(r"\d{1,2}(st|nd|rd|th)?", first) else 0
        rest = words[2:] if second == "of" else words[1:]
        if 0 < day <= 31 and rest and rest[0] in _MONTHS and len(rest) > 1 and (year := _year(rest[1])):
            yield len(words) - len(rest) + 2, _day(year, _MONTHS[rest[0]], day)
        return
    month = _MONTHS[first]
    if (year := _year(second)) is not None:
        yield 2, whole(Grain.MONTH, datetime(year, month, 1))
    elif second in ("of", ",", "in") and (year := _year(third)) is not None:
        yield 3, whole(Grain.MONTH, datetime(year, month, 1))
    day = int(second.rstrip("strndh")) if re.fullmatch(r"\d{1,2}(st|nd|rd|th)?", second) else 0
    rest = words[3:] if third == "," else words[2:]
    if 0 < day <= 31 and rest and (year := _year(rest[0])) is not None:
        yield len(words) - len(rest) + 1, _day(year, month, day)
    elif not day and first not in ("may", "mar"):
        yield 1, _latest(month, now)


def _latest(month: int, now: datetime) -> When:
    year = now.year if month <= now.month else now.year - 1
    return whole(Grain.MONTH, datetime(year, month, 1))


def _day(year: int, month: int, day: int) -> When:
    try:
        return whole(Grain.DAY, datetime(year, month, day))
    except ValueError:
        return whole(Grain.MONTH, datetime(year, month, 1))


_ZH_COUNT = r"(\d{1,3}|十[一二]?|[一二两三四五六七八九])"
_ZH_PATTERNS = (
    ("rolling", re.compile(
        rf"(?:最近的?|过去的?|近|前|上)(?:这)?{_ZH_COUNT}"
        r"(个月|个季度|季度|年|天|日|周|个星期|星期|个礼拜)(?:内|以来|里|来|间)?"
    )),
    ("half", re.compile(r"(?:最近|过去|近)(半)年(?:内|以来|来)?")),
    ("date", re.compile(r"((?:19|20)\d\d)[年\-/.](\d{1,2})[月\-/.](\d{1,2})[日号]?")),
    ("month", re.compile(r"((?:19|20)\d\d)年(\d{1,2}|十[一二]?|[一二三四五六七八九])月份?")),
    ("quarter", re.compile(r"((?:19|20)\d\d)年(?:第)?([一二三四1-4])季度")),
    ("year", re.compile(r"(?<![\d.])[“\"']?((?:19|20)\d\d)[”\"']?(?:年度?|(?![\d.,]))")),
    ("this", re.compile(
        r"(今天|昨天|前天|今年|去年|前年|本年|本月|这个月|上个?月|当月|本周|这周|上周|这个?星期|上个?星期|"
        r"本季度?|这个?季度|上个?季度)"
    )),
    ("this_quarter", re.compile(r"(今年|去年|)第?([一二三四1-4])季度")),
    ("this_month", re.compile(r"(今年|去年|)(\d{1,2}|十[一二]?|[一二三四五六七八九])月份?(?!\d)")),
)  # fmt: skip
_ZH_YEAR_BEFORE = re.compile(
    r"((?:19|20)\d\d)年第?[\d一二三四五六七八九十]+(?:月份?|季度)(?:[到至和与、~-]|或者?|以及)$"
)
_ZH_THIS = {
    "今天": (Grain.DAY, 0), "昨天": (Grain.DAY, -1), "前天": (Grain.DAY, -2), "今年": (Grain.YEAR, 0),
    "本年": (Grain.YEAR, 0), "去年": (Grain.YEAR, -1), "前年": (Grain.YEAR, -2),
}  # fmt: skip


def chinese_times(text: str, now: datetime) -> Iterator[tuple[int, int, When]]:
    """Every time phrase of a Chinese text, by character: where it starts, where it ends, what it means."""
    for kind, pattern in _ZH_PATTERNS:
        for match in pattern.finditer(text):
            groups = match.groups()
            if kind in ("this_month", "this_quarter") and not groups[0]:
                # "2023年7月到9月": the year said before holds for what follows it
                earlier = _ZH_YEAR_BEFORE.search(text[: match.start()])
                kind_now = kind.removeprefix("this_") if earlier else kind
                when = _chinese(kind_now, (earlier[1], groups[1]) if earlier else groups, now)
            else:
                when = _chinese(kind, groups, now)
            if when is not None:
                yield match.start(), match.end(), when


def _count(text: str) -> int:
    return int(text) if text.isdigit() else _ZH_DIGITS[text]


def _chinese(kind: str, groups: tuple[str, ...], now: datetime) -> When | None:
    try:
        if kind == "rolling":
            grain = next(g for ending, g in _ZH_GRAINS.items() if groups[1].endswith(ending))
            return rolling(grain, _count(groups[0]), now)
        if kind == "half":
            return rolling(Grain.MONTH, 6, now)
        if kind == "date":
            return whole(Grain.DAY, datetime(int(groups[0]), int(groups[1]), int(groups[2])))
        if kind == "month":
            return whole(Grain.MONTH, datetime(int(groups[0]), _count(groups[1]), 1))
        if kind == "quarter":
            return whole(Grain.QUARTER, datetime(int(groups[0]), 3 * _count(groups[1]) - 2, 1))
        if kind == "year":
            return whole(Grain.YEAR, datetime(int(groups[0]), 1, 1))
        if kind == "this":
            return _chinese_this(groups[0], now)
        year = now.year - (groups[0] == "去年")
        if kind == "this_quarter":
            return whole(Grain.QUARTER, datetime(year, 3 * _count(groups[1]) - 2, 1))
        return (
            whole(Grain.MONTH, datetime(year, _count(groups[1]), 1)) if groups[0] else _latest(_count(groups[1]), now)
        )
    except ValueError:
        return None


def _chinese_this(word: str, now: datetime) -> When:
    if word in _ZH_THIS:
        grain, back = _ZH_THIS[word]
    else:
        grain = Grain.MONTH if "月" in word else Grain.QUARTER if "季" in word else Grain.WEEK
        back = -1 if word.startswith("上") else 0
    return whole(grain, shifted(floor(now, grain), grain, back))
