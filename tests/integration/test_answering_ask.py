"""Whole trips over a real guard, runner and store: every rung, every ending, and what is kept of them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core.answering.ask import Answers
from core.answering.card import Card, card_of
from core.answering.events import (
    Answered,
    AnswerEvent,
    CannotAnswer,
    Failed,
    NeedsDetail,
    QueryTried,
    Rung,
    Sureness,
    Understood,
)
from core.answering.history import Filter
from core.answering.markdown import plain
from core.answering.question import Question
from core.connections.opened import Connection
from core.connections.schema import Column, Kind, Schema, Table
from core.connections.session import Limits
from core.errors import InvalidInput, NotAllowed, NotFound, QueryFailed, QueryLost
from core.i18n import Words
from core.security.permissions import Actor, Role
from core.stop import Stop
from core.store.sessions import Store
from core.store.tables import answers as kept_answers
from core.store.tables import people
from tests.doubles import ScriptedModel
from tests.doubles_answering import OneModel, PlainKnowledge, QuietAudit, Shelf, SlowConnection, shop

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
COUNT = "SELECT COUNT(*) FROM customers"


@dataclass
class House:
    """Answers with everything around them, and one person."""

    answers: Answers
    shelf: Shelf
    knowledge: PlainKnowledge
    models: OneModel
    audit: QuietAudit
    actor: Actor
    conversation: UUID = field(default_factory=uuid4)

    def ask(self, text: str, **more: object) -> Card:
        question = Question(text, conversation_id=self.conversation)
        return card_of(text, self.answers.ask(self.actor, replace(question, **more)))  # type: ignore[arg-type]


def _person(store: Store, name: str) -> Actor:
    actor = Actor(uuid4(), name, Role.VIEWER)
    with store.begin() as connection:
        row = {"id": actor.id, "email": f"{name}@example.org", "name": name, "password_hash": "", "role": "viewer"}
        connection.execute(people.insert().values(row))
    return actor


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    return _house(store, [shop(tmp_path)])


def _house(store: Store, opened: Sequence[object]) -> House:
    shelf, knowledge, models, audit = Shelf(list(opened)), PlainKnowledge(), OneModel(), QuietAudit()  # type: ignore[arg-type]
    with store.begin() as connection:
        for database in shelf.opened:
            _register(connection, database.id, database.name)
    answers = Answers(store, shelf, knowledge, models, audit, lambda: NOW)
    return House(answers, shelf, knowledge, models, audit, _person(store, "anna"))


def _register(connection: sa.Connection, connection_id: UUID, name: str) -> None:
    """The row that answers refer to."""
    from core.store.tables import connections

    owner = uuid4()
    row = {"id": owner, "email": f"{owner}@example.org", "name": "owner", "password_hash": "", "role": "admin"}
    connection.execute(people.insert().values(row))
    connection.execute(
        connections.insert().values(id=connection_id, owner_id=owner, name=name, kind="sqlite", address={})
    )


def test_the_instant_engine_answers_without_a_model(house: House) -> None:
    card = house.ask("How many customers are there?")
    answered = card.answered
    assert answered is not None
    assert card.rung is Rung.INSTANT
    assert plain(answered.summary) == "There are 3 customers."
    assert answered.evidence.sureness is Sureness.SURE
    assert answered.usage.prompt_tokens == 0
    assert card.table is not None
    assert card.table.rows == ((3,),)
    assert card.explanation.steps
    assert {"open", "instant", "check", "run", "narrate"} <= {name for name, _ in answered.timings}
    assert house.audit.rows == [("answers.ask", True)]


def test_events_come_in_the_order_a_person_sees_them(house: House) -> None:
    events = list(house.answers.ask(house.actor, Question("How many customers are there?")))
    names = [type(event).__name__ for event in events]
    assert names == [
        "Understood", "Grounded", "QueryReady", "RowsReady", "ChartReady", "SummaryText", "Answered",
    ]  # fmt: skip
    assert isinstance(events[0], Understood)
    assert events[0].connection == "Shop"


def test_a_verified_question_comes_before_everything(house: House) -> None:
    house.knowledge.vouched["How many customers are there?"] = COUNT + " WHERE country = 'FR'"
    card = house.ask("How many customers are there?")
    assert card.recalled is not None
    assert card.rung is Rung.VERIFIED
    assert card.answered is not None
    assert card.answered.evidence.sureness is Sureness.VERIFIED
    assert card.table is not None
    assert card.table.rows == ((2,),)


def test_a_verified_question_is_asked_again_with_another_value(house: House) -> None:
    house.knowledge.vouched["How many customers live in FR?"] = COUNT + " WHERE country = 'FR'"
    card = house.ask("How many customers live in DE?")
    assert card.rung is Rung.VERIFIED
    assert card.sql == COUNT + " WHERE country = 'DE'"
    assert card.answered is not None
    assert card.answered.evidence.sureness is Sureness.VERIFIED
    assert [str(reason) for reason in card.answered.evidence.reasons][1:] == [
        "Put into the verified SQL: “DE” in place of “FR”."
    ]
    assert house.ask("How many customers live in Atlantis?").rung is not Rung.VERIFIED
    assert house.ask("How many orders live in DE?").rung is not Rung.VERIFIED


def test_a_verified_question_that_no_longer_holds_goes_up_the_ladder(house: House) -> None:
    house.knowledge.vouched["How many customers are there?"] = "SELECT gone FROM customers"
    card = house.ask("How many customers are there?")
    assert card.rung is Rung.INSTANT
    assert [tried.sql for tried in card.tried] == ["SELECT gone FROM customers"]


def test_what_the_engine_cannot_read_goes_to_the_model(house: House) -> None:
    house.models.chat = ScriptedModel(f"```sql\n{COUNT}\n```")
    card = house.ask("How large is our clientele?")
    assert card.rung is Rung.MODEL
    assert card.model == "Scripted 1"
    assert card.answered is not None
    assert card.usage.prompt_tokens == 100
    assert card.usage.cost
    sent = house.answers.sent(house.actor, card.answered.answer_id)
    assert sent is not None
    assert "clientele" in sent.exchanges[0].messages[-1][1]
    assert card.writing


def test_a_refused_draft_is_shown_and_mended(house: House) -> None:
    house.models.chat = ScriptedModel("```sql\nDELETE FROM customers\n```", f"```sql\n{COUNT}\n```")
    card = house.ask("How large is our clientele?")
    assert card.answered is not None
    assert [tried.sql for tried in card.tried] == ["DELETE FROM customers"]
    assert card.answered.evidence.sureness is not Sureness.SURE


def test_without_a_model_it_says_which_word_and_what_to_do(house: House) -> None:
    card = house.ask("How large is our clientele?")
    assert isinstance(card.ending, CannotAnswer)
    said = Words("en").show(card.ending.reason)
    assert "I could not place the word" in said
    assert "Models page" in said
    assert "Customers" in said
    assert card.ending.closest == house.knowledge.questions
    assert card.sql == ""


def test_the_instant_rung_alone_never_asks_a_model(house: House) -> None:
    house.models.chat = ScriptedModel(f"```sql\n{COUNT}\n```")
    card = house.ask("How large is our clientele?", rung="instant")
    assert isinstance(card.ending, CannotAnswer)
    assert house.models.chat.asked == []


def test_a_model_that_declines_or_asks_back_ends_in_words(house: House) -> None:
    house.models.chat = ScriptedModel("CANNOT: there are no suppliers here")
    declined = house.ask("Which supplier is late?", rung="model")
    assert isinstance(declined.ending, CannotAnswer)
    assert "there are no suppliers here" in Words("en").show(declined.ending.reason)
    house.models.chat = ScriptedModel("ASK: Which year?\n- 2025\n- 2026")
    asked = house.ask("How was the year?", rung="model")
    assert isinstance(asked.ending, NeedsDetail)
    assert [choice.label for choice in asked.ending.choices] == ["2025", "2026"]
    assert asked.ending.choices[0].question == "How was the year (2025)"
    assert asked.usage.prompt_tokens == 100


def test_a_model_that_breaks_ends_in_a_sentence_and_a_retry(house: House) -> None:
    house.models.chat = ScriptedModel(ConnectionError("gone"))
    card = house.ask("Which supplier is late?", rung="model")
    assert isinstance(card.ending, Failed)
    assert card.ending.retry
    assert card.ending.message.key.startswith("errors.model_")


def test_sql_of_a_person_takes_the_same_way(house: House) -> None:
    card = house.ask("Names, please", sql="SELECT name FROM customers ORDER BY name")
    assert card.rung is Rung.PERSON
    assert card.table is not None
    assert [row[0] for row in card.table.rows] == ["Anna", "Bruno", "Chloé"]
    refused = house.ask("Names, please", sql="DROP TABLE customers")
    assert isinstance(refused.ending, Failed)
    assert refused.ending.message.key == "errors.query_refused"
    assert not refused.ending.retry
    assert house.ask("Still there?", sql=COUNT).table is not None


def test_running_the_same_sql_again_stands_on_the_same_evidence(house: House) -> None:
    first = house.ask("How many customers are there?")
    again = house.ask("How many customers are there?", sql=first.sql)
    assert again.rung is Rung.INSTANT
    assert again.answered is not None
    assert first.answered is not None
    assert again.answered.evidence.sureness is first.answered.evidence.sureness


def test_a_lever_moves_a_literal_without_a_model_and_takes_the_answer_s_place(house: House) -> None:
    first = house.ask("Names", sql="SELECT name FROM customers WHERE country = 'FR' LIMIT 5")
    assert first.answered is not None
    levers = {lever.label: lever for lever in first.answered.levers}
    assert levers["Country"].options == ("DE", "FR")
    moved = card_of("Names", house.answers.rerun(house.actor, first.answered.answer_id, {levers["Country"].id: "DE"}))
    assert moved.table is not None
    assert moved.table.rows == (("Anna",),)
    assert moved.rung is Rung.PERSON
    assert moved.answered is not None
    assert "only" not in moved.sql
    turns = house.answers.open(house.actor, house.conversation).turns
    assert [turn.answer_id for turn in turns] == [moved.answered.answer_id]


def test_levers_go_back_to_how_they_stood_at_first(house: House) -> None:
    first = house.ask("Names", sql="SELECT name FROM customers WHERE country IN ('FR', 'DE') ORDER BY name LIMIT 5")
    card = first
    for changes in ({"Country": ("DE",)}, {"Rows at most": 1}, {"Country": ("FR",)}):
        assert card.answered is not None
        ids = {lever.label: lever.id for lever in card.answered.levers}
        moved = {ids[label]: value for label, value in changes.items() if label in ids}
        card = card_of("Names", house.answers.rerun(house.actor, card.answered.answer_id, moved))
    assert card.answered is not None
    assert card.table is not None
    assert card.table.rows != first.table.rows  # type: ignore[union-attr]
    back = house.ask("Names", of=card.answered.answer_id, original=True)
    assert back.sql == first.sql
    assert back.table.rows == first.table.rows  # type: ignore[union-attr]
    assert [turn.card.sql for turn in house.answers.open(house.actor, house.conversation).turns] == [first.sql]


def test_a_word_the_data_does_not_have_is_said_with_the_closest_one(house: House) -> None:
    house.knowledge.meanings["purchases"] = (("orders", ""),)
    house.knowledge.meanings["采购"] = (("orders", ""),)
    card = house.ask("How many purchases are there?")
    assert isinstance(card.ending, CannotAnswer)
    assert Words("en").show(card.ending.reason).startswith("Your data has no “purchases”; the closest are orders.")
    assert card.ending.closest[0] == "How many orders are there?"
    assert house.ask(card.ending.closest[0]).answered is not None
    chinese = house.ask("有多少采购？")
    assert isinstance(chinese.ending, CannotAnswer)
    assert Words("zh").show(chinese.ending.reason).startswith("数据中没有“采购”；最接近的是订单。")
    house.models.chat = ScriptedModel("CANNOT: there are no purchases here")
    told = house.ask("How many purchases are there?")
    assert isinstance(told.ending, CannotAnswer)
    assert told.ending.closest[0] == "How many orders are there?"


def test_a_lever_of_somebody_else_s_answer_cannot_be_moved(house: House, store: Store) -> None:
    first = house.ask("How many customers are there?")
    assert first.answered is not None
    with pytest.raises(NotFound):
        house.answers.rerun(_person(store, "ben"), first.answered.answer_id, {})
    events = list(house.answers.ask(_person(store, "eve"), Question("?", of=first.answered.answer_id)))
    assert isinstance(events[-1], Failed)
    assert events[-1].message.key == "errors.not_found"


def test_an_empty_answer_says_why_and_its_fix_runs(house: House) -> None:
    card = house.ask("Completed", sql="SELECT id FROM orders WHERE status = 'Completd'")
    assert card.answered is not None
    assert card.answered.findings
    fixed = house.ask("Completed", sql=card.answered.fixes[0].sql)
    assert fixed.table is not None
    assert len(fixed.table.rows) == 6


def test_a_question_in_chinese_is_answered_in_chinese(house: House) -> None:
    card = house.ask("客户名单", sql="SELECT COUNT(*) FROM customers WHERE country = 'FR'")
    assert card.answered is not None
    assert plain(card.answered.summary) == "客户共有 2 个（国家为“FR”）。"


def test_what_was_asked_before_reaches_the_model_as_such(house: House) -> None:
    house.ask("How many customers are there?")
    house.models.chat = ScriptedModel(f"```sql\n{COUNT} WHERE country = 'FR'\n```")
    card = house.ask("and what of la France?")
    assert card.understood is not None
    assert card.understood.rewritten
    assert card.rung is Rung.MODEL
    assert "How many customers are there?" in house.models.chat.told


@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_no_question_is_said_so(house: House, text: str) -> None:
    card = house.ask(text)
    assert isinstance(card.ending, Failed)
    assert "Type what you want to know" in Words("en").show(card.ending.message)


def test_a_question_with_odd_characters_is_kept_all_the_same(house: House) -> None:
    card = house.ask("How many\x00 customers \ud800 are there?")
    assert card.ending is not None
    assert house.answers.open(house.actor, house.conversation).turns


def test_without_a_connection_it_says_where_to_add_one(store: Store) -> None:
    house = _house(store, [])
    card = house.ask("How many customers are there?")
    assert isinstance(card.ending, CannotAnswer)
    assert card.ending.reason.key == "answering.no_connection"


def test_auto_asks_the_connection_that_knows_the_words(store: Store, tmp_path: Path) -> None:
    other = shop(tmp_path, "Other")
    things = Table("things", (Column("weight", "INTEGER", Kind.INTEGER),))
    other = replace(other, schema=Schema(other.dialect, (things,)))
    house = _house(store, [other, shop(tmp_path, "Shop")])
    card = house.ask("How many customers are there?")
    assert card.understood is not None
    assert card.understood.connection == "Shop"
    again = house.ask("How many things are there?")
    assert again.understood is not None
    assert again.understood.connection == "Shop"


def test_a_connection_that_is_not_shared_is_not_there(house: House) -> None:
    hidden = house.shelf.opened[0].id
    house.shelf.hidden.add(hidden)
    card = house.ask("How many customers are there?", connection_id=hidden)
    assert isinstance(card.ending, Failed)
    assert card.ending.message.key == "errors.not_found"


def test_rows_are_out_of_sight_once_the_connection_is(house: House) -> None:
    card = house.ask("How many customers are there?")
    assert card.answered is not None
    house.shelf.hidden.add(house.shelf.opened[0].id)
    [turn] = house.answers.open(house.actor, house.conversation).turns
    assert not turn.readable
    assert turn.card.table is None
    assert (turn.card.summary, turn.card.sql, turn.card.answered) == ("", "", None)
    with pytest.raises(NotFound):
        house.answers.rows(house.actor, card.answered.answer_id)
    with pytest.raises(NotFound):
        house.answers.export(house.actor, card.answered.answer_id, "csv")


def test_answers_are_kept_as_they_were_drawn(house: House) -> None:
    card = house.ask("Orders", sql="SELECT order_date, amount FROM orders WHERE id = 1")
    opened = house.answers.open(house.actor, house.conversation)
    assert opened.conversation.title == "Orders"
    assert opened.turns[0].card == card
    assert card.answered is not None
    assert house.answers.rows(house.actor, card.answered.answer_id) == card.table
    assert house.answers.export(house.actor, card.answered.answer_id, "csv").startswith(b"\xef\xbb\xbf")
    assert ("answers.export", True) in house.audit.rows


def test_every_ending_is_kept(house: House, store: Store) -> None:
    house.ask("How many customers are there?")
    house.ask("How large is our clientele?")
    house.ask("Drop it", sql="DROP TABLE customers")
    with store.begin() as connection:
        kept = connection.scalars(sa.select(kept_answers.c.outcome).order_by(kept_answers.c.created_at)).all()
    assert sorted(kept) == ["answered", "cannot", "failed"]


def test_stop_ends_the_statement_in_the_database(house: House) -> None:
    stop, under_way = Stop(), threading.Event()
    house.shelf.opened = [SlowConnection(house.shelf.opened[0], under_way.set)]
    events: list[AnswerEvent] = []
    asking = threading.Thread(
        target=lambda: events.extend(house.answers.ask(house.actor, Question("How many customers are there?"), stop))
    )
    asking.start()
    assert under_way.wait(5)
    stop.ask()
    asking.join(5)
    assert not asking.is_alive()
    assert isinstance(events[-1], Failed)
    assert events[-1].message.key == "errors.stopped"
    assert events[-1].retry


def test_a_stop_before_the_first_step_ends_it(house: House) -> None:
    stop = Stop()
    stop.ask()
    events = list(house.answers.ask(house.actor, Question("How many customers are there?"), stop))
    assert [type(event) for event in events] == [Failed]


def test_closing_the_stream_stops_everything_after_it(house: House) -> None:
    stop = Stop()
    stream = house.answers.ask(house.actor, Question("How many customers are there?"), stop)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert stop.asked


def test_a_query_that_takes_too_long_says_so(house: House) -> None:
    inner = house.shelf.opened[0]
    assert isinstance(inner, Connection)
    house.shelf.opened = [SlowConnection(replace(inner, limits=Limits(seconds=0.3)), lambda: None)]
    card = house.ask("How many customers are there?")
    assert isinstance(card.ending, Failed)
    assert card.ending.message.key == "errors.query_timed_out"


def test_what_the_database_will_not_run_goes_to_the_model_and_is_shown(house: House) -> None:
    house.models.chat = ScriptedModel(f"```sql\n{COUNT}\n```")
    broken = _Broken(house.shelf.opened[0])
    house.shelf.opened = [broken]  # type: ignore[list-item]
    card = house.ask("How many customers are there?")
    assert isinstance(card.ending, Answered)
    assert card.rung is Rung.MODEL
    assert any(isinstance(tried, QueryTried) for tried in card.tried)


def test_a_line_that_broke_is_no_question_for_a_model(house: House) -> None:
    house.models.chat = ScriptedModel(f"```sql\n{COUNT}\n```")
    broken = _Broken(house.shelf.opened[0], QueryLost("the connection was lost"))
    house.shelf.opened = [broken]  # type: ignore[list-item]
    for rung in (None, "model"):
        broken.failed = False
        card = house.ask("How many customers are there?", rung=rung)
        assert isinstance(card.ending, Failed)
        assert card.ending.message.key == "errors.query_lost"
        assert card.ending.retry
    assert len(house.models.chat.asked) == 1, "the model's own query was not mended either"


class _Broken:
    """A connection that fails once, as a database does over a function it does not have."""

    def __init__(self, inner: object, error: QueryFailed | None = None) -> None:
        self._inner, self.failed = inner, False
        self._error = error or QueryFailed("no such function")

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def run(self, query: object, stop: Stop | None = None, row_cap: int | None = None) -> object:
        if not self.failed:
            self.failed = True
            raise self._error
        return self._inner.run(query, stop, row_cap)  # type: ignore[attr-defined]


def test_nobody_asks_nothing(house: House) -> None:
    calls: list[Callable[[], object]] = [
        lambda: house.answers.ask(None, Question("?")),
        lambda: house.answers.rerun(None, uuid4(), {}),
        lambda: house.answers.history(None),
        lambda: house.answers.open(None, uuid4()),
        lambda: house.answers.change(None, uuid4(), title="x"),
        lambda: house.answers.rate(None, uuid4(), 1),
        lambda: house.answers.rows(None, uuid4()),
        lambda: house.answers.export(None, uuid4(), "csv"),
    ]
    for call in calls:
        with pytest.raises(NotAllowed):
            call()


def test_follow_ups_can_be_answered_without_a_model(house: House) -> None:
    card = house.ask("How many orders are there?")
    assert card.answered is not None
    assert card.answered.follow_ups
    for text in card.answered.follow_ups:
        house.conversation = card.understood.conversation_id  # type: ignore[union-attr, assignment]
        assert house.ask(text).answered is not None, text


def test_history_lists_only_one_s_own(house: House, store: Store) -> None:
    house.ask("How many customers are there?")
    other = _person(store, "ben")
    assert [c.title for c in house.answers.history(house.actor)] == ["How many customers are there?"]
    assert house.answers.history(other) == []
    with pytest.raises(NotFound):
        house.answers.open(other, house.conversation)
    card = card_of("?", house.answers.ask(other, Question("How many orders?", conversation_id=house.conversation)))
    assert isinstance(card.ending, Failed)
    assert len(house.answers.open(house.actor, house.conversation).turns) == 1


def test_history_can_be_searched_renamed_marked_deleted_and_brought_back(house: House) -> None:
    house.ask("How many customers are there?")
    house.ask("100% of orders", sql="SELECT 1")
    answers, actor, mine = house.answers, house.actor, house.conversation

    def found(wanted: Filter) -> list[UUID]:
        return [c.id for c in answers.history(actor, wanted)]

    assert found(Filter(search="CUSTOMERS")) == [mine]
    assert found(Filter(search="100%")) == [mine]
    assert found(Filter(search="100_")) == []
    assert found(Filter(favourites=True)) == []
    answers.change(actor, mine, title="  Our people ", favourite=True)
    assert answers.history(actor, Filter(favourites=True))[0].title == "Our people"
    answers.change(actor, mine, deleted=True)
    assert found(Filter()) == []
    assert found(Filter(deleted=True)) == [mine]
    answers.change(actor, mine, deleted=False)
    assert found(Filter()) == [mine]
    with pytest.raises(InvalidInput):
        answers.change(actor, mine, title=" ")
    with pytest.raises(NotFound):
        answers.change(actor, uuid4(), favourite=True)


def test_a_rating_is_kept_changed_and_taken_back(house: House, store: Store) -> None:
    card = house.ask("How many customers are there?")
    assert card.answered is not None
    mine = card.answered.answer_id

    def thumb() -> int | None:
        return house.answers.open(house.actor, house.conversation).turns[0].thumb

    house.answers.rate(house.actor, mine, 1)
    assert thumb() == 1
    house.answers.rate(house.actor, mine, 0, "numbers", "not right")
    assert thumb() == 0
    house.answers.rate(house.actor, mine, None)
    assert thumb() is None
    with pytest.raises(NotFound):
        house.answers.rate(_person(store, "ben"), mine, 1)
    with pytest.raises(InvalidInput):
        house.answers.rate(house.actor, mine, 5)


def test_days_and_money_come_back_from_history_as_such(house: House) -> None:
    card = house.ask("Orders", sql="SELECT order_date FROM orders WHERE id = 1")
    assert card.answered is not None
    [[day]] = house.answers.rows(house.actor, card.answered.answer_id).rows
    assert day in (date(2025, 1, 5), "2025-01-05")
