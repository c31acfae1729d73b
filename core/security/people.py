"""People, their roles, and their sign-ins."""

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import bcrypt
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import InvalidInput, NotFound
from core.i18n import Phrase
from core.security.audit import Audit
from core.security.permissions import SYSTEM, Action, Actor, Role, require
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import people, sessions, sign_in_failures

MOST_FAILURES = 8  # per account and per address within `FAILURE_WINDOW`
FAILURE_WINDOW = timedelta(minutes=15)
LEAST_PASSWORD = 10  # characters
_COST = 12  # bcrypt
_NOBODY = bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(_COST)).decode()


@dataclass(frozen=True)
class Person:
    """One person as an administrator sees them."""

    id: UUID
    email: str
    name: str
    role: Role
    language: str | None
    theme: str | None
    disabled: bool
    created_at: datetime
    must_change_password: bool = False


@dataclass(frozen=True)
class SignIn:
    """A new session. `token` goes into the cookie and is shown to nobody else; only its hash is kept."""

    token: str
    actor: Actor
    must_change_password: bool
    expires_at: datetime


class People:
    """Who people are. A session is a row: signing out, a new password and disabling end it at once."""

    def __init__(self, store: Store, audit: Audit, settings: Settings, clock: Clock) -> None:
        self._store, self._audit, self._settings, self._clock = store, audit, settings, clock

    def sign_in(self, email: str, password: str, address: str = "", agent: str = "") -> SignIn | None:
        """A session, or None: wrong name, wrong password, disabled or too many failures look the same from outside."""
        email = email.strip().lower()
        if self._throttled(email, address):
            self._audit.note(None, "people.sign_in", email, allowed=False, why="throttled")
            return None
        row = self._row(people.c.email == email)
        right = password_matches(password, row["password_hash"] if row else _NOBODY)
        if row is None or not right or row["disabled_at"]:
            self._count_failure(email, address)
            self._audit.note(None, "people.sign_in", email, allowed=False, why="wrong")
            return None
        with self._store.begin() as connection:
            connection.execute(sign_in_failures.delete().where(sign_in_failures.c.subject == email))
        return self._open_session(row, agent)

    def identify(self, token: str) -> Actor | None:
        """Whose session this is, if it is alive; read from the database each time, so that an end takes effect."""
        now = self._clock()
        alive = (
            sa.select(people, sessions.c.id.label("session_id"), sessions.c.seen_at)
            .join(sessions, sessions.c.person_id == people.c.id)
            .where(
                sessions.c.token_hash == _hash(token),
                sessions.c.ended_at.is_(None),
                sessions.c.expires_at > now,
                sessions.c.seen_at > now - timedelta(hours=self._settings.session_idle_hours),
                people.c.disabled_at.is_(None),
            )
        )
        with self._store.begin() as connection:
            row = connection.execute(alive).mappings().first()
            if row is None:
                return None
            if now - row["seen_at"] > timedelta(minutes=1):
                connection.execute(sessions.update().where(sessions.c.id == row["session_id"]).values(seen_at=now))
        return _actor(row, self._settings.language)

    def sign_out(self, token: str) -> None:
        """End this session; its cookie is dead from now on, wherever it was copied to."""
        with self._store.begin() as connection:
            ended = connection.execute(
                sessions.update()
                .where(sessions.c.token_hash == _hash(token), sessions.c.ended_at.is_(None))
                .values(ended_at=self._clock())
                .returning(sessions.c.person_id)
            ).scalar()
        if ended:
            self._audit.note(self.actor(ended), "people.sign_out")

    def invite(self, actor: Actor | None, email: str, name: str, role: Role, password: str) -> Person:
        """A new person with a first password they must change. Raises `InvalidInput` for a used or bad address."""
        require(actor, Action.CHANGE_PEOPLE, email)
        email = email.strip().lower()
        if "@" not in email.strip("@") or any(c.isspace() for c in email):
            raise InvalidInput(problem=Phrase("people.bad_email", {"email": email or "—"}))
        row = {
            "email": email,
            "name": name.strip() or email,
            "role": role.value,
            "password_hash": hashed(password),
            "must_change_password": actor is not SYSTEM,
        }
        try:
            with self._store.begin() as connection:
                new = connection.execute(people.insert().values(row).returning(people)).mappings().one()
        except IntegrityError:
            raise InvalidInput(problem=Phrase("people.taken", {"email": email})) from None
        self._audit.note(actor, Action.CHANGE_PEOPLE, email, change="invited", role=role.value)
        return _person(new)

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

        Their sessions end. Raises `InvalidInput` where it would leave the portal without an administrator.
        """
        require(actor, Action.CHANGE_PEOPLE, person_id)
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = role.value
        if disabled is not None:
            values["disabled_at"] = self._clock() if disabled else None
        if password is not None:
            values |= {"password_hash": hashed(password), "must_change_password": True}
        with self._store.begin() as connection:
            changed = people.update().where(people.c.id == person_id).values(values).returning(people)
            row = connection.execute(changed).mappings().first()
            if row is None:
                raise NotFound
            admins = sa.select(sa.func.count()).where(people.c.role == Role.ADMIN.value, people.c.disabled_at.is_(None))
            if not connection.scalar(admins):
                raise InvalidInput(problem=Phrase("people.last_admin"))
            self._end_sessions(connection, person_id)
        self._audit.note(actor, Action.CHANGE_PEOPLE, row["email"], change=", ".join(sorted(values)))
        return _person(row)

    def change_self(
        self, actor: Actor | None, *, language: str | None = None, theme: str | None = None, name: str | None = None
    ) -> None:
        """One's own language, theme or name."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        given = {"language": language, "theme": theme, "name": name}
        values = {key: value for key, value in given.items() if value is not None}
        with self._store.begin() as connection:
            connection.execute(people.update().where(people.c.id == actor.id).values(values))

    def change_password(self, actor: Actor | None, old: str, new: str) -> None:
        """One's own password; every session of theirs ends. Raises `InvalidInput` for a wrong old or a weak new one."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        row = self._row(people.c.id == actor.id)
        if row is None or not password_matches(old, row["password_hash"]):
            raise InvalidInput(problem=Phrase("people.wrong_password"))
        if old == new:
            raise InvalidInput(problem=Phrase("people.same_password"))
        with self._store.begin() as connection:
            values = {"password_hash": hashed(new), "must_change_password": False}
            connection.execute(people.update().where(people.c.id == actor.id).values(values))
            self._end_sessions(connection, actor.id)
        self._audit.note(actor, "people.change_password")

    def list(self, actor: Actor | None) -> list[Person]:
        """Everybody, by name."""
        require(actor, Action.SEE_PEOPLE)
        with self._store.begin() as connection:
            rows = connection.execute(sa.select(people).order_by(people.c.name)).mappings().all()
        return [_person(row) for row in rows]

    def me(self, actor: Actor | None) -> Person:
        """The actor's own entry."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        row = self._row(people.c.id == actor.id)
        if row is None:
            raise NotFound
        return _person(row)

    def actor(self, person_id: UUID) -> Actor | None:
        """The actor for a job done on a person's behalf; None if they are gone or disabled. For the portal itself."""
        row = self._row(people.c.id == person_id)
        return _actor(row, self._settings.language) if row and not row["disabled_at"] else None

    def first_admin(self) -> Actor:
        """The administrator who is here longest, for what the portal does at its start. Raises `NotFound`."""
        active = people.c.role == Role.ADMIN.value, people.c.disabled_at.is_(None)
        with self._store.begin() as connection:
            row = connection.execute(sa.select(people).where(*active).order_by(people.c.created_at)).mappings().first()
        if row is None:
            raise NotFound
        return _actor(row, self._settings.language)

    def ensure_first_admin(self, email: str, password: str, name: str) -> None:
        """The first administrator, made when there is nobody yet; safe when two processes start at once."""
        row = {"email": email.lower(), "name": name, "role": Role.ADMIN.value, "password_hash": hashed(password)}
        with self._store.begin() as connection:
            connection.execute(sa.text("LOCK TABLE people IN EXCLUSIVE MODE"))
            if not connection.scalar(sa.select(sa.func.count()).select_from(people)):
                connection.execute(people.insert().values(row))

    def _row(self, condition: "sa.ColumnElement[bool]") -> "sa.RowMapping | None":
        with self._store.begin() as connection:
            return connection.execute(sa.select(people).where(condition)).mappings().first()

    def _open_session(self, row: "sa.RowMapping", agent: str) -> SignIn:
        token, now = secrets.token_urlsafe(32), self._clock()
        expires = now + timedelta(hours=self._settings.session_hours)
        with self._store.begin() as connection:
            connection.execute(
                sessions.insert().values(
                    person_id=row["id"],
                    token_hash=_hash(token),
                    created_at=now,
                    seen_at=now,
                    expires_at=expires,
                    agent=agent[:200],
                )
            )
        actor = _actor(row, self._settings.language)
        self._audit.note(actor, "people.sign_in")
        return SignIn(token, actor, row["must_change_password"], expires)

    def _end_sessions(self, connection: sa.Connection, person_id: UUID) -> None:
        open_ones = sessions.c.person_id == person_id, sessions.c.ended_at.is_(None)
        connection.execute(sessions.update().where(*open_ones).values(ended_at=self._clock()))

    def _throttled(self, *subjects: str) -> bool:
        recent = sa.select(sa.func.count()).where(sign_in_failures.c.at > self._clock() - FAILURE_WINDOW)
        with self._store.begin() as connection:
            counts = [connection.scalar(recent.where(sign_in_failures.c.subject == s)) or 0 for s in subjects if s]
        return any(count >= MOST_FAILURES for count in counts)

    def _count_failure(self, *subjects: str) -> None:
        rows = [{"subject": subject, "at": self._clock()} for subject in subjects if subject]
        with self._store.begin() as connection:
            connection.execute(sign_in_failures.insert(), rows)
            old = sign_in_failures.c.at < self._clock() - FAILURE_WINDOW
            connection.execute(sign_in_failures.delete().where(old))


def hashed(password: str) -> str:
    """The bcrypt hash of a password. Raises `InvalidInput` for one that is too short."""
    if len(password) < LEAST_PASSWORD:
        raise InvalidInput(problem=Phrase("people.short_password", {"least": LEAST_PASSWORD}))
    with _one_at_a_time:
        return bcrypt.hashpw(_digest(password), bcrypt.gensalt(_COST)).decode()


def password_matches(password: str, password_hash: str) -> bool:
    """Whether this is the password; takes as long for a wrong one as for the right one."""
    with _one_at_a_time:
        return bcrypt.checkpw(_digest(password), password_hash.encode())


_one_at_a_time = threading.Semaphore(2)  # a burst of sign-ins must not take every core


def _digest(password: str) -> bytes:
    """What bcrypt sees: the password itself up to its limit of 72 bytes, longer ones whole through SHA-256."""
    raw = password.encode()
    return raw if len(raw) <= 72 else hashlib.sha256(raw).hexdigest().encode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _actor(row: "sa.RowMapping", language: str) -> Actor:
    return Actor(row["id"], row["name"], Role(row["role"]), row["language"] or language)


def _person(row: "sa.RowMapping") -> Person:
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
    )
