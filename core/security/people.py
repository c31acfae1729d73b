"""People, their roles, and signing in with a password."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import InvalidInput, NotFound
from core.i18n import LANGUAGES, Phrase
from core.security import passwords
from core.security.api_keys import revoke_all
from core.security.audit import Audit
from core.security.forgetting import forget
from core.security.permissions import SYSTEM, Action, Actor, Role, require
from core.security.sessions import Sessions, SignIn, actor_of, with_rights
from core.security.throttle import Limit, Throttle
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import people, sessions
from core.store.tables_people import (
    group_people,
    identities,
    invitations,
    person_attributes,
    recovery_codes,
    second_factors,
)

MOST_FAILURES = 8  # of one account from unfamiliar addresses together, and from each familiar one
MOST_FROM_ADDRESS = 40  # of all accounts together; an office may share one address
_THEMES = ("light", "dark")
_LONGEST_NAME, _LONGEST_EMAIL = 120, 254  # characters


@dataclass(frozen=True)
class Person:
    """One person as an administrator sees them. `attributes` are their own, without those of their groups."""

    id: UUID
    email: str
    name: str
    role: Role
    language: str | None
    theme: str | None
    disabled: bool
    created_at: datetime
    must_change_password: bool = False
    has_password: bool = True
    second_factor: bool = False
    signs_on: bool = False  # through the OpenID provider
    groups: tuple[str, ...] = ()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    seen_at: datetime | None = None


class People:
    """Who people are. A session is a row: signing out, a new password and disabling end it at once."""

    def __init__(self, store: Store, audit: Audit, settings: Settings, clock: Clock) -> None:
        self._store, self._audit, self._settings, self._clock = store, audit, settings, clock
        self._sessions, self._throttle = Sessions(store, audit, settings, clock), Throttle(store, clock)

    def sign_in(self, email: str, password: str, address: str = "", agent: str = "") -> SignIn | None:
        """A session, or None: wrong name, wrong password, disabled or too many failures look the same from outside.

        With a second factor the session is half open: `second_factors.finish` makes it whole.
        """
        email = email.strip().lower()
        account = self._account(email, address)
        limits = [account, *([Limit(f"address:{address}", MOST_FROM_ADDRESS)] if address else [])]
        numbers = self._throttle.begin(*limits)
        if numbers is None:
            self._refused(email, "throttled")
            return None
        row = self._row(people.c.email == email)
        kept, cost = row["password_hash"] if row else "", self._settings.password_cost
        right = passwords.matches(password, kept, cost)
        if row is None or not right or row["disabled_at"]:
            self._refused(email, "wrong")
            return None
        self._throttle.right(numbers, account)
        if passwords.cost_of(kept) < cost:
            self._keep_password(row["id"], passwords.of(password, cost))
        return self._sessions.open(row, address, agent, pending=self._has_factor(row["id"]), strong=False)

    def identify(self, token: str) -> Actor | None:
        """Whose session this is, if it is alive and nothing must be done first; read from the database each time."""
        standing = self._sessions.standing(token)
        return standing.actor if standing and standing.ready else None

    def sign_out(self, token: str) -> str:
        """End this session; its cookie is dead from now on, wherever it was copied to. Gives how it was opened."""
        return self._sessions.sign_out(token)

    def invite(self, actor: Actor | None, email: str, name: str, role: Role, password: str) -> Person:
        """A new person with a first password they must change. Raises `InvalidInput` for a used or bad address."""
        require(actor, Action.CHANGE_PEOPLE, email)
        email = checked_email(email)
        name = checked_name(name or email)
        row = {
            "email": email,
            "name": name,
            "role": checked_role(role).value,
            "password_hash": passwords.hashed(password, self._settings.password_cost, (email, name)),
            "must_change_password": actor is not SYSTEM,
        }
        with self._store.begin() as connection:
            person_id = insert_person(connection, row)
        self._audit.note(actor, Action.CHANGE_PEOPLE, email, change="invited", role=row["role"])
        return self._person(person_id)

    def change(
        self,
        actor: Actor | None,
        person_id: UUID,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> Person:
        """Change another's role, disable or enable them, or give them a first password again.

        Their sessions end. Raises `InvalidInput` where it would leave the portal without an administrator, and for
        oneself.
        """
        require(actor, Action.CHANGE_PEOPLE, person_id)
        not_oneself(actor, person_id)
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = checked_role(role).value
        if disabled is not None:
            values["disabled_at"] = self._clock() if disabled else None
        if password is not None:
            person = self._person(person_id)
            new = passwords.hashed(password, self._settings.password_cost, (person.email, person.name))
            values |= {"password_hash": new, "must_change_password": True}
        with self._store.begin() as connection:
            self._change(connection, person_id, values or {"role": people.c.role})
        person = self._person(person_id)
        self._audit.note(actor, Action.CHANGE_PEOPLE, person.email, change=", ".join(sorted(values)), role=person.role)
        return person

    def erase(self, actor: Actor | None, person_id: UUID) -> None:
        """Forget who a person was: no name, no address, no way to sign in, none of their questions; nothing in the
        trail leads back to them, and it still verifies.

        Raises `InvalidInput` for the last administrator and for oneself, `NotFound` for nobody.
        """
        require(actor, Action.CHANGE_PEOPLE, person_id)
        not_oneself(actor, person_id)
        email, now = self._person(person_id).email, self._clock()
        nobody = {
            "email": f"erased-{person_id}@invalid",
            "name": "–",
            "password_hash": "",
            "role": Role.VIEWER.value,
            "language": None,
            "theme": None,
            "must_change_password": False,
            "disabled_at": now,
            "erased_at": now,
        }
        with self._store.begin() as connection:
            self._change(connection, person_id, nobody)
            for table in (sessions, identities, second_factors, recovery_codes, person_attributes, group_people):
                connection.execute(table.delete().where(table.c.person_id == person_id))
            connection.execute(invitations.delete().where(invitations.c.email == email))
            forget(connection, person_id, email)
            rows = self._audit.erase_within(connection, person_id, email)
            self._audit.note_within(connection, actor, "people.erase", rows=rows)

    def change_self(
        self, actor: Actor | None, *, language: str | None = None, theme: str | None = None, name: str | None = None
    ) -> None:
        """One's own language, theme or name. Raises `InvalidInput` for what is none."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        given = {"language": language, "theme": theme, "name": None if name is None else checked_name(name)}
        values = {key: value for key, value in given.items() if value is not None}
        if language not in (None, *LANGUAGES) or theme not in (None, *_THEMES):
            raise InvalidInput(problem=Phrase("people.unknown_choice"))
        if not values:
            return
        with self._store.begin() as connection:
            connection.execute(people.update().where(people.c.id == actor.id).values(values))
        if name is not None and values["name"] != actor.name:
            self._audit.note(actor, Action.CHANGE_SELF, change="name")

    def change_password(self, actor: Actor | None, old: str, new: str) -> None:
        """One's own password; every session of theirs ends. Raises `InvalidInput` for a wrong old or a weak new one."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        self.confirm_password(actor, old)
        if old == new:
            raise InvalidInput(problem=Phrase("people.same_password"))
        me = self._person(actor.id)
        kept = passwords.hashed(new, self._settings.password_cost, (me.email, me.name))
        with self._store.begin() as connection:
            values = {"password_hash": kept, "must_change_password": False}
            connection.execute(people.update().where(people.c.id == actor.id).values(values))
            self._sessions.close(connection, actor.id)
        self._audit.note(actor, "people.change_password")

    def confirm_password(self, actor: Actor | None, password: str) -> None:
        """Nothing, if this is the actor's own password. Raises `InvalidInput`, also after too many wrong ones."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        limit = Limit(f"own:{actor.id}", MOST_FAILURES)
        row, numbers = self._row(people.c.id == actor.id), self._throttle.begin(limit)
        if numbers is None:
            raise InvalidInput(problem=Phrase("people.too_many_tries"))
        if not passwords.matches(password, row["password_hash"] if row else "", self._settings.password_cost):
            raise InvalidInput(problem=Phrase("people.wrong_password"))
        self._throttle.right(numbers, limit)

    def list(self, actor: Actor | None) -> list[Person]:
        """Everybody, by name."""
        require(actor, Action.SEE_PEOPLE)
        return [*self._people(people.c.erased_at.is_(None))]

    def me(self, actor: Actor | None) -> Person:
        """The actor's own entry."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        return self._person(actor.id)

    def actor(self, person_id: UUID) -> Actor | None:
        """The actor for a job done on a person's behalf; None if they are gone or disabled. For the portal itself."""
        row = self._row(people.c.id == person_id)
        return actor_of(row, self._settings.language) if row and not row["disabled_at"] else None

    def first_admin(self) -> Actor:
        """The administrator who is here longest, for what the portal does at its start. Raises `NotFound`."""
        query = with_rights().where(*_ACTIVE_ADMIN).order_by(people.c.created_at)
        with self._store.reading() as connection:
            row = connection.execute(query.limit(1)).mappings().first()
        if row is None:
            raise NotFound
        return actor_of(row, self._settings.language)

    def ensure_first_admin(self, email: str, password: str, name: str) -> None:
        """The first administrator, made when there is nobody yet; safe when two processes start at once."""
        anybody = sa.select(sa.exists().where(people.c.id.is_not(None)))
        with self._store.reading() as connection:
            if connection.scalar(anybody):
                return
        kept = passwords.of(password, self._settings.password_cost)  # how good it is, the settings have checked
        row = {"email": email.strip().lower(), "name": name, "role": Role.ADMIN.value, "password_hash": kept}
        with self._store.begin() as connection:
            connection.execute(sa.text("LOCK TABLE people IN EXCLUSIVE MODE"))
            if not connection.scalar(anybody):
                connection.execute(people.insert().values(row))

    def _account(self, email: str, address: str) -> Limit:
        """What failures of this account are counted by: nobody elsewhere can lock a person out of a familiar place."""
        if self._sessions.is_familiar(email, address):
            return Limit(f"both:{address} {email}", MOST_FAILURES)
        return Limit(f"account:{email}", MOST_FAILURES)

    def _refused(self, email: str, why: str) -> None:
        """One row of the trail; of tries beyond the limit one in each window, so that hammering does not fill it."""
        if why != "throttled" or self._throttle.begin(Limit(f"told:{email}", 1)):
            shown = email[:_LONGEST_EMAIL] if "@" in email else ""  # else perhaps a password in the wrong field
            self._audit.note(None, "people.sign_in", shown, allowed=False, why=why)

    def _row(self, condition: "sa.ColumnElement[bool]") -> "sa.RowMapping | None":
        with self._store.reading() as connection:
            return connection.execute(with_rights().where(condition)).mappings().first()

    def _has_factor(self, person_id: UUID) -> bool:
        there = sa.exists().where(second_factors.c.person_id == person_id, second_factors.c.confirmed_at.is_not(None))
        with self._store.reading() as connection:
            return bool(connection.scalar(sa.select(there)))

    def _keep_password(self, person_id: UUID, kept: str) -> None:
        with self._store.begin() as connection:
            connection.execute(people.update().where(people.c.id == person_id).values(password_hash=kept))

    def _change(self, within: sa.Connection, person_id: UUID, values: dict[str, Any]) -> None:
        """New values for a person, whose sessions end; an administrator remains in any case."""
        lock_admins(within)
        changed = people.update().where(people.c.id == person_id, people.c.erased_at.is_(None)).values(values)
        row = within.execute(changed.returning(people.c.role, people.c.disabled_at)).first()
        if row is None:
            raise NotFound
        if not within.scalar(sa.select(sa.exists().where(*_ACTIVE_ADMIN))):
            raise InvalidInput(problem=Phrase("people.last_admin"))
        self._sessions.close(within, person_id)
        if row.disabled_at:
            revoke_all(within, person_id, self._clock())
        if row.disabled_at or row.role != Role.ADMIN.value:  # what they promised others is no longer theirs to promise
            open_ones = invitations.c.invited_by == person_id, invitations.c.used_at.is_(None)
            within.execute(invitations.update().where(*open_ones).values(revoked_at=self._clock()))

    def _person(self, person_id: UUID) -> Person:
        found = self._people(people.c.id == person_id)
        if not found:
            raise NotFound
        return found[0]

    def _people(self, condition: "sa.ColumnElement[bool]") -> Sequence[Person]:
        seen = sa.select(sa.func.max(sessions.c.seen_at)).where(sessions.c.person_id == people.c.id)
        factor, identity = second_factors.c, identities.c
        query = with_rights(
            seen.correlate(people).scalar_subquery().label("seen_at"),
            sa.exists().where(factor.person_id == people.c.id, factor.confirmed_at.is_not(None)).label("has_factor"),
            sa.exists().where(identity.person_id == people.c.id).label("signs_on"),
        )
        with self._store.reading() as connection:
            rows = connection.execute(query.where(condition).order_by(people.c.name, people.c.email)).mappings().all()
        return [_person(row) for row in rows]


_ACTIVE_ADMIN = (people.c.role == Role.ADMIN.value, people.c.disabled_at.is_(None))


def lock_admins(connection: sa.Connection) -> None:
    """Hold all administrators still, so that two changes at once do not each leave the other one as the last."""
    connection.execute(sa.select(people.c.id).where(*_ACTIVE_ADMIN).order_by(people.c.id).with_for_update()).all()


def insert_person(connection: sa.Connection, row: dict[str, Any]) -> UUID:
    """The new person's id, inside a transaction that is lost otherwise. Raises `InvalidInput` for a taken address."""
    try:
        return UUID(str(connection.scalar(people.insert().values(row).returning(people.c.id))))
    except IntegrityError:
        raise InvalidInput(problem=Phrase("people.taken", {"email": row["email"]})) from None


def not_oneself(actor: Actor | None, person_id: UUID) -> None:
    """Nobody changes their own rights. Raises `InvalidInput`."""
    if actor is not None and actor.id == person_id:
        raise InvalidInput(problem=Phrase("people.not_oneself"))


def checked_role(role: str) -> Role:
    """The role of this name. Raises `InvalidInput` for none."""
    try:
        return Role(role)
    except ValueError:
        raise InvalidInput(problem=Phrase("people.unknown_choice")) from None


def checked_email(email: str) -> str:
    """The address in lower case. Raises `InvalidInput` for what is none."""
    email = email.strip().lower()
    left, _, right = email.partition("@")
    odd = any(c.isspace() or unicodedata.category(c)[0] == "C" for c in email) or "@" in right
    if not left or not right or odd or len(email) > _LONGEST_EMAIL:
        raise InvalidInput(problem=Phrase("people.bad_email", {"email": email[:60] or "—"}))
    return email


def checked_name(name: str) -> str:
    """The name as it is kept: one line, nothing invisible. Raises `InvalidInput` for an empty or endless one."""
    name = " ".join("".join(c for c in name if c.isspace() or unicodedata.category(c)[0] != "C").split())
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidInput(problem=Phrase("people.bad_name", {"most": _LONGEST_NAME}))
    return name


def _person(row: "sa.RowMapping") -> Person:
    own = tuple(sorted((name, tuple(values)) for name, values in row["own_attributes"] or ()))
    return Person(
        row["id"],
        row["email"],
        row["name"],
        Role(row["role"]),
        row["language"],
        row["theme"],
        row["disabled_at"] is not None,
        row["created_at"],
        row["must_change_password"],
        bool(row["password_hash"]),
        row["has_factor"],
        row["signs_on"],
        tuple(sorted(row["group_names"])),
        own,
        row["seen_at"],
    )
