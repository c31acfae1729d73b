"""The second wall alone: attacks go past the guard, straight into a session, and nothing may come of them."""

import json
import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.connections.engines import ENGINES
from core.connections.runner import watched
from core.connections.session import Limits, Target
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut
from core.evaluation.attacked import Attacked

BOUND = "reject_or_bound"
_SPARE = 1.0  # seconds beyond its limit in which a statement must have ended
_FILE = re.compile(r"/(?:tmp|var|home|root)/[\w./-]+")
_BETWEEN = 25  # attacks between two looks at the state, where nobody asks for each


@dataclass(frozen=True)
class Attack:
    """One statement of the corpus, for one dialect or any."""

    id: str
    dialect: str
    expect: str
    sql: str


@dataclass(frozen=True)
class Attempt:
    """How one attack ended: "rows", "error", "timed out" or "nobody could connect". `canary`: a secret was among the
    rows. `lives`: the next question was answered."""

    attack: Attack
    ending: str
    seconds: float
    canary: bool = False
    lives: bool = True


@dataclass(frozen=True)
class Stand:
    """How the second wall stood: every attempt, and what was found changed after which attacks."""

    attempts: Sequence[Attempt]
    changes: Sequence[str]

    def late(self, seconds: float) -> list[str]:
        """Attacks that took longer than they may, with the seconds they took."""
        return [f"{a.attack.id}: {a.seconds:.1f} s" for a in self.attempts if a.seconds > seconds + _SPARE]

    def broken(self) -> list[str]:
        """Attacks after which the next question was not answered."""
        return [a.attack.id for a in self.attempts if not a.lives or a.ending == "nobody could connect"]


def read_attacks(corpus: Path, dialect: str) -> list[Attack]:
    """The corpus' attacks on this dialect."""
    entries = map(json.loads, corpus.read_text(encoding="utf-8").splitlines())
    return [
        Attack(entry["id"], entry["dialect"], entry["expect"], entry["sql"])
        for entry in entries
        if entry["dialect"] in (dialect, "any")
    ]


def stand(place: Attacked, target: Target, attacks: Iterable[Attack], limits: Limits, between: int = _BETWEEN) -> Stand:
    """Try all attacks as this login; after every `between` of them, and at the end, look at what has changed."""
    attempts: list[Attempt] = []
    changes: list[str] = []
    attacks = list(attacks)
    files = {file for attack in attacks for file in _FILE.findall(attack.sql) if not os.path.exists(file)}
    before = place.state()
    for start in range(0, len(attacks), between):
        some = attacks[start : start + between]
        attempts += [_attempt(place, target, attack, limits) for attack in some]
        after = place.state()
        if differing := [name for name in after if after[name] != before.get(name)]:
            changes.append(f"{some[0].id} to {some[-1].id}: {', '.join(differing)}")
        before = after
    changes += [f"there is a file now: {file}" for file in files if os.path.exists(file)]
    return Stand(attempts, changes)


def _attempt(place: Attacked, target: Target, attack: Attack, limits: Limits) -> Attempt:
    engine, ending, canary, started = ENGINES[place.kind], "rows", False, time.monotonic()
    seconds = 0.0
    try:
        with closing(engine.open(target, limits)) as session:
            started = time.monotonic()
            try:
                with watched(session):
                    found = session.read(attack.sql)
                canary = any("CANARY" in cell for row in found.rows for cell in row if isinstance(cell, str))
            finally:
                seconds = time.monotonic() - started
    except QueryTimedOut:
        ending = "timed out"
    except QueryFailed:
        ending = "error"
    except ConnectionFailed:
        ending = "nobody could connect"
    lives = attack.expect != BOUND or _answers(place, target, limits)
    return Attempt(attack, ending, seconds, canary, lives)


def _answers(place: Attacked, target: Target, limits: Limits) -> bool:
    """Whether the next question is answered."""
    try:
        with closing(ENGINES[place.kind].open(target, limits)) as session, watched(session):
            return session.read("SELECT 1").rows == ((1,),)
    except (QueryFailed, ConnectionFailed):
        return False
