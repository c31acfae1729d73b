"""What is asked and run stands in the trail: nothing is kept or run that could not be noted."""

import hashlib
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from core.answering.card import Card
from core.answering.events import Failed
from core.answering.history import History, Kept
from core.answering.question import Question
from core.connections.addresses import NewConnection
from core.connections.guard import CheckedQuery
from core.connections.statements import Unnoted
from core.errors import NotFound, QueryRefused, StoreUnreachable
from core.i18n import Phrase
from core.portal import Portal
from core.security.audit import AuditRow
from core.security.permissions import SYSTEM, Actor, Role
from core.store import tables
from core.store.sessions import Store
from tests.conftest import someone
from tests.doubles_answering import shop


@pytest.fixture
def asker(portal: Portal) -> Actor:
    return someone(portal, Role.ANALYST, "Ann")


@pytest.fixture
def place(portal: Portal, tmp_path: Path) -> Question:
    """A question of a small shop that anybody may ask."""
    shop(tmp_path)
    [file] = [path for path in tmp_path.iterdir() if path.is_file() and path.stat().st_size]
    owner = portal.people.first_admin()
    info = portal.connections.add(owner, NewConnection("Shop", "sqlite", file=str(file)))
    portal.connections.share(owner, info.id, everyone=True)
    portal.knowledge.build(info.id)
    return Question("How many customers are there?", info.id)


def newest(portal: Portal) -> list[AuditRow]:
    return portal.audit.list(SYSTEM, limit=10)


def kept_by(question: str) -> Kept:
    return Kept(uuid4(), uuid4(), None, Card(question, ending=Failed(Phrase("errors.stopped"), retry=True)), 0.1)


def test_a_question_leaves_its_statement_and_itself(portal: Portal, asker: Actor, place: Question) -> None:
    events = list(portal.answers.ask(asker, place))
    asked, ran = newest(portal)[:2]
    assert (asked.action, asked.actor, asked.resource) == ("answers.ask", "Ann", str(place.connection_id))
    assert asked.detail["question"] == place.text
    assert (ran.action, ran.actor, ran.resource) == ("audit.statement", "Ann", str(place.connection_id))
    assert ran.detail["hash"] == asked.detail["hash"] == hashlib.sha256(ran.detail["sql"].encode()).hexdigest()
    assert "customers" in ran.detail["sql"]
    assert events
    assert portal.audit.verify(SYSTEM).ok


def test_a_refused_statement_is_noted_with_its_reason(portal: Portal, asker: Actor, place: Question) -> None:
    assert place.connection_id is not None
    connection = portal.connections.open(asker, place.connection_id)
    with pytest.raises(QueryRefused):
        connection.check("DELETE FROM customers")
    row = newest(portal)[0]
    assert (row.action, row.allowed, row.detail["sql"]) == ("audit.statement", False, "DELETE FROM customers")
    assert row.detail["why"]


def test_a_statement_that_cannot_be_noted_is_not_run(tmp_path: Path) -> None:
    class Broken(Unnoted):
        def runs(self, query: CheckedQuery) -> None:
            raise StoreUnreachable

    connection = replace(shop(tmp_path), statements=Broken(), visit=lambda _: pytest.fail("opened"))
    with pytest.raises(StoreUnreachable):
        connection.run(connection.check("SELECT 1"))


def test_an_answer_is_kept_with_its_row_of_the_trail_or_not_at_all(portal: Portal, asker: Actor, store: Store) -> None:
    history = History(store)

    def fails(_: sa.Connection) -> None:
        raise StoreUnreachable

    with pytest.raises(StoreUnreachable):
        history.keep(asker, kept_by("one?"), fails)
    with store.begin() as connection:
        assert connection.execute(sa.select(tables.answers)).first() is None
        assert connection.execute(sa.select(tables.conversations)).first() is None
    before = newest(portal)[0].id
    history.keep(asker, kept_by("two?"), lambda line: portal.audit.note_within(line, asker, "answers.ask"))
    assert newest(portal)[0].id == before + 1


def test_a_turn_that_would_go_into_anothers_conversation_leaves_no_row_of_an_answer(
    portal: Portal, asker: Actor, store: Store
) -> None:
    history, first = History(store), kept_by("mine?")
    history.keep(asker, first, lambda line: portal.audit.note_within(line, asker, "answers.ask"))
    other = someone(portal, Role.VIEWER, "Ben")
    before = newest(portal)[0].id
    with pytest.raises(NotFound):
        history.keep(
            other,
            replace(kept_by("theirs?"), conversation_id=first.conversation_id),
            lambda line: portal.audit.note_within(line, other, "answers.ask"),
        )
    assert newest(portal)[0].id == before
