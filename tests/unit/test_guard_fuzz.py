"""What the guard lets through, seen by real engines: no statement made by chance reads the table that is forbidden."""

import sqlite3
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.connections.guard import check
from core.connections.schema import Dialect
from core.errors import QueryRefused
from tests.doubles_fuzz import FORBIDDEN, TABLES, RandomQueries, fuzz_scope


class SqliteWitness:
    """Tells from SQLite's own program for a statement whether it opens the forbidden table."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:")
        for table in TABLES:
            self._connection.execute(f"CREATE TABLE {table} (id INT, v INT)")
        found = self._connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (FORBIDDEN,))
        (self._page,) = found.fetchone()

    def sees(self, sql: str) -> bool:
        try:
            program = self._connection.execute("EXPLAIN " + sql).fetchall()
        except (sqlite3.Error, sqlite3.Warning):
            return False
        return any(step[1] in ("OpenRead", "ReopenIdx") and step[3] == self._page for step in program)


class DuckdbWitness:
    """Tells from DuckDB's unoptimised plan for a statement whether it scans the forbidden table."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        for table in TABLES:
            self._connection.execute(f"CREATE TABLE {table} (id INT, v INT)")
        self._connection.execute("PRAGMA disable_optimizer")

    def sees(self, sql: str) -> bool:
        try:
            plan = self._connection.execute("EXPLAIN " + sql).fetchall()
        except duckdb.Error:
            return False
        return any(f"main.{FORBIDDEN}" in row[1] for row in plan)


PLAIN = "SELECT o.id AS \"n m\", 'it''s' FROM orders o /* c */ JOIN items i USING (id) WHERE i.v IN (1, 2)"
Witness = tuple[Dialect, SqliteWitness | DuckdbWitness]


@pytest.fixture(params=[Dialect.SQLITE, Dialect.DUCKDB], ids=str, scope="module")
def witness(request: pytest.FixtureRequest) -> Witness:
    return request.param, SqliteWitness() if request.param is Dialect.SQLITE else DuckdbWitness()


def allowed(sql: str, dialect: Dialect) -> bool:
    try:
        check(sql, fuzz_scope(dialect))
    except QueryRefused:
        return False
    return True


def test_the_witnesses_see_what_there_is_to_see(witness: Witness) -> None:
    assert witness[1].sees("SELECT count(*) FROM vault")
    assert witness[1].sees("WITH vault AS (SELECT * FROM orders) SELECT * FROM main.vault")
    assert not witness[1].sees("WITH vault AS (SELECT * FROM orders) SELECT * FROM vault")


def test_a_fair_share_of_these_statements_is_let_through(witness: Witness) -> None:
    queries = RandomQueries(Random(1), witness[0])
    assert sum(allowed(queries.query(), witness[0]) for _ in range(200)) > 10
    assert sum(allowed(queries.splice(PLAIN), witness[0]) for _ in range(200)) > 3


@settings(max_examples=50, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_names_that_collide_never_open_a_forbidden_table(witness: Witness, seed: int) -> None:
    dialect, engine = witness
    queries = RandomQueries(Random(seed), dialect)
    for _ in range(8):
        sql = queries.query()
        assert not (allowed(sql, dialect) and engine.sees(sql)), sql


@settings(max_examples=50, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_fragments_of_attacks_never_open_a_forbidden_table(witness: Witness, seed: int) -> None:
    dialect, engine = witness
    queries = RandomQueries(Random(seed), dialect)
    for _ in range(8):
        sql = queries.splice(PLAIN)
        assert not (allowed(sql, dialect) and engine.sees(sql)), sql
