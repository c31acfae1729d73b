"""Seals secrets with AES-256-GCM, so that a stolen database gives none away.

A sealed text reads `v2.<data key>.<base64 of nonce and ciphertext>`; the data key lies in the store, wrapped by the
operator's key (`data_keys`). The first form, `v1.<operator's key>.…`, stays readable. The identity of the row it
belongs to is associated data: a sealed text moved to another row does not open.
"""

import base64
import hashlib
import hmac
import os

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import SecretUnreadable, SettingsInvalid
from core.security.data_keys import SECRETS, TRAIL, DataKeys
from core.security.operator_keys import OperatorKeys, keys_of, opened
from core.security.sealed import SEALED, key_of, uses
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables_vault import data_keys

_NONCE = 12  # bytes


class Vault:
    """Seals with the newest data key, opens with whichever was used. Raises `StoreUnreachable`."""

    def __init__(self, keys: OperatorKeys, store: Store) -> None:
        self.keys, self._store = keys, store
        self.data_keys = DataKeys(keys)

    def seal(self, text: str, identity: str) -> str:
        """`text` sealed for the row `identity`; "" stays ""."""
        if not text:
            return ""
        with self._store.begin() as connection:
            return self.seal_within(connection, text, identity)

    def seal_within(self, connection: sa.Connection, text: str, identity: str) -> str:
        """As `seal`, in a transaction that goes on."""
        key_id = self.data_keys.current(connection, SECRETS)
        raw = self._raw(connection, key_id)
        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(raw).encrypt(nonce, text.encode(), identity.encode())
        return f"v2.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, identity: str) -> str:
        """What `seal` was given. Raises `SecretUnreadable` when the key is gone or the row is another one."""
        if not sealed:
            return ""
        raw = self.data_keys.at_hand(f"{sealed}.".split(".")[1])
        if raw is not None:  # the usual case needs no trip to the store
            return self._opened(sealed, identity, raw)
        with self._store.begin() as connection:
            return self.open_within(connection, sealed, identity)

    def open_within(self, connection: sa.Connection, sealed: str, identity: str) -> str:
        """As `open`, in a transaction that goes on."""
        form, _, rest = sealed.partition(".")
        raw = self.data_keys.raw(connection, rest.partition(".")[0]) if form == "v2" else None
        return self._opened(sealed, identity, raw)

    def _opened(self, sealed: str, identity: str, raw: bytes | None) -> str:
        """The text of either form; `raw` is the data key of the second one."""
        form, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        plain = None
        if form == "v1" and (operator := self.keys.named(key_id)):
            plain = operator.open(text, identity)
        elif form == "v2" and raw is not None:
            plain = opened(AESGCM(raw), text, identity)
        if plain is None:
            raise SecretUnreadable
        return plain.decode()

    def trail_key(self, connection: sa.Connection, key_id: str) -> bytes | None:
        """The key that the trail's rows are marked with; None where it is gone."""
        raw = self.data_keys.raw(connection, key_id)
        return None if raw is None else hmac.digest(raw, b"askwell trail", hashlib.sha256)

    def current_trail_key(self, connection: sa.Connection) -> str:
        """The id of the trail's newest key."""
        return self.data_keys.current(connection, TRAIL)

    def give_up(self, connection: sa.Connection) -> int:
        """Take keys that nobody has any more for lost: the portal starts without them. Gives how many secrets are."""
        lost = {key.id for key in self.data_keys.give_up(connection)}
        gone = 0
        for name, number in uses(connection).items():
            form, key_id = name.split(".", 1)
            if form == "v1" and self.keys.named(key_id) is None:
                self.data_keys.miss(connection, key_id)
                gone += number
            gone += number if key_id in lost else 0
        return gone

    def unreadable(self, connection: sa.Connection) -> list[str]:
        """The rows whose secret no key opens, as `table: name`."""
        gone = {f"v2.{key.id}" for key in self.data_keys.unreadable(connection)}
        gone |= {name for name in uses(connection) if name.startswith("v1.") and not self.keys.named(name[3:])}
        found = []
        for sealed in SEALED:
            lost = sa.select(sealed.name).where(key_of(sealed.column).in_(gone)).order_by(sealed.name)
            found += [f"{sealed.column.table.name}: {name}" for name in connection.scalars(lost)]
        return found

    def check(self) -> None:
        """Nothing, if every key that is in use is at hand. Raises `SettingsInvalid` that names those that are not."""
        with self._store.begin() as connection:
            known = {key.id: key for key in self.data_keys.all(connection)}
            missing = {key.wrapped_by for key in self.data_keys.unreadable(connection) if not key.lost}
            for name, number in uses(connection).items():
                form, key_id = name.split(".", 1)
                if form == "v2" and key_id not in known:
                    raise SettingsInvalid(problem=f"the data key {key_id}, which seals {number} secrets, is gone")
                if form == "v1" and self.keys.named(key_id) is None and key_id not in known:
                    missing.add(key_id)
        if missing:
            named = ", ".join(sorted(missing))
            raise SettingsInvalid(
                problem=f"stored secrets were sealed with another key ({named}) than ASKWELL_SECRET_KEY gives"
                f" ({self.keys.current.id}); give the old key as well, in ASKWELL_PREVIOUS_SECRET_KEYS"
            )

    def _raw(self, connection: sa.Connection, key_id: str) -> bytes:
        raw = self.data_keys.raw(connection, key_id)
        if raw is None:
            raise SecretUnreadable
        return raw


def open_vault(settings: Settings, store: Store) -> Vault:
    """The vault of these settings over a migrated store, every key in use at hand. In demo mode without a key, one is
    made for a store that has sealed nothing yet. Raises `SettingsInvalid`."""
    with store.begin() as connection:
        fresh = not uses(connection) and connection.scalar(sa.select(data_keys.c.id).limit(1)) is None
    vault = Vault(keys_of(settings, may_make=fresh), store)
    vault.check()
    return vault
