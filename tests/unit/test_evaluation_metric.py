"""What counts as a right answer, and the figures made of many."""

import random
import time as clock
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind
from core.evaluation.metric import Grid, compare, is_ordered, normal, right, wilson


def grid(*rows: tuple[object, ...]) -> Grid:
    return Grid(len(rows[0]), rows)


EQUAL = [
    (None, None),
    (True, 1),
    (False, 0),
    (False, Decimal("0.00")),
    (3, 3.0),
    (3.0, Decimal("3.000")),
    (1234567, 1234571),  # six significant digits
    (0.1 + 0.2, Decimal("0.3")),
    (12345.65 + 1e-9, 12345.65 - 1e-9),  # on a rounding edge
    (1e-9, Decimal("0.000000001")),
    (-0.0, 0),
    (float("nan"), float("nan")),
    (date(2024, 3, 1), datetime(2024, 3, 1)),
    (datetime(2024, 3, 1, 2, tzinfo=timezone(timedelta(hours=2))), date(2024, 3, 1)),
    ("Paris  ", "Paris"),
    (b"ab", bytearray(b"ab")),
    ([1, "a "], (1.0, "a")),
    ({"a": 1}, {"a": True}),
]
DIFFERENT = [
    (None, 0),
    (None, ""),
    (1, "1"),
    (123456, 123457),
    (1.23456, 1.23457),
    (float("nan"), None),
    (float("inf"), float("-inf")),
    (date(2024, 3, 1), datetime(2024, 3, 1, 0, 0, 1)),
    ("Paris", "paris"),
    (" Paris", "Paris"),
    ("Paris\n", "Paris"),
    (date(2024, 3, 1), "2024-03-01"),
    (time(1), timedelta(hours=1)),
    ([1, 2], [2, 1]),
    (b"a", "a"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_values_that_mean_the_same_are_equal(one: object, other: object) -> None:
    assert normal(one) == normal(other)
    assert right(grid((one,)), grid((other,)), ordered=True)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_values_that_differ_are_not_equal(one: object, other: object) -> None:
    assert normal(one) != normal(other)
    assert not right(grid((one,)), grid((other,)), ordered=False)


def test_columns_may_come_in_any_order() -> None:
    assert right(grid((1, "a"), (2, "b")), grid(("a", 1), ("b", 2)), ordered=False)


def test_values_must_stay_in_their_rows() -> None:
    assert not right(grid((1, "a"), (2, "b")), grid(("b", 1), ("a", 2)), ordered=False)


def test_three_columns_more_are_forgiven_and_a_fourth_is_not() -> None:
    gold = grid((1,), (2,))
    assert right(gold, grid((7, 8, 1, 9), (7, 8, 2, 9)), ordered=False)
    assert not right(gold, grid((7, 8, 1, 9, 9), (7, 8, 2, 9, 9)), ordered=False)


def test_strict_accuracy_forgives_no_column() -> None:
    assert not right(grid((1,)), grid((1, 2)), ordered=False, extra=0)
    assert right(grid((1, 2)), grid((2, 1)), ordered=False, extra=0)


def test_a_missing_column_is_wrong() -> None:
    assert not right(grid((1, 1)), grid((1,)), ordered=False)


def test_one_predicted_column_cannot_stand_for_two() -> None:
    assert not right(grid((1, 1), (2, 2)), grid((1, 5), (2, 6)), ordered=False)
    assert not right(grid((1, 1), (2, 2)), grid((1, 5), (2, 6)), ordered=True)


def test_the_number_of_rows_counts() -> None:
    assert not right(grid((1,), (1,)), grid((1,)), ordered=False)
    assert not right(grid((1,), (1,), (2,)), grid((1,), (2,), (2,)), ordered=False)


def test_the_order_of_rows_counts_only_where_the_gold_orders_them() -> None:
    gold, turned = grid((1,), (2,)), grid((2,), (1,))
    assert right(gold, turned, ordered=False)
    assert not right(gold, turned, ordered=True)


def test_no_rows_are_right_where_the_gold_has_none() -> None:
    assert right(Grid(2, []), Grid(3, []), ordered=True)
    assert not right(Grid(2, []), Grid(1, []), ordered=True)


def test_a_result_table_can_be_compared() -> None:
    table = ResultTable((ResultColumn("n", Kind.INTEGER),), ((1,),), truncated=False, seconds=0.0)
    assert right(Grid.of(table), grid((1,)), ordered=False)


def test_the_wrong_partner_of_a_column_is_given_up_for_the_right_one() -> None:
    gold = grid((0, 1, "x"), (1, 0, "y"))
    assert right(gold, grid((1, 0, "x"), (0, 1, "y")), ordered=False)
    assert not right(gold, grid((1, 1, "x"), (0, 0, "y")), ordered=False)


cells = st.one_of(
    st.none(), st.integers(-2, 2), st.sampled_from(["", "a", "b "]), st.booleans(), st.just(date(2024, 1, 1))
)
grids = st.integers(1, 5).flatmap(lambda width: st.lists(st.tuples(*[cells] * width), min_size=1, max_size=8))


@given(grids, st.randoms(use_true_random=False))
def test_turning_columns_and_rows_and_adding_columns_keeps_an_answer_right(
    rows: list[tuple[object, ...]], chance: random.Random
) -> None:
    wide = [(*row, chance.choice([0, 1, None]), "more") for row in rows]
    order = chance.sample(range(len(wide[0])), len(wide[0]))
    turned = [tuple(row[position] for position in order) for row in wide]
    assert right(grid(*rows), grid(*turned), ordered=True)
    chance.shuffle(turned)
    assert right(grid(*rows), grid(*turned), ordered=False)


@given(grids, st.data())
def test_changing_one_cell_makes_a_strict_answer_wrong(rows: list[tuple[object, ...]], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    changed = [list(values) for values in rows]
    changed[row][column] = "changed"
    assert not right(grid(*rows), grid(*map(tuple, changed)), ordered=False, extra=0)


@given(grids)
def test_every_answer_agrees_with_a_search_through_all_maps(rows: list[tuple[object, ...]]) -> None:
    half = len(rows) // 2
    gold, predicted = rows[:half], rows[half : 2 * half]
    width = len(rows[0])
    bag = Counter(tuple(map(normal, row)) for row in gold)
    by_force = any(
        Counter(tuple(normal(row[position]) for position in order) for row in predicted) == bag
        for order in permutations(range(width))
    )
    assert right(Grid(width, gold), Grid(width, predicted), ordered=False) == by_force


def test_many_columns_with_the_same_values_are_mapped_in_a_moment() -> None:
    chance = random.Random(7)
    half = [0, 1] * 500
    columns = [chance.sample(half, len(half)) for _ in range(12)]
    rows = list(zip(*columns, strict=True))
    turned = [tuple(row[position] for position in chance.sample(range(12), 12)) for row in rows]
    order = chance.sample(range(12), 12)
    started = clock.perf_counter()
    assert right(grid(*rows), grid(*[tuple(row[p] for p in order) for row in reversed(rows)]), ordered=False)
    assert not right(grid(*rows), grid(*turned), ordered=False)
    assert clock.perf_counter() - started < 5


ORDERED = [
    ("SELECT a FROM t ORDER BY a", True),
    ("(SELECT a FROM t ORDER BY a)", True),
    ("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1", True),
    ("WITH x AS (SELECT a FROM t) SELECT a FROM x ORDER BY a LIMIT 3", True),
    ("SELECT a FROM t", False),
    ("WITH x AS (SELECT a FROM t ORDER BY a LIMIT 3) SELECT a FROM x", False),
    ("SELECT a FROM (SELECT a FROM t ORDER BY a) AS x", False),
    ("SELECT row_number() OVER (ORDER BY a) FROM t", False),
    ("(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL (SELECT b FROM u)", False),
    ("SELECT FROM WHERE (", False),
]


@pytest.mark.parametrize(("sql", "ordered"), ORDERED)
def test_only_an_order_at_the_top_orders_the_rows(sql: str, ordered: bool) -> None:
    assert is_ordered(sql, "postgres") is ordered


def test_the_wilson_interval_is_the_published_one() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0


def test_two_versions_are_compared_on_the_questions_both_had() -> None:
    first = {"a": True, "b": True, "c": False, "only here": True}
    second = {"a": True, "b": False, "c": True, "only there": False}
    same = compare(first, second)
    assert (same.only_first, same.only_second, same.p_value) == (1, 1, 1.0)


def test_a_clear_difference_is_unlikely_to_be_chance() -> None:
    first = {str(number): False for number in range(10)}
    better = compare(first, dict.fromkeys(first, True))
    assert better.only_second == 10
    assert better.p_value == pytest.approx(2 / 2**10)
    assert compare({}, {}).p_value == 1.0


def test_an_aware_time_is_compared_in_utc() -> None:
    assert normal(datetime(2024, 1, 1, 12, tzinfo=UTC)) == normal(datetime(2024, 1, 1, 12))
