"""The guard against the shared collection of attacks and of harmless statements that naive guards confuse."""

from pathlib import Path

import pytest

from core.cli.bench_guard import cases, corpus_scope
from core.connections.guard import Scope, check
from core.connections.schema import Dialect
from core.errors import QueryRefused

SAFETY = Path(__file__).parents[3] / "shared" / "safety"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SAFETY.is_dir(), reason="the shared safety material is not beside this project"),
]

# Optimizer hints are comments that a server carries out: one can lift the time limit, so none is let through.
HINTED = {"bmy-077"}


def scope(dialect: Dialect) -> Scope:
    return corpus_scope(dialect, SAFETY)


def statements(file: str, expect: str = "") -> list[tuple[str, Dialect, str]]:
    found = [(case, dialect) for dialect in Dialect for case in cases(SAFETY / file, dialect)]
    return [(case.id, dialect, case.sql) for case, dialect in found if case.expect == expect]


def passed(found: list[tuple[str, Dialect, str]]) -> set[str]:
    """The ids of the statements that the guard lets through."""
    through = set()
    for name, dialect, sql in found:
        try:
            check(sql, scope(dialect))
        except QueryRefused:
            continue
        through.add(name)
    return through


@pytest.mark.parametrize("expect", ["reject", "reject_if_out_of_scope", "clean_error"])
def test_no_attack_comes_through(expect: str) -> None:
    found = statements("sql_attacks.jsonl", expect)
    assert found
    assert passed(found) == set()


def test_harmless_statements_come_through() -> None:
    found = statements("sql_benign.jsonl")
    assert {name for name, _, _ in found} - passed(found) <= HINTED


def test_statements_that_only_burn_time_keep_to_tables_and_functions_that_are_allowed() -> None:
    for name, dialect, sql in statements("sql_attacks.jsonl", "reject_or_bound"):
        if name in passed([(name, dialect, sql)]):
            schema = scope(dialect).schema
            assert schema is not None
            assert set(check(sql, scope(dialect)).tables) <= set(schema.by_key)
