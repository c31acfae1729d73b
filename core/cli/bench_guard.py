"""`bench guard`: what the guard lets through of the shared attacks, refuses of the harmless, and how long it takes.

The guard waits for nothing and nobody, so its time is that of the processor: what else runs on the machine is left out.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import sqlglot
from sqlglot import exp

from core.connections.guard import Scope, check
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.errors import InvalidInput, QueryRefused
from core.i18n import Phrase

# Where a guard alone decides; the other kinds may run if the session bounds or masks them.
_REFUSED = ("reject", "reject_if_out_of_scope", "clean_error")
_WARMING = 20  # statements before the clock counts: a server has read some
_TABLES, _COLUMNS, _STATEMENTS = 1_000, 20, 100
_MONSTERS = (
    "'" * 99_999, "(" * 99_999, "/*" * 40_000, "$a$" * 30_000, "SELECT " + "-" * 40_000, "`[" * 40_000, "[" * 99_999,
    "E'\\" * 20_000, "SELECT " + "a." * 2_000 + "b", "SELECT " + "CASE WHEN 1 THEN " * 1_000,
    "SELECT " + "NOT " * 20_000,
    "SELECT 1 FROM " + "a JOIN " * 5_000, "SELECT 1" + " UNION SELECT 1" * 5_000, "SELECT 1" + " OR 1 = 1" * 9_000,
    "WITH " + ",".join(f"c{i} AS (SELECT 1)" for i in range(500)) + " DELETE", "SELECT 1" + "+ 1" * 20_000,
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One statement of the shared material, with what is expected of it ("" for a harmless one)."""

    id: str
    sql: str
    expect: str = ""


def guard_figures(shared: Path) -> dict[str, object]:
    """Per dialect: attacks tried, refused and let through; harmless ones refused, by id; time for each statement.

    `shared` is the folder that holds `safety`. Raises `InvalidInput` where it is not there.
    """
    safety = shared / "safety"
    if not (safety / "sql_attacks.jsonl").is_file():
        raise InvalidInput(problem=Phrase("terminal.no_corpus", {"folder": str(safety)}))
    return {dialect.value: _of(dialect, safety) for dialect in Dialect}


def _of(dialect: Dialect, safety: Path) -> dict[str, object]:
    scope = corpus_scope(dialect, safety)
    attacks, harmless = cases(safety / "sql_attacks.jsonl", dialect), cases(safety / "sql_benign.jsonl", dialect)
    took: list[float] = []
    through = [case for case in attacks if _passes(case.sql, scope, took)]
    told = Counter(case.expect for case in through)
    refused = [case.id for case in harmless if not _passes(case.sql, scope, took)]
    return {
        "attacks": len(attacks),
        "refused": len(attacks) - len(through),
        "let_through": [case.id for case in through if case.expect in _REFUSED],
        "left_to_the_session": dict(sorted((expect, n) for expect, n in told.items() if expect not in _REFUSED)),
        "harmless": len(harmless),
        "harmless_refused": refused,
        "cpu_milliseconds_corpus": _spread(took),
        "cpu_milliseconds_hundred_lines": _spread(_hundred_lines(dialect)),
        "cpu_milliseconds_malformed": _spread(_timed(_MONSTERS, scope)),
    }


def cases(file: Path, dialect: Dialect) -> list[Case]:
    """The statements of a shared file that are meant for this dialect, or for any."""
    entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        Case(entry["id"], entry["sql"], entry.get("expect", ""))
        for entry in entries
        if entry["dialect"] in (dialect.value, "any")
    ]


@cache
def corpus_scope(dialect: Dialect, safety: Path) -> Scope:
    """The fixture's tables as an actor sees them who may read neither `secrets`, nor schema `hr`, nor views of them."""
    tables: dict[str, Table] = {}
    for line in (safety / "fixtures" / f"{dialect.value}.sql").read_text(encoding="utf-8").splitlines():
        if not line.lower().startswith(("create table ", "create view ")):
            continue
        made = sqlglot.parse_one(line.split(";")[0], dialect=dialect.value)
        names = _columns_of(made, tables)
        table = made.find(exp.Table)
        if names and table is not None and not table.db and table.name != "secrets":
            tables[table.name] = Table(table.name, tuple(Column(name, "text", Kind.TEXT) for name in names))
    return Scope(dialect, Schema(dialect, tuple(tables.values())), namespace="shop" if dialect is Dialect.MYSQL else "")


def _columns_of(made: exp.Expr, known: Mapping[str, Table]) -> list[str]:
    if isinstance(made.this, exp.Schema):
        return [column.name for column in made.this.expressions if isinstance(column, exp.ColumnDef)]
    if not isinstance(made.expression, exp.Select):
        return []
    read = [table.name for table in made.expression.find_all(exp.Table)]
    return list(made.expression.named_selects) if read and all(name in known for name in read) else []


def _passes(sql: str, scope: Scope, took: list[float]) -> bool:
    started = time.thread_time()
    try:
        check(sql, scope)
    except QueryRefused:
        return False
    finally:
        took.append((time.thread_time() - started) * 1000)
    return True


def _timed(statements: Iterable[str], scope: Scope) -> list[float]:
    took: list[float] = []
    for sql in statements:
        _passes(sql, scope, took)
    return took


def _hundred_lines(dialect: Dialect) -> list[float]:
    """Milliseconds of statements of a hundred lines, over a schema of a thousand tables. All of them pass."""
    columns = tuple(Column(f"c{i}", "integer", Kind.INTEGER) for i in range(_COLUMNS))
    scope = Scope(dialect, Schema(dialect, tuple(Table(f"t{i}", columns) for i in range(_TABLES))))
    random = Random(1)  # noqa: S311  (the same statements each time)
    _timed((_hundred(random) for _ in range(_WARMING)), scope)
    took: list[float] = []
    for _ in range(_STATEMENTS):
        if not _passes(_hundred(random), scope, took):
            raise AssertionError("a harmless statement of a hundred lines was refused")
    return took


def _hundred(random: Random) -> str:
    """A report as models write them: sums by condition, shares of them, three tables by chance."""
    sums = [f"    sum(CASE WHEN c{3 + i % 10} > {i} THEN c{2 + i % 9} ELSE 0 END) AS m{i}," for i in range(32)]
    shares = [f"  round(coalesce(base.m{i % 32}, 0) / nullif(base.n, 0), 2) AS r{i}," for i in range(47)]
    one, two, three = (f"t{random.randrange(_TABLES)}" for _ in range(3))
    lines = [
        "WITH base AS (", "  SELECT c0, c1, c2,", *sums, "    count(*) AS n", f"  FROM {one}",
        "  WHERE c5 IS NOT NULL AND c6 > 10 AND c7 IN (1, 2, 3)", "  GROUP BY c0, c1, c2", "),", "other AS (",
        "  SELECT a.c0, avg(b.c3) AS mean", f"  FROM {two} a JOIN {three} b ON a.c1 = b.c1",
        "  WHERE a.c9 BETWEEN 1 AND 5", "  GROUP BY a.c0", ")", "SELECT base.c0,", *shares, "  other.mean", "FROM base",
        "LEFT JOIN other ON other.c0 = base.c0", "WHERE base.n > 3", "ORDER BY other.mean DESC", "LIMIT 100",
    ]  # fmt: skip
    return "\n".join(lines)


def _spread(took: Sequence[float]) -> dict[str, float]:
    ordered = sorted(took)
    return {
        "p50": round(ordered[len(ordered) // 2], 2),
        "p95": round(ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)], 2),
        "max": round(ordered[-1], 2),
    }


def guard_bench() -> dict[str, object]:
    """The figures over the shared material that lies beside the project."""
    return guard_figures(Path(__file__).parents[3] / "shared")
