"""Statements of every shape over tables that are seen in part, on each database: what comes, and what is refused."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from core.connections.engines import ENGINES
from core.connections.guard import Scope, check
from core.connections.schema import Dialect
from core.connections.seen import see
from core.connections.session import Limits, Session, Target
from core.connections.sessions_files import IDLE
from core.errors import QueryRefused
from core.evaluation.databases import Found
from core.evaluation.scratch import Scratch
from core.security.policies import Mask, MaskKind, Rights, TableRights

KINDS = {"postgresql": Dialect.POSTGRES, "mariadb": Dialect.MYSQL, "sqlite": Dialect.SQLITE, "duckdb": Dialect.DUCKDB}
SCRIPT = """
CREATE TABLE people (id INT, region VARCHAR(20), name VARCHAR(40), salary INT, boss INT);
INSERT INTO people VALUES (1, 'north', 'ada', 100, NULL), (2, 'south', 'bob', 200, 1), (3, 'north', 'cy', 300, 1);
INSERT INTO people VALUES (4, NULL, 'di', 400, 3);
CREATE TABLE sales (id INT, person_id INT, amount INT);
INSERT INTO sales VALUES (1, 1, 10), (2, 2, 20), (3, 3, 30), (4, 3, 40), (5, 9, 50);
CREATE TABLE secrets (id INT, value VARCHAR(20));
INSERT INTO secrets VALUES (1, 'CANARY');
CREATE TABLE "Odd ""name" ("Sel ect" INT, "group" VARCHAR(20));
INSERT INTO "Odd ""name" VALUES (1, 'north'), (2, 'south');
CREATE VIEW north AS SELECT id, name FROM people WHERE region = 'north';
CREATE VIEW twice AS SELECT n.name AS name, s.amount AS amount FROM north AS n JOIN sales AS s ON s.person_id = n.id;
CREATE VIEW counted AS SELECT region, count(*) AS heads FROM people GROUP BY region;
CREATE VIEW revealed AS SELECT value FROM secrets;
"""
EXTRAS = {
    Dialect.POSTGRES: """
CREATE MATERIALIZED VIEW kept AS SELECT * FROM people;
CREATE MATERIALIZED VIEW safe AS SELECT count(*) AS n FROM sales;
CREATE TABLE staff (badge INT) INHERITS (people);
INSERT INTO staff VALUES (7, 'south', 'eve', 700, 1, 7);
CREATE TABLE days (day DATE, n INT) PARTITION BY RANGE (day);
CREATE TABLE days_2024 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO days VALUES ('2024-05-05', 5);
""",
    Dialect.SQLITE: """
CREATE VIRTUAL TABLE found USING fts5(name, content='people');
CREATE VIRTUAL TABLE notes USING fts5(body);
INSERT INTO notes VALUES ('nothing about them');
""",
}
RULED = TableRights(masks={"salary": Mask(MaskKind.BUCKET, "250")}, rows=("region <> 'south' OR region IS NULL",))


@dataclass(frozen=True)
class Stage:
    """One database, and what somebody sees of it under some rights."""

    dialect: Dialect
    session: Session
    bound: Callable[[dict[str, TableRights], set[str]], Scope]

    def rows(self, sql: str, **rights: TableRights) -> list[tuple[Any, ...]]:
        query = check(self.spelt(sql), self.bound(rights or {"people": RULED}, {"secrets"}))
        return sorted(self.session.read(query.runs).rows, key=repr)

    def spelt(self, sql: str) -> str:
        return sql.replace('"', "`") if self.dialect is Dialect.MYSQL else sql


@pytest.fixture(scope="module")
def scratch() -> Iterator[Scratch]:
    with Scratch() as running:
        yield running


@pytest.fixture(scope="module", params=sorted(KINDS))
def stage(request: pytest.FixtureRequest, scratch: Scratch) -> Iterator[Stage]:
    kind, dialect = request.param, KINDS[request.param]
    if dialect is Dialect.MYSQL and shutil.which("mariadbd") is None:
        pytest.skip("mariadbd is not installed")
    engine = ENGINES[kind]
    with closing(engine.open(_made(scratch, dialect), Limits())) as session:
        schema, naming = engine.introspect(session), engine.naming(session)

        def bound(rights: dict[str, TableRights], hidden: set[str]) -> Scope:
            spelt = {key: next((k for k in schema.by_key if k.lower() == key.lower()), key) for key in rights}
            tables = {spelt[key]: own for key, own in rights.items()}
            left = see(schema, Rights(frozenset(hidden), tables, f"{rights}"), naming)
            return Scope(
                dialect, left.schema, namespace=naming.namespace, ignores_case=naming.ignores_case,
                rights=left.rights, shields=left.shields, routines=naming.routines,
            )  # fmt: skip

        yield Stage(dialect, session, bound)
    IDLE.close()


def _made(scratch: Scratch, dialect: Dialect) -> Target:
    script = SCRIPT + EXTRAS.get(dialect, "")
    if dialect is Dialect.DUCKDB:
        file = scratch.folder / "stage.duckdb"
        with duckdb.connect(str(file)) as database:
            database.execute(script)
        return Target(file=str(file))
    if dialect is Dialect.MYSQL:
        script = script.replace('""', "\x00").replace('"', "`").replace("\x00", '"')
    dump = scratch.folder / f"stage_{dialect.value}.sql"
    dump.write_text(script, encoding="utf-8")
    return scratch.open(Found("stage", dialect, dump, dump=True)).target


LEFT: tuple[tuple[str, list[tuple[Any, ...]]], ...] = (
    ("SELECT count(*) FROM people", [(3,)]),
    ("SELECT id FROM people", [(1,), (3,), (4,)]),
    ("SELECT p.id, s.amount FROM sales s LEFT JOIN people p ON p.id = s.person_id WHERE p.id IS NULL",
     [(None, 20), (None, 50)]),
    ("SELECT s.id FROM people p RIGHT JOIN sales s ON s.person_id = p.id WHERE p.id IS NULL", [(2,), (5,)]),
    ("SELECT a.id, b.id FROM people a JOIN people b ON a.boss = b.id", [(3, 1), (4, 3)]),
    ("WITH people AS (SELECT id FROM sales) SELECT count(*) FROM people", [(5,)]),
    ("WITH p AS (SELECT * FROM people), q AS (SELECT * FROM p) SELECT max(salary) FROM q", [(250,)]),
    ("SELECT id FROM people UNION SELECT id + 100 FROM people", [(1,), (101,), (103,), (104,), (3,), (4,)]),
    ("SELECT id FROM sales WHERE person_id IN (SELECT id FROM people)", [(1,), (3,), (4,)]),
    ("SELECT s.id FROM sales s WHERE NOT EXISTS (SELECT 1 FROM people p WHERE p.id = s.person_id)", [(2,), (5,)]),
    ("SELECT id, (SELECT p.name FROM people p WHERE p.id = sales.person_id) FROM sales WHERE id < 3",
     [(1, "ada"), (2, None)]),
    ("SELECT salary, count(*) FROM people GROUP BY salary", [(0, 1), (250, 2)]),
    ("SELECT salary FROM people GROUP BY salary HAVING min(salary) > 100", [(250,)]),
    ("SELECT id FROM people WHERE salary = 300", []),
    ("SELECT name FROM people ORDER BY salary DESC, id LIMIT 1", [("cy",)]),
    ("SELECT id, sum(salary) OVER (PARTITION BY boss) FROM people WHERE boss = 1", [(3, 250)]),
    ("SELECT PEOPLE.id FROM PEOPLE WHERE PeOpLe.salary > 100", [(3,), (4,)]),
    ('SELECT "people"."id" FROM "people" WHERE "people"."salary" > 100', [(3,), (4,)]),
    ("SELECT DISTINCT salary FROM people", [(0,), (250,)]),
    ("SELECT x.i FROM (SELECT id AS i FROM people) AS x WHERE x.i > 1", [(3,), (4,)]),
    ("SELECT id FROM people JOIN (SELECT person_id FROM sales) s ON s.person_id = people.id", [(1,), (3,), (3,)]),
    ("SELECT count(*) FROM people CROSS JOIN people AS other", [(9,)]),
    ("SELECT name FROM north", [("ada",), ("cy",)]),
    ("SELECT sum(amount) FROM twice", [(80,)]),
    ("SELECT region, heads FROM counted", [(None, 1), ("north", 2)]),
    ("WITH people AS (SELECT 2 AS id, 'south' AS region, 'x' AS name) SELECT name FROM north", [("ada",), ("cy",)]),
    ("WITH RECURSIVE up AS (SELECT id, boss FROM people WHERE id = 4 UNION ALL SELECT p.id, p.boss FROM people p"
     " JOIN up ON up.boss = p.id) SELECT id FROM up", [(1,), (3,), (4,)]),
    ("SELECT count(*) FROM people NATURAL JOIN (SELECT 1 AS id, 'north' AS region) AS t", [(1,)]),
    ("SELECT count(*) FROM people JOIN sales USING (id)", [(3,)]),
    ("SELECT p.id FROM (people p JOIN sales s ON s.id = p.id) JOIN sales t ON t.id = s.id", [(1,), (3,), (4,)]),
)  # fmt: skip
MORE: dict[Dialect, tuple[tuple[str, list[tuple[Any, ...]]], ...]] = {
    Dialect.POSTGRES: (
        ("SELECT public.people.id FROM public.people", [(1,), (3,), (4,)]),
        ("SELECT (p).name FROM people p WHERE (p).salary = 0", [("ada",)]),
        ("SELECT to_jsonb(p) ->> 'salary' FROM people p", [("0",), ("250",), ("250",)]),
        ("SELECT t.b FROM people AS t (a, b) WHERE t.b IS NOT NULL", [("north",), ("north",)]),
        ("SELECT s.id, l.name FROM sales s, LATERAL (SELECT name FROM people WHERE id = s.person_id) l WHERE s.id < 3",
         [(1, "ada")]),
        ("SELECT n FROM safe", [(5,)]),
        ("SELECT n FROM days", [(5,)]),
    ),
    Dialect.MYSQL: (("SELECT stage.people.id FROM stage.people", [(1,), (3,), (4,)]),),
    Dialect.SQLITE: (
        ("SELECT main.people.id FROM main.people", [(1,), (3,), (4,)]),
        ("SELECT [people].[id] FROM [people]", [(1,), (3,), (4,)]),
        ("SELECT body FROM notes", [("nothing about them",)]),
    ),
    Dialect.DUCKDB: (
        ("SELECT main.people.id FROM main.people", [(1,), (3,), (4,)]),
        ("FROM people SELECT max(salary)", [(250,)]),
        ("SELECT COLUMNS('sal.*') FROM people WHERE id = 3", [(250,)]),
        ("SELECT * EXCLUDE (boss, name, region) FROM people WHERE id = 3", [(3, 250)]),
        ("SELECT p.salary FROM people p WHERE p.id = 3", [(250,)]),
    ),
}  # fmt: skip


def test_what_is_left_comes_in_every_shape(stage: Stage) -> None:
    for sql, expected in (*LEFT, *MORE[stage.dialect]):
        assert stage.rows(sql) == sorted(expected, key=repr), sql


def test_names_in_quotes_are_followed(stage: Stage) -> None:
    rights = TableRights(rows=("\"group\" = 'north'" if stage.dialect is not Dialect.MYSQL else "`group` = 'north'",))
    table = '"Odd ""name"' if stage.dialect is not Dialect.MYSQL else '`Odd "name`'
    query = check(f"SELECT * FROM {table}", stage.bound({'Odd "name': rights}, set()))
    assert stage.session.read(query.runs).rows == ((1, "north"),)


REFUSED = (
    "SELECT value FROM secrets",
    "SELECT value FROM revealed",
    "EXPLAIN SELECT * FROM people",
    "EXPLAIN SELECT * FROM north",
)
MORE_REFUSED = {
    Dialect.POSTGRES: (
        "SELECT * FROM ONLY people", "SELECT * FROM people TABLESAMPLE SYSTEM (50)", "SELECT ctid FROM people",
        "SELECT people.tableoid FROM people", "SELECT xmin FROM people", "SELECT * FROM kept", "TABLE people",
    ),
    Dialect.MYSQL: (
        "SHOW TABLES", "DESCRIBE people", "SHOW COLUMNS FROM people", "SHOW CREATE TABLE sales",
        "SHOW INDEX FROM people",
        "SELECT * FROM people PARTITION (p0)", "SELECT * FROM people USE INDEX (x)", "SHOW CREATE VIEW north",
    ),
    Dialect.SQLITE: (
        "SELECT rowid FROM people", "SELECT people.oid FROM people", "SELECT * FROM people NOT INDEXED",
        "SELECT * FROM found", "SELECT * FROM found_data", "SELECT 1 WHERE 1 IN people",
    ),
    Dialect.DUCKDB: (
        "SHOW TABLES", "DESCRIBE people", "SUMMARIZE people", "DESCRIBE", "SELECT rowid FROM people",
        "SELECT * FROM people TABLESAMPLE 50%", "DESCRIBE SELECT * FROM people", "SUMMARIZE SELECT salary FROM people",
    ),
}  # fmt: skip


def test_what_cannot_be_limited_is_refused(stage: Stage) -> None:
    scope = stage.bound({"people": RULED}, {"secrets"})
    for sql in (*REFUSED, *MORE_REFUSED[stage.dialect]):
        with pytest.raises(QueryRefused):
            print(check(sql, scope).runs)


def test_what_is_whole_is_left_as_it_was_written(stage: Stage) -> None:
    scope = stage.bound({"people": RULED}, {"secrets"})
    for sql in ("SELECT  amount /* as is */ FROM sales", "EXPLAIN SELECT * FROM sales"):
        assert check(sql, scope).runs == sql


def test_views_of_hidden_columns_and_tables_are_hidden(stage: Stage) -> None:
    scope = stage.bound({"people": TableRights(hidden_columns=frozenset({"name"}))}, {"secrets"})
    assert scope.schema is not None
    seen = {key.lower() for key in scope.schema.by_key}
    assert not seen & {"secrets", "revealed", "north", "twice", "kept", "found"}
    assert "counted" in seen


def test_a_view_may_have_a_policy_of_its_own(stage: Stage) -> None:
    own = {"counted": TableRights(masks={"heads": Mask(MaskKind.NULL)}, rows=("region IS NOT NULL",))}
    assert stage.rows("SELECT region, heads FROM counted", **own) == [("north", None), ("south", None)]


@pytest.mark.parametrize("stage", ["postgresql"], indirect=True)  # only PostgreSQL's tables inherit
def test_tables_that_share_rows_share_what_is_taken(stage: Stage) -> None:
    assert stage.rows("SELECT id FROM staff") == []
    assert stage.rows("SELECT id FROM people") == [(1,), (3,), (4,)]
    scope = stage.bound({"staff": TableRights(rows=("badge > 9",))}, set())
    with pytest.raises(QueryRefused):
        check("SELECT * FROM people", scope)
    with pytest.raises(QueryRefused):
        check("SELECT * FROM days_2024", scope)
    for hidden in ({"staff"}, {"people"}):
        with pytest.raises(QueryRefused):
            check("SELECT * FROM people", stage.bound({}, hidden))
    with pytest.raises(QueryRefused):
        check("SELECT * FROM staff", stage.bound({}, {"people"}))
