"""One question on its way: who asks, what is known so far, and how long each step took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID, uuid4

from core.answering.card import Card
from core.answering.events import AnswerEvent, Taken, Usage
from core.answering.private import Exchange
from core.answering.question import Question
from core.observability import span
from core.security.permissions import Actor
from core.stop import Stop


class Trip:
    """What the steps of one question share. Made when it is asked, filled as events pass, kept at its end."""

    def __init__(self, actor: Actor, question: Question, stop: Stop, now: datetime) -> None:
        self.actor, self.question, self.stop, self.now = actor, question, stop, now
        self.answer_id = uuid4()
        self.conversation_id: UUID = question.conversation_id or uuid4()
        self.connection_id: UUID | None = question.connection_id
        self.card = Card(question.text, of=question.of)
        self.usage = Usage()
        self.sent: tuple[Exchange, ...] = ()
        self.infers = False  # whether it asks for rows by what is masked in them
        self.rights = ""  # the version of what the actor may see of the connection
        self.renewed = False  # whether it is run again because that has changed
        self.taken: tuple[Taken, ...] = ()  # what words were taken for in an answer that is run again
        self.timings: list[tuple[str, float]] = []
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self._started

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block as one step, for Diagnostics and metrics; no step begins after a stop."""
        self.stop.check()
        started = time.perf_counter()
        try:
            with span(name):
                yield
        finally:
            self.timings.append((name, time.perf_counter() - started))

    def note(self, event: AnswerEvent) -> AnswerEvent:
        """The same event, now on the card."""
        self.card = self.card.after(event)
        return event
