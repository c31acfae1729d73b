"""Numbers, dates and other cell values as a person reads them in one language."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from babel.dates import format_date, format_time, get_day_names, get_month_names
from babel.numbers import format_currency, format_decimal, format_percent

from core.i18n import Words

_LOCALES = {"en": "en_GB", "zh": "zh_CN"}
_DATE_PATTERNS = {
    "year": {"en": "y", "zh": "y年"},
    "quarter": {"en": "QQQ y", "zh": "y年第Q季度"},
    "month": {"en": "MMM y", "zh": "y年M月"},
    "day": {"en": "d MMM y", "zh": "y年M月d日"},
}
_YEAR_MONTH = re.compile(r"(\d{4})[-/]?(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Style:
    """How the values of one result column are written.

    `grain` is the unit a date was cut to ("month"), "" for none; `percent` is what 1 stands for where values are parts
    of a whole: 100 when 0.25 means 25 %, 1 when 25 does, 0 for plain amounts; `plain` says that digits are a name and
    not an amount, as in a year or an order number; `currency` is an ISO code, "" for none.
    """

    grain: str = ""
    percent: int = 0
    plain: bool = False
    currency: str = ""


@dataclass(frozen=True)
class Figures:
    """Writes values in one language, "en" or "zh"."""

    language: str

    def show(self, value: object, style: Style = Style()) -> str:
        """`value` in words and digits; the text of a cell comes back as it is, unescaped."""
        if value is None or isinstance(value, bool):
            return Words(self.language).show(value)
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if style.grain:
            return self._period(value, style.grain)
        if isinstance(value, date):
            return self._moment(value)
        if isinstance(value, time):
            return str(format_time(value, "HH:mm" if not value.second else "HH:mm:ss", locale=_LOCALES[self.language]))
        if isinstance(value, bytes):
            return Words(self.language).say("answering.bytes", n=len(value))
        if isinstance(value, int | float | Decimal):
            return self._number(value, style)
        return str(value)

    def change(self, before: float, after: float) -> str:
        """How much `after` differs from `before`, with its sign: "+12 %"; "" where that has no meaning."""
        if not before or not math.isfinite(before) or not math.isfinite(after):
            return ""
        ratio = (after - before) / abs(before)
        pattern = "+#,##0%;-#,##0%" if abs(ratio) >= 0.095 else "+#,##0.0%;-#,##0.0%"
        return str(format_percent(ratio, pattern, locale=_LOCALES[self.language]))

    def share(self, part: float, whole: float) -> str:
        """`part` of `whole` as a percentage; below 10 with one decimal."""
        ratio = part / whole
        return str(format_percent(ratio, "#,##0%" if ratio >= 0.095 else "#,##0.0%", locale=_LOCALES[self.language]))

    def _number(self, value: float | Decimal, style: Style) -> str:
        locale = _LOCALES[self.language]
        if style.percent:
            return str(format_percent(float(value) * style.percent / 100, "#,##0.##%", locale=locale))
        if style.plain and value == int(value):
            return str(int(value))
        if style.currency:
            return self._money(value, style.currency)
        if isinstance(value, Decimal) and value.as_tuple().exponent == -2:
            return str(format_decimal(value, "#,##0.00", locale=locale))
        if value == int(value):
            return str(format_decimal(int(value), locale=locale))
        size = abs(float(value))
        if size >= 1:
            return str(format_decimal(value, "#,##0.##", locale=locale))
        # Four digits that count, so that 0.000123 does not become 0.
        places = min(3 - math.floor(math.log10(size)), 12)
        return str(format_decimal(value, "0." + "#" * places, locale=locale))

    def _money(self, value: float | Decimal, currency: str) -> str:
        """An amount with its currency; whole amounts without cents."""
        locale = _LOCALES[self.language]
        if isinstance(value, int):
            return str(format_currency(value, currency, locale=locale, currency_digits=False, format="¤#,##0"))
        return str(format_currency(value, currency, locale=locale))

    def _moment(self, value: date) -> str:
        if isinstance(value, datetime) and (value.hour or value.minute or value.second):
            return Words(self.language).show(value)
        return self._cut(value, "day")

    def _period(self, value: object, grain: str) -> str:
        """One bucket of dates. Databases hand it over as a date, as text ("2024-03") or as a number."""
        if isinstance(value, date):
            return self._cut(value, grain)
        text = str(value)
        if grain == "month" and (found := _YEAR_MONTH.fullmatch(text)):
            return self._cut(date(int(found[1]), int(found[2]), 1), "month")
        number = int(float(text)) if re.fullmatch(r"\d{1,4}(\.0*)?", text) else None
        if number is None:
            return text
        return self._numbered(number, grain)

    def _numbered(self, number: int, grain: str) -> str:
        """A part of a calendar that has a number: the third month, the year 2024, the first day of the week."""
        locale = _LOCALES[self.language]
        if grain == "month_of_year" and 1 <= number <= 12:
            return str(get_month_names("wide", locale=locale)[number])
        if grain == "weekday" and 0 <= number <= 6:
            return str(get_day_names("wide", locale=locale)[(number - 1) % 7])
        if grain == "quarter_of_year":
            return Words(self.language).say("answering.quarter", number=str(number))
        if grain == "year" and self.language == "zh":
            return f"{number}年"
        return str(number)

    def _cut(self, value: date, grain: str) -> str:
        locale = _LOCALES[self.language]
        if grain == "week":
            return Words(self.language).say("answering.week_of", day=self._cut(value, "day"))
        pattern = _DATE_PATTERNS.get(grain, _DATE_PATTERNS["day"])[self.language]
        return str(format_date(value, pattern, locale=locale))
