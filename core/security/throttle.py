"""How often something may be tried that could be guessed: passwords, codes, links.

A try is counted before it is made and taken back when it was right, so that many at once are not more than one after
another. What is refused here is not counted: whoever waits for the window to pass may try again, however long somebody
else has been hammering.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from core.clock import Clock
from core.store.sessions import Store
from core.store.tables import sign_in_failures as tries

WINDOW = timedelta(minutes=15)


@dataclass(frozen=True)
class Limit:
    """At most `most` failures of `subject` within the window."""

    subject: str
    most: int

    @property
    def key(self) -> str:
        """The subject as it is kept: of one size, and never somebody's password typed into the wrong field."""
        kind, _, what = self.subject.partition(":")
        return f"{kind}:{hashlib.sha256(what.encode(errors='surrogatepass')).hexdigest()[:32]}"


class Throttle:
    """Counts failures in the store, for every process of the portal together."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def begin(self, *limits: Limit) -> tuple[int, ...] | None:
        """Counts a try against each limit and gives its numbers, or None when one of them is reached."""
        now = self._clock()
        keys = sorted(limit.key for limit in limits)
        with self._store.begin() as connection:
            for key in keys:  # in one order, so that two tries never wait for each other
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))
            # What lies in the future was counted by a clock that has since been set right.
            old = sa.or_(tries.c.at <= now - WINDOW, tries.c.at > now + timedelta(minutes=1))
            connection.execute(tries.delete().where(old))
            counted = (
                sa.select(tries.c.subject, sa.func.count().label("tries"))
                .where(tries.c.subject.in_(keys))
                .group_by(tries.c.subject)
            )
            found = {row.subject: row.tries for row in connection.execute(counted.where(tries.c.subject.in_(keys)))}
            if any(found.get(limit.key, 0) >= limit.most for limit in limits):
                return None
            rows = [{"subject": key, "at": now} for key in keys]
            return tuple(connection.scalars(tries.insert().returning(tries.c.id), rows))

    def right(self, numbers: tuple[int, ...], *limits: Limit) -> None:
        """The try was right: it is taken back, and so are all failures counted against these limits."""
        with self._store.begin() as connection:
            cleared = tries.c.subject.in_([limit.key for limit in limits])
            connection.execute(tries.delete().where(sa.or_(tries.c.id.in_(numbers), cleared)))
