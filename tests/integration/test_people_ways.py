"""Ways in beside the password: second factors, invitations, an OpenID provider; and what groups say of a person."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pyotp
import pytest
import sqlalchemy as sa

from core.errors import InvalidInput, NotFound
from core.portal import Portal, wire
from core.security.permissions import SYSTEM, Actor, Role
from core.security.second_factor import MOST_CODES, RECOVERY_CODES, STEP
from core.security.sessions import SignIn
from core.security.single_sign_on import SingleSignOn, streamlit_secrets
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables_people import invitations, recovery_codes, second_factors
from tests.conftest import NOW, PASSWORD, someone
from tests.doubles_people import MovingClock

ISSUER = "https://id.example.org"


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock(NOW)


@pytest.fixture
def house(store: Store, settings: Settings, clock: MovingClock) -> Portal:
    """A wired portal whose clock is moved by hand."""
    return wire(store, settings, clock)


def enrolled(house: Portal, person: Actor, clock: MovingClock) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """Their app, after the first code; the recovery codes."""
    app = pyotp.TOTP(house.second_factors.begin(person, PASSWORD).secret)
    codes = house.second_factors.confirm(person, app.at(clock.now))
    clock.go(seconds=STEP)
    return app, codes


def half(house: Portal, email: str = "ann@example.org") -> SignIn:
    signed = house.people.sign_in(email, PASSWORD, "198.51.100.7")
    assert signed is not None
    assert signed.second_factor
    return signed


def test_with_a_second_factor_the_password_alone_opens_nothing(house: Portal, clock: MovingClock, store: Store) -> None:
    ann = someone(house, Role.VIEWER, "Ann")
    app, _ = enrolled(house, ann, clock)
    signed = half(house)
    assert house.people.identify(signed.token) is None
    assert house.sessions.standing(signed.token) is None
    assert house.sessions.list(ann) == []
    assert house.second_factors.finish(signed.token, "000000") is None
    whole = house.second_factors.finish(signed.token, app.at(clock.now))
    assert whole is not None
    assert whole.token != signed.token
    assert house.people.identify(signed.token) is None
    found = house.people.identify(whole.token)
    assert found is not None
    assert found.id == ann.id
    with store.reading() as connection:
        sealed = str(connection.scalar(sa.select(second_factors.c.sealed_secret)))
    assert app.secret not in sealed


def test_a_code_is_worth_one_sign_in_however_many_try_at_once(house: Portal, clock: MovingClock) -> None:
    app, _ = enrolled(house, someone(house, Role.VIEWER, "Ann"), clock)
    waiting = [half(house).token for _ in range(4)]
    code = app.at(clock.now)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda token: house.second_factors.finish(token, code), waiting))
    assert len([signed for signed in done if signed is not None]) == 1
    clock.go(seconds=STEP)
    assert house.second_factors.finish(half(house).token, code) is None  # still within its time, but used
    assert house.second_factors.finish(half(house).token, app.at(clock.now)) is not None


def test_codes_of_a_moment_ago_count_and_older_ones_do_not(house: Portal, clock: MovingClock) -> None:
    app, _ = enrolled(house, someone(house, Role.VIEWER, "Ann"), clock)
    clock.go(seconds=10 * STEP)
    assert house.second_factors.finish(half(house).token, app.at(clock.now - timedelta(seconds=2 * STEP))) is None
    spaced = app.at(clock.now - timedelta(seconds=STEP))
    assert house.second_factors.finish(half(house).token, f" {spaced[:3]} {spaced[3:]} ") is not None


def test_a_half_sign_in_ends_by_itself_and_with_too_many_wrong_codes(house: Portal, clock: MovingClock) -> None:
    app, _ = enrolled(house, someone(house, Role.VIEWER, "Ann"), clock)
    late = half(house)
    clock.go(minutes=11)
    assert house.second_factors.finish(late.token, app.at(clock.now)) is None
    for _ in range(MOST_CODES):
        assert house.second_factors.finish(half(house).token, "123456") is None
    assert house.second_factors.finish(half(house).token, app.at(clock.now)) is None
    clock.go(minutes=16)
    assert house.second_factors.finish(half(house).token, app.at(clock.now)) is not None


def test_each_recovery_code_lets_in_once_and_is_kept_as_a_hash(house: Portal, clock: MovingClock, store: Store) -> None:
    ann = someone(house, Role.VIEWER, "Ann")
    _, codes = enrolled(house, ann, clock)
    assert len(set(codes)) == RECOVERY_CODES
    assert house.second_factors.finish(half(house).token, codes[3].upper()) is not None
    assert house.second_factors.finish(half(house).token, codes[3]) is None
    assert house.second_factors.state(ann).codes_left == RECOVERY_CODES - 1
    with store.reading() as connection:
        kept = str(connection.execute(sa.select(recovery_codes)).all())
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    renewed = house.second_factors.renew_codes(ann, codes[4])
    assert house.second_factors.finish(half(house).token, codes[5]) is None
    assert house.second_factors.finish(half(house).token, renewed[0]) is not None


def test_enrolling_takes_the_password_ends_other_sessions_and_removing_takes_a_code(
    house: Portal, clock: MovingClock
) -> None:
    ann = someone(house, Role.VIEWER, "Ann")
    here, there = (house.people.sign_in("ann@example.org", PASSWORD) for _ in range(2))
    assert here is not None
    assert there is not None
    with pytest.raises(InvalidInput):
        house.second_factors.begin(ann, "not the password")
    with pytest.raises(InvalidInput):
        house.second_factors.confirm(ann, "123456")
    enrolment = house.second_factors.begin(ann, PASSWORD)
    assert enrolment.picture().startswith(b"\x89PNG")
    assert "ann%40example.org" in enrolment.uri
    with pytest.raises(InvalidInput):
        house.second_factors.confirm(ann, "000000", here.token)
    app = pyotp.TOTP(enrolment.secret)
    house.second_factors.confirm(ann, app.at(clock.now), here.token)
    assert house.people.identify(here.token) is not None
    assert house.people.identify(there.token) is None
    with pytest.raises(InvalidInput):
        house.second_factors.begin(ann, PASSWORD)
    with pytest.raises(InvalidInput):
        house.second_factors.remove(ann, "000000")
    clock.go(seconds=STEP)
    house.second_factors.remove(ann, app.at(clock.now))
    signed = house.people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    assert not signed.second_factor


def test_an_administrator_resets_anothers_second_factor_and_the_trail_says_so(
    house: Portal, clock: MovingClock
) -> None:
    ann, boss = someone(house, Role.VIEWER, "Ann"), house.people.first_admin()
    app, _ = enrolled(house, ann, clock)
    whole = house.second_factors.finish(half(house).token, app.at(clock.now))
    assert whole is not None
    house.second_factors.reset(boss, ann.id)
    assert house.people.identify(whole.token) is None
    assert house.people.sign_in("ann@example.org", PASSWORD).second_factor is False  # type: ignore[union-attr]
    assert any(row.detail.get("change") == "reset" for row in house.audit.list(SYSTEM))
    with pytest.raises(InvalidInput):
        house.second_factors.reset(boss, boss.id)
    with pytest.raises(NotFound):
        house.second_factors.reset(boss, ann.id)


def test_where_administrators_need_a_second_factor_they_get_no_further_without(
    store: Store, settings: Settings, clock: MovingClock
) -> None:
    house = wire(store, settings.model_copy(update={"admins_need_second_factor": True}), clock)
    boss, ann = someone(house, Role.ADMIN, "Boss"), someone(house, Role.VIEWER, "Ann")
    signed = house.people.sign_in("boss@example.org", PASSWORD)
    assert signed is not None
    assert house.people.identify(signed.token) is None
    standing = house.sessions.standing(signed.token)
    assert standing is not None
    assert standing.must_enrol
    app = pyotp.TOTP(house.second_factors.begin(standing.actor, PASSWORD).secret)
    house.second_factors.confirm(standing.actor, app.at(clock.now), signed.token)
    assert house.people.identify(signed.token) is not None
    with pytest.raises(InvalidInput, match="must use"):
        house.second_factors.remove(boss, app.at(clock.now))
    other = house.people.sign_in("ann@example.org", PASSWORD)
    assert other is not None
    assert house.people.identify(other.token) is not None
    assert ann.role is Role.VIEWER


def test_an_invitation_lets_one_person_in_once(house: Portal, store: Store) -> None:
    boss = house.people.first_admin()
    made = house.invitations.make(boss, "New@Example.org", "New", Role.EDITOR)
    assert house.invitations.list(boss)[0].token == ""
    with store.reading() as connection:
        assert made.token not in str(connection.execute(sa.select(invitations)).all())
    looked = house.invitations.look(made.token)
    assert looked is not None
    assert looked.email == "new@example.org"
    with pytest.raises(InvalidInput):
        house.invitations.accept(made.token, "New", "password123")

    def accept(number: int) -> SignIn | None:
        try:
            return house.invitations.accept(made.token, f"New {number}", "one that only they know")
        except InvalidInput:
            return None

    with ThreadPoolExecutor(3) as pool:
        done = [signed for signed in pool.map(accept, range(3)) if signed is not None]
    assert len(done) == 1
    actor = house.people.identify(done[0].token)
    assert actor is not None
    assert (actor.email, actor.role) == ("new@example.org", Role.EDITOR)
    assert house.invitations.look(made.token) is None
    with pytest.raises(InvalidInput, match="already"):
        house.invitations.make(boss, "new@example.org", "", Role.VIEWER)


def test_invitations_expire_are_withdrawn_replaced_and_lost_with_their_maker(
    house: Portal, clock: MovingClock, settings: Settings
) -> None:
    boss, other = house.people.first_admin(), someone(house, Role.ADMIN, "Other")
    old = house.invitations.make(boss, "a@example.org", "", Role.VIEWER)
    new = house.invitations.make(boss, "a@example.org", "", Role.VIEWER)
    assert house.invitations.look(old.token) is None
    house.invitations.revoke(boss, new.id)
    assert house.invitations.look(new.token) is None
    with pytest.raises(NotFound):
        house.invitations.revoke(boss, new.id)
    theirs = house.invitations.make(other, "b@example.org", "", Role.ADMIN)
    house.people.change(boss, other.id, role=Role.VIEWER)
    assert house.invitations.look(theirs.token) is None
    late = house.invitations.make(boss, "c@example.org", "", Role.VIEWER)
    clock.go(hours=settings.invitation_hours, minutes=1)
    assert house.invitations.look(late.token) is None
    assert house.invitations.list(boss) == []


def test_guessing_links_is_throttled_by_address(house: Portal) -> None:
    made = house.invitations.make(house.people.first_admin(), "a@example.org", "", Role.VIEWER)
    for number in range(25):
        assert house.invitations.look(f"a guess {number}", "203.0.113.9") is None
    assert house.invitations.look(made.token, "203.0.113.9") is None
    assert house.invitations.look(made.token, "198.51.100.7") is not None


def test_groups_and_attributes_reach_the_actor_and_ones_own_stand_first(house: Portal) -> None:
    boss, ann = house.people.first_admin(), someone(house, Role.VIEWER, "Ann")
    north, south = house.groups.make(boss, "North"), house.groups.make(boss, " South ")
    house.groups.fill(boss, north, [ann.id])
    house.groups.belong(boss, ann.id, [north, south])
    house.groups.describe(boss, "region", ["North"], group_id=north)
    house.groups.describe(boss, "region", ["South", " South "], group_id=south)
    house.groups.describe(boss, "unit", ["Sales"], group_id=south)
    signed = house.people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    found = house.people.identify(signed.token)
    assert found is not None
    assert found.groups == {"North", "South"}
    assert found.attribute("region") == ("North", "South")
    house.groups.describe(boss, "region", ["East", "West"], person_id=ann.id)
    found = house.people.identify(signed.token)
    assert found is not None
    assert found.attribute("region") == ("East", "West")
    assert found.attribute("unit") == ("Sales",)
    assert house.people.actor(ann.id) == found
    house.groups.describe(boss, "region", [], person_id=ann.id)
    house.groups.remove(boss, south)
    found = house.people.identify(signed.token)
    assert found is not None
    assert found.groups == {"North"}
    assert found.attributes == (("region", ("North",)),)


def test_nobody_changes_their_own_groups_or_attributes_also_not_through_a_group(house: Portal) -> None:
    boss, other = house.people.first_admin(), someone(house, Role.ADMIN, "Other")
    group = house.groups.make(boss, "North")
    house.groups.fill(other, group, [boss.id])
    attempts: tuple[Callable[[], object], ...] = (
        lambda: house.groups.belong(boss, boss.id, []),
        lambda: house.groups.fill(boss, group, []),
        lambda: house.groups.describe(boss, "region", ["x"], person_id=boss.id),
        lambda: house.groups.describe(boss, "region", ["x"], group_id=group),
        lambda: house.groups.remove(boss, group),
    )
    for attempt in attempts:
        with pytest.raises(InvalidInput, match="own rights"):
            attempt()
    assert house.groups.list(SYSTEM)[0].people == {boss.id}


def test_odd_groups_and_attributes_are_refused(house: Portal) -> None:
    boss, ann = house.people.first_admin(), someone(house, Role.VIEWER, "Ann")
    group = house.groups.make(boss, "North")
    for name in ("", "Region", "1st", "a-b", "x" * 64, "email", "role", "id; drop"):
        with pytest.raises(InvalidInput):
            house.groups.describe(boss, name, ["x"], person_id=ann.id)
    for values in (["x" * 201], ["a\x00b"], [str(n) for n in range(201)]):
        with pytest.raises(InvalidInput):
            house.groups.describe(boss, "region", values, person_id=ann.id)
    for name in ("", " ", "x" * 81, "North"):
        with pytest.raises(InvalidInput):
            house.groups.make(boss, name)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: house.groups.fill(boss, uuid4(), []),
        lambda: house.groups.fill(boss, group, [uuid4()]),
        lambda: house.groups.belong(boss, ann.id, [uuid4()]),
        lambda: house.groups.describe(boss, "region", ["x"], person_id=uuid4()),
        lambda: house.groups.describe(boss, "region", ["x"], group_id=uuid4()),
        lambda: house.groups.remove(boss, uuid4()),
    )
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()


SSO = {
    "oidc_issuer": ISSUER,
    "oidc_client_id": "askwell",
    "public_url": "https://ask.example.org",
    "oidc_roles": "boss=admin, staff=analyst",
    "oidc_groups": "sales-north=North",
    "oidc_domains": "example.org",
}


def claims(clock: MovingClock, subject: str = "ann-1", **more: Any) -> Mapping[str, Any]:
    at = int(clock.now.timestamp())
    return {
        "iss": ISSUER, "sub": subject, "nonce": str(uuid4()), "iat": at, "exp": at + 300, "name": "Ann",
        "email": f"{subject[:3]}@example.org", "email_verified": True, "groups": ["staff"],
    } | more  # fmt: skip


def signing_on(house: Portal, settings: Settings, clock: MovingClock, **more: Any) -> SingleSignOn:
    return SingleSignOn(house.store, house.audit, settings.model_copy(update=SSO | more), clock)


def test_the_providers_word_makes_a_person_with_their_role_and_groups_and_is_taken_once(
    house: Portal, settings: Settings, clock: MovingClock
) -> None:
    door = signing_on(house, settings, clock)
    word = claims(clock, groups=["staff", "sales-north", "unknown"])
    assert door.is_fresh(word)
    signed = door.sign_in(word)
    assert signed is not None
    actor = house.people.identify(signed.token)
    assert actor is not None
    assert (actor.email, actor.role) == ("ann@example.org", Role.ANALYST)
    assert actor.groups == {"North"}
    assert not door.is_fresh(word)
    assert door.sign_in(word) is None
    assert house.people.sign_in("ann@example.org", "") is None
    again = door.sign_in(claims(clock, groups=["boss"], email="other@example.org"))
    assert again is not None
    assert house.people.identify(signed.token) is None  # another role: what was open has ended
    found = house.people.identify(again.token)
    assert found is not None
    assert (found.id, found.email, found.role) == (actor.id, "ann@example.org", Role.ADMIN)
    assert not found.groups


def test_a_word_that_is_not_whole_fresh_ours_or_of_somebody_let_in_opens_nothing(
    house: Portal, settings: Settings, clock: MovingClock
) -> None:
    door = signing_on(house, settings, clock)
    cases: tuple[dict[str, Any], ...] = (
        {"iss": "https://other.example.org"}, {"iss": None}, {"nonce": ""}, {"nonce": None}, {"sub": ""}, {"sub": 7},
        {"iat": 0}, {"iat": "now"}, {"iat": 32503680000}, {"exp": 0}, {"exp": None}, {"email_verified": False},
        {"email": "ann@evil.example"}, {"email": "ann@example.org.evil.example"}, {"groups": []}, {"groups": None},
    )  # fmt: skip
    for wrong in cases:
        assert door.sign_in(claims(clock, **wrong)) is None, wrong
    assert [person.email for person in house.people.list(SYSTEM)] == ["admin@example.org"]


def test_an_account_is_bound_by_a_verified_address_once_and_by_subject_for_ever(
    house: Portal, settings: Settings, clock: MovingClock
) -> None:
    ann = someone(house, Role.ANALYST, "Ann")
    door = signing_on(house, settings, clock, oidc_domains="")
    assert door.sign_in(claims(clock, email_verified=False)) is None
    signed = door.sign_in(claims(clock))
    assert signed is not None
    assert signed.actor.id == ann.id
    assert door.sign_in(claims(clock, "ann-2")) is None  # another subject with the same address is somebody else
    moved = door.sign_in(claims(clock, email="moved@else.example", email_verified=False))
    assert moved is not None
    assert moved.actor.id == ann.id


def test_a_disabled_person_stays_out_and_comes_back_only_with_a_new_word(
    house: Portal, settings: Settings, clock: MovingClock
) -> None:
    door = signing_on(house, settings, clock)
    signed = door.sign_in(claims(clock))
    assert signed is not None
    house.people.change(SYSTEM, signed.actor.id, disabled=True)
    assert house.people.identify(signed.token) is None
    refused = claims(clock)
    assert door.sign_in(refused) is None
    house.people.change(SYSTEM, signed.actor.id, disabled=False)
    assert door.sign_in(refused) is None
    assert door.sign_in(claims(clock)) is not None
    house.people.erase(SYSTEM, signed.actor.id)
    back = door.sign_in(claims(clock))
    assert back is not None
    assert back.actor.id != signed.actor.id


def test_the_provider_can_not_take_the_last_administrator_away(
    house: Portal, settings: Settings, clock: MovingClock
) -> None:
    door = signing_on(house, settings, clock, oidc_roles="boss=admin, staff=analyst")
    boss = house.people.first_admin()
    signed = door.sign_in(claims(clock, "boss-1", email=boss.email, groups=["staff"]))
    assert signed is not None
    assert signed.actor.role is Role.ADMIN


def test_a_second_factor_is_asked_for_here_too_unless_the_provider_saw_one(
    house: Portal, settings: Settings, clock: MovingClock
) -> None:
    door, ann = signing_on(house, settings, clock), someone(house, Role.ANALYST, "Ann")
    app, _ = enrolled(house, ann, clock)
    signed = door.sign_in(claims(clock))
    assert signed is not None
    assert signed.second_factor
    assert house.people.identify(signed.token) is None
    whole = house.second_factors.finish(signed.token, app.at(clock.now))
    assert whole is not None
    assert house.sessions.sign_out(whole.token) == "sso"
    strong = door.sign_in(claims(clock, amr=["pwd", "mfa"]))
    assert strong is not None
    assert house.people.identify(strong.token) is not None


def test_roles_may_lie_deep_in_the_claims_and_strangers_are_let_in_only_where_a_setting_says_so(
    house: Portal, settings: Settings, clock: MovingClock
) -> None:
    deep = signing_on(house, settings, clock, oidc_groups_claim="realm_access.roles")
    signed = deep.sign_in(claims(clock, groups=None, realm_access={"roles": ["boss"]}))
    assert signed is not None
    assert signed.actor.role is Role.ADMIN
    assert deep.sign_in(claims(clock, "bob-2", groups=None)) is None
    open_door = signing_on(house, settings, clock, oidc_roles="", oidc_new_role="viewer")
    bob = open_door.sign_in(claims(clock, "bob-2", groups=None))
    assert bob is not None
    assert bob.actor.role is Role.VIEWER


def test_what_streamlit_is_told_is_made_from_the_settings_and_its_cookies_cannot_be_forged_without_them(
    settings: Settings,
) -> None:
    assert streamlit_secrets(settings) == {}
    one = streamlit_secrets(settings.model_copy(update=SSO))["auth"]
    assert one["redirect_uri"] == "https://ask.example.org/oauth2callback"
    assert one["server_metadata_url"] == f"{ISSUER}/.well-known/openid-configuration"
    assert settings.secret_key.get_secret_value() not in str(one)
    assert len(one["cookie_secret"]) == 64
