"""What was sent to models for each answer, kept as long as the answer is: for who asked it, and for auditors.

The texts lie beside the answer's question, SQL and rows, which say more than they do; they are not sealed besides.
Whoever may see less of the connection now than when they asked sees none of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.answering.kept import storable
from core.answering.private import Exchange
from core.security.permissions import Action, Actor, may
from core.security.personal import Level
from core.store.sessions import Store
from core.store.tables_privacy import model_exchanges


@dataclass(frozen=True)
class Sent:
    """The calls for one answer, in order, and when they were made."""

    at: datetime
    exchanges: tuple[Exchange, ...]


def keep_sent(
    line: sa.Connection,
    answer_id: UUID,
    actor: Actor,
    connection_id: UUID | None,
    rights: str,
    sent: Sequence[Exchange],
) -> None:
    """Write the calls of one answer down, beside the answer itself. `rights` is the version of the asker's rights."""
    rows = [
        {
            "answer_id": answer_id,
            "number": number,
            "person_id": actor.id,
            "connection_id": connection_id,
            "rights_version": rights,
            "level": one.level.value,
            "model": one.model,
            "messages": [[who, storable(text)] for who, text in one.messages],
            "reply": storable(one.reply),
            "prompt_tokens": one.prompt_tokens,
            "completion_tokens": one.completion_tokens,
            "seconds": one.seconds,
        }
        for number, one in enumerate(sent, 1)
    ]
    if rows:
        line.execute(model_exchanges.insert(), rows)


def sent_for(store: Store, actor: Actor, answer_id: UUID, rights: Callable[[UUID], str | None]) -> Sent | None:
    """What was sent for an answer; None where nothing was, and for whoever may not see it.

    `rights` gives the version of the actor's rights on a connection now, "" for all of it; None for one out of sight.
    """
    m = model_exchanges.c
    query = sa.select(model_exchanges).where(m.answer_id == answer_id).order_by(m.number)
    if not may(actor, Action.READ_AUDIT):
        query = query.where(m.person_id == actor.id)
    with store.reading() as line:
        rows = line.execute(query).mappings().all()
    if not rows or rows[0]["connection_id"] is None:
        return None
    if rights(rows[0]["connection_id"]) not in ("", rows[0]["rights_version"]):
        return None
    return Sent(rows[0]["created_at"], tuple(map(_exchange, rows)))


def _exchange(row: sa.RowMapping) -> Exchange:
    return Exchange(
        Level(row["level"]),
        row["model"],
        tuple((who, text) for who, text in row["messages"]),
        row["reply"],
        row["prompt_tokens"],
        row["completion_tokens"],
        row["seconds"],
    )
