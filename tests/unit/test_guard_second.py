"""The second parser: where it sees something else than sqlglot did, nothing runs. Here sqlglot saw another text."""

import gc
from dataclasses import replace

import pytest
from sqlglot import exp

from core.connections.guard import check
from core.connections.guard.second import agree_on_query
from core.connections.guard.statement import parse, read
from core.connections.guard.words import allowed
from core.connections.routines import NONE_READ
from core.connections.schema import Dialect
from core.errors import QueryRefused
from tests.doubles_guard import guarded_scope

TWICE_READ = [Dialect.POSTGRES, Dialect.DUCKDB]


def second_opinion(shown: str, text: str, dialect: Dialect) -> None:
    """What the second parser says of `text` where sqlglot read `shown`."""
    tree = replace(parse(read(shown, dialect)), statement=read(text, dialect))
    agree_on_query(tree, allowed(dialect, NONE_READ, frozenset()))


@pytest.mark.parametrize("dialect", TWICE_READ, ids=str)
def test_it_has_nothing_against_what_both_read_alike(dialect: Dialect) -> None:
    for sql in (
        "SELECT count(*), sum(amount) FROM orders WHERE note LIKE 'a%' AND id IN (1, 2)",
        'WITH a AS (SELECT id FROM orders) SELECT * FROM a JOIN "orders" o ON o.id = a.id ORDER BY 1 LIMIT 3',
        'SELECT \'he said "type":"INSERT_NODE"\' AS text, \'"RangeVar":{\' FROM orders',
        "SELECT CASE WHEN id = 1 THEN 'a' ELSE upper(note) END, -id + 2 FROM orders UNION ALL SELECT note, 1 FROM t",
    ):
        second_opinion(sql, sql, dialect)


@pytest.mark.parametrize("dialect", TWICE_READ, ids=str)
@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM secrets",
        "SELECT id FROM orders, secrets",
        "SELECT id FROM orders WHERE id IN (SELECT id FROM secrets)",
        "SELECT id FROM orders UNION SELECT id FROM secrets",
        "SELECT getenv('HOME') FROM orders",
        "SELECT current_setting('x') FROM orders",
        "SELECT id FROM orders; SELECT id FROM orders",
        "INSERT INTO orders SELECT 1",
        "WITH a AS (INSERT INTO orders VALUES (1) RETURNING id) SELECT id FROM orders",
        "WITH a AS (DELETE FROM orders RETURNING id) SELECT id FROM orders",
    ],
)
def test_it_refuses_what_the_first_did_not_see(dialect: Dialect, text: str) -> None:
    first = parse(read("SELECT id FROM orders", dialect))
    tree = replace(first, statement=replace(first.statement, text=text))
    with pytest.raises(QueryRefused):
        agree_on_query(tree, allowed(dialect, NONE_READ, frozenset()))


def test_duckdb_reads_no_file_that_sqlglot_took_for_something_else() -> None:
    for text in ("SELECT id FROM 'orders.csv'", "SELECT id FROM read_csv('orders.csv')", "FROM query('SELECT 1')"):
        with pytest.raises(QueryRefused):
            second_opinion("SELECT id FROM orders", text, Dialect.DUCKDB)


@pytest.mark.parametrize("dialect", TWICE_READ, ids=str)
def test_it_reads_the_longest_lists_and_conditions_that_the_first_reads(dialect: Dialect) -> None:
    numbers = f"SELECT id FROM orders WHERE id IN ({', '.join(map(str, range(14_000)))})"
    conditions = "SELECT id FROM orders WHERE id = 1" + " OR id = 1" * 9_000
    for sql in (numbers, conditions):
        assert check(sql, guarded_scope(dialect)).runs == sql


@pytest.mark.parametrize("dialect", Dialect, ids=str)
def test_a_statement_that_was_read_leaves_no_tree_behind(dialect: Dialect) -> None:
    def trees() -> int:
        return sum(isinstance(one, exp.Select) for one in gc.get_objects())

    scope = guarded_scope(dialect)
    check("SELECT id FROM orders", scope)
    gc.collect()
    gc.disable()
    try:
        before = trees()
        check("SELECT id, sum(total) OVER (ORDER BY id) FROM orders WHERE id IN (SELECT id FROM orders)", scope)
        assert trees() == before
    finally:
        gc.enable()
