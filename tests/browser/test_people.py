"""Ways in and one's account in the browser: a second factor, an invitation, an OpenID provider, sessions."""

import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Locator, expect

from core.api.sessions import COOKIE
from core.security.people import People
from core.security.permissions import SYSTEM, Role
from core.security.second_factor import RECOVERY_CODES, STEP
from tests.browser.conftest import PASSWORD, Visit
from tests.browser.serving import Served, wait_for
from tests.browser.visitor import Visitor
from tests.oidc_provider import CLIENT, SECRET, OidcProvider

pytestmark = pytest.mark.browser
OWN_PASSWORD = "one that only they know"


def account(visitor: Visitor, section: str) -> Locator:
    """The account dialog, open at this section."""
    visitor.page.get_by_role("button", name=visitor.email.split("@")[0].title()).locator("visible=true").click()
    dialog = visitor.page.get_by_test_id("stDialog")
    dialog.get_by_test_id("stButtonGroup").get_by_text(visitor.said(f"account.{section}"), exact=True).click()
    return dialog


def sign_out(visitor: Visitor) -> None:
    visitor.at_rest()
    visitor.button("shell.sign_out").locator("visible=true").click()
    expect(visitor.button("sign_in.enter")).to_be_visible()
    gone = lambda: not any(cookie["name"] == COOKIE for cookie in visitor.context.cookies())  # noqa: E731
    wait_for(gone, "no session cookie", between=lambda: visitor.page.wait_for_timeout(20))
    visitor.page.wait_for_load_state()
    visitor.at_rest()


def enter_code(visitor: Visitor, code: str) -> None:
    visitor.page.get_by_label(visitor.said("sign_in.code"), exact=True).fill(code)
    visitor.button("sign_in.code_enter").click()


def test_a_second_factor_is_set_up_asked_for_and_removed_in_the_browser(visit: Visit) -> None:
    ann = visit(Role.VIEWER)
    expect(ann.box).to_be_visible()
    dialog = account(ann, "factor")
    dialog.get_by_label(ann.said("sign_in.old_password")).fill(PASSWORD)
    dialog.get_by_role("button", name=ann.said("account.factor_begin")).click()
    expect(dialog.get_by_test_id("stImage").get_by_role("img")).to_be_visible()
    app = pyotp.TOTP(dialog.get_by_test_id("stCode").inner_text().replace(" ", "").strip())
    dialog.get_by_label(ann.said("sign_in.code"), exact=True).fill(app.now())
    dialog.get_by_role("button", name=ann.said("account.factor_confirm"), exact=True).click()
    expect(dialog.get_by_text(ann.said("account.codes_lead"))).to_be_visible()
    codes = dialog.get_by_test_id("stCode").inner_text().split()
    assert len(codes) == RECOVERY_CODES
    dialog.get_by_role("button", name=ann.said("account.codes_kept")).click()
    expect(dialog.get_by_text(codes[0])).to_have_count(0)
    ann.page.keyboard.press("Escape")

    sign_out(ann)
    ann.sign_in(ann.email, PASSWORD)
    expect(ann.page.get_by_text(ann.said("sign_in.code_lead"))).to_be_visible()
    assert COOKIE not in [cookie["name"] for cookie in ann.context.cookies()]
    enter_code(ann, "000000")
    expect(ann.page.get_by_text(ann.said("sign_in.code_wrong"))).to_be_visible()
    enter_code(ann, app.at(time.time() + STEP))  # the present one may have been used
    expect(ann.box).to_be_visible()

    sign_out(ann)
    ann.sign_in(ann.email, PASSWORD)
    enter_code(ann, codes[0])
    expect(ann.box).to_be_visible()
    dialog = account(ann, "factor")
    dialog.get_by_label(ann.said("sign_in.code"), exact=True).fill(codes[1])
    dialog.get_by_role("button", name=ann.said("account.factor_remove")).click()
    expect(dialog.get_by_text(ann.said("account.factor_removed"))).to_be_visible()
    ann.page.keyboard.press("Escape")
    sign_out(ann)
    ann.sign_in(ann.email, PASSWORD)
    expect(ann.box).to_be_visible()


def test_an_invitation_is_copied_once_opened_once_and_makes_an_account(visit: Visit) -> None:
    boss, guest, late = visit(Role.ADMIN, path="/admin"), visit(None), visit(None)
    boss.widget("admin.people_part").get_by_text(boss.said("roster.invitations"), exact=True).click()
    expect(boss.page.get_by_role("heading", name=boss.said("roster.invite"))).to_be_visible()
    boss.at_rest()  # until then the fields of the part before may stand there as well
    boss.page.get_by_label(boss.said("admin.email")).fill("Gina@example.org")
    boss.button("roster.invite_do").click()
    link = boss.page.get_by_test_id("stCode").inner_text().strip()
    assert link.startswith(boss.url)
    guest.page.goto(link)
    expect(guest.page.get_by_text(re.compile("gina.?@example.org"))).to_be_visible()
    guest.page.get_by_label(guest.said("sign_in.name")).fill("Gina")
    guest.page.get_by_label(guest.said("sign_in.password"), exact=True).fill("gina12345678")
    guest.page.get_by_label(guest.said("sign_in.password_again")).fill("gina12345678")
    guest.button("sign_in.invited_do").click()
    expect(guest.page.get_by_text(guest.said("people.easy_password"))).to_be_visible()
    guest.page.get_by_label(guest.said("sign_in.password"), exact=True).fill(OWN_PASSWORD)
    guest.page.get_by_label(guest.said("sign_in.password_again")).fill(OWN_PASSWORD)
    guest.button("sign_in.invited_do").click()
    expect(guest.box).to_be_visible()
    assert "invitation" not in guest.page.url
    late.page.goto(link)
    expect(late.page.get_by_text(late.said("people.bad_invitation"))).to_be_visible()
    boss.reload()
    expect(boss.page.get_by_role("heading", name=boss.said("shell.admin"))).to_be_visible()
    expect(boss.page.get_by_text(link)).to_have_count(0)


def test_signing_out_everywhere_else_leaves_this_place_and_no_other(visit: Visit, people: People) -> None:
    here, there = visit(Role.VIEWER), visit(None)
    there.go()
    there.sign_in(here.email, PASSWORD)
    expect(there.box).to_be_visible()
    dialog = account(here, "sessions")
    expect(dialog.get_by_text(here.said("account.this_session"), exact=True)).to_have_count(1)
    dialog.get_by_role("button", name=here.said("account.end_others")).click()
    expect(dialog.get_by_role("button", name=here.said("account.end"), exact=True)).to_have_count(0)
    here.page.keyboard.press("Escape")
    there.reload()
    expect(there.button("sign_in.enter")).to_be_visible()
    here.reload()
    expect(here.box).to_be_visible()


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with OidcProvider(
        {
            "paula-1": {
                "email": "paula@corp.example", "email_verified": True, "name": "Paula", "groups": ["bosses", "north"],
            },
            "stranger-2": {"email": "stranger@corp.example", "email_verified": True, "groups": []},
        }
    ) as running:  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def signing_on(served: Served, told: dict[str, str], provider: OidcProvider) -> Iterator[Served]:
    """A second server over the same data, whose people may come through the provider."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Served(
        served.folder,
        ASKWELL_PORT=str(port),
        ASKWELL_PUBLIC_URL=f"http://127.0.0.1:{port}",
        ASKWELL_OIDC_ISSUER=provider.issuer,
        ASKWELL_OIDC_CLIENT_ID=CLIENT,
        ASKWELL_OIDC_CLIENT_SECRET=SECRET,
        ASKWELL_OIDC_NAME="Corp ID",
        ASKWELL_OIDC_ROLES="bosses=admin",
        ASKWELL_OIDC_GROUPS="north=North",
        ASKWELL_OIDC_DOMAINS="corp.example",
        **told,
    )
    yield server
    assert server.stop() == 0, server.said()[-4000:]


def the_door(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("button", name=visitor.said("sign_in.sso", name="Corp ID"))


def come_through(visitor: Visitor, who: str) -> None:
    the_door(visitor).click()
    visitor.page.get_by_role("link", name=who).click()


def remembered(visitor: Visitor) -> list[Any]:
    """What Streamlit remembers of the sign-in."""
    return [cookie for cookie in visitor.context.cookies() if cookie["name"].startswith("_streamlit_user")]


def test_people_come_in_through_an_openid_provider_and_our_session_alone_keeps_them_in(
    visit: Visit, signing_on: Served, provider: OidcProvider, people: People
) -> None:
    paula = visit(None)
    paula.url = signing_on.url
    paula.go()
    come_through(paula, "paula-1")
    expect(paula.page.get_by_test_id("stSidebarNav")).to_contain_text(paula.said("shell.admin"))
    known = next(person for person in people.list(SYSTEM) if person.email == "paula@corp.example")
    assert (known.role, known.groups, known.has_password) == (Role.ADMIN, ("North",), False)

    def session() -> Any:
        return next((cookie for cookie in paula.context.cookies() if cookie["name"] == COOKIE), None)

    wait_for(session, "the session cookie", between=lambda: paula.page.wait_for_timeout(20))
    left = remembered(paula)
    assert left
    assert max(cookie["expires"] for cookie in left) < time.time() + 169 * 3600
    paula.reload()
    expect(paula.page.get_by_test_id("stSidebarNav")).to_be_visible()

    paula.at_rest()
    paula.button("shell.sign_out").locator("visible=true").click()
    expect(the_door(paula)).to_be_visible()
    wait_for(
        lambda: provider.signed_out, "the sign-out at the provider", between=lambda: paula.page.wait_for_timeout(20)
    )
    assert provider.signed_out[-1].count(".") == 2  # the ID token, as a hint whom to sign out
    wait_for(lambda: not remembered(paula), "no cookie of the sign-on", between=lambda: paula.page.wait_for_timeout(20))
    paula.context.add_cookies(left)  # as a browser would have them whose sign-out was cut short
    paula.reload()
    expect(the_door(paula)).to_be_visible()
    paula.page.wait_for_timeout(500)
    expect(paula.page.get_by_test_id("stSidebarNav")).to_have_count(0)

    come_through(paula, "paula-1")
    expect(paula.page.get_by_test_id("stSidebarNav")).to_be_visible()
    people.change(SYSTEM, known.id, disabled=True)
    paula.reload()
    expect(the_door(paula)).to_be_visible()
    come_through(paula, "paula-1")
    expect(paula.page.get_by_text(paula.said("sign_in.sso_refused"))).to_be_visible()
    assert provider.wrong == []


def test_whom_the_provider_knows_and_nobody_let_in_stays_out(visit: Visit, signing_on: Served) -> None:
    stranger = visit(None)
    stranger.url = signing_on.url
    stranger.go()
    come_through(stranger, "stranger-2")
    expect(stranger.page.get_by_text(stranger.said("sign_in.sso_refused"))).to_be_visible()
    assert COOKIE not in [cookie["name"] for cookie in stranger.context.cookies()]
