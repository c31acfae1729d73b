"""API keys on the pages: made once, shown once, revoked at once; administrators see everybody's."""

from datetime import timedelta

from streamlit.testing.v1 import AppTest

from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from pages._account import SECTIONS
from pages._account_keys import own_keys
from tests.conftest import NOW, someone
from tests.pages.conftest import SHELL, said, sign_in


def only_keys() -> None:
    """What the account dialog draws, on a page of its own: a tried page keeps no dialog open."""
    from pages._account_keys import own_keys
    from pages._frame import who, words

    actor = who()
    assert actor is not None
    own_keys(actor, words(actor))


def account(portal: Portal, person: Actor) -> AppTest:
    """A person's own keys."""
    page = AppTest.from_function(only_keys, default_timeout=30)
    sign_in(portal, page, person)
    page.run()
    assert not page.exception
    return page


def test_keys_are_a_part_of_the_account() -> None:
    assert SECTIONS["keys"] is own_keys


def test_a_key_is_made_and_shown_once(portal: Portal) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    page = account(portal, ann)
    page.text_input(key="keys.name").set_value("Monthly report")
    page.button(key="keys.make").click().run()
    assert not page.exception
    shown = page.code[0].value
    holder = portal.keys.identify(shown)
    assert holder is not None
    assert (holder.actor.id, holder.actor.scopes) == (ann.id, frozenset({"ask"}))
    page.run()
    assert shown not in said(page)


def test_a_key_without_a_name_is_refused_in_words(portal: Portal) -> None:
    page = account(portal, someone(portal, Role.VIEWER, "Ann"))
    page.button(key="keys.make").click().run()
    assert "Give the key a name" in page.error[0].value
    assert portal.keys.everyones(SYSTEM) == []


def test_ones_own_key_can_be_revoked(portal: Portal) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    made = portal.keys.issue(ann, "report", ["ask"], NOW + timedelta(days=1))
    page = account(portal, ann)
    assert "report" in said(page)
    page.button(key=f"keys.revoke.{made.info.id}").click().run()
    assert portal.keys.identify(made.key) is None


def test_administrators_see_everybodys_keys_and_end_them(portal: Portal) -> None:
    boss, ann = someone(portal, Role.ADMIN, "Boss"), someone(portal, Role.VIEWER, "Ann")
    made = portal.keys.issue(ann, "report", ["ask"], NOW + timedelta(days=1))
    page = AppTest.from_file(SHELL, default_timeout=30)
    sign_in(portal, page, boss)
    page.run()
    page.switch_page("admin.py").run()
    page.segmented_control(key="admin.section").set_value("keys").run()
    assert "Ann · **report**" in said(page)
    assert made.key not in said(page)
    page.button(key=f"keys.revoke.{made.info.id}").click().run()
    assert portal.keys.identify(made.key) is None
    assert "revoked" in said(page)
