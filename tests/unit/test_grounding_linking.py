"""The tables a question needs are among those chosen."""

import pytest

from core.connections.schema import Schema
from core.grounding.linking import MOST_TABLES, Clues, Lexicons, SchemaLexicon, is_small, link
from core.grounding.values import ValueHit
from core.grounding.vectors import DocumentHit
from tests.counting import calls
from tests.doubles_grounding import SHOP, table, wide

BIG = wide(60)


def chosen(lexicon: SchemaLexicon, clues: Clues) -> list[str]:
    return [hit.table for hit in link(lexicon, clues).tables]


def test_a_small_schema_is_given_whole_in_order_of_relevance() -> None:
    linked = link(SchemaLexicon(SHOP), Clues("total quantity of each product"))
    assert is_small(SchemaLexicon(SHOP))
    assert {hit.table for hit in linked.tables} == {table.key for table in SHOP.tables}
    assert {hit.table for hit in linked.tables[:2]} == {"products", "order_lines"}
    assert linked.tables[0].score == 1
    assert all(0 <= hit.score <= 1 for hit in linked.tables)
    assert len(linked.joins) == 4


def test_chinese_labels_are_understood() -> None:
    assert chosen(SchemaLexicon(SHOP), Clues("每个区域有多少订单"))[:2] in (
        ["regions", "orders"],
        ["orders", "regions"],
    )


def test_a_hit_says_why_and_which_columns() -> None:
    first = link(SchemaLexicon(SHOP), Clues("shipping fee of orders")).tables[0]
    assert first.table == "orders"
    assert {"order", "fee", "shipping"} <= set(first.why.split(", "))
    assert "shipping_fee" in first.columns


def test_a_value_brings_its_table() -> None:
    lexicon = SchemaLexicon(BIG)
    value = ValueHit("visit_batch_42", "visit_field_0", "Berlin", "Berlin", 1.0)
    assert chosen(lexicon, Clues("how much in Berlin", values=[value]))[0] == "visit_batch_42"


def test_a_near_document_brings_its_table_and_a_vanished_one_does_no_harm() -> None:
    near = [DocumentHit("column", "meal_batch_9", "meal_field_0", 0.9), DocumentHit("table", "gone", "", 1.0)]
    tables = chosen(SchemaLexicon(BIG), Clues("what did we eat", near))
    assert tables[0] == "meal_batch_9"
    assert "gone" not in tables


def test_of_a_big_schema_about_twelve_tables_are_chosen_with_bridges_and_neighbours() -> None:
    near = [DocumentHit("table", "shipment_batch_20", "", 1.0), DocumentHit("table", "visit_batch_22", "", 0.9)]
    linked = link(SchemaLexicon(BIG), Clues("zzz", near))
    tables = [hit.table for hit in linked.tables]
    assert len(tables) <= MOST_TABLES + 6
    assert tables[:2] == ["shipment_batch_20", "visit_batch_22"]
    assert "invoice_batch_21" in tables
    assert {"meal_batch_19", "ticket_batch_23"} <= set(tables)
    bridge = next(hit for hit in linked.tables if hit.table == "invoice_batch_21")
    assert bridge.why.startswith("joins ")
    assert all(join.left in tables and join.right in tables for join in linked.joins)


def test_where_words_say_nothing_the_tables_that_others_refer_to_are_given() -> None:
    shopping = Schema(SHOP.dialect, (*SHOP.tables, *(table(f"lone_{n}", "id") for n in range(20))))
    tables = chosen(SchemaLexicon(shopping), Clues("qwertz"))
    assert set(tables) == {table.key for table in SHOP.tables}
    assert all(hit.score == 0 for hit in link(SchemaLexicon(shopping), Clues("qwertz")).tables)
    assert len(chosen(SchemaLexicon(SHOP), Clues(""))) == 5


def test_a_lexicon_is_made_once_for_a_schema_and_anew_for_another() -> None:
    kept = Lexicons()
    assert kept.of(SHOP) is kept.of(SHOP)
    assert kept.of(wide(2)) is not kept.of(wide(2))


@pytest.mark.parametrize("question", ["shipment field 3 of batch 77", "过去三个月 invoice batch 500 的数量"])
def test_more_tables_are_hardly_more_work(question: str) -> None:
    def work(tables: int) -> int:
        lexicon = SchemaLexicon(wide(tables))
        link(lexicon, Clues(question))
        return calls(lambda: link(lexicon, Clues(question)))

    assert 0 < work(4_000) < 2 * work(1_000)
