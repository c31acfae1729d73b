"""Signing in through an OpenID provider: what it says about a person, turned into a person and a session of ours.

The provider's word is taken once, when it is fresh. After that our session decides alone: Streamlit's own cookie of the
sign-in lives for thirty days and is never checked again, so it can neither sign anybody in a second time nor say what
they may do.
"""

import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.clock import Clock
from core.errors import InvalidInput
from core.security.audit import Audit
from core.security.groups import ensure_groups, set_groups
from core.security.people import checked_email, checked_name, insert_person, lock_admins
from core.security.permissions import Action, Role
from core.security.sessions import Sessions, SignIn, with_rights
from core.settings import Settings, pairs
from core.store.sessions import Store
from core.store.tables import people
from core.store.tables_people import identities, second_factors, sign_ons_used

FRESH = timedelta(minutes=5)  # between the provider's word and our session
_SKEW = timedelta(minutes=2)  # between the provider's clock and ours
_KEPT = timedelta(days=1)
CALLBACK = "/oauth2callback"  # where Streamlit waits for the provider's answer
Changes = list[tuple[str, dict[str, str]]]  # for the trail: whose, and what
_RANK = {role: rank for rank, role in enumerate(Role)}


class _Refused(Exception):
    """Why the provider's word opens no session here; it stands in the trail."""


class SingleSignOn:
    """Lets people in on the word of the OpenID provider in the settings."""

    def __init__(self, store: Store, audit: Audit, settings: Settings, clock: Clock) -> None:
        self._store, self._audit, self._settings, self._clock = store, audit, settings, clock
        self._sessions = Sessions(store, audit, settings, clock)
        self._roles = {theirs: Role(ours) for theirs, ours in pairs(settings.oidc_roles).items()}
        self._groups = pairs(settings.oidc_groups)

    def is_fresh(self, claims: Mapping[str, Any]) -> bool:
        """Whether these claims could open a session: of our provider, of now, and not used yet. Changes nothing."""
        try:
            digest = self._digest_of(claims)
        except _Refused:
            return False
        with self._store.reading() as connection:
            return not connection.scalar(sa.select(sa.exists().where(sign_ons_used.c.digest == digest)))

    def sign_in(self, claims: Mapping[str, Any], address: str = "", agent: str = "") -> SignIn | None:
        """A session for whom these claims of an ID token speak of, once; None where the portal does not let them in.

        The claims must come from a token whose signature, audience and nonce were checked (Streamlit does, OpenID
        Connect Core 1.0, 3.1.3.7).
        """
        subject, changes = str(claims.get("sub", "")), Changes()
        try:
            self._use_up(claims)
            with self._store.begin() as connection:
                person_id = self._person(connection, claims, changes)
                row = connection.execute(with_rights().where(people.c.id == person_id)).mappings().one()
                factor = second_factors.c
                has_factor = sa.exists().where(factor.person_id == person_id, factor.confirmed_at.is_not(None))
                asked = bool(connection.scalar(sa.select(has_factor)))
        except (_Refused, InvalidInput) as refusal:
            self._audit.note(None, "people.sign_in", subject[:120], allowed=False, way="sso", why=str(refusal))
            return None
        for email, change in changes:
            self._audit.note(None, Action.CHANGE_PEOPLE, email, True, way="sso", **change)
        strong = "mfa" in _listed(claims.get("amr"))  # RFC 8176
        pending = asked and not strong
        return self._sessions.open(row, address, agent, "sso", pending=pending, strong=strong)

    def _use_up(self, claims: Mapping[str, Any]) -> None:
        digest, now = self._digest_of(claims), self._clock()
        with self._store.begin() as connection:
            connection.execute(sign_ons_used.delete().where(sign_ons_used.c.at < now - _KEPT))
            new = insert(sign_ons_used).values(digest=digest, at=now).on_conflict_do_nothing()
            if connection.scalar(new.returning(sign_ons_used.c.digest)) is None:
                raise _Refused("used before")

    def _digest_of(self, claims: Mapping[str, Any]) -> bytes:
        """What names this one sign-in. Raises `_Refused` for claims that are not ours, not whole or not fresh."""
        issuer, subject, nonce = (claims.get(name) for name in ("iss", "sub", "nonce"))
        if not self._settings.sso or not isinstance(issuer, str) or issuer.rstrip("/") != self._issuer:
            raise _Refused("another provider")
        if not (isinstance(subject, str) and subject and isinstance(nonce, str) and nonce):
            raise _Refused("no subject or nonce")
        now = self._clock().timestamp()
        issued, expires = _moment(claims.get("iat")), _moment(claims.get("exp"))
        if not now - FRESH.total_seconds() <= issued <= now + _SKEW.total_seconds() or expires <= now:
            raise _Refused("not fresh")
        return hashlib.sha256("\0".join((issuer, subject, nonce)).encode()).digest()

    def _person(self, connection: sa.Connection, claims: Mapping[str, Any], changes: Changes) -> UUID:
        """Who this is here: bound to issuer and subject before, bound now by a verified address, or new."""
        subject, email = str(claims["sub"]), _verified_email(claims)
        if not self._is_our_domain(email):
            raise _Refused("another domain")
        lock_admins(connection)
        bound = sa.select(people).join(identities, identities.c.person_id == people.c.id)
        here = identities.c.issuer == self._issuer, identities.c.subject == subject
        row = connection.execute(bound.where(*here)).mappings().first()
        wished = self._role(claims)
        if row is None:
            row = self._bound_by_email(connection, email)
            person_id = UUID(str(row["id"])) if row else self._new(connection, claims, wished)
            new = {"issuer": self._issuer, "subject": subject, "person_id": person_id}
            connection.execute(identities.insert().values(new))
            changes.append((email, {"change": "signs on from now" if row else "signed on for the first time"}))
        if row is not None:
            if row["disabled_at"]:
                raise _Refused("disabled")
            person_id = UUID(str(row["id"]))
            self._follow(connection, row, wished, changes)
        theirs = {self._groups[name] for name in self._listed_groups(claims) if name in self._groups}
        ours = ensure_groups(connection, self._groups.values())
        set_groups(connection, person_id, [ours[name] for name in theirs], among=ours.values())
        return person_id

    def _bound_by_email(self, connection: sa.Connection, email: str) -> "sa.RowMapping | None":
        """The person of a verified address, whom nobody else at this provider is bound to."""
        if not email:
            return None
        row = connection.execute(sa.select(people).where(people.c.email == email)).mappings().first()
        if row is not None:
            taken = sa.exists().where(identities.c.person_id == row["id"], identities.c.issuer == self._issuer)
            if connection.scalar(sa.select(taken)):
                raise _Refused("the address belongs to somebody else")
        return row

    def _new(self, connection: sa.Connection, claims: Mapping[str, Any], wished: Role | None) -> UUID:
        email = _verified_email(claims)
        role = wished or (Role(self._settings.oidc_new_role) if self._settings.oidc_new_role else None)
        if role is None:
            raise _Refused("nobody invited them")
        if not email:
            raise _Refused("no verified address")
        given = str(claims.get("name") or claims.get("preferred_username") or email)[:120]
        row = {"email": checked_email(email), "name": checked_name(given), "role": role.value, "password_hash": ""}
        return insert_person(connection, row)

    def _follow(self, connection: sa.Connection, row: "sa.RowMapping", wished: Role | None, changes: Changes) -> None:
        """Where the provider's groups give roles, the role follows them at each sign-in; an administrator remains."""
        if not self._roles:
            return
        role = wished or (Role(self._settings.oidc_new_role) if self._settings.oidc_new_role else None)
        if role is None:
            raise _Refused("no role")
        if role.value == row["role"]:
            return
        others = people.c.role == Role.ADMIN.value, people.c.disabled_at.is_(None), people.c.id != row["id"]
        if row["role"] == Role.ADMIN.value and not connection.scalar(sa.select(sa.exists().where(*others))):
            return
        connection.execute(people.update().where(people.c.id == row["id"]).values(role=role.value))
        self._sessions.close(connection, row["id"])
        changes.append((row["email"], {"change": "role", "role": role.value}))

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest role that the provider's groups give."""
        given = [self._roles[name] for name in self._listed_groups(claims) if name in self._roles]
        return max(given, key=_RANK.__getitem__) if given else None

    def _listed_groups(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """The values of the claim in the settings, which may lie deeper: `realm_access.roles`."""
        name = self._settings.oidc_groups_claim
        if name in claims:
            return _listed(claims[name])
        found: Any = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return _listed(found)

    def _is_our_domain(self, email: str) -> bool:
        ours = {domain.strip().lstrip("@").lower() for domain in self._settings.oidc_domains.split(",")} - {""}
        return not ours or email.rpartition("@")[2] in ours

    @property
    def _issuer(self) -> str:
        return self._settings.oidc_issuer.rstrip("/")


def streamlit_secrets(settings: Settings) -> dict[str, Any]:
    """What `st.login` wants to know, made from our settings and kept in memory only; empty where nobody signs on."""
    if not settings.sso:
        return {}
    key = settings.oidc_client_secret.get_secret_value() + settings.secret_key.get_secret_value()
    return {
        "auth": {
            "redirect_uri": settings.public_url.rstrip("/") + CALLBACK,
            "cookie_secret": hmac.digest(key.encode(), b"askwell streamlit cookie 1", "sha256").hex(),
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret.get_secret_value(),
            "server_metadata_url": settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
            "client_kwargs": {"scope": settings.oidc_scopes, "prompt": "select_account"},
        }
    }


def _verified_email(claims: Mapping[str, Any]) -> str:
    """The address, if the provider has verified it; "" otherwise."""
    email = claims.get("email")
    return email.strip().lower() if isinstance(email, str) and claims.get("email_verified") in (True, "true") else ""


def _listed(values: Any) -> frozenset[str]:
    """A claim's values as text: a list, or one text with blanks or commas between."""
    if isinstance(values, str):
        return frozenset(values.replace(",", " ").split())
    return frozenset(str(value) for value in values) if isinstance(values, Iterable) else frozenset()


def _moment(value: Any) -> float:
    """Seconds since 1970; never fresh where it is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -math.inf
