"""Keeps documents, values and vectors in step with a connection; the body of the job "index".

Each step is written as it is done, so that an index cut short, even by `kill -9`, goes on where it was, and names and
comments are of use at once, values soon, while the vectors are still being made. What did not change is left alone.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.connections.differences import table_hash
from core.connections.schema import Schema, Table
from core.errors import AskwellError, NotFound, Stopped, StoreUnreachable
from core.grounding.changes import SchemaWatch
from core.grounding.documents import MADE_AS, documents_of
from core.grounding.join_keys import KeySuggestions
from core.grounding.privacy import Detection
from core.grounding.progress import SCHEMA, VALUES, VECTORS, IndexProgress, Notes, Watcher
from core.grounding.sources import Databases
from core.grounding.table_marks import TableMarks
from core.grounding.value_lists import ValueLists
from core.grounding.value_reading import ValueReading
from core.grounding.vectors import SchemaIndex
from core.grounding.verified import VerifiedQuestions
from core.models.embeddings import Embedder
from core.security.audit import Audit
from core.security.permissions import SYSTEM
from core.store.sessions import Store

__all__ = ["IndexProgress", "Indexer", "Watcher"]

_AT_ONCE = 256  # texts fetched to be embedded
_TABLES = 200  # whose documents are written together
_LOOK_AGAIN = 0.5  # seconds, while another process builds the same index
_VALUES_FIRST = 120.0  # seconds of reading values before the first vectors; what is left comes after them


class Indexer:
    """Builds the index of one connection after another."""

    def __init__(self, store: Store, embedder: Embedder, databases: Databases, audit: Audit) -> None:
        self._store, self._embedder, self._databases = store, embedder, databases
        self._index, self._values, self._verified = SchemaIndex(store), ValueLists(store), VerifiedQuestions(store)
        self._detection, self._marks = Detection(store, audit), TableMarks(store)
        self._watch, self._keys = SchemaWatch(store, audit), KeySuggestions(store)

    def build(self, connection_id: UUID, watch: Watcher | None = None) -> None:
        """Read schema and values anew and bring everything stored in step with them; only what changed is embedded.

        Two builds of one connection wait for each other. What goes wrong is noted on the connection and raised:
        `ConnectionFailed`, `StoreUnreachable`, `ModelUnavailable`; a connection removed meanwhile ends it quietly.
        """
        with self._alone(connection_id):
            notes = Notes(self._store, connection_id, watch)
            try:
                self._build(connection_id, notes)
            except NotFound:
                return
            except Stopped:
                raise  # the server goes down; what is left is done when it is back
            except AskwellError as error:
                notes.failed(error)
                raise

    def _build(self, connection_id: UUID, notes: Notes) -> None:
        notes.begin(SCHEMA, 1)
        source = self._databases.refresh(SYSTEM, connection_id)
        schema = source.schema
        self._watch.forget_gone(connection_id, schema)
        self._keep_documents(connection_id, schema, notes)
        reading = ValueReading(source, self._marks, self._values, self._detection)
        self._read(connection_id, reading, _VALUES_FIRST, notes)
        self._keys.keep(source)
        self._embed(connection_id, notes)
        if reading.due:
            self._read(connection_id, reading, None, notes)
            self._embed(connection_id, notes)
        notes.finished(schema.version)

    def _read(self, connection_id: UUID, reading: ValueReading, seconds: float | None, notes: Notes) -> None:
        notes.begin(VALUES, len(reading.due))
        if reading.read(seconds, notes.reached):
            self._keep_documents(connection_id, reading.schema)

    def _keep_documents(self, connection_id: UUID, schema: Schema, notes: Notes | None = None) -> None:
        """Write the documents of tables that are made of something else than before, some tables at a time.

        At the beginning of a build, which gives its `notes`, what names say is personal is noted before any is shown.
        """
        samples = self._detection.shown(connection_id, self._values.samples(connection_id))
        made, wanted = self._marks.of(connection_id), self._hashes(schema, samples)
        known = {key: mark.documents for key, mark in made.items()}
        changed = [table for table in schema.tables if known.get(table.key) != wanted[table.key]]
        if notes:
            notes.begin(SCHEMA, len(changed))
        for start in range(0, len(changed), _TABLES):
            some = Schema(schema.dialect, tuple(changed[start : start + _TABLES]))
            if notes:
                self._detection.foresee(connection_id, some)
            self._index.keep(connection_id, documents_of(some, samples), self._embedder.name, some.by_key)
            self._marks.documents_made(connection_id, {key: wanted[key] for key in some.by_key})
            if notes:
                notes.reached(start + len(some.tables))
        if changed:
            self._index.settle()

    def _hashes(self, schema: Schema, samples: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, bytes]:
        """What the documents of each table are made of."""

        def hash_of(table: Table) -> bytes:
            shown = [samples.get((table.key, column.name), ()) for column in table.columns]
            made_of = f"{MADE_AS} {self._embedder.name} {shown}".encode("utf-8", "replace")
            return hashlib.sha256(table_hash(table) + made_of).digest()

        return {table.key: hash_of(table) for table in schema.tables}

    def _embed(self, connection_id: UUID, notes: Notes) -> None:
        """Vectors for every text and verified question that has none, each text once, a batch at a time."""
        self._index.reuse(connection_id)
        done, total = self._index.counts(connection_id)
        notes.begin(VECTORS, total, done)
        changed = False
        while waiting := self._index.unembedded(connection_id, _AT_ONCE):
            place, changed = 0, True
            for vectors in self._embedder.in_batches([text for _, text in waiting]):
                batch = waiting[place : place + len(vectors)]
                self._index.embed([(*one, vector) for one, vector in zip(batch, vectors, strict=True)])
                place += len(vectors)
                notes.reached(min(done + place, total))
            done, total = self._index.counts(connection_id)
            notes.reached(done)
        if changed:
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
