"""Asks the exercises of a dialogue as a person would, through the product's own trip, and judges what comes.

A follow-up question stands in one conversation with those before it. Where one of these was not answered, its gold
SQL is run in its place, as a person who writes it by hand would, so that every turn is asked in its true context and
is measured for itself.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar
from uuid import UUID, uuid4

from core.answering.card import Card, card_of
from core.answering.events import AnswerEvent, Failed
from core.answering.question import Question
from core.errors import AskwellError
from core.evaluation.questions import Dialogue, Exercise
from core.evaluation.results import ANSWERED, FAILED, REFUSALS, Examined, Result
from core.evaluation.yardstick import Verdict
from core.grounding.inquiry import language_of
from core.i18n import Phrase
from core.security.permissions import Actor
from core.stop import Stop

_log = logging.getLogger(__name__)
_WRONG = Verdict(False, False)


class Asks(Protocol):
    """Whatever answers a question: `Answers`, or a double of it."""

    def ask(self, actor: Actor | None, question: Question, stop: Stop | None = None) -> Iterator[AnswerEvent]: ...


class Spot(Protocol):
    """Where questions are asked: a connection of the portal, and the dialect it speaks."""

    @property
    def connection_id(self) -> UUID: ...
    @property
    def dialect(self) -> str: ...


_Spot = TypeVar("_Spot", bound=Spot)


@dataclass(frozen=True)
class Examiner(Generic[_Spot]):
    """Who asks, whom, who judges, and how far up the ladder an answer may come from.

    `actor` is a person of the portal, because answers are kept for somebody; `places` are the databases by name and
    dialect. `stop` ends the question that is being answered, and with it what comes of it.
    """

    answers: Asks
    actor: Actor
    places: Mapping[tuple[str, str], _Spot]
    judge: Callable[[_Spot, Exercise, str], Verdict]
    rung: Literal["instant", "model"] | None = None
    model_id: UUID | None = None
    stop: Stop | None = None

    def examine(self, dialogue: Dialogue, conversation: UUID | None = None) -> tuple[Examined, ...]:
        """What becomes of each exercise of a dialogue, in turn; asked in `conversation`, else in one of its own."""
        place = self.places[dialogue.database, dialogue.dialect]
        conversation, examined = conversation or uuid4(), []
        for number, exercise in enumerate(dialogue.exercises, start=1):
            heard = self._ask(self._question(exercise, place, conversation))
            examined.append(self._judged(exercise, place, heard))
            if heard.card.outcome != ANSWERED and number < len(dialogue.exercises) and exercise.gold:
                self._ask(Question(exercise.question, place.connection_id, conversation, sql=exercise.gold[0]))
        return tuple(examined)

    def _question(self, exercise: Exercise, place: _Spot, conversation: UUID) -> Question:
        """The exercise as a question. Business rules go to a model with it; the instant engine reads questions only."""
        told = exercise.evidence and self.rung == "model"
        text = f"{exercise.question}\n\n{exercise.evidence}" if told else exercise.question
        return Question(text, place.connection_id, conversation, self.rung, self.model_id)

    def _ask(self, question: Question) -> "_Heard":
        """The card at the end, and the seconds it took. A fault fails its own question, not the whole run."""
        started = time.perf_counter()
        with ThreadPoolExecutor(1) as apart:
            asking = apart.submit(lambda: card_of(question.text, self.answers.ask(self.actor, question, self.stop)))
            fault = asking.exception()
        seconds = time.perf_counter() - started
        if fault is None:
            return _Heard(asking.result(), seconds)
        if isinstance(fault, AskwellError):
            return _Heard(_failed(question, fault), seconds)
        _log.error("question %r broke off", question.text, exc_info=fault)
        return _Heard(_failed(question, AskwellError()), seconds, f"{type(fault).__name__}: {fault}")

    def _judged(self, exercise: Exercise, place: _Spot, heard: "_Heard") -> Examined:
        """The card measured. What the data cannot answer is right when nothing was answered."""
        card = heard.card
        outcome = outcome_of(card)
        answered = outcome == ANSWERED
        verdict = _WRONG
        if exercise.unanswerable:
            verdict = Verdict(outcome in REFUSALS, outcome in REFUSALS)
        elif answered:
            verdict = self.judge(place, exercise, card.sql)
        tables = card.explanation.tables if answered else ()
        result = Result(
            id=exercise.id,
            outcome=outcome,
            rung=card.rung.value if answered and card.rung else None,
            predicted_sql=card.sql or None,
            correct=verdict.right,
            seconds=round(heard.seconds, 4),
            prompt_tokens=card.usage.prompt_tokens,
            completion_tokens=card.usage.completion_tokens,
            tables=tables,
            confidence=round(card.answered.evidence.confidence, 4) if card.answered else None,
            attempts=len(card.tried) + answered,
        )
        return Examined(
            result,
            dialect=place.dialect,
            language=exercise.language or language_of(exercise.question),
            unanswerable=exercise.unanswerable,
            strict=verdict.strict,
            table_recall=_recall(tables, exercise.gold_tables) if answered else None,
            gold_error=verdict.gold_error,
            fault=heard.fault,
        )


@dataclass(frozen=True)
class _Heard:
    """How one question ended, after so many seconds; `fault` is what broke that should never break."""

    card: Card
    seconds: float
    fault: str = ""


def _failed(question: Question, error: AskwellError) -> Card:
    return Card(question.text).after(Failed(Phrase(error.key, error.values), error.detail))


def outcome_of(card: Card) -> str:
    """How a question ended: what no model was asked about and the instant engine left alone has `abstained`."""
    if card.outcome == "cannot" and not card.model:
        return "abstained"
    return card.outcome or FAILED


def _recall(tables: Sequence[str], gold: frozenset[str]) -> float | None:
    """The share of the gold's tables that the answer used; None where the set names none."""
    used = {table.rpartition(".")[2].lower() for table in tables}
    return len(gold & used) / len(gold) if gold else None
