"""Whether policies hold: random queries under random policies, against the same over tables cut down beforehand.

Each query passes the guard and runs over the real tables, where its actor sees only a part; and it runs, plain, over
a copy that holds nothing else. The rows must be the same, and no text or number that was taken away may be among them.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.connections.engines import ENGINES
from core.connections.guard import CheckedQuery, Scope, check
from core.connections.schema import Dialect, Schema
from core.connections.seen import see
from core.connections.session import Limits, Session, Target
from core.errors import QueryFailed, QueryRefused
from core.evaluation.databases import Found
from core.evaluation.policy_queries import Queries
from core.evaluation.policy_worlds import VIEWS, World, make_world
from core.evaluation.scratch import Scratch
from core.security.policies import Rights

_PER_WORLD = 40  # queries under the same policies
_SECONDS, _ROWS = 10.0, 20_000
_EXAMPLES = 5
_KINDS = {Dialect.POSTGRES: "postgresql", Dialect.MYSQL: "mariadb", Dialect.SQLITE: "sqlite", Dialect.DUCKDB: "duckdb"}
_NAMESPACES = {Dialect.POSTGRES: "public", Dialect.SQLITE: "main", Dialect.DUCKDB: "main"}


@dataclass
class Counts:
    """What became of the queries.

    `failed` are those that the database could run neither way; `rewritten` those that policies changed.
    `database_faults` are results that differ no more once DuckDB's optimizer is off, of which version 2.0 drops a
    condition now and then; whether they leak is looked at all the same. `examples` are the first differences and leaks,
    as SQL, to be looked at.
    """

    cases: int = 0
    rewritten: int = 0
    refused: int = 0
    failed: int = 0
    differences: int = 0
    database_faults: int = 0
    leaks: int = 0
    rows: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, what: str, sql: str, runs: str) -> None:
        """Keep one of the first findings."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{what}: {sql}\n  runs: {runs}")


def run_trials(dialect: Dialect, cases: int, seed: int, scratch: Scratch | None = None) -> Counts:
    """So many queries in a dialect, from a seed. `scratch` lends servers that run already."""
    counts = Counts()
    with ExitStack() as ends:
        scratch = scratch or ends.enter_context(Scratch())
        rng = random.Random(f"{dialect.value} {seed}")  # noqa: S311 - a repeatable draw
        while counts.cases < cases:
            world = make_world(rng)
            with _opened(world, dialect, scratch, f"w{rng.randrange(16**8):08x}") as trial:
                for _ in range(min(_PER_WORLD, cases - counts.cases)):
                    trial.run(counts)
    return counts


@dataclass(frozen=True)
class _Trial:
    """One world, as it is (`whole`) and as it is seen (`copy`)."""

    world: World
    scope: Scope
    whole: Session
    copy: Session
    plain: str  # the namespace of the copy
    queries: Queries
    files: tuple[str, str]  # of the one and the other, where they are files

    def run(self, counts: Counts) -> None:
        """One query, both ways."""
        sql = self.queries.text()
        counts.cases += 1
        try:
            query = check(sql, self.scope)
        except QueryRefused as error:
            counts.refused += 1
            if counts.refused == 1:
                counts.note(f"refused ({error})", sql, "")
            return
        if query.runs != query.sql:
            counts.rewritten += 1
            self._read_whole(query, counts)
        found = _rows(self.whole, query.runs)
        plainly = sql.replace(self.scope.namespace, self.plain) if self.scope.namespace else sql
        expected = _rows(self.copy, plainly)
        if isinstance(found, str) or isinstance(expected, str):
            if isinstance(found, str) and isinstance(expected, str):
                counts.failed += 1
            else:
                counts.differences += 1
                counts.note(f"fails one way ({found if isinstance(found, str) else expected})", sql, query.runs)
            return
        counts.rows += len(found)
        if Counter(found) != Counter(expected):
            if self.scope.dialect is Dialect.DUCKDB and self._agree_unoptimized(query.runs, plainly):
                counts.database_faults += 1
            else:
                counts.differences += 1
                counts.note("differs", sql, query.runs)
        if any(_tells(cell, self.world.canaries) for row in found for cell in row):
            counts.leaks += 1
            counts.note("leaks", sql, query.runs)

    def _agree_unoptimized(self, runs: str, plainly: str) -> bool:
        whole, copy = self.files
        return Counter(_unoptimized(whole, runs)) == Counter(_unoptimized(copy, plainly))

    def _read_whole(self, query: CheckedQuery, counts: Counts) -> None:
        """The whole of what runs must pass the guard by itself, over the whole schema."""
        assert self.scope.shields is not None
        try:
            self.scope.shields.agreed(query.runs)
        except QueryRefused as error:
            counts.differences += 1
            counts.note(f"does not pass the guard ({error})", query.sql, query.runs)


@contextmanager
def _opened(world: World, dialect: Dialect, scratch: Scratch, name: str) -> Iterator[_Trial]:
    engine = ENGINES[_KINDS[dialect]]
    limits = Limits(_SECONDS, _ROWS)
    with ExitStack() as ends:
        script, _ = world.scripts(dialect, ())
        target = _made(script, dialect, scratch, name)
        whole = ends.enter_context(closing(engine.open(target, limits)))
        naming = engine.naming(whole)
        schema = engine.introspect(whole)
        seen = see(schema, _spelt(world.rights, schema), naming)
        views = [view for view in VIEWS if view in seen.schema.by_key]
        _, script = world.scripts(dialect, views)
        beside = _made(script, dialect, scratch, f"{name}_copy")
        copy = ends.enter_context(closing(engine.open(beside, limits)))
        scope = Scope(
            dialect, seen.schema, namespace=naming.namespace, ignores_case=naming.ignores_case,
            rights=seen.rights, shields=seen.shields,
        )  # fmt: skip
        place = naming.namespace or _NAMESPACES.get(dialect, "")
        queries = Queries(random.Random(name), seen.schema, place)  # noqa: S311 - a repeatable draw
        files = (target.file, beside.file)
        yield _Trial(world, scope, whole, copy, engine.naming(copy).namespace, queries, files)


def _spelt(rights: Rights, schema: Schema) -> Rights:
    """The same rights, their tables spelt as the database keeps them."""
    keys = {key.lower(): key for key in schema.by_key}
    tables = {keys[key.lower()]: own for key, own in rights.tables.items()}
    return replace(rights, hidden_tables=frozenset(keys[key.lower()] for key in rights.hidden_tables), tables=tables)


def _made(script: str, dialect: Dialect, scratch: Scratch, name: str) -> Target:
    file = scratch.folder / f"{name}.{'duckdb' if dialect is Dialect.DUCKDB else 'sql'}"
    if dialect is Dialect.DUCKDB:
        return _duckdb(file, script)
    file.write_text(script, encoding="utf-8")
    return scratch.open(Found(name, dialect, file, dump=True)).target


def _duckdb(file: Path, script: str) -> Target:
    import duckdb

    with duckdb.connect(str(file)) as database:
        database.execute(script)
    return Target(file=str(file))


def _unoptimized(file: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows as DuckDB finds them without its optimizer."""
    import duckdb

    with duckdb.connect(file, read_only=True) as database:
        database.execute("PRAGMA disable_optimizer")
        return [tuple(_plain(cell) for cell in row) for row in database.execute(sql).fetchall()]


def _rows(session: Session, sql: str) -> list[tuple[Any, ...]] | str:
    """The rows, made comparable; the database's words where it could not."""
    try:
        fetched = session.read(sql)
    except QueryFailed as error:
        return error.detail or str(error)
    return [tuple(_plain(cell) for cell in row) for row in fetched.rows]


def _tells(cell: Any, canaries: frozenset[str]) -> bool:
    """Whether a cell holds what nobody may see: a text anywhere in it, or exactly a number."""
    if isinstance(cell, float):
        return cell.is_integer() and str(int(cell)) in canaries
    text = str(cell).lower()
    return any(canary in text for canary in canaries if not canary.isdecimal())


def _plain(cell: Any) -> Any:
    if isinstance(cell, bool | int | float | Decimal):
        return round(float(cell), 6)
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date | datetime) else cell
