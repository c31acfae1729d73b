"""Which names mean nearly what a word does: the bundled model itself, on words that nobody tuned the names to."""

import pytest

from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.grounding.nearness import names_of, nearest
from core.models.embeddings import Embedder
from tests.doubles_answering import DESCRIPTIONS

NAMES = ("customers", "returns", "staff", "warehouses")


@pytest.mark.parametrize(("word", "place"), [("refunds", "returns"), ("clients", "customers"), ("employees", "staff")])
def test_a_word_finds_the_name_that_means_the_same(word: str, place: str) -> None:
    assert nearest(Embedder(), word, {name: (name, "") for name in NAMES})[0] == (place, "")


@pytest.mark.parametrize("word", ["love", "weather", "meaning"])
def test_a_word_that_nothing_comes_near_finds_nothing(word: str) -> None:
    assert nearest(Embedder(), word, {name: (name, "") for name in (*NAMES, "email", "phone")}) == []


def test_chinese_words_are_compared_with_chinese_names() -> None:
    text = Column("amount", "", Kind.NUMBER, descriptions=DESCRIPTIONS["orders", "amount"])
    schema = Schema(Dialect.SQLITE, (Table("orders", (text,), descriptions=DESCRIPTIONS["orders", ""]),))
    names = names_of(schema, [("orders", ""), ("orders", "amount"), ("gone", ""), ("orders", "gone")], "zh")
    assert names == {"订单": ("orders", ""), "金额": ("orders", "amount")}
    assert nearest(Embedder(), "采购", names) == [("orders", "")]
