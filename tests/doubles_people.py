"""Doubles for people: a clock that is moved by hand, and a count of how much hashing was done."""

from datetime import datetime, timedelta

import bcrypt

from core.security import passwords


class MovingClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


class CountedHashing:
    """bcrypt that counts its work, in rounds; stands in its place while it is entered."""

    def __init__(self) -> None:
        self.rounds = 0

    def checkpw(self, password: bytes, kept: bytes) -> bool:
        self.rounds += 2 ** int(kept.split(b"$")[2])
        return bcrypt.checkpw(password, kept)

    def hashpw(self, password: bytes, salt: bytes) -> bytes:
        self.rounds += 2 ** int(salt.split(b"$")[2])
        return bcrypt.hashpw(password, salt)

    def gensalt(self, cost: int) -> bytes:
        return bcrypt.gensalt(cost)

    def __enter__(self) -> "CountedHashing":
        passwords.bcrypt = self  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        passwords.bcrypt = bcrypt
