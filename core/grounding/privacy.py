"""What is personal in each connection, and how much of it a language model may see.

Detection writes what it finds beside what people said; a person's word wins, and outlives every new reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.connections.schema import Schema
from core.errors import InvalidInput, NotAllowed, NotFound
from core.grounding.personal import Finding, Samples, Why, find_columns
from core.grounding.sources import Opened
from core.i18n import Phrase
from core.jobs import Jobs
from core.security.audit import Audit
from core.security.permissions import SYSTEM, Action, Actor, require
from core.security.personal import Level, PersonalKind, Place, PrivacyRules
from core.store.sessions import Store
from core.store.tables_privacy import connection_privacy, personal_columns

NOT_PERSONAL = "none"  # a person's word that a column holds nothing personal
_CHUNK = 2_000


class _Listed(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def may_change(self) -> bool: ...


class Owned(Protocol):
    """The connections, each with whether an actor may change it."""

    def list(self, actor: Actor) -> Sequence[_Listed]: ...
    def open(self, actor: Actor, connection_id: UUID) -> Opened: ...


@dataclass(frozen=True)
class PersonalColumn:
    """One tagged column, or one that a person cleared (`kind` None). `sure` in (0, 1]; `said_at`: a person's word."""

    table: str
    column: str
    kind: PersonalKind | None
    why: Why
    sure: float
    said_at: datetime | None = None


@dataclass(frozen=True)
class ConnectionPrivacy:
    """What a model may see of one connection, and its personal columns in the order of the schema."""

    level: Level
    columns: tuple[PersonalColumn, ...]


class Privacy:
    """Tags and levels of all connections. Raises `NotAllowed`, `NotFound` and `StoreUnreachable` where that is due."""

    def __init__(self, store: Store, databases: Owned, jobs: Jobs, audit: Audit, usual: Level) -> None:
        self._store, self._databases, self._jobs, self._audit, self._usual = store, databases, jobs, audit, usual

    def overview(self, actor: Actor, connection_id: UUID) -> ConnectionPrivacy:
        """Level and personal columns, for those who may change the connection."""
        require(actor, Action.CHANGE_PRIVACY, connection_id)
        schema = self._changeable(actor, connection_id)
        order = {place: i for i, place in enumerate((t.key, c.name) for t in schema.tables for c in t.columns)}
        columns = [c for c in map(_column, _rows(self._store, connection_id)) if c and (c.table, c.column) in order]
        columns.sort(key=lambda c: order[c.table, c.column])
        return ConnectionPrivacy(self._level(connection_id), tuple(columns))

    def tag(self, actor: Actor, connection_id: UUID, table: str, column: str, word: str) -> None:
        """Say what a column holds: a `PersonalKind`, "none" for nothing personal, or "" to leave it to detection.

        Raises `NotFound` for a column that is not there, and `InvalidInput` for another word.
        """
        require(actor, Action.CHANGE_PRIVACY, connection_id)
        found = self._changeable(actor, connection_id).by_key.get(table)
        if found is None or column not in found.by_name:
            raise NotFound(f"{table}.{column}")
        if word not in ("", NOT_PERSONAL, *PersonalKind):
            raise InvalidInput(problem=Phrase("privacy.no_such_kind"))
        place = {"connection_id": connection_id, "table_key": table, "column_name": column}
        said = {"word": word, "word_by": actor.id if word else None, "word_at": sa.func.now() if word else None}
        row = insert(personal_columns).values(**place, **said)
        with self._store.begin() as line:
            line.execute(row.on_conflict_do_update(index_elements=list(place), set_=said))
        self._audit.note(actor, "privacy.tag", connection_id, table=table, column=column, word=word or "detected")
        self._jobs.defer("index", connection_id=str(connection_id))

    def set_level(self, actor: Actor, connection_id: UUID, level: Level) -> None:
        """How much of the connection a model may see from now on."""
        require(actor, Action.CHANGE_PRIVACY, connection_id)
        self._changeable(actor, connection_id)
        before, wanted = self._level(connection_id), Level(level)
        row = insert(connection_privacy).values(connection_id=connection_id, level=wanted.value)
        fresh = {"level": wanted.value}
        with self._store.begin() as line:
            line.execute(row.on_conflict_do_update(index_elements=["connection_id"], set_=fresh))
        self._audit.note(actor, "privacy.level", connection_id, before=before.value, level=wanted.value)
        self._jobs.defer("index", connection_id=str(connection_id))

    def rules(self, connection_id: UUID) -> PrivacyRules:
        """What a model may see of the connection, for the portal's own use."""
        return PrivacyRules(self._level(connection_id), _tags(self._store, connection_id))

    def _changeable(self, actor: Actor, connection_id: UUID) -> Schema:
        """The schema of a connection that the actor may change."""
        if not any(info.id == connection_id and info.may_change for info in self._databases.list(actor)):
            self._databases.open(actor, connection_id)  # NotFound for one out of sight
            raise NotAllowed(f"{Action.CHANGE_PRIVACY} {connection_id}")
        return self._databases.open(actor, connection_id).schema

    def _level(self, connection_id: UUID) -> Level:
        return _stored_level(self._store, connection_id) or self._usual


class Detection:
    """Writes down what reading a connection found; used by the indexer alone."""

    def __init__(self, store: Store, audit: Audit) -> None:
        self._store, self._audit = store, audit

    def shown(self, connection_id: UUID, samples: Samples) -> Samples:
        """The samples that may be embedded, by whatever model does that: none of personal columns, and none at all
        where models are told names only."""
        level = _stored_level(self._store, connection_id)
        if level is Level.FULL:
            return samples
        tags = _tags(self._store, connection_id)
        return {} if level is Level.NAMES else {place: v for place, v in samples.items() if place not in tags}

    def foresee(self, connection_id: UUID, schema: Schema) -> None:
        """Note what the names of these tables alone say is personal, where nothing was found yet: until they are read.

        What was found by values before stays.
        """
        rows = find_columns(schema, {})
        with self._store.begin() as line:
            for start in range(0, len(rows), _CHUNK):
                self._write(line, connection_id, rows[start : start + _CHUNK], personal_columns.c.kind == "")

    def keep_only(self, connection_id: UUID, schema: Schema) -> None:
        """Forget what was found in tables and columns that are no longer there; what people said waits for them."""
        c, tables = personal_columns.c, schema.by_key
        mine = (c.connection_id == connection_id, c.word == "")
        with self._store.begin() as line:
            known = line.execute(sa.select(c.table_key, c.column_name).where(*mine)).all()
            gone = [(t, name) for t, name in known if t not in tables or name not in tables[t].by_name]
            for start in range(0, len(gone), _CHUNK):
                some = sa.tuple_(c.table_key, c.column_name).in_(gone[start : start + _CHUNK])
                line.execute(sa.delete(personal_columns).where(*mine, some))

    def keep(self, connection_id: UUID, schema: Schema, samples: Samples) -> bool:
        """Make these the findings of the tables in `schema`, beside what people said; whether they are others now."""
        found = find_columns(schema, samples)
        c = personal_columns.c
        among = c.table_key == sa.any_(sa.literal(list(schema.by_key), sa.ARRAY(sa.Text)))
        mine = sa.and_(c.connection_id == connection_id, among)
        nothing = {"kind": "", "why": "", "sure": 0.0}
        with self._store.begin() as line:
            before = set(line.execute(sa.select(c.table_key, c.column_name, c.kind).where(mine, c.kind != "")).all())
            after = {(f.table, f.column, f.kind.value) for f in found}
            line.execute(sa.delete(personal_columns).where(mine, c.word == ""))
            line.execute(sa.update(personal_columns).where(mine).values(nothing))
            for start in range(0, len(found), _CHUNK):
                self._write(line, connection_id, found[start : start + _CHUNK])
        return {tuple(row) for row in before} != after

    def note(self, connection_id: UUID) -> None:
        """Put it on record that other columns than before hold personal data."""
        self._audit.note(SYSTEM, "privacy.detect", connection_id, columns=len(_tags(self._store, connection_id)))

    @staticmethod
    def _write(
        line: sa.Connection,
        connection_id: UUID,
        found: Sequence[Finding],
        where: sa.ColumnElement[bool] | None = None,
    ) -> None:
        rows = [
            {
                "connection_id": connection_id,
                "table_key": f.table,
                "column_name": f.column,
                "kind": f.kind.value,
                "why": f.why.value,
                "sure": f.sure,
            }
            for f in found
        ]
        fresh = insert(personal_columns).values(rows)
        changed = {name: fresh.excluded[name] for name in ("kind", "why", "sure")}
        keys = ["connection_id", "table_key", "column_name"]
        line.execute(fresh.on_conflict_do_update(index_elements=keys, set_=changed, where=where))


def _stored_level(store: Store, connection_id: UUID) -> Level | None:
    """The level that was set for this connection; None where none was."""
    query = sa.select(connection_privacy.c.level).where(connection_privacy.c.connection_id == connection_id)
    with store.reading() as line:
        level = line.scalar(query)
    return Level(level) if level else None


def _tags(store: Store, connection_id: UUID) -> dict[Place, PersonalKind]:
    columns = filter(None, map(_column, _rows(store, connection_id)))
    return {(c.table, c.column): c.kind for c in columns if c.kind}


def _rows(store: Store, connection_id: UUID) -> Sequence[sa.RowMapping]:
    query = sa.select(personal_columns).where(personal_columns.c.connection_id == connection_id)
    with store.reading() as line:
        return line.execute(query).mappings().all()


def _column(row: sa.RowMapping) -> PersonalColumn | None:
    """A row as a tag: a person's word before what was detected."""
    word, kind = row["word"], row["kind"]
    place = (row["table_key"], row["column_name"])
    if word:
        return PersonalColumn(
            *place, None if word == NOT_PERSONAL else PersonalKind(word), Why.PERSON, 1.0, row["word_at"]
        )
    return PersonalColumn(*place, PersonalKind(kind), Why(row["why"]), row["sure"]) if kind else None
