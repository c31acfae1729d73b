"""The Connections page's tab on personal data, and the answer card's tab on what was sent."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.connections.registry import ConnectionInfo
from core.i18n import Words
from core.models.book import NewModel
from core.portal import Portal
from core.security.permissions import Role
from core.security.personal import Level
from tests.openai_stub import OpenAIStub, Say
from tests.pages.conftest import SHELL, said
from tests.pages.test_ask import ask

Visit = Callable[..., AppTest]
SAY = Words("en").say


def open_tab(portal: Portal, page: AppTest, info: ConnectionInfo) -> AppTest:
    page.switch_page("connections.py").run()
    return page.button(key=f"connections.open.{info.id}").click().run()


def test_an_administrator_sees_tags_sets_a_level_and_has_the_last_word(shop: ConnectionInfo, portal: Portal) -> None:
    admin = portal.people.first_admin()
    page = AppTest.from_file(SHELL, default_timeout=60)
    signed = portal.people.sign_in("admin@example.org", "first admin's password")
    assert signed is not None
    page.session_state["shell.token"] = signed.token
    open_tab(portal, page.run(), shop)
    assert not page.exception
    assert SAY("privacy.tab") in [tab.label for tab in page.tabs]
    level = next(radio for radio in page.radio if str(radio.key).startswith("connections.privacy.level"))
    assert level.value == Level.MASKED
    level.set_value(Level.FULL).run()
    assert SAY("privacy.full_warning") in said(page)
    page.button(key=f"connections.privacy.level_save.{shop.id}").click().run()
    assert portal.privacy.overview(admin, shop.id).level is Level.FULL
    place = f"connections.privacy.{shop.id}"
    table = str(page.selectbox(key=f"{place}.table").value)
    column = str(page.selectbox(key=f"{place}.column.{table}").value)
    page.selectbox(key=f"{place}.word.{table}.{column}").set_value("email").run()
    page.button(key=f"{place}.save").click().run()
    assert not page.exception
    assert [(c.table, c.column, c.kind) for c in portal.privacy.overview(admin, shop.id).columns if c.said_at] == [
        (table, column, "email")
    ]


def test_who_may_not_change_a_connection_does_not_see_the_tab(
    visit: Visit, shop: ConnectionInfo, portal: Portal
) -> None:
    for role, name in ((Role.VIEWER, "Vic"), (Role.EDITOR, "Eve")):
        page = open_tab(portal, visit("ask", role, name), shop)
        assert not page.exception
        assert SAY("privacy.tab") not in [tab.label for tab in page.tabs]


def test_a_card_shows_what_was_sent_or_that_nothing_was(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "How many cities are there?")
    assert SAY("privacy.sent_nothing") in said(page)
    with OpenAIStub(otherwise=Say("```sql\nSELECT count(*) FROM cities\n```")) as stub:
        portal.models.connect(portal.people.first_admin(), NewModel("M", "compatible", stub.url, "m"))
        ask(page, portal, "How parliamentary is the whole of our clientele?")
    assert not any("How parliamentary" in code.value for code in page.code)
    next(toggle for toggle in page.toggle if str(toggle.key).startswith("ask.sent.")).set_value(True).run()
    assert any("How parliamentary" in code.value for code in page.code)
    assert any("You write one SQLite query" in code.value for code in page.code)
