"""Every page, run by itself, sends away whoever may not be there, says nothing of what is there, and leaves a trace."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.answering.question import Question
from core.connections.registry import ConnectionInfo
from core.portal import Portal
from core.security.permissions import SYSTEM, Action, Role, may
from core.store.tables import people
from pages._frame import TOKEN
from tests.conftest import PASSWORD, someone
from tests.pages.conftest import SHELL, said

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "ask": Action.ASK,
    "history": Action.READ_HISTORY,
    "models": Action.SEE_MODELS,
    "connections": Action.SEE_CONNECTIONS,
    "admin": Action.SEE_PEOPLE,
}


def page_of(name: str, token: str) -> AppTest:
    """The page's own script, past the frame that would not have offered it."""
    page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=30)
    page.session_state[TOKEN] = token
    return page.run()


def token_of(portal: Portal, role: Role, name: str) -> str:
    someone(portal, role, name)
    signed = portal.people.sign_in(f"{name.lower()}@example.org", PASSWORD)
    assert signed is not None
    return signed.token


def refusals(portal: Portal) -> list[tuple[str, str]]:
    portal.refusals.flush()
    rows = portal.audit.list(SYSTEM)
    return [(row.actor, row.action) for row in rows if not row.allowed and row.resource == "page"]


def test_all_pages_are_tried() -> None:
    assert {path.stem for path in (ROOT / "pages").glob("[a-z]*.py")} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_nobody_and_dead_sessions_see_nothing(portal: Portal, shop: ConnectionInfo, name: str) -> None:
    ended, disabled = token_of(portal, Role.ADMIN, "Ann"), token_of(portal, Role.ADMIN, "Bob")
    portal.people.sign_out(ended)
    bob = next(person for person in portal.people.list(SYSTEM) if person.name == "Bob")
    portal.people.change(SYSTEM, bob.id, disabled=True)
    for token in ("", "made up", ended, disabled):
        page = page_of(name, token)
        assert not page.exception
        assert not page.button
        assert not page.dataframe
        assert shop.name not in said(page)
    assert set(refusals(portal)) == {("", PAGES[name])}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
@pytest.mark.parametrize("name", PAGES)
def test_a_role_that_is_too_small_sees_nothing(portal: Portal, name: str, role: Role) -> None:
    token = token_of(portal, role, "Ann")
    actor = portal.people.identify(token)
    page = page_of(name, token)
    assert not page.exception
    if may(actor, PAGES[name]):
        assert refusals(portal) == []
        return
    assert len(page.error) == 1
    assert not page.button
    assert not page.dataframe
    assert refusals(portal) == [("Ann", PAGES[name])]


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_at_any_address_finds_the_sign_in_and_is_noted(portal: Portal, name: str) -> None:
    page = AppTest.from_file(SHELL, default_timeout=30).run()
    if name != "ask":
        with pytest.raises(ValueError, match=name):  # there is no such page for them
            page.switch_page(f"{name}.py")
    assert "Sign in" in said(page)
    assert refusals(portal) == [("", Action.ASK)]


def drawn(portal: Portal, role: Role, page: str) -> tuple[AppTest, str]:
    """A page as somebody sees it, and the token of their session."""
    token = token_of(portal, role, "Ann")
    test = AppTest.from_file(SHELL, default_timeout=30)
    test.session_state[TOKEN] = token
    test.run()
    return (test if page == "ask" else test.switch_page(f"{page}.py").run()), token


def test_a_click_on_a_page_drawn_before_the_session_ended_does_nothing(portal: Portal, shop: ConnectionInfo) -> None:
    token = token_of(portal, Role.ADMIN, "Ann")
    ann = portal.people.identify(token)
    for _ in portal.answers.ask(ann, Question("How many cities are there?", shop.id)):
        pass
    conversation = portal.answers.history(ann)[0]
    test = AppTest.from_file(SHELL, default_timeout=30)
    test.session_state[TOKEN] = token
    test.run()
    test.switch_page("history.py").run()
    portal.people.sign_out(token)
    test.button(key=f"history.star.{conversation.id}").click().run()
    assert not test.exception
    assert "Sign in" in said(test)
    assert not portal.answers.history(ann)[0].favourite


@pytest.mark.parametrize(("key", "page"), [("shell.theme", "ask"), ("shell.sign_out", "ask")])
def test_a_button_of_the_frame_is_a_strangers_after_the_end(portal: Portal, key: str, page: str) -> None:
    test, token = drawn(portal, Role.VIEWER, page)
    before = portal.people.list(SYSTEM)
    portal.people.sign_out(token)
    test.button(key=key).click().run()
    assert not test.exception
    assert "Sign in" in said(test)
    assert [person.theme for person in portal.people.list(SYSTEM)] == [person.theme for person in before]


def test_a_role_taken_away_closes_the_page_at_the_next_click(portal: Portal, shop: ConnectionInfo) -> None:
    test, _ = drawn(portal, Role.EDITOR, "connections")
    assert [button.key for button in test.button if button.key == "connections.add"]
    ann = next(person for person in portal.people.list(SYSTEM) if person.name == "Ann")
    with portal.store.begin() as line:
        line.execute(people.update().where(people.c.id == ann.id).values(role="viewer"))
    test.button(key="connections.add").click().run()
    assert not test.exception
    assert not [button for button in test.button if button.key == "connections.save"]
