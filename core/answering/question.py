"""What a person asks: the text, where it is asked of, and how far up the ladder it may go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from core.answering.events import LeverValue


@dataclass(frozen=True)
class Question:
    """One question. `connection_id` None means "choose one for me", `rung` None the whole ladder.

    `sql` is SQL that a person wrote or edited: it is guarded and run, and nothing is interpreted. With `of`, an
    answer of the same person, `moved` holds new values for its levers (`Lever.id` -> value): its SQL runs with
    these, on its connection and in its conversation, and the answer stands on the same rung. `without` are terms by
    their words that this question does not mean. `picks`: where it has several readings, the likeliest will do.
    `original`: with `of`, back to how its levers stood at first.
    """

    text: str
    connection_id: UUID | None = None
    conversation_id: UUID | None = None
    rung: Literal["instant", "model"] | None = None
    model_id: UUID | None = None
    sql: str | None = None
    of: UUID | None = None
    moved: Mapping[str, LeverValue] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    picks: bool = False
    original: bool = False
