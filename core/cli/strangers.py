"""Every method of every face, tried by people whom it must refuse: what `bench safety` counts and the tests prove.

The portal given is filled with a few things of one person, and these are asked for by everybody else. It is meant for
a portal that is thrown away afterwards.
"""

import inspect
import io
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import sqlalchemy as sa

from core.answering.events import Failed
from core.answering.question import Question
from core.connections.addresses import NewConnection
from core.errors import AskwellError, NotAllowed, NotFound
from core.evaluation.runs import Wanted
from core.grounding.inquiry import Inquiry
from core.models.book import NewModel
from core.portal import Portal
from core.security.api_keys import Keys
from core.security.faces import METHODS
from core.security.permissions import PERMISSIONS, SYSTEM, Action, Actor, Role, Scope, may
from core.store.sessions import Store
from core.store.shape import metadata

_PASSWORD = "what strangers cannot guess 7"  # noqa: S105  (of people who exist for one run)
_CSV = b"city,people\nLinden,12\nMoor,30\n"
_SET = '{"id": "1", "db": "towns", "question": "how many towns?", "gold_sql": "SELECT count(*) FROM towns"}'
# Counted and noted while somebody is refused; everything else must stay as it was.
_MAY_CHANGE = frozenset({"audit", "audit_chain", "rate_limits", "sign_in_failures", "sessions"})
_REFUSED = (NotAllowed, NotFound)
_OWN_OR_NOTHING = frozenset({"running.current", "answers.sent"})  # give nothing where another's is asked for
_LISTS = ("answers.history", "connections.list", "keys.list", "sessions.list", "models.spend", "people.me")
_PATIENCE = 30.0  # seconds, for what was started in the background


@dataclass(frozen=True)
class Belongings:
    """What one person has, by the names under which methods ask for it."""

    owner: Actor
    numbers: Mapping[str, Any]

    def among(self, outcome: object) -> bool:
        """Whether any of it can be seen in what came back."""
        seen = repr(outcome)
        return any(str(number) in seen for number in self.numbers.values())


@dataclass(frozen=True)
class Stranger:
    """Somebody who tries. `tries` says of a method's action, and what it asks for, whether they must be refused."""

    name: str
    actor: Callable[[Action], Actor | None]
    tries: Callable[[Action, bool], bool]


@dataclass
class Report:
    """What came of it. `let_through`, `changed` and `shown` name whatever should not have been."""

    tried: int = 0
    refused: int = 0
    noted: int = 0
    by_stranger: dict[str, int] = field(default_factory=dict)
    let_through: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


def strangers_figures(portal: Portal) -> dict[str, Any]:
    """Faces, methods and strangers; how many tries, how many refused and in the trail; what slipped through."""
    things, report = belongings(portal), Report()
    everybody = strangers(portal)
    for stranger in everybody:
        before, noted = fingerprints(portal.store), refusals(portal)
        refused = report.refused
        for name in METHODS:
            attempt(portal, things, stranger, name, report)
        report.by_stranger[stranger.name] = report.refused - refused
        report.noted += refusals(portal) - noted
        after = fingerprints(portal.store)
        report.changed += [f"{stranger.name}: {table}" for table in before if before[table] != after[table]]
        report.shown += shown_to(portal, things, stranger)
    return {
        "faces": len({name.partition(".")[0] for name in METHODS}),
        "methods": len(METHODS),
        "strangers": len(everybody),
        "tried": report.tried,
        "refused": report.refused,
        "noted": report.noted,
        "by_stranger": report.by_stranger,
        "let_through": report.let_through,
        "changed": report.changed,
        "shown": report.shown,
    }


def attempt(portal: Portal, things: Belongings, stranger: Stranger, name: str, report: Report) -> None:
    """One method, if this stranger must not have it."""
    face, _, called = name.partition(".")
    method = getattr(portal if face == "portal" else getattr(portal, face), called)
    action, owned = METHODS[name].action, bool(_asked_for(method) & set(things.numbers))
    if not stranger.tries(action, owned):
        return
    report.tried += 1
    try:
        outcome = begun(method(stranger.actor(action), **arguments(method, things)))
        if name == "running.start":
            outcome = ended(portal, stranger.actor(action), outcome)
    except _REFUSED:
        report.refused += 1
    except AskwellError as error:
        report.let_through.append(f"{stranger.name} {name}: {error.key}")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        report.let_through.append(f"{stranger.name} {name}: {type(error).__name__}: {error}")
    else:
        if outcome is None and name in _OWN_OR_NOTHING:
            report.tried -= 1
        elif isinstance(outcome, Failed) and outcome.message.key in {kind.key for kind in _REFUSED}:
            report.refused += 1
        else:
            report.let_through.append(f"{stranger.name} {name}")


def shown_to(portal: Portal, things: Belongings, stranger: Stranger) -> list[str]:
    """The lists in which somebody without a right to it finds what belongs to the owner."""
    found = []
    for name in _LISTS:
        face, _, called = name.partition(".")
        actor = stranger.actor(METHODS[name].action)
        if may(actor, METHODS[name].action) and actor and actor.role is not Role.ADMIN:
            outcome = getattr(getattr(portal, face), called)(actor)
            found += [f"{stranger.name} {name}"] if things.among(outcome) else []
    return found


def belongings(portal: Portal) -> Belongings:
    """One of everything that belongs to somebody, made by an editor who shares none of it."""
    owner = _someone(portal, Role.EDITOR, "owner")
    place = portal.connections.upload(owner, f"Towns {owner.id}", "towns.csv", io.BytesIO(_CSV))
    question = Question("how many towns?", place.id, uuid4(), sql="SELECT count(*) FROM towns")
    ending = begun(portal.answers.ask(owner, question))
    key = portal.keys.issue(owner, "theirs", [Scope.ASK], portal.clock() + timedelta(days=1))
    signed = portal.people.sign_in(owner.email, _PASSWORD)
    assert signed is not None
    return Belongings(
        owner,
        {
            "connection_id": place.id,
            "conversation_id": question.conversation_id,
            "answer_id": ending.answer_id,
            "run_id": portal.running.start(owner, question),
            "evaluation_id": portal.evaluation.start(owner, place.id, Wanted("theirs", _SET)),
            "verified_id": portal.knowledge.verify(owner, place.id, "how many towns?", str(question.sql)),
            "key_id": key.info.id,
            "session_id": portal.sessions.list(owner)[0].id,
            "person_id": owner.id,
            "question": question,
        },
    )


def strangers(portal: Portal) -> list[Stranger]:
    """Nobody, dead sessions and keys, each role, keys with too small a scope, and other people of good standing."""
    dead = {"nobody": None, "an ended session": _ended_session(portal), "an expired key": _expired_key(portal)}
    boss = _someone(portal, Role.ADMIN, "boss")
    scoped = {scope: _by_key(portal, boss, scope) for scope in Scope}

    def small_key(action: Action) -> Actor | None:
        return next((actor for scope, actor in scoped.items() if scope not in PERMISSIONS[action].scopes), None)

    def of_role(role: Role) -> Stranger:
        actor = _someone(portal, role, role.value)
        return Stranger(f"{role.value} beyond their role", lambda _: actor, lambda action, _: not may(actor, action))

    another, other_boss = _someone(portal, Role.EDITOR, "another"), _someone(portal, Role.ADMIN, "other-boss")
    personal = {Action.READ_HISTORY, Action.CHANGE_HISTORY, Action.RATE, Action.EXPORT}
    return [
        *(Stranger(name, lambda _, actor=actor: actor, lambda *_: True) for name, actor in dead.items()),  # type: ignore[misc]
        *(of_role(role) for role in Role if role is not Role.ADMIN),
        Stranger("a key with too small a scope", small_key, lambda action, _: small_key(action) is not None),
        Stranger("another person", lambda _: another, lambda action, owned: owned and PERMISSIONS[action].own),
        Stranger("another administrator", lambda _: other_boss, lambda action, owned: owned and action in personal),
    ]


def arguments(method: Callable[..., Any], things: Belongings) -> dict[str, Any]:
    """Something of the right kind for every parameter that must be given, and the owner's things wherever asked for."""
    hints = get_type_hints(inspect.unwrap(method))
    given: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(method).parameters.items())[1:]:
        if name in things.numbers and (hints[name] is not str):
            given[name] = things.numbers[name]
        elif parameter.default is parameter.empty:
            given[name] = _example(hints[name], things)
    return given


def _example(kind: Any, things: Belongings) -> Any:
    examples: dict[Any, Any] = {
        str: "x",
        int: 1,
        int | None: 1,
        bool: True,
        UUID: uuid4(),
        datetime: datetime.max,
        Role: Role.VIEWER,
        Question: things.numbers["question"],
        NewConnection: NewConnection("x", "sqlite", file="/x"),
        NewModel: NewModel("x", "openai", "", "x"),
        Inquiry: Inquiry("x", "en", datetime.min),
    }
    return examples.get(kind, SimpleNamespace(id=things.numbers["connection_id"], name="x", table="x", subject="x"))


def _asked_for(method: Callable[..., Any]) -> set[str]:
    """The names under which a method takes what belongs to somebody: none for those that take it in hand already."""
    hints = get_type_hints(inspect.unwrap(method))
    return {name for name in inspect.signature(method).parameters if hints.get(name) is not str}


def begun(outcome: Any) -> Any:
    """What was only handed out, followed to its end: a stream's last event, a context entered."""
    if inspect.isgenerator(outcome):
        return deque(outcome, maxlen=1).pop()
    if isinstance(outcome, AbstractContextManager):
        with outcome as entered:
            return entered
    return outcome


def ended(portal: Portal, actor: Actor | None, run_id: UUID) -> Any:
    """How a question in the background ended."""
    until = time.monotonic() + _PATIENCE
    while (run := portal.running.watch(actor, run_id)).finished is None and time.monotonic() < until:
        time.sleep(0.01)
    return run.card.ending


def fingerprints(store: Store) -> dict[str, str]:
    """A digest of every table's rows."""
    return dict(_digests(store))


def _digests(store: Store) -> Iterator[tuple[str, str]]:
    with store.begin() as line:
        for table in metadata.sorted_tables:
            if table.name in _MAY_CHANGE:
                continue
            row = sa.func.md5(sa.cast(table.table_valued(), sa.Text))
            every = sa.func.md5(sa.func.string_agg(row, sa.literal("").op("ORDER BY")(row)))
            yield table.name, str(line.scalar(sa.select(every).select_from(table)))


def refusals(portal: Portal) -> int:
    """How many refusals the trail tells of."""
    portal.refusals.flush()
    audit = metadata.tables["audit"]
    times = sa.func.coalesce(sa.cast(audit.c.detail["times"].astext, sa.Integer), 1)
    with portal.store.begin() as line:
        return int(line.scalar(sa.select(sa.func.sum(times)).where(audit.c.allowed.is_(False))) or 0)


def _someone(portal: Portal, role: Role, name: str) -> Actor:
    email = f"{name}-{uuid4().hex[:8]}@example.org"
    person = portal.people.invite(SYSTEM, email, f"{name.title()} {email[-20:-12]}", role, _PASSWORD)
    actor = portal.people.actor(person.id)
    assert actor is not None
    return actor


def _ended_session(portal: Portal) -> Actor | None:
    actor = _someone(portal, Role.ADMIN, "gone")
    signed = portal.people.sign_in(actor.email, _PASSWORD)
    assert signed is not None
    portal.people.sign_out(signed.token)
    return portal.people.identify(signed.token)


def _expired_key(portal: Portal) -> Actor | None:
    actor = _someone(portal, Role.ADMIN, "late")
    made = portal.keys.issue(actor, "short", list(Scope), portal.clock() + timedelta(minutes=1))
    later = Keys(
        portal.store, portal.audit, portal.people, portal.settings, lambda: portal.clock() + timedelta(minutes=1)
    )
    holder = later.identify(made.key)
    return holder.actor if holder else None


def _by_key(portal: Portal, actor: Actor, scope: Scope) -> Actor:
    made = portal.keys.issue(actor, scope, [scope], portal.clock() + timedelta(days=1))
    holder = portal.keys.identify(made.key)
    assert holder is not None
    return holder.actor
