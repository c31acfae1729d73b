"""Invitation links: each lets one person in, once, and soon."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from core.clock import Clock
from core.errors import InvalidInput, NotFound
from core.i18n import Phrase
from core.security import passwords
from core.security.audit import Audit
from core.security.people import checked_email, checked_name, checked_role, insert_person
from core.security.permissions import Action, Actor, Role, require
from core.security.sessions import Sessions, SignIn, hash_of, with_rights
from core.security.throttle import Limit, Throttle
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import people
from core.store.tables_people import invitations

MOST_WRONG = 20  # links that do not work, from one address within the throttle's window
_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Invitation:
    """An open invitation. `token` is there only in the moment it is made: its link is shown once."""

    id: UUID
    email: str
    name: str
    role: Role
    expires_at: datetime
    token: str = field(default="", repr=False)


class Invitations:
    """Made and withdrawn by administrators, accepted by whoever has the link."""

    def __init__(self, store: Store, audit: Audit, settings: Settings, clock: Clock) -> None:
        self._store, self._audit, self._settings, self._clock = store, audit, settings, clock
        self._sessions, self._throttle = Sessions(store, audit, settings, clock), Throttle(store, clock)

    def make(self, actor: Actor | None, email: str, name: str, role: Role) -> Invitation:
        """A new invitation with its token; an older one for the same address no longer works.

        Raises `InvalidInput` for an address that is none or has an account.
        """
        require(actor, Action.CHANGE_PEOPLE, email)
        assert actor is not None
        email, token, now = checked_email(email), secrets.token_urlsafe(32), self._clock()
        values = {
            "token_hash": hash_of(token),
            "created_at": now,
            "email": email,
            "name": checked_name(name) if name.strip() else "",
            "role": checked_role(role).value,
            "invited_by": actor.id,
            "expires_at": now + timedelta(hours=self._settings.invitation_hours),
        }
        with self._store.begin() as connection:
            if connection.scalar(sa.select(sa.exists().where(people.c.email == email))):
                raise InvalidInput(problem=Phrase("people.taken", {"email": email}))
            connection.execute(invitations.delete().where(invitations.c.created_at < now - _KEPT))
            connection.execute(
                invitations.update().where(invitations.c.email == email, *self._open()).values(revoked_at=now)
            )
            row = connection.execute(invitations.insert().values(values).returning(invitations)).mappings().one()
        self._audit.note(actor, "people.invitation", email, change="made", role=row["role"])
        return _invitation(row, token)

    def list(self, actor: Actor | None) -> list[Invitation]:
        """The invitations that can still be accepted, the newest first."""
        require(actor, Action.SEE_PEOPLE)
        query = sa.select(invitations).where(*self._open()).order_by(invitations.c.created_at.desc())
        with self._store.reading() as connection:
            return [_invitation(row) for row in connection.execute(query).mappings()]

    def revoke(self, actor: Actor | None, invitation_id: UUID) -> None:
        """Withdraw one. Raises `NotFound` for one that cannot be accepted any more."""
        require(actor, Action.CHANGE_PEOPLE, invitation_id)
        this = invitations.update().where(invitations.c.id == invitation_id, *self._open())
        with self._store.begin() as connection:
            email = connection.scalar(this.values(revoked_at=self._clock()).returning(invitations.c.email))
        if email is None:
            raise NotFound
        self._audit.note(actor, "people.invitation", email, change="withdrawn")

    def look(self, token: str, address: str = "") -> Invitation | None:
        """The invitation of a link, for whoever holds it; None for one that does not work, and after too many such."""
        limit = Limit(f"invitation:{address or 'local'}", MOST_WRONG)
        numbers = self._throttle.begin(limit)
        if numbers is None:
            return None
        query = sa.select(invitations).where(invitations.c.token_hash == hash_of(token), *self._open())
        with self._store.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        self._throttle.right(numbers)
        return _invitation(row)

    def accept(self, token: str, name: str, password: str, address: str = "", agent: str = "") -> SignIn:
        """The invited person's account and first session. The link works no more.

        Raises `InvalidInput` for a link that does not work, a weak password, and an address that has an account by now.
        """
        invitation = self.look(token, address)
        if invitation is None:
            raise InvalidInput(problem=Phrase("people.bad_invitation"))
        name = checked_name(name)
        row = {
            "email": invitation.email,
            "name": name,
            "role": invitation.role.value,
            "password_hash": passwords.hashed(password, self._settings.password_cost, (invitation.email, name)),
        }
        this = invitations.update().where(invitations.c.id == invitation.id, *self._open())
        with self._store.begin() as connection:
            if connection.execute(this.values(used_at=self._clock())).rowcount != 1:
                raise InvalidInput(problem=Phrase("people.bad_invitation"))
            person_id = insert_person(connection, row)
            made = connection.execute(with_rights().where(people.c.id == person_id)).mappings().one()
        signed = self._sessions.open(made, address, agent, "invitation", pending=False, strong=False)
        self._audit.note(signed.actor, "people.invitation", invitation.email, change="accepted", role=row["role"])
        return signed

    def _open(self) -> tuple["sa.ColumnElement[bool]", ...]:
        return (
            invitations.c.used_at.is_(None),
            invitations.c.revoked_at.is_(None),
            invitations.c.expires_at > self._clock(),
        )


def _invitation(row: "sa.RowMapping", token: str = "") -> Invitation:
    return Invitation(row["id"], row["email"], row["name"], Role(row["role"]), row["expires_at"], token)
