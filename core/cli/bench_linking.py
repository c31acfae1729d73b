"""Whether the tables that a question needs are among those chosen, and how long that takes; for `bench linking`."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import numpy as np
import sqlalchemy as sa

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.schema import Schema
from core.errors import ModelUnavailable
from core.evaluation.merged_schema import TUNED, UNTOUCHED, Asked, Merged, read_merged, recall, synthetic_tables
from core.evaluation.timing import spread
from core.grounding.documents import documents_of
from core.grounding.ground import Knowledge
from core.grounding.inquiry import Inquiry, language_of
from core.grounding.value_lists import ValueLists
from core.grounding.values import indexable
from core.grounding.vectors import SchemaIndex
from core.models.embeddings import DIMENSIONS, Embedder, EmbeddingModel
from core.security.permissions import SYSTEM, Actor
from core.store.tables import connections, people

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.portal import Portal

AMONG = 10_000  # synthetic tables
_AT_ONCE = 512
_WARMING = 10


@dataclass(frozen=True)
class Unasked:
    """A database that is there by its schema alone: what is known of it lies in the store."""

    id: UUID
    schema: Schema

    @property
    def scope(self) -> Scope:
        return Scope(self.schema.dialect, self.schema)

    def check(self, sql: str) -> CheckedQuery:
        return check(sql, self.scope)

    def values_of(
        self,
        table_key: str,  # noqa: ARG002 - nothing lies behind it
        columns: Sequence[str],
        limit: int = 100,  # noqa: ARG002
        seconds: float = 15.0,  # noqa: ARG002
    ) -> dict[str, list[str]]:
        return {column: [] for column in columns}


@dataclass
class _Timed:
    """The bundled model; it tells how long questions took it, and gives none while it is `off`."""

    model: EmbeddingModel
    seconds: float = 0.0
    off: bool = False
    seen: "dict[str, NDArray[np.float32]]" = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.model.name

    def encode(self, texts: Sequence[str], is_query: bool) -> "NDArray[np.float32]":
        if self.off:
            raise ModelUnavailable(self.name)
        started = time.perf_counter()
        vectors = self.model.encode(texts, is_query) if is_query else self._passages(texts)
        self.seconds += time.perf_counter() - started if is_query else 0.0
        return vectors

    def _passages(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Synthetic tables that differ in their copy's mark alone are embedded once."""
        plain = [_MARKS.sub("", text) for text in texts]
        new = [text for text in dict.fromkeys(plain) if text not in self.seen]
        if new:
            self.seen |= dict(zip(new, self.model.encode(new, is_query=False), strict=True))
        return np.stack([self.seen[text] for text in plain]).reshape(len(texts), DIMENSIONS)


_MARKS = re.compile(r"(?<=\w) (?:eu|us|asia|old|tmp|stage|2022|2023|2024)\b(?=[. /]|$)")


def measure(opened: "Portal", folder: Path, among: int = AMONG) -> dict[str, object]:
    """Recall on the merged schemas, alone and among synthetic tables, with and without the questions' rules.

    {"merged" and "among_10000": {"question", "question_and_rules", "without_vectors": {"all", "tuned", "untouched":
    {"whole", "tables", "n"}, "most_tables", "seconds": {"p50", "p95"}, "seconds_embedding_left_out"}}}.
    """
    merged = read_merged(folder)
    hidden = Schema(merged.schema.dialect, (*merged.schema.tables, *synthetic_tables(among)))
    found: dict[str, object] = {"merged": _measured(opened, merged)}
    if among:
        found[f"among_{among}"] = _measured(opened, replace(merged, schema=hidden))
    return found


def _measured(opened: "Portal", merged: Merged) -> dict[str, object]:
    from core.models.embeddings import BundledModel

    model = _Timed(BundledModel())
    embedder = Embedder(model)
    knowledge = Knowledge(opened.store, embedder, opened.connections, opened.jobs, opened.audit)
    connection = _indexed(opened, merged, embedder)
    bench = _Bench(knowledge, connection, model)
    found: dict[str, object] = {
        "tables": len(merged.schema.tables),
        "question": bench.over(merged.questions, rules=False),
        "question_and_rules": bench.over(merged.questions, rules=True),
    }
    model.off = True
    bench = _Bench(replace_embedder(opened, model), connection, model)
    return {**found, "without_vectors": bench.over(merged.questions, rules=False)}


def replace_embedder(opened: "Portal", model: _Timed) -> Knowledge:
    """Knowledge whose embedder remembers no question."""
    return Knowledge(opened.store, Embedder(model), opened.connections, opened.jobs, opened.audit)


@dataclass(frozen=True)
class _Bench:
    """Asks for the grounding of questions, and keeps the time."""

    knowledge: Knowledge
    connection: Unasked
    model: _Timed
    actor: Actor = SYSTEM

    def over(self, questions: Sequence[Asked], rules: bool) -> Mapping[str, object]:
        for asked in questions[:_WARMING]:
            self._tables(f"{asked.text} ")
        whole, bare, pairs = [], [], []
        for asked in questions:
            self.model.seconds = 0.0
            started = time.perf_counter()
            chosen = self._tables(f"{asked.text} {asked.evidence}" if rules else asked.text)
            whole.append(time.perf_counter() - started)
            bare.append(whole[-1] - self.model.seconds)
            pairs.append((asked, chosen))
        halves = {"all": (TUNED, UNTOUCHED), TUNED: (TUNED,), UNTOUCHED: (UNTOUCHED,)}
        return {
            **{name: recall((a.tables, c) for a, c in pairs if a.half in among) for name, among in halves.items()},
            "most_tables": max(len(chosen) for _, chosen in pairs),
            "seconds": spread(whole),
            "seconds_embedding_left_out": spread(bare),
        }

    def _tables(self, text: str) -> frozenset[str]:
        inquiry = Inquiry(text, language_of(text), datetime.now(UTC))
        found = self.knowledge.ground(self.actor, inquiry, self.connection)
        return frozenset(hit.table for hit in found.tables)


def _indexed(opened: "Portal", merged: Merged, embedder: Embedder) -> Unasked:
    """The merged database as the index would hold it: documents with vectors, and the values that are known."""
    connection_id = uuid4()
    with opened.store.begin() as line:
        owner = line.scalar(sa.select(people.c.id).limit(1))
        row = {"id": connection_id, "owner_id": owner, "name": f"merged {connection_id}", "kind": "postgresql"}
        line.execute(sa.insert(connections).values(**row, address={}))
    values = ValueLists(opened.store)
    for table in merged.schema.tables:
        for column in table.columns:
            listed = merged.values.get((table.key, column.name), ())
            if listed and indexable(table, column):
                values.keep(connection_id, table.key, column.name, listed)
    index = SchemaIndex(opened.store)
    index.keep(connection_id, documents_of(merged.schema, merged.values), embedder.name)
    for some in _waiting(index, connection_id):
        vectors = embedder.embed_passages([text for _, text in some])
        index.embed([(*one, vector) for one, vector in zip(some, vectors, strict=True)])
    index.settle()
    return Unasked(connection_id, merged.schema)


def _waiting(index: SchemaIndex, connection_id: UUID) -> Iterator[list[tuple[bytes, str]]]:
    while some := index.unembedded(connection_id, _AT_ONCE):
        yield some
