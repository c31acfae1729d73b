"""The guard beside real servers: harmless statements give the rows they give directly, and what a database's people
made is told from what it brought along."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

from core.connections.engines import ENGINES
from core.connections.guard import Scope, check
from core.connections.guard.words import vocabulary
from core.connections.routines import NONE_READ, Routines
from core.connections.schema import Schema
from core.connections.session import Limits, Target
from core.connections.sessions_files import IDLE
from core.connections.stored_schema import SeenSchema, dump, load
from core.errors import QueryFailed, QueryRefused
from core.store.embedded import EmbeddedServer
from tests.doubles_guard import CASES, benign_statements
from tests.integration.conftest import MariaServer

# These tell another thing each time.
_CHANGING = re.compile(r"random|uuid|\bnow\(|current_|sysdate|sample|explain", re.IGNORECASE)
_MADE_POSTGRES = """
    CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE DOMAIN odd AS int CHECK (value % 2 = 1);
    CREATE FUNCTION fiscal_year(d date) RETURNS int LANGUAGE sql STABLE AS 'SELECT extract(year FROM d)::int';
    CREATE FUNCTION reverse(n int) RETURNS int LANGUAGE sql AS 'SELECT -n';
    CREATE FUNCTION differ(a text, b text) RETURNS bool LANGUAGE sql AS 'SELECT a <> b';
    CREATE OPERATOR === (leftarg = text, rightarg = text, function = differ);
    CREATE OPERATOR + (leftarg = text, rightarg = text, function = differ);
"""


def shop(dialect: str) -> str:
    return (CASES / f"shop_{dialect}.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def targets(server: EmbeddedServer, mariadb: MariaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The small shop on each kind of database, with things that its people made."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE guarded")
    with psycopg.connect(server.url("guarded"), autocommit=True) as connection:
        connection.execute(shop("postgres").encode())
    mariadb.run("CREATE DATABASE guarded CHARACTER SET utf8mb4")
    mariadb.run(shop("mysql"), "guarded")
    folder = tmp_path_factory.mktemp("guarded")
    with closing(sqlite3.connect(folder / "shop.sqlite")) as database:
        database.executescript(shop("sqlite"))
    with duckdb.connect(str(folder / "shop.duckdb")) as made:
        made.execute(shop("duckdb"))
    yield {
        "postgresql": Target(host=server.socket, database="guarded", user=server.user, password=server.password),
        "mariadb": mariadb.target("guarded", "owner", "owner's word"),
        "sqlite": Target(file=str(folder / "shop.sqlite")),
        "duckdb": Target(file=str(folder / "shop.duckdb")),
    }
    IDLE.close()


def seen_of(kind: str, target: Target) -> SeenSchema:
    """What is there, as it comes back from the store."""
    engine = ENGINES[kind]
    with closing(engine.open(target, Limits())) as session:
        return load(dump(SeenSchema(engine.introspect(session), engine.naming(session))))


def scope_of(kind: str, target: Target, functions: frozenset[str] = frozenset()) -> Scope:
    """Everything but `vault`."""
    seen = seen_of(kind, target)
    schema = Schema(seen.schema.dialect, tuple(table for table in seen.schema.tables if table.name != "vault"))
    naming = seen.naming
    return Scope(schema.dialect, schema, functions, naming.namespace, naming.ignores_case, routines=naming.routines)


def directly(kind: str, target: Target, sql: str) -> list[tuple[Any, ...]]:
    """The rows by the database's own driver, past everything of the portal."""
    if kind == "postgresql":
        fields = {"host": target.host, "dbname": target.database, "user": target.user, "password": target.password}
        with psycopg.connect(**fields) as connection:  # type: ignore[arg-type]
            return connection.execute(sql.encode()).fetchall()
    if kind == "mariadb":
        with (
            pymysql.connect(
                unix_socket=target.host, user=target.user, password=target.password, database=target.database
            ) as connected,
            connected.cursor() as cursor,
        ):
            cursor.execute(sql)
            return list(cursor.fetchall())
    if kind == "sqlite":
        with closing(sqlite3.connect(target.file)) as database:
            return database.execute(sql).fetchall()
    with duckdb.connect(target.file, read_only=True) as opened:
        return opened.execute(sql).fetchall()


def same(direct: object, shown: object) -> bool:
    """Whether a cell is what it was; documents, lists and spans of time are shown as text."""
    plain = direct is None or isinstance(direct, int | float | Decimal | str)
    return not plain or direct == shown or str(shown) in (str(direct), json.dumps(direct, default=str))


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite", "duckdb"])
def test_harmless_statements_give_the_rows_that_they_give_directly(kind: str, targets: dict[str, Target]) -> None:
    scope, engine = scope_of(kind, targets[kind]), ENGINES[kind]
    wrong, statements = [], benign_statements(scope.dialect)
    assert len(statements) >= 150
    for sql in statements:
        direct = directly(kind, targets[kind], sql)
        with closing(engine.open(targets[kind], Limits())) as session:
            try:
                query = check(sql, scope)
                rows = session.read(query.runs, 10_000).rows
            except (QueryRefused, QueryFailed) as error:
                wrong.append(f"{sql}: {error}")
                continue
        assert query.runs == sql
        cells = [same(*pair) for one, other in zip(direct, rows, strict=False) for pair in zip(one, other, strict=True)]
        if len(rows) != len(direct) or not (all(cells) or _CHANGING.search(sql)):
            wrong.append(f"{sql}: other rows")
    assert wrong == []


def refused(sql: str, scope: Scope) -> str:
    with pytest.raises(QueryRefused) as why:
        check(sql, scope)
    return str(why.value.values["reason"])


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite", "duckdb"])
def test_what_the_catalogue_calls_harmless_is_never_an_exception_by_name(kind: str, targets: dict[str, Target]) -> None:
    naming = seen_of(kind, targets[kind]).naming
    known = vocabulary(ENGINES[kind].dialect)
    assert (kind == "mariadb") == (not naming.routines.harmless)
    allowed = known.functions_of(naming.routines, frozenset())
    dangerous = """
        set_config current_setting pg_sleep pg_read_file pg_advisory_lock pg_terminate_backend query_to_xml ts_stat
        lo_get lo_export pg_get_viewdef txid_current setval nextval has_table_privilege version load_extension
        randomblob zeroblob
        sqlite_version getenv query read_csv read_text json_serialize_plan json_execute_serialized_sql current_query
        write_log getvariable sleep benchmark load_file get_lock last_insert_id
    """
    assert not allowed & set(dangerous.split())
    assert known.functions <= allowed


def test_postgresql_s_catalogue_allows_what_no_list_of_ours_names(targets: dict[str, Target]) -> None:
    scope = scope_of("postgresql", targets["postgresql"])
    assert "int4larger" in scope.routines.harmless or "timezone" in scope.routines.harmless
    check("SELECT timezone('UTC', created_at) FROM orders", scope)
    assert "may not use the function" in refused(
        "SELECT timezone('UTC', created_at) FROM orders", replace(scope, routines=NONE_READ)
    )


def test_what_the_people_of_a_postgresql_database_made_waits_for_leave(
    server: EmbeddedServer, targets: dict[str, Target]
) -> None:
    with psycopg.connect(server.url("guarded"), autocommit=True) as connection:
        connection.execute(_MADE_POSTGRES.encode())
    try:
        scope = scope_of("postgresql", targets["postgresql"])
        assert {"fiscal_year", "reverse", "differ"} <= scope.routines.made
        assert "made by people" in refused("SELECT fiscal_year(created_at::date) FROM orders", scope)
        # With a function of that name of theirs, which one runs depends on the types.
        assert "made by people" in refused("SELECT reverse(name) FROM customers", scope)
        check("SELECT pg_catalog.reverse(name) FROM customers", scope)
        assert "operator" in refused("SELECT id FROM customers WHERE name + email", scope)
        refused("SELECT id FROM customers WHERE name === email", scope)
        refused("SELECT id FROM customers WHERE name OPERATOR(public.===) email", scope)
        check("SELECT 'sad'::mood", scope)
        refused("SELECT 1::odd", scope)
        granted = replace(scope, functions=frozenset({"fiscal_year", "public.reverse"}))
        sql = "SELECT fiscal_year(created_at::date), public.reverse(id) FROM orders ORDER BY id LIMIT 1"
        with closing(ENGINES["postgresql"].open(targets["postgresql"], Limits())) as session:
            assert session.read(check(sql, granted).runs).rows == ((2024, -1),)
        refused("SELECT other.reverse(id) FROM orders", granted)
        refused("SELECT reverse(id) FROM orders", granted)
    finally:
        with psycopg.connect(server.url("guarded"), autocommit=True) as connection:
            connection.execute("DROP DOMAIN odd; DROP TYPE mood; DROP FUNCTION fiscal_year, reverse(int)")
            connection.execute("DROP OPERATOR === (text, text); DROP OPERATOR + (text, text); DROP FUNCTION differ")


def test_what_the_people_of_other_databases_made_waits_for_leave(
    mariadb: MariaServer, targets: dict[str, Target], tmp_path: Path
) -> None:
    # No built-in of MariaDB 10.11, but of MySQL: only what people made can be meant.
    mariadb.run("CREATE FUNCTION any_value(n INT) RETURNS INT DETERMINISTIC RETURN n + 1", "guarded")
    try:
        scope = scope_of("mariadb", targets["mariadb"])
        assert "made by people" in refused("SELECT any_value(id) FROM orders", scope)
        check("SELECT any_value(id) FROM orders", replace(scope, functions=frozenset({"any_value"})))
    finally:
        mariadb.run("DROP FUNCTION any_value", "guarded")
    file = str(tmp_path / "made.duckdb")
    with duckdb.connect(file) as made:
        made.execute("CREATE TABLE words (word text); CREATE TYPE mood AS ENUM ('sad', 'glad')")
        made.execute("CREATE MACRO upper(a) AS lower(a); CREATE MACRO half(a) AS a / 2")
    scope = scope_of("duckdb", Target(file=file))
    assert "made by people" in refused("SELECT upper(word) FROM words", scope)
    assert "made by people" in refused("SELECT half(1)", scope)
    check("SELECT half(1), 'sad'::mood", replace(scope, functions=frozenset({"half"})))


def test_routines_come_back_from_the_store_as_they_went() -> None:
    routines = Routines(frozenset({"timezone"}), frozenset({"mine"}), frozenset({"==="}), frozenset({"mood"}))
    assert Routines.loaded(routines.dumped()) == routines
    assert Routines.loaded(NONE_READ.dumped()) == NONE_READ
