"""Literals as levers: found, labelled, moved, and nothing else changed."""

from datetime import date
from decimal import Decimal

import pytest

from core.answering.events import LeverKind, LeverValue
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
