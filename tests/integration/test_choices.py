"""What a word was taken for is remembered: for a person, for a team, and only as long as they may see it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core.answering.card import Card, card_of
from core.answering.events import Choice, NeedsDetail, Sureness
from core.answering.question import Question
from core.errors import NotAllowed, NotFound
from core.portal import Portal
from core.security.permissions import Actor, Role
from core.security.policies import Policy
from core.store.tables import people
from core.store.tables_choices import choices
from tests.conftest import shared_file, someone
from tests.policies_shop import BELOW_ADMIN

SHOP = Path(__file__).parent.parent / "cases" / "choices_shop.sql"
TEXT = "How many orders from Germany?"
SHIPPED, BILLED = 3, 2


@dataclass
class Asking:
    """A shop whose orders have two countries."""

    portal: Portal
    id: UUID
    admin: Actor

    def ask(self, actor: Actor, text: str = TEXT, **more: object) -> Card:
        question = Question(text, self.id, uuid4())
        return card_of(text, self.portal.answers.ask(actor, replace(question, **more)))  # type: ignore[arg-type]

    def choice(self, actor: Actor, column: str, text: str = TEXT) -> Choice:
        ended = self.ask(actor, text).ending
        assert isinstance(ended, NeedsDetail)
        return next(choice for choice in ended.choices if choice.column == column)


def rows_of(card: Card) -> object:
    return card.table.rows[0][0] if card.table else None


@pytest.fixture
def asking(portal: Portal, tmp_path: Path) -> Asking:
    info = shared_file(portal, tmp_path / "choices.sqlite", SHOP, "Two countries")
    return Asking(portal, info.id, portal.people.first_admin())


def test_choices_are_remembered_shared_and_forgotten(asking: Asking) -> None:
    """One test for all of it, because a portal takes seconds to make."""
    ann, bob = (someone(asking.portal, Role.VIEWER, name) for name in ("Ann", "Bob"))
    editor = someone(asking.portal, Role.EDITOR, "Eve")
    for step in (one_s_own, no_one_else_s, the_team_s, only_by_who_may_change_it, taken_off, picked, hidden, erased):
        step(asking, ann, bob, editor)


def one_s_own(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    asking.portal.choices.take(ann, asking.id, asking.choice(ann, "bill_country"))
    card = asking.ask(ann)
    assert rows_of(card) == BILLED
    assert [(taken.word, taken.column, taken.by) for taken in card.explanation.taken] == [
        ("Germany", "bill_country", "person")
    ]
    assert card.answered is not None
    assert "choices.because_person" in [reason.key for reason in card.answered.evidence.reasons]
    kept = asking.portal.answers.open(ann, card.understood.conversation_id)  # type: ignore[union-attr, arg-type]
    assert kept.turns[0].card.explanation.taken == card.explanation.taken
    (lever,) = card.answered.levers
    moved = card_of(TEXT, asking.portal.answers.rerun(ann, card.answered.answer_id, {lever.id: "France"}))
    assert moved.table is not None
    assert moved.explanation.taken == card.explanation.taken, "what the word was taken for can still be taken off"


def no_one_else_s(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    assert isinstance(asking.ask(bob).ending, NeedsDetail)


def the_team_s(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    asking.portal.choices.take_for_all(asking.admin, asking.id, asking.choice(bob, "ship_country"))
    card = asking.ask(bob)
    assert rows_of(card) == SHIPPED
    assert [taken.by for taken in card.explanation.taken] == ["team"]
    assert rows_of(asking.ask(ann)) == BILLED, "one's own comes first"


def only_by_who_may_change_it(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    choice = Choice("", "", "Germany", "orders", "bill_country")
    refused: list[Callable[[], None]] = [
        lambda: asking.portal.choices.take_for_all(bob, asking.id, choice),
        lambda: asking.portal.choices.take_for_all(editor, asking.id, choice),
        lambda: asking.portal.choices.drop_for_all(editor, asking.id, "Germany"),
    ]
    for act in refused:
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(NotFound):
        asking.portal.choices.take(ann, uuid4(), choice)
    with pytest.raises(NotFound):
        asking.portal.choices.take(ann, asking.id, replace(choice, column="password"))
    assert rows_of(asking.ask(bob)) == SHIPPED


def taken_off(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    asking.portal.choices.drop(bob, asking.id, "Germany")
    assert isinstance(asking.ask(bob).ending, NeedsDetail), "asked again though the team takes it for something"
    assert rows_of(asking.ask(editor)) == SHIPPED
    asking.portal.choices.drop_for_all(asking.admin, asking.id, "germany")
    assert isinstance(asking.ask(editor).ending, NeedsDetail)
    asking.portal.choices.drop(ann, asking.id, "Germany")
    assert isinstance(asking.ask(ann).ending, NeedsDetail)


def picked(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    card = asking.ask(ann, picks=True)
    assert rows_of(card) in (SHIPPED, BILLED)
    assert [taken.by for taken in card.explanation.taken] == ["engine"]
    assert card.answered is not None
    assert card.answered.evidence.sureness is not Sureness.SURE
    assert isinstance(asking.ask(ann).ending, NeedsDetail), "nothing was remembered"


def hidden(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    asking.portal.choices.take(ann, asking.id, asking.choice(ann, "bill_country"))
    policy = Policy(asking.id, "No bills", BELOW_ADMIN, "orders", hidden_columns=frozenset({"bill_country"}))
    asking.portal.policies.keep(asking.admin, asking.id, policy)
    card = asking.ask(ann)
    assert rows_of(card) == SHIPPED, "the other meaning is the only one that is left"
    assert card.explanation.taken == ()
    with pytest.raises(NotFound):
        asking.portal.choices.take(bob, asking.id, Choice("", "", "Germany", "orders", "bill_country"))


def erased(asking: Asking, ann: Actor, bob: Actor, editor: Actor) -> None:
    with asking.portal.store.begin() as line:
        assert line.execute(sa.select(sa.func.count()).select_from(choices)).scalar_one() > 0
        line.execute(sa.delete(people).where(people.c.id == ann.id))
        mine = sa.select(sa.func.count()).select_from(choices).where(choices.c.person_id == ann.id)
        assert line.execute(mine).scalar_one() == 0
