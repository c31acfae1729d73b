"""How often: counts what one person, key or address does, and says when to try again.

The counts lie in the portal's PostgreSQL, or in Redis where that is given. When neither answers, this process counts
for itself for a while, so that nobody waits for a store that is away and nobody goes free. What lies wrong under a
key of ours is thrown away, and counting begins anew.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import sqlalchemy as sa
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage
from sqlalchemy.dialects.postgresql import insert

from core.errors import SettingsInvalid, StoreUnreachable, TooMany
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables_keys import rate_limits

REST_SECONDS = 5.0  # how long a store that did not answer is left alone
_SWEEP = 500  # countings between two looks for what is over
_most = rate_limits.c.count


class StoreCounts(Storage):
    """Counts in the portal's own PostgreSQL, by its clock. One statement for each counting."""

    STORAGE_SCHEME = None

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store, self._countings = store, 0

    @property
    def base_exceptions(self) -> type[Exception]:
        return StoreUnreachable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The count with `amount` more. A window that is over, or longer than it can be, begins anew."""
        now, end = sa.func.clock_timestamp(), sa.func.clock_timestamp() + timedelta(seconds=expiry)
        over = sa.or_(rate_limits.c.expires_at <= now, rate_limits.c.expires_at > end)
        added = insert(rate_limits).values(key=key, count=amount, expires_at=end)
        counted = added.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "count": sa.case((over, amount), (_most > 2_000_000_000, _most), else_=_most + amount),
                "expires_at": sa.case((over, end), else_=rate_limits.c.expires_at),
            },
        ).returning(_most)
        with self._store.begin() as line:
            count = line.execute(counted).scalar_one()
            self._countings += 1
            if self._countings % _SWEEP == 0:
                line.execute(sa.delete(rate_limits).where(rate_limits.c.expires_at < now))
        return int(count)

    def get(self, key: str) -> int:
        with self._store.reading() as line:
            return int(line.scalar(sa.select(_most).where(rate_limits.c.key == key)) or 0)

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970 by this machine's clock."""
        left = sa.func.extract("epoch", rate_limits.c.expires_at - sa.func.clock_timestamp())
        with self._store.reading() as line:
            return time.time() + float(line.scalar(sa.select(left).where(rate_limits.c.key == key)) or 0.0)

    def check(self) -> bool:
        with self._store.reading() as line:
            return bool(line.scalar(sa.select(sa.literal(True))))

    def reset(self) -> int | None:
        with self._store.begin() as line:
            return line.execute(sa.delete(rate_limits)).rowcount

    def clear(self, key: str) -> None:
        with self._store.begin() as line:
            line.execute(sa.delete(rate_limits).where(rate_limits.c.key == key))


class Limits:
    """What may be done how often, each by its name. Raises `TooMany` beyond that, and nothing else ever."""

    def __init__(self, shared: Storage, rates: Mapping[str, str], ticks: Callable[[], float] = time.monotonic) -> None:
        self._shared, self._ticks = shared, ticks
        self._rates = {name: _read(name, rate) for name, rate in rates.items() if rate}
        self._lock = threading.Lock()
        self._own: Storage | None = None
        self._rests_until = 0.0

    def count(self, what: str, who: str) -> None:
        """Once more. Raises `TooMany`, which says in how many seconds there is room again."""
        waits = [self._wait(rate, rate.key_for(what, who)) for rate in self._rates.get(what, ())]
        if longest := max(waits, default=0):
            raise TooMany(n=longest)

    def _wait(self, rate: RateLimitItem, key: str) -> int:
        """Seconds to wait; 0 for none."""
        if self._ticks() >= self._rests_until:
            try:
                return _taken(self._shared, rate, key)
            except (StorageError, StoreUnreachable):
                self._rests_until = self._ticks() + REST_SECONDS
        with self._lock:
            if self._own is None:
                self._own = MemoryStorage()
            return _taken(self._own, rate, key)


def _read(name: str, rate: str) -> list[RateLimitItem]:
    try:
        return parse_many(rate)
    except ValueError:
        raise SettingsInvalid(problem=f"ASKWELL_LIMIT_{name.upper()}: {rate!r} is not like 60/minute") from None


def _taken(counts: Storage, rate: RateLimitItem, key: str) -> int:
    window = rate.get_expiry()
    count = counts.incr(key, window)
    if 0 < count <= rate.amount:
        return 0
    left = counts.get_expiry(key) - time.time()
    if count > 0 and 0 < left <= window + 1:
        return math.ceil(left)
    # Nothing of ours: nobody waits for ever because of it, and nobody goes free.
    counts.clear(key)
    return 0 if counts.incr(key, window) <= rate.amount else window


def open_limits(store: Store, settings: Settings) -> Limits:
    """The limits of these settings, counted where they say."""
    url = settings.redis_url.get_secret_value()
    if url:
        from core.security.redis_counts import redis_counts

        shared = redis_counts(url)
    else:
        shared = StoreCounts(store)
    rates = {name: str(getattr(settings, f"limit_{name}")) for name in RATES}
    return Limits(shared, rates)


RATES = ("questions", "exports", "uploads", "sign_ins", "api", "wrong_keys")
