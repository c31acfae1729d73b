"""Counts in Redis, for several replicas. Loaded only where one is given.

It is asked with little patience and no second try: a limit may cost a question a tenth of a second, not more.
"""

from limits.storage import RedisStorage, Storage
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

_PATIENCE = 0.1  # seconds to connect, and seconds for an answer


class RedisCounts(RedisStorage):
    """Throws away what is no count, whoever wrote it under our key."""

    STORAGE_SCHEME = []  # noqa: RUF012  (opened here, never by an address's scheme)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        try:
            return super().incr(key, expiry, amount)
        except ResponseError:
            self.clear(key)
            return super().incr(key, expiry, amount)


def redis_counts(url: str) -> Storage:
    """Counts at this address; it is not reached before something is counted."""
    return RedisCounts(
        url,
        key_prefix="askwell:limit",
        wrap_exceptions=True,
        socket_connect_timeout=_PATIENCE,
        socket_timeout=_PATIENCE,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
        driver_info=None,  # type: ignore[arg-type]
        protocol=2,
    )
