"""The benchmarks run and give their figures; how good these are depends on the machine, and is not judged here."""

import pytest

from core.cli.bench_start import start
from core.cli.bench_trip import instant, overhead
from core.cli.commands import main


def test_the_overhead_is_measured_step_by_step_on_both_schemas() -> None:
    figures = overhead(tables=12, trips=3)
    assert list(figures) == ["demo_shop", "tables_12"]
    for measured in figures.values():
        assert isinstance(measured, dict)
        assert measured["failed"] == 0
        assert measured["total"]["n"] == 3
        assert {"open", "understand", "ground", "write"} <= set(measured["steps"])


def test_the_instant_engine_answers_the_demo_shop_s_own_questions() -> None:
    figures = instant(trips=1)
    assert figures["asked"] == figures["questions"]
    assert isinstance(figures["answered"], int)
    assert figures["answered"] >= 0.9 * figures["asked"]  # type: ignore[operator]


def test_a_cold_and_a_warm_start_are_measured_to_the_first_page() -> None:
    figures = start()
    cold, warm, memory = figures["cold"], figures["warm"], figures["memory_megabytes"]
    assert isinstance(cold, dict)
    assert isinstance(warm, dict)
    assert isinstance(memory, dict)
    assert 0 < warm["address"] <= warm["page"]
    assert 0 < cold["address"] <= cold["page"]
    assert memory["server_resident"] > 10
    assert memory["postgres_resident"] > 10


def test_an_unknown_benchmark_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "speed", "--json"]) == 2
    assert "retrieve" in capsys.readouterr().err
