"""Conversations are kept: found, opened, renamed, marked, deleted and brought back."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
QUESTION = "how many customers are there?"
TITLE = "Counting heads"


def row(person: Visitor, title: str) -> Locator:
    """The entry of a conversation in the list."""
    entries = person.page.get_by_test_id("stLayoutWrapper").filter(has=person.page.get_by_text(title, exact=True))
    return entries.filter(has=person.page.get_by_role("button")).last


def test_a_conversation_is_listed_and_opened_again(visit: Visit) -> None:
    person = visit()
    person.ask(QUESTION)
    answer = person.answered().inner_text()
    person.turn_to("history")
    row(person, QUESTION).get_by_role("button", name=person.said("history.open")).click()
    expect(person.page.get_by_text(QUESTION, exact=True)).to_be_visible()
    assert person.answered().get_by_text("customers").first.inner_text() in answer
    person.ask("and last year?")  # it goes on from there
    expect(person.page.get_by_test_id("stChatMessage")).to_have_count(4)


def test_a_conversation_is_renamed_marked_deleted_and_brought_back(visit: Visit) -> None:
    person = visit()
    person.ask(QUESTION)
    person.answered()
    person.turn_to("history")
    row(person, QUESTION).get_by_role("button", name=person.said("history.rename")).click()
    title = person.page.get_by_label(person.said("history.new_title"))
    title.fill(TITLE)
    title.press("Enter")
    person.page.keyboard.press("Escape")
    row(person, TITLE).get_by_role("button", name=person.said("history.mark")).click()
    expect(row(person, TITLE).get_by_role("button", name=person.said("history.unmark"))).to_be_visible()
    person.page.get_by_text(person.said("history.favourites"), exact=True).click()
    row(person, TITLE).get_by_role("button", name=person.said("history.delete")).click()
    person.page.get_by_role("dialog").get_by_role("button", name=person.said("history.delete")).click()
    expect(person.page.get_by_text(person.said("history.nothing_found"))).to_be_visible()
    person.page.get_by_text(person.said("history.deleted"), exact=True).click()
    row(person, TITLE).get_by_role("button", name=person.said("history.restore")).click()
    expect(person.page.get_by_text(person.said("history.nothing_found"))).to_be_visible()
    person.page.get_by_text(person.said("history.all"), exact=True).click()
    expect(row(person, TITLE).get_by_role("button", name=person.said("history.open"))).to_be_visible()
