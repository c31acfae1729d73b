"""Keeps documents, values and vectors in step with a connection; the body of the job "index".

Each step is written as it is done, so that an index cut short, even by `kill -9`, goes on where it was, and names and
values are of use while the vectors are still being made.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.connections.schema import Kind, Schema, Table
from core.errors import AskwellError, ConnectionFailed, NotFound, QueryFailed, Stopped, StoreUnreachable
from core.grounding.documents import documents_of
from core.grounding.join_keys import KeySuggestions
from core.grounding.privacy import Detection
from core.grounding.sources import Databases, Readable, Sampled
from core.grounding.values import MOST_DISTINCT, MOST_VALUES, ValueLists, indexable, worth_listing
from core.grounding.vectors import SchemaIndex
from core.grounding.verified import VerifiedQuestions
from core.models.embeddings import Embedder
from core.security.audit import Audit
from core.security.permissions import SYSTEM
from core.security.personal import Place
from core.store.sessions import Store
from core.store.tables import connections

SCHEMA, VALUES, VECTORS, DONE = "schema", "values", "vectors", "done"
_AT_ONCE = 256  # documents fetched to be embedded
_EVERY = 1.0  # seconds between two notes of progress
_TABLE_SECONDS = 15.0  # to read the values of one table
_ROWS_LOOKED_AT = 200  # of a table, to see which of its columns hold personal data
_LOOKED_AT = 200  # values of a column
_LOOK_AGAIN = 0.5  # seconds, while another process builds the same index


@dataclass(frozen=True)
class IndexProgress:
    """How far an index is: `done` of `total` in this step, `seconds_left` of it where that can be told."""

    step: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


Watcher = Callable[[IndexProgress], None]


class Indexer:
    """Builds the index of one connection after another."""

    def __init__(self, store: Store, embedder: Embedder, databases: Databases, audit: Audit) -> None:
        self._store, self._embedder, self._databases = store, embedder, databases
        self._index, self._values, self._verified = SchemaIndex(store), ValueLists(store), VerifiedQuestions(store)
        self._detection, self._keys = Detection(store, audit), KeySuggestions(store)

    def build(self, connection_id: UUID, watch: Watcher | None = None) -> None:
        """Read schema and values anew and bring everything stored in step with them; only what changed is embedded.

        Two builds of one connection wait for each other. What goes wrong is noted on the connection and raised:
        `ConnectionFailed`, `StoreUnreachable`, `ModelUnavailable`; a connection removed meanwhile ends it quietly.
        """
        with self._alone(connection_id):
            notes = _Notes(self._store, connection_id, watch)
            try:
                self._build(connection_id, notes)
            except NotFound:
                return
            except Stopped:
                raise  # the server goes down; what is left is done when it is back
            except AskwellError as error:
                notes.failed(error)
                raise

    def _build(self, connection_id: UUID, notes: "_Notes") -> None:
        notes.begin(SCHEMA, 1)
        source = self._databases.refresh(SYSTEM, connection_id)
        schema = source.schema
        self._values.keep_only(connection_id, schema)
        self._keep_documents(connection_id, schema)
        self._detection.keep(connection_id, schema, self._read_values(source, notes))
        self._keep_documents(connection_id, schema)
        self._keys.keep(source)
        self._embed(connection_id, notes)
        notes.finished(schema.version)

    def _keep_documents(self, connection_id: UUID, schema: Schema) -> None:
        samples = self._detection.shown(connection_id, self._values.samples(connection_id))
        if self._index.keep(connection_id, documents_of(schema, samples), self._embedder.name):
            self._index.settle()

    def _read_values(self, source: Sampled, notes: "_Notes") -> dict[Place, list[str]]:
        """The values of every column worth it, table by table, until the connection's share is used up.

        Gives back a few values of each column, which are looked at and not kept.
        """
        tables = source.schema.tables
        notes.begin(VALUES, len(tables))
        room = MOST_VALUES
        looked_at: dict[Place, list[str]] = {}
        for number, table in enumerate(tables, 1):
            looked_at |= self._first_cells(source, table)
            for column, values in self._values_of(source, table).items():
                kept = worth_listing(values) if len(values) <= room else []
                room -= len(kept)
                self._values.keep(source.id, table.key, column, kept)
                looked_at[table.key, column] = values[:_LOOKED_AT] or looked_at.get((table.key, column), [])
            notes.reached(number)
        return looked_at

    def _first_cells(self, source: Sampled, table: Table) -> dict[Place, list[str]]:
        """Cells of a table's first rows, of columns that may hold personal data; none where it cannot be read."""
        wanted = [c for c in table.columns if c.kind in (Kind.TEXT, Kind.INTEGER, Kind.OTHER)]
        if not wanted:
            return {}
        try:
            rows = source.sample(table.key, _ROWS_LOOKED_AT).rows
        except (QueryFailed, ConnectionFailed):
            return {}
        places = {column.name: position for position, column in enumerate(table.columns)}
        return {
            (table.key, c.name): [
                str(cell)[:_LOOKED_AT] for row in rows if (cell := row[places[c.name]]) not in (None, "")
            ]
            for c in wanted
        }

    def _values_of(self, source: Readable, table: Table) -> dict[str, list[str]]:
        """The values of a table's columns; none where the table cannot be read."""
        columns = [column.name for column in table.columns if indexable(table, column)]
        if not columns:
            return {}
        try:
            return source.values_of(table.key, columns, MOST_DISTINCT + 1, _TABLE_SECONDS)
        except QueryFailed:
            return {}

    def _embed(self, connection_id: UUID, notes: "_Notes") -> None:
        """Vectors for every document and verified question that has none, a batch at a time."""
        done, total = self._index.counts(connection_id)
        notes.begin(VECTORS, total, done)
        place = 0
        while waiting := self._index.unembedded(connection_id, _AT_ONCE):
            place = 0
            for vectors in self._embedder.in_batches([text for _, text in waiting]):
                batch = waiting[place : place + len(vectors)]
                self._index.embed([(*one, vector) for one, vector in zip(batch, vectors, strict=True)])
                place += len(vectors)
                done += len(vectors)
                notes.reached(done)
        if place:
            self._index.settle()
        for verified_id, shape in self._verified.unembedded(connection_id):
            self._verified.embed(verified_id, self._embedder.embed_query(shape))

    @contextmanager
    def _alone(self, connection_id: UUID) -> Iterator[None]:
        """While inside, no other process builds this connection. PostgreSQL lets go of the lock if we die."""
        key = sa.func.hashtextextended(f"index {connection_id}", 0)
        try:
            with self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as line:
                while not line.scalar(sa.select(sa.func.pg_try_advisory_lock(key))):
                    time.sleep(_LOOK_AGAIN)
                try:
                    yield
                finally:
                    line.execute(sa.select(sa.func.pg_advisory_unlock(key)))
        except DBAPIError as error:
            raise StoreUnreachable(type(error.orig).__name__) from error


class _Notes:
    """Writes down how far an index is, at most once a second within a step."""

    def __init__(self, store: Store, connection_id: UUID, watch: Watcher | None) -> None:
        self._store, self._connection_id = store, connection_id
        self._watch = watch or (lambda _: None)
        self._now = IndexProgress(SCHEMA)
        self._first, self._started, self._written = 0, 0.0, 0.0

    def begin(self, step: str, total: int, done: int = 0) -> None:
        self._now, self._first = IndexProgress(step, done, total), done
        self._started = time.monotonic()
        self._write()

    def reached(self, done: int) -> None:
        """So many of the step are done, those that were done before it began included."""
        spent, new = time.monotonic() - self._started, done - self._first
        left = spent / new * (self._now.total - done) if new > 0 else None
        self._now = IndexProgress(self._now.step, done, self._now.total, None if left is None else round(left, 1))
        self._watch(self._now)
        if time.monotonic() - self._written >= _EVERY:
            self._write()

    def failed(self, error: AskwellError) -> None:
        """The error's key, which every language has words for, and its technical text."""
        self._write(error.key, error.detail[:500])

    def finished(self, schema_version: str) -> None:
        self._now = IndexProgress(DONE, self._now.total, self._now.total, 0.0)
        self._write(indexed_version=schema_version)
        self._watch(self._now)

    def _write(self, error: str = "", detail: str = "", **also: str) -> None:
        now = self._now
        state = {"step": now.step, "done": now.done, "total": now.total, "seconds_left": now.seconds_left}
        mine = connections.c.id == self._connection_id
        change = (
            sa.update(connections).where(mine).values(index_state={**state, "error": error, "detail": detail}, **also)
        )
        with self._store.begin() as connection:
            if not connection.execute(change).rowcount:
                raise NotFound
        self._written = time.monotonic()
