"""An answer as a file: CSV, or Excel with a receipt sheet. Text never becomes a formula or a link in either."""

import csv
import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from core.answering.card import Card
from core.answering.markdown import plain
from core.connections.result import ResultTable
from core.errors import InvalidInput
from core.i18n import Phrase, Words
from core.security.cells import harmless as harmless

_EXACT_DIGITS = 15  # what a number in Excel holds
_LONGEST_CELL = 32_767
_FIRST_DAY = date(1900, 3, 1)  # Excel counts a 29 February 1900 that never was
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Receipt:
    """What an answer used, so that it can be repeated; `connection` is the connection's name."""

    card: Card
    connection: str
    language: str


def export(receipt: Receipt, kind: str) -> bytes:
    """The rows of the card as "csv" or "excel". Raises `InvalidInput` for another kind and where there are no rows."""
    table = receipt.card.table
    if table is None or kind not in ("csv", "excel"):
        raise InvalidInput(problem=Phrase("answering.nothing_to_export"))
    return to_csv(table) if kind == "csv" else to_excel(receipt, table)


def to_csv(table: ResultTable) -> bytes:
    """The rows as UTF-8 with a mark that Excel knows it by; text that a sheet could run gets a quote before it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([harmless(column.name) for column in table.columns])
    writer.writerows([_written(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig", "replace")


def _written(cell: object) -> object:
    """One cell for CSV: numbers as numbers without grouping, dates in ISO form, nothing for NULL."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, int | float):
        return cell
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return cell.hex() if isinstance(cell, bytes) else harmless(str(cell))


def to_excel(receipt: Receipt, table: ResultTable) -> bytes:
    """The rows on one sheet and the receipt on another."""
    words = Words(receipt.language)
    out = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "nan_inf_to_errors": False, "default_date_format": "yyyy-mm-dd",
    }  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        formats = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            time: book.add_format({"num_format": "hh:mm:ss"}),
        }
        sheet = book.add_worksheet(words.say("answering.sheet_rows"))
        for position, column in enumerate(table.columns):
            sheet.write_string(0, position, _text(column.name), head)
        for number, row in enumerate(table.rows, start=1):
            for position, cell in enumerate(row):
                _write(sheet, number, position, cell, formats.get(type(cell)))
        _finish(sheet, table)
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        notes = book.add_worksheet(words.say("answering.sheet_receipt"))
        notes.set_column(0, 0, 18, head)
        notes.set_column(1, 1, 100, wrapped)
        for number, (name, value) in enumerate(_receipt(receipt, table, words)):
            notes.write_string(number, 0, words.say(f"answering.receipt_{name}"), head)
            notes.write_string(number, 1, _text(value), wrapped)
    return out.getvalue()


def _write(sheet: Worksheet, row: int, column: int, cell: object, shown: Any) -> None:
    """One cell with its type; what Excel cannot hold exactly is written as text."""
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float | Decimal) and _fits(cell):
        sheet.write_number(row, column, cell)
    elif _is_moment(cell):
        sheet.write_datetime(row, column, cell, shown)
    else:
        sheet.write_string(row, column, _text(cell.hex() if isinstance(cell, bytes) else str(cell)))


def _is_moment(cell: object) -> bool:
    """Whether a sheet has this day or time; it knows no time zones and nothing before March 1900."""
    if isinstance(cell, datetime | time) and cell.tzinfo is not None:
        return False
    day = cell.date() if isinstance(cell, datetime) else cell
    return isinstance(day, time) or (isinstance(day, date) and day >= _FIRST_DAY)


def _fits(cell: int | float | Decimal) -> bool:
    """Whether a sheet keeps all digits of a number."""
    if isinstance(cell, float):
        return math.isfinite(cell)
    decimal = Decimal(cell)
    return decimal.is_finite() and len(decimal.normalize().as_tuple().digits) <= _EXACT_DIGITS


def _finish(sheet: Worksheet, table: ResultTable) -> None:
    """Widths that show what is there, the head fixed, and a filter on it."""
    sheet.freeze_panes(1, 0)
    for position, column in enumerate(table.columns):
        texts = [column.name, *(str(row[position]) for row in table.rows[:200])]
        widest = max(sum(2 if ord(c) > 0x2E80 else 1 for c in text) for text in texts)
        sheet.set_column(position, position, min(max(widest + 2, 8), 60))
    if table.rows and table.columns:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def _receipt(receipt: Receipt, table: ResultTable, words: Words) -> Iterable[tuple[str, str]]:
    """What the answer used, as names of `answering.receipt_…` and texts."""
    card = receipt.card
    yield "question", card.question
    if card.answered:
        yield "summary", plain(card.answered.summary)
    yield "connection", receipt.connection
    yield "sql", card.sql
    if card.rung:
        yield "rung", words.say(f"answering.rung_{card.rung.value}")
    if card.usage.model:
        yield "model", card.usage.model
    if card.usage.calls:
        yield "sent", words.say("privacy.receipt_sent", n=card.usage.calls)
    if card.answered:
        evidence = card.answered.evidence
        reasons = words.say("answering.semicolon").join(words.show(reason) for reason in evidence.reasons)
        yield (
            "sureness",
            words.say("answering.sure_because", how=_sureness(words, evidence.sureness.value), why=reasons),
        )
        yield "as_of", f"{card.answered.as_of:%Y-%m-%d %H:%M:%S %Z}".strip()
    if card.explanation.limits:
        yield "rights", " ".join(words.show(limit) for limit in card.explanation.limits)
    count = len(table.rows)
    limited = "rights.visible_rows" if count else "rights.no_rows"
    yield "rows", words.say(limited, n=count) if card.explanation.limited else words.show(count)
    yield "truncated", words.show(table.truncated)


def _sureness(words: Words, sureness: str) -> str:
    return words.say(f"answering.sureness_{sureness}")


def _text(text: str) -> str:
    """Text as a cell can hold it."""
    return _CONTROL.sub(" ", text)[:_LONGEST_CELL].encode("utf-8", "replace").decode()
