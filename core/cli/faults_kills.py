"""`kill -9` in the midst of writing: nothing that was acknowledged may be lost, and nothing may be there by half.

Each round a portal of its own runs in a forked process with writers: questions asked and answered, rows of the trail,
model calls charged. Whatever was acknowledged goes into a file outside. After some milliseconds the process is killed,
in every third round the embedded PostgreSQL with it; the next portal compares the file with what the store holds.
"""

import json
import os
import random
import signal
import sqlite3
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa

from core.answering.events import Answered
from core.answering.question import Question
from core.cli.scratch_portal import own_person, scratch_settings
from core.connections.addresses import NewConnection
from core.errors import StoreUnreachable
from core.models.budgets import StoreLedger
from core.models.listening import Tokens
from core.portal import Portal, open_portal
from core.security.permissions import SYSTEM, Actor
from core.settings import Settings
from core.store.tables import answers, audit, model_calls

_SHORTEST, _LONGEST = 0.005, 0.3  # seconds between the first answer and the kill
_PATIENCE = 60.0  # seconds for a portal to start after a crash
_NOTE = "faults.note"
_TURN, _CHARGE = "turn", "charge"


@dataclass
class _Tally:
    """What the rounds gave. `restart` is in seconds, from the kill to a portal that has looked at its store."""

    survived: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    halves: list[str] = field(default_factory=list)
    restart: list[float] = field(default_factory=list)

    def add(self, found: dict[str, list[str]], acknowledged: list[str], seconds: float) -> None:
        for line in acknowledged:
            kind = line.split()[0]
            self.acknowledged[kind] = self.acknowledged.get(kind, 0) + 1
        self.lost += found["lost"]
        self.halves += found["halves"]
        self.survived += not found["lost"] and not found["halves"]
        self.restart.append(seconds)

    def figures(self, rounds: int) -> dict[str, object]:
        restarts = sorted(self.restart) or [0.0]
        return {
            "rounds": rounds,
            "survived": self.survived,
            "acknowledged": self.acknowledged,
            "lost": len(self.lost),
            "halves": len(self.halves),
            "examples": [*self.lost[:3], *self.halves[:3]],
            "restart_seconds_median": round(restarts[len(restarts) // 2], 2),
            "restart_seconds_worst": round(restarts[-1], 2),
        }


def kill_figures(rounds: int = 200, seed: int = 7) -> dict[str, object]:
    """So many rounds of writing and killing; `lost` and `halves` have to be 0, and `survived` all of them."""
    chance, tally = random.Random(seed), _Tally()  # noqa: S311  (when to kill, not a secret)
    with tempfile.TemporaryDirectory(prefix="askwell-kills-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = scratch_settings(folder, "")
        killed_at = 0.0
        for number in range(rounds + 1):
            last = number == rounds
            child = _fork(partial(_round, settings, folder, number, last))
            verdict = _wait_for(folder / f"verdict-{number}", child)
            if number:
                acknowledged = (folder / f"ledger-{number - 1}").read_text().splitlines()
                tally.add(json.loads(verdict), acknowledged, time.perf_counter() - killed_at)
            if last:
                os.waitpid(child, 0)
                break
            _wait_for(folder / f"ledger-{number}", child, _TURN)
            time.sleep(chance.uniform(_SHORTEST, _LONGEST))
            _kill(child, folder if number % 3 == 2 else None)
            killed_at = time.perf_counter()
    return tally.figures(rounds)


def _fork(work: Callable[[], None]) -> int:
    """The process that does this work, and nothing after it."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        work()
        os._exit(0)
    except Exception:  # noqa: BLE001  (this process has no door above)
        traceback.print_exc()
    finally:
        os._exit(1)


def _wait_for(file: Path, child: int, word: str = "") -> str:
    """What stands in the file, once this word does. Raises `RuntimeError` if the process ends before."""
    patience = time.monotonic() + _PATIENCE
    while time.monotonic() < patience:
        with suppress(FileNotFoundError):
            text = file.read_text()
            if text and word in text:
                return text
        if os.waitpid(child, os.WNOHANG)[0]:
            raise RuntimeError(f"the process of {file.name} ended by itself")
        time.sleep(0.002)
    raise RuntimeError(f"nothing in {file.name} after {_PATIENCE} seconds")


def _kill(child: int, folder: Path | None) -> None:
    """SIGKILL to the portal, and to its PostgreSQL as well where its folder is given."""
    if folder is not None:
        with suppress(FileNotFoundError, ProcessLookupError, IndexError):
            os.kill(int((folder / "portal" / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _round(settings: Settings, folder: Path, number: int, last: bool) -> None:
    """One portal: look at what the one before left, then write until killed."""
    with open_portal(settings) as portal:
        before = folder / f"ledger-{number - 1}"
        found = _compare(portal, before.read_text().splitlines()) if number else {}
        _put(folder / f"verdict-{number}", json.dumps(found))
        if last:
            return
        actor, shop = own_person(portal), _shop(portal, folder)
        ledger = os.open(folder / f"ledger-{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for writes in (partial(_turns, portal, actor, shop), partial(_notes, portal, actor), partial(_charges, portal)):
            threading.Thread(target=_acknowledge, args=(ledger, writes), daemon=True).start()
        time.sleep(_PATIENCE)


def _put(file: Path, text: str) -> None:
    """The whole text at once."""
    scratch = file.with_suffix(".new")
    scratch.write_text(text)
    scratch.rename(file)


def _acknowledge(ledger: int, writes: Callable[[], Iterator[str]]) -> None:
    with suppress(StoreUnreachable):  # killed a moment before this process
        for line in writes():
            os.write(ledger, f"{line}\n".encode())


def _shop(portal: Portal, folder: Path) -> UUID:
    """A small database to ask, made at the first round."""
    found = portal.connections.list(SYSTEM)
    if found:
        return found[0].id
    file = folder / "shop.db"
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, city TEXT, amount REAL)")
        shop.executemany("INSERT INTO orders (city, amount) VALUES (?, ?)", [("Lyon", 3.5), ("Turin", 4.5)] * 20)
    return portal.connections.add(own_person(portal), NewConnection("shop", "sqlite", file=str(file))).id


def _turns(portal: Portal, actor: Actor, shop: UUID) -> Iterator[str]:
    while True:
        for event in portal.answers.ask(actor, Question("how many orders are there?", shop)):
            if isinstance(event, Answered):
                yield f"{_TURN} {event.answer_id}"


def _notes(portal: Portal, actor: Actor) -> Iterator[str]:
    while True:
        mark = uuid4()
        portal.audit.note(actor, _NOTE, mark)
        yield f"note {mark}"


def _charges(portal: Portal) -> Iterator[str]:
    book = StoreLedger(portal.store)
    while True:
        call = book.reserve(SYSTEM, "faults", "write")
        book.settle(call, Tokens(prompt=11, completion=7), Decimal("0.5"))
        yield f"{_CHARGE} {call}"


def _compare(portal: Portal, acknowledged: list[str]) -> dict[str, list[str]]:
    """What was acknowledged and is not there, and what is there by half."""
    with portal.store.begin() as connection:
        turns = {str(row) for row in connection.scalars(sa.select(answers.c.id))}
        noted = set(connection.scalars(sa.select(audit.c.resource).where(audit.c.action == _NOTE)))
        traced = set(connection.scalars(sa.select(audit.c.detail["answer"].astext)))
        settled = sa.select(model_calls.c.id, model_calls.c.completion_tokens).where(model_calls.c.state == "settled")
        charged = {str(call): tokens for call, tokens in connection.execute(settled)}
    there = {_TURN: turns, "note": noted, _CHARGE: set(charged)}
    whole = [line for line in acknowledged if len(line.split()) == 2]
    return {
        "lost": [line for line in whole if line.split()[1] not in there[line.split()[0]]],
        "halves": [
            *(f"an answer without its trace: {turn}" for turn in sorted(turns - traced)),
            *(f"a charge without its tokens: {call}" for call, tokens in charged.items() if not tokens),
        ],
    }
