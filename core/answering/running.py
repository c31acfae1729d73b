"""Questions that are being answered, each in a thread of its own, so that a page may go and come back.

A run belongs to who started it: nobody else finds it, watches it or stops it.
"""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID, uuid4

from core.answering.card import Card
from core.answering.events import AnswerEvent, Failed
from core.answering.question import Question
from core.errors import AskwellError, InvalidInput, NotFound, Stopped
from core.i18n import Phrase
from core.security.permissions import Action, Actor, require
from core.stop import Stop

_log = logging.getLogger(__name__)
THREADS = 8
MOST_OF_ONE_PERSON = 4
MOST_WAITING = 64
KEPT_SECONDS = 600.0
MOST_FINISHED = 200


class Asks(Protocol):
    """Whatever answers a question: `Answers`, or a double of it."""

    def ask(self, actor: Actor | None, question: Question, stop: Stop | None = None) -> Iterator[AnswerEvent]: ...


@dataclass(frozen=True)
class Run:
    """One question as it stands now. `started` and `finished` are seconds of `time.monotonic`; None while it runs."""

    id: UUID
    question: Question
    events: tuple[AnswerEvent, ...]
    card: Card
    started: float
    finished: float | None = None

    @property
    def step(self) -> str:
        """What is being done now, a word for `answering.doing_…`; "done" at the end."""
        return self.card.step

    @property
    def seconds(self) -> float:
        """How long it has taken so far, or took."""
        return (time.monotonic() if self.finished is None else self.finished) - self.started


@dataclass
class _Going:
    """A run from the inside: its owner, its stop button and what has happened."""

    owner: UUID
    run: Run
    stop: Stop = field(default_factory=Stop)
    future: "Future[None] | None" = None


class Running:
    """Starts questions and lets their owners watch and stop them. Close it to stop them all."""

    def __init__(self, answers: Asks) -> None:
        self._answers = answers
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="question")
        self._lock = threading.Lock()
        self._runs: dict[UUID, _Going] = {}

    def start(self, actor: Actor | None, question: Question) -> UUID:
        """Begin to answer; comes back at once. The question gets a conversation if it has none.

        Raises `InvalidInput` when this person, or everybody together, has too many questions under way.
        """
        require(actor, Action.ASK)
        assert actor is not None
        question = replace(question, conversation_id=question.conversation_id or uuid4())
        run = Run(uuid4(), question, (), Card(question.text), time.monotonic())
        with self._lock:
            self._drop_old()
            busy = [going for going in self._runs.values() if going.run.finished is None]
            own = sum(going.owner == actor.id for going in busy)
            if own >= MOST_OF_ONE_PERSON or len(busy) >= MOST_WAITING:
                raise InvalidInput(problem=Phrase("answering.too_many_running", {"n": own}))
            going = self._runs[run.id] = _Going(actor.id, run)
            # In the context it was asked in: the request it belongs to, and that it came through the door.
            going.future = self._pool.submit(copy_context().run, self._answer, actor, going)
        going.future.add_done_callback(lambda future: self._ended(going, future))
        return run.id

    def _answer(self, actor: Actor, going: _Going) -> None:
        """Collect the events of one question, in a worker thread."""
        for event in self._answers.ask(actor, going.run.question, going.stop):
            with self._lock:
                run = going.run
                going.run = replace(run, events=(*run.events, event), card=run.card.after(event))

    def _ended(self, going: _Going, future: "Future[None]") -> None:
        """Close a run, also one that a fault or the end of the server broke off: nobody waits for ever."""
        error = Stopped() if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, AskwellError):
            _log.error("a question broke off", exc_info=error)
        with self._lock:
            run = going.run
            if run.card.ending is None:
                known = error if isinstance(error, AskwellError) else AskwellError()
                broken = Failed(Phrase(known.key, known.values), type(error).__name__ if error else "")
                run = replace(run, events=(*run.events, broken), card=run.card.after(broken))
            going.run = replace(run, finished=time.monotonic())

    def watch(self, actor: Actor | None, run_id: UUID) -> Run:
        """How far a run of the actor's own has come. Raises `NotFound`, also for one that ended long ago."""
        require(actor, Action.ASK)
        return self._own(actor, run_id).run

    def stop(self, actor: Actor | None, run_id: UUID) -> None:
        """Stop a run of the actor's own, with its statement in the database. Harmless when it has ended."""
        require(actor, Action.ASK)
        self._own(actor, run_id).stop.ask()

    def current(self, actor: Actor | None, conversation_id: UUID | None = None) -> UUID | None:
        """The actor's latest run that has not ended, in this conversation or in any."""
        require(actor, Action.ASK)
        assert actor is not None
        with self._lock:
            found = [
                going.run
                for going in self._runs.values()
                if going.owner == actor.id
                and going.run.finished is None
                and conversation_id in (None, going.run.question.conversation_id)
            ]
        return max(found, key=lambda run: run.started).id if found else None

    def close(self) -> None:
        """Stop everything that runs and wait for it."""
        with self._lock:
            under_way = [going for going in self._runs.values() if going.run.finished is None]
        # Not under the lock: a run that is cancelled before it began ends right here.
        for going in under_way:
            if going.future is not None:
                going.future.cancel()
        for going in under_way:
            going.stop.ask()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _own(self, actor: Actor | None, run_id: UUID) -> _Going:
        with self._lock:
            going = self._runs.get(run_id)
        if going is None or actor is None or going.owner != actor.id:
            raise NotFound
        return going

    def _drop_old(self) -> None:
        """Forget runs that ended a while ago; their answers are in the history."""
        ended = sorted(
            (going.run.finished, run_id) for run_id, going in self._runs.items() if going.run.finished is not None
        )
        for number, (finished, run_id) in enumerate(ended):
            if finished < time.monotonic() - KEPT_SECONDS or number < len(ended) - MOST_FINISHED:
                del self._runs[run_id]
