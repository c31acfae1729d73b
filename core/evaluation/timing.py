"""Seconds, many times: what is reported of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from core.evaluation.results import percentile


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Half of all took at most `p50` seconds, and 95 of 100 at most `p95`; `n` says how many there were."""
    return {"p50": round(percentile(seconds, 50), 4), "p95": round(percentile(seconds, 95), 4), "n": len(seconds)}


def spread_of_steps(trips: Iterable[Sequence[tuple[str, float]]]) -> Mapping[str, dict[str, float]]:
    """The spread of each step over many trips, in the order the steps were first taken; a step taken twice in one
    trip counts as one that took as long as both."""
    found: dict[str, list[float]] = defaultdict(list)
    for trip in trips:
        together: dict[str, float] = defaultdict(float)
        for step, seconds in trip:
            together[step] += seconds
        for step, seconds in together.items():
            found[step].append(seconds)
    return {step: spread(seconds) for step, seconds in found.items()}
