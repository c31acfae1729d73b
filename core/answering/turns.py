"""One kept answer as its person may see it now: rows only as long as their rights are what they were.

What somebody saw under other rights is not shown again, not even to themselves; its SQL can be run anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from core.answering.card import Card
from core.answering.events import Failed
from core.answering.kept import card_from_json, rows_from_bytes
from core.answering.needs import Connections
from core.connections.result import ResultTable
from core.errors import InvalidInput, NotFound
from core.i18n import Phrase
from core.security.permissions import Actor

_CHANGED = "rights.changed"


@dataclass(frozen=True)
class Turn:
    """One question of a conversation with its card. `thumb` is 1 up, 0 down, None when not rated.

    `readable` is False when the person may no longer see the connection, or sees something else of it than then:
    then the card has no rows. `renewable` says that its SQL can be run again under the rights of today.
    """

    answer_id: UUID
    conversation_id: UUID
    card: Card
    at: datetime
    seconds: float
    connection_id: UUID | None
    thumb: int | None = None
    readable: bool = True
    renewable: bool = False


# The version of the rights under which a person would see a connection now; None where they may not see it at all.
RightsNow = Callable[[UUID], str | None]


class Today:
    """What people may see of their connections at this moment."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def of(self, actor: Actor) -> RightsNow:
        """Looks up the actor's rights on a connection, once for each."""
        return cache(partial(self._version, actor))

    def everywhere(self, actor: Actor) -> dict[UUID, str]:
        """The version of the actor's rights on every connection that they may see."""
        found = {info.id: self._version(actor, info.id) for info in self._connections.list(actor)}
        return {place: version for place, version in found.items() if version is not None}

    def _version(self, actor: Actor, connection_id: UUID) -> str | None:
        try:
            return self._connections.open(actor, connection_id).scope.rights.version
        except NotFound:
            return None


def turn_of(row: Mapping[Any, Any], rights: RightsNow) -> Turn:
    """One answer read back; a card of a form that is no longer known keeps its question."""
    now = rights(row["connection_id"]) if row["connection_id"] is not None else None
    may_read = now == row["rights_version"]
    table = rows_from_bytes(row["rows"]) if may_read and row["rows"] else None
    card = readable_card(row["card"], table) or Card(row["question"], sql=row["sql"], summary=row["summary"])
    # What failed before anything was opened says nothing of the data.
    untouched = row["connection_id"] is not None and now is not None and card.understood is None and not card.sql
    may_read = may_read or untouched
    renewable = not may_read and now is not None and card.answered is not None
    if not may_read:
        card = without_rows(card, "answering.not_readable" if now is None else _CHANGED)
    return Turn(
        row["id"],
        row["conversation_id"],
        card,
        row["created_at"],
        row["seconds"],
        row["connection_id"],
        row["thumb"],
        may_read,
        renewable,
    )


def readable_card(written: Mapping[str, Any], table: ResultTable | None = None) -> Card | None:
    """The card as kept; None for one of a form that is no longer known."""
    try:
        return card_from_json(written, table)
    except (KeyError, TypeError, ValueError):
        return None


def without_rows(card: Card, why: str = "answering.not_readable") -> Card:
    """A card for somebody who may no longer see the data: the question and why no more, nothing from cells."""
    unreadable = Failed(Phrase(why), retry=why == _CHANGED)
    return Card(card.question, understood=card.understood, of=card.of, ending=unreadable)


def in_place(turns: list[Turn]) -> tuple[Turn, ...]:
    """The turns, each answer made by a lever, or made anew, in the place of the one it was made from."""
    places: dict[UUID, int] = {}
    shown: list[Turn] = []
    for turn in turns:
        place = places.get(turn.card.of) if turn.card.of else None
        if place is None:
            place = len(shown)
            shown.append(turn)
        elif turn.card.answered or turn.renewable or not shown[place].readable:
            shown[place] = turn
        places[turn.answer_id] = place
    return tuple(shown)


def table_of(turn: Turn) -> ResultTable:
    """The rows of an answer. Raises `NotFound` where there are none to see, and `InvalidInput` where they were seen
    under other rights."""
    if not turn.readable and isinstance(turn.card.ending, Failed) and turn.card.ending.message.key == _CHANGED:
        raise InvalidInput(problem=turn.card.ending.message)
    if turn.card.table is None:
        raise NotFound
    return turn.card.table
