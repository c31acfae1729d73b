"""The trail of who did what, added to and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.security.permissions import Action, Actor, require
from core.store.sessions import Store
from core.store.tables import audit


@dataclass(frozen=True)
class AuditRow:
    """One thing that was done, or refused (`allowed` False). `at` is in UTC."""

    id: int
    at: datetime
    actor: str
    action: str
    resource: str
    allowed: bool
    detail: Mapping[str, Any]


class Audit:
    """Writes the trail, and shows it to administrators."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(
        self, actor: Actor | None, action: str, resource: object = "", allowed: bool = True, **detail: object
    ) -> None:
        """Add one row. `detail` goes in as JSON; give it no secrets and no rows."""
        row = {
            "actor_id": _person(actor),
            "actor": actor.name if actor else "",
            "action": str(action),
            "resource": str(resource),
            "allowed": allowed,
            "detail": {
                name: value if isinstance(value, int | float | bool) else str(value) for name, value in detail.items()
            },
        }
        with self._store.begin() as connection:
            connection.execute(audit.insert().values(row))

    def list(
        self, actor: Actor | None, search: str = "", limit: int = 200, before: int | None = None
    ) -> list[AuditRow]:
        """The newest rows first, at most `limit`, those older than row `before`; `search` looks in all texts."""
        require(actor, Action.READ_AUDIT)
        query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.id < before)
        if search:
            texts = (audit.c.actor, audit.c.action, audit.c.resource, sa.cast(audit.c.detail, sa.Text))
            query = query.where(sa.or_(*(text.icontains(search, autoescape=True) for text in texts)))
        with self._store.begin() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            AuditRow(r["id"], r["at"], r["actor"], r["action"], r["resource"], r["allowed"], r["detail"]) for r in rows
        ]


def _person(actor: Actor | None) -> UUID | None:
    return actor.id if actor and actor.id.int else None
