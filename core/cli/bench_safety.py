"""`bench safety`: what each wall held, on real servers, and what else is promised about safety, counted.

The attacks and harmless statements are the shared safety material beside the project. A part that this machine cannot
run is named in `not_run` with the reason; everything that must be empty or 0 is summed up in `failures`.
"""

import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from core.connections.session import Limits
from core.errors import AskwellError, InvalidInput
from core.evaluation.arena import ARENA
from core.evaluation.attacked import Attacked
from core.evaluation.both_walls import as_figures, first_wall, harmless, scopes
from core.evaluation.second_wall import BOUND, Attack, Stand, read_attacks, stand
from core.i18n import Phrase
from core.settings import ROOT

BROKE = "broke off: "
MATERIAL = ROOT.parent / "shared" / "safety"
_LIMITS = Limits(seconds=1.0, rows=100, bytes=4_000_000)
_CASES, _SEED, _ROUNDS = 1000, 7, 200
_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql"}
_Figures = dict[str, Any]


def safety() -> Mapping[str, object]:
    """All of it; a quarter of an hour on two cores."""
    figures: _Figures = {"databases": {}, "not_run": {}}
    started = time.monotonic()
    for name, make in ARENA.items():
        part(figures["databases"], figures["not_run"], name, partial(measure_database, name, make))
    for name, measure in _PARTS.items():
        part(figures, figures["not_run"], name, measure)
    figures["memory_megabytes"] = {
        "ours_at_most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "a_child_at_most": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }
    figures["seconds"] = round(time.monotonic() - started)
    figures["failures"] = failures(figures)
    return figures


def part(figures: _Figures, not_run: _Figures, name: str, run: Callable[[], Mapping[str, object]]) -> None:
    """One part; where it cannot be run here, the reason stands in its place."""
    try:
        figures[name] = run()
    except AskwellError as error:
        problem = error.values.get("problem")
        not_run[name] = _said(problem) if isinstance(problem, Phrase) else str(error)
    except Exception as error:  # noqa: BLE001  (the other parts are measured all the same)
        not_run[name] = f"{BROKE}{type(error).__name__}: {error}"[:500]


def _said(phrase: Phrase) -> str:
    from core.i18n import Words

    return Words("en").show(phrase)


def measure_database(name: str, make: Callable[..., Any]) -> _Figures:
    """One database: attacks at the guard, attacks behind it as reader and as owner, harmless statements."""
    if not MATERIAL.is_dir():
        raise InvalidInput(problem=Phrase("terminal.no_safety_material", {"folder": str(MATERIAL)}))
    with tempfile.TemporaryDirectory(prefix="askwell-safety-") as folder:
        own = Path(folder) / name
        own.mkdir()
        with make(own, MATERIAL / "fixtures") as place:
            return _walls(place)


def _walls(place: Attacked) -> _Figures:
    attacks = read_attacks(MATERIAL / "sql_attacks.jsonl", _DIALECTS.get(place.kind, place.kind))
    masked, whole = scopes(place)
    first = first_wall(place, masked, attacks, _LIMITS)
    figures: _Figures = {"server": place.name, "attacks": len(attacks)}
    figures |= as_figures(first, harmless(place, whole, MATERIAL / "sql_benign.jsonl"))
    figures["session"] = {"reader": _stood(stand(place, place.reader, attacks, _LIMITS, 1))}
    if place.owner != place.reader:
        # What burns time burns it for everybody alike.
        lasting = [attack for attack in attacks if attack.expect != BOUND]
        figures["session"]["owner"] = _stood(stand(place, place.owner, lasting, _LIMITS, 1))
    return figures


def _stood(found: Stand) -> _Figures:
    endings = Counter(attempt.ending for attempt in found.attempts)
    return {
        "tried": len(found.attempts),
        "refused": endings["error"],
        "timed_out": endings["timed out"],
        "only_read": endings["rows"],
        "changed_something": found.changes,
        "later_than_a_second_after_the_limit": found.late(_LIMITS.seconds),
        "next_question_failed": found.broken(),
        "slowest_bound_seconds": round(max((a.seconds for a in found.attempts if _bound(a.attack)), default=0.0), 2),
    }


def _bound(attack: Attack) -> bool:
    return attack.expect == BOUND


def _guard() -> Mapping[str, object]:
    from core.cli.bench_guard import guard_figures

    return guard_figures(MATERIAL.parent)


def _policies() -> Mapping[str, object]:
    from core.connections.schema import Dialect
    from core.evaluation.policy_trials import run_trials
    from core.evaluation.scratch import Scratch

    found: _Figures = {}
    with Scratch() as scratch:
        for dialect in Dialect:
            try:
                counts = run_trials(dialect, _CASES, _SEED, scratch)
            except InvalidInput as error:
                found[dialect.value] = {"not_run": str(error)}
                continue
            found[dialect.value] = vars(counts)
    return found


def _strangers() -> Mapping[str, object]:
    from core.cli.scratch_portal import scratch_portal
    from core.cli.strangers import strangers_figures

    with tempfile.TemporaryDirectory(prefix="askwell-safety-") as folder, scratch_portal(Path(folder)) as opened:
        return strangers_figures(opened)


def _kills() -> Mapping[str, object]:
    from core.cli.faults_kills import kill_figures

    return kill_figures(_ROUNDS, _SEED)


_PARTS: Mapping[str, Callable[[], Mapping[str, object]]] = {
    "guard": _guard,
    "policies": _policies,
    "strangers": _strangers,
    "kills": _kills,
}


def failures(figures: _Figures) -> _Figures:
    """What must be 0, summed up over everything that was run."""
    places, kills, policies = figures["databases"].values(), figures.get("kills", {}), figures.get("policies", {})
    stood = [login for place in places for login in place["session"].values()]
    strangers = figures.get("strangers", {})
    corpora = [{"guard": figure} for figure in figures.get("guard", {}).values()]
    return {
        "attacks_let_through": sum(len(place["guard"]["let_through"]) for place in (*places, *corpora)),
        "attacks_that_changed_something": sum(len(login["changed_something"]) for login in stood),
        "attacks_that_ended_late": sum(len(login["later_than_a_second_after_the_limit"]) for login in stood),
        "sessions_broken": sum(len(login["next_question_failed"]) for login in stood),
        "benign_refused": sorted({name for place in places for name in place["benign"]["refused"]}),
        "benign_different": sorted({name for place in places for name in place["benign"]["different"]}),
        "policy_differences": sum(counts.get("differences", 0) for counts in policies.values()),
        "policy_leaks": sum(counts.get("leaks", 0) for counts in policies.values()),
        "strangers_let_through": len(strangers.get("let_through", ())) + len(strangers.get("shown", ())),
        "parts_broken_off": [name for name, why in figures.get("not_run", {}).items() if why.startswith(BROKE)],
        "kills_with_loss": kills.get("lost", 0) + kills.get("halves", 0) if kills else 0,
    }
