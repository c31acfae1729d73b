"""Texts are folded, split and masked so that what people mean as the same is the same."""

import pytest

from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.grounding.documents import documents_of
from core.grounding.folding import fold, fold_question, question_terms, search_terms
from core.grounding.names import plural, singular, words_of
from core.grounding.phrases import mask, phrases_of, proper_names, quoted
from tests.doubles_grounding import SHOP


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dim_CustomerID2", ("dim", "customer", "id", "2")),
        ("HTTPServerLog", ("http", "server", "log")),
        ("orderLine-total", ("order", "line", "total")),
        ("客户_id", ("客户", "id")),
        ("", ()),
    ],
)
def test_a_name_is_split_into_words(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("orders", "order"), ("categories", "category"), ("boxes", "box"), ("people", "person"), ("status", "status"),
        ("addresses", "address"), ("prices", "price"), ("series", "series"), ("bus", "bus"),
    ],
)  # fmt: skip
def test_plurals_are_made_singular(many: str, one: str) -> None:
    assert singular(many) == one


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("order line", "order lines"), ("category", "categories"), ("branch", "branches"), ("person", "people"),
        ("orders", "orders"), ("inventory", "inventory"), ("day", "days"), ("订单", "订单"), ("bus", "buses"),
    ],
)  # fmt: skip
def test_names_are_made_plural(one: str, many: str) -> None:
    assert plural(one) == many


def test_folding_takes_out_case_accents_and_width() -> None:
    assert fold("  ＣＡＦÉ\tNoir ") == fold("cafe noir") == "cafe noir"
    assert fold("Straße") == "strasse"
    assert fold("ガ") == "ガ"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How many orders?", "how many  orders"),
        ("订单数量是多少？", "订单 数量是多少"),
        ("Ｔｏｐ５ products", "top 5 products"),
        ("Orders over 1,000!", "orders over 1000"),
        ("What's new", "whats new"),
    ],
)
def test_questions_that_differ_in_dress_are_the_same(one: str, other: str) -> None:
    assert fold_question(one) == fold_question(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders over 1.5", "orders over 15"),
        ("rows 1 2", "rows 12"),
        ("price > 5", "price < 5"),
        ("balance below -5", "balance below 5"),
        ("C# books", "C books"),
        ("2024-01", "202401"),
    ],
)
def test_questions_that_differ_in_meaning_stay_apart(one: str, other: str) -> None:
    assert fold_question(one) != fold_question(other)


def test_chinese_is_searched_by_pairs_and_english_by_singulars() -> None:
    assert list(search_terms("客户所在城市 Orders")) == ["客户", "户所", "所在", "在城", "城市", "order"]
    assert list(search_terms("店")) == ["店"]


def test_words_that_point_at_nothing_are_not_searched() -> None:
    assert question_terms("What are the names of all singers?") == ("name", "singer")


def test_a_document_names_describes_and_samples_in_both_languages() -> None:
    column = Column("amt", "numeric", Kind.NUMBER, comment="Net amount: without tax | 净额：不含税")
    schema = Schema(Dialect.POSTGRES, (Table("orders", (column,), comment="Orders: purchases | 订单：购买"),))
    of_table, of_column = documents_of(schema, {("orders", "amt"): ["12", "13"]})
    assert (of_table.kind, of_table.column_name, of_column.kind, of_column.column_name) == (
        "table",
        "",
        "column",
        "amt",
    )
    assert {"order", "订单"} <= set(of_table.names.split())
    assert {"net", "amount", "净额", "amt"} <= set(of_column.names.split())
    assert "12" in of_column.values.split()
    for part in ("Net amount", "净额", "不含税", "12, 13", "订单"):
        assert part in of_column.text


def test_a_document_changes_with_its_text_and_with_the_model() -> None:
    first, *_ = documents_of(SHOP)
    assert first.hash("a") == first.hash("a") != first.hash("b")


def test_quoted_pieces_and_names_are_found() -> None:
    assert quoted("orders from 'New York' and “São Tomé” or 《红楼梦》") == ["São Tomé", "红楼梦", "New York"]
    assert quoted("the customer's orders aren't here") == []
    assert proper_names("What did Alice Smith order in Berlin since March 2024?") == ["Alice Smith", "Berlin"]


def test_phrases_hold_every_run_of_words_that_could_be_a_value() -> None:
    phrases = phrases_of("Orders of Alice Smith's shop in 上海徐汇店")
    assert {"Alice Smith", "Alice Smith's shop", "上海徐汇店", "上海", "徐汇"} <= set(phrases)
    assert "of" not in phrases
    assert len(phrases_of("word " * 1000)) <= 500
    dotted = phrases_of("Orders from Trazert Inc. and Banco S.A. in May")
    assert {"Trazert Inc.", "Trazert Inc", "Banco S.A.", "Banco S.A"} <= set(dotted)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How many orders in March 2024?", "How many orders in 2023-05?"),
        ("sales of the last 3 months", "sales of the last year"),
        ("customers with more than 12,000 points", "customers with more than 5 points"),
        ("orders of Alice Smith", "orders of Bob Jones"),
        ("orders from 'Berlin'", 'orders from "New York"'),
        ("2024年3月的订单数量", "去年的订单数量"),
        ("过去三个月的销售额", "本月的销售额"),
    ],
)
def test_questions_of_one_shape_are_masked_alike(one: str, other: str) -> None:
    assert mask(one) == mask(other)


def test_masking_leaves_what_is_asked() -> None:
    assert mask("who may order 12 items?") == "who may order ⟨number⟩ items?"
    assert mask("average price by brand") == "average price by brand"
