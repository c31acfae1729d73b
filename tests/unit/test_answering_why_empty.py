"""An empty answer says why, and offers queries that do find something."""

from collections.abc import Sequence

import pytest

from core.answering.sql_parts import SqlParts
from core.answering.why_empty import Emptiness, is_empty, why_empty
from core.answering.wording import Wording
from core.connections.opened import Connection
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind
from core.errors import QueryCancelled, Stopped
from core.i18n import Words
from core.stop import Stop
from tests.doubles_answering import SHOP_VALUES, KnownValues, shop


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    return shop(tmp_path_factory.mktemp("shop"))


def _why(connection: Connection, sql: str, values: KnownValues = SHOP_VALUES, language: str = "en") -> Emptiness:
    wording = Wording(SqlParts(sql, connection.dialect, connection.schema), language)
    return why_empty(wording, connection, values, Stop())


def _said(found: Emptiness, language: str = "en") -> list[str]:
    return [Words(language).show(finding) for finding in found.findings]


def test_the_filter_that_is_to_blame_is_named_and_can_be_left_out(connection: Connection) -> None:
    sql = "SELECT name FROM customers WHERE country = 'DE' AND name = 'Zoe'"
    found = _why(connection, sql)
    assert "Without “customer name is “Zoe”” there would be one row." in _said(found)
    [fix] = [fix for fix in found.fixes if "Zoe" in fix.label]
    assert connection.run(connection.check(fix.sql)).rows == (("Anna",),)


def test_a_value_that_is_spelt_otherwise_is_offered(connection: Connection) -> None:
    found = _why(connection, "SELECT id FROM orders WHERE status = 'Completd'")
    assert _said(found)[0] == "You asked for “Completd”; status holds “completed”."
    assert found.fixes[0].label == "Use “completed” (6 rows)"
    assert len(connection.run(connection.check(found.fixes[0].sql)).rows) == 6


def test_several_misspelt_values_are_put_right_together(connection: Connection) -> None:
    sql = (
        "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id"
        " WHERE o.status = 'canceled' AND c.name = 'Annna'"
    )
    found = _why(connection, sql)
    assert found.fixes[0].label == "Use “cancelled” and “Anna” (one row)"
    assert connection.run(connection.check(found.fixes[0].sql)).rows == ((3,),)


def test_a_value_of_another_column_is_pointed_out(connection: Connection) -> None:
    found = _why(connection, "SELECT id FROM customers WHERE country = 'Anna'")
    assert "“Anna” is not a value of country; it is found in customer name." in _said(found)


def test_a_period_outside_of_the_data_tells_the_range(connection: Connection) -> None:
    sql = "SELECT id FROM orders WHERE order_date >= '2030-01-01' AND order_date < '2031-01-01'"
    found = _why(connection, sql)
    assert _said(found)[0] == "Order date runs from 5 Jan 2025 to 2 Nov 2026."
    assert _said(found)[1] == "Without “order date in 2030” there would be 8 rows."
    assert found.fixes[0].label == "Use “order date in 2026” (4 rows)"
    assert len(connection.run(connection.check(found.fixes[0].sql)).rows) == 4
    assert "2030" not in found.fixes[1].sql


def test_filters_that_exclude_each_other_are_named_together(connection: Connection) -> None:
    sql = "SELECT id FROM orders WHERE status = 'cancelled' AND amount = 40 AND customer_id = 3"
    found = _why(connection, sql)
    assert _said(found) == ["No single filter is to blame; together they leave nothing of 8 rows."]
    assert len(connection.run(connection.check(found.fixes[0].sql)).rows) == 8


def test_a_count_of_zero_and_a_sum_of_nothing_are_empty_too(connection: Connection) -> None:
    columns = (ResultColumn("n", Kind.INTEGER),)
    assert is_empty(ResultTable(columns, ((0,),), False, 0.0))
    assert is_empty(ResultTable(columns, ((None,),), False, 0.0))
    assert is_empty(ResultTable(columns, (), False, 0.0))
    assert not is_empty(ResultTable(columns, ((1,),), False, 0.0))
    found = _why(connection, "SELECT COUNT(*) FROM orders WHERE status = 'lost'")
    assert _said(found) == ["Without “status is “lost”” there would be 8 rows."]
    assert connection.run(connection.check(found.fixes[0].sql)).rows == ((8,),)


def test_groups_with_a_condition_are_counted_as_groups(connection: Connection) -> None:
    sql = (
        "SELECT c.country, COUNT(*) FROM orders o JOIN customers c ON c.id = o.customer_id"
        " GROUP BY c.country HAVING COUNT(*) > 100 ORDER BY 2 DESC LIMIT 3"
    )
    found = _why(connection, sql)
    assert _said(found) == ["Without “number of orders above 100” there would be 5 rows."] or found.fixes
    assert "HAVING" not in found.fixes[0].sql


def test_nothing_filtered_and_nothing_there_is_said(connection: Connection) -> None:
    sql = "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id + 100"
    found = _why(connection, sql)
    assert _said(found) == [
        "No rows of orders and customers belong together.",
        "8 rows are there that have no matching customers.",
    ]
    assert [fix.label for fix in found.fixes] == ["Keep rows without customers (8 rows)"]


def test_what_cannot_be_said_is_not_blamed_on_the_tables(connection: Connection) -> None:
    assert _why(connection, "SELECT id FROM orders WHERE 1 = 0") == Emptiness()


def test_it_speaks_chinese(connection: Connection) -> None:
    found = _why(connection, "SELECT id FROM orders WHERE status = 'lost'", language="zh")
    assert _said(found, "zh") == ["去掉“状态为“lost””后有 8 行。"]
    assert found.fixes[0].label == "去掉“状态为“lost””（8 行）"


@pytest.mark.parametrize(
    ("condition", "label"),
    [
        ("order_date BETWEEN '2030-02-01' AND '2030-02-28'", "Use “order date in Nov 2026” (one row)"),
        ("order_date >= '2019-01-01' AND order_date < '2019-04-01'", "Use “order date in Q1 2025” (3 rows)"),
        ("strftime('%Y', order_date) = '1999'", "Use “order date in 2025” (4 rows)"),
        ("order_date >= '2031-01-03' AND order_date < '2031-01-13'",
         "Use “order date from 24 Oct 2026 to 2 Nov 2026” (one row)"),
    ],
)  # fmt: skip
def test_the_nearest_period_of_its_kind_is_offered(connection: Connection, condition: str, label: str) -> None:
    found = _why(connection, f"SELECT id FROM orders WHERE {condition}")
    assert _said(found)[0] == "Order date runs from 5 Jan 2025 to 2 Nov 2026."
    assert found.fixes[0].label == label
    assert connection.run(connection.check(found.fixes[0].sql)).rows


def test_a_day_inside_of_the_data_is_not_said_to_be_outside(connection: Connection) -> None:
    found = _why(connection, "SELECT id FROM orders WHERE order_date >= '2025-06-01' AND order_date < '2025-07-01'")
    assert not [said for said in _said(found) if "runs from" in said]


def test_a_join_that_loses_everything_is_named_and_can_be_widened(connection: Connection) -> None:
    sql = (
        "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id AND c.country = 'XX'"
        " WHERE o.status = 'completed'"
    )
    found = _why(connection, sql)
    assert "6 rows are there that have no matching customers." in _said(found)
    [fix] = [fix for fix in found.fixes if fix.label == "Keep rows without customers (6 rows)"]
    assert len(connection.run(connection.check(fix.sql)).rows) == 6
    limited = why_empty(
        Wording(SqlParts(sql, connection.dialect, connection.schema), "en"),
        connection, SHOP_VALUES, Stop(), {"customers"},
    )  # fmt: skip
    assert not [said for said in _said(limited) if "no matching" in said], "partners may be among what is not seen"


class _Stopping(KnownValues):
    """Values that are looked up when a person loses patience."""

    def __init__(self, stop: Stop) -> None:
        super().__init__({})
        self.stop = stop

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[object]:  # type: ignore[override]
        self.stop.ask()
        return []


def test_a_stop_reaches_it(connection: Connection) -> None:
    stop = Stop()
    wording = Wording(
        SqlParts("SELECT id FROM orders WHERE status = 'lost'", connection.dialect, connection.schema), "en"
    )
    with pytest.raises((Stopped, QueryCancelled)):
        why_empty(wording, connection, _Stopping(stop), stop)  # type: ignore[arg-type]
