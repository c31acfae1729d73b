"""Rate limits over PostgreSQL and a real Redis: counted once each, also when Redis is away or full of rubbish."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from limits.storage import Storage
from pydantic import SecretStr

from core.errors import SettingsInvalid, StoreUnreachable, TooMany
from core.security.limits import Limits, StoreCounts, open_limits
from core.security.redis_counts import redis_counts
from core.settings import Settings
from core.store.sessions import Store, open_url
from core.store.tables_keys import rate_limits

RATES = {"questions": "3/minute"}


class RedisServer:
    """A Redis of the test's own, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("no redis-server is installed")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.1):
                return
            time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def say(self, *words: str) -> None:
        """One command, as its own client would send it."""
        told = b"".join(f"${len(word.encode())}\r\n".encode() + word.encode() + b"\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(f"*{len(words)}\r\n".encode() + told)
            assert not line.recv(1000).startswith(b"-"), words


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.kill()


def allowed(limits: Limits, who: str = "ann", tries: int = 5) -> int:
    """How many of some tries in a row pass."""
    passed = 0
    for _ in range(tries):
        with contextlib.suppress(TooMany):
            limits.count("questions", who)
            passed += 1
    return passed


@pytest.fixture(params=["postgresql", "redis"])
def counts(request: pytest.FixtureRequest) -> Storage:
    if request.param == "postgresql":
        return StoreCounts(request.getfixturevalue("store"))
    return redis_counts(request.getfixturevalue("redis").url)


def test_so_many_pass_and_the_next_is_told_when(counts: Storage) -> None:
    limits = Limits(counts, RATES)
    assert allowed(limits) == 3
    with pytest.raises(TooMany) as found:
        limits.count("questions", "ann")
    assert 50 <= found.value.values["n"] <= 60  # type: ignore[operator]
    assert allowed(limits, "bob") == 3


def test_the_window_ends(counts: Storage) -> None:
    limits = Limits(counts, {"questions": "2/second"})
    assert allowed(limits, tries=3) == 2
    time.sleep(1.1)
    assert allowed(limits, tries=3) == 2


def test_counted_together_by_many_at_once(counts: Storage) -> None:
    limits = Limits(counts, {"questions": "10/minute"})
    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(lambda _: allowed(limits, tries=5), range(8)))
    assert passed == 10


def test_what_is_over_is_swept_away(store: Store) -> None:
    counts = StoreCounts(store)
    counts.incr("old", 1)
    with store.begin() as line:
        line.execute(rate_limits.update().values(expires_at=sa.func.now() - timedelta(hours=1)))
    for _ in range(500):
        counts.incr("new", 60)
    with store.begin() as line:
        assert line.execute(sa.select(rate_limits.c.key)).scalars().all() == ["new"]


def test_a_clock_that_jumps_back_locks_nobody_out(store: Store) -> None:
    limits = Limits(StoreCounts(store), RATES)
    assert allowed(limits) == 3
    with store.begin() as line:
        line.execute(rate_limits.update().values(expires_at=sa.func.now() + timedelta(hours=1)))
    assert allowed(limits) == 3


def test_without_redis_this_process_counts_and_nobody_waits(redis: RedisServer) -> None:
    limits = Limits(redis_counts(redis.url), RATES)
    assert allowed(limits, tries=2) == 2
    redis.kill()
    slowest = longest(lambda: allowed(limits, tries=1), 20)
    assert slowest <= 0.3, "seconds that the first question after the end of Redis may cost"
    assert allowed(limits) == 0, "closed, and counted here"
    assert allowed(limits, "bob") == 3


def test_redis_is_used_again_when_it_is_back(redis: RedisServer) -> None:
    now = [0.0]
    limits = Limits(redis_counts(redis.url), RATES, ticks=lambda: now[0])
    redis.kill()
    assert allowed(limits) == 3
    redis.start()
    assert allowed(limits) == 0, "left alone for a while"
    now[0] += 60
    assert allowed(limits) == 3
    other_replica = Limits(redis_counts(redis.url), RATES)
    assert allowed(other_replica) == 0


def test_a_redis_that_takes_calls_and_says_nothing_costs_little() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        limits = Limits(redis_counts(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"), RATES)
        assert longest(lambda: allowed(limits, tries=1), 20) <= 0.3
        assert allowed(limits) == 0


def test_an_emptied_redis_counts_anew(redis: RedisServer) -> None:
    limits = Limits(redis_counts(redis.url), RATES)
    assert allowed(limits) == 3
    redis.say("FLUSHALL")
    assert allowed(limits) == 3


RUBBISH = [
    ("SET", "not a number"),
    ("SET", "999999"),
    ("SET", "-999999"),
    ("SET", "9223372036854775807"),
    ("LPUSH", "a list"),
    ("SADD", "a set"),
    ("SET", "\x80\x04\x95pickled"),
]


@pytest.mark.parametrize(("command", "value"), RUBBISH)
def test_rubbish_under_a_key_neither_frees_nor_locks_out(redis: RedisServer, command: str, value: str) -> None:
    limits = Limits(redis_counts(redis.url), RATES)
    redis.say(command, "askwell:limit:LIMITER/questions/ann/3/1/minute", value)
    assert allowed(limits, tries=8) == 3
    assert allowed(limits) == 0


def test_a_store_that_is_away_leaves_the_counting_to_this_process(server: object) -> None:
    nowhere = open_url("postgresql://nobody@127.0.0.1:1/nothing")
    limits = Limits(StoreCounts(nowhere), RATES)
    with pytest.raises(StoreUnreachable):
        StoreCounts(nowhere).incr("x", 1)
    assert allowed(limits) == 3


def test_the_settings_say_where_and_how_often(store: Store, settings: Settings, redis: RedisServer) -> None:
    given = settings.model_copy(update={"redis_url": SecretStr(redis.url), "limit_questions": "3/minute"})
    assert allowed(open_limits(store, given)) == 3
    with store.begin() as line:
        assert line.execute(sa.select(rate_limits)).all() == []
    assert allowed(open_limits(store, settings.model_copy(update={"limit_questions": ""})), tries=200) == 200
    with pytest.raises(SettingsInvalid, match="ASKWELL_LIMIT_QUESTIONS"):
        open_limits(store, settings.model_copy(update={"limit_questions": "often"}))


def longest(call: Callable[[], object], times: int) -> float:
    """Seconds of the slowest of some calls."""
    slowest = 0.0
    for _ in range(times):
        started = time.perf_counter()
        call()
        slowest = max(slowest, time.perf_counter() - started)
    return slowest
