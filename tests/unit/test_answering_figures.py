"""Values as people read them, in both languages."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from core.answering.figures import Figures, Style
from core.answering.units import currency_of
from core.connections.schema import Column, Kind

CASES: list[tuple[object, Style, str, str]] = [
    (1234567, Style(), "1,234,567", "1,234,567"),
    (2024, Style(plain=True), "2024", "2024"),
    (2024, Style(grain="year"), "2024", "2024年"),
    ("2024-03", Style(grain="month"), "Mar 2024", "2024年3月"),
    (date(2024, 4, 1), Style(grain="quarter"), "Q2 2024", "2024年第2季度"),
    (date(2024, 4, 1), Style(grain="week"), "week of 1 Apr 2024", "2024年4月1日当周"),
    (3, Style(grain="month_of_year"), "March", "三月"),
    (0, Style(grain="weekday"), "Sunday", "星期日"),
    (2, Style(grain="quarter_of_year"), "Q2", "第2季度"),
    (datetime(2024, 1, 2), Style(), "2 Jan 2024", "2024年1月2日"),
    (datetime(2024, 1, 2, 15, 30), Style(), "2 Jan 2024 15:30", "2024年1月2日 15:30"),
    (time(9, 5), Style(), "09:05", "09:05"),
    (Decimal("5.00"), Style(), "5.00", "5.00"),
    (0.000123456, Style(), "0.0001235", "0.0001235"),
    (1234.5678, Style(), "1,234.57", "1,234.57"),
    (-0.5, Style(), "-0.5", "-0.5"),
    (0.256, Style(percent=100), "25.6%", "25.6%"),
    (25.6, Style(percent=1), "25.6%", "25.6%"),
    (Decimal("1234.5"), Style(currency="USD"), "US$1,234.50", "US$1,234.50"),
    (1200, Style(currency="CNY"), "CN¥1,200", "¥1,200"),
    (None, Style(), "empty", "空"),
    (True, Style(), "yes", "是"),
    (b"abc", Style(), "3 bytes", "3 字节"),
    (float("inf"), Style(), "inf", "inf"),
    ("text", Style(), "text", "text"),
]


@pytest.mark.parametrize(("value", "style", "english", "chinese"), CASES, ids=lambda case: repr(case)[:30])
def test_a_value_reads_as_people_write_it(value: object, style: Style, english: str, chinese: str) -> None:
    assert Figures("en").show(value, style) == english
    assert Figures("zh").show(value, style) == chinese


def test_changes_and_shares_are_rounded_for_reading() -> None:
    figures = Figures("en")
    assert figures.change(100, 112.4) == "+12%"
    assert figures.change(100, 98.5) == "-1.5%"
    assert figures.change(0, 5) == ""
    assert figures.share(1, 3) == "33%"
    assert figures.share(1, 30) == "3.3%"


@pytest.mark.parametrize(
    ("name", "comment", "currency"),
    [
        ("price", "Price: in US dollars | 价格：单位为美元", "USD"),
        ("betrag", "Amount in euros", "EUR"),
        ("total_gbp", "", "GBP"),
        ("price", "价格：单位为元", "CNY"),
        ("rate", "from USD to EUR", ""),
        ("quantity", "how many", ""),
    ],
)
def test_a_currency_is_taken_from_what_people_wrote(name: str, comment: str, currency: str) -> None:
    assert currency_of(Column(name, "numeric", Kind.NUMBER, comment=comment)) == currency
    assert currency_of(Column(name, "text", Kind.TEXT, comment=comment)) == ""
