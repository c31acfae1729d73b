"""Cards and rows come back from the store as they were."""

import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.answering.card import Card
from core.answering.events import (
    Answered,
    CannotAnswer,
    ChartReady,
    Choice,
    Evidence,
    Explanation,
    Failed,
    Fix,
    Lever,
    LeverKind,
    NeedsDetail,
    QueryTried,
    Recalled,
    Rung,
    Sureness,
    Understood,
    Usage,
)
from core.answering.kept import card_from_json, card_to_json, rows_from_bytes, rows_to_bytes
from core.charts import ChartKind, ChartSpec
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind
from core.i18n import Phrase

ANSWERED = Answered(
    UUID(int=3),
    "**7**",
    Rung.MODEL,
    Evidence(Sureness.FAIRLY, 0.7, (Phrase("answering.because_mended", {"n": 2}),)),
    Usage("m", 10, 2, None, 1),
    1.5,
    datetime(2026, 11, 21, 9, tzinfo=UTC),
    ("By month",),
    (Phrase("answering.date_range", {"column": "d", "first": date(2025, 1, 1), "last": date(2026, 1, 1)}),),
    (Fix("leave it out", "SELECT 1"),),
    (Lever("1", "Amount", LeverKind.NUMBER, Decimal("-1.50")), Lever("2", "Day", LeverKind.DATE, date(2025, 1, 1))),
    (("run", 0.25),),
)
CARDS = [
    Card(
        "how many?",
        Understood("how many?", "en", True, "Shop", UUID(int=1), UUID(int=2)),
        Recalled(UUID(int=4)),
        ("orders",),
        "m",
        "SELECT",
        (QueryTried("SELECT x", "no x"),),
        "SELECT 1",
        Rung.MODEL,
        Explanation(("orders",), (Phrase("answering.step_limit", {"n": 1}),), (("many", "rows"),)),
        ChartReady(ChartSpec(ChartKind.BAR, 0, (1,)), (ChartSpec(ChartKind.TABLE),), ("a", "b")),
        "**7**",
        ANSWERED,
        UUID(int=5),
    ),
    Card("?", ending=NeedsDetail(Phrase("answering.model_asks", {"question": "?"}), (Choice("a", "b"),))),
    Card("?", ending=CannotAnswer(Phrase("answering.no_connection"), ("x",))),
    Card("?", ending=Failed(Phrase("errors.query_refused", {"reason": Phrase("errors.stopped")}), "d", False)),
    Card("bad \x00 text", sql="SELECT '\ud800'"),
]


@pytest.mark.parametrize("card", CARDS[:-1], ids=lambda card: card.outcome)
def test_a_card_is_read_back_as_it_was(card: Card) -> None:
    assert card_from_json(json.loads(json.dumps(card_to_json(card))), None) == card


def test_a_card_holds_nothing_that_the_store_cannot() -> None:
    written = json.dumps(card_to_json(CARDS[-1]), ensure_ascii=False)
    assert "\\u0000" not in written
    written.encode("utf-8")


def test_a_field_that_is_no_longer_known_is_left_out() -> None:
    written = card_to_json(CARDS[0])
    written["mood"] = "good"
    written["ending"]["weather"] = "fine"
    assert card_from_json(written, None) == CARDS[0]


def _table(cells: list[tuple[Any, ...]], count: int) -> ResultTable:
    columns = tuple(ResultColumn(f"same name {i % 2}", Kind.OTHER) for i in range(count))
    return ResultTable(columns, tuple(cells), False, 0.125)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=8)))),
    st.times(),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_rows_of_any_cells_are_read_back_with_their_types(cells: list[tuple[Any, ...]]) -> None:
    table = _table(cells, 2)
    read = rows_from_bytes(rows_to_bytes(table))
    assert read.columns == table.columns
    assert [[(type(c), str(c)) for c in row] for row in read.rows] == [
        [(type(c), str(c)) for c in row] for row in table.rows
    ]


def test_money_keeps_its_digits_and_days_stay_days() -> None:
    table = _table([(Decimal("1.50"), date(2025, 1, 1)), (Decimal("20.25"), None)], 2)
    assert rows_from_bytes(rows_to_bytes(table)).rows == table.rows
    assert str(rows_from_bytes(rows_to_bytes(table)).rows[0][0]) == "1.50"


def test_no_columns_and_no_rows_are_kept_too() -> None:
    for table in (_table([], 2), _table([(), ()], 0), _table([], 0)):
        assert rows_from_bytes(rows_to_bytes(table)) == table


def test_rows_beyond_the_limit_are_cut_and_the_table_says_so() -> None:
    table = _table([(i, hashlib.sha256(str(i).encode()).hexdigest()) for i in range(2000)], 2)
    stream = rows_to_bytes(table, most=20_000)
    read = rows_from_bytes(stream)
    assert len(stream) <= 20_000
    assert 0 < len(read.rows) < 2000
    assert read.truncated
    assert read.rows == table.rows[: len(read.rows)]


def test_a_time_of_day_and_seconds_survive() -> None:
    table = ResultTable((ResultColumn("t", Kind.TIME),), ((time(3, 4, 5),),), True, 0.5)
    assert rows_from_bytes(rows_to_bytes(table)) == table
