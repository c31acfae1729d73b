"""`bench people`: what knowing who acts costs on every run of a page, and what a sign-in costs, among many people."""

import time
from collections.abc import Callable, Mapping
from uuid import UUID

from core.cli.scratch_portal import scratch_portal
from core.evaluation.results import percentile
from core.evaluation.scratch import Scratch
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from core.store.tables import people

PEOPLE, GROUPS, IN_GROUPS, ATTRIBUTES = 1000, 50, 10, 5
_ROUNDS, _SIGN_INS = 500, 10
_PASSWORD = "a word that only this bench knows"  # noqa: S105  (of a person that lives for a minute)


def people_bench() -> Mapping[str, object]:
    """Milliseconds of `identify` and of a sign-in, for a person in ten groups with attributes of their own."""
    with Scratch() as scratch, scratch_portal(scratch.folder) as opened:
        person_id = _populate(opened)
        signed = opened.people.sign_in("measured@example.org", _PASSWORD)
        assert signed is not None
        actor = opened.people.identify(signed.token)
        assert actor is not None
        assert actor.id == person_id
        return {
            "people": PEOPLE,
            "groups_of_the_person": len(actor.groups),
            "attributes_of_the_person": len(actor.attributes),
            "identify_ms": _measured(lambda: opened.people.identify(signed.token), _ROUNDS),
            "sign_in_ms": _measured(lambda: opened.people.sign_in("measured@example.org", _PASSWORD), _SIGN_INS),
        }


def _populate(opened: Portal) -> UUID:
    """Many people in many groups, and the one who is measured."""
    person = opened.people.invite(SYSTEM, "measured@example.org", "Measured", Role.ANALYST, _PASSWORD)
    rows = [
        {"email": f"person{n}@example.org", "name": f"Person {n}", "role": "viewer", "password_hash": ""}
        for n in range(PEOPLE)
    ]
    with opened.store.begin() as connection:
        others = list(connection.scalars(people.insert().returning(people.c.id), rows))
    for number in range(GROUPS):
        group = opened.groups.make(SYSTEM, f"Group {number}")
        mine = [person.id] if number < IN_GROUPS else []
        opened.groups.fill(SYSTEM, group, [*others[number::10], *mine])
        opened.groups.describe(SYSTEM, f"attribute_{number % ATTRIBUTES}", [f"value {number}"], group_id=group)
    opened.groups.describe(SYSTEM, "region", ["North", "South"], person_id=person.id)
    return person.id


def _measured(act: Callable[[], object], rounds: int) -> Mapping[str, float]:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    return {
        "best": round(min(taken), 2),
        "p50": round(percentile(taken, 50), 2),
        "p95": round(percentile(taken, 95), 2),
    }
