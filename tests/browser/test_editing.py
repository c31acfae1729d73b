"""SQL changed by hand: it runs through the same guard and becomes an answer, or is refused in a plain sentence."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def run_instead(person: Visitor, card: Locator, sql: str) -> None:
    """Open the editor of a card, write this in place of what stands there, and run it."""
    card.get_by_role("tab", name=person.said("ask.tab_sql")).click()
    card.get_by_test_id("stExpander").filter(has_text=person.said("ask.edit_sql")).locator("summary").click()
    editor = card.locator("textarea")
    editor.fill(sql)
    editor.press("Control+Enter")
    expect(card.locator("code").filter(has_text=f"+{sql}")).to_be_visible()  # the difference to what ran
    card.get_by_role("button", name=person.said("ask.run_sql")).click()


def test_edited_sql_runs_and_becomes_an_answer(visit: Visit) -> None:
    person = visit()
    person.ask("how many customers are there?")
    run_instead(person, person.answered(), "SELECT name FROM regions ORDER BY name")
    expect(person.page.get_by_test_id("stChatMessage")).to_have_count(4)
    card = person.answered("person")
    expect(card).to_contain_text(person.said("ask.rows", n=5))
    expect(card).to_contain_text("North America")


def test_an_edit_that_would_delete_is_refused_in_a_plain_sentence(visit: Visit) -> None:
    person = visit()
    person.ask("how many customers are there?")
    before = person.answered().get_by_text("customers").first.inner_text()
    run_instead(person, person.answered(), "DELETE FROM customers")
    expect(person.page.get_by_test_id("stChatMessage")).to_have_count(4)
    refused = person.page.get_by_test_id("stChatMessage").last.get_by_test_id("stAlert")
    expect(refused).to_contain_text(person.opening("errors.query_refused"))
    person.widget("ask.new").get_by_role("button").click()
    expect(person.page.get_by_text(person.said("ask.title"))).to_be_visible()
    person.ask("how many customers are there?")
    expect(person.answered()).to_contain_text(before)
