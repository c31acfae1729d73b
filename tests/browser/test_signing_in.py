"""The way in and out: the form, the cookie, the first password, and doors that stay closed."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from core.api.sessions import COOKIE
from core.security.permissions import Role
from tests.browser.conftest import Visit
from tests.browser.serving import Served, wait_for
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
OWN_PASSWORD = "one that only they know"


def cookie_of(visitor: Visitor) -> Any:
    """The session cookie, once the browser has fetched it."""

    def look() -> Any:
        return next((cookie for cookie in visitor.context.cookies() if cookie["name"] == COOKIE), None)

    return wait_for(look, "the session cookie", between=lambda: visitor.page.wait_for_timeout(20))


def test_a_wrong_password_is_refused_in_one_sentence(visit: Visit) -> None:
    stranger = visit(None)
    stranger.go()
    stranger.sign_in(password="not the password")
    expect(stranger.page.get_by_text(stranger.said("sign_in.refused"))).to_be_visible()
    expect(stranger.box).to_have_count(0)
    assert COOKIE not in [cookie["name"] for cookie in stranger.context.cookies()]


def test_signing_in_gives_a_cookie_that_no_script_reads_and_no_other_site_sends(visit: Visit) -> None:
    stranger = visit(None)
    stranger.go("/history")
    stranger.sign_in()
    expect(stranger.page.get_by_role("heading", name=stranger.said("shell.history"))).to_be_visible()
    cookie = cookie_of(stranger)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert cookie["value"] not in stranger.page.evaluate("document.cookie + JSON.stringify({...localStorage})")
    stranger.reload()
    expect(stranger.page.get_by_role("heading", name=stranger.said("shell.history"))).to_be_visible()


def test_a_copied_cookie_is_worthless_after_sign_out(visit: Visit) -> None:
    somebody, thief = visit(Role.VIEWER), visit(None)
    expect(somebody.box).to_be_visible()
    thief.context.add_cookies([cookie_of(somebody)])
    thief.go()
    expect(thief.box).to_be_visible()  # the copy is as good as the original as long as the session lives
    somebody.button("shell.sign_out").click()
    expect(somebody.button("sign_in.enter")).to_be_visible()
    thief.reload()
    expect(thief.button("sign_in.enter")).to_be_visible()
    expect(thief.box).to_have_count(0)


def test_admin_typed_as_the_first_request_of_a_fresh_process_shows_the_sign_in(
    visit: Visit, served: Served, told: dict[str, str]
) -> None:
    second = Served(served.folder, **told)
    try:
        stranger = visit(None)
        stranger.page.goto(f"{second.url}/admin")
        expect(stranger.button("sign_in.enter")).to_be_visible()
        expect(stranger.page.get_by_test_id("stSidebarNav")).to_have_count(0)
        expect(stranger.page.get_by_text("@example.org")).to_have_count(0)
        stranger.go("/admin")  # the first process is still there, and so is the PostgreSQL that both use
        expect(stranger.button("sign_in.enter")).to_be_visible()
    finally:
        ended = second.stop()
    assert ended == 0, second.said()[-4000:]
    stranger.reload()
    expect(stranger.button("sign_in.enter")).to_be_visible()


def test_whoever_an_administrator_adds_chooses_a_password_and_finds_admin_closed(visit: Visit) -> None:
    boss, viewer = visit(Role.ADMIN, path="/admin"), visit(None)
    form = boss.page.get_by_test_id("stForm").filter(has_text=boss.said("admin.invite_help"))
    form.get_by_label(boss.said("admin.email")).fill("vera@example.org")
    form.get_by_label(boss.said("admin.name")).fill("Vera")
    form.get_by_role("button", name=boss.said("admin.invite_do"), exact=True).click()
    note = boss.page.get_by_test_id("stAlertContentSuccess")
    expect(note).to_contain_text("Vera")
    first_password = note.locator("code").inner_text()

    viewer.go("/admin")
    viewer.sign_in("vera@example.org", first_password)
    expect(viewer.page.get_by_text(viewer.said("sign_in.first_title"))).to_be_visible()
    viewer.page.get_by_label(viewer.said("sign_in.old_password")).fill(first_password)
    viewer.page.get_by_label(viewer.said("sign_in.new_password"), exact=True).fill(OWN_PASSWORD)
    viewer.page.get_by_label(viewer.said("sign_in.new_password_again")).fill(OWN_PASSWORD)
    viewer.button("sign_in.change").click()
    expect(viewer.page.get_by_text(viewer.said("shell.forbidden"))).to_be_visible()
    expect(viewer.page.get_by_test_id("stSidebarNav")).not_to_contain_text(viewer.said("shell.admin"))
    viewer.go("/admin")
    expect(viewer.page.get_by_text(viewer.said("shell.forbidden"))).to_be_visible()
    expect(viewer.page.get_by_text(re.compile("@example.org"))).to_have_count(0)
