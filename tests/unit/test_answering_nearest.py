"""A word that the data does not have: what is closest, and the question with that in its place."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from core.answering.follow_up import resolve
from core.answering.instant.interpret import Abstained
from core.answering.ladder import read
from core.answering.nearest import Looking, Near, replaced
from core.connections.opened import Connection
from core.grounding.values import ListedValues
from tests.doubles_answering import shop

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
VALUES = ListedValues({("customers", "country"): ["Germany", "France"], ("customers", "name"): ["Anna", "Bruno"]})
BY_MEANING = {
    "purchases": (("orders", ""), ("orders", "order_date")),
    "采购": (("orders", ""),),
    "notes": (("orders", "secret_notes"), ("secrets", "")),
}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    return shop(tmp_path_factory.mktemp("shop"))


def near(
    connection: Connection, word: str, question: str, masked: frozenset[tuple[str, str]] = frozenset()
) -> tuple[Near, ...]:
    def answerable(text: str) -> bool:
        return not isinstance(read(connection.schema, resolve(text, NOW, ()), VALUES), Abstained)

    def meaning(asked: str) -> Sequence[tuple[str, str]]:
        return BY_MEANING.get(asked, ())

    return Looking(connection.schema, masked, VALUES, meaning, answerable).near(word, question)


def test_a_word_that_means_nearly_the_same_is_offered_in_its_number(connection: Connection) -> None:
    found = near(connection, "purchases", "How many purchases are there?")
    assert found[0] == Near("orders", "How many orders are there?")


def test_a_slip_of_the_pen_finds_the_name(connection: Connection) -> None:
    found = near(connection, "custommers", "How many custommers are there?")
    assert found[0] == Near("customers", "How many customers are there?")


def test_a_value_that_is_written_almost_so_is_offered(connection: Connection) -> None:
    found = near(connection, "Germny", "How many customers are in Germny?")
    assert [one.question for one in found] == ["How many customers are in Germany?"]


def test_only_what_makes_a_question_with_an_answer_is_offered(connection: Connection) -> None:
    assert near(connection, "purchases", "Why do purchases sing?") == ()
    assert near(connection, "unicorns", "How many unicorns are there?") == ()


def test_a_masked_or_hidden_column_is_never_named(connection: Connection) -> None:
    asked = ("Germny", "How many customers are in Germny?")
    assert near(connection, *asked, masked=frozenset({("customers", "country")})) == ()
    assert [one.name for one in near(connection, "ammount", "What is the total ammount?")] == ["amount"]
    assert near(connection, "ammount", "What is the total ammount?", frozenset({("orders", "amount")})) == ()
    assert near(connection, "notes", "How many notes are there?") == ()


def test_it_speaks_chinese(connection: Connection) -> None:
    assert near(connection, "采购", "有多少采购？")[0] == Near("订单", "有多少订单？")


def test_only_the_whole_word_is_replaced() -> None:
    assert replaced("reorders and Order", "order", "sale") == "reorders and sale"
    assert replaced("no such word", "order", "sale") == "no such word"
    assert replaced("a\\1 order", "order", "\\1") == "a\\1 \\1"
