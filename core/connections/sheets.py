"""CSV and Excel files as rows of text, with their headings found and named. Runs in the process that reads uploads."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

from core.connections.cells import span

Row = list[str | None]

MOST_COLUMNS = 1000
_LOOKED_AT = 100  # rows, to find delimiter and headings
_TITLES = 20  # rows above the headings that may be titles and remarks
_LONGEST_CELL = 10_000_000  # characters
_LONGEST_NAME = 60
_DELIMITERS = ",;\t|，；"
_COUNTED = re.compile(r"[+-]?[¥￥$€£]?\s*[\d,.]+%?|\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:[ T][\d:.]+)?")
_YEAR = re.compile(r"(19|20)\d\d")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXCEL_ERRORS = {"#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA"}


class Unreadable(Exception):
    """The file cannot be read: `problem` names the words for it, `values` what they speak of."""

    def __init__(self, problem: str, **values: object) -> None:
        super().__init__(problem)
        self.problem, self.values = problem, values


@dataclass(frozen=True)
class Sheet:
    """One table of a file. `labels` are the headings as written, `names` what the columns are called."""

    title: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    rows: Iterator[Row]


@contextmanager
def csv_sheets(file: Path, title: str) -> Iterator[Iterator[Sheet]]:
    """The one table of a CSV file, whatever its encoding and delimiter."""
    csv.field_size_limit(_LONGEST_CELL)
    with file.open(encoding=encoding_of(file), newline="") as text:
        try:
            yield _csv_sheet(text, title)
        except (UnicodeDecodeError, csv.Error):
            raise Unreadable("upload_not_text") from None


def _csv_sheet(text: io.TextIOBase, title: str) -> Iterator[Sheet]:
    head = "".join(islice(text, _LOOKED_AT))
    text.seek(0)
    if "\0" in head:
        raise Unreadable("upload_not_text")
    reader = csv.reader(text, delimiter=delimiter_of(head), skipinitialspace=True)
    rows = ((reader.line_num, [cell.strip() or None for cell in row]) for row in reader)
    yield from _sheet(title, rows)


def encoding_of(file: Path) -> str:
    """UTF-8, UTF-16 with its mark, GB 18030 (and with it GBK), or Windows-1252 for what is none of them."""
    with file.open("rb") as raw:
        start = raw.read(4)
        for mark, name in _MARKS:
            if start.startswith(mark):
                return name
        raw.seek(0)
        if _decodes(raw, "utf-8"):
            return "utf-8"
        raw.seek(0)
        sample = raw.read(1 << 20)
        raw.seek(0)
        return "gb18030" if _looks_chinese(sample) and _decodes(raw, "gb18030") else "cp1252"


def _decodes(raw: io.BufferedIOBase, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := raw.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(sample: bytes) -> bool:
    """Whether the bytes above ASCII make common Chinese characters: Western letters would make rare ones."""
    text = sample.decode("gb18030", "ignore")
    strange = [character for character in text if ord(character) > 127]
    common = sum(1 for character in strange if _in_gb2312(character))
    return bool(strange) and common >= 0.9 * len(strange)


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def delimiter_of(head: str) -> str:
    """What divides the cells: the mark that gives most rows the same number of cells, and more than one."""
    best, best_score = ",", 0.0
    for mark in _DELIMITERS:
        counts = [len(row) for row in csv.reader(io.StringIO(head), delimiter=mark) if any(row)]
        usual = max(set(counts), key=counts.count, default=1)
        score = counts.count(usual) / len(counts) * min(usual, 50) if usual > 1 else 0.0
        if score > best_score:
            best, best_score = mark, score
    return best


def excel_sheets(file: Path) -> Iterator[Sheet]:
    """The table of every visible sheet of an Excel or OpenDocument file."""
    import python_calamine as calamine

    try:
        with calamine.load_workbook(str(file)) as book:
            for meta in book.sheets_metadata:
                if meta.visible != calamine.SheetVisibleEnum.Visible or meta.typ != calamine.SheetTypeEnum.WorkSheet:
                    continue
                rows = ([excel_cell(cell) for cell in row] for row in book.get_sheet_by_name(meta.name).iter_rows())
                yield from _sheet(meta.name, enumerate(rows, 1))
    except calamine.PasswordError:
        raise Unreadable("upload_locked") from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise Unreadable("upload_broken", reason=str(error)[:200]) from None


def excel_cell(cell: Any) -> str | None:
    """A cell as text: whole numbers without a point, dates in ISO 8601, errors as nothing."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return span(cell)
    text = str(cell).strip()
    return None if not text or text in _EXCEL_ERRORS else text


def _sheet(title: str, rows: Iterable[tuple[int, Row]]) -> Iterator[Sheet]:
    """The table among these numbered rows; none where there are no rows under the headings."""
    numbered = iter((number, row) for number, row in rows if any(row))
    start = list(islice(numbered, _LOOKED_AT))
    place = _headings_at([row for _, row in start])
    body = [row for _, row in start]
    if place is None:
        if not body:
            return
        width = max(len(row) for row in body)
        labels: list[str] = [""] * width
        place = -1
    else:
        labels = [cell or "" for cell in body[place]]
        while labels and not labels[-1] and all(len(row) < len(labels) or not row[len(labels) - 1] for row in body):
            labels.pop()
    if not body[place + 1 :] or not labels:
        return
    if len(labels) > MOST_COLUMNS:
        raise Unreadable("upload_wide", most=MOST_COLUMNS)
    rest = chain(start[place + 1 :], numbered)
    yield Sheet(title, tuple(labels), tuple(clean_names(labels)), _fitted(rest, len(labels)))


def _fitted(rows: Iterable[tuple[int, Row]], width: int) -> Iterator[Row]:
    """Rows of exactly this width. One that is longer would put values under the wrong headings, so it is an error."""
    for number, row in rows:
        if any(row[width:]):
            raise Unreadable("upload_ragged", line=number, cells=len(row), headings=width)
        yield row[:width] + [None] * (width - len(row))


def _headings_at(rows: Sequence[Row]) -> int | None:
    """Which row holds the headings; None where the first row is data already.

    Titles and remarks above fill only few cells. A word over a column of numbers is a heading; where no column shows
    that, headings are words or years throughout.
    """
    width = max((sum(1 for cell in row if cell) for row in rows), default=0)
    place = next((n for n, row in enumerate(rows[:_TITLES]) if 2 * sum(1 for cell in row if cell) > width), None)
    if place is None:
        return None
    if any(_is_over_numbers(rows, place, column) for column in range(len(rows[place]))):
        return place
    filled = [cell for cell in rows[place] if cell]
    return place if all(not _COUNTED.fullmatch(cell) or _YEAR.fullmatch(cell) for cell in filled) else None


def _is_over_numbers(rows: Sequence[Row], place: int, column: int) -> bool:
    head = rows[place][column]
    below = [cell for row in rows[place + 1 :] if len(row) > column and (cell := row[column])]
    counted = sum(1 for cell in below if _COUNTED.fullmatch(cell))
    return bool(head and below) and not _COUNTED.fullmatch(head or "") and counted >= 0.8 * len(below)


def clean_names(labels: Sequence[str]) -> list[str]:
    """Names that need little quoting: small letters, digits, underscores, and Chinese as it is; no two alike."""
    names: list[str] = []
    for place, label in enumerate(labels, 1):
        name = clean_name(label) or f"column_{place}"
        number, unique = 2, name
        while unique in names:
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
    return names


def clean_name(label: str) -> str:
    """One label as a name; "" where nothing is left of it."""
    text = unicodedata.normalize("NFKC", label).lower().replace("%", " percent ").replace("#", " number ")
    name = re.sub(r"[^\w]+", "_", text).strip("_")[:_LONGEST_NAME].strip("_")
    return f"column_{name}" if name[:1].isdigit() else name
