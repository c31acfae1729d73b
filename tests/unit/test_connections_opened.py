"""An opened connection: checked, run and sampled over the small shop; and what LangChain gets of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlglot

from core.connections import samples, stored_schema
from core.connections.introspection import ListedKey, ListedTable, Listing, Naming
from core.connections.opened import Connection
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.errors import InvalidInput, NotFound, QueryFailed, QueryRefused, Stopped
from core.stop import Stop
from tests.doubles_answering import shop

ODD = Table(
    'O"dd`t',
    (Column("a b", "text", Kind.TEXT), Column("j", "json", Kind.OTHER)),
    namespace="x.y",
    row_estimate=10_000_000,
)


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    return shop(tmp_path)


def test_a_checked_query_is_run_and_capped(connection: Connection) -> None:
    query = connection.check("SELECT name FROM customers ORDER BY name")
    assert query.tables == ("customers",)
    table = connection.run(query, row_cap=2)
    assert (len(table.rows), table.truncated) == (2, True)
    assert connection.run(query, Stop()).truncated is False


def test_what_the_guard_refuses_never_runs(connection: Connection) -> None:
    with pytest.raises(QueryRefused):
        connection.check("DELETE FROM customers")


def test_a_stopped_question_opens_nothing(connection: Connection) -> None:
    stop = Stop()
    stop.ask()
    unreachable = replace(connection, visit=lambda _: pytest.fail("opened"))
    with pytest.raises(Stopped):
        unreachable.run(connection.check("SELECT 1"), stop)


def test_values_come_the_most_frequent_first(connection: Connection) -> None:
    found = connection.values_of("orders", ["status", "order_date"], limit=10)
    counted = connection.run(
        connection.check("SELECT status, count(*) AS n FROM orders GROUP BY status ORDER BY n DESC, status")
    )
    assert found["status"] == [str(row[0]) for row in counted.rows if row[0] is not None]
    assert all(len(value) == 10 for value in found["order_date"])
    assert connection.sample_values("orders", "status", 1) == found["status"][:1]


def test_rows_and_ranges_are_sampled(connection: Connection) -> None:
    assert len(connection.sample("customers", 2).rows) == 2
    ends = connection.column_range("orders", "order_date")
    assert ends is not None
    assert ends[0] < ends[1]


def test_a_name_the_schema_does_not_have_is_not_found(connection: Connection) -> None:
    for ask in (
        lambda: connection.sample("nowhere"),
        lambda: connection.sample_values("customers", "password"),
        lambda: connection.column_range("nowhere", "x"),
    ):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.parametrize("dialect", list(Dialect))
def test_odd_names_stay_names_in_every_dialect(dialect: Dialect) -> None:
    schema = Schema(dialect, (ODD,))
    for sql in (
        samples.values_query(schema, ODD.key, "a b", 5),
        samples.rows_query(schema, ODD.key, 3),
        samples.range_query(schema, ODD.key, "a b"),
    ):
        [tree] = sqlglot.parse(sql, dialect=dialect.value)
        assert tree is not None
        tables = [(table.db, table.name) for table in tree.find_all(sqlglot.exp.Table) if table.db]
        assert tables == [("x.y", 'O"dd`t')]


def test_a_large_table_is_thinned_out_where_the_database_can() -> None:
    for dialect, thinned in ((Dialect.POSTGRES, True), (Dialect.MYSQL, False)):
        schema = Schema(dialect, (ODD,))
        assert ("TABLESAMPLE" in samples.values_query(schema, ODD.key, "a b", 5)) is thinned
        small = Schema(dialect, (replace(ODD, row_estimate=10),))
        assert "TABLESAMPLE" not in samples.values_query(small, ODD.key, "a b", 5)


def test_documents_have_no_values_to_list(connection: Connection) -> None:
    odd = replace(connection, schema=Schema(Dialect.SQLITE, (ODD,)), visit=lambda _: pytest.fail("opened"))
    assert odd.values_of(ODD.key, ["j"]) == {"j": []}


def test_a_schema_survives_being_stored(connection: Connection) -> None:
    plain = Schema(connection.dialect, tuple(replace(table, descriptions={}) for table in connection.schema.tables))
    plain = Schema(
        plain.dialect,
        (
            *(replace(t, columns=tuple(replace(c, descriptions={}) for c in t.columns)) for t in plain.tables),
            replace(ODD, foreign_keys=(ForeignKey(("a b",), "customers", ("name",)),), unique_keys=(("a b",),)),
        ),
    )
    seen = stored_schema.SeenSchema(plain, Naming("shop", True))
    kept = stored_schema.load(json.loads(json.dumps(stored_schema.dump(seen))))
    assert kept == seen
    assert kept.schema.version == plain.version


def test_how_the_database_reads_names_reaches_the_guard(connection: Connection) -> None:
    scope = replace(connection, naming=Naming("shop", True)).scope
    assert (scope.namespace, scope.ignores_case) == ("shop", True)


def test_a_listing_leaves_out_keys_to_nowhere_and_tables_without_columns() -> None:
    listing = Listing(
        tables=[ListedTable(("", "a")), ListedTable(("", "empty")), ListedTable(("s", "b"))],
        primary_keys={("", "a"): ("x",)},
        foreign_keys=[
            ListedKey(("", "a"), ("x",), ("s", "b"), ("y",)),
            ListedKey(("", "a"), ("x",), ("", "gone"), ("y",)),
        ],
    )
    listing.columns["", "a"].append(Column("x", "int", Kind.INTEGER))
    listing.columns["s", "b"].append(Column("y", "int", Kind.INTEGER))
    listing.unique_keys["", "a"] += [("x",), ("x",)]
    schema = listing.schema(Dialect.POSTGRES)
    assert [table.key for table in schema.tables] == ["a", "s.b"]
    assert schema.by_key["a"].foreign_keys == (ForeignKey(("x",), "s.b", ("y",)),)
    assert schema.by_key["a"].unique_keys == ()


def test_langchain_gets_a_database_that_only_reads(connection: Connection) -> None:
    from core.connections.langchain_sql import GuardedSQLDatabase

    database = GuardedSQLDatabase(connection)
    assert database.dialect == "sqlite"
    assert list(database.get_usable_table_names()) == sorted(connection.schema.by_key)
    assert database.run("SELECT count(*) AS n FROM customers", include_columns=True) == "[{'n': 3}]"
    assert database.run("SELECT name FROM customers WHERE 1 = 0") == ""
    with pytest.raises(QueryRefused):
        database.run("DROP TABLE customers")
    assert str(database.run_no_throw("DELETE FROM customers")).startswith("Error: ")
    assert str(database.run_no_throw("SELECT abs('x', 1) FROM customers")).startswith("Error: ")
    with pytest.raises(InvalidInput):
        database.run("SELECT :a", parameters={"a": 1})
    with pytest.raises(TypeError):
        GuardedSQLDatabase.from_uri("sqlite:///anything")
    with pytest.raises(TypeError):
        GuardedSQLDatabase("sqlite:///anything")  # type: ignore[arg-type]


def test_langchain_is_told_of_tables_and_of_rows_only_on_wish(connection: Connection) -> None:
    from core.connections.langchain_sql import GuardedSQLDatabase

    told = GuardedSQLDatabase(connection).get_table_info(["orders"])
    assert told.startswith("CREATE TABLE orders (")
    assert "FOREIGN KEY" in told
    assert "/*" not in told
    assert "3 rows from customers table" in GuardedSQLDatabase(connection, sample_rows=3).get_table_info(["customers"])
    assert "table_info" in GuardedSQLDatabase(connection).get_context()
    with pytest.raises(ValueError, match="nowhere"):
        GuardedSQLDatabase(connection).get_table_info(["nowhere"])


def test_an_error_of_the_database_comes_in_its_own_words(connection: Connection) -> None:
    query = connection.check("SELECT abs(-9223372036854775807 - 1)")
    with pytest.raises(QueryFailed, match="overflow"):
        connection.run(query)
