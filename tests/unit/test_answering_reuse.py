"""A verified question asked again with other values: what is put in, and when nothing may be."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.answering.reuse import Filled, Reuse
from core.connections.guard import Scope, check
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from tests.doubles_answering import KnownValues

THEN = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
NOBODY = UUID(int=1)
VALUES = KnownValues({
    ("orders", "region"): ["North", "South", "São Tomé", "华东", "华南"],
    ("orders", "status"): ["paid", "open"],
})  # fmt: skip


def shop(dialect: Dialect) -> Schema:
    columns = (
        Column("id", "integer", Kind.INTEGER),
        Column("region", "text", Kind.TEXT),
        Column("status", "text", Kind.TEXT),
        Column("ordered_on", "date", Kind.DATE),
        Column("amount", "numeric", Kind.NUMBER),
    )
    return Schema(dialect, (Table("orders", columns, primary_key=("id",)),))


@dataclass(frozen=True)
class Vouch:
    question: str
    sql: str
    at: datetime = THEN
    id: UUID = NOBODY
    author: str = ""


def again(vouch: Vouch, question: str, dialect: Dialect = Dialect.POSTGRES, now: datetime = NOW) -> Filled | None:
    """What the question becomes, after the guard has passed it."""
    schema = shop(dialect)
    reuse = Reuse(question, now, schema, VALUES)
    filled = reuse.of(vouch)
    if filled is not None:
        check(filled.sql, Scope(dialect, schema))
        assert reuse.may_fit(vouch)
    return filled


MARCH = Vouch(
    "How many orders were placed in March 2024?",
    "SELECT COUNT(*) FROM orders WHERE ordered_on >= '2024-03-01' AND ordered_on < '2024-04-01'",
)
TOP = Vouch(
    "Top 5 regions by amount above 100",
    "SELECT region, SUM(amount) FROM orders WHERE amount > 100 GROUP BY region ORDER BY 2 DESC LIMIT 5",
)
NORTH = Vouch("Total amount of orders in North", "SELECT SUM(amount) FROM orders WHERE region = 'North'")


@pytest.mark.parametrize(
    ("question", "window"),
    [
        ("How many orders were placed in June 2025?", "ordered_on >= '2025-06-01' AND ordered_on < '2025-07-01'"),
        ("how many orders were placed in Q2 2025", "ordered_on >= '2025-04-01' AND ordered_on < '2025-07-01'"),
        ("How many orders were placed in 2023?", "ordered_on >= '2023-01-01' AND ordered_on < '2024-01-01'"),
        ("How many orders were placed in December 2023?", "ordered_on >= '2023-12-01' AND ordered_on < '2024-01-01'"),
        ("How many orders were placed last month?", "ordered_on >= '2026-11-01' AND ordered_on < '2026-12-01'"),
    ],
)
def test_windows_of_time_are_put_in_as_days(question: str, window: str) -> None:
    filled = again(MARCH, question)
    assert filled is not None
    assert filled.sql == f"SELECT COUNT(*) FROM orders WHERE {window}"
    assert [was for was, _ in filled.put_in] == ["March 2024"]


@pytest.mark.parametrize(
    ("condition", "question", "becomes"),
    [
        ("EXTRACT(YEAR FROM ordered_on) = 2024", "Orders in 2025", "EXTRACT(YEAR FROM ordered_on) = 2025"),
        ("ordered_on BETWEEN '2024-01-01' AND '2024-12-31'", "Orders in 2025",
         "ordered_on BETWEEN '2025-01-01' AND '2025-12-31'"),
        ("ordered_on BETWEEN '2024-01-01' AND '2024-12-31'", "Orders in May 2025",
         "ordered_on BETWEEN '2025-05-01' AND '2025-05-31'"),
        ("EXTRACT(YEAR FROM ordered_on) = 2024", "Orders in May 2025", None),
        ("ordered_on >= '2024-01-01'", "Orders in 2025", None),
        ("ordered_on >= '2024-01-01' AND ordered_on < '2024-07-01'", "Orders in 2025", None),
    ],
)  # fmt: skip
def test_a_year_is_put_in_whole_or_not_at_all(condition: str, question: str, becomes: str | None) -> None:
    filled = again(Vouch("Orders in 2024", f"SELECT COUNT(*) FROM orders WHERE {condition}"), question)
    assert (filled.sql if filled else None) == (becomes and f"SELECT COUNT(*) FROM orders WHERE {becomes}")


def test_sqlite_months_are_put_in_as_text() -> None:
    vouch = Vouch("Orders in March 2024", "SELECT COUNT(*) FROM orders WHERE STRFTIME('%Y-%m', ordered_on) = '2024-03'")
    filled = again(vouch, "Orders in May 2025", Dialect.SQLITE)
    assert filled is not None
    assert filled.sql.endswith("STRFTIME('%Y-%m', ordered_on) = '2025-05'")
    assert again(vouch, "Orders in 2025", Dialect.SQLITE) is None


def test_last_month_means_another_month_a_month_later() -> None:
    vouch = Vouch(
        "How many orders last month?",
        "SELECT COUNT(*) FROM orders WHERE ordered_on >= '2026-10-01' AND ordered_on < '2026-11-01'",
    )
    same = again(vouch, vouch.question, now=THEN)
    assert same == Filled(vouch.sql)
    later = again(vouch, vouch.question)
    assert later is not None
    assert "'2026-11-01' AND ordered_on < '2026-12-01'" in later.sql
    unmapped = Vouch(vouch.question, "SELECT COUNT(*) FROM orders WHERE ordered_on >= '2026-10-01'")
    assert again(unmapped, vouch.question, now=THEN) == Filled(unmapped.sql)
    assert again(unmapped, vouch.question) is None
    by_clock = Vouch(
        vouch.question, "SELECT COUNT(*) FROM orders WHERE ordered_on >= CURRENT_DATE - INTERVAL '1 month'"
    )
    assert again(by_clock, vouch.question) == Filled(by_clock.sql)


def test_a_number_and_a_limit_are_put_in_where_they_stood() -> None:
    filled = again(TOP, "Top 3 regions by amount above 2,500")
    assert filled is not None
    assert filled.sql.endswith("WHERE amount > 2500 GROUP BY region ORDER BY 2 DESC LIMIT 3")
    assert filled.put_in == (("5", "3"), ("100", "2,500"))
    assert again(TOP, "Top 2.5 regions by amount above 100") is None
    assert again(TOP, "Bottom 3 regions by amount above 100") is None


def test_two_literals_of_one_number_are_no_slot() -> None:
    vouch = Vouch("Orders above 100", "SELECT id FROM orders WHERE amount > 100 AND id > 100")
    assert again(vouch, "Orders above 200") is None
    assert again(vouch, "orders above 100!") == Filled(vouch.sql)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Total amount of orders in south?", "South"),
        ("the total amount of orders in 'sao tome'", "São Tomé"),
        ("total amount of orders in South", "South"),
    ],
)
def test_a_name_is_put_in_as_its_column_holds_it(question: str, value: str) -> None:
    filled = again(NORTH, question)
    assert filled is not None
    assert filled.sql == f"SELECT SUM(amount) FROM orders WHERE region = '{value}'"


@pytest.mark.parametrize(
    "question",
    [
        "Total amount of orders in Atlantis",
        "Total amount of orders in paid",
        "Total amount of orders in North in 2024",
        "Total number of orders in South",
        "Total amount of open orders in South",
        "Total amount of orders in South' OR '1'='1",
        "Total amount of orders in",
    ],
)
def test_what_does_not_map_one_to_one_is_not_reused(question: str) -> None:
    assert again(NORTH, question) is None


def test_chinese_questions_take_dates_names_and_numbers() -> None:
    vouch = Vouch(
        "2024年3月华东金额最高的前5个订单",
        "SELECT id FROM orders WHERE region = '华东' AND ordered_on >= '2024-03-01' AND ordered_on < '2024-04-01' "
        "ORDER BY amount DESC LIMIT 5",
    )
    filled = again(vouch, "2025年6月华南金额最高的前10个订单？")
    assert filled is not None
    assert "region = '华南' AND ordered_on >= '2025-06-01' AND ordered_on < '2025-07-01'" in filled.sql
    assert filled.sql.endswith("LIMIT 10")
    assert again(vouch, "2025年6月火星金额最高的前10个订单？") is None
