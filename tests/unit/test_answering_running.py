"""Questions run in threads of their own, and belong to who asked them."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from core.answering.events import AnswerEvent, CannotAnswer, Failed, Understood
from core.answering.question import Question
from core.answering.running import MOST_OF_ONE_PERSON, Run, Running
from core.errors import InvalidInput, NotAllowed, NotFound
from core.i18n import Phrase
from core.security.permissions import Actor, Role
from core.stop import Stop

ANNA = Actor(UUID(int=1), "Anna", Role.VIEWER)
BEN = Actor(UUID(int=2), "Ben", Role.ADMIN)


class Slow:
    """Answers when it is let go, and hears a stop."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.go = threading.Event()
        self.then = then

    def ask(self, actor: Actor | None, question: Question, stop: Stop | None = None) -> Iterator[AnswerEvent]:
        assert stop is not None
        yield Understood(question.text, "en", conversation_id=question.conversation_id)
        heard = threading.Event()
        with stop.reaching(heard.set):
            while not (self.go.is_set() or heard.is_set()):
                heard.wait(0.005)
        self.then()
        if stop.asked:
            yield Failed(Phrase("errors.stopped"))
        else:
            yield CannotAnswer(Phrase("answering.no_connection"))


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def running(slow: Slow) -> Iterator[Running]:
    started = Running(slow)
    yield started
    started.close()


def _until(running: Running, actor: Actor, run_id: UUID, true: Callable[[Run], bool]) -> Run:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        run = running.watch(actor, run_id)
        if true(run):
            return run
        time.sleep(0.005)
    raise AssertionError(running.watch(actor, run_id))


def test_a_run_is_watched_until_it_ends(running: Running, slow: Slow) -> None:
    run_id = running.start(ANNA, Question("how many?"))
    run = _until(running, ANNA, run_id, lambda run: len(run.events) == 1)
    assert run.step == "finding"
    assert run.finished is None
    assert run.seconds > 0
    slow.go.set()
    run = _until(running, ANNA, run_id, lambda run: run.finished is not None)
    assert run.card.outcome == "cannot"
    assert run.step == "done"
    assert run.seconds == run.seconds


def test_after_a_reload_the_running_question_is_found_by_its_owner_alone(running: Running, slow: Slow) -> None:
    conversation = uuid4()
    run_id = running.start(ANNA, Question("how many?", conversation_id=conversation))
    assert running.current(ANNA) == running.current(ANNA, conversation) == run_id
    assert running.current(ANNA, uuid4()) is None
    assert running.current(BEN) is None
    for forbidden in (running.watch, running.stop):
        with pytest.raises(NotFound):
            forbidden(BEN, run_id)
    slow.go.set()
    _until(running, ANNA, run_id, lambda run: run.finished is not None)
    assert running.current(ANNA) is None


def test_a_question_without_a_conversation_gets_one(running: Running) -> None:
    run_id = running.start(ANNA, Question("how many?"))
    assert running.watch(ANNA, run_id).question.conversation_id is not None


def test_stop_reaches_what_is_blocking(running: Running) -> None:
    run_id = running.start(ANNA, Question("how many?"))
    _until(running, ANNA, run_id, lambda run: len(run.events) == 1)
    running.stop(ANNA, run_id)
    run = _until(running, ANNA, run_id, lambda run: run.finished is not None)
    assert run.card.outcome == "failed"
    running.stop(ANNA, run_id)


def test_one_person_cannot_take_all_threads(running: Running) -> None:
    for _ in range(MOST_OF_ONE_PERSON):
        running.start(ANNA, Question("how many?"))
    with pytest.raises(InvalidInput):
        running.start(ANNA, Question("one more?"))
    assert running.start(BEN, Question("mine?"))


def test_a_fault_ends_the_run_instead_of_leaving_it_open(caplog: pytest.LogCaptureFixture) -> None:
    def break_down() -> None:
        raise ZeroDivisionError("a fault of ours")

    slow = Slow(break_down)
    running = Running(slow)
    slow.go.set()
    with caplog.at_level(logging.CRITICAL):
        run_id = running.start(ANNA, Question("how many?"))
        run = _until(running, ANNA, run_id, lambda run: run.finished is not None)
    assert isinstance(run.card.ending, Failed)
    assert run.card.ending.message.key == "errors.askwell_error"
    assert run.card.ending.detail == "ZeroDivisionError"
    running.close()


def test_closing_stops_everything_also_what_has_not_begun() -> None:
    slow = Slow()
    running = Running(slow)
    people = [Actor(UUID(int=i), "x", Role.VIEWER) for i in range(10, 14)]
    runs = [(person, running.start(person, Question("?"))) for person in people for _ in range(MOST_OF_ONE_PERSON)]
    running.close()
    for person, run_id in runs:
        run = running.watch(person, run_id)
        assert run.finished is not None
        assert isinstance(run.card.ending, Failed)
        assert run.card.ending.message.key == "errors.stopped"


def test_nobody_may_do_nothing(running: Running) -> None:
    with pytest.raises(NotAllowed):
        running.start(None, Question("how many?"))
    with pytest.raises(NotAllowed):
        running.current(None)
