"""API keys over a real store: shown once, scoped, ending, dead with their person; and the door that counts."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
import sqlalchemy as sa

from core.answering.question import Question
from core.errors import InvalidInput, NotAllowed, NotFound, TooMany
from core.portal import Portal, wire
from core.security.api_keys import KeyHolder, Keys
from core.security.audit import AuditRow
from core.security.permissions import PERMISSIONS, SYSTEM, Action, Role, Scope, may
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables_keys import api_keys
from tests.conftest import NOW, someone

SOON = NOW + timedelta(days=30)


def refused(portal: Portal) -> list[AuditRow]:
    portal.refusals.flush()
    return [row for row in portal.audit.list(SYSTEM) if not row.allowed]


def holder(portal: Portal, key: str) -> KeyHolder:
    found = portal.keys.identify(key)
    assert found is not None
    return found


def test_a_key_acts_for_its_person_within_its_scopes(portal: Portal) -> None:
    ann = someone(portal, Role.ANALYST, "Ann")
    made = portal.keys.issue(ann, "report", ["ask"], SOON)
    actor = holder(portal, made.key).actor
    assert (actor.id, actor.role, actor.scopes) == (ann.id, Role.ANALYST, frozenset({"ask"}))
    assert may(actor, Action.ASK)
    assert not may(actor, Action.DESCRIBE)
    assert not may(actor, Action.CHANGE_SELF)
    with pytest.raises(NotAllowed):
        portal.answers.history(actor)


def test_a_key_is_stored_as_a_hash_and_shown_once(portal: Portal) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    made = portal.keys.issue(ann, "report", ["ask"], SOON)
    secret = made.key.rpartition("_")[2]
    with portal.store.begin() as line:
        kept = line.execute(sa.select(sa.cast(api_keys.table_valued(), sa.Text))).scalars().all()
        trail = line.execute(sa.text("SELECT string_agg(audit::text, '') FROM audit")).scalar()
    assert secret not in str(kept) + str(trail) + repr(made) + repr(portal.keys.list(ann))
    assert made.key.startswith(portal.keys.list(ann)[0].prefix)


@pytest.mark.parametrize("wrong", ["", "x", "askwell_", "askwell_aaaaaaaaaaaa_" + "0" * 64, "\ud800", "Bearer"])
def test_what_is_no_key_opens_nothing(portal: Portal, wrong: str) -> None:
    assert portal.keys.identify(wrong) is None


def test_another_secret_under_a_known_beginning_opens_nothing(portal: Portal) -> None:
    made = portal.keys.issue(someone(portal, Role.VIEWER, "Ann"), "report", ["ask"], SOON)
    assert portal.keys.identify(made.key[:-1] + ("0" if made.key[-1] != "0" else "1")) is None
    assert portal.keys.identify(made.key + "0") is None


def test_a_key_ends_with_its_time_its_revoking_and_its_person(portal: Portal, store: Store, settings: Settings) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    short, revoked, orphan = (portal.keys.issue(ann, name, ["ask"], SOON) for name in ("a", "b", "c"))
    later = Keys(store, portal.audit, portal.people, settings, lambda: SOON)
    assert later.identify(short.key) is None
    portal.keys.revoke(ann, revoked.info.id)
    assert portal.keys.identify(revoked.key) is None
    assert portal.keys.identify(orphan.key) is not None
    portal.people.change(SYSTEM, ann.id, disabled=True)
    assert portal.keys.identify(orphan.key) is None
    portal.people.change(SYSTEM, ann.id, disabled=False)
    assert portal.keys.identify(orphan.key) is None, "a key does not come back to life with its person"


def test_a_key_follows_its_persons_role(portal: Portal) -> None:
    ann = someone(portal, Role.EDITOR, "Ann")
    made = portal.keys.issue(ann, "report", list(Scope), SOON)
    assert may(holder(portal, made.key).actor, Action.ADD_CONNECTION)
    portal.people.change(SYSTEM, ann.id, role=Role.VIEWER)
    assert not may(holder(portal, made.key).actor, Action.ADD_CONNECTION)


def test_the_last_use_is_written_once_a_minute(portal: Portal, store: Store, settings: Settings) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    made = portal.keys.issue(ann, "report", ["ask"], SOON)
    assert portal.keys.list(ann)[0].used_at is None
    for seconds, seen in ((0, 0), (59, 0), (60, 60), (90, 60)):
        at = NOW + timedelta(seconds=seconds)
        clock = partial(max, at, at)
        assert Keys(store, portal.audit, portal.people, settings, clock).identify(made.key)
        assert portal.keys.list(ann)[0].used_at == NOW + timedelta(seconds=seen)


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [(" ", ["ask"], 1), ("x", [], 1), ("x", ["everything"], 1), ("x", ["ask"], 0), ("x", ["ask"], 400)],
)
def test_a_key_needs_a_name_a_scope_and_an_end(portal: Portal, name: str, scopes: list[str], days: int) -> None:
    with pytest.raises(InvalidInput):
        portal.keys.issue(someone(portal, Role.VIEWER, "Ann"), name, scopes, NOW + timedelta(days=days))


def test_others_keys_do_not_exist_but_for_administrators(portal: Portal) -> None:
    ann, bob = someone(portal, Role.VIEWER, "Ann"), someone(portal, Role.EDITOR, "Bob")
    made = portal.keys.issue(ann, "report", ["ask"], SOON)
    assert portal.keys.list(bob) == []
    with pytest.raises(NotFound):
        portal.keys.revoke(bob, made.info.id)
    with pytest.raises(NotAllowed):
        portal.keys.everyones(bob)
    assert portal.keys.identify(made.key) is not None
    assert [(row.actor, row.action, row.resource) for row in refused(portal)] == [
        ("Bob", "keys.list", ""),
        ("Bob", "keys.own", str(made.info.id)),
    ]
    boss = portal.people.first_admin()
    assert [info.person for info in portal.keys.everyones(boss)] == ["Ann"]
    portal.keys.revoke(boss, made.info.id)
    assert portal.keys.identify(made.key) is None


def test_a_key_makes_no_keys(portal: Portal) -> None:
    boss = portal.people.first_admin()
    made = portal.keys.issue(boss, "report", list(Scope), SOON)
    actor = holder(portal, made.key).actor
    for call in (portal.keys.list, portal.keys.everyones, portal.people.list, portal.audit.list, portal.health):
        with pytest.raises(NotAllowed):
            call(actor)
    assert {action for action, permission in PERMISSIONS.items() if not permission.scopes} == {
        action for action in Action if not may(actor, action)
    }


def test_what_is_not_there_is_no_refusal(portal: Portal) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    with pytest.raises(NotFound):
        portal.answers.open(ann, uuid4())
    assert refused(portal) == []


def test_the_same_refusal_over_and_over_is_counted_in_one_row(portal: Portal) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    for _ in range(5):
        with pytest.raises(NotAllowed):
            portal.people.list(ann)
    rows = refused(portal)
    assert [row.action for row in rows] == ["people.list", "people.list"]
    assert sorted(row.detail["times"] for row in rows) == [1, 4]


def test_questions_beyond_the_limit_are_refused_with_when_to_try_again(store: Store, settings: Settings) -> None:
    few = wire(store, settings.model_copy(update={"limit_questions": "2/minute"}), clock=lambda: NOW)
    ann, bob = someone(few, Role.VIEWER, "Ann"), someone(few, Role.VIEWER, "Bob")
    for _ in range(2):
        next(few.answers.ask(ann, Question("how many?")))
    with pytest.raises(TooMany) as found:
        few.answers.ask(ann, Question("how many?"))
    assert 0 < int(str(found.value.values["n"])) <= 60
    next(few.answers.ask(bob, Question("how many?")))
    few.close()


def test_a_question_in_the_background_is_counted_once(store: Store, settings: Settings) -> None:
    few = wire(store, settings.model_copy(update={"limit_questions": "2/minute"}), clock=lambda: NOW)
    ann = someone(few, Role.VIEWER, "Ann")
    for _ in range(2):
        few.running.start(ann, Question("how many?"))
    with pytest.raises(TooMany):
        few.running.start(ann, Question("how many?"))
    few.close()
