"""Conversations and their answers, kept for the person who asked and for nobody else.

Every statement here asks for `person_id` itself: there is no row that a forgotten check could show to another person,
an administrator included.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.answering.card import Card
from core.answering.kept import card_to_json, rows_to_bytes
from core.answering.private import Exchange
from core.answering.sent import keep_sent
from core.answering.turns import RightsNow, in_place, readable_card, turn_of
from core.answering.turns import Turn as Turn
from core.errors import InvalidInput, NotFound
from core.grounding.inquiry import Earlier
from core.i18n import Phrase
from core.security.permissions import Actor
from core.store.sessions import Store
from core.store.tables import answers, connections, conversations, feedback

_TITLE = 70
_EARLIER = 5
KEPT_DELETED = timedelta(days=30)


@dataclass(frozen=True)
class Conversation:
    """One conversation as a list shows it. `connection` is "" when that connection is gone."""

    id: UUID
    title: str
    connection_id: UUID | None
    connection: str
    favourite: bool
    created_at: datetime
    changed_at: datetime
    answers: int
    deleted: bool = False


@dataclass(frozen=True)
class OpenConversation:
    """A conversation with its turns, oldest first."""

    conversation: Conversation
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Kept:
    """What is remembered of one question: where it was asked, the card as drawn, and how long it took (seconds)."""

    answer_id: UUID
    conversation_id: UUID
    connection_id: UUID | None
    card: Card
    seconds: float
    sent: tuple[Exchange, ...] = ()  # to models
    rights: str = ""  # the version of what the asker could see


@dataclass(frozen=True)
class Filter:
    """Which conversations are listed: those with `search` in their title, questions or sentences."""

    search: str = ""
    favourites: bool = False
    deleted: bool = False
    limit: int = 100


EVERYTHING = Filter()


class History:
    """The memory of conversations. It trusts its caller to have checked the action, and nobody about ownership."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, actor: Actor, kept: Kept, note: Callable[[sa.Connection], None]) -> None:
        """Write one question down; a conversation begins with its first. Raises `NotFound` for another's.

        `note` puts it into the trail: both are kept, or neither is.
        """
        card, usage = kept.card, kept.card.usage
        answered = card.answered
        row = {
            "id": kept.answer_id,
            "conversation_id": kept.conversation_id,
            "person_id": actor.id,
            "connection_id": kept.connection_id,
            "question": card.question,
            "inquiry": card.understood.text if card.understood else "",
            "outcome": card.outcome,
            "rung": card.rung.value if card.rung else "",
            "sql": card.sql,
            "summary": answered.summary if answered else "",
            "card": card_to_json(card),
            "rows": rows_to_bytes(card.table) if card.table is not None else None,
            "rights_version": kept.rights,
            "confidence": answered.evidence.confidence if answered else None,
            "seconds": kept.seconds,
            "model": usage.model,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost": usage.cost,
        }
        with self._store.begin() as connection:
            self._continue(connection, actor, kept)
            # It is there already where the store was lost in the very moment it said so.
            if connection.execute(insert(answers).values(row).on_conflict_do_nothing()).rowcount == 0:
                return
            keep_sent(connection, kept.answer_id, actor, kept.connection_id, kept.rights, kept.sent)
            note(connection)

    def _continue(self, connection: sa.Connection, actor: Actor, kept: Kept) -> None:
        """The conversation, begun now or moved to the top of the list."""
        begun = insert(conversations).values(
            id=kept.conversation_id,
            person_id=actor.id,
            connection_id=kept.connection_id,
            title=shortened(kept.card.question),
        )
        moved = begun.on_conflict_do_update(
            index_elements=[conversations.c.id],
            set_={
                "changed_at": sa.func.now(),
                "deleted_at": None,
                "connection_id": sa.func.coalesce(begun.excluded.connection_id, conversations.c.connection_id),
            },
            where=conversations.c.person_id == actor.id,
        )
        if connection.execute(moved.returning(conversations.c.id)).first() is None:
            raise NotFound

    def owns(self, actor: Actor, conversation_id: UUID) -> bool:
        """Whether a question may continue this conversation: it is the actor's own, or nobody's yet."""
        query = sa.select(conversations.c.person_id).where(conversations.c.id == conversation_id)
        with self._store.begin() as connection:
            owner = connection.scalar(query)
        return owner in (None, actor.id)

    def list(
        self, actor: Actor, wanted: Filter = EVERYTHING, readable: Mapping[UUID, str] | None = None
    ) -> list[Conversation]:
        """The actor's conversations, the one used last first. Sentences are searched of the answers that were given
        under the rights of today: `readable` has their versions by connection, None for all."""
        query = _conversations(actor).where(
            conversations.c.deleted_at.is_not(None) if wanted.deleted else conversations.c.deleted_at.is_(None)
        )
        if wanted.favourites:
            query = query.where(conversations.c.favourite)
        if wanted.search.strip():
            search = wanted.search.strip()
            asked, told = (c.icontains(search, autoescape=True) for c in (answers.c.question, answers.c.summary))
            said = sa.or_(asked, sa.and_(told, _under(readable)))
            inside = sa.select(answers.c.id).where(answers.c.conversation_id == conversations.c.id, said).exists()
            query = query.where(sa.or_(conversations.c.title.icontains(search, autoescape=True), inside))
        query = query.order_by(conversations.c.changed_at.desc(), conversations.c.id).limit(wanted.limit)
        with self._store.begin() as connection:
            return [_conversation(row) for row in connection.execute(query).mappings()]

    def open(self, actor: Actor, conversation_id: UUID, rights: RightsNow) -> OpenConversation:
        """A conversation with its cards; rows only where the actor's rights are what they were. Raises `NotFound`.

        An answer that a lever made from an earlier one stands in that one's place.
        """
        query = (
            sa.select(answers, feedback.c.thumb)
            .outerjoin(
                feedback, sa.and_(feedback.c.answer_id == answers.c.id, feedback.c.person_id == answers.c.person_id)
            )
            .where(answers.c.conversation_id == conversation_id, answers.c.person_id == actor.id)
            .order_by(answers.c.created_at, answers.c.id)
        )
        with self._store.begin() as connection:
            found = connection.execute(_conversations(actor).where(conversations.c.id == conversation_id)).mappings()
            conversation = found.first()
            if conversation is None:
                raise NotFound
            rows = connection.execute(query).mappings().all()
        turns = [turn_of(row, rights) for row in rows]
        return OpenConversation(_conversation(conversation), in_place(turns))

    def earlier(self, actor: Actor, conversation_id: UUID, connection_id: UUID, rights: str) -> tuple[Earlier, ...]:
        """What was answered before in this conversation on this connection under these rights, oldest first, at most
        the last five."""
        query = (
            sa.select(answers.c.question, answers.c.sql)
            .where(
                answers.c.conversation_id == conversation_id,
                answers.c.person_id == actor.id,
                answers.c.connection_id == connection_id,
                answers.c.rights_version == rights,
                answers.c.outcome == "answered",
            )
            .order_by(answers.c.created_at.desc(), answers.c.id)
            .limit(_EARLIER)
        )
        with self._store.begin() as connection:
            rows = connection.execute(query).all()
        return tuple(Earlier(row.question, row.sql) for row in reversed(rows))

    def connection_of(self, actor: Actor, conversation_id: UUID) -> UUID | None:
        """The connection that a conversation was last about."""
        query = sa.select(conversations.c.connection_id).where(
            conversations.c.id == conversation_id, conversations.c.person_id == actor.id
        )
        with self._store.begin() as connection:
            found: UUID | None = connection.scalar(query)
        return found

    def turn(self, actor: Actor, answer_id: UUID, rights: RightsNow) -> Turn:
        """One of the actor's own answers; rows only where their rights are what they were. Raises `NotFound`."""
        return turn_of(self._row(actor, answer_id), rights)

    def ran(self, actor: Actor, answer_id: UUID) -> tuple[Turn, str]:
        """One of the actor's own answers as it was given, for running its SQL again and for nothing else, and the
        version of the rights it was given under. Raises `NotFound`."""
        row = self._row(actor, answer_id)
        return turn_of(row, lambda _: str(row["rights_version"])), str(row["rights_version"])

    def _row(self, actor: Actor, answer_id: UUID) -> Mapping[Any, Any]:
        query = sa.select(answers, sa.null().label("thumb")).where(
            answers.c.id == answer_id, answers.c.person_id == actor.id
        )
        with self._store.begin() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        return row

    def with_sql(self, actor: Actor, conversation_id: UUID, sql: str) -> Card | None:
        """The latest answer of this conversation that ran this very SQL or offers it as a fix, without rows."""
        query = (
            sa.select(answers.c.card)
            .where(
                answers.c.conversation_id == conversation_id,
                answers.c.person_id == actor.id,
                answers.c.outcome == "answered",
            )
            .order_by(answers.c.created_at.desc())
            .limit(20)
        )
        with self._store.begin() as connection:
            cards = [readable_card(written) for written in connection.scalars(query)]
        for card in cards:
            if card and card.answered and sql in (card.sql, *(fix.sql for fix in card.answered.fixes)):
                return card
        return None

    def change(
        self,
        actor: Actor,
        conversation_id: UUID,
        title: str | None = None,
        favourite: bool | None = None,
        deleted: bool | None = None,
    ) -> None:
        """Rename, mark, delete or bring back a conversation. Raises `NotFound`, and `InvalidInput` for an empty title.

        What was deleted more than thirty days ago goes for good.
        """
        values: dict[str, object] = {}
        if title is not None:
            if not title.strip():
                raise InvalidInput(problem=Phrase("answering.empty_title"))
            values["title"] = shortened(title)
        if favourite is not None:
            values["favourite"] = favourite
        if deleted is not None:
            values["deleted_at"] = sa.func.now() if deleted else None
        mine = conversations.c.person_id == actor.id
        with self._store.begin() as connection:
            changed = sa.update(conversations).where(conversations.c.id == conversation_id, mine)
            found = connection.execute(changed.values(values or {"title": conversations.c.title}))
            if not found.rowcount:
                raise NotFound
            old = conversations.c.deleted_at < sa.func.now() - KEPT_DELETED
            connection.execute(sa.delete(conversations).where(mine, old))

    def drop(self, actor: Actor, conversation_id: UUID) -> None:
        """A conversation of the actor's goes for good, if there is one."""
        mine = (conversations.c.id == conversation_id, conversations.c.person_id == actor.id)
        with self._store.begin() as connection:
            connection.execute(sa.delete(conversations).where(*mine))

    def rate(self, actor: Actor, answer_id: UUID, thumb: int | None, reason: str = "", comment: str = "") -> None:
        """Keep a thumb (1 up, 0 down) with its reason; None takes it back. Raises `NotFound`."""
        if thumb not in (None, 0, 1):
            raise InvalidInput(problem=Phrase("answering.no_such_thumb"))
        mine = sa.select(answers.c.id).where(answers.c.id == answer_id, answers.c.person_id == actor.id)
        key = {"answer_id": answer_id, "person_id": actor.id}
        with self._store.begin() as connection:
            if connection.execute(mine).first() is None:
                raise NotFound
            if thumb is None:
                connection.execute(sa.delete(feedback).filter_by(**key))
                return
            said = {"thumb": thumb, "reason": reason[:200], "comment": comment[:2000], "created_at": sa.func.now()}
            rated = insert(feedback).values(**key, **said)
            connection.execute(rated.on_conflict_do_update(index_elements=list(key), set_=said))


def shortened(question: str) -> str:
    """A question as a title: one line of at most 70 characters."""
    line = " ".join(question.split())
    if len(line) <= _TITLE:
        return line
    cut = line[: _TITLE - 1]
    # Chinese has no blanks to cut at.
    return (cut.rsplit(" ", 1)[0] if " " in cut[_TITLE // 2 :] else cut).rstrip(" ,;，；、") + "…"


def _conversations(actor: Actor) -> sa.Select[Any]:
    """The actor's conversations with the name of the connection and the number of answers."""
    count = sa.select(sa.func.count()).where(answers.c.conversation_id == conversations.c.id).scalar_subquery()
    return (
        sa.select(conversations, connections.c.name.label("connection"), count.label("answers"))
        .outerjoin(connections, connections.c.id == conversations.c.connection_id)
        .where(conversations.c.person_id == actor.id)
    )


def _conversation(row: Mapping[Any, Any]) -> Conversation:
    return Conversation(
        row["id"],
        row["title"],
        row["connection_id"],
        row["connection"] or "",
        row["favourite"],
        row["created_at"],
        row["changed_at"],
        row["answers"],
        row["deleted_at"] is not None,
    )


def _under(readable: Mapping[UUID, str] | None) -> sa.ColumnElement[bool]:
    """That an answer was given under these rights, by connection."""
    if readable is None:
        return sa.true()
    seen = [sa.and_(answers.c.connection_id == place, answers.c.rights_version == v) for place, v in readable.items()]
    return sa.or_(sa.false(), *seen)
