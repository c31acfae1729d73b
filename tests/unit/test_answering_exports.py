"""Exports: numbers stay numbers, text never becomes a formula, and Excel brings a receipt."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from core.answering.card import Card
from core.answering.exports import Receipt, export, harmless, to_csv
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind
from core.errors import InvalidInput
from tests.unit.test_answering_kept import ANSWERED, CARDS

FORMULAS = [
    "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x", " =1", "\u200b=1", "=HYPERLINK(\"http://x\")",
]  # fmt: skip
TABLE = ResultTable(
    (ResultColumn("=name", Kind.TEXT), ResultColumn("amount", Kind.NUMBER), ResultColumn("day", Kind.DATE)),
    (
        ("=cmd|' /C calc'!A0", Decimal("-12.50"), date(2025, 1, 2)),
        ("plain", Decimal("12345678901234567890.12"), None),
        ("中文", 3, date(1800, 1, 1)),
    ),
    True,
    0.1,
)
CARD = replace(CARDS[0], table=TABLE)


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_sheet_would_run_gets_a_quote(text: str) -> None:
    assert harmless(text) == "'" + text


@pytest.mark.parametrize("text", ["plain", "a=b", "1-2", "", "中文", "'quoted", "50% off"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_csv_opens_in_excel_and_keeps_numbers() -> None:
    data = to_csv(TABLE)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows == [
        ["'=name", "amount", "day"],
        ["'=cmd|' /C calc'!A0", "-12.50", "2025-01-02"],
        ["plain", "12345678901234567890.12", ""],
        ["中文", "3", "1800-01-01"],
    ]


def test_excel_has_no_formula_and_no_link_and_keeps_types() -> None:
    data = export(Receipt(CARD, "Shop", "en"), "excel")
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    rows = book.get_sheet_by_name("Rows").to_python()
    assert rows[0] == ["=name", "amount", "day"]
    assert rows[1] == ["=cmd|' /C calc'!A0", -12.5, date(2025, 1, 2)]
    assert rows[2][1] == "12345678901234567890.12"
    assert rows[3] == ["中文", 3.0, "1800-01-01"]
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        assert sheets
        assert not any(b"<f>" in sheet or b"hyperlink" in sheet for sheet in sheets)


@pytest.mark.parametrize(("language", "sheet"), [("en", "Receipt"), ("zh", "凭据")])
def test_the_receipt_says_what_the_answer_used(language: str, sheet: str) -> None:
    data = export(Receipt(CARD, "Shop", language), "excel")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(sheet).to_python()
    said = [str(row[1]) for row in rows]
    assert said[:4] == ["how many?", "7", "Shop", "SELECT 1"]
    assert "m" in said
    assert any("Askwell" in text for text in said)
    assert "2026-11-21 09:00:00 UTC" in said
    assert str(len(TABLE.rows)) in said


def test_every_kind_of_cell_can_be_exported() -> None:
    cells = (
        True,
        None,
        float("nan"),
        float("inf"),
        b"\x00\xff",
        time(3, 4),
        datetime(2025, 1, 1, tzinfo=UTC),
        "a\x01b",
    )
    table = ResultTable(tuple(ResultColumn(str(i), Kind.OTHER) for i in range(len(cells))), (cells,), False, 0.0)
    for kind in ("csv", "excel"):
        assert export(Receipt(replace(CARD, table=table), "Shop", "en"), kind)


def test_no_rows_and_unknown_kinds_are_refused() -> None:
    with pytest.raises(InvalidInput):
        export(Receipt(Card("?", ending=ANSWERED), "Shop", "en"), "csv")
    with pytest.raises(InvalidInput):
        export(Receipt(CARD, "Shop", "en"), "pdf")


STARTS = st.sampled_from(
    ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹢", "﹣", "﹦", "﹫", "⁺", "₌"]
)
BEFORE = st.text(
    st.sampled_from([" ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060", "\u202e", "\x00", "\x1f", "'", '"']),
    max_size=40,
)


@given(BEFORE, STARTS, st.text(max_size=20))
def test_no_cell_of_any_text_begins_like_a_formula(before: str, start: str, rest: str) -> None:
    """Whatever stands before the sign and is not seen, or is a quote that an import takes away."""
    text = before + start + rest
    table = ResultTable((ResultColumn(text, Kind.TEXT),), ((text,), (None,)), False, 0.1)
    rows = list(csv.reader(io.StringIO(to_csv(table).decode("utf-8-sig"), newline="")))
    for cell in (rows[0][0], rows[1][0]):
        assert cell == "'" + text


@given(
    st.decimals(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)
def test_numbers_stay_numbers(number: Decimal | int | float) -> None:
    table = ResultTable((ResultColumn("n", Kind.NUMBER),), ((number,),), False, 0.1)
    cell = list(csv.reader(io.StringIO(to_csv(table).decode("utf-8-sig"))))[1][0]
    assert not cell.startswith("'")
    assert Decimal(cell) == Decimal(str(number))
