"""A person who is forgotten leaves nothing that leads back to them, and a trail that still verifies."""

import time
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from core.answering.card import Card
from core.answering.events import Failed
from core.answering.history import History, Kept
from core.i18n import Phrase
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from core.store.sessions import Store
from core.store.tables import audit
from core.worker import Worker
from tests.conftest import PASSWORD, audit_over, someone


def test_a_forgotten_person_is_nowhere_in_the_store(portal: Portal, store: Store) -> None:
    zelda, boss = someone(portal, Role.ANALYST, "Zelda"), someone(portal, Role.ADMIN, "Boss")
    assert portal.people.sign_in("zelda@example.org", "a wrong password") is None
    assert portal.people.sign_in("zelda@example.org", PASSWORD) is not None
    question = Card("what does canary-4471 earn?", ending=Failed(Phrase("errors.stopped"), retry=True))
    kept = Kept(uuid4(), uuid4(), None, question, 0.1)
    History(store).keep(
        zelda, kept, lambda line: portal.audit.note_within(line, zelda, "answers.ask", question=question.question)
    )
    portal.people.change(boss, zelda.id, role=Role.VIEWER)
    rows = len(portal.audit.list(SYSTEM, limit=1000))
    portal.people.erase(boss, zelda.id)
    with psycopg.connect(store.url) as line:
        tables = line.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        everything = "".join(str(line.execute(f'SELECT * FROM "{name}"').fetchall()) for (name,) in tables)
    assert "canary-4471" not in everything
    assert "zelda" not in everything.lower().replace(f"erased-{zelda.id}", "")
    verdict = portal.audit.verify(SYSTEM)
    assert (verdict.ok, verdict.rows) == (True, rows + 1)
    assert verdict.erased >= 4
    newest = portal.audit.list(SYSTEM, limit=1)[0]
    assert (newest.action, newest.actor, newest.resource) == ("people.erase", "Boss", "")
    assert any(row.actor == "Boss" and row.action == "people.change" for row in portal.audit.list(SYSTEM))


def test_rows_older_than_the_setting_go_and_that_is_noted(store: Store) -> None:
    with store.begin() as connection:
        for days in (50, 40, 31, 29, 1):
            at = sa.func.now() - timedelta(days=days)
            connection.execute(audit.insert().values(at=at, actor="Ann", action="people.sign_in"))
    trail = audit_over(store)
    trail.begin()
    assert trail.let_go(30) == 3
    assert trail.let_go(30) == 0
    rows = trail.list(SYSTEM)
    assert [row.action for row in rows] == ["audit.let_go", "people.sign_in", "people.sign_in"]
    assert (rows[0].detail["rows"], trail.verify(SYSTEM).ok) == (3, True)


def test_a_worker_says_that_the_trail_was_changed_and_lets_nothing_of_it_go(
    portal: Portal, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        portal.audit.note(SYSTEM, "people.sign_in")
    object.__setattr__(portal, "settings", portal.settings.model_copy(update={"audit_days": 30}))
    with store.begin() as connection:
        connection.execute(sa.text("SET LOCAL askwell.trail = 'erasing'"))
        connection.execute(sa.text("UPDATE audit SET at = at - interval '31 days' WHERE id = 1"))
    worker = Worker(portal)
    worker.start()
    try:
        patience = time.monotonic() + 20
        while "row 1" not in caplog.text and time.monotonic() < patience:
            time.sleep(0.05)
    finally:
        worker.close()
    assert "not as it was written: changed, row 1" in caplog.text
    assert portal.audit.list(SYSTEM)[-1].id == 1
