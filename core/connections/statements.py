"""Every statement that a person or a model wrote goes into the trail, with its text and its hash, before it is run."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.connections.guard import CheckedQuery
from core.errors import QueryRefused
from core.security.audit import Audit
from core.security.permissions import Actor

ACTION = "audit.statement"


class Unnoted:
    """Notes nothing: for connections that are not a portal's."""

    def runs(self, query: CheckedQuery) -> None:
        """A statement is about to run."""

    def refused(self, sql: str, why: QueryRefused) -> None:
        """The guard said no to this text."""


@dataclass(frozen=True)
class Statements(Unnoted):
    """Notes what one actor asks of one connection. What cannot be noted is not run: raises `StoreUnreachable`."""

    audit: Audit
    actor: Actor
    connection_id: UUID

    def runs(self, query: CheckedQuery) -> None:
        """One row with text, hash and tables."""
        said: dict[str, Any] = {"sql": query.sql, "hash": digest(query.sql), "tables": ", ".join(query.tables)}
        if query.limited:
            said["limited"] = ", ".join(query.limited)
        self.audit.note(self.actor, ACTION, self.connection_id, **said)

    def refused(self, sql: str, why: QueryRefused) -> None:
        """One row with text, hash and reason."""
        reason = str(why.values.get("reason", why.key))
        self.audit.note(self.actor, ACTION, self.connection_id, False, sql=sql, hash=digest(sql), why=reason)


def digest(sql: str) -> str:
    """SHA-256 of a statement's text, in hexadecimal."""
    return hashlib.sha256(sql.encode("utf-8", "replace")).hexdigest()
