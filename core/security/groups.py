"""Groups of people, and attributes of people and groups: what policies ask about a person."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core.errors import InvalidInput, NotFound
from core.i18n import Phrase
from core.security.audit import Audit
from core.security.people import not_oneself
from core.security.permissions import Action, Actor, require
from core.security.policies import SubjectKind
from core.store.sessions import Store
from core.store.tables import connections
from core.store.tables_people import group_attributes, group_people, groups, person_attributes
from core.store.tables_policies import policies

OWN = frozenset({"id", "email", "name", "role", "groups"})  # what everybody has by themselves
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST_GROUP, _LONGEST_NAME = 80, 63  # characters
_MOST_VALUES, _LONGEST_VALUE = 200, 200

Attributes = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Group:
    """A group, who is in it, and the attributes it gives them."""

    id: UUID
    name: str
    people: frozenset[UUID]
    attributes: Attributes = ()


class Groups:
    """Administrators make groups, put people in, and say what is true of them. Nobody does so for themselves."""

    def __init__(self, store: Store, audit: Audit) -> None:
        self._store, self._audit = store, audit

    def list(self, actor: Actor | None) -> list[Group]:
        """All groups by name."""
        require(actor, Action.SEE_PEOPLE)
        members = sa.select(group_people.c.person_id).where(group_people.c.group_id == groups.c.id)
        given = sa.select(
            sa.func.jsonb_agg(sa.func.jsonb_build_array(group_attributes.c.name, group_attributes.c["values"]))
        ).where(group_attributes.c.group_id == groups.c.id)
        query = sa.select(
            groups,
            sa.func.array(members.scalar_subquery()).label("people"),
            given.scalar_subquery().label("attributes"),
        ).order_by(groups.c.name)
        with self._store.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Group(
                row["id"],
                row["name"],
                frozenset(row["people"]),
                tuple(sorted((name, tuple(values)) for name, values in row["attributes"] or ())),
            )
            for row in rows
        ]

    def make(self, actor: Actor | None, name: str) -> UUID:
        """A new, empty group. Raises `InvalidInput` for a name that is none or taken."""
        require(actor, Action.CHANGE_PEOPLE, name)
        name = _checked_group(name)
        try:
            with self._store.begin() as connection:
                made = connection.scalar(groups.insert().values(name=name).returning(groups.c.id))
        except IntegrityError:
            raise InvalidInput(problem=Phrase("people.taken_group", {"name": name})) from None
        self._audit.note(actor, "people.groups", name, change="made")
        return UUID(str(made))

    def remove(self, actor: Actor | None, group_id: UUID) -> None:
        """Take a group away, and what it gave its people.

        Raises `NotFound`, and `InvalidInput` for a group of one's own, or one that policies bind: its people would see
        more without it.
        """
        require(actor, Action.CHANGE_PEOPLE, group_id)
        with self._store.begin() as connection:
            name = self._name(connection, actor, group_id)
            _refuse_bound(connection, name)
            connection.execute(groups.delete().where(groups.c.id == group_id))
        self._audit.note(actor, "people.groups", name, change="removed")

    def fill(self, actor: Actor | None, group_id: UUID, people_ids: Collection[UUID]) -> None:
        """Exactly these people are in the group from now on. Raises `NotFound`, and `InvalidInput` about oneself."""
        require(actor, Action.CHANGE_PEOPLE, group_id)
        mine = group_people.c.group_id == group_id
        with self._store.begin() as connection:
            name = self._name(connection, None, group_id)
            before = set(connection.scalars(sa.select(group_people.c.person_id).where(mine)))
            for person_id in before ^ set(people_ids):
                not_oneself(actor, person_id)
            connection.execute(group_people.delete().where(mine, group_people.c.person_id.not_in(people_ids)))
            _put(connection, [(group_id, person_id) for person_id in set(people_ids) - before])
        self._audit.note(actor, "people.groups", name, change="people", n=len(set(people_ids)))

    def belong(self, actor: Actor | None, person_id: UUID, group_ids: Collection[UUID]) -> None:
        """A person is in exactly these groups from now on. Raises `NotFound`, and `InvalidInput` for oneself."""
        require(actor, Action.CHANGE_PEOPLE, person_id)
        not_oneself(actor, person_id)
        with self._store.begin() as connection:
            set_groups(connection, person_id, group_ids)
        self._audit.note(actor, "people.groups", person_id, change="groups", n=len(set(group_ids)))

    def describe(
        self,
        actor: Actor | None,
        name: str,
        values: Iterable[str],
        *,
        person_id: UUID | None = None,
        group_id: UUID | None = None,
    ) -> None:
        """Set an attribute of one person or one group; no values take it away.

        What is set for a person stands instead of what their groups say. Raises `InvalidInput`, `NotFound`.
        """
        require(actor, Action.CHANGE_PEOPLE, person_id or group_id or "")
        kept = _checked_values(values)
        if not _NAME.fullmatch(name):
            shown = {"name": name[:80] or "—", "most": _LONGEST_NAME}
            raise InvalidInput(problem=Phrase("people.bad_attribute", shown))
        if name in OWN:
            raise InvalidInput(problem=Phrase("people.own_attribute", {"name": name}))
        table, key = (group_attributes, "group_id") if group_id else (person_attributes, "person_id")
        whose = group_id or person_id
        with self._store.begin() as connection:
            if group_id:
                self._name(connection, actor, group_id)
            elif person_id:
                not_oneself(actor, person_id)
            if kept:
                new = insert(table).values({key: whose, "name": name, "values": kept})
                changed = new.on_conflict_do_update(index_elements=[key, "name"], set_={"values": kept})
                _or_not_found(connection, changed)
            else:
                connection.execute(table.delete().where(table.c[key] == whose, table.c.name == name))
        self._audit.note(actor, "people.groups", whose, change="attribute", name=name, values=", ".join(kept))

    def _name(self, connection: sa.Connection, actor: Actor | None, group_id: UUID) -> str:
        """The group's name. Raises `NotFound`, and `InvalidInput` where the actor is in it."""
        name = connection.scalar(sa.select(groups.c.name).where(groups.c.id == group_id))
        if name is None:
            raise NotFound
        members = sa.select(group_people.c.person_id).where(group_people.c.group_id == group_id)
        if actor is not None and actor.id in set(connection.scalars(members)):
            not_oneself(actor, actor.id)
        return str(name)


def _refuse_bound(connection: sa.Connection, name: str) -> None:
    """Raises `InvalidInput` that names the first policy which binds this group."""
    subject = policies.c.definition["subject"]
    bound = sa.select(policies.c.name, connections.c.name.label("connection")).where(
        policies.c.connection_id == connections.c.id,
        subject["kind"].astext == SubjectKind.GROUP.value,
        subject["name"].astext == name,
    )
    if found := connection.execute(bound.order_by(policies.c.name)).first():
        problem = Phrase("people.bound_group", {"policy": found.name, "connection": found.connection})
        raise InvalidInput(problem=problem)


def set_groups(
    connection: sa.Connection, person_id: UUID, group_ids: Iterable[UUID], among: Iterable[UUID] | None = None
) -> None:
    """The person is in exactly these groups, inside a transaction; with `among`, only those are looked at."""
    wanted = set(group_ids)
    gone = [group_people.c.person_id == person_id, group_people.c.group_id.not_in(wanted)]
    if among is not None:
        gone.append(group_people.c.group_id.in_(set(among)))
    connection.execute(group_people.delete().where(*gone))
    _put(connection, [(group_id, person_id) for group_id in wanted])


def ensure_groups(connection: sa.Connection, names: Iterable[str]) -> dict[str, UUID]:
    """The groups of these names, made where missing, inside a transaction."""
    wanted = sorted({_checked_group(name) for name in names})
    if wanted:
        new = insert(groups).values([{"name": name} for name in wanted])
        connection.execute(new.on_conflict_do_nothing(index_elements=["name"]))
    return {row.name: row.id for row in connection.execute(sa.select(groups).where(groups.c.name.in_(wanted)))}


def _put(connection: sa.Connection, pairs: list[tuple[UUID, UUID]]) -> None:
    if pairs:
        rows = [{"group_id": group_id, "person_id": person_id} for group_id, person_id in pairs]
        _or_not_found(connection, insert(group_people).values(rows).on_conflict_do_nothing())


def _or_not_found(connection: sa.Connection, statement: "sa.Executable") -> None:
    """Run it; a person or group that is not there is `NotFound`."""
    try:
        connection.execute(statement)
    except IntegrityError:
        raise NotFound from None


def _checked_group(name: str) -> str:
    name = " ".join("".join(c for c in name if c.isspace() or unicodedata.category(c)[0] != "C").split())
    if not name or len(name) > _LONGEST_GROUP:
        raise InvalidInput(problem=Phrase("people.bad_group", {"most": _LONGEST_GROUP}))
    return name


def _checked_values(values: Iterable[str]) -> tuple[str, ...]:
    """The values as they are kept: trimmed, each once, in their order."""
    kept = tuple(dict.fromkeys(stripped for value in values if (stripped := value.strip())))
    odd = any(unicodedata.category(c)[0] == "C" for value in kept for c in value)
    if odd or len(kept) > _MOST_VALUES or any(len(value) > _LONGEST_VALUE for value in kept):
        raise InvalidInput(problem=Phrase("people.bad_values", {"most": _MOST_VALUES, "length": _LONGEST_VALUE}))
    return kept
