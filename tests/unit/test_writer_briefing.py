"""What a model is told of a schema."""

from dataclasses import replace

import pytest

from core.answering.briefing import WHOLE_SCHEMA, Outline, quoted
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.ground import TableHit
from tests.doubles_writer import SHOP, grounded


def outline(schema: Schema = SHOP, *tables: str, language: str = "en", **more: object) -> Outline:
    return Outline(schema, grounded(*tables, **more), language)  # type: ignore[arg-type]


def big(tables: int, columns: int = 12) -> Schema:
    """Tables in a chain, each referring to the one before it."""
    return Schema(
        Dialect.POSTGRES,
        tuple(
            Table(
                f"table_{t}",
                (
                    Column("id", "bigint", Kind.INTEGER),
                    Column("before_id", "bigint", Kind.INTEGER),
                    *(Column(f"field_{t}_{c}", "character varying(200)", Kind.TEXT) for c in range(columns)),
                ),
                primary_key=("id",),
                foreign_keys=(ForeignKey(("before_id",), f"table_{t - 1}", ("id",)),) if t else (),
            )
            for t in range(tables)
        ),
    )


def test_a_table_is_told_with_types_keys_descriptions_and_samples() -> None:
    shown = outline(samples={("customers", "country"): ["UK", "CN"]}).shown()
    assert shown.is_whole
    assert shown.text.splitlines()[:5] == [
        "CREATE TABLE customers ( -- Customers: who buys here",
        "  id integer PRIMARY KEY,",
        "  name text, -- Name: what they are called",
        "  country text, -- e.g. 'UK', 'CN'",
        ")",
    ]
    assert "  customer_id integer REFERENCES customers(id)," in shown.text
    assert '  "Order Date" text,' in shown.text
    assert "  total numeric, -- Total: in euros" in shown.text


def test_descriptions_come_in_the_questions_language_where_there_are_any() -> None:
    text = outline(language="zh").shown().text
    assert "客户：在这里买东西的人" in text
    assert "Total: in euros" in text


def test_the_nearest_tables_come_first() -> None:
    text = outline(SHOP, "orders").shown().text
    assert text.index("TABLE orders") < text.index("TABLE customers")


def test_a_longer_schema_is_told_in_full_where_it_is_near_and_in_short_elsewhere() -> None:
    schema = big(60)
    shown = outline(schema, "table_30").shown()
    assert shown.is_whole
    assert len(shown.text) <= WHOLE_SCHEMA + 60
    for near in ("table_30", "table_29", "table_31"):
        assert f"CREATE TABLE {near} (" in shown.text
    assert "\ntable_5(id, before_id, field_5_0" in shown.text


def test_of_a_huge_schema_only_what_is_near_is_told() -> None:
    shown = outline(big(1000), "table_500", "table_7").shown()
    assert not shown.is_whole
    assert len(shown.text) < WHOLE_SCHEMA / 3
    assert "TABLE table_500 (" in shown.text
    assert "TABLE table_8 (" in shown.text
    assert "table_900" not in shown.text


def test_a_model_that_reads_little_is_told_less_and_never_nothing() -> None:
    whole = outline(big(60), "table_30")
    assert len(whole.shown(0.25).text) < len(whole.shown().text) / 2
    wide = outline(big(1, columns=3000), "table_0")
    assert wide.shown(0.25).text
    assert outline(big(300)).shown().text


def test_a_very_wide_table_keeps_its_keys_and_what_the_question_touches() -> None:
    schema = big(2, columns=400)
    near = replace(grounded("table_1"), tables=(TableHit("table_1", 1.0, "x", ("field_1_399",)),))
    text = Outline(schema, near, "en").in_full(schema.tables[1])
    assert "  before_id bigint REFERENCES table_0(id)," in text
    assert "  field_1_399 " in text
    assert "  -- and: " in text
    assert text.count("\n") < 70


def test_keys_of_several_columns_are_told_at_the_end() -> None:
    table = Table(
        "parcels",
        (Column("order_id", "int", Kind.INTEGER), Column("n", "int", Kind.INTEGER)),
        namespace="sales",
        primary_key=("order_id", "n"),
        foreign_keys=(ForeignKey(("order_id", "n"), "sales.parts", ("a", "b")),),
    )
    text = outline(Schema(Dialect.POSTGRES, (table,))).shown().text
    assert "CREATE TABLE sales.parcels (" in text
    assert "PRIMARY KEY (order_id, n)" in text
    assert "FOREIGN KEY (order_id, n) REFERENCES sales.parts(a, b)" in text


@pytest.mark.parametrize(
    ("name", "dialect", "shown"),
    [
        ("orders", Dialect.POSTGRES, "orders"),
        ("Orders", Dialect.POSTGRES, '"Orders"'),
        ("Orders", Dialect.SQLITE, "Orders"),
        ("order", Dialect.MYSQL, "`order`"),
        ("user", Dialect.POSTGRES, '"user"'),
        ('we"ird', Dialect.POSTGRES, '"we""ird"'),
        ("订单", Dialect.MYSQL, "`订单`"),
    ],
)
def test_names_are_quoted_where_a_query_must_quote_them(name: str, dialect: Dialect, shown: str) -> None:
    assert quoted(name, dialect) == shown


def test_the_tables_of_a_draft_are_found_even_when_it_cannot_be_parsed() -> None:
    view = outline(SHOP, "customers")
    assert [t.key for t in view.mentioned("SELECT x FROM Orders o JOIN nowhere n ON 1=1")] == ["orders"]
    assert [t.key for t in view.mentioned("SELEC FROM customers WHERE ((")] == ["customers"]
    assert [t.key for t in view.mentioned("???")][:1] == ["customers"]


def test_a_column_that_stands_elsewhere_is_pointed_at() -> None:
    view = outline(SHOP)
    assert view.elsewhere("no such column: o.country", [SHOP.by_key["orders"]]) == ["customers.country"]
    assert view.elsewhere("no such column: nonsense", [SHOP.by_key["orders"]]) == []
