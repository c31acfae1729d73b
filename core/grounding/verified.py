"""Verified questions: a person vouched for a question and its SQL.

The same question on the same schema is answered with that SQL; questions of like shape become examples for a model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
from core.store.tables import verified_questions

_DAY = re.compile(r"\d{4}(-\d\d){0,2}([ T][\d:.]*)?$|%[A-Za-z](\W*%[A-Za-z])*$")  # days, and formats of days


@dataclass(frozen=True)
class VerifiedQuestion:
    """A question with the SQL that a person vouched for, on the schema as it was then."""

    id: UUID
    connection_id: UUID
    question: str
    sql: str
    schema_version: str
    author_id: UUID
    at: datetime


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

    def recall(self, connection_id: UUID, text: str, schema_version: str) -> VerifiedQuestion | None:
        """The verified question that is this one but for case, blanks and punctuation, if the schema is unchanged."""
        v = verified_questions.c
        same = (v.connection_id == connection_id, v.folded == fold_question(text), v.schema_version == schema_version)
        with self._store.reading() as connection:
            row = connection.execute(sa.select(verified_questions).where(*same)).first()
        return _verified(row) if row else None

    def vouched(self, connection_id: UUID) -> list[VerifiedQuestion]:
        """All of one connection, the newest first."""
        v = verified_questions.c
        query = sa.select(verified_questions).where(v.connection_id == connection_id).order_by(v.created_at.desc())
        with self._store.reading() as connection:
            return [_verified(row) for row in connection.execute(query)]

    def find(self, verified_id: UUID) -> VerifiedQuestion:
        """The one with this id. Raises `NotFound`."""
        with self._store.reading() as connection:
            query = sa.select(verified_questions).where(verified_questions.c.id == verified_id)
            row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return _verified(row)

    def any(self, connection_id: UUID) -> bool:
        """Whether there is an example to find."""
        v = verified_questions.c
        query = sa.select(sa.exists().where(v.connection_id == connection_id, v.embedding.is_not(None)))
        with self._store.reading() as connection:
            return bool(connection.scalar(query))

    def similar(self, connection_id: UUID, embedding: Sequence[float], limit: int = 5) -> list[Example]:
        """The verified questions nearest in shape, best first, at most `limit`.

        `embedding` is that of the masked question (384 numbers, length 1). Every one of the connection is compared:
        people vouch for hundreds, not for millions.
        """
        v = verified_questions.c
        distance = v.embedding.cosine_distance(list(embedding)).label("distance")
        query = sa.select(v.question, v.sql, distance).where(v.connection_id == connection_id, v.embedding.is_not(None))
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(distance, v.created_at.desc()).limit(limit))
            return [Example(row.question, row.sql, row.distance) for row in rows]

    def add(self, question: VerifiedQuestion, embedding: Sequence[float] | None) -> UUID:
        """Keep it, in place of what was vouched for the same words before; its id, which may be the earlier one's."""
        fresh = {
            "question": question.question,
            "sql": question.sql,
            "schema_version": question.schema_version,
            "author_id": question.author_id,
            "embedding": list(embedding) if embedding is not None else None,
            "created_at": question.at,
        }
        who = {"id": question.id, "connection_id": question.connection_id, "folded": fold_question(question.question)}
        row = insert(verified_questions).values(**who, **fresh)
        kept = row.on_conflict_do_update(index_elements=["connection_id", "folded"], set_=fresh)
        with self._store.begin() as connection:
            return UUID(str(connection.scalar(kept.returning(verified_questions.c.id))))

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


def _verified(row: sa.Row[tuple[object, ...]]) -> VerifiedQuestion:
    return VerifiedQuestion(
        row.id, row.connection_id, row.question, row.sql, row.schema_version, row.author_id, row.created_at
    )
