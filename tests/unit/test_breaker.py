"""The fuse of a model."""

from core.breaker import COOL_OFF, Breaker


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_two_failures_are_forgiven_and_the_third_opens_the_breaker() -> None:
    breaker = Breaker(Hands())
    for _ in range(2):
        breaker.failed("a")
    assert breaker.admits("a")
    breaker.failed("a")
    assert not breaker.admits("a")
    assert breaker.rests("a")
    assert breaker.admits("b")


def test_after_the_cool_off_one_try_is_let_through_at_a_time() -> None:
    clock = Hands()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed("a")
    clock.seconds = COOL_OFF
    assert not breaker.rests("a")
    assert breaker.admits("a")
    assert not breaker.admits("a")
    clock.seconds = 2 * COOL_OFF
    assert breaker.admits("a")


def test_a_failed_try_keeps_it_open_and_a_success_closes_it() -> None:
    clock = Hands()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed("a")
    clock.seconds = COOL_OFF + 1
    assert breaker.admits("a")
    breaker.failed("a")
    clock.seconds += COOL_OFF - 1
    assert not breaker.admits("a")
    clock.seconds += 2
    assert breaker.admits("a")
    breaker.succeeded("a")
    breaker.failed("a")
    assert breaker.admits("a")
