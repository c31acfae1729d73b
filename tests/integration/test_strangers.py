"""Whoever may not is refused by every method of every face; nothing is changed by it, and the trail says so."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from core.cli.strangers import Report, Stranger, attempt, belongings, fingerprints, shown_to, strangers_figures
from core.errors import NotAllowed, NotFound, StoreUnreachable
from core.portal import Portal
from core.security.audit import Audit
from core.security.faces import METHODS
from core.security.permissions import PERMISSIONS, Role, may
from core.security.refusals import Refusals
from tests.conftest import someone


def test_every_stranger_is_refused_everywhere_and_the_trail_knows(portal: Portal) -> None:
    figures = strangers_figures(portal)
    assert figures["let_through"] == []
    assert figures["changed"] == []
    assert figures["shown"] == []
    assert figures["refused"] == figures["tried"] == figures["noted"]
    assert figures["methods"] == len(METHODS)
    everywhere = ("nobody", "an ended session", "an expired key")
    assert {figures["by_stranger"][name] for name in everywhere} == {len(METHODS)}
    for name in ("another person", "another administrator", "viewer beyond their role", "a key with too small a scope"):
        assert figures["by_stranger"][name] > 0, name


def test_the_trial_would_notice_an_open_door(portal: Portal) -> None:
    """The owner at their own door is let through, changes things, and finds them in lists: all of it is reported."""
    things, report = belongings(portal), Report()
    impostor = Stranger("the owner", lambda _: things.owner, lambda *_: True)
    before = fingerprints(portal.store)
    for name in ("answers.change", "connections.share", "keys.revoke", "answers.ask", "running.start"):
        attempt(portal, things, impostor, name, report)
    assert len(report.let_through) == 5
    assert report.refused == 0
    assert fingerprints(portal.store) != before
    assert {name.split()[-1] for name in shown_to(portal, things, impostor)} >= {"answers.history", "keys.list"}


def test_a_thing_of_anothers_and_a_thing_that_is_not_look_the_same(portal: Portal) -> None:
    things, ann = belongings(portal), someone(portal, Role.EDITOR, "Ann")
    calls: list[tuple[Callable[..., Any], str, dict[str, Any]]] = [
        (portal.answers.open, "conversation_id", {}),
        (portal.answers.rows, "answer_id", {}),
        (portal.answers.export, "answer_id", {"kind": "csv"}),
        (portal.connections.open, "connection_id", {}),
        (portal.connections.remove, "connection_id", {}),
        (portal.keys.revoke, "key_id", {}),
        (portal.sessions.end, "session_id", {}),
        (portal.running.watch, "run_id", {}),
        (portal.knowledge.forget, "verified_id", {}),
    ]
    for call, name, more in calls:
        told = []
        for number in (things.numbers[name], uuid4()):
            with pytest.raises((NotFound, NotAllowed)) as found:
                call(ann, **{name: number}, **more)
            told.append((type(found.value), found.value.key, found.value.detail.replace(str(number), "")))
        assert told[0] == told[1], name


class AuditAway(Audit):
    """A trail whose database does not answer."""

    def __init__(self) -> None:
        self.tried = 0

    def note(self, *_: object, **__: object) -> None:
        self.tried += 1
        raise StoreUnreachable


def test_a_refusal_stays_a_refusal_when_it_cannot_be_written(caplog: pytest.LogCaptureFixture) -> None:
    away = AuditAway()
    Refusals(away).note(None, "answers.ask")
    assert away.tried == 1
    assert "answers.ask could not be written" in caplog.text


@pytest.mark.parametrize("role", list(Role))
def test_an_action_of_the_table_is_allowed_from_its_role_upwards(portal: Portal, role: Role) -> None:
    ann, ranks = someone(portal, role, "Ann"), list(Role)
    for action, permission in PERMISSIONS.items():
        assert may(ann, action) == (ranks.index(role) >= ranks.index(permission.role)), action
