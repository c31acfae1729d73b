"""Words of the business in the instant engine: what each kind of term means in a question, in both languages."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.answering.instant.interpret import Abstained, Interpretation, Outcome, interpret
from core.connections.guard import Scope, check
from core.connections.schema import Dialect, Schema
from core.grounding.inquiry import Inquiry, language_of
from core.grounding.terms import BusinessWords, Term, TermKind
from core.grounding.values import ListedValues
from tests.doubles_grounding import SHOP, SHOP_VALUES

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TERMS = (
    Term("revenue", TermKind.METRIC, "order_lines", sql="net_amount", aggregation="sum", zh=("营收",)),
    Term("shipping income", TermKind.METRIC, "orders", sql="shipping_fee", aggregation="sum",
         where="status = 'completed'", zh=("运费收入",)),
    Term("take rate", TermKind.METRIC, "order_lines", sql="SUM(net_amount) / NULLIF(SUM(quantity), 0)"),
    Term("live", TermKind.FILTER, "orders", sql="status = 'open' OR status IS NULL", zh=("进行中",)),
    Term("shopper", TermKind.TABLE, "customers", zh=("买家",)),
    Term("maker", TermKind.COLUMN, "products", column="brand", zh=("厂商",)),
    Term("the north country", TermKind.VALUE, "regions", column="name", value="North", zh=("北方",)),
)  # fmt: skip


def read(question: str, terms: tuple[Term, ...] = TERMS, schema: Schema = SHOP) -> Outcome:
    inquiry = Inquiry(question, language_of(question), NOW, words=BusinessWords(terms))
    return interpret(inquiry, schema, ListedValues(SHOP_VALUES))


def sql_for(question: str, schema: Schema = SHOP) -> str:
    out = read(question, schema=schema)
    assert isinstance(out, Interpretation), out
    flat = " ".join(check(out.sql, Scope(schema.dialect, schema)).sql.replace('"', "").split())
    return flat.replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("What is the revenue?", "SELECT SUM(order_lines.net_amount) AS revenue FROM order_lines"),
        ("营收是多少？", "SELECT SUM(order_lines.net_amount) AS revenue FROM order_lines"),
        ("Total revenue", "SELECT SUM(order_lines.net_amount) AS revenue FROM order_lines"),
        ("How many shoppers are there?", "SELECT COUNT(*) AS count FROM customers"),
        ("有多少买家？", "SELECT COUNT(*) AS count FROM customers"),
        ("How many live orders are there?",
         "SELECT COUNT(*) AS count FROM orders WHERE (orders.status = 'open' OR orders.status IS NULL)"),
        ("进行中的订单有多少？",
         "SELECT COUNT(*) AS count FROM orders WHERE (orders.status = 'open' OR orders.status IS NULL)"),
        ("How many orders are live?",
         "SELECT COUNT(*) AS count FROM orders WHERE (orders.status = 'open' OR orders.status IS NULL)"),
        ("How many orders are not live?",
         "SELECT COUNT(*) AS count FROM orders WHERE NOT (orders.status = 'open' OR orders.status IS NULL)"),
        ("shipping income in 2025",
         "SELECT SUM(orders.shipping_fee) AS shipping income FROM orders WHERE (orders.status = 'completed') AND "
         "(orders.ordered_on >= CAST('2025-01-01' AS DATE) AND orders.ordered_on < CAST('2026-01-01' AS DATE))"),
        ("How many products are there for each maker?",
         "SELECT products.brand, COUNT(*) AS count FROM products GROUP BY products.brand ORDER BY COUNT(*) DESC NULLS "
         "LAST"),
    ],
)  # fmt: skip
def test_a_term_means_what_it_is_bound_to(question: str, sql: str) -> None:
    assert sql_for(question) == sql


def test_a_metric_is_grouped_like_any_figure() -> None:
    sql = sql_for("revenue by region")
    assert "SUM(order_lines.net_amount) AS revenue" in sql
    assert "GROUP BY" in sql
    assert sql_for("Top 3 products by revenue").endswith("LIMIT 3")
    assert "SUM(order_lines.net_amount) / NULLIF(SUM(order_lines.quantity), 0)" in sql_for("take rate by brand")


def test_a_metric_compares_groups() -> None:
    sql = sql_for("Which products have revenue above 1000?")
    assert "HAVING SUM(order_lines.net_amount) > 1000" in sql


def test_the_condition_of_a_metric_is_not_that_of_what_is_counted_beside_it() -> None:
    sql = sql_for("shipping income and number of orders by status")
    assert "SUM(CASE WHEN orders.status = 'completed' THEN orders.shipping_fee END)" in sql
    assert "COUNT(*)" in sql
    assert "WHERE" not in sql


def test_a_condition_of_related_rows_reaches_over_keys() -> None:
    sql = sql_for("Which customers have live orders?")
    assert "EXISTS" in sql or "JOIN" in sql
    assert "orders.status = 'open' OR orders.status IS NULL" in sql
    assert "regions.name = 'North'" in sql_for("How many customers are in the north country?")


def test_the_average_of_a_figure_is_not_made_up() -> None:
    assert isinstance(read("average revenue"), Abstained)
    assert isinstance(read("share of take rate by brand"), Abstained)


def test_without_the_term_the_word_means_nothing() -> None:
    assert isinstance(read("What is the revenue?", ()), Abstained)
    assert isinstance(read("How many live orders are there?", ()), Abstained)


def test_a_term_is_meant_before_a_column_of_the_same_name() -> None:
    term = Term("status", TermKind.COLUMN, "customers", column="segment")
    out = read("How many customers are there for each status?", (term,))
    assert isinstance(out, Interpretation)
    assert "segment" in out.sql


@pytest.mark.parametrize("dialect", [Dialect.SQLITE, Dialect.MYSQL, Dialect.DUCKDB])
def test_terms_are_written_in_every_dialect(dialect: Dialect) -> None:
    schema = replace(SHOP, dialect=dialect)
    assert "SUM(" in sql_for("shipping income by status", schema)
    assert "status" in sql_for("How many live orders are there?", schema)
