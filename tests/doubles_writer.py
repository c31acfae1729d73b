"""A small shop in memory, behind the real guard, for those who write SQL."""

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.errors import QueryFailed
from core.grounding.ground import Example, Grounding, TableHit
from core.grounding.inquiry import Earlier, Inquiry, language_of
from core.grounding.values import ValueHit
from core.stop import Stop

SHOP = Schema(
    Dialect.SQLITE,
    (
        Table(
            "customers",
            (
                Column("id", "INTEGER", Kind.INTEGER, nullable=False),
                Column("name", "TEXT", Kind.TEXT, comment="Name: what they are called | 姓名：客户的称呼"),
                Column("country", "TEXT", Kind.TEXT),
            ),
            primary_key=("id",),
            comment="Customers: who buys here | 客户：在这里买东西的人",
        ),
        Table(
            "orders",
            (
                Column("id", "INTEGER", Kind.INTEGER, nullable=False),
                Column("customer_id", "INTEGER", Kind.INTEGER),
                Column("total", "NUMERIC", Kind.NUMBER, descriptions={"en": "Total: in euros"}),
                Column("Order Date", "TEXT", Kind.TEXT),
            ),
            primary_key=("id",),
            foreign_keys=(ForeignKey(("customer_id",), "customers", ("id",)),),
        ),
    ),
)
ROWS = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total NUMERIC, "Order Date" TEXT);
INSERT INTO customers VALUES (1, 'Ada', 'UK'), (2, '林', 'CN'), (3, 'Bo', 'SE');
INSERT INTO orders VALUES (1, 1, 10.5, '2026-10-01'), (2, 2, 20, '2026-11-02'), (3, 2, 5, '2026-11-03');
"""


class SmallShop:
    """Three customers, three orders. What was run is kept in `ran`; `before_run` is called first."""

    dialect = Dialect.SQLITE

    def __init__(self, schema: Schema = SHOP, before_run: Callable[[], None] | None = None) -> None:
        self.schema = schema
        self.ran: list[str] = []
        self._before_run = before_run
        self._connection = sqlite3.connect(":memory:")
        self._connection.executescript(ROWS)

    def check(self, sql: str) -> CheckedQuery:
        return check(sql, Scope(self.dialect, self.schema))

    def run(self, query: CheckedQuery, stop: Stop | None = None, row_cap: int | None = None) -> ResultTable:
        if self._before_run:
            self._before_run()
        self.ran.append(query.sql)
        started = time.perf_counter()
        try:
            cursor = self._connection.execute(query.sql)
            rows = tuple(cursor.fetchall())
        except sqlite3.Error as error:
            raise QueryFailed(str(error)) from error
        columns = tuple(ResultColumn(name, Kind.OTHER) for name, *_ in cursor.description)
        return ResultTable(columns, rows, False, time.perf_counter() - started)

    def close(self) -> None:
        self._connection.close()


def asking(text: str, *follows: Earlier) -> Inquiry:
    """A question, on the day that tests hold still."""
    return Inquiry(text, language_of(text), datetime(2026, 11, 21, 9, 0, tzinfo=UTC), follows)


def grounded(
    *tables: str, values: tuple[ValueHit, ...] = (), examples: tuple[Example, ...] = (), **more: object
) -> Grounding:
    """A grounding that found these tables, best first."""
    hits = tuple(TableHit(table, 1 - i / 10, "test") for i, table in enumerate(tables))
    return Grounding(hits, values, examples, (), **more)  # type: ignore[arg-type]
