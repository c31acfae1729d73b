"""The trail of who did what, added to and never changed."""

import builtins
import csv
import io
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.security.cells import harmless
from core.security.chain import Chain
from core.security.marks import Content, one_line, particulars, utc
from core.security.permissions import Action, Actor, require
from core.security.vault import Vault
from core.security.verifying import Verdict, verify
from core.security.witness import Witness
from core.store.sessions import Store
from core.store.tables import audit

MOST_EXPORTED = 100_000  # rows of one file


@dataclass(frozen=True)
class AuditRow:
    """One thing that was done, or refused (`allowed` False). `at` is in UTC. `erased`: what it said is gone."""

    id: int
    at: datetime
    actor: str
    action: str
    resource: str
    allowed: bool
    detail: Mapping[str, Any]
    erased: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which rows: `person` is a part of a name, `action` a whole one, `since` (with) and `until` (without) moments."""

    person: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    allowed: bool | None = None


EVERYTHING = Wanted()


class Audit:
    """Writes the trail, and shows it to administrators. Raises `StoreUnreachable`."""

    def __init__(self, store: Store, vault: Vault, witness: Witness | None = None) -> None:
        self._store, self._vault, self._witness = store, vault, witness or Witness()
        self._chain = Chain(vault, self._witness)
        self._verdict: Verdict | None = None
        self._one_at_a_time = threading.Lock()

    def begin(self) -> None:
        """Begin the chain where there is none yet."""
        with self._store.begin(patience=None) as connection:
            self._chain.begin(connection)

    def note(
        self, actor: Actor | None, action: str, resource: object = "", allowed: bool = True, **detail: object
    ) -> None:
        """Add one row. `detail` goes in as JSON; give it no secrets and no rows."""
        content = _content(actor, resource, detail)
        with self._store.begin() as connection:
            seen = self._chain.append(connection, str(action), allowed, content)
        self._witness.remember(seen)

    def note_within(
        self,
        connection: sa.Connection,
        actor: Actor | None,
        action: str,
        resource: object = "",
        allowed: bool = True,
        **detail: object,
    ) -> None:
        """Add one row in a transaction that goes on: it is kept exactly if the rest is. Do it last in there."""
        self._chain.append(connection, str(action), allowed, _content(actor, resource, detail))

    def erase_within(self, connection: sa.Connection, person_id: UUID, *words: str) -> int:
        """Take a person out of the trail, by their id and by `words` such as their address; gives how many rows were
        changed. The chain still verifies: content and salt are gone, the commitment stays."""
        return self._chain.erase(connection, person_id, words)

    def let_go(self, days: int) -> int:
        """Let rows go that are older than so many days (0: none), and note that; gives how many.

        None goes while the trail is not as it was written: nobody shall have it tidied away.
        """
        if not days or not self.examine().ok:
            return 0
        with self._store.begin(patience=None) as connection:
            now: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
            gone = self._chain.let_go(connection, now - timedelta(days=days))
            if gone:
                self.note_within(connection, None, "audit.let_go", rows=gone, days=days)
        return gone

    def list(
        self,
        actor: Actor | None,
        search: str = "",
        limit: int = 200,
        before: int | None = None,
        wanted: Wanted = EVERYTHING,
    ) -> builtins.list[AuditRow]:
        """The newest rows first, at most `limit`, those older than row `before`; `search` looks in all texts."""
        require(actor, Action.READ_AUDIT)
        return self._rows(search, limit, before, wanted)

    def export(self, actor: Actor | None, search: str = "", wanted: Wanted = EVERYTHING) -> bytes:
        """What a search finds as CSV, the newest first, at most 100,000 rows; no cell of it is a formula."""
        require(actor, Action.READ_AUDIT)
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(["row", "at", "actor", "action", "resource", "allowed", "detail"])
        rows = self._rows(search, MOST_EXPORTED, None, wanted)
        for row in rows:
            detail = json.dumps(dict(row.detail), ensure_ascii=False, sort_keys=True)
            texts = (harmless(one_line(text)) for text in (row.actor, row.action, row.resource))
            who, action, resource = texts
            writer.writerow([row.id, utc(row.at), who, action, resource, str(row.allowed).lower(), harmless(detail)])
        self.note(actor, "audit.export", rows=len(rows))
        return out.getvalue().encode("utf-8-sig", "replace")

    def verify(self, actor: Actor | None) -> Verdict:
        """Look at the whole chain now. Some 30,000 rows a second."""
        require(actor, Action.READ_AUDIT)
        return self.examine()

    def state(self, actor: Actor | None) -> Verdict:
        """How the chain stood when this process last looked, now if it never did."""
        require(actor, Action.READ_AUDIT)
        return self._verdict or self.examine()

    def examine(self, expected: tuple[int, str] | None = None) -> Verdict:
        """As `verify`, for the portal itself. `expected` is a head noted elsewhere that the chain must still hold."""
        with self._one_at_a_time:
            self._verdict = verify(self._store, self._vault, self._witness, expected)
            return self._verdict

    def _rows(self, search: str, limit: int, before: int | None, wanted: Wanted) -> builtins.list[AuditRow]:
        query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.id < before)
        if search:
            texts = (audit.c.actor, audit.c.action, audit.c.resource, sa.cast(audit.c.detail, sa.Text))
            query = query.where(sa.or_(*(text.icontains(search, autoescape=True) for text in texts)))
        with self._store.begin() as connection:
            rows = connection.execute(query.where(*_conditions(wanted))).mappings().all()
        return [_row(row) for row in rows]


def _conditions(wanted: Wanted) -> builtins.list["sa.ColumnElement[bool]"]:
    found: builtins.list[sa.ColumnElement[bool]] = []
    if wanted.person:
        found.append(audit.c.actor.icontains(wanted.person, autoescape=True))
    if wanted.action:
        found.append(audit.c.action == wanted.action)
    if wanted.since is not None:
        found.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(audit.c.at < wanted.until)
    if wanted.allowed is not None:
        found.append(audit.c.allowed.is_(wanted.allowed))
    return found


def _row(row: "sa.RowMapping") -> AuditRow:
    texts = (row["actor"], row["action"], row["resource"], row["allowed"], row["detail"])
    return AuditRow(row["id"], row["at"], *texts, row["erasure"] is not None)


def _content(actor: Actor | None, resource: object, detail: Mapping[str, object]) -> Content:
    """What a row says, in a form in which it stays what it is."""
    name = one_line(actor.name) if actor else ""
    person = actor.id if actor and actor.id.int else None
    return Content(person, name, one_line(str(resource)), particulars(detail))
