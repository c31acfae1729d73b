"""A long run of few people with faults among it: `python -m core.cli.bench_soak --minutes 120`.

Thirty people look, think and ask as in `bench load`, some of what they ask goes to a model. In one of a hundred moves
something breaks: a page's line is torn, every line to the portal's database is cut, the database stands still or is
killed; and of a hundred calls the model answers one each with 429, 500, nonsense and half a stream. What fails within
some seconds of a fault is counted apart from what fails for no reason, of which there has to be none.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from core.cli.bench_load import QUESTIONS, crowd_of, holds, spread, stream_of
from core.cli.bench_start import running_server
from core.cli.page_lines import Page
from core.evaluation.quick_model import NAME, ModelFault, quick_model
from core.store.sessions import Store, open_embedded
from core.store.tables import answers, audit

_THINK, _LONGEST_THINK = 20.0, 30.0  # seconds
_FAULTS = 0.01  # of all moves, and of all calls of the model
_AFTERMATH = 30.0  # seconds within which a fault of the database explains what fails
_STANDS_STILL = 3.0  # seconds
_EVERY = 10.0  # seconds between two looks at the memory
_ASKS = 0.3  # of all moves
_FOR_A_MODEL = ("Which products would a sailor like?", "Tell me something odd about our orders.")
_SQL = "```sql\nSELECT count(*) AS n FROM orders\n```"
_CUT_LINES = sa.text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
)


class _ModelFaults:
    """How each call of the model fails, if it does."""

    def __init__(self) -> None:
        self.calls = 0
        self.seen: Counter[str] = Counter()
        self._chance = random.Random(5)  # noqa: S311  (which call fails, not a secret)

    def __call__(self) -> ModelFault | None:
        self.calls += 1
        drawn = self._chance.random()
        fault = list(ModelFault)[int(drawn / _FAULTS)] if drawn < _FAULTS * len(ModelFault) else None
        self.seen.update([fault] if fault else [])
        return fault


@dataclass
class _Soak:
    """What was done to the portal, and what the people saw."""

    store: Store
    folder: Path
    faults: Counter[str] = field(default_factory=Counter)
    last_fault: float = float("-inf")
    moves: list[float] = field(default_factory=list)
    asked: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: Counter[str] = field(default_factory=Counter)
    leaks: int = 0

    def failed(self, how: str, began: float) -> None:
        """Something failed for somebody who began to wait at this moment."""
        (self.explained if began - self.last_fault < _AFTERMATH else self.unexplained)[how] += 1

    async def breaks(self, chance: random.Random) -> None:
        """One fault of the database."""
        kind = chance.choice(("lines_cut", "database_stands_still", "database_killed"))
        self.faults[kind] += 1
        self.last_fault = time.monotonic()
        if kind == "lines_cut":
            with contextlib.suppress(sa.exc.DBAPIError):
                await asyncio.to_thread(_cut, self.store)
            return
        with contextlib.suppress(OSError, ValueError, IndexError):
            server = int((self.folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
            if kind == "database_killed":
                os.kill(server, signal.SIGKILL)
                return
            family = [server, *_children(server)]
            _to_all(family, signal.SIGSTOP)
            try:
                await asyncio.sleep(_STANDS_STILL)
            finally:
                _to_all(family, signal.SIGCONT)
        self.last_fault = time.monotonic()


def _cut(store: Store) -> None:
    with store.engine.connect() as connection:
        connection.execute(_CUT_LINES)


def soak_figures(people_count: int = 30, minutes: float = 120.0) -> dict[str, object]:
    """So many people for so many minutes; `unexplained` and `leaks` have to be empty or 0, the slope about 0."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="askwell-soak-")))
        faults = _ModelFaults()
        model = ends.enter_context(quick_model(lambda _: _SQL, faults))
        told = {"ASKWELL_MODEL_URL": model, "ASKWELL_MODEL_NAME": NAME, "ASKWELL_MODEL_KEY": "of-the-soak"}
        process, url = ends.enter_context(running_server(folder, told))
        store = open_embedded(folder / "data")
        ends.callback(store.close)
        soak, memory = _Soak(store, folder), list[tuple[float, int]]()
        before = holds(process.pid)
        asyncio.run(_all(soak, url, crowd_of(store, people_count), minutes * 60, process.pid, memory))
        after = holds(process.pid)
        with store.begin() as connection:
            kept = connection.scalar(sa.select(sa.func.count()).select_from(answers))
            trailed = connection.scalar(sa.select(sa.func.count()).select_from(audit))
    late = memory[len(memory) // 2 :]
    return {
        "people": people_count,
        "minutes": minutes,
        "moves": len(soak.moves),
        "questions": soak.asked,
        "answers_kept": kept,
        "rows_in_the_trail": trailed,
        "faults": dict(soak.faults),
        "faults_of_the_model": dict(faults.seen),
        "calls_of_the_model": faults.calls,
        "failed_in_a_fault": dict(soak.explained),
        "unexplained": dict(soak.unexplained),
        "leaks": soak.leaks,
        "move": spread(soak.moves),
        "before": before,
        "after": after,
        "megabytes_a_minute_in_the_later_half": _slope(late),
    }


async def _all(
    soak: _Soak, url: str, crowd: list[tuple[str, str]], seconds: float, pid: int, memory: list[tuple[float, int]]
) -> None:
    chance = random.Random(17)  # noqa: S311  (when people think, not a secret)
    until = time.monotonic() + seconds

    async def weigh() -> None:
        while True:
            memory.append((time.monotonic(), holds(pid).get("resident_megabytes", 0)))
            await asyncio.sleep(_EVERY)

    weighing = asyncio.create_task(weigh())
    people = []
    for name, token in crowd:
        people.append(asyncio.create_task(_person(soak, url, name, token, until, random.Random(chance.random()))))  # noqa: S311
        await asyncio.sleep(1)
    await asyncio.gather(*people)
    weighing.cancel()


async def _person(soak: _Soak, url: str, name: str, token: str, until: float, chance: random.Random) -> None:
    """Page after page: a torn line, or one that the server closed, is followed by a new one."""
    from websockets.exceptions import ConnectionClosed

    while time.monotonic() < until:
        try:
            async with stream_of(url, token) as line:
                page = Page(line)
                listening = asyncio.ensure_future(page.listen())
                try:
                    await _at_one_page(soak, page, until, chance)
                finally:
                    page.leave()
                    listening.cancel()
                    soak.leaks += len(page.canaries - {name.encode()})
        except (ConnectionClosed, OSError) as error:
            soak.failed(type(error).__name__, time.monotonic())
            await asyncio.sleep(1)


async def _at_one_page(soak: _Soak, page: Page, until: float, chance: random.Random) -> None:
    """Look, think and ask, until the time is over or this page's line is torn."""
    await _move(soak, page, "")
    while time.monotonic() < until:
        await asyncio.sleep(min(chance.expovariate(1 / _THINK), _LONGEST_THINK))
        question = chance.choice((*QUESTIONS, *_FOR_A_MODEL)) if chance.random() < _ASKS else ""
        soak.asked += bool(question)
        if chance.random() >= _FAULTS:
            await _move(soak, page, question)
        elif chance.random() < 0.25:
            soak.faults["page_torn"] += 1
            moving = asyncio.ensure_future(page.run(question))
            await asyncio.sleep(0.05)
            moving.cancel()
            return
        else:
            await asyncio.gather(soak.breaks(chance), _move(soak, page, question))


async def _move(soak: _Soak, page: Page, question: str) -> None:
    began, broken = time.monotonic(), page.broken
    try:
        await page.run(question)
    except TimeoutError:
        soak.failed("no_end", began)
    if page.broken > broken:
        soak.failed("broken_page", began)
    soak.moves.append(time.monotonic() - began)


def _children(server: int) -> list[int]:
    """The processes of a PostgreSQL server. Where the system does not tell (no /proc), none."""
    path = Path(f"/proc/{server}/task/{server}/children")
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def _to_all(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def _slope(points: list[tuple[float, int]]) -> float:
    """Megabytes a minute, by least squares."""
    if len(points) < 2:
        return 0.0
    middle = sum(at for at, _ in points) / len(points)
    level = sum(size for _, size in points) / len(points)
    spread_of_time = sum((at - middle) ** 2 for at, _ in points)
    return round(60 * sum((at - middle) * (size - level) for at, size in points) / spread_of_time, 3)


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("--minutes", type=float, default=120.0)
    given.add_argument("--people", type=int, default=30)
    wanted = given.parse_args()
    print(json.dumps(soak_figures(wanted.people, wanted.minutes)))
