"""Values are found by what people call them, and only columns of names are listed."""

import pytest

from core.connections.schema import Column, Kind, Table
from core.grounding.values import MOST_DISTINCT, ListedValues, ValueHit, indexable, worth_listing
from tests.doubles_grounding import SHOP_VALUES

SHOP = ListedValues(SHOP_VALUES)


def found(*phrases: str, fuzzy: bool = False) -> list[tuple[str, str, float]]:
    return [(hit.value, hit.words, round(hit.similarity, 2)) for hit in SHOP.matching(phrases, fuzzy)]


def test_the_very_text_is_found_and_a_folded_one_a_little_less_sure() -> None:
    assert SHOP.matching(["North"]) == [ValueHit("regions", "name", "North", "North", 1.0)]
    assert found("NORTH") == [("North", "NORTH", 0.95)]
    assert found("sao tome") == [("São Tomé", "sao tome", 0.95)]
    assert found("王小明") == [("王小明", "王小明", 1.0)]


def test_what_equals_nothing_is_not_found_unless_asked_for() -> None:
    assert found("Corporat", "", "   ") == []
    ((value, words, similarity),) = found("Corporat", fuzzy=True)
    assert (value, words) == ("Corporate", "Corporat")
    assert 0.7 < similarity < 0.9


def test_a_whole_word_of_a_value_is_near_and_a_piece_of_a_word_is_not() -> None:
    assert [value for value, _, _ in found("berlin", fuzzy=True)] == ["Berlin Lamp"]
    assert found("erlin", fuzzy=True) == []
    assert [value for value, _, _ in found("小明", fuzzy=True)] == ["王小明"]


def test_the_best_match_comes_first_and_each_value_once() -> None:
    hits = found("Oak Table", "oak table", fuzzy=True)
    assert hits[0] == ("Oak Table", "Oak Table", 1.0)
    assert len([value for value, _, _ in hits if value == "Oak Table"]) == 1


def test_a_columns_own_values_come_as_they_were_listed() -> None:
    assert SHOP.of_column("orders", "status", 2) == ["completed", "cancelled"]
    assert SHOP.of_column("orders", "nothing") == []


@pytest.mark.parametrize(
    ("name", "kind", "declared", "listed"),
    [
        ("city", Kind.TEXT, "varchar(80)", True),
        ("country_code", Kind.TEXT, "char(2)", True),
        ("order_id", Kind.TEXT, "text", False),
        ("password_hash", Kind.TEXT, "text", False),
        ("api_token", Kind.TEXT, "text", False),
        ("comment", Kind.TEXT, "text", False),
        ("photo_url", Kind.TEXT, "text", False),
        ("payload", Kind.TEXT, "longtext", False),
        ("amount", Kind.NUMBER, "numeric", False),
        ("day", Kind.DATE, "date", False),
    ],
)
def test_only_columns_of_names_are_listed(name: str, kind: Kind, declared: str, listed: bool) -> None:
    column = Column(name, declared, kind)
    assert indexable(Table("things", (column,)), column) is listed


def test_a_text_key_that_is_a_name_is_listed_and_one_that_is_a_number_is_not() -> None:
    name, number = Column("name", "text", Kind.TEXT), Column("customer_no", "text", Kind.TEXT)
    assert indexable(Table("countries", (name,), primary_key=("name",)), name)
    assert not indexable(Table("customers", (number,), primary_key=("customer_no",)), number)


def test_too_many_values_and_prose_are_left_out_and_odd_ones_dropped() -> None:
    assert worth_listing(["a", "b"]) == ["a", "b"]
    assert len(worth_listing([str(n) for n in range(MOST_DISTINCT + 1)])) == MOST_DISTINCT
    assert worth_listing(["short", "x" * 101]) == []
    assert worth_listing([*"abcdefg", "x" * 101]) == list("abcdefg")
    assert worth_listing(["one two three four five six seven eight nine ten eleven twelve thirteen"] * 3) == []
