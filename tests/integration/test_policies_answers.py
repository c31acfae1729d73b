"""What an answer says to a person whom policies bind, and what becomes of it when their rights change."""

from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from core.answering.card import Card
from core.answering.events import Failed
from core.answering.history import Filter
from core.answering.question import Question
from core.connections.session import Target
from core.errors import InvalidInput
from core.evaluation.examine import Examiner
from core.evaluation.questions import Dialogue, Exercise
from core.evaluation.scratch import Loaded
from core.evaluation.yardstick import Place, Yardstick
from core.i18n import Words
from core.portal import Portal
from core.security.policies import Mask, MaskKind, Policy
from tests.policies_shop import BELOW_ADMIN, Shop, in_sqlite, known, leaks

EN = Words("en")


@pytest.fixture
def shop(portal: Portal, tmp_path: Path) -> Shop:
    made = in_sqlite(portal, tmp_path)
    made.policies()
    return made


def limits(card: Card) -> list[str]:
    return [EN.show(phrase) for phrase in card.explanation.limits]


def test_an_answer_speaks_of_the_rows_one_may_see(shop: Shop) -> None:
    """One test for all that is said, because a portal with a shop takes seconds to make."""
    card = shop.ask(shop.analyst, sql="SELECT count(*) FROM orders")
    assert card.summary == "There are **4** orders (of the rows you may see)."
    assert limits(card) == ["Rows of orders that are outside your rights were left out."]
    assert card.explanation.limited
    what_everybody_may_see_needs_no_words(shop)
    a_zero_that_a_rule_may_have_made_is_no_zero(shop)
    an_empty_answer_says_why_among_the_rows_one_may_see(shop)
    a_masked_column_is_named_as_masked(shop)
    a_chinese_question_is_told_the_same(shop)


def what_everybody_may_see_needs_no_words(shop: Shop) -> None:
    for card in (
        shop.ask(shop.admin, sql="SELECT count(*) FROM orders"),
        shop.ask(shop.analyst, sql="SELECT count(*) FROM products"),
    ):
        assert limits(card) == []
        assert "may see" not in card.summary
    assert shop.ask(shop.admin, sql="SELECT count(*) FROM orders WHERE status = 'x'").table.rows == ((0,),)  # type: ignore[union-attr]


def a_zero_that_a_rule_may_have_made_is_no_zero(shop: Shop) -> None:
    for sql in (
        "SELECT count(*) FROM orders WHERE region <> 'West'",
        "SELECT coalesce(sum(amount), 0) FROM orders WHERE region <> 'West'",
        "SELECT sum(CASE WHEN status = 'lost' THEN 1 ELSE 0 END) FROM orders",
        "SELECT total(amount) FROM orders WHERE status = 'lost'",
        "SELECT (SELECT count(*) FROM orders WHERE status = 'lost')",
        "SELECT EXISTS (SELECT 1 FROM orders WHERE status = 'lost')",
        "SELECT * FROM (SELECT count(*) AS n FROM orders WHERE status = 'lost') AS o",
    ):
        card = shop.ask(shop.analyst, sql=sql)
        assert card.table is not None, sql
        assert card.table.rows == ((None,),), sql
        assert card.summary.startswith("None among the rows you may see"), sql
    grouped = shop.ask(
        shop.analyst,
        sql="SELECT p.name, count(o.id) AS n FROM products p LEFT JOIN orders o ON o.id = p.id + 1 AND o.amount > 25 "
        "GROUP BY p.name ORDER BY n",
    )
    assert grouped.table is not None
    assert sorted(grouped.table.rows, key=str) == [("Desk", None), ("Oak table", None), ("Pine lamp", 1)]
    assert "**0**" not in grouped.summary
    kept = shop.ask(shop.analyst, sql="SELECT id, amount - amount AS rest FROM orders WHERE id = 1")
    assert kept.table is not None
    assert kept.table.rows == ((1, 0),)


def an_empty_answer_says_why_among_the_rows_one_may_see(shop: Shop) -> None:
    card = shop.ask(shop.analyst, sql="SELECT id FROM orders WHERE status = 'lost' AND ordered_on >= '2019-01-01'")
    assert card.table is not None
    assert card.answered is not None
    assert card.table.rows == ()
    assert card.summary.startswith("None among the rows you may see")
    told = [EN.show(finding) for finding in card.answered.findings]
    assert any("4" in finding for finding in told)
    assert leaks(card) == []
    early = shop.ask(shop.analyst, sql="SELECT id FROM orders WHERE ordered_on < '2020-01-01'")
    assert early.answered is not None
    values = [finding.values for finding in early.answered.findings]
    assert {"first": date(2026, 1, 10), "last": date(2026, 5, 1)}.items() <= values[0].items()
    shop.portal.groups.describe(shop.admin, "region", ["Nowhere"], person_id=shop.analyst.id)
    nowhere = known(shop.portal, shop.analyst)
    nothing = shop.ask(nowhere, sql="SELECT id FROM orders")
    assert nothing.answered is not None
    assert [EN.show(f) for f in nothing.answered.findings] == ["There is nothing in orders among the rows you may see."]
    shop.portal.groups.describe(shop.admin, "region", ["West"], person_id=shop.analyst.id)


def a_masked_column_is_named_as_masked(shop: Shop) -> None:
    card = shop.ask(shop.analyst, sql="SELECT name, email FROM customers ORDER BY name")
    assert card.table is not None
    assert card.table.rows == (("Anna", "***mple"), ("Bruno", "***mple"))
    assert "Customers.email: values are masked for you." in limits(card)


def a_chinese_question_is_told_the_same(shop: Shop) -> None:
    card = shop.ask(shop.analyst, "有多少订单？")
    assert "仅限您可见的行" in card.summary
    assert "4" in card.summary


def test_an_old_answer_is_shown_only_under_the_rights_it_was_made_under(shop: Shop) -> None:
    portal, analyst, conversation = shop.portal, shop.analyst, uuid4()
    before = shop.ask(analyst, "orders by status", conversation)
    broken = shop.ask(analyst, "by hand", conversation, sql="SELECT email FROM customers")
    assert before.answered is not None
    assert broken.answered is not None
    for card in (before, broken):
        assert portal.answers.rows(analyst, card.answered.answer_id).rows  # type: ignore[union-attr]
    hides = Policy(shop.id, "mails", BELOW_ADMIN, "customers", hidden_columns=frozenset({"email"}))
    portal.policies.keep(shop.admin, shop.id, hides)
    turns = portal.answers.open(analyst, conversation).turns
    assert [(turn.readable, turn.renewable, turn.card.sql, turn.card.table) for turn in turns] == [
        (False, True, "", None)
    ] * 2
    assert isinstance(turns[0].card.ending, Failed)
    assert EN.show(turns[0].card.ending.message).startswith("What you may see here has changed")
    with pytest.raises(InvalidInput):
        portal.answers.export(analyst, before.answered.answer_id, "csv")
    with pytest.raises(InvalidInput):
        portal.answers.rows(analyst, before.answered.answer_id)
    assert portal.answers.history(analyst, Filter(search="completed")) == []
    what_is_run_again_stands_in_its_place(shop, before, broken)


def what_is_run_again_stands_in_its_place(shop: Shop, before: Card, broken: Card) -> None:
    portal, analyst = shop.portal, shop.analyst
    assert before.answered is not None
    assert broken.answered is not None
    for card in (before, broken):
        question = Question(card.question, of=card.answered.answer_id)  # type: ignore[union-attr]
        list(portal.answers.ask(analyst, question))
    conversation = before.understood.conversation_id if before.understood else None
    assert conversation is not None
    first, second = portal.answers.open(analyst, conversation).turns
    assert first.readable
    assert first.card.table == before.table or first.card.summary == before.summary
    assert "What you may see has changed" in " ".join(limits(first.card))
    # The other cannot be run any more; that it read a column which is hidden now is said nowhere.
    assert isinstance(second.card.ending, Failed)
    assert EN.show(second.card.ending.message).endswith("This answer needs something that you may no longer see.")
    assert "email" not in str(second.card)
    portal.policies.remove(shop.admin, shop.id, next(p.id for p in _policies(shop) if p.name == "mails" and p.id))
    assert not portal.answers.open(analyst, conversation).turns[0].readable


def _policies(shop: Shop) -> list[Policy]:
    return shop.portal.policies.list(shop.admin, shop.id)


def test_a_change_of_a_mask_or_of_an_attribute_makes_old_answers_old(shop: Shop) -> None:
    portal, analyst, conversation = shop.portal, shop.analyst, uuid4()
    shop.ask(analyst, "orders by status", conversation)
    assert portal.answers.open(analyst, conversation).turns[0].readable
    portal.groups.describe(shop.admin, "region", ["Canaria"], person_id=analyst.id)
    moved = known(portal, analyst)
    assert not portal.answers.open(moved, conversation).turns[0].readable
    portal.groups.describe(shop.admin, "region", ["West"], person_id=analyst.id)
    assert portal.answers.open(known(portal, analyst), conversation).turns[0].readable
    stricter = Policy(shop.id, "phones", BELOW_ADMIN, "customers", masks={"phone": Mask(MaskKind.NULL)})
    portal.policies.keep(shop.admin, shop.id, stricter)
    assert not portal.answers.open(analyst, conversation).turns[0].readable
    assert portal.answers.ask(analyst, Question("and by region?", shop.id, conversation)) is not None


def test_an_evaluation_sees_what_the_person_sees_who_runs_it(shop: Shop, tmp_path: Path) -> None:
    """Rows that a policy keeps from them are neither counted nor found; what is hidden cannot be answered."""
    places = {("shop", "sqlite"): Place(shop.id, Loaded("sqlite", Target(file=str(tmp_path / "shop.sqlite"))))}
    asked = ("How many orders are there?", "What is the average canary pay of canary salaries?")
    exercises = tuple(Exercise(str(n), text, "en", ("SELECT 1",)) for n, text in enumerate(asked))
    outcomes = {}
    for person in (shop.admin, shop.analyst):
        examiner = Examiner(shop.portal.answers, person, places, Yardstick().judge, "instant")
        each = [examiner.examine(Dialogue("shop", "sqlite", (one,)))[0].result for one in exercises]
        outcomes[person.name] = [result.outcome for result in each]
    assert outcomes[shop.admin.name] == ["answered", "answered"]
    assert outcomes[shop.analyst.name] == ["answered", "abstained"]
    (mine,) = shop.portal.answers.history(shop.analyst, Filter(search="How many orders"))
    (turn,) = shop.portal.answers.open(shop.analyst, mine.id).turns
    assert turn.card.table is not None
    assert turn.card.table.rows == ((4,),)
