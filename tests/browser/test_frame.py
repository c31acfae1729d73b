"""What surrounds every page: its language, its theme, and that each is there without a word of the other tongue."""

import re
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, expect

from core.i18n import catalogue
from core.security.permissions import Role
from tests.browser.conftest import Visit
from tests.browser.serving import Served, wait_for
from tests.browser.visitor import Visitor
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
PAGES = ("ask", "history", "models", "connections", "admin")
AREAS = ("ask", "shell", "history", "models", "connections", "admin", "grounding")


def background(page: Page) -> str:
    return str(page.get_by_test_id("stApp").evaluate("element => getComputedStyle(element).backgroundColor"))


def test_the_language_changes_at_a_click_and_is_remembered(visit: Visit) -> None:
    person = visit(Role.VIEWER)
    expect(person.page.get_by_text("What would you like to know?")).to_be_visible()
    person.page.get_by_text("中文", exact=True).click()
    expect(person.page.get_by_text("您想了解什么？")).to_be_visible()
    expect(person.page.get_by_role("combobox", name="模型")).to_have_value("自动")
    person.reload()
    expect(person.page.get_by_text("您想了解什么？")).to_be_visible()
    person.page.get_by_text("EN", exact=True).click()
    expect(person.page.get_by_text("What would you like to know?")).to_be_visible()


def test_the_theme_changes_at_a_click_and_is_remembered(visit: Visit) -> None:
    person = visit(Role.VIEWER)
    expect(person.box).to_be_visible()
    assert background(person.page) == "rgb(255, 255, 255)"
    person.button("shell.dark").click()
    expect(person.button("shell.light")).to_be_visible()
    assert background(person.page) == "rgb(15, 20, 28)"
    person.reload()
    expect(person.button("shell.light")).to_be_visible()
    person.go("/history")
    expect(person.button("shell.light")).to_be_visible()
    assert background(person.page) == "rgb(15, 20, 28)"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_there_and_speaks_one_language(visit: Visit, language: str) -> None:
    person = visit(Role.ADMIN, language)
    other = sentences({"en": "zh", "zh": "en"}[language])
    for name in PAGES:
        person.turn_to(name)
        check(person, other)
    for section in ("audit", "jobs", "health"):
        person.page.get_by_text(person.said(f"admin.{section}"), exact=True).click()
        check(person, other)


def test_a_page_that_reached_elsewhere_would_be_noticed(chromium: Browser, served: Served) -> None:
    watch, context = Watch(), chromium.new_context()
    watch.over(context)
    page = context.new_page()
    page.goto(f"{served.url}/healthz")
    assert watch.wrong == []
    page.evaluate("fetch('http://askwell.example/').catch(() => console.error('no way'))")
    page.evaluate("new Image().src = 'http://askwell.example/1.png'")
    for sign in ("the policy forbids connect-src", "the policy forbids img-src", "console: no way"):
        wait_for(partial(noticed, watch, sign), sign, between=lambda: page.wait_for_timeout(20))
    context.close()


def noticed(watch: Watch, sign: str) -> bool:
    return any(sign in wrong for wrong in watch.wrong)


def sentences(language: str) -> set[str]:
    """All that the pages say in this language and not in the other, as far as it is long enough to be sure of."""
    found = {
        piece.strip()
        for key, entry in catalogue().items()
        if key.split(".")[0] in AREAS and entry["en"] != entry["zh"]
        for piece in re.split(r"\{\w+\}", entry[language])
    }
    return {text for text in found if len(text) > (2 if language == "zh" else 8)}


def check(person: Visitor, other: set[str]) -> None:
    person.at_rest()
    expect(person.page.get_by_test_id("stException")).to_have_count(0)
    shown = person.page.get_by_test_id("stMain").inner_text()
    assert [text for text in other if text in shown] == []
