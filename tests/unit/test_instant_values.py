"""Values in questions: said on the answer, used only when sure, and asked about where two columns hold them."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from core.answering.instant.interpret import Abstained, Interpretation, Outcome, Unclear, interpret
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.grounding.aliases import Alias
from core.grounding.inquiry import Inquiry, language_of
from core.grounding.values import ListedValues, ValueHit, alias_hit

CUSTOMERS = Schema(
    Dialect.SQLITE,
    (
        Table(
            "customers",
            (
                Column("id", "integer", Kind.INTEGER),
                Column("name", "text", Kind.TEXT),
                Column("country_code", "text", Kind.TEXT),
                Column("city", "text", Kind.TEXT),
                Column("birthplace", "text", Kind.TEXT),
            ),
            primary_key=("id",),
        ),
    ),
)
LISTED = ListedValues({("customers", "city"): ["Berlin", "Paris"], ("customers", "birthplace"): ["Berlin", "Rome"]})


class Named:
    """Lists, and one code that goes by other names."""

    def __init__(self, sure: bool) -> None:
        self._aliases = [Alias(name, "DE", sure) for name in ("germany", "德国")]

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        named = [(alias, phrase) for phrase in phrases for alias in self._aliases if alias.name == phrase.lower()]
        hits = [alias_hit("customers", "country_code", alias, phrase) for alias, phrase in named]
        return [*LISTED.matching(phrases, fuzzy), *hits]


def ask(question: str, sure: bool = True) -> Outcome:
    return interpret(Inquiry(question, language_of(question), datetime(2026, 11, 21)), CUSTOMERS, Named(sure))


@pytest.mark.parametrize(
    ("question", "word", "said"),
    [
        ("How many customers are from Germany?", "Germany", "country code of customers = 'DE' (another name for it)"),
        ("有多少客户来自德国？", "德国", "customers的country code = 'DE'（另一种叫法）"),
    ],
)
def test_a_code_is_found_by_its_name_and_the_answer_says_so(question: str, word: str, said: str) -> None:
    out = ask(question)
    assert isinstance(out, Interpretation), out
    assert "\"country_code\" = 'DE'" in out.sql
    assert (word, said) in out.explanation.words


def test_a_name_that_is_not_sure_answers_nothing() -> None:
    assert isinstance(ask("How many customers are from Germany?", sure=False), Abstained)


def test_a_value_as_it_stands_is_said_with_its_column() -> None:
    out = ask("How many customers have the birthplace Rome?")
    assert isinstance(out, Interpretation), out
    assert ("Rome", "birthplace of customers = 'Rome'") in out.explanation.words


def test_a_word_that_two_columns_hold_is_asked_about() -> None:
    out = ask("How many customers are from Berlin?")
    assert isinstance(out, Unclear), out
    assert len(out.choices) == 2


def test_the_questions_own_words_decide_between_two_columns() -> None:
    for column in ("birthplace", "city"):
        out = ask(f"How many customers have the {column} Berlin?")
        assert isinstance(out, Interpretation), out
        assert f"\"{column}\" = 'Berlin'" in out.sql
