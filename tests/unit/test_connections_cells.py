"""Types and cells of people's databases in our words."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import ip_address
from uuid import UUID

import pytest

from core.connections.cells import kind_of_type, kind_of_values, plain, settled, span
from core.connections.schema import Kind
from core.connections.session import Target, collect, without_secrets

TYPES = {
    "integer": Kind.INTEGER,
    "BIGINT UNSIGNED": Kind.INTEGER,
    "int(11)": Kind.INTEGER,
    "numeric(10,0)": Kind.INTEGER,
    "numeric(10,2)": Kind.NUMBER,
    "double precision": Kind.NUMBER,
    "DECIMAL(18,3)": Kind.NUMBER,
    "character varying(20)": Kind.TEXT,
    "enum('a','b')": Kind.TEXT,
    "ENUM('x', 'y')": Kind.TEXT,
    "uuid": Kind.TEXT,
    "tinyint(1)": Kind.BOOLEAN,
    "tinyint(4)": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamp with time zone": Kind.TIMESTAMP,
    "datetime(6)": Kind.TIMESTAMP,
    "time without time zone": Kind.TIME,
    "integer[]": Kind.OTHER,
    "INTEGER[3]": Kind.OTHER,
    "jsonb": Kind.OTHER,
    "STRUCT(a INTEGER)": Kind.OTHER,
    "interval": Kind.OTHER,
    "": Kind.OTHER,
    "no such type": Kind.OTHER,
}


@pytest.mark.parametrize("declared", TYPES)
def test_a_declared_type_says_what_its_values_are(declared: str) -> None:
    assert kind_of_type(declared) is TYPES[declared]


def test_values_say_their_kind_where_the_database_is_silent() -> None:
    assert kind_of_values([None, 1, 2]) is Kind.INTEGER
    assert kind_of_values([1, 2.5, Decimal(3)]) is Kind.NUMBER
    assert kind_of_values([True, None]) is Kind.BOOLEAN
    assert kind_of_values([datetime(2026, 1, 1), None]) is Kind.TIMESTAMP
    assert kind_of_values([date(2026, 1, 1)]) is Kind.DATE
    assert kind_of_values([b"x"]) is Kind.OTHER
    assert kind_of_values([None]) is None
    assert kind_of_values([1, "n/a"]) is None


def test_every_column_of_a_result_has_cells_of_one_kind() -> None:
    rows = [(1, date(2026, 1, 1), None, 1), ("n/a", "infinity", None, 2.5)]
    columns, settled_rows = settled(["mixed", "day", "empty", "number"], [None, Kind.DATE, Kind.TIMESTAMP, None], rows)
    assert [column.kind for column in columns] == [Kind.TEXT, Kind.TEXT, Kind.TIMESTAMP, Kind.NUMBER]
    assert settled_rows == (("1", "2026-01-01", None, 1), ("n/a", "infinity", None, 2.5))


def test_a_cell_that_is_no_plain_value_becomes_readable_text() -> None:
    assert plain(UUID(int=5)) == "00000000-0000-0000-0000-000000000005"
    assert (
        plain({"城市": [1, Decimal("2.50"), date(2026, 1, 2), b"\x01"]}) == '{"城市": [1, "2.50", "2026-01-02", "01"]}'
    )
    assert plain([timedelta(hours=1)]) == '["01:00:00"]'
    assert plain(memoryview(b"ab")) == b"ab"
    assert plain(ip_address("10.0.0.1")) == "10.0.0.1"
    unchanged = (
        None,
        True,
        1,
        1.5,
        Decimal("1.50"),
        "x",
        b"x",
        date(2026, 1, 1),
        time(1),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert tuple(map(plain, unchanged)) == unchanged


def test_a_length_of_time_reads_as_databases_write_it() -> None:
    assert span(timedelta(days=3, hours=4, minutes=5, seconds=6)) == "3 days 04:05:06"
    assert span(timedelta(days=1)) == "1 day 00:00:00"
    assert span(-timedelta(seconds=1, milliseconds=500)) == "-00:00:01.5"


def test_one_row_more_than_the_cap_says_that_there_were_more() -> None:
    assert collect(iter([(1,), (2,), (3,)]), 3, 1000) == ([(1,), (2,), (3,)], False)
    assert collect(iter([(1,), (2,), (3,), (4,)]), 3, 1000) == ([(1,), (2,), (3,)], True)


def test_rows_are_not_taken_beyond_the_cap() -> None:
    taken = []

    def endless() -> object:
        taken.append(1)
        return (len(taken),)

    rows, truncated = collect(iter(endless, None), 5, 1000)  # type: ignore[arg-type]
    assert (len(rows), truncated, len(taken)) == (5, True, 6)


def test_the_bytes_of_cells_are_capped_but_one_row_always_comes() -> None:
    wide = ("x" * 600,)
    assert collect(iter([wide, wide, wide]), 10, 1000) == ([wide], True)
    assert collect(iter([("x" * 5000,)]), 10, 1000) == ([("x" * 5000,)], False)


def test_a_drivers_message_loses_the_password_in_every_spelling() -> None:
    target = Target(password="p@ss 'word%", host="db")
    message = "no way for p@ss 'word%, p%40ss%20%27word%25 or p%40ss+%27word%25"
    assert without_secrets(message, target) == "no way for …, … or …"
    assert "p@ss" not in repr(target)
    assert without_secrets("as it is", Target()) == "as it is"
