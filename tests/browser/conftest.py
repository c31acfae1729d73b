"""A real server for the whole run, a scripted model beside it, and Chromium before it, watched at every step."""

import itertools
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, expect, sync_playwright

from core.api.sessions import COOKIE
from core.clock import utc_now
from core.i18n import Words
from core.security.audit import Audit
from core.security.people import People
from core.security.permissions import SYSTEM, Role
from core.security.vault import open_vault
from core.settings import Settings
from core.store.sessions import open_url
from tests.browser.serving import Served
from tests.browser.visitor import Visitor
from tests.browser.watching import Watch
from tests.openai_stub import OpenAIStub, Say

PASSWORD = "a password of their own"
PATIENCE = 60_000  # milliseconds: a machine that does much else beside is slow, and no fault of a page
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but this machine has an address, whatever a page or the browser itself would like to look up.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_numbers = itertools.count(1)

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; for a module at a time, since Playwright keeps an event loop running in this thread meanwhile."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no Chromium is installed; looked for {', '.join(NAMES)}")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def model() -> Iterator[OpenAIStub]:
    """The language model: each test binds what it says to words of its own question."""
    with OpenAIStub(otherwise=Say("CANNOT: nothing here speaks of that.")) as stub:
        yield stub


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """The server's data. Not pytest's own folder: that is cleared while another run may still use it."""
    made = Path(tempfile.mkdtemp(prefix="askwell-browser-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def told(model: OpenAIStub) -> dict[str, str]:
    """What every server of this run is told about the model."""
    return {"ASKWELL_MODEL_URL": model.url, "ASKWELL_MODEL_NAME": "scripted", "ASKWELL_MODEL_KEY": "sk-of-the-stub"}


@pytest.fixture(scope="session")
def served(folder: Path, told: dict[str, str]) -> Iterator[Served]:
    """The one server of this run. SIGTERM ends it cleanly, with its PostgreSQL."""
    server = Served(folder, **told)
    yield server
    assert server.stop() == 0, server.said()[-4000:]
    assert server.left_running() == []


@pytest.fixture(scope="session")
def people(served: Served) -> Iterator[People]:
    """The portal's people, reached past the server: tests need many, and only some tests are about becoming one."""
    store = open_url(served.database("askwell"))
    settings = Settings(_env_file=None, demo=True, data_dir=served.folder)  # type: ignore[call-arg]
    yield People(store, Audit(store, open_vault(settings, store)), settings, utc_now)
    store.engine.dispose()


@pytest.fixture
def visit(chromium: Browser, served: Served, people: People, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """`visit(role)`: somebody new with this role, signed in, at the Ask page; `visit(None)`: a stranger at no page yet.

    Each has a browser context of their own. Afterwards nothing may have gone wrong in any of them.
    """
    watch, contexts = Watch(), []

    def come(role: Role | None = Role.EDITOR, language: str = "en", path: str = "/", **more: Any) -> Visitor:
        locale = {"en": "en-GB", "zh": "zh-CN"}[language]
        context = chromium.new_context(locale=locale, viewport={"width": 1360, "height": 900}, **more)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        watch.over(context)
        visitor = Visitor(context.new_page(), served.url, Words(language))
        if role is not None:
            visitor.email = f"{role}-{next(_numbers)}@example.org"
            people.invite(SYSTEM, visitor.email, visitor.email.split("@")[0].title(), role, PASSWORD)
            signed = people.sign_in(visitor.email, PASSWORD)
            assert signed is not None
            people.change_self(signed.actor, language=language)
            context.add_cookies([{"name": COOKIE, "value": signed.token, "url": served.url, "httpOnly": True}])
            visitor.go(path)
        return visitor

    yield come
    if getattr(request.node, "failed", False):
        _keep_pictures(contexts, request.node.name)
        print(f"the server said:\n{served.said()[-2000:]}")
    for context in contexts:
        context.close()
    assert watch.wrong == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the fixtures whether their test failed."""
    report = yield
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]
    return report


def _keep_pictures(contexts: list[Any], name: str) -> None:
    """What every open page looked like when its test failed, and what it said when everything on it was opened."""
    kept = Path(tempfile.mkdtemp(prefix="askwell-failed-"))
    for number, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=kept / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())[:80]}-{number}.png", full_page=True)
        with suppress(Error):
            for summary in page.locator("details:not([open]) > summary").all():
                summary.click(timeout=2000)
            print(f"on page {number}:\n{page.get_by_test_id('stMain').inner_text(timeout=2000)[-4000:]}")
    print(f"pictures of the open pages: {kept}")
