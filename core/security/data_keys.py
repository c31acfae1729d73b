"""Data keys: what secrets are really sealed with. They lie in the store, each wrapped by the operator's key.

A new one is picked up by its id where it is first met, so a rotation needs no restart.
"""

import os
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.errors import SettingsInvalid
from core.security.operator_keys import OperatorKeys
from core.store.tables_vault import data_keys

SECRETS, TRAIL = "secrets", "trail"
_MAKING = 4_027_186_553  # any number, as long as every version takes the same one


@dataclass(frozen=True)
class DataKey:
    """One row. `wrapped_by` is the id of the operator's key around it."""

    id: str
    purpose: str
    wrapped: str
    created_at: datetime
    lost: bool

    @property
    def wrapped_by(self) -> str:
        return self.wrapped.split(".")[1]


class DataKeys:
    """Finds, makes and re-wraps data keys. What was unwrapped once stays in memory, and nowhere else."""

    def __init__(self, keys: OperatorKeys) -> None:
        self._keys = keys
        self._raw: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def current(self, connection: sa.Connection, purpose: str) -> str:
        """The id of the newest key for this purpose, made now if there is none that can be used."""
        found = self._newest(connection, purpose)
        if found is None:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
            found = self._newest(connection, purpose) or self.make(connection, purpose)
        return found

    def make(self, connection: sa.Connection, purpose: str) -> str:
        """A new key, from now on the current one of its purpose; gives its id."""
        key_id, raw = secrets.token_hex(6), os.urandom(32)
        wrapped = self._wrapped(key_id, purpose, raw)
        connection.execute(data_keys.insert().values(id=key_id, purpose=purpose, wrapped=wrapped))
        return key_id

    def raw(self, connection: sa.Connection, key_id: str) -> bytes | None:
        """The key itself; None where it is not there or cannot be unwrapped."""
        known = self.at_hand(key_id)
        if known is None:
            row = connection.execute(sa.select(data_keys).where(data_keys.c.id == key_id)).mappings().first()
            known = None if row is None else self._unwrapped(_of(row))
            if known is not None:
                with self._lock:
                    self._raw[key_id] = known
        return known

    def at_hand(self, key_id: str) -> bytes | None:
        """The key itself if it was unwrapped before."""
        with self._lock:
            return self._raw.get(key_id)

    def all(self, connection: sa.Connection) -> Sequence[DataKey]:
        """Every key, the oldest first."""
        rows = connection.execute(sa.select(data_keys).order_by(data_keys.c.generation)).mappings()
        return [_of(row) for row in rows]

    def unreadable(self, connection: sa.Connection) -> Sequence[DataKey]:
        """The keys that no key of the operator opens, those given up included."""
        return [key for key in self.all(connection) if self._unwrapped(key) is None]

    def rewrap(self, connection: sa.Connection) -> int:
        """Wrap every key with the operator's current one; gives how many were not."""
        stale = [key for key in self.all(connection) if key.wrapped_by != self._keys.current.id and not key.lost]
        done = 0
        for key in stale:
            raw = self._unwrapped(key)
            if raw is None:
                raise SettingsInvalid(problem=f"the operator's key {key.wrapped_by} is needed to unwrap a data key")
            wrapped = self._wrapped(key.id, key.purpose, raw)
            connection.execute(data_keys.update().where(data_keys.c.id == key.id).values(wrapped=wrapped))
            done += 1
        return done

    def give_up(self, connection: sa.Connection) -> Sequence[DataKey]:
        """Mark the keys that cannot be unwrapped as lost for good; gives those that were not marked before."""
        gone = [key for key in self.unreadable(connection) if not key.lost]
        ids = [key.id for key in gone]
        connection.execute(data_keys.update().where(data_keys.c.id.in_(ids)).values(lost_at=sa.func.now()))
        return gone

    def miss(self, connection: sa.Connection, operator_key: str) -> None:
        """Remember that this key of the operator, which sealed secrets itself, is lost."""
        row = {"id": operator_key, "purpose": "operator", "wrapped": f"k1.{operator_key}.", "lost_at": sa.func.now()}
        connection.execute(insert(data_keys).values(row).on_conflict_do_nothing())

    def remove(self, connection: sa.Connection, key_ids: Sequence[str]) -> None:
        """Forget these keys for good."""
        connection.execute(data_keys.delete().where(data_keys.c.id.in_(key_ids)))
        with self._lock:
            for key_id in key_ids:
                self._raw.pop(key_id, None)

    def _newest(self, connection: sa.Connection, purpose: str) -> str | None:
        newest = data_keys.c.purpose == purpose, data_keys.c.lost_at.is_(None)
        query = sa.select(data_keys.c.id).where(*newest).order_by(data_keys.c.generation.desc()).limit(1)
        found: str | None = connection.scalar(query)
        return found

    def _wrapped(self, key_id: str, purpose: str, raw: bytes) -> str:
        key = self._keys.current
        return f"k1.{key.id}.{key.seal(raw, _identity(key_id, purpose))}"

    def _unwrapped(self, key: DataKey) -> bytes | None:
        operator = self._keys.named(key.wrapped_by)
        return operator.open(key.wrapped.split(".", 2)[2], _identity(key.id, key.purpose)) if operator else None


def _identity(key_id: str, purpose: str) -> str:
    return f"data_keys:{purpose}:{key_id}"


def _of(row: "sa.RowMapping") -> DataKey:
    return DataKey(row["id"], row["purpose"], row["wrapped"], row["created_at"], row["lost_at"] is not None)
