"""The trail on the Admin page: whether it is sound, what is looked for, and a person forgotten only when typed."""

from collections.abc import Callable

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from core.store.sessions import Store
from tests.conftest import someone
from tests.pages.conftest import said

Visit = Callable[..., AppTest]


def trail(visit: Visit) -> AppTest:
    page = visit("admin", Role.ADMIN, "Ada")
    page.session_state["admin.section"] = "audit"
    return page.run()


def rows(page: AppTest) -> list[str]:
    return [str(row) for row in page.dataframe[0].value["Action"]]


def test_a_sound_trail_says_up_to_which_row_and_when(portal: Portal, visit: Visit) -> None:
    page = trail(visit)
    assert not page.exception
    assert "The trail is as it was written" in said(page)
    before = portal.audit.state(SYSTEM).last
    portal.audit.note(SYSTEM, "people.sign_in")
    page.button(key="admin.audit_verify").click().run()
    assert f"up to row {before + 1}" in said(page) or portal.audit.state(SYSTEM).last > before
    assert portal.audit.state(SYSTEM).head in said(page)


def test_a_changed_trail_names_the_row(portal: Portal, store: Store, visit: Visit) -> None:
    page = trail(visit)
    with store.begin() as connection:
        connection.execute(sa.text("SET LOCAL askwell.trail = 'erasing'"))
        connection.execute(sa.text("UPDATE audit SET actor = 'Eve' WHERE id = 2"))
    page.button(key="admin.audit_verify").click().run()
    assert "not as it was written" in said(page)
    assert "First bad row: 2" in said(page)


def test_what_is_asked_for_is_shown_and_nothing_else(portal: Portal, visit: Visit) -> None:
    ben = someone(portal, Role.VIEWER, "Ben")
    portal.audit.note(ben, "answers.export", "x", allowed=False)
    portal.audit.note(ben, "answers.ask", "y")
    page = trail(visit)
    page.text_input(key="admin.audit_person").set_value("Ben").run()
    assert sorted(rows(page)) == ["asked a question", "exported an answer"]
    page.selectbox(key="admin.audit_outcome").set_value("refused").run()
    assert rows(page) == ["exported an answer"]
    page.selectbox(key="admin.audit_action").set_value("answers_ask").run()
    assert "Nothing in the trail matches." in said(page)
    assert not page.exception


def test_a_person_is_forgotten_only_when_their_address_is_typed(portal: Portal, visit: Visit) -> None:
    ben = someone(portal, Role.VIEWER, "Ben")
    page = visit("admin", Role.ADMIN, "Ada")
    page.selectbox(key="admin.person").set_value(ben.id).run()
    page.button(key="admin.erase").click().run()
    assert "nothing was done" in said(page)
    assert ben.id in {person.id for person in portal.people.list(SYSTEM)}
    page.text_input(key="admin.erase.typed").set_value("ben@example.org").run()
    page.button(key="admin.erase").click().run()
    assert not page.exception
    assert ben.id not in {person.id for person in portal.people.list(SYSTEM)}
    assert portal.audit.verify(SYSTEM).ok
