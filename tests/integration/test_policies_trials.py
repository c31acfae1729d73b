"""Random queries under random policies give what they give over tables cut down beforehand, on each database.

Some hundreds here; `bench safety` runs thousands.
"""

import random
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.connections.schema import Dialect, Kind
from core.evaluation.policy_trials import Counts, run_trials
from core.evaluation.policy_worlds import TABLES, make_world, masked_value
from core.evaluation.scratch import Scratch
from core.security.policies import Mask, MaskKind


@pytest.fixture(scope="module")
def scratch() -> Iterator[Scratch]:
    with Scratch() as running:
        yield running


def judge(counts: Counts) -> None:
    """Nothing differs, nothing leaks; few are refused, and most were really limited."""
    assert (counts.differences, counts.leaks) == (0, 0), counts.examples
    assert counts.refused <= max(1, counts.cases // 20), counts.examples
    assert counts.rewritten > counts.cases // 2


@settings(max_examples=8)
@given(seed=st.integers(0, 10**9))
def test_on_sqlite(scratch: Scratch, seed: int) -> None:
    judge(run_trials(Dialect.SQLITE, 25, seed, scratch))


@settings(max_examples=5)
@given(seed=st.integers(0, 10**9))
def test_on_duckdb(scratch: Scratch, seed: int) -> None:
    judge(run_trials(Dialect.DUCKDB, 20, seed, scratch))


@settings(max_examples=4)
@given(seed=st.integers(0, 10**9))
def test_on_postgresql(scratch: Scratch, seed: int) -> None:
    judge(run_trials(Dialect.POSTGRES, 25, seed, scratch))


@pytest.mark.skipif(shutil.which("mariadbd") is None, reason="mariadbd is not installed")
@settings(max_examples=4)
@given(seed=st.integers(0, 10**9))
def test_on_mariadb(scratch: Scratch, seed: int) -> None:
    judge(run_trials(Dialect.MYSQL, 25, seed, scratch))


def test_worlds_take_rows_and_values_away_and_know_which() -> None:
    worlds = [make_world(random.Random(seed)) for seed in range(20)]
    assert any(sum(map(len, world.seen.values())) < sum(map(len, world.rows.values())) / 2 for world in worlds)
    for world in worlds:
        shown = {str(value) for rows in world.seen.values() for row in rows for value in row.values()}
        assert not world.canaries & shown
        assert set(world.seen) <= set(TABLES)
    assert sum(bool(world.canaries) for world in worlds) > len(worlds) / 2


def test_masks_computed_apart_are_what_the_documents_say() -> None:
    assert masked_value("ada@example.com", Mask(MaskKind.PARTIAL, "4"), Kind.TEXT) == "***.com"
    assert masked_value("adam", Mask(MaskKind.PARTIAL, "4"), Kind.TEXT) == "***"
    assert masked_value(-3, Mask(MaskKind.BUCKET, "5"), Kind.INTEGER) == Decimal(-5)
    assert masked_value(date(2024, 8, 28), Mask(MaskKind.BUCKET, "quarter"), Kind.DATE) == date(2024, 7, 1)
    assert masked_value(None, Mask(MaskKind.CONSTANT, "x"), Kind.TEXT) is None
    assert masked_value("x", Mask(MaskKind.NULL), Kind.TEXT) is None
