"""Connection: one database as one actor may ask it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from uuid import UUID

from core.connections import runner, samples
from core.connections.guard import CheckedQuery, Scope, check
from core.connections.guard.policies_shields import Shields
from core.connections.introspection import Naming
from core.connections.result import ResultTable
from core.connections.schema import Dialect, Schema
from core.connections.session import Fetched, Limits, Session
from core.connections.statements import Unnoted
from core.connections.statistics import Statistics, statistics_of
from core.errors import LimitedQueryFailed, QueryCancelled, QueryFailed, QueryLost, QueryRefused, QueryTimedOut
from core.observability import REFUSALS
from core.security.policies import EVERYTHING, Rights
from core.stop import Stop

_LONGEST_VALUE = 200  # characters; longer text is prose, not a value that people name
_READER_SECONDS = 5.0
_BUDGET_SECONDS = 15.0
_COMPARED = 500  # values of a column
_MANY_SECONDS = 10.0  # for many columns at once
_MANY_READS, _MANY_ROWS = 100, 200_000  # columns of one statement, and rows that it looks at
_VISIT = 5  # such statements
CATALOGUE_SECONDS = 120.0  # for reading the catalogue of a very large database


@dataclass(frozen=True)
class Connection:
    """One database as one actor may ask it. `schema` is what they may see, with people's descriptions; `rights` what
    policies leave to them; `functions` those of its people's that an administrator allowed.

    Nothing is open between questions: each visit signs in, asks once and leaves.
    """

    id: UUID
    name: str
    schema: Schema
    limits: Limits
    visit: Callable[[Limits], Session] = field(repr=False)
    naming: Naming = field(default_factory=Naming)
    rights: Rights = EVERYTHING
    shields: Shields | None = field(default=None, repr=False, compare=False)
    statements: Unnoted = field(default_factory=Unnoted, repr=False, compare=False)
    functions: frozenset[str] = frozenset()

    @property
    def dialect(self) -> Dialect:
        return self.schema.dialect

    @property
    def scope(self) -> Scope:
        return Scope(
            self.dialect,
            self.schema,
            namespace=self.naming.namespace,
            ignores_case=self.naming.ignores_case,
            rights=self.rights,
            shields=self.shields,
            functions=self.functions,
            routines=self.naming.routines,
        )

    @property
    def rights_version(self) -> str:
        """Equal for people who may see the same of this connection, "" for those who may see everything."""
        return self.rights.version

    def check(self, sql: str) -> CheckedQuery:
        """The SQL as the guard passed it. Raises `QueryRefused` with the reason."""
        try:
            return check(sql, self.scope)
        except QueryRefused as why:
            REFUSALS.inc()
            self.statements.refused(sql, why)
            raise

    def run(self, query: CheckedQuery, stop: Stop | None = None, row_cap: int | None = None) -> ResultTable:
        """The rows of a checked query, at most `row_cap` (else the portal's). Raises as `runner.run`, and
        `ConnectionFailed`."""
        if stop is not None:
            stop.check()
        self.statements.runs(query)
        with closing(self.visit(self.limits)) as session, _discreet(query):
            return runner.run(query, session, stop, row_cap)

    def sample(self, table_key: str, count: int = 5) -> ResultTable:
        """The first rows of a table. Raises `NotFound`, `QueryFailed` and `ConnectionFailed`."""
        query = self._allowed(samples.rows_query(self.schema, table_key, count))
        started = time.perf_counter()
        with closing(self._brief(_READER_SECONDS)) as session:
            found = self._read(session, query, count)
        return ResultTable(found.columns, found.rows, found.truncated, time.perf_counter() - started)

    def sample_values(self, table_key: str, column: str, limit: int = 100) -> list[str]:
        """Values of a column as text, the most frequent first; see `values_of`."""
        return self.values_of(table_key, [column], limit)[column]

    def values_of(
        self, table_key: str, columns: Sequence[str], limit: int = 100, seconds: float = _BUDGET_SECONDS
    ) -> dict[str, list[str]]:
        """Values of each of these columns as text, the most frequent first, at most `limit` and none longer than 200
        characters. A column that cannot be read within 5 seconds, or all of them within `seconds`, has none.

        Raises `NotFound` and `ConnectionFailed`.
        """
        table = self.schema.by_key.get(table_key)
        queries = {column: samples.values_query(self.schema, table_key, column, limit) for column in columns}
        wanted = [column for column in columns if table and samples.has_values(table.by_name[column])]
        values: dict[str, list[str]] = {column: [] for column in columns}
        if not wanted:
            return values
        deadline = time.monotonic() + seconds
        with closing(self._brief(min(seconds, _READER_SECONDS))) as session:
            for column in wanted:
                if time.monotonic() > deadline:
                    break
                try:
                    found = self._read(session, self._allowed(queries[column]), limit)
                except (QueryFailed, QueryRefused):
                    continue
                values[column] = [text for (cell,) in found.rows if (text := _text(cell))]
        return values

    def statistics(self) -> Statistics:
        """What the server itself knows of its tables' rows, nothing for those whom policies bind.

        Raises `QueryFailed` and `ConnectionFailed`.
        """
        if self.rights.version:
            return {}
        with closing(self.visit(replace(self.limits, seconds=max(self.limits.seconds, CATALOGUE_SECONDS)))) as session:
            return statistics_of(session, self.schema)

    def read_columns(
        self, reads: Sequence[samples.ColumnRead]
    ) -> Iterator[tuple[Sequence[samples.ColumnRead], list[list[str]]]]:
        """Columns of any number of tables, as many in one statement as are small enough, in the order given: some
        reads and their values as text, then some more. A column that cannot be read has none.

        Raises `ConnectionFailed`.
        """
        batches = _batches(self.schema, reads)
        # A visit holds a lock on every table that it read: it ends before these become too many.
        while some := list(islice(batches, _VISIT)):
            with closing(self._brief(_MANY_SECONDS)) as session:
                found = [self._read_many(session, batch) for batch in some]
            yield from zip(some, found, strict=True)

    def _read_many(self, session: Session, reads: Sequence[samples.ColumnRead]) -> list[list[str]]:
        """The values of each read. Where one of them fails, the halves are tried, down to the one."""
        most = sum(read.limit for read in reads)
        try:
            found = self._read(session, self._allowed(samples.many_query(self.schema, reads)), most)
        except (QueryFailed, QueryRefused):
            found = None
        if found is None or found.truncated:
            if len(reads) == 1:
                return [[]]
            half = len(reads) // 2
            return [*self._read_many(session, reads[:half]), *self._read_many(session, reads[half:])]
        values: list[list[str]] = [[] for _ in reads]
        for place, cell in found.rows:
            if text := _text(cell):
                values[int(place)].append(text)
        return values

    def column_range(self, table_key: str, column: str) -> tuple[Any, Any] | None:
        """The least and the greatest value of a column; None if it is empty or takes too long to find.

        Raises `NotFound` and `ConnectionFailed`.
        """
        query = samples.range_query(self.schema, table_key, column)
        with closing(self._brief(_READER_SECONDS)) as session:
            try:
                [(least, greatest)] = self._read(session, self._allowed(query), 1).rows
            except (QueryFailed, QueryRefused):
                return None
        return None if least is None else (least, greatest)

    def shared_values(
        self, one: tuple[str, str], other: tuple[str, str], seconds: float = _READER_SECONDS
    ) -> tuple[int, int] | None:
        """How many different values of the column `one` (table key, column name) were looked at, at most five hundred,
        and how many of them stand in `other` too; None if that takes too long or cannot be compared.

        Raises `NotFound` and `ConnectionFailed`.
        """
        query = samples.shared_query(self.schema, one, other, _COMPARED)
        with closing(self._brief(seconds)) as session:
            try:
                [(looked_at, met)] = self._read(session, self._allowed(query), 1).rows
            except (QueryFailed, QueryRefused):
                return None
        return int(looked_at), int(met or 0)

    def _allowed(self, sql: str) -> CheckedQuery | str:
        """A question of the portal's own, as policies let it be asked."""
        return check(sql, self.scope) if self.rights.version else sql

    def _read(self, session: Session, query: CheckedQuery | str, rows: int) -> Fetched:
        if isinstance(query, str):
            with runner.watched(session):
                return session.read(query, rows)
        with _discreet(query), runner.watched(session):
            return session.read(query.runs, rows)

    def _brief(self, seconds: float) -> Session:
        return self.visit(Limits(min(seconds, self.limits.seconds), self.limits.rows, self.limits.bytes))


def _batches(schema: Schema, reads: Sequence[samples.ColumnRead]) -> Iterator[Sequence[samples.ColumnRead]]:
    """The reads in order, so many at once that a statement stays short and looks at few rows."""
    batch: list[samples.ColumnRead] = []
    rows = 0
    for read in reads:
        looked_at = samples.weight(schema, read)
        if batch and (len(batch) == _MANY_READS or rows + looked_at > _MANY_ROWS):
            yield batch
            batch, rows = [], 0
        batch.append(read)
        rows += looked_at
    if batch:
        yield batch


@contextmanager
def _discreet(query: CheckedQuery) -> Iterator[None]:
    """Inside, the database's own words about a rewritten query go nowhere: they may quote what was taken away."""
    try:
        yield
    except QueryCancelled:
        raise
    except QueryFailed as error:
        if query.runs == query.sql:
            raise
        if isinstance(error, QueryTimedOut):
            raise QueryTimedOut("", **error.values) from None
        if isinstance(error, QueryLost):
            raise QueryLost from None
        raise LimitedQueryFailed from None


def _text(cell: object) -> str:
    """A value as people would name it; "" for one that nobody would."""
    text = str(cell).strip() if not isinstance(cell, bytes) else ""
    return text if len(text) <= _LONGEST_VALUE else ""
