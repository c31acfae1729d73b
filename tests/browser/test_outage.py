"""What a person sees while the portal's own database is away, and that the page goes on by itself afterwards."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.security.permissions import Role
from tests.browser.conftest import Visit
from tests.browser.serving import Served

pytestmark = pytest.mark.browser


def test_a_page_says_that_the_store_is_away_and_goes_on_when_it_is_back(visit: Visit, served: Served) -> None:
    person = visit(Role.ADMIN)
    person.turn_to("history")
    with store_away(served.folder):
        person.page.get_by_test_id("stSidebarNav").get_by_role("link", name=person.said("shell.models")).click()
        expect(person.page.get_by_text(person.said("errors.store_unreachable"))).to_be_visible()
        expect(person.page.get_by_text(person.said("shell.looking_again"))).to_be_visible()
    expect(person.page.get_by_role("heading", name=person.said("shell.models"), exact=True)).to_be_visible()
    expect(person.page.get_by_text(person.said("errors.store_unreachable"))).to_have_count(0)


@contextmanager
def store_away(folder: Path) -> Iterator[None]:
    """The embedded server is killed, and nobody starts it again before the block ends."""
    keepers = [pid for pid, line in processes() if "keeper.py" in line and str(folder) in line]
    assert keepers
    for pid in keepers:
        os.kill(pid, signal.SIGSTOP)
    try:
        os.kill(int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
        yield
    finally:
        for pid in keepers:
            os.kill(pid, signal.SIGCONT)


def processes() -> Iterator[tuple[int, str]]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield int(path.parent.name), path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
