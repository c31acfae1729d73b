"""Literals as levers: found, labelled, moved, and nothing else changed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from core.answering.events import Lever, LeverKind, LeverValue
from core.answering.levers import levers, move, same_but_for_literals
from core.answering.sql_parts import SqlParts
from core.answering.wording import Wording
from core.connections.guard import check
from core.connections.opened import Connection
from core.connections.schema import Dialect
from core.errors import InvalidInput
from tests.doubles_answering import SHOP_VALUES, shop

SQL = (
    "SELECT c.country, SUM(o.amount) AS total FROM orders AS o JOIN customers AS c ON c.id = o.customer_id"
    " WHERE c.country = 'DE' AND o.order_date >= '2025-01-01' AND o.order_date < '2026-01-01 00:00:00'"
    " AND o.amount > -5.5 AND c.name LIKE '%nn%' GROUP BY c.country ORDER BY total DESC LIMIT 5"
)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    return shop(tmp_path_factory.mktemp("shop"))


def test_limits_amounts_days_and_values_become_levers(connection: Connection) -> None:
    wording = Wording(SqlParts(SQL, connection.dialect, connection.schema), "en")
    found = {lever.label: lever for lever in levers(wording, SHOP_VALUES)}
    assert {label: (lever.kind, lever.value) for label, lever in found.items()} == {
        "Rows at most": (LeverKind.LIMIT, 5),
        "Country": (LeverKind.TEXT, "DE"),
        "Order date from": (LeverKind.DATE, date(2025, 1, 1)),
        "Order date to": (LeverKind.DATE, date(2026, 1, 1)),
        "Amount from": (LeverKind.NUMBER, Decimal("-5.5")),
        "Customer name": (LeverKind.TEXT, "nn"),
    }
    assert found["Country"].options == ("DE", "FR")


def test_labels_are_in_the_question_s_language(connection: Connection) -> None:
    wording = Wording(SqlParts(SQL, connection.dialect, connection.schema), "zh")
    assert [lever.label for lever in levers(wording, SHOP_VALUES)][:2] == ["最多行数", "国家"]


def test_moved_literals_change_and_nothing_else_does(connection: Connection) -> None:
    wording = Wording(SqlParts(SQL, connection.dialect, connection.schema), "en")
    wanted: dict[str, LeverValue] = {
        "Rows at most": 3,
        "Country": "O'Land",
        "Order date from": date(2024, 6, 1),
        "Order date to": date(2024, 7, 1),
        "Amount from": Decimal("7.25"),
        "Customer name": "o",
    }
    changes = {lever.id: wanted[lever.label] for lever in levers(wording, SHOP_VALUES)}
    moved = move(SQL, connection.dialect, changes)
    for part in ("'O''Land'", "'2024-06-01'", "'2024-07-01 00:00:00'", "> 7.25", "'%o%'", "LIMIT 3"):
        assert part in moved
    assert "-" not in moved.split("amount")[2]
    assert same_but_for_literals(SQL, moved, connection.dialect)
    assert connection.check(moved).tables == ("orders", "customers")


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_lever_works_in_every_dialect(dialect: Dialect) -> None:
    sql = "SELECT COUNT(*) FROM orders WHERE status = 'completed' LIMIT 10"
    assert move(sql, dialect, {"0": 3}).endswith("LIMIT 3")
    assert "'x'" in move(sql, dialect, {"1": "x"})


@pytest.mark.parametrize(
    ("lever", "value"),
    [("99", 1), ("0", "five"), ("0", 0), ("0", 10**9), ("0", Decimal("1.5")), ("1", 7), ("1", date(2025, 1, 1))],
)
def test_a_value_that_does_not_fit_is_refused(lever: str, value: LeverValue) -> None:
    with pytest.raises(InvalidInput):
        move("SELECT name FROM customers WHERE country = 'DE' LIMIT 5", Dialect.SQLITE, {lever: value})


def test_formats_and_function_arguments_are_no_levers(connection: Connection) -> None:
    sql = "SELECT strftime('%Y', order_date), ROUND(amount, 2) FROM orders WHERE strftime('%Y', order_date) = '2025'"
    wording = Wording(SqlParts(sql, connection.dialect, connection.schema), "en")
    assert [lever.value for lever in levers(wording, SHOP_VALUES)] == ["2025"]


def test_another_query_is_not_the_same_but_for_literals(connection: Connection) -> None:
    other = "SELECT id FROM customers WHERE country = 'FR' LIMIT 5"
    assert not same_but_for_literals("SELECT name FROM customers WHERE country = 'DE' LIMIT 5", other, Dialect.SQLITE)
    assert check(other, connection.scope).tables == ("customers",)


def _levers(connection: Connection, sql: str) -> list[Lever]:
    return list(levers(Wording(SqlParts(sql, connection.dialect, connection.schema), "en"), SHOP_VALUES))


def _moved(connection: Connection, sql: str, changes: dict[str, LeverValue]) -> str:
    """The SQL with levers moved, named by their labels; it still passes the guard and differs in literals alone."""
    by_label = {lever.label: lever.id for lever in _levers(connection, sql)}
    moved = move(sql, connection.dialect, {by_label[label]: value for label, value in changes.items()})
    assert same_but_for_literals(sql, moved, connection.dialect)
    connection.run(connection.check(moved))
    return moved


def test_a_list_is_moved_as_a_whole(connection: Connection) -> None:
    sql = "SELECT name FROM customers WHERE country IN ('DE', 'FR', 'IT', 'ES') LIMIT 5 OFFSET 1"
    [_, listed, skipped] = _levers(connection, sql)
    assert (listed.kind, listed.value, listed.options) == (LeverKind.LIST, ("DE", "FR", "IT", "ES"), ("DE", "FR"))
    assert (skipped.label, skipped.kind, skipped.value) == ("Rows skipped", LeverKind.SKIPPED, 1)
    moved = _moved(connection, sql, {"Country": ("O'Land",), "Rows skipped": 0})
    assert "IN ('O''Land')" in moved
    assert "OFFSET 0" in moved
    numbers = "SELECT id FROM orders WHERE id NOT IN (1, -2)"
    assert [lever.value for lever in _levers(connection, numbers)] == [(1, -2)]
    assert "IN (-7, 2.5)" in _moved(connection, numbers, {"Id is not": (-7, Decimal("2.5"))})


@pytest.mark.parametrize("value", [(), ("DE", 5), 5, tuple("x" * 201), (True,)])
def test_a_list_of_another_kind_or_none_is_refused(value: LeverValue) -> None:
    with pytest.raises(InvalidInput):
        move("SELECT name FROM customers WHERE country IN ('DE', 'FR')", Dialect.SQLITE, {"0": value})


@pytest.mark.parametrize(
    ("dialect", "condition", "after"),
    [
        (Dialect.SQLITE, "order_date >= DATE('now', '-30 days')", "'-7 days'"),
        (Dialect.POSTGRES, "order_date >= CURRENT_DATE - INTERVAL '30 days'", "INTERVAL '7 DAYS'"),
        (Dialect.MYSQL, "order_date >= DATE_SUB(NOW(), INTERVAL 30 DAY)", "INTERVAL '7' DAY"),
        (Dialect.DUCKDB, "order_date >= CURRENT_DATE - INTERVAL 30 DAY", "INTERVAL '7' DAY"),
    ],
)
def test_how_long_ago_is_a_lever_in_every_dialect(
    connection: Connection, dialect: Dialect, condition: str, after: str
) -> None:
    sql = f"SELECT id FROM orders WHERE {condition}"
    schema = replace(connection.schema, dialect=dialect)
    [lever] = levers(Wording(SqlParts(sql, dialect, schema), "en"), SHOP_VALUES)
    assert (lever.label, lever.value) == ("Order date: number of days", 30)
    moved = move(sql, dialect, {lever.id: 7})
    assert after in moved
    assert same_but_for_literals(sql, moved, dialect)
    for wrong in (-1, 10**9, "7", True):
        with pytest.raises(InvalidInput):
            move(sql, dialect, {lever.id: wrong})


def test_what_stands_twice_is_one_lever(connection: Connection) -> None:
    sql = (
        "WITH paid AS (SELECT customer_id FROM orders WHERE order_date >= '2025-01-01')"
        " SELECT COUNT(*) FROM orders WHERE order_date >= '2025-01-01'"
        " AND customer_id IN (SELECT customer_id FROM paid)"
    )
    [lever] = _levers(connection, sql)
    moved = move(sql, connection.dialect, {lever.id: date(2026, 1, 1)})
    assert moved.count("'2026-01-01'") == 2
    assert "2025" not in moved


def test_calculations_and_inner_queries_have_levers_with_their_own_words(connection: Connection) -> None:
    sql = (
        "SELECT name FROM customers WHERE (SELECT COUNT(*) FROM orders WHERE customer_id = customers.id) > 2"
        " AND id IN (SELECT customer_id FROM orders WHERE amount * 2 > -10 ORDER BY amount LIMIT 3)"
    )
    assert {lever.label: lever.value for lever in _levers(connection, sql)} == {
        "Number of orders from": 2,
        "Rows at most, inside": 3,
        "Amount (calculated) from": -10,
    }
    moved = _moved(connection, sql, {"Rows at most, inside": 1, "Amount (calculated) from": 5})
    assert "LIMIT 1" in moved
    assert "> 5" in moved


def test_suggested_values_are_written_as_they_are_compared(connection: Connection) -> None:
    [lever] = _levers(connection, "SELECT name FROM customers WHERE LOWER(country) = 'de'")
    assert lever.options == ("de", "fr")


def test_the_limit_of_a_look_whether_there_is_any_is_no_lever(connection: Connection) -> None:
    sql = "SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id LIMIT 1)"
    assert _levers(connection, sql) == []
