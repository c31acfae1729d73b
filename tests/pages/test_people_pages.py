"""People on the Admin page and in one's own account, as pages that are tried without a browser."""

from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from streamlit.testing.v1 import AppTest

from core.clock import utc_now
from core.errors import InvalidInput
from core.portal import Portal, adopt, wire
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import Settings
from core.store.sessions import Store
from tests.conftest import PASSWORD, someone
from tests.pages.conftest import SHELL, said, sign_in

Visit = Callable[..., AppTest]


def at_admin(visit: Visit, part: str = "persons") -> AppTest:
    page = visit("admin", Role.ADMIN, "Boss")
    return page.segmented_control(key="admin.people_part").set_value(part).run()


def entry_of(page: AppTest, portal: Portal, person: Actor) -> AppTest:
    order = [each.id for each in portal.people.list(SYSTEM)]
    return page.selectbox(key="admin.person").select_index(order.index(person.id)).run()


def test_an_administrator_makes_a_group_fills_it_and_says_what_it_gives(visit: Visit, portal: Portal) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    page = at_admin(visit, "groups")
    page.text_input(key="admin.group_name").set_value("North")
    page.button(key="admin.make_group_do").click().run()
    (group,) = portal.groups.list(SYSTEM)
    page.selectbox(key="admin.group").select_index(0).run()
    page.multiselect(key=f"admin.members_of.{group.id}").set_value([ann.id])
    page.button(key="admin.save_members").click().run()
    portal.groups.describe(SYSTEM, "region", ["North"], group_id=group.id)
    page.run()
    assert not page.exception
    assert "North" in page.dataframe[-1].value.to_csv()
    found = portal.people.actor(ann.id)
    assert found is not None
    assert found.groups == {"North"}
    page.button(key="admin.remove_group").click().run()
    assert portal.groups.list(SYSTEM) == []


def test_an_administrator_gives_a_role_and_a_first_password_which_is_kept_nowhere(visit: Visit, portal: Portal) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    page = entry_of(at_admin(visit), portal, ann)
    page.selectbox(key=f"admin.role.{ann.id}.en").set_value(Role.EDITOR).run()
    assert "adds and changes connections" in said(page)
    page.button(key="admin.save_role").click().run()
    changed = portal.people.actor(ann.id)
    assert changed is not None
    assert changed.role is Role.EDITOR
    page.button(key="admin.new_password").click().run()
    password = said(page).split("`")[-2] if "`" in said(page) else ""
    signed = portal.people.sign_in("ann@example.org", password)
    assert signed is not None
    assert signed.must_change_password
    assert password not in str(page.session_state)
    page.run()
    assert password not in said(page)


def test_an_administrator_ends_sessions_resets_a_second_factor_and_forgets_somebody(
    visit: Visit, portal: Portal
) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    signed = portal.people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    app = pyotp.TOTP(portal.second_factors.begin(ann, PASSWORD).secret)
    portal.second_factors.confirm(ann, app.at(portal.clock()), signed.token)
    page = entry_of(at_admin(visit), portal, ann)
    page.button(key="admin.end_all").click().run()
    assert portal.people.identify(signed.token) is None
    page.button(key="admin.factor_reset").click().run()
    assert not portal.second_factors.state(ann).active
    page.button(key="admin.erase").click().run()
    assert portal.people.actor(ann.id) is not None  # nothing was typed
    page.text_input(key="admin.erase.typed").set_value("ann@example.org")
    page.button(key="admin.erase").click().run()
    assert "Forgotten" in said(page)
    assert not page.exception
    assert ann.id not in [person.id for person in portal.people.list(SYSTEM)]


def test_about_themselves_an_administrator_can_only_look(visit: Visit, portal: Portal) -> None:
    page = at_admin(visit)
    me = next(person for person in portal.people.list(SYSTEM) if person.name == "Boss")
    actor = portal.people.actor(me.id)
    assert actor is not None
    entry_of(page, portal, actor)
    assert "Nobody changes their own rights" in said(page)
    assert page.button(key="admin.save_role").disabled
    assert not any(button.key in ("admin.disable", "admin.erase", "admin.new_password") for button in page.button)


def test_an_invitation_is_listed_without_its_link_and_withdrawn(visit: Visit, portal: Portal) -> None:
    page = at_admin(visit, "invitations")
    page.text_input(key="admin.invitation_email").set_value("gina@example.org")
    page.button(key="admin.invitation_do").click().run()
    token = next(str(code.value) for code in page.code).split("invitation=")[1]
    assert portal.invitations.look(token) is not None
    assert token not in str(page.session_state)
    page.run()
    assert token not in said(page)
    page.selectbox(key="admin.invitation_chosen").select_index(0).run()
    page.button(key="admin.withdraw").click().run()
    assert portal.invitations.look(token) is None


def test_where_it_is_a_must_an_administrator_sees_only_the_second_factor(store: Store, settings: Settings) -> None:
    portal = wire(store, settings.model_copy(update={"admins_need_second_factor": True}), utc_now)
    adopt(portal)
    page = AppTest.from_file(SHELL, default_timeout=30)
    sign_in(portal, page, someone(portal, Role.ADMIN, "Boss"))
    page.run()
    assert "Administrators must use a second factor" in said(page)
    assert not page.sidebar.button
    page.text_input(key="account.factor_password").set_value(PASSWORD)
    page.button(key="account.factor_begin_do").click().run()
    secret = str(page.code[0].value).replace(" ", "")
    page.text_input(key="account.factor_code").set_value(pyotp.TOTP(secret).now())
    page.button(key="account.factor_confirm_do").click().run()
    assert "shown this once" in said(page)
    code = str(page.code[0].value).splitlines()[0]
    assert code not in str(page.session_state)
    page.button(key="account.codes_kept").click().run()
    assert not page.exception
    assert page.sidebar.button
    assert code not in said(page)


@pytest.mark.parametrize("role", ["owner", "", "ADMIN", None])
def test_a_role_that_no_page_offers_is_refused(portal: Portal, role: Any) -> None:
    with pytest.raises(InvalidInput):
        portal.people.invite(SYSTEM, "x@example.org", "X", role, PASSWORD)
    with pytest.raises(InvalidInput):
        portal.invitations.make(SYSTEM, "x@example.org", "X", role)
