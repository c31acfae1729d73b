"""Doubles for people: a clock that is moved by hand, and a count of how much hashing was done."""

from datetime import datetime, timedelta

from core.observability import REGISTRY


class MovingClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


class CountedHashing:
    """How many rounds of hashing passwords took, from entering on."""

    def __enter__(self) -> "CountedHashing":
        self._before = self._all()
        return self

    def __exit__(self, *_: object) -> None:
        self.rounds = self._all() - self._before

    def _all(self) -> float:
        return REGISTRY.get_sample_value("askwell_password_rounds_total") or 0.0
