"""Signing in with a password, sessions, and who may change whom, on a real store."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import bcrypt
import pytest
import sqlalchemy as sa

from core.errors import InvalidInput, NotAllowed, NotFound
from core.security import passwords
from core.security.audit import Audit
from core.security.people import MOST_FAILURES, MOST_FROM_ADDRESS, People
from core.security.permissions import SYSTEM, Actor, Role
from core.security.sessions import Sessions
from core.security.throttle import WINDOW, Limit, Throttle
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import people as people_table
from core.store.tables import sign_in_failures
from tests.conftest import NOW, audit_over
from tests.doubles_people import CountedHashing, MovingClock

pytestmark = pytest.mark.usefixtures("hashed_anew")

GOOD = "correct horse battery"
HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock(NOW)


@pytest.fixture
def trail(store: Store) -> Audit:
    return audit_over(store)


@pytest.fixture
def people(store: Store, trail: Audit, settings: Settings, clock: MovingClock) -> People:
    return People(store, trail, settings, clock)


@pytest.fixture
def sessions(store: Store, trail: Audit, settings: Settings, clock: MovingClock) -> Sessions:
    return Sessions(store, trail, settings, clock)


@pytest.fixture
def ann(people: People) -> Actor:
    return actor(people, "Ann")


def actor(people: People, name: str, role: Role = Role.ANALYST) -> Actor:
    made = people.invite(SYSTEM, f"{name.lower()}@example.org", name, role, GOOD)
    found = people.actor(made.id)
    assert found is not None
    return found


def test_a_hash_is_bcrypt_of_cost_12_and_what_the_sign_in_form_of_streamlit_authenticator_checks(
    people: People, ann: Actor, store: Store
) -> None:
    from streamlit_authenticator import Hasher

    with store.reading() as connection:
        kept = connection.scalar(sa.select(people_table.c.password_hash).where(people_table.c.id == ann.id))
    assert kept is not None
    assert kept.startswith("$2b$12$")
    assert Hasher.check_pw(GOOD, kept)
    assert not Hasher.check_pw(GOOD + ".", kept)


@pytest.mark.parametrize(
    "long", ["a word, " * 9 + "x", "院子里的老槐树和邻居家的猫" * 3, "é" * 20 + "wörter und zeichen " * 4]
)
def test_every_character_of_a_long_password_counts_and_its_digest_is_no_password(long: str) -> None:
    kept = passwords.hashed(long)
    assert len(long.encode()) > 72
    assert passwords.matches(long, kept)
    assert not passwords.matches(long[:-1], kept)
    assert not passwords.matches(long[:-1] + "!", kept)
    assert not passwords.matches(long + " ", kept)
    digest = passwords._digest(long).decode()
    assert not passwords.matches(digest, passwords.hashed(long + "."))


def test_a_password_of_exactly_72_bytes_is_bcrypts_own_and_a_nul_does_not_end_it() -> None:
    exact = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.-;:_#+*~"
    assert len(exact) == 72
    assert bcrypt.checkpw(exact.encode(), passwords.hashed(exact).encode())
    kept = passwords.hashed("before\0 and after")
    assert not passwords.matches("before\0 and then", kept)


def test_one_password_typed_on_two_systems_is_the_same() -> None:
    composed, apart = "caf\u00e9 under trees", "cafe\u0301 under trees"
    assert passwords.matches(apart, passwords.hashed(composed))


def test_a_password_that_is_easily_guessed_is_refused_and_a_good_one_taken(people: People) -> None:
    easy = (
        "short", "x" * 2000, "Password123!", "P@ssw0rd2024", "qwertyuiop12", "1234567890", "0987654321",
        "aaaaaaaaaaaa", "AnnSmith2024", "smith.ann.1999", "ann@example.org", "welcome-welcome", "letmein!!!!!!",
    )  # fmt: skip
    for password in easy:
        with pytest.raises(InvalidInput):
            people.invite(SYSTEM, "ann.smith@example.org", "Ann Smith", Role.VIEWER, password)
    assert all(person.email != "ann.smith@example.org" for person in people.list(SYSTEM))
    for number, good in enumerate((GOOD, "tr0ub4dor&3x", "我家后院有三棵老槐树", "kP9-vX2_qLw7")):
        people.invite(SYSTEM, f"ann.smith{number}@example.org", "Ann Smith", Role.VIEWER, good)


def test_a_raised_cost_hashes_anew_at_the_next_sign_in_and_not_before(
    people: People, ann: Actor, store: Store, trail: Audit, settings: Settings, clock: MovingClock
) -> None:
    dearer = People(store, trail, settings.model_copy(update={"password_cost": 13}), clock)

    def cost() -> int:
        with store.reading() as connection:
            query = sa.select(people_table.c.password_hash).where(people_table.c.id == ann.id)
            return passwords.cost_of(str(connection.scalar(query)))

    assert dearer.sign_in("ann@example.org", "not the password") is None
    assert cost() == 12
    assert dearer.sign_in("ann@example.org", GOOD) is not None
    assert cost() == 13
    assert dearer.sign_in("ann@example.org", GOOD) is not None
    assert people.sign_in("ann@example.org", GOOD) is not None


@pytest.mark.parametrize("cost", [12, 13])
def test_known_unknown_disabled_and_passwordless_names_cost_the_same_work_and_get_the_same_words(
    people: People, ann: Actor, store: Store, trail: Audit, settings: Settings, clock: MovingClock, cost: int
) -> None:
    gone, without, _ = actor(people, "Gone"), actor(people, "Without"), actor(people, "Boss", Role.ADMIN)
    people.change(SYSTEM, gone.id, disabled=True)
    with store.begin() as connection:
        connection.execute(people_table.update().where(people_table.c.id == without.id).values(password_hash=""))
    door = People(store, trail, settings.model_copy(update={"password_cost": cost}), clock)
    work = set()
    for name in ("ann", "gone", "without", "nobody"):
        with CountedHashing() as counted:
            assert door.sign_in(f"{name}@example.org", "not the password", HOME) is None
        work.add(counted.rounds)
    with CountedHashing() as counted:
        assert door.sign_in("gone@example.org", GOOD, HOME) is None
    assert work | {counted.rounds} == {2**cost}
    for name in ("ann", "nobody"):
        for _ in range(MOST_FAILURES):
            people.sign_in(f"{name}@example.org", "not the password", ELSEWHERE)
        with CountedHashing() as counted:
            assert people.sign_in(f"{name}@example.org", GOOD, ELSEWHERE) is None
        assert counted.rounds == 0


def test_many_tries_at_once_are_no_more_than_one_after_another(people: People, ann: Actor) -> None:
    with CountedHashing() as counted, ThreadPoolExecutor(12) as pool:
        wrong = list(pool.map(lambda n: people.sign_in("ann@example.org", f"wrong {n}", ELSEWHERE), range(24)))
    assert wrong == [None] * 24
    assert counted.rounds == MOST_FAILURES * 2**12


def test_nobody_elsewhere_can_lock_a_person_out_of_a_familiar_place(
    people: People, ann: Actor, clock: MovingClock
) -> None:
    assert people.sign_in("ann@example.org", GOOD, HOME) is not None
    for _ in range(MOST_FAILURES + 3):
        assert people.sign_in("ann@example.org", "a guess of theirs", ELSEWHERE) is None
    assert people.sign_in("ann@example.org", GOOD, ELSEWHERE) is None
    assert people.sign_in("ann@example.org", GOOD, HOME) is not None
    clock.go(days=31)
    for _ in range(MOST_FAILURES):
        people.sign_in("ann@example.org", "a guess of theirs", ELSEWHERE)
    assert people.sign_in("ann@example.org", GOOD, HOME) is None  # a month later it is familiar no more


def test_hammering_does_not_prolong_a_lock_nor_fill_the_store(
    people: People, ann: Actor, clock: MovingClock, store: Store, trail: Audit
) -> None:
    for _ in range(MOST_FAILURES):
        people.sign_in("ann@example.org", "a guess of theirs", ELSEWHERE)
    for _ in range(14):
        clock.go(minutes=1)
        assert people.sign_in("ann@example.org", "a guess of theirs", ELSEWHERE) is None
    clock.go(minutes=2)
    assert people.sign_in("ann@example.org", GOOD, "192.0.2.1") is not None
    refused = [row for row in trail.list(SYSTEM) if row.action == "people.sign_in" and not row.allowed]
    assert len([row for row in refused if row.detail.get("why") == "throttled"]) == 1
    clock.go(seconds=WINDOW.total_seconds())
    people.sign_in("ann@example.org", "a guess of theirs", ELSEWHERE)
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(sign_in_failures)) == 2


def test_one_address_may_try_only_so_many_names_and_names_are_not_kept_as_typed(
    people: People, store: Store, clock: MovingClock
) -> None:
    limit = Limit(f"address:{ELSEWHERE}", MOST_FROM_ADDRESS)
    for _ in range(MOST_FROM_ADDRESS - 2):
        assert Throttle(store, clock).begin(limit) is not None
    with CountedHashing() as counted:
        for number in range(5):
            people.sign_in(f"secret-{number}@example.org", GOOD, ELSEWHERE)
    assert counted.rounds == 2 * 2**12
    with store.reading() as connection:
        assert not any("secret" in subject for subject in connection.scalars(sa.select(sign_in_failures.c.subject)))


def test_a_password_in_the_wrong_field_does_not_stand_in_the_trail(people: People, trail: Audit) -> None:
    people.sign_in("my own password", "ann@example.org")
    assert "my own password" not in str(trail.list(SYSTEM))


def test_failures_counted_by_a_wrong_clock_lock_nobody_out(people: People, ann: Actor, clock: MovingClock) -> None:
    clock.go(hours=1)
    for _ in range(MOST_FAILURES):
        people.sign_in("ann@example.org", "a guess of theirs", ELSEWHERE)
    clock.go(hours=-1)
    assert people.sign_in("ann@example.org", GOOD, ELSEWHERE) is not None


def test_a_first_password_opens_nothing_until_it_is_changed(people: People, sessions: Sessions) -> None:
    boss = actor(people, "Boss", Role.ADMIN)
    made = people.invite(boss, "new@example.org", "New", Role.VIEWER, GOOD)
    signed = people.sign_in("new@example.org", GOOD)
    assert signed is not None
    assert signed.must_change_password
    assert people.identify(signed.token) is None
    standing = sessions.standing(signed.token)
    assert standing is not None
    assert standing.actor.id == made.id
    people.change_password(standing.actor, GOOD, "another good password")
    again = people.sign_in("new@example.org", "another good password")
    assert again is not None
    assert people.identify(again.token) is not None


def test_wrong_old_passwords_are_throttled(people: People, ann: Actor) -> None:
    for _ in range(MOST_FAILURES):
        with pytest.raises(InvalidInput, match="not right"):
            people.change_password(ann, "not the password", "another good password")
    with pytest.raises(InvalidInput, match="quarter of an hour"):
        people.change_password(ann, GOOD, "another good password")


def test_a_session_ends_when_unused_and_in_any_case(people: People, ann: Actor, clock: MovingClock) -> None:
    unused, used = people.sign_in("ann@example.org", GOOD), people.sign_in("ann@example.org", GOOD)
    assert unused is not None
    assert used is not None
    for _ in range(23):
        clock.go(hours=7)
        assert people.identify(used.token) is not None
    assert people.identify(unused.token) is None
    clock.go(hours=7.1)
    assert people.identify(used.token) is None


def test_a_clock_that_jumps_neither_ends_all_sessions_nor_makes_any_immortal(
    people: People, ann: Actor, clock: MovingClock
) -> None:
    signed = people.sign_in("ann@example.org", GOOD)
    assert signed is not None
    clock.go(hours=-1)
    assert people.identify(signed.token) is not None
    clock.go(hours=2)
    assert people.identify(signed.token) is not None
    clock.go(hours=-1)
    clock.go(hours=168, minutes=1)
    assert people.identify(signed.token) is None
    clock.now = NOW + timedelta(days=40)
    future = people.sign_in("ann@example.org", GOOD)
    assert future is not None
    clock.now = NOW
    assert people.identify(future.token) is None
    clock.now = NOW + timedelta(days=40, hours=1)
    assert people.identify(future.token) is not None


def test_people_see_and_end_their_own_sessions_and_administrators_anybodys(
    people: People, ann: Actor, sessions: Sessions, clock: MovingClock
) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    first = people.sign_in("ann@example.org", GOOD, HOME, agent)
    clock.go(minutes=5)
    second = people.sign_in("ann@example.org", GOOD, ELSEWHERE)
    bob, boss = actor(people, "Bob"), actor(people, "Boss", Role.ADMIN)
    assert first is not None
    assert second is not None
    newest, oldest = sessions.list(ann, first.token)
    assert (oldest.device, oldest.address, oldest.this) == ("Firefox, Windows", HOME, True)
    assert (newest.address, newest.this, newest.seen_at) == (ELSEWHERE, False, clock.now)
    with pytest.raises(NotFound):
        sessions.end(bob, newest.id)
    with pytest.raises(NotAllowed):
        sessions.list(bob, person_id=ann.id)
    with pytest.raises(NotAllowed):
        sessions.end_all(bob, person_id=ann.id)
    assert sessions.end_all(ann, first.token) == 1
    assert people.identify(second.token) is None
    assert people.identify(first.token) is not None
    (last,) = sessions.list(boss, person_id=ann.id)
    sessions.end(boss, last.id)
    assert people.identify(first.token) is None
    with pytest.raises(NotFound):
        sessions.end(boss, last.id)


def test_a_new_role_a_new_password_and_disabling_end_every_session(people: People, ann: Actor) -> None:
    changes: list[Callable[[], object]] = [
        lambda: people.change(SYSTEM, ann.id, role=Role.EDITOR),
        lambda: people.change(SYSTEM, ann.id, password=GOOD),
        lambda: people.change(SYSTEM, ann.id, disabled=True),
    ]
    actor(people, "Boss", Role.ADMIN)
    for change in changes:
        signed = people.sign_in("ann@example.org", GOOD)
        assert signed is not None
        change()
        assert people.identify(signed.token) is None


def test_nobody_changes_their_own_rights_and_two_administrators_cannot_demote_each_other_at_once(
    people: People,
) -> None:
    one, two = actor(people, "One", Role.ADMIN), actor(people, "Two", Role.ADMIN)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: people.change(one, one.id, role=Role.ADMIN),
        lambda: people.change(one, one.id, disabled=True),
        lambda: people.erase(one, one.id),
    )
    for attempt in attempts:
        with pytest.raises(InvalidInput, match="own rights"):
            attempt()

    def demote(pair: tuple[Actor, Actor]) -> str:
        try:
            people.change(pair[0], pair[1].id, role=Role.VIEWER)
        except InvalidInput:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, [(one, two), (two, one)])) == ["done", "refused"]
    assert [person.role for person in people.list(SYSTEM)].count(Role.ADMIN) == 1


def test_the_last_administrator_can_neither_be_demoted_nor_disabled_nor_erased(people: People, ann: Actor) -> None:
    boss = actor(people, "Boss", Role.ADMIN)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: people.change(SYSTEM, boss.id, role=Role.EDITOR),
        lambda: people.change(SYSTEM, boss.id, disabled=True),
        lambda: people.erase(SYSTEM, boss.id),
    )
    for attempt in attempts:
        with pytest.raises(InvalidInput, match="remain administrator"):
            attempt()
    assert people.actor(boss.id) is not None


def test_an_erased_person_leaves_no_name_no_way_in_and_a_row_for_the_trail(
    people: People, ann: Actor, store: Store
) -> None:
    actor(people, "Boss", Role.ADMIN)
    signed = people.sign_in("ann@example.org", GOOD, HOME)
    assert signed is not None
    people.erase(SYSTEM, ann.id)
    assert people.identify(signed.token) is None
    assert people.sign_in("ann@example.org", GOOD) is None
    assert people.actor(ann.id) is None
    assert ann.id not in [person.id for person in people.list(SYSTEM)]
    with store.reading() as connection:
        row = connection.execute(sa.select(people_table).where(people_table.c.id == ann.id)).mappings().one()
    assert "ann" not in f"{row['email']} {row['name']}".lower()
    assert row["password_hash"] == ""
    attempts: tuple[Callable[[], object], ...] = (
        lambda: people.change(SYSTEM, ann.id, disabled=False),
        lambda: people.change(SYSTEM, uuid4(), disabled=True),
    )
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert actor(people, "Ann").id != ann.id


def test_the_first_administrator_is_made_once_by_many_at_once(
    store: Store, trail: Audit, settings: Settings, clock: MovingClock
) -> None:
    def start(number: int) -> None:
        each = People(store, trail, settings, clock)
        each.ensure_first_admin(f"root{number}@example.org", "first admin's password", "Root")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(start, range(6)))
    assert len(People(store, trail, settings, clock).list(SYSTEM)) == 1


def test_what_is_no_address_is_refused(people: People) -> None:
    for email in ("", "ann", "@", "a@", "@b", "a b@c.d", "a@b@c", "a\n@b.c", "x" * 260 + "@b.c"):
        with pytest.raises(InvalidInput):
            people.invite(SYSTEM, email, "Ann", Role.VIEWER, GOOD)


def test_people_change_their_name_and_language_but_not_to_what_is_none(people: People, ann: Actor) -> None:
    people.change_self(ann, name="  Ann\tB.\u202e Smith ", language="zh", theme="dark")
    me = people.me(ann)
    assert (me.name, me.language, me.theme) == ("Ann B. Smith", "zh", "dark")
    for wrong in ({"name": " "}, {"name": "x" * 200}, {"language": "xx"}, {"theme": "url(x)"}):
        with pytest.raises(InvalidInput):
            people.change_self(ann, **wrong)
