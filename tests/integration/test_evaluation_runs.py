"""Runs of question sets in the portal: begun, done as a job, stopped, gone on with after a restart, compared."""

import json
import time
from collections.abc import Iterator, Mapping
from threading import Thread
from uuid import UUID, uuid4

import pytest

from core.answering.events import AnswerEvent
from core.answering.question import Question
from core.connections.registry import ConnectionInfo
from core.errors import InvalidInput, NotAllowed, NotFound, Stopped
from core.evaluation.runs import Evaluation, Needs, Wanted, databases_of
from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from core.stop import Stop
from core.worker import job_functions
from tests.conftest import someone

ENTRIES: list[dict[str, object]] = [
    {"id": "count", "question": "How many cities are there?", "gold_sql": "SELECT count(*) FROM cities"},
    {"id": "wrong", "question": "How many orders are there?", "gold_sql": "SELECT -1"},
    {"id": "odd", "question": "Which cities dream of unicorns?", "gold_sql": "SELECT name FROM cities"},
    {"id": "never", "question": "What is the meaning of life?", "unanswerable": True},
]


def lines(*entries: Mapping[str, object], db: str = "shop") -> str:
    return "\n".join(json.dumps({"db": db, **entry}) for entry in entries or ENTRIES)


@pytest.fixture
def ann(portal: Portal) -> Actor:
    return someone(portal, Role.ANALYST, "Ann")


def done(portal: Portal, run_id: UUID) -> None:
    job_functions(portal, Stop())["evaluate"](str(run_id))


def test_a_set_is_run_and_measured_as_the_terminal_does(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    run_id = portal.evaluation.start(ann, shop.id, Wanted("four.jsonl", lines(), rung="instant"))
    [waiting] = portal.evaluation.list(ann)
    assert (waiting.state, waiting.done, waiting.total) == ("waiting", 0, 4)
    done(portal, run_id)
    report = portal.evaluation.open(ann, run_id)
    assert report.run.state == "done"
    assert [(q.id, not q.failed) for q in report.questions] == [
        ("count", True), ("wrong", False), ("odd", False), ("never", True),
    ]  # fmt: skip
    assert (report.figures["answered"], report.figures["correct"]) == (2, 2)
    assert report.figures["precision"] == 0.5
    assert report.more["refusal_recall"] == 1.0
    assert sum(one.count for one in report.calibration) == 2


def test_nothing_of_a_run_is_left_in_the_history(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    done(portal, portal.evaluation.start(ann, shop.id, Wanted("s", lines())))
    assert portal.answers.history(ann) == []


def test_a_failed_question_shows_both_queries_and_both_results(
    portal: Portal, shop: ConnectionInfo, ann: Actor
) -> None:
    run_id = portal.evaluation.start(ann, shop.id, Wanted("s", lines(), rung="instant"))
    done(portal, run_id)
    both = portal.evaluation.side_by_side(ann, run_id, "wrong")
    assert both.gold_sql == "SELECT -1"
    assert not isinstance(both.gold, str)
    assert not isinstance(both.predicted, str)
    assert list(both.gold.rows) == [(-1,)]
    assert both.predicted.rows != both.gold.rows
    with pytest.raises(NotFound):
        portal.evaluation.side_by_side(ann, run_id, "no such question")


def test_a_gold_query_that_writes_is_refused_and_said(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    bad = {"id": "drop", "question": "How many cities are there?", "gold_sql": "DELETE FROM cities"}
    run_id = portal.evaluation.start(ann, shop.id, Wanted("s", lines(bad), rung="instant"))
    done(portal, run_id)
    [question] = portal.evaluation.open(ann, run_id).questions
    assert question.failed
    assert question.examined.gold_error
    assert isinstance(portal.evaluation.side_by_side(ann, run_id, "drop").gold, str)


class Interrupted:
    """Answers that end the server after some questions, as SIGTERM does, or hang until they are stopped."""

    def __init__(self, portal: Portal, server: Stop, after: int, hangs: bool = False) -> None:
        self.portal, self.server, self.after, self.hangs = portal, server, after, hangs
        self.asked: list[str] = []

    def ask(self, actor: Actor | None, question: Question, stop: Stop | None = None) -> Iterator[AnswerEvent]:
        self.asked.append(question.text)
        if len(self.asked) > self.after:
            if not self.hangs:
                self.server.ask()
            assert stop is not None
            until = time.monotonic() + 20
            while time.monotonic() < until:
                stop.check()
                time.sleep(0.02)
        yield from self.portal.answers.ask(actor, question, stop)


def over(portal: Portal, answers: Interrupted) -> Evaluation:
    parts = (portal.connections, portal.knowledge, portal.people.actor, portal.audit, portal.jobs, portal.clock)
    return Evaluation(portal.store, Needs(answers, *parts))


def test_a_run_goes_on_after_a_restart_where_it_was(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    server = Stop()
    answers = Interrupted(portal, server, after=2)
    run_id = portal.evaluation.start(ann, shop.id, Wanted("s", lines(), rung="instant"))
    with pytest.raises(Stopped):
        over(portal, answers).work(run_id, server)
    assert [q.id for q in portal.evaluation.open(ann, run_id).questions] == ["count", "wrong"]
    again = Interrupted(portal, Stop(), after=99)
    over(portal, again).work(run_id, Stop())
    assert again.asked == [str(entry["question"]) for entry in ENTRIES[2:]]
    report = portal.evaluation.open(ann, run_id)
    assert (report.run.state, len(report.questions)) == ("done", 4)
    assert portal.answers.history(ann) == []


def test_a_person_stops_a_run_in_the_midst_of_a_question(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    answers = Interrupted(portal, Stop(), after=1, hangs=True)
    evaluation = over(portal, answers)
    run_id = portal.evaluation.start(ann, shop.id, Wanted("s", lines(), rung="instant"))
    working = Thread(target=evaluation.work, args=(run_id, Stop()))
    working.start()
    until = time.monotonic() + 60
    while len(answers.asked) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    portal.evaluation.stop(ann, run_id)
    working.join(30)
    assert not working.is_alive()
    report = portal.evaluation.open(ann, run_id)
    assert (report.run.state, [q.id for q in report.questions]) == ("stopped", ["count"])
    done(portal, run_id)  # a job that comes later finds nothing to do
    assert len(portal.evaluation.open(ann, run_id).questions) == 1


def test_two_runs_are_compared_on_the_questions_they_share(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    fixed = [
        {**entry, "gold_sql": "SELECT count(*) FROM orders"} if entry["id"] == "wrong" else entry for entry in ENTRIES
    ]
    runs = [
        portal.evaluation.start(ann, shop.id, Wanted("s", text, rung="instant")) for text in (lines(), lines(*fixed))
    ]
    for run_id in runs:
        done(portal, run_id)
    flips = portal.evaluation.compare(ann, *runs)
    assert flips.shared == 4
    assert (flips.comparison.only_first, flips.comparison.only_second) == (0, 1)
    assert [after.id for _, after in flips.won] == ["wrong"]
    assert flips.lost == ()


def test_what_people_vouched_for_is_a_set(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    with pytest.raises(InvalidInput):
        portal.evaluation.start(ann, shop.id, Wanted("Verified"))
    portal.knowledge.verify(ann, shop.id, "How many cities are there?", "SELECT count(*) FROM cities")
    run_id = portal.evaluation.start(ann, shop.id, Wanted("Verified", rung="instant"))
    done(portal, run_id)
    assert portal.evaluation.open(ann, run_id).figures["correct"] == 1


def test_only_the_questions_about_one_database_are_asked(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    text = lines(ENTRIES[0]) + "\n" + lines(ENTRIES[1], db="zoo")
    assert databases_of(text, "s") == ("shop", "zoo")
    run_id = portal.evaluation.start(ann, shop.id, Wanted("s", text, database="shop", rung="instant"))
    assert portal.evaluation.list(ann)[0].total == 1
    done(portal, run_id)
    assert [q.id for q in portal.evaluation.open(ann, run_id).questions] == ["count"]


def test_a_wrong_line_is_named_and_nothing_is_begun(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    with pytest.raises(InvalidInput) as caught:
        portal.evaluation.start(ann, shop.id, Wanted("bad.jsonl", lines(ENTRIES[0]) + "\n{not json"))
    assert "bad.jsonl:2" in str(caught.value.values)
    assert portal.evaluation.list(ann) == []


def test_a_run_is_its_persons_own(portal: Portal, shop: ConnectionInfo, ann: Actor) -> None:
    run_id = portal.evaluation.start(ann, shop.id, Wanted("s", lines(), rung="instant"))
    bob, eve = someone(portal, Role.ADMIN, "Bob"), someone(portal, Role.VIEWER, "Eve")
    for act in (portal.evaluation.open, portal.evaluation.stop, portal.evaluation.remove):
        with pytest.raises(NotFound):
            act(bob, run_id)
        with pytest.raises(NotAllowed):
            act(eve, run_id)
        with pytest.raises(NotFound):
            act(ann, uuid4())
    assert portal.evaluation.list(bob) == []
    portal.people.change(SYSTEM, ann.id, disabled=True)
    done(portal, run_id)
    assert portal.evaluation.list(ann)[0].state == "failed"
    portal.evaluation.remove(ann, run_id)
    assert portal.evaluation.list(ann) == []
