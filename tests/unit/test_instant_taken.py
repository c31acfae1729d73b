"""A word that could be several things: choices, what was chosen before, and what is picked where nothing was."""

from dataclasses import replace
from datetime import datetime

import pytest

from core.answering.events import Choice
from core.answering.instant.clarify import chosen
from core.answering.instant.interpret import Interpretation, Outcome, Unclear, interpret
from core.answering.instant.taken import key_of
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.grounding.inquiry import Chosen, Earlier, Inquiry, language_of
from tests.doubles_values import ListedValues

NOW = datetime(2026, 11, 21, 12)
TEXTS = ("ship_country", "bill_country")
ORDERS = Table(
    "orders",
    (
        Column("id", "", Kind.INTEGER),
        *(Column(name, "", Kind.TEXT) for name in TEXTS),
        Column("amount", "", Kind.NUMBER),
    ),
    primary_key=("id",),
)
SCHEMA = Schema(Dialect.SQLITE, (ORDERS,))
VALUES = ListedValues({("orders", name): ["Germany", "France"] for name in TEXTS})
QUESTIONS = ("How many orders from Germany?", "orders in Germany", "德国的订单有多少？")


def ask(text: str, *taken: Chosen, picks: bool = False) -> Outcome:
    return interpret(Inquiry(text, language_of(text), NOW, chosen=taken, picks=picks), SCHEMA, VALUES)


def offered(text: str) -> tuple[Choice, ...]:
    out = ask(text)
    assert isinstance(out, Unclear), out
    return out.choices


@pytest.mark.parametrize("text", QUESTIONS)
def test_each_choice_says_which_column_a_word_stands_for(text: str) -> None:
    found = offered(text)
    assert {choice.column for choice in found} == set(TEXTS)
    assert {choice.word for choice in found} == {"德国" if language_of(text) == "zh" else "Germany"}


@pytest.mark.parametrize("text", QUESTIONS)
def test_what_was_chosen_is_used_and_told(text: str) -> None:
    for choice in offered(text):
        out = ask(text, chosen(choice))
        assert isinstance(out, Interpretation)
        assert f'"{choice.column}" =' in out.sql
        [taken] = out.explanation.taken
        assert (taken.word, taken.column, taken.by) == (choice.word, choice.column, "person")
        assert taken.meaning


def test_a_choice_holds_for_the_word_in_another_question() -> None:
    taken = chosen(offered("How many orders from Germany?")[1])
    out = ask("average amount of orders from germany", taken)
    assert isinstance(out, Interpretation)
    assert '"bill_country"' in out.sql
    assert isinstance(ask("average amount of orders from France", taken), Unclear)


def test_a_choice_for_what_is_no_longer_there_decides_nothing() -> None:
    gone = Chosen("germany", "orders", "old_country")
    assert isinstance(ask("How many orders from Germany?", gone), Unclear)


def test_a_choice_does_not_touch_a_question_that_is_clear() -> None:
    taken = Chosen("germany", "orders", "bill_country")
    out = ask("How many orders with ship country Germany?", taken)
    assert isinstance(out, Interpretation)
    assert '"bill_country"' not in out.sql
    assert out.explanation.taken == ()


def test_one_of_the_readings_is_picked_on_wish_and_told() -> None:
    out = ask("How many orders from Germany?", picks=True)
    assert isinstance(out, Interpretation)
    [taken] = out.explanation.taken
    assert taken.by == "engine"
    assert f'"{taken.column}" =' in out.sql
    decided = ask("How many orders from Germany?", Chosen("germany", "orders", "bill_country"), picks=True)
    assert isinstance(decided, Interpretation)
    assert [one.by for one in decided.explanation.taken] == ["person"]


def test_a_follow_up_reads_the_question_before_as_it_was_chosen() -> None:
    taken = Chosen("germany", "orders", "bill_country")
    before = ask("How many orders from Germany?", taken)
    assert isinstance(before, Interpretation)
    follows = (Earlier("How many orders from Germany?", before.sql),)
    inquiry = Inquiry("and with an amount above 15?", "en", NOW, follows, chosen=(taken,))
    out = interpret(inquiry, SCHEMA, VALUES)
    assert isinstance(out, Interpretation)
    assert '"bill_country" =' in out.sql
    assert '"amount" > 15' in out.sql
    forgotten = interpret(replace(inquiry, chosen=()), SCHEMA, VALUES)
    assert not isinstance(forgotten, Interpretation) or '"bill_country" =' in forgotten.sql


def test_case_accents_and_plurals_do_not_make_another_word() -> None:
    assert key_of("Größen") != key_of("Totals")
    assert key_of("Order  TOTALS") == key_of("order total")
