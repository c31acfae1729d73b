"""The frame: signing in and out, pages by role, language, and the first password."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from tests.conftest import PASSWORD, someone
from tests.pages.conftest import SHELL, said, sign_in

Visit = Callable[..., AppTest]
PAGES = ("ask", "history", "models", "connections", "admin")


def test_a_stranger_sees_the_sign_in_and_nothing_else(visit: Visit) -> None:
    page = visit()
    assert not page.exception
    assert "Sign in" in said(page)
    assert not page.sidebar.button


def test_signing_in_with_the_form_opens_the_portal(visit: Visit, portal: Portal) -> None:
    someone(portal, Role.VIEWER, "Ann")
    page = visit()
    page.text_input[0].set_value("ann@example.org")
    page.text_input[1].set_value(PASSWORD)
    page.button[0].click().run()
    assert not page.exception
    assert "There is no database here for you yet." in said(page)


def test_a_wrong_password_is_refused_in_plain_words(visit: Visit, portal: Portal) -> None:
    someone(portal, Role.VIEWER, "Ann")
    page = visit()
    page.text_input[0].set_value("ann@example.org")
    page.text_input[1].set_value("wrong")
    page.button[0].click().run()
    assert "That did not work" in said(page)


def test_an_ended_session_is_a_strangers_at_the_next_run(portal: Portal) -> None:
    person = someone(portal, Role.VIEWER, "Ann")
    page = AppTest.from_file(SHELL, default_timeout=30)
    sign_in(portal, page, person)
    page.run()
    assert "Sign in" not in said(page)
    portal.people.change(SYSTEM, person.id, disabled=True)
    page.run()
    assert "Sign in" in said(page)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", list(Role))
def test_every_page_opens_for_those_who_may(visit: Visit, name: str, role: Role) -> None:
    if name == "admin" and role is not Role.ADMIN:
        with pytest.raises(ValueError, match="admin"):  # not registered, so that it cannot be run
            visit(name, role)
        return
    page = visit(name, role)
    assert not page.exception
    assert page.title


@pytest.mark.parametrize("name", PAGES)
def test_every_page_speaks_chinese(visit: Visit, portal: Portal, name: str) -> None:
    page = visit(name, Role.ADMIN)
    page.segmented_control(key="shell.language_choice").set_value("zh").run()
    assert not page.exception
    assert page.sidebar.button(key="shell.theme").label in ("深色主题", "浅色主题")
    assert any(person.language == "zh" for person in portal.people.list(SYSTEM))


def test_a_given_password_must_be_changed_before_anything_else(portal: Portal) -> None:
    boss = portal.people.first_admin()
    portal.people.invite(boss, "new@example.org", "New", Role.VIEWER, PASSWORD)
    page = AppTest.from_file(SHELL, default_timeout=30)
    signed = portal.people.sign_in("new@example.org", PASSWORD)
    assert signed is not None
    page.session_state["shell.token"] = signed.token
    page.run()
    assert "Choose your own password" in said(page)
    old, new, again = page.text_input
    old.set_value(PASSWORD)
    new.set_value("my very own password")
    again.set_value("my very own password")
    page.button[0].click().run()
    assert "Choose your own password" not in said(page)
    assert portal.people.sign_in("new@example.org", "my very own password") is not None


def test_signing_out_ends_the_session(portal: Portal) -> None:
    page = AppTest.from_file(SHELL, default_timeout=30)
    sign_in(portal, page, someone(portal, Role.VIEWER, "Ann"))
    token = page.session_state["shell.token"]
    page.run()
    page.button(key="shell.sign_out").click().run()
    assert portal.people.identify(token) is None
    assert "Sign in" in said(page)
