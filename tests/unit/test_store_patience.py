"""What must not be lost is tried again while the store is away."""

from core.errors import StoreUnreachable
from core.store.sessions import patiently


class Shaky:
    """Fails so many times before it works."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise StoreUnreachable("away")


def test_what_fails_once_is_done_a_moment_later() -> None:
    shaky = Shaky(1)
    assert patiently(shaky)
    assert shaky.calls == 2


def test_what_fails_for_seconds_is_given_up_and_said() -> None:
    shaky = Shaky(99)
    assert not patiently(shaky)
    assert shaky.calls == 4
