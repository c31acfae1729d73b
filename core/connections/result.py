"""What came back from a database: columns and rows, finished and frozen."""

from dataclasses import dataclass
from typing import Any

from core.connections.schema import Kind


@dataclass(frozen=True)
class ResultColumn:
    """A column of a result. `kind` is what its values are; names may repeat, positions do not."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class ResultTable:
    """Rows of one query. `rows` holds at most the row cap; `truncated` says whether the database had more.

    Values are None, bool, int, float, Decimal, str, bytes, date, datetime or time. `seconds` is the time
    in the database, first byte to last.
    """

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    seconds: float
