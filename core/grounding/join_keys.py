"""Keys that a database does not declare: looked for in its data, decided by people, used on the next question.

Nothing of the data is kept but two counts: how many different values were compared, and how many the other table has.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.connections.schema import ForeignKey, Schema
from core.errors import ConnectionFailed, InvalidInput, NotAllowed, NotFound, QueryFailed, QueryRefused
from core.grounding.keys import KeyedSchema, Known, Standing, inferred_keys, keyed
from core.grounding.privacy import Owned
from core.grounding.sources import Opened, Sampled
from core.i18n import Phrase
from core.security.audit import Audit
from core.security.permissions import Action, Actor, require
from core.store.sessions import Store
from core.store.tables_joins import join_keys

SUGGESTED, ACCEPTED, REJECTED = "suggested", "accepted", "rejected"
_MOST, _SECONDS, _EACH = 1_000, 60.0, 2.0  # keys whose values are compared in one build, and seconds for it
_ENOUGH, _MEETING, _MISSING = 3, 0.9, 0.5  # different values that say something; shares that confirm and refute
_KEPT = 64


@dataclass(frozen=True)
class JoinKey:
    """One undeclared key: `columns` of `table` point at `referred_columns` of `referred_table`, all by their keys.

    Of `looked_at` different values, `met` stand in the other table too; both 0 where none were compared, or where the
    one who looks may not know.
    """

    id: UUID
    table: str
    key: ForeignKey
    looked_at: int
    met: int
    state: str
    decided_by: UUID | None
    changed_at: datetime

    @property
    def share(self) -> float | None:
        """The share of values met, in [0, 1]; None where too few were compared to say anything."""
        return self.met / self.looked_at if self.looked_at >= _ENOUGH else None

    @property
    def standing(self) -> Standing | None:
        """What speaks for or against this key, if anything does beside its names."""
        if self.state in (ACCEPTED, REJECTED):
            return Standing(self.state)
        if self.share is None or _MISSING <= self.share < _MEETING:
            return None
        return Standing.MET if self.share >= _MEETING else Standing.UNMET


class JoinKeys:
    """The undeclared keys of all connections. Raises `NotAllowed`, `NotFound` and `StoreUnreachable` where due."""

    def __init__(self, store: Store, databases: Owned, audit: Audit) -> None:
        self._store, self._databases, self._audit = store, databases, audit

    def list(self, actor: Actor, connection_id: UUID) -> Sequence[JoinKey]:
        """What is suggested and what was decided, for those who may change the connection; suggestions first.

        Of tables that the actor does not see, or sees in part, nothing is told that lies in their rows.
        """
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        connection = self._changeable(actor, connection_id)
        barred = connection.scope.rights.tables.keys()
        found = [one for one in _rows(self._store, connection_id) if _seen(connection.schema, one)]
        return [
            replace(one, looked_at=0, met=0) if {one.table, one.key.referred_table} & barred else one
            for one in sorted(found, key=_order)
        ]

    def decide(self, actor: Actor, key_id: UUID, state: str) -> None:
        """Accept or reject a key, or take a decision back ("suggested"). Raises `InvalidInput` for another word."""
        require(actor, Action.CHANGE_CONNECTION, key_id)
        connection_id, found = self._find(key_id)
        if not _seen(self._changeable(actor, connection_id).schema, found):
            raise NotFound
        if state not in (SUGGESTED, ACCEPTED, REJECTED):
            raise InvalidInput(problem=Phrase("joins.no_such_state"))
        said = {"state": state, "decided_by": None if state == SUGGESTED else actor.id, "changed_at": sa.func.now()}
        with self._store.begin() as line:
            line.execute(sa.update(join_keys).where(join_keys.c.id == key_id).values(**said))
        ends = f"{found.table} ({', '.join(found.key.columns)}) → {found.key.referred_table}"
        self._audit.note(actor, "joins.decide", connection_id, key=ends, before=found.state, state=state)

    def _changeable(self, actor: Actor, connection_id: UUID) -> Opened:
        """A connection that the actor may change."""
        if not any(info.id == connection_id and info.may_change for info in self._databases.list(actor)):
            self._databases.open(actor, connection_id)  # NotFound for one out of sight
            raise NotAllowed(f"{Action.CHANGE_CONNECTION} {connection_id}")
        return self._databases.open(actor, connection_id)

    def _find(self, key_id: UUID) -> tuple[UUID, JoinKey]:
        query = sa.select(join_keys).where(join_keys.c.id == key_id)
        with self._store.reading() as line:
            row = line.execute(query).first()
        if row is None:
            raise NotFound
        return row.connection_id, _key(row)


class KeyShelf:
    """Schemas with their undeclared keys, made once for each state of what is known. Safe for many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[UUID, tuple[object, OrderedDict[int, tuple[Schema, KeyedSchema]]]] = OrderedDict()

    def of(self, connection: Opened) -> KeyedSchema:
        """The connection's schema, as its actor sees it, with the keys that hold now."""
        stamp, schema = self._stamp(connection.id), connection.schema
        with self._lock:
            state, made = self._kept.get(connection.id, (None, OrderedDict()))
            kept = made.get(id(schema)) if state == stamp else None
        if kept and kept[0] is schema:
            return kept[1]
        fresh = keyed(schema, _known(self._store, connection.id) if stamp else None)
        with self._lock:
            state, made = self._kept.get(connection.id, (None, OrderedDict()))
            made = made if state == stamp else OrderedDict()
            made[id(schema)] = (schema, fresh)
            while len(made) > _KEPT:
                made.popitem(last=False)
            self._kept[connection.id] = (stamp, made)
            self._kept.move_to_end(connection.id)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return fresh

    def _stamp(self, connection_id: UUID) -> tuple[int, datetime] | None:
        c = join_keys.c
        query = sa.select(sa.func.count(), sa.func.max(c.changed_at)).where(c.connection_id == connection_id)
        with self._store.reading() as line:
            count, latest = line.execute(query).one()
        return (count, latest) if count else None


class KeySuggestions:
    """Looks for undeclared keys and writes down what suggests them; used by the indexer alone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, source: Sampled) -> None:
        """Make the suggestions of a connection those of its schema as it is; what people decided stays.

        Values are compared once for each key, as long as the types of both columns stay; at most a thousand keys and
        a minute in one build, so that the rest waits for the next one.
        """
        schema = source.schema
        found = {place: _types(schema, *place) for place in inferred_keys(schema, beside_declared=True)}
        known = {(one.table, one.key): types for one, types in _with_types(self._store, source.id)}
        self._forget(source.id, [place for place in known if place not in found])
        deadline = time.monotonic() + _SECONDS
        new = [place for place, types in found.items() if known.get(place) != types][:_MOST]
        for place in new:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._write(source, place, found[place], _compared(source, place, min(left, _EACH)))

    def _write(self, source: Sampled, place: tuple[str, ForeignKey], types: str, counts: tuple[int, int]) -> None:
        table, key = place
        where = {
            "connection_id": source.id,
            "table_key": table,
            "columns": [*key.columns],
            "referred_table": key.referred_table,
            "referred_columns": [*key.referred_columns],
        }
        fresh = {"types": types, "looked_at": counts[0], "met": counts[1], "changed_at": sa.func.now()}
        row = insert(join_keys).values(**where, **fresh)
        with self._store.begin() as line:
            line.execute(row.on_conflict_do_update(index_elements=list(where), set_=fresh))

    def _forget(self, connection_id: UUID, gone: Sequence[tuple[str, ForeignKey]]) -> None:
        """Suggestions whose names suggest nothing any more go; decisions stay, in case the tables come back."""
        c = join_keys.c
        with self._store.begin() as line:
            for table, key in gone:
                ends = (c.table_key == table, c.columns == [*key.columns], c.referred_table == key.referred_table)
                line.execute(sa.delete(join_keys).where(c.connection_id == connection_id, c.state == SUGGESTED, *ends))


def _compared(source: Sampled, place: tuple[str, ForeignKey], seconds: float) -> tuple[int, int]:
    """Different values of the pointing column that were looked at, and those met in the other; (0, 0) if none were."""
    table, key = place
    one, other = (table, key.columns[0]), (key.referred_table, key.referred_columns[0])
    try:
        return source.shared_values(one, other, seconds) or (0, 0)
    except (QueryFailed, QueryRefused, ConnectionFailed, NotFound):
        return 0, 0


def _types(schema: Schema, table: str, key: ForeignKey) -> str:
    ends = ((table, key.columns), (key.referred_table, key.referred_columns))
    return " = ".join(schema.by_key[t].by_name[name].type for t, columns in ends for name in columns)


def _known(store: Store, connection_id: UUID) -> Known:
    rows = _rows(store, connection_id)
    return {(one.table, one.key): one.standing for one in rows if one.standing is not None}


def _rows(store: Store, connection_id: UUID) -> list[JoinKey]:
    return [one for one, _ in _with_types(store, connection_id)]


def _with_types(store: Store, connection_id: UUID) -> Iterator[tuple[JoinKey, str]]:
    query = sa.select(join_keys).where(join_keys.c.connection_id == connection_id)
    with store.reading() as line:
        rows = line.execute(query.order_by(join_keys.c.table_key, join_keys.c.columns)).all()
    return ((_key(row), row.types) for row in rows)


def _key(row: sa.Row[tuple[object, ...]]) -> JoinKey:
    key = ForeignKey(tuple(row.columns), row.referred_table, tuple(row.referred_columns))
    return JoinKey(row.id, row.table_key, key, row.looked_at, row.met, row.state, row.decided_by, row.changed_at)


def _seen(schema: Schema, one: JoinKey) -> bool:
    """Whether both ends are in what somebody sees."""
    ends = ((one.table, one.key.columns), (one.key.referred_table, one.key.referred_columns))
    return all(t in schema.by_key and set(columns) <= schema.by_key[t].by_name.keys() for t, columns in ends)


def _order(one: JoinKey) -> tuple[bool, float, str, tuple[str, ...]]:
    """What waits for a decision first, the surest of it first."""
    return one.state != SUGGESTED, -(one.share or 0.0), one.table, one.key.columns
