"""A person in front of the browser, with the moves that people make."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Error, Locator, Page, expect

from core.i18n import Words, catalogue
from core.settings import DEMO_EMAIL, DEMO_PASSWORD


@dataclass
class Visitor:
    """Somebody at one page of the portal. `words` are those of the language they read."""

    page: Page
    url: str
    words: Words = field(default_factory=lambda: Words("en"))
    email: str = ""

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def said(self, key: str, **values: Any) -> str:
        """What the interface says under this key, in the visitor's language."""
        return self.words.say(key, **values)

    def go(self, path: str = "/") -> None:
        """Type an address."""
        self.page.goto(self.url + path)

    def reload(self) -> None:
        """Press F5, once Chromium has handed the page over to the server it came back to and is on no other way."""
        for _ in range(20):
            try:
                self.page.reload()
            except Error as error:
                if not any(sign in error.message for sign in ("Not attached to an active page", "net::ERR_ABORTED")):
                    raise
                self.page.wait_for_timeout(250)
            else:
                return
        self.page.reload()

    def turn_to(self, page: str) -> None:
        """Pick a page in the sidebar, and see that it is there."""
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=self.said(f"shell.{page}")).click()
        if page == "ask":
            expect(self.box).to_be_visible()
        else:
            expect(self.page.get_by_role("heading", name=self.said(f"shell.{page}"), exact=True)).to_be_visible()

    def sign_in(self, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> None:
        """Fill in the form that stands there, and send it."""
        self.page.get_by_label(self.said("sign_in.email")).fill(email)
        self.page.get_by_label(self.said("sign_in.password"), exact=True).fill(password)
        self.button("sign_in.enter").click()

    def button(self, key: str, **values: Any) -> Locator:
        """The button that says this; not Streamlit's own above the page, which may say the same."""
        ours = self.page.locator(':not([data-testid="stBaseButton-header"])')
        return self.page.get_by_role("button", name=self.said(key, **values)).and_(ours)

    def widget(self, key: str) -> Locator:
        """The widget with this key, or the first whose key begins with it where it ends in a dot."""
        name = "st-key-" + re.sub(r"[^\w-]", "-", key)
        return self.page.locator(f'[class*="{name}"]').first if key.endswith(".") else self.page.locator(f".{name}")

    @property
    def box(self) -> Locator:
        """Where questions are typed."""
        return self.page.get_by_test_id("stChatInput").get_by_role("textbox")

    def ask(self, question: str) -> Locator:
        """Type a question and press Enter; gives the place of its answer."""
        self.box.fill(question)
        self.box.press("Enter")
        return self.answer_to(question)

    def answer_to(self, question: str) -> Locator:
        """The card that stands under this question, the last one if it was asked twice."""
        messages = self.page.get_by_test_id("stChatMessage")
        asked = messages.filter(has=self.page.get_by_text(question, exact=True)).last
        expect(asked).to_be_visible()
        return messages.last

    def answered(self, key: str = "instant") -> Locator:
        """The card of the last question, once it has an answer by this rung, or as this ending puts it."""
        last = self.page.get_by_test_id("stChatMessage").last
        expect(last.get_by_text(self.opening(f"ask.answered_{key}"))).to_be_visible()
        return last

    def opening(self, key: str) -> re.Pattern[str]:
        """The longest part of this text that stands between its values."""
        template = catalogue()[key][self.words.language]
        return re.compile(re.escape(max(re.split(r"\{\w+\}", template), key=len).strip()))

    def plot(self, card: Locator) -> Locator:
        """The chart of a card as Plotly drew it."""
        return card.get_by_test_id("stPlotlyChart").locator(".js-plotly-plot svg.main-svg").first

    def at_rest(self) -> None:
        """Wait until the page's script has run through."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
