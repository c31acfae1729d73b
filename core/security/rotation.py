"""Rotates the keys while the portal runs: every secret is sealed anew, in small transactions, and none is ever lost.

A rotation that was killed goes on where it was: as long as a secret is sealed with an older key, no newer one is made.
At each moment every secret opens with the keys there are; an older key goes when no secret uses it any more.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from core.errors import InvalidInput, SecretUnreadable
from core.i18n import Phrase
from core.security.chain import Chain
from core.security.data_keys import SECRETS, TRAIL
from core.security.sealed import SEALED, Sealed, key_of, uses
from core.security.vault import Vault
from core.security.witness import Witness
from core.store.sessions import Store
from core.store.tables import audit
from core.store.tables_audit import audit_chain

AT_ONCE = 100  # secrets in one transaction
KEPT_FOR = timedelta(hours=1)  # a key that was just replaced stays so long for what was begun with it
LOCK = 4_027_186_554  # any number, as long as every version takes the same one


@dataclass(frozen=True)
class Rotated:
    """What a rotation did. `uses` counts secrets by key; `unreadable` names rows whose secret nobody can open.

    `removable` are the operator's earlier keys that nothing needs any more, `needed` those that something still does.
    """

    resealed: int
    rewrapped: int
    current: str
    uses: dict[str, int]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    removable: tuple[str, ...]
    needed: tuple[str, ...]
    unreadable: tuple[str, ...]


class Rotation:
    """One rotation at a time, whoever starts it."""

    def __init__(self, store: Store, vault: Vault, witness: Witness) -> None:
        self._store, self._vault, self._chain = store, vault, Chain(vault, witness)

    def run(self, wrapping_only: bool = False, watch: Callable[[int], None] = lambda _: None) -> Rotated:
        """Rotate: a new data key unless a rotation was left unfinished, every data key wrapped with the operator's
        current key, every secret sealed with the newest. `wrapping_only` makes no new key, and seals anew only what the
        operator's key seals itself. `watch` is told of each hundred.

        Raises `InvalidInput` while another one runs, and `SettingsInvalid` where an earlier key is missing.
        """
        with self._alone():
            with self._store.begin() as connection:
                self._chain.begin(connection)
                rewrapped = self._vault.data_keys.rewrap(connection)
                current = self._vault.data_keys.current(connection, SECRETS)
                if not wrapping_only:
                    current = self._renewed(connection, current)
            resealed = 0
            while True:  # once more, for what was sealed with the older key in the meantime
                done = [self._reseal(sealed, current, wrapping_only, watch) for sealed in SEALED]
                resealed += sum(number for number, _ in done)
                if not any(number for number, _ in done):
                    break
            unreadable = tuple(name for _, names in done for name in names)
            with self._store.begin() as connection:
                return self._finish(connection, current, resealed, rewrapped, unreadable)

    def _renewed(self, connection: sa.Connection, current: str) -> str:
        """The key to seal with: a new one, unless secrets still wait for the newest there is."""
        lost = {key.id for key in self._vault.data_keys.unreadable(connection)}
        waiting = {name.split(".", 1)[1] for name in uses(connection)} - lost - {current}
        if waiting:
            return current
        self._chain.turn(connection, self._vault.data_keys.make(connection, TRAIL))
        return self._vault.data_keys.make(connection, SECRETS)

    def _reseal(
        self, sealed: Sealed, current: str, wrapping_only: bool, watch: Callable[[int], None]
    ) -> tuple[int, Sequence[str]]:
        """Seal one column's secrets with the key `current`; gives how many, and the rows that could not be opened."""
        wanted = f"v2.{current}"
        key = key_of(sealed.column)
        stale = key.startswith("v1.") if wrapping_only else key != wanted
        done, failed, last = 0, [], None
        while True:
            query = sa.select(*sealed.keys, sealed.column).where(sealed.column != "", stale)
            query = query.order_by(*sealed.keys).limit(AT_ONCE)
            if last is not None:
                query = query.where(sa.tuple_(*sealed.keys) > sa.tuple_(*last))
            with self._store.begin() as connection:
                rows = connection.execute(query.with_for_update()).mappings().all()
                changed, unreadable = self._reseal_rows(connection, sealed, rows)
            done += changed
            failed += unreadable
            watch(done)
            if len(rows) < AT_ONCE:
                return done, failed
            last = [rows[-1][column.name] for column in sealed.keys]

    def _reseal_rows(
        self, connection: sa.Connection, sealed: Sealed, rows: Sequence["sa.RowMapping"]
    ) -> tuple[int, list[str]]:
        """These rows, held by this transaction."""
        values, unreadable = [], []
        for row in rows:
            identity = sealed.identity_of(row)
            try:
                plain = self._vault.open_within(connection, row[sealed.column.name], identity)
            except SecretUnreadable:
                unreadable.append(identity)
                continue
            parameters: dict[str, Any] = {f"key_{column.name}": row[column.name] for column in sealed.keys}
            values.append({**parameters, "anew": self._vault.seal_within(connection, plain, identity)})
        if values:
            this = [column == sa.bindparam(f"key_{column.name}") for column in sealed.keys]
            update = sealed.column.table.update().where(*this).values({sealed.column: sa.bindparam("anew")})
            connection.execute(update, values)
        return len(values), unreadable

    def _finish(
        self, connection: sa.Connection, current: str, resealed: int, rewrapped: int, unreadable: tuple[str, ...]
    ) -> Rotated:
        """Count what uses which key, and take those away that nothing has used for a while."""
        counted = uses(connection)
        in_use = {name.removeprefix("v2.") for name in counted if name.startswith("v2.")} | self._trail_keys(connection)
        keys = [key for key in self._vault.data_keys.all(connection) if key.purpose in (SECRETS, TRAIL)]
        now = connection.execute(sa.select(sa.func.now())).scalar_one()
        removed = []
        for purpose in (SECRETS, TRAIL):
            of_it = [key for key in keys if key.purpose == purpose]  # the oldest first
            for key, following in pairwise(of_it):
                if key.id not in in_use and now - following.created_at > KEPT_FOR:
                    removed.append(key.id)
        self._vault.data_keys.remove(connection, removed)
        still = {key.wrapped_by for key in keys if key.id not in removed} | {
            name.removeprefix("v1.") for name in counted if name.startswith("v1.")
        }
        earlier = [key.id for key in self._vault.keys.known[1:]]
        return Rotated(
            resealed,
            rewrapped,
            current,
            dict(counted),
            tuple(removed),
            tuple(key.id for key in keys if key.id not in removed),
            tuple(key for key in earlier if key not in still),
            tuple(key for key in earlier if key in still),
            unreadable,
        )

    def _trail_keys(self, connection: sa.Connection) -> set[str]:
        """The keys that rows of the trail need, to be verified."""
        rows = connection.scalars(sa.select(audit.c.key_id).where(audit.c.key_id.is_not(None)).distinct())
        proofs = connection.scalars(sa.select(sa.func.split_part(audit.c.erasure, ".", 1)).distinct())
        return {*rows, *filter(None, proofs), *connection.scalars(sa.select(audit_chain.c.key_id))}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, nobody else rotates; a process that dies lets go by dying."""
        with self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as line:
            if not line.scalar(sa.select(sa.func.pg_try_advisory_lock(LOCK))):
                raise InvalidInput(problem=Phrase("keeping.rotation_runs"))
            try:
                yield
            finally:
                line.scalar(sa.select(sa.func.pg_advisory_unlock(LOCK)))
