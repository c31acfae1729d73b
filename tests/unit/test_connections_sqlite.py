"""SQLite files: what a visit may do, what it says of tables, what its cells become."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from core.connections.catalogue_sqlite import introspect_sqlite
from core.connections.schema import Column, ForeignKey, Kind, Schema
from core.connections.session import Limits, Session, Target
from core.connections.sessions_files import open_sqlite
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut

SCRIPT = """
    CREATE TABLE regions (id INTEGER PRIMARY KEY, "Region Name" TEXT NOT NULL UNIQUE);
    CREATE TABLE sales (
        id INTEGER PRIMARY KEY, region INTEGER REFERENCES Regions, day DATE, at DATETIME, paid BOOLEAN,
        amount NUMERIC, code TEXT, anything, doubled AS (amount * 2), size TINYINT);
    CREATE TABLE lines (sale INTEGER, place INTEGER, note TEXT, PRIMARY KEY (sale, place),
        FOREIGN KEY (sale) REFERENCES sales (ID)) WITHOUT ROWID;
    CREATE TABLE likes (sale INTEGER, place INTEGER, FOREIGN KEY (sale, place) REFERENCES lines (sale, place));
    CREATE VIEW totals AS SELECT region, sum(amount) AS total FROM sales GROUP BY region;
    CREATE VIEW broken AS SELECT * FROM nowhere;
    CREATE VIRTUAL TABLE notes USING fts5(body);
    CREATE UNIQUE INDEX open_codes ON sales (code) WHERE paid;
    CREATE TABLE numbers (n INTEGER);
    INSERT INTO regions VALUES (1, 'Nord'), (2, 'Süd');
    INSERT INTO sales (id, region, day, at, paid, amount, code, anything, size) VALUES
        (1, 1, '2026-01-02', '2026-01-02 03:04:05', 1, 12.5, '2026-01-02', 'x', 1),
        (2, 2, '2026-02-03', '2026-02-03T00:00:00', 0, 7, '2026-03-04', 3, 2);
    INSERT INTO notes VALUES ('hello world');
    WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3000) INSERT INTO numbers SELECT n FROM r;
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "odd %41 name?#.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCRIPT)
    return path


@pytest.fixture
def session(file: Path) -> Iterator[Session]:
    with closing(open_sqlite(Target(file=str(file)), Limits(seconds=2))) as opened:
        yield opened


@pytest.fixture
def schema(session: Session) -> Schema:
    return introspect_sqlite(session)


def kinds(schema: Schema, table: str) -> dict[str, Kind]:
    return {column.name: column.kind for column in schema.by_key[table].columns}


def test_all_tables_and_views_that_work_are_listed(schema: Schema) -> None:
    assert set(schema.by_key) == {"regions", "sales", "lines", "likes", "totals", "notes", "numbers"}
    assert schema.by_key["totals"].is_view
    assert schema.by_key["numbers"].row_estimate == 3000
    assert schema.by_key["lines"].row_estimate is None


def test_a_column_is_what_its_cells_are(schema: Schema) -> None:
    assert kinds(schema, "sales") == {
        "id": Kind.INTEGER,
        "region": Kind.INTEGER,
        "day": Kind.DATE,
        "at": Kind.TIMESTAMP,
        "paid": Kind.BOOLEAN,
        "amount": Kind.NUMBER,
        "code": Kind.DATE,
        "anything": Kind.TEXT,
        "doubled": Kind.NUMBER,
        "size": Kind.INTEGER,
    }
    assert schema.by_key["regions"].by_name["Region Name"] == Column("Region Name", "TEXT", Kind.TEXT, nullable=False)


def test_keys_are_found_however_they_are_spelled(schema: Schema) -> None:
    assert schema.by_key["lines"].primary_key == ("sale", "place")
    assert schema.by_key["sales"].foreign_keys == (ForeignKey(("region",), "regions", ("id",)),)
    assert schema.by_key["lines"].foreign_keys == (ForeignKey(("sale",), "sales", ("id",)),)
    assert schema.by_key["likes"].foreign_keys == (ForeignKey(("sale", "place"), "lines", ("sale", "place")),)
    assert schema.by_key["regions"].unique_keys == (("Region Name",),)
    assert schema.by_key["sales"].unique_keys == ()


def test_dates_that_are_text_come_as_dates(session: Session) -> None:
    found = session.read("SELECT day, at, code, strftime('%Y-%m', day) AS month FROM sales ORDER BY id")
    assert [column.kind for column in found.columns] == [Kind.DATE, Kind.TIMESTAMP, Kind.DATE, Kind.TEXT]
    assert found.rows[0] == (date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), date(2026, 1, 2), "2026-01")


def test_one_cell_that_is_no_date_leaves_them_all_text(session: Session) -> None:
    found = session.read("SELECT day FROM sales UNION ALL SELECT '2026-02-30'")
    assert found.columns[0].kind is Kind.TEXT
    assert found.rows[0] == ("2026-01-02",)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM (WITH c AS (SELECT 1 UNION SELECT 2) SELECT * FROM c)",
        "WITH sales AS (SELECT 1 AS a) SELECT count(*) FROM sales",
        "SELECT body FROM notes WHERE notes MATCH 'hello'",
        "SELECT value FROM json_each('[1, 2]')",
        "SELECT rank() OVER (ORDER BY amount) FROM sales",
        "VALUES (1), (2)",
        "SELECT '100%', ':name', '?'",
    ],
)
def test_what_reads_is_read(session: Session, sql: str) -> None:
    assert session.read(sql).rows


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO numbers VALUES (1)",
        "DELETE FROM numbers",
        "DROP TABLE numbers",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "CREATE TEMP VIEW t AS SELECT 1",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "VACUUM",
        "PRAGMA query_only = 0",
        "PRAGMA table_info(numbers)",
        "SELECT * FROM pragma_table_info('numbers')",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM SQLITE_SCHEMA",
        "SELECT sql FROM main.sqlite_master",
        "SELECT load_extension('x')",
        "SELECT zeroblob(1000000000)",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT s",
        "REINDEX",
        "ANALYZE",
        "EXPLAIN DELETE FROM numbers",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE numbers",
        "",
        "-- nothing",
    ],
)
def test_what_does_more_than_read_fails_past_the_guard(session: Session, file: Path, sql: str) -> None:
    before = file.read_bytes()
    with pytest.raises(QueryFailed):
        session.read(sql)
    assert file.read_bytes() == before
    assert session.read("SELECT count(*) FROM numbers").rows == ((3000,),)


def test_attach_makes_no_file_and_vacuum_no_copy(session: Session, tmp_path: Path) -> None:
    for sql in (f"ATTACH '{tmp_path}/new.db' AS n", f"VACUUM INTO '{tmp_path}/copy.db'"):
        with pytest.raises(QueryFailed):
            session.read(sql)
    assert not (tmp_path / "new.db").exists()
    assert not (tmp_path / "copy.db").exists()


def test_a_statement_ends_at_its_time_limit(session: Session) -> None:
    with pytest.raises(QueryTimedOut) as error:
        session.read("SELECT sum(a.n * b.n) FROM numbers a, numbers b, numbers c")
    assert error.value.values == {"seconds": 2}


def test_a_statement_is_cancelled_from_another_thread(session: Session) -> None:
    threading.Timer(0.2, session.cancel).start()
    with pytest.raises(QueryFailed, match="stopped") as error:
        session.read("SELECT sum(a.n * b.n) FROM numbers a, numbers b, numbers c")
    assert not isinstance(error.value, QueryTimedOut)
    assert session.read("SELECT 1").rows == ((1,),)


def test_a_large_text_is_not_made(session: Session) -> None:
    with pytest.raises(QueryFailed):
        session.read("SELECT printf('%.*c', 15000000, 'x') || printf('%.*c', 15000000, n) FROM numbers")


def test_a_huge_product_gives_its_first_rows_at_once(session: Session) -> None:
    found = session.read("SELECT a.n FROM numbers a, numbers b, numbers c", 1000)
    assert (len(found.rows), found.truncated) == (1000, True)


def test_broken_text_is_shown_as_far_as_it_can_be(session: Session) -> None:
    assert session.read("SELECT CAST(x'61ff' AS TEXT)").rows == (("a\ufffd",),)


def test_a_file_that_is_missing_or_something_else_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed, match="unable to open"):
        open_sqlite(Target(file=str(tmp_path / "none")), Limits())
    assert not (tmp_path / "none").exists()
    other = tmp_path / "other"
    other.write_text("this is no database at all, only some text of sufficient length")
    with pytest.raises(ConnectionFailed, match="not a database"):
        open_sqlite(Target(file=str(other)), Limits())


def test_a_single_call_that_takes_minutes_is_ended_too(session: Session) -> None:
    long = "printf('%.*c', 5000000, 'x')"
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        session.read(f"SELECT instr({long}, printf('%.*c', 2000000, 'x') || 'y')")
    assert time.monotonic() - started < 4
    assert session.read("SELECT 1").rows == ((1,),)
