"""Verified questions: a person vouched for a question and its SQL.

The same question on the same schema is answered with that SQL; questions of like shape become examples for a model.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import sqlglot
from sqlalchemy.dialects.postgresql import insert
from sqlglot import exp

from core.connections.guard import CheckedQuery
from core.errors import NotFound
from core.grounding.folding import fold_question
from core.grounding.phrases import mask
from core.store.sessions import Store
from core.store.tables import people, verified_questions

_DAY = re.compile(r"\d{4}(-\d\d){0,2}([ T][\d:.]*)?$|%[A-Za-z](\W*%[A-Za-z])*$")  # days, and formats of days


@dataclass(frozen=True)
class VerifiedQuestion:
    """A question with the SQL that a person vouched for, on the schema as it was then.

    `uses` are the columns it reads with their types then, `terms` the terms in its words with what they were bound to;
    None where nobody noted it. `author` is the person's name, "" where they are gone.
    """

    id: UUID
    connection_id: UUID
    question: str
    sql: str
    schema_version: str
    author_id: UUID
    at: datetime
    uses: Mapping[str, str] | None = None
    terms: Mapping[str, Sequence[str]] | None = None
    author: str = ""


def may_be_offered(query: CheckedQuery) -> bool:
    """Whether a query that somebody vouched for may be shown to a person whom policies bind: of rows that may not be
    theirs, and of masked columns, it must not name a value."""
    if not (query.limited or query.masked):
        return True
    tree = sqlglot.parse_one(query.sql, dialect=query.dialect.value)
    return not any(literal.is_string and not _DAY.match(str(literal.this)) for literal in tree.find_all(exp.Literal))


@dataclass(frozen=True)
class Example:
    """A question a person vouched for, with its SQL; `distance` is cosine, in [0, 2]."""

    question: str
    sql: str
    distance: float


class VerifiedQuestions:
    """The verified questions of all connections. Every method raises `StoreUnreachable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def recall(self, connection_id: UUID, text: str) -> VerifiedQuestion | None:
        """The verified question that is this one but for case, blanks and punctuation, whether it holds or not."""
        v = verified_questions.c
        query = _all().where(v.connection_id == connection_id, v.folded == fold_question(text))
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return _verified(row) if row else None

    def alike(self, connection_id: UUID, embedding: Sequence[float] | None, limit: int) -> list[VerifiedQuestion]:
        """Those nearest in shape to a masked question, best first; without a vector, and where one has none, the
        newest."""
        v = verified_questions.c
        query = _all().where(v.connection_id == connection_id)
        if embedding is not None:
            query = query.order_by(v.embedding.cosine_distance(list(embedding)).nulls_first())
        with self._store.reading() as connection:
            return [_verified(row) for row in connection.execute(query.order_by(v.created_at.desc()).limit(limit))]

    def vouched(self, connection_id: UUID) -> list[VerifiedQuestion]:
        """All of one connection, the newest first."""
        v = verified_questions.c
        query = _all().where(v.connection_id == connection_id).order_by(v.created_at.desc())
        with self._store.reading() as connection:
            return [_verified(row) for row in connection.execute(query)]

    def find(self, verified_id: UUID) -> VerifiedQuestion:
        """The one with this id. Raises `NotFound`."""
        with self._store.reading() as connection:
            row = connection.execute(_all().where(verified_questions.c.id == verified_id)).first()
        if row is None:
            raise NotFound
        return _verified(row)

    def any(self, connection_id: UUID) -> bool:
        """Whether anybody vouched for anything."""
        v = verified_questions.c
        query = sa.select(sa.exists().where(v.connection_id == connection_id))
        with self._store.reading() as connection:
            return bool(connection.scalar(query))

    def similar(
        self, connection_id: UUID, embedding: Sequence[float], limit: int = 5
    ) -> list[tuple[VerifiedQuestion, float]]:
        """The verified questions nearest in shape with their distance (cosine, in [0, 2]), best first, at most `limit`.

        `embedding` is that of the masked question (384 numbers, length 1). Every one of the connection is compared:
        people vouch for hundreds, not for millions.
        """
        v = verified_questions.c
        distance = v.embedding.cosine_distance(list(embedding)).label("distance")
        query = _all().add_columns(distance).where(v.connection_id == connection_id, v.embedding.is_not(None))
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(distance, v.created_at.desc()).limit(limit))
            return [(_verified(row), row.distance) for row in rows]

    def add(self, question: VerifiedQuestion, embedding: Sequence[float] | None) -> UUID:
        """Keep it, in place of what was vouched for the same words before; its id, which may be the earlier one's."""
        with self._store.begin() as connection:
            return self.add_within(connection, question, embedding)

    @staticmethod
    def add_within(line: sa.Connection, question: VerifiedQuestion, embedding: Sequence[float] | None) -> UUID:
        """As `add`, as part of a transaction."""
        fresh = {
            "question": question.question,
            "sql": question.sql,
            "schema_version": question.schema_version,
            "author_id": question.author_id,
            "embedding": list(embedding) if embedding is not None else None,
            "created_at": question.at,
            "uses": dict(question.uses) if question.uses is not None else None,
            "terms": {word: list(was) for word, was in question.terms.items()} if question.terms is not None else None,
        }
        who = {"id": question.id, "connection_id": question.connection_id, "folded": fold_question(question.question)}
        row = insert(verified_questions).values(**who, **fresh)
        kept = row.on_conflict_do_update(index_elements=["connection_id", "folded"], set_=fresh)
        return UUID(str(line.scalar(kept.returning(verified_questions.c.id))))

    def forget(self, verified_id: UUID) -> None:
        """Vouch for it no longer."""
        with self._store.begin() as connection:
            connection.execute(sa.delete(verified_questions).where(verified_questions.c.id == verified_id))

    def unembedded(self, connection_id: UUID) -> list[tuple[UUID, str]]:
        """Those that could not be embedded when they were added, as (id, masked question)."""
        v = verified_questions.c
        query = sa.select(v.id, v.question).where(v.connection_id == connection_id, v.embedding.is_(None))
        with self._store.reading() as connection:
            return [(row.id, mask(row.question)) for row in connection.execute(query)]

    def embed(self, verified_id: UUID, embedding: Sequence[float]) -> None:
        """Give one its vector."""
        mine = verified_questions.c.id == verified_id
        with self._store.begin() as connection:
            connection.execute(sa.update(verified_questions).where(mine).values(embedding=list(embedding)))


def _all() -> "sa.Select[Any]":
    """Every row, with the name of who vouched for it."""
    joined = verified_questions.outerjoin(people, people.c.id == verified_questions.c.author_id)
    return sa.select(verified_questions, people.c.name.label("author")).select_from(joined)


def _verified(row: sa.Row[Any]) -> VerifiedQuestion:
    found = row._mapping
    return VerifiedQuestion(
        found["id"],
        found["connection_id"],
        found["question"],
        found["sql"],
        found["schema_version"],
        found["author_id"],
        found["created_at"],
        found["uses"],
        found["terms"],
        found["author"] or "",
    )
