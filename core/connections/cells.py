"""Cells and types: what a database's values and type names are in our words."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from core.connections.result import ResultColumn
from core.connections.schema import Kind

_NAMES: dict[Kind, str] = {
    Kind.INTEGER: (
        "int integer tinyint smallint mediumint bigint hugeint uint utinyint usmallint uinteger ubigint uhugeint int1 "
        "int2 int3 int4 int8 int16 int32 int64 serial bigserial smallserial year oid bit varint long short"
    ),
    Kind.NUMBER: "numeric decimal dec number real float float4 float8 double fixed bignum",
    Kind.TEXT: (
        "text char varchar character nchar nvarchar bpchar string name citext clob tinytext mediumtext longtext enum "
        "set uuid varchar2 nvarchar2 ntext native varying inet inet4 inet6 cidr macaddr"
    ),
    Kind.BOOLEAN: "bool boolean logical",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp timestamptz datetime timestamp_s timestamp_ms timestamp_us timestamp_ns smalldatetime",
    Kind.TIME: "time timetz time_ns",
}
_KINDS: dict[str, Kind] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_BASE = re.compile(r"[^\W\d]\w*")
_NUMBER_BASE = re.compile(r"(numeric|decimal|number|dec)\s*\(\s*\d+\s*(?:,\s*0\s*)?\)")


def kind_of_type(type_name: str) -> Kind:
    """What values a column of this declared type holds; `OTHER` for arrays, documents, bytes and all unknown types."""
    text = type_name.strip().lower()
    if text.endswith("]") or text.endswith("[]"):
        return Kind.OTHER
    if text.replace(" ", "") in ("tinyint(1)", "bit(1)"):
        return Kind.BOOLEAN
    if _NUMBER_BASE.fullmatch(text):
        return Kind.INTEGER
    base = _BASE.match(text)
    return _KINDS.get(base.group(), Kind.OTHER) if base else Kind.OTHER


def kind_of_value(value: object) -> Kind | None:
    """The kind of one cell; None for an empty one. A bool is an int in Python and a datetime a date: order matters."""
    for python, kind in _PYTHON_KINDS:
        if isinstance(value, python):
            return kind
    return None if value is None else Kind.OTHER


_PYTHON_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, Kind.BOOLEAN),
    (int, Kind.INTEGER),
    (float, Kind.NUMBER),
    (Decimal, Kind.NUMBER),
    (str, Kind.TEXT),
    (datetime, Kind.TIMESTAMP),
    (date, Kind.DATE),
    (time, Kind.TIME),
)


def kind_of_values(values: Iterable[object]) -> Kind | None:
    """The one kind that all cells have; None where there are none, or where the cells are a mixture.

    Whole and broken numbers together are numbers.
    """
    kinds = {kind for value in values if (kind := kind_of_value(value)) is not None}
    if kinds == {Kind.INTEGER, Kind.NUMBER}:
        return Kind.NUMBER
    return kinds.pop() if len(kinds) == 1 else None


def settled(
    names: Sequence[str], kinds: Sequence[Kind | None], rows: Sequence[tuple[Any, ...]]
) -> tuple[tuple[ResultColumn, ...], tuple[tuple[Any, ...], ...]]:
    """Columns and rows of a result in which all cells of a column are of one kind.

    Where the database did not say a kind (None), the values do. A mixture (SQLite's "12" and "n/a", PostgreSQL's
    dates and "infinity") becomes text.
    """
    found = list(kinds)
    mixed = set()
    for place, kind in enumerate(kinds):
        # A time is looked at although the database said so: Python cannot hold all of them.
        if kind is None or kind in (Kind.DATE, Kind.TIMESTAMP, Kind.TIME):
            cells = [row[place] for row in rows if row[place] is not None]
            found[place] = kind_of_values(cells) or (Kind.TEXT if cells else kind)
            if cells and kind_of_values(cells) is None:
                mixed.add(place)
    columns = tuple(ResultColumn(name, kind or Kind.TEXT) for name, kind in zip(names, found, strict=True))
    if not mixed:
        return columns, tuple(rows)
    return columns, tuple(
        tuple(_text(cell) if place in mixed else cell for place, cell in enumerate(row)) for row in rows
    )


def _text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def plain(value: Any) -> Any:
    """A cell as one of the values a `ResultTable` may hold; anything else as text a person can read."""
    if value is None or isinstance(value, bool | int | float | Decimal | str | bytes | date | time):
        return value
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=lambda inner: _inside(plain(inner)))
    return str(value)


def _inside(value: Any) -> Any:
    """A cell inside a document: JSON knows no dates, decimals or bytes."""
    return value.hex() if isinstance(value, bytes) else str(value)


def or_text(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads what Python can hold; "infinity", years before Christ and after 9999, and 24:00 stay text."""

    def reader(text: str) -> Any:
        try:
            return read(text)
        except ValueError:
            return text

    return reader


def span(value: timedelta) -> str:
    """A length of time as databases write it: "3 days 04:05:06", with the sign first."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    seconds, fraction = value.seconds, f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"
    days = f"{value.days} day{'' if value.days == 1 else 's'} " if value.days else ""
    return f"{sign}{days}{clock}"
