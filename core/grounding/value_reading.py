"""Reads the values of a connection's tables, of those whose columns or rows changed, many tables at once.

What the server's own statistics list is taken from there. The tables that most others point at come first, then the
largest. Each is written with its mark as soon as it is read, so that a reading cut short goes on where it was.
"""

import hashlib
import math
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from uuid import UUID

from core.connections.samples import ROWS_READ, ColumnRead
from core.connections.schema import Column, Kind, Schema, Table
from core.connections.statistics import ColumnStatistics, Statistics, TableStatistics
from core.errors import QueryFailed
from core.grounding.privacy import Detection
from core.grounding.sources import Sampled
from core.grounding.table_marks import SHAPE, ReadTable, TableMark, TableMarks
from core.grounding.value_blocks import FORM
from core.grounding.value_lists import ColumnValues, ValueLists
from core.grounding.values import MOST_DISTINCT, MOST_VALUES, indexable, worth_listing

_CELLS = 200  # of a table's first rows, to see which of its columns hold personal data
_LOOKED_AT = 200  # values of a column, for the same
_AT_ONCE = 25  # tables that are judged and written together
_WRITERS = 4
_TOGETHER = 20_000  # values that are written in one transaction, or those of one column
_BINARY = ("blob", "binary", "bytea", "image", "geometry", "vector")


@dataclass
class _Found:
    """What was read of one table so far; `waits` columns are still to come."""

    waits: int
    values: dict[str, list[str]] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)


class ValueReading:
    """One reading of one connection. Raises `ConnectionFailed` and `StoreUnreachable`."""

    def __init__(self, source: Sampled, marks: TableMarks, lists: ValueLists, detection: Detection) -> None:
        self._source, self._marks, self._lists, self._detection = source, marks, lists, detection
        self._known = marks.of(source.id)
        self._statistics = _statistics(source)
        self._wanted = {table.key: self._mark(table) for table in source.schema.tables}
        self.due = _by_worth(source.schema, [t for t in source.schema.tables if not self._fits(t.key)])
        self._found_others = False
        self._room = MOST_VALUES - sum(mark.kept for mark in self._known.values())

    @property
    def schema(self) -> Schema:
        """What is read."""
        return self._source.schema

    def read(self, seconds: float | None, reached: Callable[[int], None]) -> int:
        """Read what is due, for about so many seconds; how many tables that were. What is left stays `due`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        done = 0
        waiting: list[tuple[Table, _Found]] = []
        with closing(self._tables()) as tables:
            for one in tables:
                waiting.append(one)
                if len(waiting) < _AT_ONCE:
                    continue
                done += self._write(waiting)
                waiting = []
                reached(done)
                if deadline is not None and time.monotonic() > deadline:
                    break
        done += self._write(waiting)
        if self._found_others:
            self._detection.note(self._source.id)
        self._found_others, self.due = False, self.due[done:]
        reached(done)
        return done

    def _mark(self, table: Table) -> bytes:
        shape = FORM + repr([(c.name, c.type, c.kind.value) for c in table.columns]).encode("utf-8", "replace")
        rows = self._statistics.get(table.key, TableStatistics()).mark
        columns = hashlib.sha256(shape).digest()[:SHAPE]
        return columns + hashlib.sha256(rows.encode()).digest()[:SHAPE] if rows else columns

    def _fits(self, key: str) -> bool:
        return key in self._known and self._known[key].fits(self._wanted[key])

    def _tables(self) -> Generator[tuple[Table, _Found], None, None]:
        """The tables that are due, in their order, each when all of it is read."""
        reads = {table.key: self._reads(table) for table in self.due}
        found = {key: _Found(len(own)) for key, own in reads.items()}
        coming = self._source.read_columns([read for own in reads.values() for read in own])
        for table in self.due:
            while found[table.key].waits:
                batch, values = next(coming)
                for read, some in zip(batch, values, strict=True):
                    into = found[read.table]
                    into.waits -= 1
                    (into.cells if read.first else into.values)[read.column] = some
            yield table, found.pop(table.key)

    def _reads(self, table: Table) -> list[ColumnRead]:
        """What must be read of a table: values worth listing that no statistics list, and cells of what may be
        personal without being worth that."""
        reads = []
        keys = {name for key in table.foreign_keys for name in key.columns} | set(table.primary_key)
        for column in table.columns:
            if indexable(table, column):
                if self._listed(table.key, column.name) is None:
                    reads.append(ColumnRead(table.key, column.name, MOST_DISTINCT + 1))
            elif _may_be_personal(column, column.name in keys):
                reads.append(ColumnRead(table.key, column.name, _CELLS, first=True))
        return reads

    def _listed(self, table: str, column: str) -> Sequence[str] | None:
        known = self._statistics.get(table, TableStatistics()).columns.get(column)
        return known.values if known else None

    def _write(self, tables: Sequence[tuple[Table, _Found]]) -> int:
        """Judge what is personal first: no value may be shown before that is known."""
        if not tables:
            return 0
        connection_id: UUID = self._source.id
        lists = {table.key: self._lists_of(table, found) for table, found in tables}
        looked_at = {
            (table.key, column): values[:_LOOKED_AT]
            for table, found in tables
            for column, values in (*found.cells.items(), *lists[table.key].items())
        }
        schema = Schema(self._source.schema.dialect, tuple(table for table, _ in tables))
        self._found_others |= self._detection.keep(connection_id, schema, looked_at)
        read: list[ReadTable] = []
        wanted: list[ColumnValues] = []
        for table, _ in tables:
            before = self._known.get(table.key, TableMark()).kept
            kept = self._worth(lists[table.key], before)
            if before or any(kept.values()):
                small = (table.row_estimate or 0) <= ROWS_READ
                all_of = {column: small and len(some) == len(lists[table.key][column]) for column, some in kept.items()}
                wanted += [ColumnValues(table.key, column, some, all_of[column]) for column, some in kept.items()]
            total = sum(map(len, kept.values()))
            self._room -= total - before
            statistics = self._with_counts(table, lists[table.key])
            read.append(ReadTable(table.key, self._wanted[table.key], total, statistics))
        with ThreadPoolExecutor(_WRITERS) as writers:
            list(writers.map(lambda some: self._lists.keep_many(connection_id, some), _together(wanted)))
        self._marks.values_read(connection_id, read)
        return len(tables)

    def _lists_of(self, table: Table, found: _Found) -> dict[str, list[str]]:
        """The values of each column worth listing, read or known to the server."""
        known = {c.name: self._listed(table.key, c.name) for c in table.columns if indexable(table, c)}
        return {name: found.values.get(name, []) if some is None else list(some) for name, some in known.items()}

    def _worth(self, lists: Mapping[str, list[str]], before: int) -> dict[str, list[str]]:
        """What is kept of each list, as far as there is room in place of what the table had `before`."""
        kept, total = dict[str, list[str]](), 0
        for column, values in lists.items():
            some = worth_listing(values)
            kept[column] = some if total + len(some) <= self._room + before else []
            total += len(kept[column])
        return kept

    def _with_counts(self, table: Table, lists: Mapping[str, list[str]]) -> dict[str, ColumnStatistics]:
        """The server's statistics, and what the lists say where it has none and the table was read whole."""
        known = dict(self._statistics.get(table.key, TableStatistics()).columns)
        whole = table.row_estimate is not None and table.row_estimate <= ROWS_READ
        for column, values in lists.items():
            if whole and 0 < len(values) <= MOST_DISTINCT and (column not in known or known[column].distinct is None):
                ends = min(values), max(values)
                before = known.get(column, ColumnStatistics())
                known[column] = replace(before, distinct=len(values), least=ends[0], greatest=ends[1])
        return known


def _together(columns: Sequence[ColumnValues]) -> Iterator[list[ColumnValues]]:
    """Columns that are written in one transaction: many of few values, or a few of many."""
    some: list[ColumnValues] = []
    values = 0
    for one in columns:
        some.append(one)
        values += len(one.values)
        if values >= _TOGETHER:
            yield some
            some, values = [], 0
    if some:
        yield some


def _may_be_personal(column: Column, is_key: bool) -> bool:
    """Whether cells of a column can hold personal data: texts and whole numbers that lead to no other row."""
    if column.kind is Kind.INTEGER:
        return not is_key
    return column.kind in (Kind.TEXT, Kind.OTHER) and not any(word in column.type.lower() for word in _BINARY)


def _statistics(source: Sampled) -> Statistics:
    try:
        return source.statistics()
    except QueryFailed:
        return {}  # all is read instead


def _by_worth(schema: Schema, tables: Sequence[Table]) -> list[Table]:
    """Those that many others point at hold the names people say; of the rest, the larger ones first."""
    pointed_at: dict[str, int] = defaultdict(int)
    for table in schema.tables:
        for key in table.foreign_keys:
            pointed_at[key.referred_table] += 1
    rows = {table.key: math.log2(1 + max(0, table.row_estimate or 0)) for table in tables}
    return sorted(tables, key=lambda table: -(4 * min(pointed_at[table.key], 8) + rows[table.key]))
