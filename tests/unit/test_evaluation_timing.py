"""What is reported of many seconds."""

from core.cli.benching import _lines
from core.cli.wide_schema import _statements
from core.evaluation.timing import spread, spread_of_steps


def test_a_spread_is_made_of_values_that_were_measured() -> None:
    assert spread([0.3, 0.1, 0.2]) == {"p50": 0.2, "p95": 0.3, "n": 3}
    assert spread([]) == {"p50": 0.0, "p95": 0.0, "n": 0}


def test_a_step_that_is_taken_twice_counts_once_with_both_times() -> None:
    found = spread_of_steps([[("check", 0.1), ("run", 0.5), ("check", 0.1)], [("check", 0.4)]])
    assert list(found) == ["check", "run"]
    assert found["check"] == {"p50": 0.2, "p95": 0.4, "n": 2}
    assert found["run"]["n"] == 1


def test_figures_are_printed_with_the_names_that_lead_to_them() -> None:
    assert _lines({"bench": "x", "demo": {"total": {"p50": 0.1}}}) == ["bench: x", "demo total p50: 0.1"]


def test_a_wide_schema_has_as_many_tables_as_asked_for_and_each_points_at_an_earlier_one() -> None:
    statements = list(_statements(1000))
    created = [statement for statement in statements if "CREATE TABLE" in statement]
    names = [statement.split("CREATE TABLE ")[1].split(" ")[0] for statement in created]
    assert len(set(names)) == 1000
    assert sum("REFERENCES" in statement for statement in created) == 999
