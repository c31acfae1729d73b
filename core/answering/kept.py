"""Cards and rows as they are kept in the store: JSON for what is drawn, an Arrow stream for rows.

What is read back equals what was kept, values and types alike: a Decimal stays a Decimal, a day a day.
"""

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pyarrow as pa

from core.answering import events
from core.answering.card import Card
from core.charts import ChartKind, ChartSpec
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind
from core.i18n import Phrase

MOST_BYTES = 5 * 1024 * 1024
_CLASSES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Card, Phrase, ChartSpec, events.Understood, events.Recalled, events.QueryTried, events.Explanation,
        events.ChartReady, events.Answered, events.NeedsDetail, events.CannotAnswer, events.Failed, events.Evidence,
        events.Usage, events.Lever, events.Fix, events.Choice, events.Taken,
    )
}  # fmt: skip
_ENUMS: dict[str, type[Enum]] = {
    kind.__name__: kind for kind in (events.Rung, events.Sureness, events.LeverKind, ChartKind)
}
_WRITTEN: dict[type, str] = {date: "date", datetime: "datetime", time: "time", Decimal: "decimal", UUID: "uuid"}
_READ = {
    "date": date.fromisoformat, "datetime": datetime.fromisoformat, "time": time.fromisoformat,
    "decimal": Decimal, "uuid": UUID, "bytes": bytes.fromhex, "float": float,
}  # fmt: skip


def card_to_json(card: Card) -> dict[str, Any]:
    """A card without its rows, as JSON."""
    written = _to_json(card)
    written.pop("table", None)
    return dict(written)


def card_from_json(written: Mapping[str, Any], table: ResultTable | None) -> Card:
    """The card as it was, with these rows. What a later version no longer knows is left out."""
    card = _from_json(written)
    if not isinstance(card, Card):
        return Card("")
    return card if table is None else Card(**{**_values(card), "table": table})


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot hold: NUL characters and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _values(value: Any) -> dict[str, Any]:
    return {f.name: getattr(value, f.name) for f in fields(value)}


def _to_json(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"$enum": type(value).__name__, "value": value.value}
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else {"$is": "float", "value": str(value)}
    if isinstance(value, bytes):
        return {"$is": "bytes", "value": value.hex()}
    if type(value) in _WRITTEN:
        return {"$is": _WRITTEN[type(value)], "value": value.isoformat() if hasattr(value, "isoformat") else str(value)}
    if isinstance(value, ResultTable):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return {"$of": type(value).__name__, **{name: _to_json(item) for name, item in _values(value).items()}}
    if isinstance(value, Mapping):
        return {"$map": {str(key): _to_json(item) for key, item in value.items()}}
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_json(item) for item in value]
    return str(value)


def _from_json(written: Any) -> Any:
    if isinstance(written, list):
        return tuple(_from_json(item) for item in written)
    if not isinstance(written, dict):
        return written
    if "$enum" in written:
        kind = _ENUMS[written["$enum"]]
        return kind(written["value"])
    if "$is" in written:
        return _READ[written["$is"]](written["value"])
    if "$map" in written:
        return {key: _from_json(item) for key, item in written["$map"].items()}
    cls = _CLASSES.get(written.get("$of", ""))
    if cls is None:
        return None
    known = {f.name for f in fields(cls)}
    return cls(**{name: _from_json(item) for name, item in written.items() if name in known})


def rows_to_bytes(table: ResultTable, most: int = MOST_BYTES) -> bytes:
    """The rows as a compressed Arrow stream of at most about `most` bytes.

    Where that does not hold all of them, the first rows are kept and the table counts as truncated.
    """
    count = len(table.rows)
    while True:
        stream = _stream(table, count)
        if len(stream) <= most or count <= 1:
            return stream
        count = max(1, min(count // 2, int(count * most / len(stream))))


def _stream(table: ResultTable, count: int) -> bytes:
    """The first `count` rows as an Arrow stream."""
    arrays, kept = [], []
    for position, column in enumerate(table.columns):
        cells = [row[position] for row in table.rows[:count]]
        array, way = _array(cells)
        arrays.append(array)
        notes = {b"kind": column.kind.value.encode(), b"way": way.encode(), b"name": column.name.encode()}
        kept.append(pa.field(str(position), array.type, metadata=notes))
    facts = {
        b"truncated": b"1" if table.truncated or count < len(table.rows) else b"0",
        b"seconds": repr(table.seconds).encode(),
        b"rows": str(min(count, len(table.rows))).encode(),
    }
    sink = io.BytesIO()
    schema = pa.schema(kept, metadata=facts)
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        if arrays:
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return sink.getvalue()


def _array(cells: list[Any]) -> tuple[Any, str]:
    """The cells as an Arrow array, typed where that loses nothing, and otherwise each as its own JSON."""
    array = None
    if len({type(cell) for cell in cells if cell is not None}) <= 1:
        with contextlib.suppress(pa.ArrowException, OverflowError, ValueError, TypeError):
            array = pa.array(cells)
    if array is not None and all(map(_same, array.to_pylist(), cells)):
        return array, "typed"
    return pa.array(
        [None if c is None else json.dumps(c if isinstance(c, str) else _to_json(c)) for c in cells], pa.string()
    ), "json"


def _same(read: object, kept: object) -> bool:
    """Whether a cell came back as it was, type, digits and time zone included."""
    return type(read) is type(kept) and str(read) == str(kept)


def rows_from_bytes(stream: bytes) -> ResultTable:
    """The rows that `rows_to_bytes` kept."""
    with pa.ipc.open_stream(stream) as reader:
        table = reader.read_all()
    columns, cells = [], []
    for position, field in enumerate(table.schema):
        notes = field.metadata
        columns.append(ResultColumn(notes[b"name"].decode(), Kind(notes[b"kind"].decode())))
        read = table.column(position).to_pylist()
        as_json = notes[b"way"] == b"json"
        cells.append([_from_json(json.loads(c)) if c is not None and as_json else c for c in read])
    facts = table.schema.metadata
    rows = tuple(zip(*cells, strict=True)) if cells else ((),) * int(facts[b"rows"])
    return ResultTable(tuple(columns), rows, facts[b"truncated"] == b"1", float(facts[b"seconds"]))
