"""Signed-in sessions: rows that a cookie names, read anew each time, so that ending one takes effect at once."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.clock import Clock
from core.errors import NotFound
from core.security.audit import Audit
from core.security.permissions import Action, Actor, Role, may, require
from core.security.whereabouts import device
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import people, sessions
from core.store.tables_people import (
    group_attributes,
    group_people,
    groups,
    person_attributes,
    second_factors,
)

PENDING = timedelta(minutes=10)  # between the password and the second factor
FAMILIAR = timedelta(days=30)  # how long an address remains one that a person has signed in from
_KEPT = timedelta(days=30)  # ended sessions
_SEEN = timedelta(minutes=1)  # how exactly the last use is known
_SKEW = timedelta(hours=2)  # how far a clock that is set back may leave a session in the future


@dataclass(frozen=True)
class SignIn:
    """A new session. `token` goes into the cookie and is shown to nobody else; only its hash is kept.

    With `second_factor` it opens nothing yet: it is traded, with a code, for one that does.
    """

    token: str = field(repr=False)
    actor: Actor
    must_change_password: bool
    expires_at: datetime
    second_factor: bool = False


@dataclass(frozen=True)
class Standing:
    """Who has this session, and what they must do before anything else. `way` is how they signed in."""

    actor: Actor
    theme: str | None
    way: str
    must_change_password: bool
    must_enrol: bool

    @property
    def ready(self) -> bool:
        return not (self.must_change_password or self.must_enrol)


@dataclass(frozen=True)
class OpenSession:
    """One open session as a person sees it; `this` is the one they look from. Moments are in UTC."""

    id: UUID
    device: str
    address: str
    way: str
    created_at: datetime
    seen_at: datetime
    this: bool = False


class Sessions:
    """Opens, finds, lists and ends sessions."""

    def __init__(self, store: Store, audit: Audit, settings: Settings, clock: Clock) -> None:
        self._store, self._audit, self._settings, self._clock = store, audit, settings, clock

    def list(self, actor: Actor | None, token: str = "", person_id: UUID | None = None) -> list[OpenSession]:
        """One's own open sessions, the last used first; another's only for those who may see people."""
        require(actor, Action.CHANGE_SELF, person_id or "")
        assert actor is not None
        if person_id not in (None, actor.id):
            require(actor, Action.SEE_PEOPLE, person_id)
        own = sessions.c.person_id == (person_id or actor.id)
        query = sa.select(sessions).where(own, *self._alive(pending=False)).order_by(sessions.c.seen_at.desc())
        with self._store.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            OpenSession(
                row["id"],
                device(row["agent"]),
                row["address"],
                row["way"],
                row["created_at"],
                row["seen_at"],
                bool(token) and row["token_hash"] == hash_of(token),
            )
            for row in rows
        ]

    def end(self, actor: Actor | None, session_id: UUID) -> None:
        """End one session: one's own, or anybody's for those who may change people. Raises `NotFound`."""
        require(actor, Action.CHANGE_SELF, session_id)
        assert actor is not None
        this = [sessions.c.id == session_id, sessions.c.ended_at.is_(None)]
        if not may(actor, Action.CHANGE_PEOPLE):
            this.append(sessions.c.person_id == actor.id)
        with self._store.begin() as connection:
            whose = connection.scalar(
                sessions.update().where(*this).values(ended_at=self._clock()).returning(sessions.c.person_id)
            )
        if whose is None:
            raise NotFound
        self._audit.note(actor, "people.end_session", whose, session=session_id)

    def end_all(self, actor: Actor | None, token: str = "", person_id: UUID | None = None) -> int:
        """End every session of a person, oneself where none is named, but the one of `token`; gives how many."""
        require(actor, Action.CHANGE_SELF, person_id or "")
        assert actor is not None
        if person_id not in (None, actor.id):
            require(actor, Action.CHANGE_PEOPLE, person_id)
        with self._store.begin() as connection:
            ended = self.close(connection, person_id or actor.id, token)
        self._audit.note(actor, "people.end_session", person_id or actor.id, n=ended)
        return ended

    def open(
        self, row: "sa.RowMapping", address: str, agent: str, way: str = "password", *, pending: bool, strong: bool
    ) -> SignIn:
        """A new session for the person of this row, as `with_rights` reads it. For the ways to sign in."""
        token, now = secrets.token_urlsafe(32), self._clock()
        expires = now + (PENDING if pending else timedelta(hours=self._settings.session_hours))
        values = {
            "person_id": row["id"],
            "token_hash": hash_of(token),
            "created_at": now,
            "seen_at": now,
            "expires_at": expires,
            "agent": agent[:200],
            "address": address,
            "way": way,
            "pending": pending,
            "strong": strong,
        }
        over = sa.func.least(sessions.c.expires_at, sa.func.coalesce(sessions.c.ended_at, sessions.c.expires_at))
        with self._store.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.person_id == row["id"], over < now - _KEPT))
            connection.execute(sessions.insert().values(values))
        actor = actor_of(row, self._settings.language)
        if not pending:
            self._audit.note(actor, "people.sign_in", way=way)
        return SignIn(token, actor, row["must_change_password"], expires, pending)

    def standing(self, token: str) -> Standing | None:
        """Whose session this is, if it is alive, in one statement. The last use is noted once a minute."""
        now, enrolled = self._clock(), second_factors.c.confirmed_at.is_not(None)
        has_factor = sa.exists().where(second_factors.c.person_id == people.c.id, enrolled)
        query = (
            with_rights(sessions.c.id.label("session_id"), sessions.c.seen_at, sessions.c.way, sessions.c.strong)
            .add_columns(has_factor.label("has_factor"))
            .join(sessions, sessions.c.person_id == people.c.id)
            .where(sessions.c.token_hash == hash_of(token), people.c.disabled_at.is_(None), *self._alive(pending=False))
        )
        with self._store.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if abs(now - row["seen_at"]) > _SEEN:
            with self._store.begin() as connection:
                connection.execute(sessions.update().where(sessions.c.id == row["session_id"]).values(seen_at=now))
        needs = self._settings.admins_need_second_factor and row["role"] == Role.ADMIN.value
        return Standing(
            actor_of(row, self._settings.language),
            row["theme"],
            row["way"],
            row["must_change_password"] and row["way"] != "sso",
            needs and not row["has_factor"] and not row["strong"],
        )

    def pending(self, token: str) -> "sa.RowMapping | None":
        """The person whose password was right and whose second factor is awaited, with `address`, `agent` and `way`."""
        query = (
            with_rights(sessions.c.id.label("session_id"), sessions.c.address, sessions.c.agent, sessions.c.way)
            .join(sessions, sessions.c.person_id == people.c.id)
            .where(sessions.c.token_hash == hash_of(token), people.c.disabled_at.is_(None), *self._alive(pending=True))
        )
        with self._store.reading() as connection:
            return connection.execute(query).mappings().first()

    def sign_out(self, token: str) -> str:
        """End the session of this token, half or whole; gives the way it was opened by, "" for none that was open."""
        with self._store.begin() as connection:
            row = connection.execute(
                sessions.update()
                .where(sessions.c.token_hash == hash_of(token), sessions.c.ended_at.is_(None))
                .values(ended_at=self._clock())
                .returning(sessions.c.person_id, sessions.c.way, sessions.c.pending)
            ).first()
            name = row and connection.scalar(sa.select(people.c.name).where(people.c.id == row.person_id))
        if row is None:
            return ""
        if not row.pending:
            self._audit.note(Actor(row.person_id, str(name), Role.VIEWER), "people.sign_out")
        return str(row.way)

    def close(self, connection: sa.Connection, person_id: UUID, token: str = "") -> int:
        """End a person's sessions but the one of `token`, inside a transaction; gives how many."""
        open_ones = [sessions.c.person_id == person_id, sessions.c.ended_at.is_(None)]
        if token:
            open_ones.append(sessions.c.token_hash != hash_of(token))
        return connection.execute(sessions.update().where(*open_ones).values(ended_at=self._clock())).rowcount

    def is_familiar(self, email: str, address: str) -> bool:
        """Whether the person of this e-mail address has signed in from that address in the last month."""
        there = sa.exists().where(
            sessions.c.person_id == people.c.id,
            people.c.email == email,
            sessions.c.address == address,
            sessions.c.pending.is_(False),
            sessions.c.created_at > self._clock() - FAMILIAR,
        )
        with self._store.reading() as connection:
            return bool(connection.scalar(sa.select(there))) and bool(address)

    def _alive(self, *, pending: bool) -> Iterable["sa.ColumnElement[bool]"]:
        """Not ended, not too old, not unused for too long, and not of a future that a wrong clock once believed in."""
        now, idle = self._clock(), timedelta(hours=self._settings.session_idle_hours)
        return (
            sessions.c.pending.is_(pending),
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > now,
            sessions.c.created_at <= now + _SKEW,
            sessions.c.seen_at > now - idle,
            sessions.c.seen_at <= now + _SKEW,
        )


def hash_of(token: str) -> bytes:
    """What is kept of a token: it has 256 bits of chance, so one round of SHA-256 gives nothing away."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def with_rights(*columns: Any) -> "sa.Select[Any]":
    """People with their groups and attributes, in one statement, and other columns beside them."""
    mine = group_people.c.person_id == people.c.id
    names = sa.select(groups.c.name).join(group_people, group_people.c.group_id == groups.c.id).where(mine)
    theirs = (
        sa.select(sa.func.jsonb_agg(sa.func.jsonb_build_array(group_attributes.c.name, group_attributes.c["values"])))
        .join_from(group_attributes, group_people, group_people.c.group_id == group_attributes.c.group_id)
        .where(mine)
    )
    own = sa.select(
        sa.func.jsonb_agg(sa.func.jsonb_build_array(person_attributes.c.name, person_attributes.c["values"]))
    ).where(person_attributes.c.person_id == people.c.id)
    return sa.select(
        people,
        sa.func.array(names.correlate(people).scalar_subquery()).label("group_names"),
        theirs.correlate(people).scalar_subquery().label("group_attributes"),
        own.correlate(people).scalar_subquery().label("own_attributes"),
        *columns,
    ).select_from(people)


def actor_of(row: "sa.RowMapping", language: str) -> Actor:
    """The actor of a row of `with_rights`. What is set for the person stands; the values of groups are joined."""
    found: dict[str, set[str]] = {}
    for name, values in row["group_attributes"] or ():
        found.setdefault(name, set()).update(values)
    found |= {name: set(values) for name, values in row["own_attributes"] or ()}
    return Actor(
        row["id"],
        row["name"],
        Role(row["role"]),
        row["language"] or language,
        row["email"],
        frozenset(row["group_names"]),
        tuple((name, tuple(sorted(found[name]))) for name in sorted(found)),
    )
