"""Whether sureness and truth are compared as they should be."""

import pytest

from core.evaluation.calibration import bins, calibration_error
from core.evaluation.results import Result


def result(confidence: float | None, correct: bool, outcome: str = "answered") -> Result:
    return Result("x", outcome, None, None, correct, 0.1, 0, 0, (), confidence, 1)


def test_answers_that_were_about_as_sure_stand_together() -> None:
    found = bins([result(0.92, True), result(0.94, False), result(0.6, True), result(1.0, True)])
    assert [(one.low, one.high, one.count) for one in found] == [(0.5, 0.7, 1), (0.9, 0.95, 2), (0.95, 1.0, 1)]
    assert found[1].sure == pytest.approx(0.93)
    assert found[1].right == 0.5
    assert found[1].interval[0] < 0.5 < found[1].interval[1]


def test_what_was_not_answered_says_nothing_of_sureness() -> None:
    assert bins([result(None, False, "abstained"), result(0.9, False, "clarify")]) == ()
    assert calibration_error(()) == 0.0


def test_the_error_is_how_far_sureness_lies_from_the_truth() -> None:
    assert calibration_error(bins([result(1.0, True)] * 3)) == 0.0
    assert calibration_error(bins([result(1.0, True), result(1.0, False)])) == 0.5
    assert calibration_error(bins([result(0.9, True)] * 9 + [result(0.9, False)])) == pytest.approx(0.0)
