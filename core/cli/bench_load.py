"""`bench load`: a hundred people at their pages at once, thinking between two moves, on a server of their own.

They arrive two a second at most. Each looks at the Ask page, thinks (20 seconds on average, 30 at most), and then looks
again or asks something. Every frame that reaches a page is searched for the names of the others.
"""

import asyncio
import hashlib
import os
import random
import secrets
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.cli.bench_start import memory_of, running_server
from core.cli.page_lines import Page
from core.clock import utc_now
from core.security.passwords import hashed
from core.store.sessions import Store, open_embedded
from core.store.tables import answers, people, sessions

if TYPE_CHECKING:
    from websockets.asyncio.client import connect

_COOKIE = "askwell_session"
_THINK, _LONGEST_THINK = 20.0, 30.0  # seconds
_ARRIVALS = 2.0  # a second
_BREATH = 5.0  # seconds
_SETTLES = 130.0  # seconds; Streamlit keeps the pages of those who left for two minutes, in case they come back
_ASKS = 0.3  # of all moves
QUESTIONS = (
    "How many orders are there?",
    "How many customers are there per country?",
    "What is the average price of products?",
    "How many stores are there?",
    "有多少订单？",
)


@dataclass
class _Seen:
    """What all of them saw, in seconds."""

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    asked: int = 0
    failed: int = 0
    leaks: int = 0
    own: int = 0
    frames: int = 0


def load_figures(people_count: int = 100, minutes: float = 4.0) -> dict[str, object]:
    """So many people for so many minutes after the last has come; `failed` and `leaks` have to be 0."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="askwell-load-")))
        process, url = ends.enter_context(running_server(folder))
        store = open_embedded(folder / "data")
        ends.callback(store.close)
        crowd = crowd_of(store, people_count)
        before = memory_of(process.pid, folder)
        seen = asyncio.run(_visit(url, crowd, minutes * 60))
        after = memory_of(process.pid, folder)
        with store.begin() as connection:
            kept = connection.scalar(sa.select(sa.func.count()).select_from(answers))
    return {
        "people": people_count,
        "minutes": minutes,
        "think_seconds": _THINK,
        "reruns": len(seen.again),
        "questions": seen.asked,
        "answers_kept": kept,
        "failed": seen.failed,
        "leaks": seen.leaks,
        "saw_their_own_name": seen.own,
        "frames": seen.frames,
        "first_run": spread(seen.first),
        "rerun": spread(seen.again),
        "memory_megabytes_before": before,
        "memory_megabytes_after": after,
        "cores": os.cpu_count(),
    }


def churn_figures(visits: int = 500) -> dict[str, object]:
    """So many people who come, look once and go, every tenth in the midst of a question: what they leave behind."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="askwell-churn-")))
        process, url = ends.enter_context(running_server(folder))
        store = open_embedded(folder / "data")
        ends.callback(store.close)
        crowd = crowd_of(store, 20)
        before, after = (_left_by(visits_now, url, crowd, process.pid) for visits_now in (20, visits))
    return {"visits": visits, "before": before, "after": after}


def _left_by(visits: int, url: str, crowd: list[tuple[str, str]], pid: int) -> dict[str, int]:
    """What the server holds once nobody comes back any more."""
    asyncio.run(_pass_by(url, crowd, visits))
    time.sleep(_SETTLES)
    asyncio.run(_pass_by(url, crowd, 1))  # pages whose time is over are let go as the next one comes
    time.sleep(_BREATH)
    return holds(pid)


def holds(pid: int) -> dict[str, int]:
    """Threads, open files and megabytes of a process. Where the system does not tell (no /proc), nothing."""
    if not Path(f"/proc/{pid}").is_dir():
        return {}
    status = Path(f"/proc/{pid}/status").read_text()
    words = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if ":" in line and line.split()[1:]}
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return {"threads": int(words["Threads"]), "files": files, "resident_megabytes": int(words["VmRSS"]) // 1024}


def stream_of(url: str, token: str) -> "connect":
    """The line that a page of this session has to the server."""
    from websockets.asyncio.client import connect

    address = url.replace("http://", "ws://") + "/_stcore/stream"
    headers = {"Cookie": f"{_COOKIE}={token}"}
    return connect(address, origin=url, additional_headers=headers, max_size=None)  # type: ignore[arg-type]


async def _pass_by(url: str, crowd: list[tuple[str, str]], visits: int) -> None:
    """Four at a time."""
    gate = asyncio.Semaphore(4)

    async def look(number: int) -> None:
        async with gate, stream_of(url, crowd[number % len(crowd)][1]) as line:
            page = Page(line)
            listening = asyncio.ensure_future(page.listen())
            await page.run()
            if number % 10 == 0:
                asking = asyncio.ensure_future(page.run(QUESTIONS[number % len(QUESTIONS)]))
                await asyncio.sleep(0.05)
                asking.cancel()
            page.leave()
            listening.cancel()

    await asyncio.gather(*(look(number) for number in range(visits)))


def spread(seconds: list[float]) -> dict[str, float]:
    """The middle, the slowest of twenty and the slowest, in seconds."""
    ordered = sorted(seconds) or [0.0]
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * q))], 3) for name, q in _QUANTILES}


_QUANTILES = (("p50", 0.5), ("p95", 0.95), ("worst", 1.0))


def crowd_of(store: Store, count: int) -> list[tuple[str, str]]:
    """A name and a session token for each of them."""
    password, now = hashed(secrets.token_urlsafe(16)), utc_now()
    made = []
    with store.begin() as connection:
        for _ in range(count):
            name, token = f"canary-{secrets.token_hex(6)}", secrets.token_urlsafe(32)
            row = {"email": f"{name}@askwell.example", "name": name, "password_hash": password, "role": "viewer"}
            person = connection.scalar(sa.insert(people).values(row).returning(people.c.id))
            session = {
                "person_id": person,
                "token_hash": hashlib.sha256(token.encode()).digest(),
                "expires_at": now + timedelta(hours=4),
            }
            connection.execute(sa.insert(sessions).values(session))
            made.append((name, token))
    return made


async def _visit(url: str, crowd: list[tuple[str, str]], seconds: float) -> _Seen:
    seen, chance = _Seen(), random.Random(11)  # noqa: S311  (when people think, not a secret)
    until = time.monotonic() + len(crowd) / _ARRIVALS + seconds
    waiting = []
    for name, token in crowd:
        waiting.append(asyncio.create_task(_person(url, name, token, until, seen, random.Random(chance.random()))))  # noqa: S311
        await asyncio.sleep(1 / _ARRIVALS)
    await asyncio.gather(*waiting)
    return seen


async def _person(url: str, name: str, token: str, until: float, seen: _Seen, chance: random.Random) -> None:
    async with stream_of(url, token) as line:
        page = Page(line)
        listening = asyncio.ensure_future(page.listen())
        try:
            seen.first.append(await _timed(page, "", seen))
            while time.monotonic() < until:
                await asyncio.sleep(min(chance.expovariate(1 / _THINK), _LONGEST_THINK))
                question = chance.choice(QUESTIONS) if chance.random() < _ASKS else ""
                seen.asked += bool(question)
                seen.again.append(await _timed(page, question, seen))
        finally:
            page.leave()
            listening.cancel()
        seen.failed += page.broken
        seen.frames += page.frames
        seen.own += name.encode() in page.canaries
        seen.leaks += len(page.canaries - {name.encode()})


async def _timed(page: Page, question: str, seen: _Seen) -> float:
    started = time.monotonic()
    try:
        await page.run(question)
    except TimeoutError:
        seen.failed += 1
    return time.monotonic() - started
