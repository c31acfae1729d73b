"""The policies of connections: kept, checked before they are kept, and tried in another person's place."""

import builtins
import json
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from core.connections.guard import CheckedQuery
from core.connections.guard.policies_masks import fits
from core.connections.guard.policies_shields import Shields
from core.connections.opened import Connection
from core.connections.registry import Connections
from core.connections.result import ResultTable
from core.connections.schema import Schema, Table
from core.connections.shelf import KeptConnection
from core.connections.statements import Statements
from core.connections.stored_schema import SeenSchema
from core.errors import InvalidInput, NotAllowed, NotFound, QueryRefused
from core.i18n import Phrase
from core.security.audit import Audit
from core.security.groups import OWN, Groups
from core.security.people import People
from core.security.permissions import SYSTEM, Action, Actor, Role, require
from core.security.policies import Policy, Rights, Subject, SubjectKind, TableRights
from core.security.slots import slots, with_text

_LONGEST_NAME, _LONGEST_RULE = 80, 2000  # characters
_MOST_ROWS, _LONGEST_NOTED = 100, 4000


@dataclass(frozen=True)
class Named:
    """What a policy can name: people who may ask the connection (id, name), groups, attributes of people, and every
    table and column, also those that are hidden from whoever asks."""

    schema: Schema
    people: tuple[tuple[UUID, str], ...]
    groups: tuple[str, ...]
    attributes: tuple[str, ...]


class Policies:
    """Who may see what. Those who may change a connection keep its policies; a change holds from the next question on.

    Every method raises `NotAllowed`, `NotFound` and `StoreUnreachable` where that is due.
    """

    def __init__(self, connections: Connections, people: People, groups: Groups, audit: Audit) -> None:
        self._connections, self._people, self._groups, self._audit = connections, people, groups, audit
        self._shelf = connections.shelf

    def list(self, actor: Actor, connection_id: UUID, binding: UUID | None = None) -> builtins.list[Policy]:
        """All policies of a connection, by name; or those that bind one person."""
        require(actor, Action.SEE_POLICIES, connection_id)
        kept = self._changeable(actor, connection_id, Action.SEE_POLICIES)
        person = None if binding is None else self._person(binding)
        bound = (policy for policy in kept.policies if person is None or policy.subject.binds(person))
        return sorted(bound, key=lambda policy: policy.name.lower())

    def named(self, actor: Actor, connection_id: UUID) -> Named:
        """Whom policies of this connection can be about, and what their rules can ask of a person."""
        require(actor, Action.SEE_POLICIES, connection_id)
        kept = self._changeable(actor, connection_id, Action.SEE_POLICIES)
        people, groups = self._people.list(SYSTEM), self._groups.list(SYSTEM)
        asking = [p for p in people if not p.disabled and self._shelf.is_seen(p.id, p.role, kept)]
        known = {name for person in asking for name, _ in person.attributes}
        known |= {name for group in groups for name, _ in group.attributes}
        return Named(
            self._whole(actor, kept).schema,
            tuple((person.id, person.name) for person in asking),
            tuple(group.name for group in groups),
            tuple(sorted(known | OWN)),
        )

    def check_rule(self, actor: Actor, connection_id: UUID, table: str, rows: str) -> None:
        """Nothing, if this rule for the rows of a table can be kept. Raises `InvalidInput` that says why not."""
        require(actor, Action.SEE_POLICIES, connection_id)
        kept = self._changeable(actor, connection_id, Action.SEE_POLICIES)
        seen = self._whole(actor, kept)
        if table not in seen.schema.by_key:
            raise _invalid("no_table", table=table)
        _check_rule(Policy(kept.id, "", Subject(SubjectKind.EVERYONE), table, rows=rows), seen)

    def keep(self, actor: Actor, connection_id: UUID, policy: Policy) -> Policy:
        """Keep a policy, new where it has no id. Raises `InvalidInput` that says what is wrong with it."""
        require(actor, Action.CHANGE_POLICIES, connection_id)
        kept = self._changeable(actor, connection_id, Action.CHANGE_POLICIES)
        before = next((each for each in kept.policies if each.id == policy.id), None)
        if policy.id is not None and before is None:
            raise NotFound
        policy = replace(policy, id=policy.id or uuid4(), connection_id=kept.id, name=policy.name.strip())
        self._check(policy, self._whole(actor, kept))
        self._shelf.put_policy(policy)
        self._note(actor, Action.CHANGE_POLICIES, kept, before, policy)
        return policy

    def remove(self, actor: Actor, connection_id: UUID, policy_id: UUID) -> None:
        """Take a policy away: what it took is seen again."""
        require(actor, Action.CHANGE_POLICIES, connection_id)
        kept = self._changeable(actor, connection_id, Action.CHANGE_POLICIES)
        before = next((each for each in kept.policies if each.id == policy_id), None)
        if before is None:
            raise NotFound
        self._shelf.drop_policy(kept.id, policy_id)
        self._note(actor, "policies.remove", kept, before, None)

    def rights(self, actor: Actor, connection_id: UUID) -> Rights:
        """What all policies together leave to the one who asks."""
        require(actor, Action.ASK, connection_id)
        return self._connections.open(actor, connection_id).scope.rights

    def preview(self, actor: Actor, connection_id: UUID, person_id: UUID) -> Connection:
        """The connection as this person sees it. Raises `InvalidInput` where it is not shared with them."""
        require(actor, Action.PREVIEW, connection_id)
        return self._as(actor, connection_id, person_id)

    def ask_as(self, actor: Actor, connection_id: UUID, person_id: UUID, sql: str) -> tuple[CheckedQuery, ResultTable]:
        """What this person would get for a query, at most 100 rows. Raises as `preview`, `QueryRefused` and
        `QueryFailed`."""
        require(actor, Action.PREVIEW, connection_id)
        opened = self._as(actor, connection_id, person_id, sql)
        query = opened.check(sql)
        return query, opened.run(query, row_cap=_MOST_ROWS)

    def _as(self, actor: Actor, connection_id: UUID, person_id: UUID, sql: str = "") -> Connection:
        """The connection opened in another's place, which the trail knows of."""
        kept = self._changeable(actor, connection_id, Action.PREVIEW)
        person = self._person(person_id)
        try:
            opened = self._connections.open(person, connection_id)
        except NotFound:
            raise _invalid("not_shared", person=person.name) from None
        self._audit.note(
            actor,
            Action.PREVIEW,
            kept.name,
            id=kept.id,
            person=person.name,
            person_id=person.id,
            statement=sql[:_LONGEST_NOTED],
        )
        # What is asked there is asked by the one who looks, and that is what the trail says.
        return replace(opened, statements=Statements(self._audit, actor, kept.id))

    def _person(self, person_id: UUID) -> Actor:
        person = self._people.actor(person_id)
        if person is None:
            raise NotFound
        return person

    def _changeable(self, actor: Actor, connection_id: UUID, action: Action) -> KeptConnection:
        kept = self._shelf.find(actor, connection_id)
        if not kept.may_change(actor):
            raise NotAllowed(f"{action} {kept.name}")
        return kept

    def _whole(self, actor: Actor, kept: KeptConnection) -> SeenSchema:
        """The whole schema, with how its views are made; read anew where it was kept before that was asked."""
        seen = self._shelf.schema(kept)
        if seen.schema.origins is None:
            self._connections.refresh(actor, kept.id)
            seen = self._shelf.schema(self._shelf.find(actor, kept.id))
        return seen

    def _check(self, policy: Policy, seen: SeenSchema) -> None:
        if not 0 < len(policy.name) <= _LONGEST_NAME:
            raise _invalid("name_missing", limit=_LONGEST_NAME)
        self._check_subject(policy)
        known = seen.schema.by_key
        if not policy.table:
            unknown = sorted(key for key in policy.only if key not in known)
            if unknown:
                raise _invalid("no_table", table=unknown[0])
            if policy != _only_tables(policy) or not policy.only:
                raise _invalid("nothing_taken")
            return
        if policy.table not in known:
            raise _invalid("no_table", table=policy.table)
        _check_columns(policy, known[policy.table])
        _check_rule(policy, seen)

    def _check_subject(self, policy: Policy) -> None:
        kind, name = policy.subject.kind, policy.subject.name
        roles = [role.value for role in Role]
        if kind in (SubjectKind.ROLE, SubjectKind.BELOW) and name not in roles[kind is SubjectKind.BELOW :]:
            raise _invalid("no_role", role=name)
        if kind is SubjectKind.GROUP and not name.strip():
            raise _invalid("no_group")
        if kind is SubjectKind.PERSON and not _is_id(name):
            raise _invalid("no_person")

    def _note(
        self, actor: Actor, action: str, kept: KeptConnection, before: Policy | None, after: Policy | None
    ) -> None:
        was, now = (json.dumps(each.stored(), ensure_ascii=False) if each else "" for each in (before, after))
        named = after or before
        name = named.name if named else ""
        self._audit.note(actor, action, kept.name, id=kept.id, policy=name, before=was, after=now)


def _check_columns(policy: Policy, table: Table) -> None:
    named = policy.hidden_columns | policy.only_columns | set(policy.masks)
    unknown = sorted(name for name in named if name not in table.by_name)
    if unknown:
        raise _invalid("no_column", column=unknown[0], table=policy.table)
    if not (policy.hidden or named or policy.rows.strip()) or policy.only:
        raise _invalid("nothing_taken")
    if policy.hidden_columns.issuperset(table.by_name):
        raise _invalid("hides_all", table=policy.table)
    for name, mask in policy.masks.items():
        if not fits(table.by_name[name], mask):
            raise _invalid("mask_unfit", column=name, type=table.by_name[name].type)


def _check_rule(policy: Policy, seen: SeenSchema) -> None:
    """The rule must pass the guard as it will stand in queries, whatever a person's attributes are."""
    if not policy.rows.strip():
        return
    if len(policy.rows) > _LONGEST_RULE:
        raise _invalid("rule_long", limit=_LONGEST_RULE)
    schema, naming = seen.schema, seen.naming
    slots(policy.rows, schema.dialect)
    rows = with_text(policy.rows, schema.dialect)
    rights = Rights(tables={policy.table: TableRights(rows=(rows,))}, version="check")
    try:
        Shields(schema, rights, naming.namespace, naming.ignores_case, routines=naming.routines).of(policy.table)
    except QueryRefused as error:
        raise InvalidInput(problem=Phrase("policies_core.rule_refused", error.values)) from error


def _only_tables(policy: Policy) -> Policy:
    """The same policy, were it about nothing but which tables are left."""
    return Policy(policy.connection_id, policy.name, policy.subject, only=policy.only, id=policy.id)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _invalid(problem: str, **values: object) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"policies_core.{problem}", values))
