"""The Ask page over a real database, with no model: starters, an answer, follow-ups, editing, rating, failures."""

import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.connections.registry import ConnectionInfo
from core.portal import Portal
from core.security.permissions import Role
from tests.pages.conftest import said

Visit = Callable[..., AppTest]


def settle(page: AppTest, portal: Portal) -> AppTest:
    """Run the page until nothing is being answered any more."""
    patience = time.monotonic() + 30
    while time.monotonic() < patience:
        page.run()
        if not any(button.label == "Stop" for button in page.button):
            return page.run()  # a run that ended while the page was drawn leaves a page half of before
        time.sleep(0.1)
    raise AssertionError("the question never ended")


def ask(page: AppTest, portal: Portal, text: str) -> AppTest:
    page.chat_input[0].set_value(text).run()
    return settle(page, portal)


def test_the_empty_page_offers_questions_of_this_very_schema(visit: Visit, shop: ConnectionInfo) -> None:
    page = visit("ask", Role.VIEWER)
    assert not page.exception
    starters = [button.label for button in page.button if str(button.key).startswith("ask.starter")]
    assert len(starters) >= 4
    assert any("orders" in starter.lower() for starter in starters)


def test_a_starter_is_answered_with_sentence_badges_and_sql(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = visit("ask", Role.VIEWER)
    page.button(key="ask.starter.0").click().run()
    settle(page, portal)
    assert not page.exception
    assert "**240**" in said(page)
    assert "Answered in" in said(page)
    assert any("SELECT" in code.value.upper() for code in page.code)


def test_a_typed_question_is_answered_and_kept(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "How many cities are there?")
    assert "**6**" in said(page)
    again = page.run()
    assert "**6**" in said(again)


def test_a_chinese_question_gets_a_chinese_answer(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "有多少个城市？")
    assert "**6**" in said(page) or "6" in said(page)
    assert not page.exception


def test_a_question_the_data_cannot_answer_is_not_answered(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "What is the meaning of life?")
    assert not page.exception
    assert "Answered in" not in said(page)
    assert page.warning or page.info


def test_edited_sql_passes_the_guard_and_runs(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "How many cities are there?")
    editor = next(area for area in page.text_area if str(area.key).startswith("ask.sql."))
    editor.set_value("SELECT name FROM cities WHERE country = 'Spain'").run()
    next(button for button in page.button if str(button.key).startswith("ask.run_sql.")).click().run()
    settle(page, portal)
    assert "Madrid" in said(page)


def test_edited_sql_that_writes_is_refused_in_plain_words(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "How many cities are there?")
    editor = next(area for area in page.text_area if str(area.key).startswith("ask.sql."))
    editor.set_value("DELETE FROM cities").run()
    next(button for button in page.button if str(button.key).startswith("ask.run_sql.")).click().run()
    settle(page, portal)
    assert page.error
    assert "Traceback" not in said(page)
    page = ask(page, portal, "How many cities are there?")
    assert "**6**" in said(page)


def test_a_thumb_is_kept(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    from sqlalchemy import select

    from core.store.tables import feedback

    page = ask(visit("ask", Role.VIEWER), portal, "How many cities are there?")
    next(f for f in page.feedback if str(f.key).startswith("ask.thumb")).set_value(1).run()
    assert not page.exception
    with portal.store.begin() as connection:
        assert connection.execute(select(feedback.c.thumb)).scalars().all() == [1]


def test_the_developer_view_shows_the_seconds_of_each_step(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "How many cities are there?")
    page.toggle(key="ask.developer").set_value(True).run()
    assert any("Diagnostics" in tab.label for tab in page.tabs)


def test_without_a_connection_the_page_says_where_to_begin(visit: Visit) -> None:
    page = visit("ask", Role.ANALYST)
    assert "no database" in said(page)
    assert "Go to Connections" in [button.label for button in page.button]
