"""Answering in a whole portal: its own store, index, connections and models, asked by people with roles."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from core.answering.card import Card, card_of
from core.answering.events import Failed, Rung, Sureness
from core.answering.markdown import plain
from core.answering.question import Question
from core.answering.running import Run
from core.connections.registry import NewConnection
from core.errors import NotFound
from core.i18n import Words
from core.models.book import NewModel
from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from tests.conftest import someone
from tests.doubles_answering import DESCRIPTIONS, SCRIPT
from tests.openai_stub import Cut, Hang, OpenAIStub, Refuse, Say


@dataclass
class Asker:
    """A viewer in a portal with an indexed, described shop."""

    portal: Portal
    owner: Actor
    viewer: Actor
    connection_id: UUID
    conversation: UUID = field(default_factory=uuid4)

    def ask(self, text: str, **more: object) -> Card:
        question = Question(text, self.connection_id, self.conversation)
        events = self.portal.answers.ask(self.viewer, replace(question, **more))  # type: ignore[arg-type]
        return card_of(text, events)

    def fresh(self) -> "Asker":
        self.conversation = uuid4()
        return self


@pytest.fixture
def asker(portal: Portal, tmp_path: Path) -> Asker:
    file = tmp_path / "shop.sqlite"
    with sqlite3.connect(file) as database:
        database.executescript(SCRIPT.read_text(encoding="utf-8"))
    database.close()
    owner = portal.people.first_admin()
    info = portal.connections.add(owner, NewConnection("Shop", "sqlite", file=str(file)))
    for (table, column), texts in DESCRIPTIONS.items():
        for language, text in texts.items():
            portal.knowledge.describe(owner, info.id, table, column, language, text)
    portal.connections.share(owner, info.id, everyone=True)
    portal.knowledge.build(info.id)
    return Asker(portal, owner, someone(portal, Role.VIEWER, "Vera"), info.id)


def _said(card: Card) -> str:
    assert card.answered is not None, card.ending
    return plain(card.answered.summary)


def test_questions_in_both_languages_are_answered_without_a_model(asker: Asker) -> None:
    assert _said(asker.ask("How many customers are there?")) == "There are 3 customers."
    assert _said(asker.fresh().ask("What is the total amount of orders in 2025?")).startswith(
        "The total amount is €100"
    )
    assert _said(asker.fresh().ask("有多少订单？")) == "订单共有 8 个。"


@pytest.mark.parametrize(
    ("first", "then", "rows"),
    [
        ("How many orders are there?", "only in 2025", ((4,),)),
        ("How many orders are there?", "what about customers from France?", None),
        ("How many orders are there by status?", "only in 2026", (("cancelled", 1), ("completed", 3))),
        ("有多少订单？", "只看2025年", ((4,),)),
    ],
)
def test_a_follow_up_changes_the_question_before_it(
    asker: Asker, first: str, then: str, rows: tuple[tuple[object, ...], ...] | None
) -> None:
    assert asker.ask(first).answered is not None
    card = asker.ask(then)
    if rows is None:  # either it is understood or it says that it is not; never an answer to something else
        assert card.answered is None or "customers" in card.explanation.tables
        return
    assert card.table is not None, card.ending
    assert sorted(card.table.rows) == sorted(rows)
    assert card.understood is not None
    assert card.understood.text == f"{first} → {then}"


def test_the_same_words_mean_something_else_in_another_conversation(asker: Asker) -> None:
    asker.ask("How many orders are there?")
    assert asker.fresh().ask("only in 2025").answered is None


def test_what_is_suggested_can_be_asked(asker: Asker) -> None:
    card = asker.ask("How many orders are there?")
    assert card.answered is not None
    assert len(card.answered.follow_ups) == 3
    conversation = asker.conversation
    for text in card.answered.follow_ups:
        asker.conversation = uuid4()
        asker.ask("How many orders are there?")
        assert asker.ask(text).answered is not None, text
    asker.conversation = conversation


def test_a_verified_question_is_recalled_and_forgotten(asker: Asker) -> None:
    sql = "SELECT COUNT(*) FROM customers WHERE country = 'FR'"
    verified = asker.portal.knowledge.verify(asker.owner, asker.connection_id, "How many French people?", sql)
    card = asker.ask("how many french people")
    assert card.rung is Rung.VERIFIED
    assert card.answered is not None
    assert card.answered.evidence.sureness is Sureness.VERIFIED
    assert card.table is not None
    assert card.table.rows == ((2,),)
    asker.portal.knowledge.forget(asker.owner, verified)
    assert asker.fresh().ask("how many french people").rung is not Rung.VERIFIED


def test_levers_offer_the_values_of_the_index_and_empty_answers_the_right_spelling(asker: Asker) -> None:
    card = asker.ask("Cancelled", sql="SELECT id FROM orders WHERE status = 'cancelled' AND amount > 10")
    assert card.answered is not None
    options = {lever.label: lever.options for lever in card.answered.levers}
    assert set(options["Status"]) == {"completed", "cancelled"}
    empty = asker.ask("Cancelled", sql="SELECT id FROM orders WHERE status = 'canceled'")
    assert empty.answered is not None
    assert Words("en").show(empty.answered.findings[0]) == "You asked for “canceled”; status holds “cancelled”."
    fixed = asker.ask("Cancelled", sql=empty.answered.fixes[0].sql)
    assert fixed.table is not None
    assert len(fixed.table.rows) == 2


def test_rows_are_gone_from_history_when_the_connection_is_no_longer_shared(asker: Asker) -> None:
    card = asker.ask("How many customers are there?")
    assert card.answered is not None
    answers, viewer = asker.portal.answers, asker.viewer
    assert answers.open(viewer, asker.conversation).turns[0].card.table is not None
    asker.portal.connections.share(asker.owner, asker.connection_id, everyone=False)
    [turn] = answers.open(viewer, asker.conversation).turns
    assert not turn.readable
    assert turn.card.table is None
    assert "There are 3" not in str(turn.card)
    with pytest.raises(NotFound):
        answers.export(viewer, card.answered.answer_id, "excel")
    assert isinstance(asker.ask("How many customers are there?").ending, Failed)


def test_an_administrator_does_not_read_other_people_s_answers(asker: Asker) -> None:
    card = asker.ask("How many customers are there?")
    assert card.answered is not None
    assert asker.portal.answers.history(asker.owner) == []
    for read in (asker.portal.answers.open, asker.portal.answers.rows):
        with pytest.raises(NotFound):
            read(asker.owner, asker.conversation if read == asker.portal.answers.open else card.answered.answer_id)


def test_the_portal_itself_can_ask_and_leaves_no_history(asker: Asker) -> None:
    card = card_of(
        "?", asker.portal.answers.ask(SYSTEM, Question("How many customers are there?", asker.connection_id))
    )
    assert card.answered is not None


def _model(asker: Asker, url: str) -> None:
    asker.portal.models.connect(asker.owner, NewModel("Stub", "compatible", url, "stub", "key", 1, 2))


def test_a_model_answers_what_the_engine_cannot_and_its_use_is_counted(asker: Asker) -> None:
    with OpenAIStub(Say("```sql\nSELECT name FROM customers ORDER BY name\n```", usage=(1000, 500))) as stub:
        _model(asker, stub.url)
        card = asker.ask("Read me the whole clientele, please")
    assert card.rung is Rung.MODEL
    assert _said(card) == "3 results: Anna, Bruno and Chloé."
    assert card.usage.cost == pytest.approx(0.002)
    assert (card.usage.prompt_tokens, card.usage.completion_tokens) == (1000, 500)
    [turn] = asker.portal.answers.open(asker.viewer, asker.conversation).turns
    assert turn.card == card


@pytest.mark.parametrize(
    "trouble", [Refuse(500), Refuse(429, headers={"Retry-After": "0"}), Cut("SELECT", 3), Say("I would rather not.")]
)
def test_a_model_in_trouble_ends_in_one_sentence_and_a_retry(asker: Asker, trouble: object) -> None:
    with OpenAIStub(otherwise=trouble) as stub:  # type: ignore[arg-type]
        _model(asker, stub.url)
        card = asker.ask("Read me the whole clientele, please", rung="model")
    assert isinstance(card.ending, Failed), card.ending
    assert card.ending.retry
    assert "\n" not in Words("en").show(card.ending.message)


def _until(asker: Asker, run_id: UUID, true: Callable[[Run], bool]) -> Run:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        run = asker.portal.running.watch(asker.viewer, run_id)
        if true(run):
            return run
        time.sleep(0.01)
    raise AssertionError(run)


def test_a_run_outlives_its_page_and_can_be_stopped_while_the_model_thinks(asker: Asker) -> None:
    running, viewer = asker.portal.running, asker.viewer
    with OpenAIStub(otherwise=Hang(30)) as stub:
        _model(asker, stub.url)
        run_id = running.start(viewer, Question("Read me the whole clientele", asker.connection_id, asker.conversation))
        run = _until(asker, run_id, lambda run: run.step == "writing")
        assert running.current(viewer, asker.conversation) == run_id
        assert run.card.tables
        started = time.monotonic()
        running.stop(viewer, run_id)
        run = _until(asker, run_id, lambda run: run.finished is not None)
        assert time.monotonic() - started < 3
    assert isinstance(run.card.ending, Failed)
    assert run.card.ending.message.key == "errors.stopped"
    assert asker.portal.answers.open(viewer, asker.conversation).turns[0].card.outcome == "failed"


def test_an_instant_answer_takes_a_moment(asker: Asker) -> None:
    asker.ask("How many customers are there?")
    seconds = []
    for text in ("How many orders are there?", "How many orders are there by status?", "有多少客户？"):
        card = asker.fresh().ask(text)
        assert card.answered is not None, text
        seconds.append(card.answered.seconds)
    assert sorted(seconds)[1] < 1.0, seconds
