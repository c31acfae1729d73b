"""The same promises on PostgreSQL, MariaDB, SQLite and DuckDB: reading, limits, stopping, and nothing but reading."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.opened import Connection
from core.connections.runner import run
from core.connections.schema import Kind, Schema
from core.connections.session import Limits, Session
from core.errors import ConnectionFailed, QueryCancelled, QueryFailed, QueryTimedOut
from core.stop import Stop
from tests.integration.conftest import Place

WRITES = {
    "create": "CREATE TABLE written (a INTEGER)",
    "insert": "INSERT INTO numbers VALUES (999999)",
    "update": "UPDATE numbers SET n = n + 100000",
    "delete": "DELETE FROM numbers",
    "drop": "DROP TABLE numbers",
    "alter": "ALTER TABLE numbers ADD COLUMN a INTEGER",
    "index": "CREATE INDEX on_words ON words (word)",
    "view": "CREATE VIEW written AS SELECT 1",
}


@pytest.fixture
def session(place: Place) -> Iterator[Session]:
    with closing(place.open(seconds=20)) as opened:
        yield opened


def checked(place: Place, sql: str) -> CheckedQuery:
    return check(sql, Scope(place.engine.dialect, None))


def untouched(place: Place) -> bool:
    """Whether the tables are as they were made."""
    with closing(place.open(seconds=20)) as session:
        schema = place.engine.introspect(session)
        shape = {table.name: [column.name for column in table.columns] for table in schema.tables}
        counted = session.read("SELECT count(*), sum(n) FROM numbers").rows
    whole = [tuple(map(int, row)) for row in counted] == [(3000, 4501500)]
    return shape == {"numbers": ["n"], "words": ["id", "word", "day", "price"]} and whole


def ends_within(seconds: float, condition: Callable[[], bool]) -> bool:
    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_rows_come_with_names_kinds_and_values(session: Session, place: Place) -> None:
    table = run(checked(place, "SELECT id, word, day, price FROM words ORDER BY id"), session)
    assert [(column.name, column.kind) for column in table.columns] == [
        ("id", Kind.INTEGER),
        ("word", Kind.TEXT),
        ("day", Kind.DATE),
        ("price", Kind.NUMBER),
    ]
    assert table.rows[0] == (1, "naïve", date(2026, 1, 2), Decimal("12.50"))
    assert table.rows[1] == (2, "中文 100%", None, None)
    assert not table.truncated


def test_a_percent_sign_and_what_looks_like_a_parameter_are_just_text(session: Session) -> None:
    sql = "SELECT word FROM words WHERE word LIKE '%100%%' OR word = '%s' OR word = '$1' OR word = ':a'"
    assert session.read(sql).rows == (("中文 100%",),)


def test_no_rows_still_have_columns(session: Session) -> None:
    found = session.read("SELECT word, price FROM words WHERE id > 99")
    assert ([column.name for column in found.columns], found.rows) == (["word", "price"], ())


def test_names_may_repeat(session: Session) -> None:
    found = session.read("SELECT n AS a, n AS a FROM numbers WHERE n = 7")
    assert ([column.name for column in found.columns], found.rows) == (["a", "a"], ((7, 7),))


def test_the_first_rows_of_many_millions_come_at_once(session: Session, place: Place) -> None:
    started = time.monotonic()
    table = run(checked(place, "SELECT a.n, b.n AS other FROM numbers a, numbers b, numbers c"), session, row_cap=1000)
    assert (len(table.rows), table.truncated) == (1000, True)
    assert time.monotonic() - started < 3


def test_a_session_goes_on_after_a_result_that_was_cut_off(session: Session) -> None:
    session.read("SELECT a.n FROM numbers a, numbers b, numbers c", 5)
    assert session.read("SELECT count(*) FROM words").rows[0][0] == 3


def test_as_many_rows_as_the_cap_are_all_of_them(session: Session) -> None:
    assert session.read("SELECT n FROM numbers", 3000).truncated is False
    assert session.read("SELECT n FROM numbers", 2999).truncated is True


def test_wide_rows_stop_at_the_byte_cap(place: Place) -> None:
    repeated = {"sqlite": "printf('%.*c', 100000, 'x')"}.get(place.kind, "repeat('x', 100000)")
    with closing(place.open(seconds=20, bytes=1_000_000)) as session:
        found = session.read(f"SELECT {repeated} FROM numbers")
    assert found.truncated
    assert 1 <= len(found.rows) <= 10


def test_a_slow_statement_is_ended_at_its_limit_in_the_database_too(place: Place) -> None:
    with closing(place.open(seconds=1)) as session:
        started = time.monotonic()
        with pytest.raises(QueryTimedOut) as error:
            run(checked(place, place.slow), session)
        assert time.monotonic() - started < 3
    assert error.value.values["seconds"] == 1
    assert ends_within(2, lambda: place.running() == 0)


def test_stopping_ends_the_statement_in_the_database_within_two_seconds(place: Place) -> None:
    stop = Stop()
    with closing(place.open(seconds=60)) as session:
        threading.Timer(0.5, stop.ask).start()
        started = time.monotonic()
        with pytest.raises(QueryCancelled):
            run(checked(place, place.slow), session, stop)
        assert time.monotonic() - started < 2.5
        assert ends_within(2.5 - (time.monotonic() - started), lambda: place.running() == 0)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_fails_past_the_guard(place: Place, name: str) -> None:
    with closing(place.open(seconds=5)) as session, pytest.raises(QueryFailed):
        session.read(WRITES[name])
    assert untouched(place)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_fails_past_the_guard_even_for_the_owner(place: Place, name: str) -> None:
    with closing(place.open(place.owner, seconds=5)) as session, pytest.raises(QueryFailed):
        session.read(WRITES[name])
    assert untouched(place)


@pytest.mark.parametrize("way_out", ["COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION READ WRITE", "ABORT", "END"])
def test_leaving_the_read_only_transaction_leads_nowhere(place: Place, way_out: str) -> None:
    with closing(place.open(place.owner, seconds=5)) as session:
        with pytest.raises(QueryFailed):
            session.read(way_out)
        with pytest.raises(QueryFailed):
            session.read("INSERT INTO numbers VALUES (999999)")
    assert untouched(place)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; DELETE FROM numbers",
        "SELECT 1; SELECT 2",
        "COMMIT; DELETE FROM numbers",
        "DELETE FROM numbers; SELECT 1",
    ],
)
def test_stacked_statements_fail(place: Place, sql: str) -> None:
    with closing(place.open(place.owner, seconds=5)) as session, pytest.raises(QueryFailed):
        session.read(sql)
    assert untouched(place)


def test_values_ranges_and_rows_are_sampled(place: Place) -> None:
    with closing(place.open(seconds=20)) as session:
        schema = place.engine.introspect(session)
    connection = Connection(uuid4(), "Place", schema, Limits(), partial(place.engine.open, place.target))
    assert connection.values_of("words", ["word", "day", "price"], limit=5) == {
        "word": ["naïve", "中文 100%"],
        "day": ["2026-01-02", "2026-03-04"],
        "price": connection.sample_values("words", "price"),
    }
    assert sorted(map(float, connection.sample_values("words", "price"))) == [1.0, 12.5]
    assert connection.sample_values("numbers", "n", 3) == ["1", "2", "3"]
    assert connection.column_range("words", "day") == (date(2026, 1, 2), date(2026, 3, 4))
    assert connection.column_range("numbers", "n") == (1, 3000)
    sample = connection.sample("numbers", 4)
    assert (len(sample.rows), [column.name for column in sample.columns]) == (4, ["n"])


def test_a_large_table_is_read_in_part(postgres_place: Place) -> None:
    with closing(postgres_place.open(seconds=20)) as session:
        schema = postgres_place.engine.introspect(session)
    huge = replace(schema.by_key["numbers"], row_estimate=500_000_000)
    thinned = Schema(schema.dialect, (huge,))
    connection = Connection(
        uuid4(), "Place", thinned, Limits(), partial(postgres_place.engine.open, postgres_place.target)
    )
    assert len(connection.sample_values("numbers", "n", 5000)) < 3000


def test_an_error_comes_in_the_databases_words_and_the_session_goes_on(session: Session) -> None:
    with pytest.raises(QueryFailed, match="no_such_column"):
        session.read("SELECT no_such_column FROM numbers")
    assert session.read("SELECT count(*) FROM words").rows[0][0] == 3


@pytest.mark.parametrize("place", ["postgresql", "mariadb"], indirect=True)  # a file has no sign-in
def test_a_wrong_sign_in_is_said_without_the_password(place: Place) -> None:
    with pytest.raises(ConnectionFailed) as error:
        place.open(replace(place.target, password="a wrong secret"))
    assert "a wrong secret" not in error.value.detail
    assert error.value.detail


def test_a_session_may_be_closed_twice_and_cancelled_after(place: Place) -> None:
    session = place.open(seconds=5)
    session.close()
    session.close()
    session.cancel()


def test_the_server_says_what_it_is(session: Session, place: Place) -> None:
    assert session.server.startswith(place.engine.label)
    assert session.server[-1].isdigit()
