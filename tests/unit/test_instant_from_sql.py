"""A reading taken back from SQL gives the same rows, or there is none."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.answering.instant.build_sql import sql_of
from core.answering.instant.from_sql import reading_of
from core.answering.instant.interpret import Interpretation, interpret
from core.connections.engines import ENGINES
from core.connections.schema import Dialect, Schema
from core.connections.session import Limits, Target
from core.grounding.inquiry import Earlier, Inquiry
from tests.doubles_evaluation import shop_file
from tests.doubles_values import ListedValues

HELD = [
    "SELECT * FROM customers",
    "SELECT name, city FROM customers WHERE age > 26 ORDER BY age DESC",
    "SELECT DISTINCT city FROM customers",
    "SELECT count(*) FROM customers WHERE city = 'Paris' OR age >= 40",
    "SELECT count(DISTINCT city), avg(age) FROM customers",
    "SELECT city, count(*) AS n FROM customers GROUP BY city HAVING count(*) > 1 ORDER BY n",
    "SELECT T1.name, T2.amount FROM customers AS T1 JOIN orders AS T2 ON T2.customer_id = T1.id WHERE T2.amount < 20",
    "SELECT c.name, sum(o.amount) FROM orders o JOIN customers c ON o.customer_id = c.id GROUP BY c.id, c.name",
    "SELECT name FROM customers WHERE age BETWEEN 25 AND 30 AND city IS NOT NULL",
    "SELECT name FROM customers WHERE city IN ('Rome', 'Oslo') OR age IS NULL",
    "SELECT name FROM customers WHERE NOT city IN ('Rome')",
    "SELECT name FROM customers WHERE name LIKE '%n%'",
    "SELECT name FROM customers WHERE 26 < age",
    "SELECT name FROM customers WHERE age > (SELECT avg(age) FROM customers)",
    "SELECT name FROM customers ORDER BY age DESC LIMIT 2",
    "SELECT min(joined), max(joined) FROM customers WHERE name <> 'Bo'",
    "SELECT amount FROM orders WHERE amount > -5 AND (amount = 20 OR amount = 7.25)",
    "SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id",
    "SELECT c.name, count(*) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.amount > 5 GROUP BY c.id",
    "SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.city = 'Paris'",
    'SELECT name FROM customers WHERE city = "Paris"',  # SQLite takes it for text: no column is called so
    "SELECT name FROM customers WHERE strftime('%Y', joined) = '2024'",
    "SELECT strftime('%Y', joined), count(*) FROM customers GROUP BY strftime('%Y', joined)",
]
NOT_HELD = [
    "SELECT name FROM customers UNION SELECT city FROM customers",
    "WITH x AS (SELECT 1) SELECT name FROM customers",
    "SELECT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id",
    "SELECT o.amount FROM orders o JOIN customers c ON o.customer_id = c.id",  # of customers, only the join is said
    "SELECT upper(name) FROM customers",
    "SELECT age + 1 FROM customers",
    "SELECT name FROM customers WHERE age > 1 OFFSET 2",
    "SELECT name FROM customers LIMIT 2 OFFSET 1",
    "SELECT rank() OVER (ORDER BY age) FROM customers",
    "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",  # a missing value changes all of it
    "SELECT name FROM customers WHERE name LIKE 'A_n'",
    "SELECT name FROM nowhere",
    "SELECT nothing FROM customers",
    "SELECT id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.amount > 1",  # id of which?
    "DELETE FROM customers",
    "SELECT name FROM customers WHERE",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return shop_file(tmp_path)


@pytest.fixture
def schema(file: Path) -> Schema:
    session = ENGINES["sqlite"].open(Target(file=str(file)), Limits())
    try:
        return ENGINES["sqlite"].introspect(session)
    finally:
        session.close()


@pytest.fixture
def database(file: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(file)
    yield opened
    opened.close()


@pytest.mark.parametrize("sql", HELD)
def test_what_a_reading_holds_is_written_down_with_the_same_rows(
    sql: str, schema: Schema, database: sqlite3.Connection
) -> None:
    reading = reading_of(sql, schema)
    assert reading is not None
    expected, given = (database.execute(text).fetchall() for text in (sql, sql_of(reading, schema)))
    assert sorted(map(repr, given)) == sorted(map(repr, expected))
    if "ORDER BY" in sql:
        assert given == expected


@pytest.mark.parametrize("sql", NOT_HELD)
def test_what_it_cannot_hold_has_no_reading(sql: str, schema: Schema) -> None:
    assert reading_of(sql, schema) is None


def test_text_that_tells_capitals_apart_is_not_taken_for_text_that_does_not(schema: Schema) -> None:
    strict = Schema(Dialect.POSTGRES, schema.tables)
    assert reading_of("SELECT name FROM customers WHERE name LIKE '%n%'", strict) is None
    assert reading_of("SELECT name FROM customers WHERE name = 'Ann'", strict) is not None


def test_a_follow_up_leans_on_sql_that_a_person_wrote(schema: Schema, database: sqlite3.Connection) -> None:
    before = Earlier("the grown-ups", "SELECT name FROM customers WHERE age > 26")
    values = ListedValues({("customers", "city"): ["Paris", "Rome"]})
    out = interpret(Inquiry("how many of them are in Paris?", "en", datetime(2026, 1, 1), (before,)), schema, values)
    assert isinstance(out, Interpretation)
    assert out.follows
    assert database.execute(out.sql).fetchall() == [(1,)]
