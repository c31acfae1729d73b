"""The trail's chain: rows are added at its end, one at a time, each bound to the one before it.

Whoever writes holds the chain's one row until the transaction ends; note last in a transaction, and nobody waits long.
"""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from core.errors import SecretUnreadable
from core.security import marks
from core.security.marks import Content
from core.security.vault import Vault
from core.security.witness import Seen, Witness
from core.store.tables import audit
from core.store.tables_audit import audit_chain

_SALT = 16  # bytes
_BEGINNING = 4_027_186_552  # any number, as long as every version takes the same one


class Chain:
    """Adds rows, lets old ones go, and erases what they say; each method works in a transaction of the caller's."""

    def __init__(self, vault: Vault, witness: Witness) -> None:
        self._vault, self._witness = vault, witness

    def begin(self, connection: sa.Connection) -> None:
        """The chain, begun now if it was not yet: rows that were written before it are taken in as they stand.

        Rows with a mark are never marked again: where the chain's row was taken away, what else was done still shows.
        """
        if connection.scalar(sa.select(audit_chain.c.id)) is not None:
            return
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_BEGINNING)))
        if connection.scalar(sa.select(audit_chain.c.id)) is not None:
            return
        key_id, key = self._key(connection, self._vault.current_trail_key(connection))
        before, first, last = marks.BEGINNING, None, 0
        marked = connection.scalar(sa.select(audit.c.id).where(audit.c.mark.is_not(None)).limit(1)) is not None
        _allow(connection)
        for row in connection.execute(sa.select(audit).order_by(audit.c.id)).mappings().all():
            added = row if marked else _bound(key, key_id, before, row)
            if not marked:
                values = {name: added[name] for name in ("salt", "commitment", "mark", "key_id")}
                connection.execute(audit.update().where(audit.c.id == row["id"]).values(values))
            before, last = added["mark"] or before, row["id"]
            first = first or row["id"]
        self._put(connection, audit_chain.insert(), {
            "id": 1, "chain": uuid4(), "first_id": first or 1, "first_mark": marks.BEGINNING, "last_id": last,
            "last_mark": before, "key_id": key_id,
        })  # fmt: skip

    def append(self, connection: sa.Connection, action: str, allowed: bool, content: Content) -> Seen:
        """One more row at the end; gives where the chain ends with it, true as soon as the transaction is kept."""
        head = self.hold(connection)
        key_id, key = self._key(connection, head["key_id"])
        row = {"id": head["last_id"] + 1, "at": head["now"], "action": action, "allowed": allowed, **vars(content)}
        added = _bound(key, key_id, head["last_mark"], row)
        connection.execute(audit.insert(), [added])
        end = {"last_id": added["id"], "last_mark": added["mark"], "key_id": key_id}
        self._put(connection, audit_chain.update(), {**head, **end})
        self._witness.remember(Seen(head["chain"], head["last_id"], head["last_mark"]))
        return Seen(head["chain"], added["id"], added["mark"])

    def hold(self, connection: sa.Connection) -> Mapping[str, Any]:
        """The chain's row, held until the transaction ends, with the moment as `now`."""
        query = sa.select(audit_chain, sa.func.clock_timestamp().label("now")).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None:
            self.begin(connection)
            row = connection.execute(query).mappings().one()
        return dict(row)

    def turn(self, connection: sa.Connection, key_id: str) -> None:
        """From now on rows are marked with this key; those before keep theirs."""
        self._put(connection, audit_chain.update(), {**self.hold(connection), "key_id": key_id})

    def let_go(self, connection: sa.Connection, before: datetime) -> int:
        """Take the rows away that are older, from the beginning on; gives how many. Where they ended stays sealed."""
        head = self.hold(connection)
        newer = sa.select(sa.func.min(audit.c.id)).where(audit.c.at >= before).scalar_subquery()
        old = sa.select(audit.c.id, audit.c.mark).where(audit.c.id < sa.func.coalesce(newer, head["last_id"] + 1))
        last = connection.execute(old.order_by(audit.c.id.desc()).limit(1)).mappings().first()
        if last is None:
            return 0
        _allow(connection)
        gone = connection.execute(audit.delete().where(audit.c.id <= last["id"])).rowcount
        begins = {"first_id": last["id"] + 1, "first_mark": last["mark"]}
        self._put(connection, audit_chain.update(), {**head, **begins})
        return gone

    def erase(self, connection: sa.Connection, person_id: UUID, words: Sequence[str]) -> int:
        """Take a person out of the trail: what their own rows say, and their id and `words` (such as their address)
        in the rows of others. Gives how many rows were changed; their marks stay."""
        key_id, key = self._key(connection, self.hold(connection)["key_id"])
        named = [str(person_id), *(word for word in words if word.strip())]
        texts = (audit.c.resource, audit.c.actor, sa.cast(audit.c.detail, sa.Text))
        about = [text.icontains(word, autoescape=True) for text in texts for word in named]
        rows = (
            connection.execute(sa.select(audit).where(sa.or_(audit.c.actor_id == person_id, *about))).mappings().all()
        )
        _allow(connection)
        erased = 0
        for row in rows:
            content = _without(row, person_id, named)
            if content == content_of(row):
                continue
            erased += 1
            proof = f"{key_id}.{marks.erasure(key, row['mark'], content)}"
            values = {**vars(content), "salt": None, "erasure": proof}
            connection.execute(audit.update().where(audit.c.id == row["id"]).values(values))
        return erased

    def _key(self, connection: sa.Connection, key_id: str) -> tuple[str, bytes]:
        """The key of this id with its id, or the newest one where that is gone for good. Raises `SecretUnreadable`."""
        key = self._vault.trail_key(connection, key_id)
        if key is None:
            key_id = self._vault.current_trail_key(connection)
            key = self._vault.trail_key(connection, key_id)
        if key is None:
            raise SecretUnreadable
        return key_id, key

    def _put(self, connection: sa.Connection, statement: sa.Insert | sa.Update, chain: Mapping[str, Any]) -> None:
        """The chain's row as it is from now on, sealed."""
        values = {name: chain[name] for name in audit_chain.c.keys() if name != "seal"}  # noqa: SIM118
        values["key_id"], key = self._key(connection, chain["key_id"])
        values["seal"] = marks.seal(key, values)
        connection.execute(statement.values(values))


def _bound(key: bytes, key_id: str, before: bytes, row: Mapping[Any, Any]) -> dict[str, Any]:
    """The row with salt, commitment and mark."""
    salt = os.urandom(_SALT)
    content = content_of(row)
    whole = {
        "id": row["id"], "at": row["at"], "action": row["action"], "allowed": row["allowed"], **vars(content),
        "salt": salt, "commitment": marks.commitment(salt, content), "key_id": key_id,
    }  # fmt: skip
    return {**whole, "mark": marks.mark(key, before, whole)}


def content_of(row: Mapping[Any, Any]) -> Content:
    """What a row says, as far as it can be about a person."""
    return Content(row["actor_id"], row["actor"], row["resource"], row["detail"])


def _without(row: Mapping[Any, Any], person_id: UUID, named: Sequence[str]) -> Content:
    """A row's content without the person: nothing of what they did themselves but on which thing."""
    resource = _blanked(row["resource"], named)
    if row["actor_id"] == person_id:
        return Content(None, marks.ERASED, resource, {})
    said = row["detail"].items()
    detail = {name: _blanked(value, named) if isinstance(value, str) else value for name, value in said}
    return Content(row["actor_id"], _blanked(row["actor"], named), resource, detail)


def _blanked(text: str, named: Sequence[str]) -> str:
    """The text with these words taken out, whatever their case."""
    for word in named:
        whole = rf"(?<![\w.+-]){re.escape(word)}(?![\w-])"
        text = re.sub(whole, marks.ERASED, text, flags=re.IGNORECASE)
    return text


def _allow(connection: sa.Connection) -> None:
    """The one way past the trigger that keeps rows as they are, for the rest of this transaction."""
    connection.execute(sa.text("SET LOCAL askwell.trail = 'erasing'"))
