"""The guard against the shared collection of attacks and of harmless statements that naive guards confuse."""

import json
from functools import cache
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from core.connections.guard import Scope, check
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.errors import QueryRefused

SAFETY = Path(__file__).parents[3] / "shared" / "safety"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SAFETY.is_dir(), reason="the shared safety material is not beside this project"),
]

# Optimizer hints are comments that a server carries out: one can lift the time limit, so none is let through.
HINTED = {"bmy-077"}


@cache
def scope(dialect: Dialect) -> Scope:
    """The fixture's tables as an actor sees them who may read neither `secrets`, nor schema `hr`, nor views of them."""
    tables: dict[str, Table] = {}
    for line in (SAFETY / "fixtures" / f"{dialect.value}.sql").read_text(encoding="utf-8").splitlines():
        if not line.lower().startswith(("create table ", "create view ")):
            continue
        made = sqlglot.parse_one(line.split(";")[0], dialect=dialect.value)
        names = _columns(made, tables)
        table = made.find(exp.Table)
        if names and table is not None and not table.db and table.name != "secrets":
            tables[table.name] = Table(table.name, tuple(Column(name, "text", Kind.TEXT) for name in names))
    return Scope(dialect, Schema(dialect, tuple(tables.values())), namespace="shop" if dialect is Dialect.MYSQL else "")


def _columns(made: exp.Expr, known: dict[str, Table]) -> list[str]:
    if isinstance(made.this, exp.Schema):
        return [column.name for column in made.this.expressions if isinstance(column, exp.ColumnDef)]
    if not isinstance(made.expression, exp.Select):
        return []
    read = [table.name for table in made.expression.find_all(exp.Table)]
    return list(made.expression.named_selects) if read and all(name in known for name in read) else []


def statements(file: str, expect: str = "") -> list[tuple[str, Dialect, str]]:
    found = []
    for line in (SAFETY / file).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry.get("expect", "") == expect:
            dialects = list(Dialect) if entry["dialect"] == "any" else [Dialect(entry["dialect"])]
            found += [(entry["id"], dialect, entry["sql"]) for dialect in dialects]
    return found


def passed(cases: list[tuple[str, Dialect, str]]) -> set[str]:
    """The ids of the statements that the guard lets through."""
    through = set()
    for name, dialect, sql in cases:
        try:
            check(sql, scope(dialect))
        except QueryRefused:
            continue
        through.add(name)
    return through


@pytest.mark.parametrize("expect", ["reject", "reject_if_out_of_scope", "clean_error"])
def test_no_attack_comes_through(expect: str) -> None:
    cases = statements("sql_attacks.jsonl", expect)
    assert cases
    assert passed(cases) == set()


def test_harmless_statements_come_through() -> None:
    cases = statements("sql_benign.jsonl")
    assert {name for name, _, _ in cases} - passed(cases) <= HINTED


def test_statements_that_only_burn_time_keep_to_tables_and_functions_that_are_allowed() -> None:
    for name, dialect, sql in statements("sql_attacks.jsonl", "reject_or_bound"):
        if name in passed([(name, dialect, sql)]):
            schema = scope(dialect).schema
            assert schema is not None
            assert set(check(sql, scope(dialect)).tables) <= set(schema.by_key)
