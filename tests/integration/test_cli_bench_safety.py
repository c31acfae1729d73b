"""`bench safety` on what every machine has: the figures are there, what must be 0 is, and what is missing is said."""

import pytest

from core.cli import bench_safety
from core.cli.bench_safety import failures, measure_database, part
from core.errors import InvalidInput
from core.evaluation.arena import ARENA
from core.i18n import Phrase

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not bench_safety.MATERIAL.is_dir(), reason="the shared safety material is not on this machine"),
]


def test_one_database_gives_all_its_figures() -> None:
    found = measure_database("sqlite", ARENA["sqlite"])
    assert found["attacks"] > 50
    assert found["guard"]["refused"] + found["guard"]["bounded"] + found["guard"]["masked"] <= found["attacks"]
    assert found["benign"]["rows_equal"] > 50
    assert found["session"]["reader"]["tried"] == found["attacks"]
    summed = failures({"databases": {"sqlite": found}, "policies": {"sqlite": {"differences": 0, "leaks": 0}}})
    assert all(figure in (0, []) for figure in summed.values())


def test_what_slips_through_is_summed_up() -> None:
    login = {"changed_something": ["a"], "later_than_a_second_after_the_limit": [], "next_question_failed": ["b", "c"]}
    place = {
        "guard": {"let_through": ["x"]},
        "benign": {"refused": ["y"], "different": []},
        "session": {"owner": login},
    }
    summed = failures(
        {"databases": {"one": place}, "guard": {"one": {"let_through": ["x", "z"]}}, "kills": {"lost": 1, "halves": 2}}
    )
    assert (summed["attacks_let_through"], summed["attacks_that_changed_something"]) == (3, 1)
    assert (summed["sessions_broken"], summed["benign_refused"], summed["kills_with_loss"]) == (2, ["y"], 3)


def test_a_part_that_cannot_be_run_is_named_with_the_reason() -> None:
    def missing() -> dict[str, object]:
        raise InvalidInput(problem=Phrase("terminal.no_mariadb"))

    figures: dict[str, object] = {}
    not_run: dict[str, object] = {}
    part(figures, not_run, "mariadb", missing)
    assert figures == {}
    assert "MariaDB" in str(not_run["mariadb"])
