"""Keys by which programs act for a person: scoped, ending, shown once, and kept only as a hash."""

import builtins
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from core.clock import Clock
from core.errors import InvalidInput, NotFound
from core.i18n import Phrase
from core.security.audit import Audit
from core.security.permissions import Action, Actor, Scope, may, require
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import people
from core.store.tables_keys import api_keys

MOST_KEYS = 50  # of one person, alive
_FORM = re.compile(r"askwell_([0-9a-f]{12})_[0-9a-f]{64}")
_NO_KEY = hashlib.sha256(b"nobody has this key").digest()
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class KeyInfo:
    """A key as lists show it. `prefix` is its beginning, by which people know it again. Moments are in UTC."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    person_id: UUID
    person: str

    def alive(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and self.expires_at > now


@dataclass(frozen=True)
class NewKey:
    """A key just made. `key` is shown once, to who made it; nobody can read it again."""

    key: str = field(repr=False)
    info: KeyInfo


@dataclass(frozen=True)
class KeyHolder:
    """Who acts by a key that is alive: the person, no further than the key's scopes."""

    actor: Actor
    key_id: UUID
    name: str
    expires_at: datetime


class Persons(Protocol):
    """Who people are now: `People`."""

    def actor(self, person_id: UUID) -> Actor | None: ...


class Keys:
    """A key acts for its person as they are now: role, groups and attributes are read anew each time."""

    def __init__(self, store: Store, audit: Audit, persons: Persons, settings: Settings, clock: Clock) -> None:
        self._store, self._audit, self._persons = store, audit, persons
        self._most_days, self._clock = settings.api_key_days, clock

    def issue(self, actor: Actor | None, name: str, scopes: Iterable[str], expires_at: datetime) -> NewKey:
        """A new key of the actor's own. Raises `InvalidInput` for a name, scope or end that cannot be."""
        require(actor, Action.OWN_KEYS, name)
        assert actor is not None
        named, wanted, now = " ".join(name.split())[:80], _known(scopes), self._clock()
        latest = now + timedelta(days=self._most_days)
        if not named:
            raise InvalidInput(problem=Phrase("keys.name_needed"))
        if not now < expires_at <= latest + timedelta(days=1):
            raise InvalidInput(problem=Phrase("keys.bad_end", {"n": self._most_days}))
        prefix = secrets.token_hex(6)
        key = f"askwell_{prefix}_{secrets.token_hex(32)}"
        values = {
            "person_id": actor.id,
            "name": named,
            "prefix": prefix,
            "key_hash": _hash(key),
            "scopes": [scope.value for scope in wanted],
            "expires_at": min(expires_at, latest),
            "created_at": now,
        }
        alive = api_keys.c.person_id == actor.id, api_keys.c.revoked_at.is_(None), api_keys.c.expires_at > now
        with self._store.begin() as line:
            if (line.scalar(sa.select(sa.func.count()).where(*alive)) or 0) >= MOST_KEYS:
                raise InvalidInput(problem=Phrase("keys.too_many", {"n": MOST_KEYS}))
            key_id = line.execute(api_keys.insert().values(values).returning(api_keys.c.id)).scalar_one()
        self._audit.note(actor, "keys.issue", key_id, name=named, prefix=prefix, scopes=" ".join(wanted))
        return NewKey(key, self._find(api_keys.c.id == key_id)[0])

    def list(self, actor: Actor | None) -> list[KeyInfo]:
        """The actor's own keys, the newest first, those that have ended as well."""
        require(actor, Action.OWN_KEYS)
        assert actor is not None
        return self._find(api_keys.c.person_id == actor.id)

    def everyones(self, actor: Actor | None) -> builtins.list[KeyInfo]:
        """Everybody's keys, the newest first."""
        require(actor, Action.SEE_KEYS)
        return self._find(sa.true())

    def revoke(self, actor: Actor | None, key_id: UUID) -> None:
        """End one's own key, or as an administrator anybody's; it is dead at once. Raises `NotFound`."""
        require(actor, Action.OWN_KEYS, key_id)
        assert actor is not None
        mine = sa.true() if may(actor, Action.SEE_KEYS) else api_keys.c.person_id == actor.id
        with self._store.begin() as line:
            known = sa.func.coalesce(api_keys.c.revoked_at, self._clock())
            ended = api_keys.update().where(api_keys.c.id == key_id, mine).values(revoked_at=known)
            row = line.execute(ended.returning(api_keys.c.name, api_keys.c.prefix)).first()
        if row is None:
            raise NotFound
        self._audit.note(actor, "keys.revoke", key_id, name=row.name, prefix=row.prefix)

    def identify(self, presented: str) -> KeyHolder | None:
        """Who acts by this key; None for one that is unknown, wrong, ended or revoked, or whose person is disabled."""
        form = _FORM.fullmatch(presented)
        query = sa.select(api_keys).where(api_keys.c.prefix == (form[1] if form else ""))
        with self._store.begin() as line:
            row = line.execute(query).mappings().first()
        right = hmac.compare_digest(_hash(presented), row["key_hash"] if row else _NO_KEY)
        now = self._clock()
        if row is None or not right or row["revoked_at"] or row["expires_at"] <= now:
            return None
        person = self._persons.actor(row["person_id"])
        if person is None:
            return None
        if row["used_at"] is None or not timedelta() <= now - row["used_at"] < _USED_EVERY:
            with self._store.begin() as line:
                line.execute(api_keys.update().where(api_keys.c.id == row["id"]).values(used_at=now))
        actor = replace(person, scopes=frozenset(row["scopes"]))
        return KeyHolder(actor, row["id"], row["name"], row["expires_at"])

    def _find(self, condition: "sa.ColumnElement[bool]") -> "builtins.list[KeyInfo]":
        whose = sa.select(api_keys, people.c.name.label("person")).join(people, people.c.id == api_keys.c.person_id)
        with self._store.begin() as line:
            rows = line.execute(whose.where(condition).order_by(api_keys.c.created_at.desc())).mappings().all()
        return [
            KeyInfo(
                row["id"],
                row["name"],
                f"askwell_{row['prefix']}",
                tuple(scope for scope in Scope if scope in row["scopes"]),
                row["created_at"],
                row["expires_at"],
                row["used_at"],
                row["revoked_at"],
                row["person_id"],
                row["person"],
            )
            for row in rows
        ]


def _known(scopes: Iterable[str]) -> builtins.list[Scope]:
    """The scopes, each once. Raises `InvalidInput` for none, and for one that there is not."""
    wanted = dict.fromkeys(scopes)
    if not wanted or not set(wanted) <= set(Scope):
        raise InvalidInput(problem=Phrase("keys.scope_needed"))
    return [scope for scope in Scope if scope in wanted]


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def revoke_all(line: sa.Connection, person_id: UUID, at: datetime) -> None:
    """End every key of a person, within a transaction that also ends their sessions."""
    alive = api_keys.c.person_id == person_id, api_keys.c.revoked_at.is_(None)
    line.execute(api_keys.update().where(*alive).values(revoked_at=at))
