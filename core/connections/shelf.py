"""Connections as rows of the store: who sees which, and their schemas, kept parsed."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import IntegrityError

from core.connections import stored_schema
from core.connections.reach import Address
from core.connections.stored_schema import SeenSchema
from core.errors import InvalidInput, NotFound
from core.i18n import Phrase
from core.security.permissions import Action, Actor, Role, may
from core.security.policies import Policy
from core.store.sessions import Store
from core.store.tables import connection_people, connections, descriptions, people
from core.store.tables_policies import policies

_SCHEMAS_KEPT = 64
_c, _d, _p = connections.c, descriptions.c, policies.c


@dataclass(frozen=True)
class KeptConnection:
    """One row. `people` are those it is shared with by name; `schema_hash` is another for another schema, `described`
    after each change of its descriptions."""

    id: UUID
    name: str
    kind: str
    address: Address
    sealed_password: str
    owner_id: UUID
    shared: bool
    people: tuple[UUID, ...]
    tables: int
    schema_hash: str
    schema_version: str
    indexed_version: str
    index_state: Mapping[str, Any]
    described: str
    policies: tuple[Policy, ...] = ()
    mask_salt: str = field(default="", repr=False)

    def may_change(self, actor: Actor) -> bool:
        """Whether this actor may change it: its owner, or an administrator."""
        mine = actor.role is Role.ADMIN or actor.id == self.owner_id
        return mine and may(actor, Action.CHANGE_CONNECTION)


@dataclass(frozen=True)
class _Parsed:
    """A schema in memory, and what it was made of: the stored JSON, and what people say of it."""

    hash: str
    described: str
    seen: SeenSchema


class Shelf:
    """Every method raises `StoreUnreachable`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._schemas: OrderedDict[UUID, _Parsed] = OrderedDict()

    def find(self, actor: Actor, connection_id: UUID) -> KeptConnection:
        """The connection, if this actor may see it. Raises `NotFound`."""
        query = _kept().where(_c.id == connection_id, _visible(actor))
        with self._store.begin() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        return _of(row)

    def all(self, actor: Actor) -> list[KeptConnection]:
        """Those this actor may see, by name."""
        with self._store.begin() as connection:
            rows = connection.execute(_kept().where(_visible(actor)).order_by(sa.func.lower(_c.name))).mappings()
            return [_of(row) for row in rows]

    def is_seen(self, person_id: UUID, role: Role, kept: KeptConnection) -> bool:
        """Whether a person may see this connection: what `find` asks of the store."""
        return role is Role.ADMIN or kept.shared or person_id in (kept.owner_id, *kept.people)

    def refuse_taken(self, name: str, but: UUID | None = None) -> None:
        """Nothing, if no other connection has this name, in whatever case. Raises `InvalidInput`."""
        query = sa.select(_c.id).where(sa.func.lower(_c.name) == name.lower(), _c.id.is_distinct_from(but))
        with self._store.begin() as connection:
            if connection.execute(query).first() is not None:
                raise _name_taken(name)

    def put(self, connection_id: UUID, owner_id: UUID, **values: Any) -> None:
        """A new row. Raises `InvalidInput` for a name that is taken."""
        row = {"id": connection_id, "owner_id": owner_id, **_counted(values)}
        self._write(sa.insert(connections).values(row), values["name"])

    def update(self, connection_id: UUID, **values: Any) -> None:
        """New values in a row. Raises `InvalidInput` for a name that is taken."""
        change = sa.update(connections).where(_c.id == connection_id).values(**_counted(values))
        self._write(change, str(values.get("name")))

    def _write(self, statement: sa.Insert | sa.Update, name: str) -> None:
        try:
            with self._store.begin() as connection:
                connection.execute(statement)
        except IntegrityError:
            raise _name_taken(name) from None

    def drop(self, connection_id: UUID) -> None:
        """Take the row away, and all that is known of its tables with it."""
        with self._store.begin() as connection:
            connection.execute(sa.delete(connections).where(_c.id == connection_id))
        with self._lock:
            self._schemas.pop(connection_id, None)

    def share(self, connection_id: UUID, everyone: bool, with_people: Iterable[UUID]) -> None:
        """Who sees it beside its owner and the administrators. Raises `InvalidInput` for somebody unknown."""
        place = {"connection_id": connection_id}
        rows = [{**place, "person_id": person} for person in dict.fromkeys(with_people)]
        try:
            with self._store.begin() as connection:
                connection.execute(sa.update(connections).where(_c.id == connection_id).values(shared=everyone))
                connection.execute(
                    sa.delete(connection_people).where(connection_people.c.connection_id == connection_id)
                )
                if rows:
                    connection.execute(sa.insert(connection_people), rows)
        except IntegrityError:
            raise InvalidInput(problem=Phrase("connections_core.no_such_person")) from None

    def put_policy(self, policy: Policy) -> None:
        """A new policy, or a new form of one. Raises `InvalidInput` for a name that is taken."""
        values = {"name": policy.name, "definition": policy.stored()}
        row = {"id": policy.id, "connection_id": policy.connection_id, **values}
        written = pg.insert(policies).values(row)
        try:
            with self._store.begin() as connection:
                same = _p.connection_id == policy.connection_id
                connection.execute(written.on_conflict_do_update(index_elements=["id"], set_=values, where=same))
        except IntegrityError:
            raise _name_taken(policy.name) from None

    def drop_policy(self, connection_id: UUID, policy_id: UUID) -> None:
        """Take a policy of this connection away."""
        with self._store.begin() as connection:
            connection.execute(sa.delete(policies).where(_p.id == policy_id, _p.connection_id == connection_id))

    def owner_for(self, actor: Actor) -> UUID:
        """Who owns what this actor adds: they themselves, or the first administrator for the portal itself."""
        if actor.id.int:
            return actor.id
        first = sa.select(people.c.id).where(people.c.role == Role.ADMIN.value).order_by(people.c.created_at).limit(1)
        with self._store.begin() as connection:
            return UUID(str(connection.execute(first).scalar_one()))

    def schema(self, kept: KeptConnection) -> SeenSchema:
        """The schema as last read, with people's descriptions. The same object as long as neither has changed."""
        with self._lock:
            parsed = self._schemas.get(kept.id)
        if parsed is None or (parsed.hash, parsed.described) != (kept.schema_hash, kept.described):
            parsed = _Parsed(kept.schema_hash, kept.described, self._read_schema(kept.id))
        with self._lock:
            self._schemas[kept.id] = parsed
            self._schemas.move_to_end(kept.id)
            while len(self._schemas) > _SCHEMAS_KEPT:
                self._schemas.popitem(last=False)
        return parsed.seen

    def _read_schema(self, connection_id: UUID) -> SeenSchema:
        told = sa.select(_d.table_key, _d.column_name, _d.language, _d.text).where(_d.connection_id == connection_id)
        with self._store.begin() as connection:
            stored = connection.execute(sa.select(_c.schema).where(_c.id == connection_id)).scalar_one_or_none()
            rows = connection.execute(told).all()
        if stored is None:
            raise NotFound
        words: dict[tuple[str, str], dict[str, str]] = {}
        for table_key, column, language, text in rows:
            words.setdefault((table_key, column), {})[language] = text
        seen = stored_schema.load(stored)
        return replace(seen, schema=seen.schema.with_descriptions(words)) if words else seen


def _counted(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same values, with what is kept of a schema beside it."""
    if "schema" not in values:
        return values
    schema = values["schema"]
    return {**values, "schema_hash": stored_schema.hash_of(schema), "table_count": len(schema["tables"])}


def _kept() -> "sa.Select[Any]":
    """All of a row but its schema, which is large."""
    with_whom = (
        sa.select(sa.func.array_agg(connection_people.c.person_id))
        .where(connection_people.c.connection_id == _c.id)
        .scalar_subquery()
    )
    told = sa.func.concat_ws("\x1f", _d.table_key, _d.column_name, _d.language, _d.text)
    described = (
        sa.select(sa.func.concat(sa.func.count(), ":", sa.func.sum(sa.func.hashtextextended(told, 0))))
        .where(_d.connection_id == _c.id)
        .scalar_subquery()
    )
    ruled = sa.select(sa.func.jsonb_object_agg(_p.id, _p.definition)).where(_p.connection_id == _c.id).scalar_subquery()
    return sa.select(
        *(column for column in _c if column is not _c.schema),
        with_whom.label("people"),
        described.label("described"),
        ruled.label("policies"),
    )


def _visible(actor: Actor) -> sa.ColumnElement[bool]:
    """Administrators see all; others see their own and what is shared with everybody or with them."""
    if actor.role is Role.ADMIN:
        return sa.true()
    named = sa.exists().where(connection_people.c.connection_id == _c.id, connection_people.c.person_id == actor.id)
    return sa.or_(_c.owner_id == actor.id, _c.shared, named)


def _of(row: Mapping[Any, Any]) -> KeptConnection:
    return KeptConnection(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        address=Address(**row["address"]),
        sealed_password=row["sealed_password"],
        owner_id=row["owner_id"],
        shared=row["shared"],
        people=tuple(row["people"] or ()),
        tables=row["table_count"],
        schema_hash=row["schema_hash"],
        schema_version=row["schema_version"],
        indexed_version=row["indexed_version"],
        index_state=row["index_state"],
        described=row["described"],
        policies=tuple(Policy.of(UUID(name), row["id"], own) for name, own in sorted((row["policies"] or {}).items())),
        mask_salt=row["mask_salt"],
    )


def _name_taken(name: str) -> InvalidInput:
    return InvalidInput(problem=Phrase("connections_core.name_taken", {"name": name}))
