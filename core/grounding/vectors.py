"""Where the schema's documents lie, and how they are found: nearness of vectors and words, in one query.

The two rankings are fused by their places (reciprocal rank fusion, Cormack, Clarke and Büttcher 2009), because a
cosine of this model and a word's weight cannot be compared. A word counts the more, the fewer documents hold it.
Every document carries the word of its connection, so that the text index itself leaves other connections out.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, REGCLASS, TSQUERY, TSVECTOR, distinct_on, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from core.connections.schema import Schema
from core.grounding.documents import TABLE, Document
from core.grounding.folding import question_terms
from core.store.sessions import Store
from core.store.tables import documents

_FUSE = 60  # the usual constant of the fusion
_DEPTH = 30  # places taken from each ranking
_SPREAD = 40  # documents looked at for one word; a word of more says little
_MOST_TERMS = 48
_CHUNK = 1000
_WEIGHTS = [0.05, 0.2, 0.5, 1.0]  # of D (the connection's word), C (values), B (about), A (names)
_BEST = 2 / (_FUSE + 1)
_PREPARED = "prepared for searching"


@dataclass(frozen=True)
class DocumentHit:
    """A table (`column_name` "") or column near a question; `score` in [0, 1], higher is nearer."""

    kind: str
    table_key: str
    column_name: str
    score: float


class SchemaIndex:
    """The documents of all connections. Every method raises `StoreUnreachable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def search(
        self,
        connection_id: UUID,
        text: str,
        embedding: Sequence[float] | None,
        limit: int = 40,
        barred: Collection[str] = (),
    ) -> list[DocumentHit]:
        """The documents of one connection nearest to a question, best first; none of the `barred` tables.

        Works with words alone (`embedding` None, or nothing embedded yet) and with vectors alone.
        """
        asked = _asked(connection_id, text)
        if embedding is None and not asked:
            return []
        given = {"connection": connection_id, "asked": asked, "embedding": embedding, "limit": limit}
        if barred:
            given["barred"] = sorted(barred)
        with self._store.reading() as connection:
            _prepare(connection)
            rows = connection.execute(_search(bool(asked), embedding is not None, bool(barred)), given).all()
        return [DocumentHit(r.kind, r.table_key, r.column_name, min(1.0, r.score / _BEST)) for r in rows]

    def explain(self, connection_id: UUID, text: str, embedding: Sequence[float]) -> str:
        """How PostgreSQL carries out this search: its plan with times, as text."""
        asked = _asked(connection_id, text)
        given = {"connection": connection_id, "asked": asked, "embedding": embedding, "limit": 40}
        with self._store.reading() as connection:
            _prepare(connection)
            plan = connection.execute(_Explain(_search(bool(asked), True)), given)
            return "\n".join(row[0] for row in plan)

    def keep(
        self, connection_id: UUID, wanted: Iterable[Document], model: str, tables: Collection[str] | None = None
    ) -> int:
        """Make the stored documents, or those of these `tables`, these and no others; how many are new or changed.

        What says the same as before keeps its vector; what does not loses it until it is embedded again by `model`.
        """
        with self._store.begin() as connection:
            d = documents.c
            query = sa.select(d.table_key, d.column_name, d.text_hash).where(d.connection_id == connection_id)
            if tables is not None:
                query = query.where(d.table_key == sa.any_(sa.literal(list(tables), ARRAY(sa.Text))))
            known = {(r.table_key, r.column_name): r.text_hash for r in connection.execute(query)}
            changed = []
            for document in wanted:
                digest = document.hash(model)
                if known.pop((document.table_key, document.column_name), None) != digest:
                    changed.append(row_of(connection_id, document, digest, mark_of(model, document.text)))
            for start in range(0, len(changed), _CHUNK):
                connection.execute(_upsert(), changed[start : start + _CHUNK])
            _delete(connection, connection_id, list(known))
        return len(changed)

    def keep_only(self, connection_id: UUID, schema: Schema) -> None:
        """Forget the documents of tables and columns that are no longer there."""
        d = documents.c
        query = sa.select(d.table_key, d.column_name).where(d.connection_id == connection_id)
        tables = schema.by_key
        with self._store.begin() as connection:
            gone = [
                (table, column)
                for table, column in connection.execute(query)
                if table not in tables or (column and column not in tables[table].by_name)
            ]
            _delete(connection, connection_id, gone)

    def reuse(self, connection_id: UUID) -> None:
        """Give documents that wait the vector of the same text, wherever that was embedded by the same model."""
        d, known = documents.c, documents.alias("known")
        waits = (d.connection_id == connection_id, d.embedding.is_(None))
        wanted = sa.select(d.text_mark).where(*waits)
        there = (
            sa.select(known.c.text_mark, known.c.text, known.c.embedding)
            .ext(distinct_on(known.c.text_mark))
            .where(known.c.embedding.is_not(None), known.c.text_mark.in_(wanted))
            .order_by(known.c.text_mark)
            .subquery("there")
        )
        same = (d.text_mark == there.c.text_mark, d.text == there.c.text)
        with self._store.begin(patience=None) as connection:
            connection.execute(sa.update(documents).where(*waits, *same).values(embedding=there.c.embedding))

    def unembedded(self, connection_id: UUID, limit: int) -> list[tuple[bytes, str]]:
        """Texts that wait for their vector, each once, as (mark, text): those of tables first, in the order written."""
        d = documents.c
        waiting = sa.select(d.text_mark, d.text).where(
            d.connection_id == connection_id, d.embedding.is_(None), d.text_mark.is_not(None)
        )
        columns_last = sa.func.min(sa.case((d.kind == TABLE, 0), else_=1))
        each = waiting.group_by(d.text_mark, d.text).order_by(columns_last, sa.func.min(d.id))
        with self._store.reading() as connection:
            return [(bytes(r.text_mark), r.text) for r in connection.execute(each.limit(limit))]

    def embed(self, vectors: Sequence[tuple[bytes, str, Sequence[float]]]) -> None:
        """Give all documents with these texts their vectors, as (mark, the text that was embedded, vector).

        A document whose text changed meanwhile keeps waiting.
        """
        d = documents.c
        same = (d.text_mark == sa.bindparam("which"), d.text == sa.bindparam("was"), d.embedding.is_(None))
        change = sa.update(documents).where(*same)
        rows = [{"which": which, "was": text, "vector": vector} for which, text, vector in vectors]
        if rows:
            with self._store.begin() as connection:
                connection.execute(change.values(embedding=sa.bindparam("vector", type_=d.embedding.type)), rows)

    def settle(self) -> None:
        """After many changes: put new words into the text index proper, and let the planner count anew.

        Until then every search reads the list of words that wait: 18 ms instead of 2.5 on 20,000 documents.
        """
        with self._store.begin() as connection:
            connection.execute(sa.select(sa.func.gin_clean_pending_list(sa.cast("ix_documents_search", REGCLASS))))
            connection.execute(sa.text("ANALYZE documents"))

    def counts(self, connection_id: UUID) -> tuple[int, int]:
        """How many documents have their vector, and how many there are."""
        d = documents.c
        query = sa.select(sa.func.count(d.embedding), sa.func.count()).where(d.connection_id == connection_id)
        with self._store.reading() as connection:
            done, total = connection.execute(query).one()
        return done, total


class _Explain(sa.Executable, sa.ClauseElement):
    """A query carried out for its plan."""

    inherit_cache = False

    def __init__(self, query: sa.Select[Any]) -> None:
        self.query = query


@compiles(_Explain)
def _explain(element: _Explain, compiler: SQLCompiler, **kw: Any) -> str:
    return "EXPLAIN (ANALYZE, BUFFERS) " + compiler.process(element.query, **kw)


def _prepare(connection: sa.Connection) -> None:
    """Once for each connection of the pool: go on through the vector index until enough of one database is found."""
    if _PREPARED not in connection.info:
        wanted = {
            "hnsw.ef_search": str(_DEPTH),
            "hnsw.iterative_scan": "relaxed_order",
            "hnsw.max_scan_tuples": "20000",
            "plan_cache_mode": "force_custom_plan",  # a plan for any database suits neither a small nor a big one
            "jit": "off",
        }
        connection.execute(sa.select(*[sa.func.set_config(name, value, False) for name, value in wanted.items()]))
        connection.info[_PREPARED] = True


@cache
def _search(words: bool, vector: bool, barring: bool = False) -> sa.Select[Any]:
    """One query: the ranking by words, by vector, or both fused. Takes connection, asked, embedding and limit, and
    barred where there is `barring`."""
    rankings = [_by_words(barring)] if words else []
    if vector:
        rankings.append(_by_vector(barring))
    places = sa.union_all(*[sa.select(ranking.c.id, ranking.c.place) for ranking in rankings]).subquery("places")
    score = sa.func.sum(sa.literal(1.0, sa.Float) / (_FUSE + places.c.place))
    fused = sa.select(places.c.id, score.label("score")).group_by(places.c.id)
    best = fused.order_by(score.desc(), places.c.id).limit(sa.bindparam("limit", type_=sa.Integer)).subquery("best")
    d = documents.c
    return (
        sa.select(d.kind, d.table_key, d.column_name, best.c.score)
        .join_from(best, documents, sa.and_(d.id == best.c.id, _of_connection()))
        .order_by(best.c.score.desc(), d.id)
    )


def _of_connection() -> sa.ColumnElement[bool]:
    return documents.c.connection_id == sa.bindparam("connection", type_=documents.c.connection_id.type)


def _allowed(barring: bool) -> sa.ColumnElement[bool]:
    """That a document is of no barred table: of what a person may not see, not even the place in a ranking tells."""
    tables = sa.bindparam("barred", type_=ARRAY(sa.Text))
    return documents.c.table_key != sa.all_(tables) if barring else sa.true()


def _by_vector(barring: bool) -> sa.CTE:
    """The nearest documents by cosine, with their place from 1."""
    d = documents.c
    distance = d.embedding.cosine_distance(sa.bindparam("embedding", type_=d.embedding.type))
    nearest = (
        sa.select(d.id, distance.label("distance"))
        .where(_of_connection(), d.embedding.is_not(None), _allowed(barring))
        .order_by(distance)
        .limit(_DEPTH)
        .cte("nearest")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    place = sa.func.row_number().over(order_by=nearest.c.distance)
    return sa.select(nearest.c.id, place.label("place")).cte("by_vector")


def _by_words(barring: bool) -> sa.CTE:
    """The documents that hold the words, with their place from 1."""
    d = documents.c
    asked = sa.func.unnest(sa.bindparam("asked", type_=ARRAY(sa.Text)))
    word = asked.table_valued("query").render_derived("word")
    query = sa.cast(word.c.query, TSQUERY)
    # No condition on the connection here: the query's own word holds it to one, and a second index would cost more.
    matches = d.search.op("@@", is_comparison=True)(query)
    held = sa.select(d.id, d.search).where(matches, _allowed(barring)).limit(_SPREAD).lateral("held")
    weights = sa.cast(sa.literal(_WEIGHTS, ARRAY(sa.Float)), ARRAY(sa.REAL))
    rank = sa.func.ts_rank(weights, held.c.search, query)
    spread = sa.func.count().over(partition_by=word.c.query)
    each = sa.select(held.c.id, rank.label("rank"), spread.label("spread")).select_from(word.join(held, sa.true()))
    hits = each.subquery("hits")
    score = sa.func.sum(hits.c.rank / sa.func.ln(sa.literal(1.5, sa.Float) + hits.c.spread))
    found = sa.select(hits.c.id, score.label("score")).group_by(hits.c.id).order_by(score.desc(), hits.c.id)
    best = found.limit(_DEPTH).subquery("found")
    place = sa.func.row_number().over(order_by=[best.c.score.desc(), best.c.id])
    return sa.select(best.c.id, place.label("place")).cte("by_words")


def _asked(connection_id: UUID, text: str) -> list[str]:
    """A text query for each term of a question, held to one connection."""
    scope = _quoted(_scope_word(connection_id))
    return [f"{_quoted(term)} & {scope}" for term in question_terms(text)[:_MOST_TERMS]]


@cache
def _upsert() -> Any:
    d = documents.c
    row = insert(documents).values(search=sa.cast(sa.bindparam("searched"), TSVECTOR))
    fresh = {name: row.excluded[name] for name in ("kind", "text", "text_hash", "text_mark", "search")}
    same = sa.case((d.text_mark == row.excluded.text_mark, d.embedding), else_=sa.null())
    return row.on_conflict_do_update(
        index_elements=[d.connection_id, d.table_key, d.column_name], set_={**fresh, "embedding": same}
    )


def _delete(connection: sa.Connection, connection_id: UUID, places: Sequence[tuple[str, str]]) -> None:
    d = documents.c
    for start in range(0, len(places), _CHUNK):
        some = sa.tuple_(d.table_key, d.column_name).in_(places[start : start + _CHUNK])
        connection.execute(sa.delete(documents).where(d.connection_id == connection_id, some))


def mark_of(model: str, text: str) -> bytes:
    """Equal for equal texts of one embedding model (16 bytes)."""
    return hashlib.sha256(f"{model}\x1f{text}".encode("utf-8", "replace")).digest()[:16]


def row_of(connection_id: UUID, document: Document, digest: bytes, mark: bytes = b"") -> dict[str, Any]:
    """A document as it is written; `searched` is its text vector."""
    return {
        "connection_id": connection_id,
        "kind": document.kind,
        "table_key": document.table_key,
        "column_name": document.column_name,
        "text": document.text,
        "text_hash": digest,
        "text_mark": mark,
        "searched": _tsvector(connection_id, document),
    }


def _tsvector(connection_id: UUID, document: Document) -> str:
    """The document's words as PostgreSQL writes them, each with its weight, and the word of its connection."""
    lexemes = [_quoted(_scope_word(connection_id))]
    place = 0
    for weight, words in (("A", document.names), ("B", document.about), ("C", document.values)):
        for word in words.split():
            place = min(place + 1, 16_383)
            lexemes.append(f"{_quoted(word)}:{place}{weight}")
    return " ".join(lexemes)


def _scope_word(connection_id: UUID) -> str:
    return f"connection {connection_id.hex}"


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
