"""Both walls as one meets them: attacks at the guard and behind it, and harmless statements that must come through.

The actor may not see the fixtures' secrets, and sees two personal columns masked. What the guard lets pass is run.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from core.connections.cells import plain
from core.connections.engines import ENGINES
from core.connections.guard import Scope, check
from core.connections.introspection import Naming
from core.connections.runner import watched
from core.connections.schema import Dialect, Schema
from core.connections.seen import Seen, see
from core.connections.session import Limits
from core.errors import QueryFailed, QueryRefused
from core.evaluation.attacked import SECRET, Attacked
from core.evaluation.second_wall import BOUND, Attack
from core.security.policies import EVERYTHING, Mask, MaskKind, Rights, TableRights

_MASKED = ("email", "ssn")
# What the masked columns hold: nobody may see any of it.
_PERSONAL = ("@example.", "111-11", "222-22", "333-33", "444-44")
_MAY_PASS = {BOUND, "mask_or_reject", "clean_error_or_harmless"}
_SPARE = 1.0


@dataclass
class First:
    """What the guard did with attacks: `refused` of `tried`; those it passed were `masked` or `bounded`, or they are
    named in `let_through`."""

    tried: int = 0
    refused: int = 0
    masked: int = 0
    bounded: int = 0
    let_through: list[str] = field(default_factory=list)


@dataclass
class Benign:
    """What became of harmless statements: accepted and equal to what the bare driver gives, or named."""

    tried: int = 0
    rows_equal: int = 0
    refused: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    not_comparable: list[str] = field(default_factory=list)


def scopes(place: Attacked) -> tuple[Scope, Scope]:
    """What the actor may see: less by policies, for attacks; and all that the login may read."""
    engine = ENGINES[place.kind]
    with closing(engine.open(place.reader, Limits(seconds=60))) as session, watched(session):
        schema, naming = engine.introspect(session), engine.naming(session)
    hidden = frozenset(table.key for table in schema.tables if SECRET.search(table.key) or table.namespace == "hr")
    masks = {name: Mask(MaskKind.NULL) for name in _MASKED}
    masked = Rights(hidden, {"customers": TableRights(masks=masks)}, version="masked")
    return _scope(engine.dialect, schema, naming, masked), _scope(engine.dialect, schema, naming, EVERYTHING)


def _scope(dialect: Dialect, schema: Schema, naming: Naming, rights: Rights) -> Scope:
    seen = see(schema, rights, naming) if rights.version else Seen(schema, rights)
    return Scope(
        dialect,
        seen.schema,
        namespace=naming.namespace,
        ignores_case=naming.ignores_case,
        rights=seen.rights,
        shields=seen.shields,
        routines=naming.routines,
    )


def first_wall(place: Attacked, scope: Scope, attacks: Iterable[Attack], limits: Limits) -> First:
    """Every attack at the guard; what it passes is run as the login that may only read."""
    found = First()
    for attack in attacks:
        found.tried += 1
        try:
            query = check(attack.sql, scope)
        except QueryRefused:
            found.refused += 1
            continue
        if attack.expect not in _MAY_PASS:
            found.let_through.append(attack.id)
            continue
        started = time.monotonic()
        rows = _run(place, query.runs, limits)
        if time.monotonic() - started > limits.seconds + _SPARE or any(mark in repr(rows) for mark in _PERSONAL):
            found.let_through.append(attack.id)
        elif attack.expect == BOUND:
            found.bounded += 1
        elif attack.expect == "mask_or_reject":
            found.masked += 1
    return found


def harmless(place: Attacked, scope: Scope, corpus: Path) -> Benign:
    """Every harmless statement of this dialect through both walls, beside the bare driver."""
    found, dialect = Benign(), ENGINES[place.kind].dialect.value
    for entry in map(json.loads, corpus.read_text(encoding="utf-8").splitlines()):
        if entry["dialect"] not in (dialect, "any"):
            continue
        found.tried += 1
        try:
            query = check(entry["sql"], scope)
        except QueryRefused:
            found.refused.append(entry["id"])
            continue
        rows = _run(place, query.runs, Limits(seconds=20, rows=100_000))
        once, twice = (_directly(place.directly, entry["sql"]) for _ in range(2))
        if rows is None or once is None or once != twice:
            found.not_comparable.append(entry["id"])
        elif Counter(map(_alike, rows)) == once:
            found.rows_equal += 1
        else:
            found.different.append(entry["id"])
    return found


def _run(place: Attacked, sql: str, limits: Limits) -> Sequence[tuple[Any, ...]] | None:
    """Rows through the session; None where the database said no."""
    try:
        with closing(ENGINES[place.kind].open(place.reader, limits)) as session, watched(session):
            return session.read(sql).rows
    except QueryFailed:
        return None


def _directly(ask: Callable[[str], list[tuple[Any, ...]]], sql: str) -> "Counter[tuple[str, ...]] | None":
    """Rows through the bare driver; None where the database said no."""
    import duckdb

    try:
        return Counter(map(_alike, ask(sql)))
    except (psycopg.Error, pymysql.Error, sqlite3.Error, duckdb.Error):
        return None


def _alike(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple(_text(plain(cell)) for cell in row)


def _text(cell: Any) -> str:
    """A cell as both ways should give it: numbers to nine digits, moments by what they mean."""
    if isinstance(cell, bool | int | float | Decimal):
        return f"{float(cell):.9g}"
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, str):
        for read in (datetime.fromisoformat, float):
            try:
                cell = read(cell)
            except ValueError:
                continue
            return _text(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ").removesuffix("+00:00").removesuffix(" 00:00:00")
    return cell.isoformat() if isinstance(cell, date | clock_time) else str(cell)


def as_figures(first: First, benign: Benign) -> Mapping[str, object]:
    """Both as the bench prints them."""
    return {
        "guard": {
            "tried": first.tried,
            "refused": first.refused,
            "masked": first.masked,
            "bounded": first.bounded,
            "let_through": first.let_through,
        },
        "benign": {
            "tried": benign.tried,
            "refused": benign.refused,
            "rows_equal": benign.rows_equal,
            "different": benign.different,
            "not_comparable": benign.not_comparable,
        },
    }
