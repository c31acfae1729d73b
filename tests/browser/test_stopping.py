"""Stop, at any step; and a reload that finds what still runs."""

import threading

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.serving import Served, wait_for
from tests.openai_stub import Asked, OpenAIStub, Say

pytestmark = pytest.mark.browser
SLOW = (
    "SELECT COUNT(*) AS pairs FROM order_lines AS one CROSS JOIN order_lines AS two WHERE one.quantity > two.quantity"
)


def test_stop_ends_a_streaming_model_with_a_plain_sentence_and_hangs_up_on_it(visit: Visit, model: OpenAIStub) -> None:
    model.hung_up.clear()
    long = "```sql\nSELECT " + "1, " * 2000
    model.when("yodel", Say(long, pieces=2000, delay=0.05))
    person = visit()
    card = person.ask("Does the board yodel?")
    expect(card.locator("code")).to_contain_text("SELECT 1, 1, 1,")
    expect(card).not_to_contain_text("```")
    person.button("ask.stop").click()
    expect(card.get_by_test_id("stAlert")).to_contain_text(person.said("errors.stopped"))
    expect(person.button("ask.stop")).to_have_count(0)
    assert model.hung_up.wait(5)


def test_stop_cancels_the_statement_in_the_database(visit: Visit, model: OpenAIStub, served: Served) -> None:
    model.when("juggle", Say(f"```sql\n{SLOW}\n```"))
    person = visit()
    card = person.ask("Can the board juggle?")
    wait_for(lambda: served.statements("CROSS JOIN order_lines"), "the statement to run")
    person.button("ask.stop").click()
    expect(card.get_by_test_id("stAlert")).to_contain_text(person.said("errors.query_cancelled"))
    wait_for(lambda: not served.statements("CROSS JOIN order_lines"), "the statement to end", 2)


def test_a_reload_finds_its_running_question_again(visit: Visit, model: OpenAIStub) -> None:
    told, heard = threading.Event(), threading.Event()

    def slowly(_: Asked) -> Say:
        heard.set()
        told.wait(60)
        return Say("```sql\nSELECT name FROM regions\n```")

    model.when("whistle", slowly)
    person = visit()
    person.ask("Do our regions whistle?")
    assert heard.wait(20)
    asked = len(model.requests)
    try:
        person.reload()
        expect(person.button("ask.stop")).to_be_visible()
        expect(person.page.get_by_text("Do our regions whistle?", exact=True)).to_be_visible()
    finally:
        told.set()
    person.answered("model")
    assert len(model.requests) == asked
