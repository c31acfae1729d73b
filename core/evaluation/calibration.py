"""Whether an answer is as often right as it is said to be sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.evaluation.metric import wilson
from core.evaluation.results import ANSWERED, Result

EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Bin:
    """Answers that were about as sure: from `low` to `high`, how many, how sure on average, and how often right.

    `right` is a share in [0, 1], `interval` its Wilson 95 % interval.
    """

    low: float
    high: float
    count: int
    sure: float
    right: float
    interval: tuple[float, float]


def bins(results: Sequence[Result]) -> tuple[Bin, ...]:
    """The answers of a run by how sure they were; a bin without answers is left out."""
    answered = [r for r in results if r.outcome == ANSWERED and r.confidence is not None]
    found = []
    for low, high in pairwise(EDGES):
        inside = [r for r in answered if low <= (r.confidence or 0.0) < high or (high == 1.0 == r.confidence)]
        if inside:
            right = sum(r.correct for r in inside)
            sure = sum(r.confidence or 0.0 for r in inside) / len(inside)
            share = wilson(right, len(inside))
            found.append(Bin(low, high, len(inside), round(sure, 4), round(right / len(inside), 4), share))
    return tuple(found)


def calibration_error(found: Sequence[Bin]) -> float:
    """How far sureness lies from the truth on average, in [0, 1]; 0 of nothing.

    Expected calibration error: M. P. Naeini, G. Cooper, M. Hauskrecht, Obtaining well calibrated probabilities using
    Bayesian binning (2015).
    """
    whole = sum(one.count for one in found)
    return round(sum(abs(one.sure - one.right) * one.count for one in found) / whole, 4) if whole else 0.0
