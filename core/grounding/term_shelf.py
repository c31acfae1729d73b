"""Terms and instructions as rows of the store."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.grounding.term_checks import Uses
from core.grounding.terms import Term
from core.store.sessions import Store
from core.store.tables import people
from core.store.tables_words import instructions, terms

_t, _i = terms.c, instructions.c


@dataclass(frozen=True)
class KeptTerm:
    """A term with what it uses, by whom and when it was last changed."""

    term: Term
    uses: Uses
    author: str
    changed_at: datetime


@dataclass(frozen=True)
class Instructions:
    """What every model is told of a connection; `author` and `changed_at` where anything is."""

    text: str = ""
    author: str = ""
    changed_at: datetime | None = None


class TermShelf:
    """Every method raises `StoreUnreachable`. Those that write take the transaction they are part of."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, connection_id: UUID) -> list[KeptTerm]:
        """The terms of one connection, by word."""
        query = (
            sa.select(_t.id, _t.body, _t.uses, _t.changed_at, people.c.name)
            .select_from(terms.outerjoin(people, people.c.id == _t.author_id))
            .where(_t.connection_id == connection_id)
            .order_by(_t.folded)
        )
        with self._store.reading() as line:
            rows = line.execute(query).all()
        return [KeptTerm(Term.of(row.id, row.body), row.uses, row.name or "", row.changed_at) for row in rows]

    def instructions(self, connection_id: UUID) -> Instructions:
        """What models are told of one connection."""
        query = (
            sa.select(_i.text, _i.changed_at, people.c.name)
            .select_from(instructions.outerjoin(people, people.c.id == _i.author_id))
            .where(_i.connection_id == connection_id)
        )
        with self._store.reading() as line:
            row = line.execute(query).first()
        return Instructions(row.text, row.name or "", row.changed_at) if row else Instructions()

    def put(self, line: sa.Connection, connection_id: UUID, term: Term, uses: Uses, author: UUID) -> Term:
        """Keep a term, new where it has no id."""
        kept = replace(term, id=term.id or uuid4())
        changed = {"folded": kept.folded, "body": kept.stored(), "uses": dict(uses), "author_id": author}
        row = insert(terms).values(id=kept.id, connection_id=connection_id, **changed)
        fresh = {**changed, "changed_at": sa.func.now()}
        line.execute(row.on_conflict_do_update(index_elements=["id"], set_=fresh))
        return kept

    def drop(self, line: sa.Connection, connection_id: UUID, term_ids: Iterable[UUID]) -> None:
        """Take terms away."""
        line.execute(sa.delete(terms).where(_t.connection_id == connection_id, _t.id.in_(list(term_ids))))

    def instruct(self, line: sa.Connection, connection_id: UUID, text: str, author: UUID) -> None:
        """New instructions; "" takes them away."""
        if not text:
            line.execute(sa.delete(instructions).where(_i.connection_id == connection_id))
            return
        row = insert(instructions).values(connection_id=connection_id, text=text, author_id=author)
        fresh = {"text": text, "author_id": author, "changed_at": sa.func.now()}
        line.execute(row.on_conflict_do_update(index_elements=["connection_id"], set_=fresh))

    def lock(self, line: sa.Connection, connection_id: UUID) -> Sequence[Term]:
        """The terms as they are, held against other writers until the transaction ends."""
        line.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(str(connection_id), 7))))
        rows = line.execute(sa.select(_t.id, _t.body).where(_t.connection_id == connection_id))
        return [Term.of(row.id, row.body) for row in rows]
