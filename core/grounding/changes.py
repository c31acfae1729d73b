"""What changed in the schema of a connection: every index forgets at once what is gone, and an analyst is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from core.connections.differences import SchemaChange, TableChange, differences
from core.connections.schema import Schema
from core.errors import NotFound, QueryRefused
from core.grounding.privacy import Detection
from core.grounding.sources import Databases, Readable
from core.grounding.table_marks import TableMarks
from core.grounding.value_lists import ValueLists
from core.grounding.vectors import SchemaIndex
from core.grounding.verified import VerifiedQuestions
from core.grounding.visible import Sight
from core.security.audit import Audit
from core.security.permissions import Action, Actor, require
from core.store.sessions import Store
from core.store.tables_catalogue import schema_changes

_MOST = 50  # notices of one connection
_s = schema_changes.c


@dataclass(frozen=True)
class SchemaNotice:
    """One change of a schema, as it was seen at `at`. `broken` are verified questions that do not pass since."""

    id: UUID
    connection_id: UUID
    at: datetime
    change: SchemaChange
    broken: tuple[str, ...]


class SchemaWatch:
    """Follows every new reading of a schema. Raises `StoreUnreachable`."""

    def __init__(self, store: Store, audit: Audit) -> None:
        self._store = store
        self._index, self._values, self._marks = SchemaIndex(store), ValueLists(store), TableMarks(store)
        self._verified, self._detection = VerifiedQuestions(store), Detection(store, audit)

    def follow(self, before: Schema, now: Readable) -> None:
        """The schema of a connection is another: forget what is gone, and keep a notice with what that broke."""
        change = differences(before, now.schema)
        if not change:
            return
        self.forget_gone(now.id, now.schema)
        self._marks.forget(now.id, change)
        broken = [one.question for one in self._verified.vouched(now.id) if not _passes(now, one.sql)]
        row = {"connection_id": now.id, "change": change.stored(), "broken": broken}
        with self._store.begin() as line:
            line.execute(sa.insert(schema_changes).values(row))

    def forget_gone(self, connection_id: UUID, schema: Schema) -> None:
        """Documents, values, samples, statistics and findings of what `schema` does not have are no more."""
        self._values.keep_only(connection_id, schema)
        self._index.keep_only(connection_id, schema)
        self._marks.keep_only(connection_id, schema.by_key)
        self._detection.keep_only(connection_id, schema)


class SchemaChanges:
    """Notices of all connections. Raises `NotAllowed`, `NotFound` and `StoreUnreachable` where that is due."""

    def __init__(self, store: Store, databases: Databases, audit: Audit) -> None:
        self._store, self._databases, self._audit = store, databases, audit

    def list(self, actor: Actor, connection_id: UUID) -> Sequence[SchemaNotice]:
        """What changed in this connection and nobody dismissed, as far as the actor may see it, the newest first."""
        require(actor, Action.INDEX, connection_id)
        sight = Sight.of(self._databases.open(actor, connection_id))
        query = sa.select(schema_changes).where(_s.connection_id == connection_id, _s.dismissed_at.is_(None))
        with self._store.reading() as line:
            rows = line.execute(query.order_by(_s.at.desc()).limit(_MOST)).all()
        notices = [SchemaNotice(r.id, r.connection_id, r.at, SchemaChange.of(r.change), tuple(r.broken)) for r in rows]
        seen = [notice if sight.is_whole else _limited(notice, sight) for notice in notices]
        return [notice for notice in seen if notice.change]

    def dismiss(self, actor: Actor, change_id: UUID) -> None:
        """Show a notice to nobody any more."""
        require(actor, Action.INDEX, change_id)
        with self._store.reading() as line:
            connection_id = line.scalar(sa.select(_s.connection_id).where(_s.id == change_id))
        if connection_id is None:
            raise NotFound
        self._databases.open(actor, connection_id)
        done = sa.update(schema_changes).where(_s.id == change_id, _s.dismissed_at.is_(None))
        with self._store.begin() as line:
            line.execute(done.values(dismissed_at=sa.func.now(), dismissed_by=actor.id))
        self._audit.note(actor, "schema_changes.dismiss", connection_id, change=str(change_id))


def _limited(notice: SchemaNotice, sight: Sight) -> SchemaNotice:
    """The notice for those whom policies bind: what is there and theirs. Of what is gone nobody can say whether it
    would have been, nor of questions that do not pass."""
    tables = sight.schema.by_key
    added = tuple(key for key in notice.change.added if key in tables)
    changed = tuple(_limited_table(one, sight) for one in notice.change.changed if one.table in tables)
    return replace(notice, change=SchemaChange(added, (), tuple(one for one in changed if one)), broken=())


def _limited_table(change: TableChange, sight: Sight) -> TableChange:
    columns = sight.schema.by_key[change.table].by_name
    return TableChange(
        change.table,
        tuple(name for name in change.added if name in columns),
        (),
        tuple(one for one in change.retyped if one[0] in columns),
    )


def _passes(connection: Readable, sql: str) -> bool:
    try:
        connection.check(sql)
    except QueryRefused:
        return False
    return True
