"""Who may see which tables, columns and rows of a connection, and what is masked.

A policy takes away; nothing gives back what another took. `rights_of` makes of all policies of a connection what one
actor is left with; the guard works it into every query.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.security.permissions import Actor, Role
from core.security.slots import filled


class MaskKind(StrEnum):
    """What a masked column shows instead of its values, the strictest first: where two apply, the first one wins."""

    NULL = "null"  # nothing
    CONSTANT = "constant"  # `argument`
    HASH = "hash"  # a keyed digest: equal values stay equal
    BUCKET = "bucket"  # numbers rounded down to multiples of `argument`; moments to the `argument` (year, month …)
    PARTIAL = "partial"  # the last `argument` characters


PERIODS = ("year", "quarter", "month", "day")  # what a moment may be rounded down to, the strictest first
_STRICTNESS = {kind: place for place, kind in enumerate(MaskKind)}


@dataclass(frozen=True)
class Mask:
    """How one column is masked. What `argument` means depends on the kind; where values are none, they stay none."""

    kind: MaskKind
    argument: str = ""

    @property
    def laxness(self) -> tuple[int, float, str]:
        """The less, the stricter: by kind, then a longer period, a wider bucket, fewer characters."""
        if self.kind is MaskKind.BUCKET:
            by = float(PERIODS.index(self.argument)) if self.argument in PERIODS else -_number(self.argument)
        else:
            by = _number(self.argument) if self.kind is MaskKind.PARTIAL else 0.0
        return _STRICTNESS[self.kind], by, self.argument


class SubjectKind(StrEnum):
    """Whom a policy binds."""

    EVERYONE = "everyone"  # administrators, too
    BELOW = "below"  # everybody whose role is below `name`; "admin" is everyone but administrators
    ROLE = "role"  # those whose role is `name`, and no other
    GROUP = "group"
    PERSON = "person"  # `name` is their id


@dataclass(frozen=True)
class Subject:
    """Whom a policy binds. Administrators are bound only by what names everyone, their role, a group, or themselves."""

    kind: SubjectKind
    name: str = ""

    def binds(self, actor: Actor) -> bool:
        """Whether this actor is one of them."""
        if self.kind is SubjectKind.BELOW:
            roles = list(Role)
            return roles.index(actor.role) < roles.index(Role(self.name))
        if self.kind is SubjectKind.ROLE:
            return actor.role.value == self.name
        if self.kind is SubjectKind.GROUP:
            return self.name in actor.groups
        if self.kind is SubjectKind.PERSON:
            return str(actor.id) == self.name
        return True


@dataclass(frozen=True)
class Policy:
    """One rule of an administrator: whom it binds, and what it takes away.

    Either it is about one `table` (a `Table.key`): the whole of it is `hidden`, or some columns are (`hidden_columns`,
    or all but `only_columns`), or columns are masked, or only those rows are left that meet the condition `rows`, in
    which `{user.attribute}` stands for what is known of the person. Or `table` is "" and `only` names the tables that
    are left; all others are hidden, also those that come later.
    """

    connection_id: UUID
    name: str
    subject: Subject
    table: str = ""
    only: frozenset[str] = frozenset()
    hidden: bool = False
    hidden_columns: frozenset[str] = frozenset()
    only_columns: frozenset[str] = frozenset()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    rows: str = ""
    id: UUID | None = None

    def stored(self) -> dict[str, Any]:
        """What it takes away and from whom, as JSON: all but its identity."""
        taken = asdict(self) | {
            name: sorted(getattr(self, name)) for name in ("only", "hidden_columns", "only_columns")
        }
        return {name: value for name, value in taken.items() if name not in ("id", "connection_id")}

    @staticmethod
    def of(policy_id: UUID, connection_id: UUID, stored: Mapping[str, Any]) -> "Policy":
        """What `stored` wrote."""
        return Policy(
            connection_id=connection_id,
            name=stored["name"],
            subject=Subject(SubjectKind(stored["subject"]["kind"]), stored["subject"]["name"]),
            table=stored["table"],
            only=frozenset(stored["only"]),
            hidden=stored["hidden"],
            hidden_columns=frozenset(stored["hidden_columns"]),
            only_columns=frozenset(stored["only_columns"]),
            masks={column: Mask(MaskKind(mask["kind"]), mask["argument"]) for column, mask in stored["masks"].items()},
            rows=stored["rows"],
            id=policy_id,
        )


@dataclass(frozen=True)
class TableRights:
    """What is left of one table. `rows` are conditions in the connection's dialect, all of which a row must meet.

    `derived`: it is a view over tables from which rows are taken, so they are missing there, too.
    """

    hidden_columns: frozenset[str] = frozenset()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    derived: bool = False

    @property
    def limited(self) -> bool:
        """Whether some rows, or what they add up to, may be missing."""
        return bool(self.rows) or self.derived


@dataclass(frozen=True)
class Rights:
    """What one actor may see of one connection. Tables that are named nowhere may be seen whole.

    Keys are `Table.key`s. `version` is equal for people who may see the same, and "" for those who may see everything:
    whatever is remembered about a connection's rows or schema is remembered under it. `salt` is the connection's own,
    with which digests are made.
    """

    hidden_tables: frozenset[str] = frozenset()
    tables: Mapping[str, TableRights] = field(default_factory=dict)
    version: str = ""
    salt: str = field(default="", repr=False, compare=False)


EVERYTHING = Rights()


def rights_of(
    policies: Iterable[Policy], actor: Actor, dialect: str, columns: Mapping[str, Collection[str]], salt: str = ""
) -> Rights:
    """What all of these policies together leave to this actor. `columns` are those of every table, by `Table.key`.

    Each takes away by itself: conditions must all be met, what one hides is hidden, of two masks the stricter one
    holds. The portal itself is bound by none.
    """
    bound = [policy for policy in policies if actor.id.int and policy.subject.binds(actor)]
    hidden = {key for policy in bound if not policy.table for key in columns if key not in policy.only}
    hidden |= {policy.table for policy in bound if policy.table and policy.hidden}
    taken: dict[str, TableRights] = {}
    for policy in bound:
        if policy.table and policy.table not in hidden:
            before = taken.get(policy.table, TableRights())
            taken[policy.table] = _less(before, policy, actor, dialect, columns.get(policy.table, ()))
    left = {key: rights for key, rights in taken.items() if rights != TableRights()}
    return Rights(frozenset(hidden), left, _version(hidden, left), salt)


def joined(one: TableRights, other: TableRights) -> TableRights:
    """What both leave."""
    masks = dict(one.masks)
    for column, mask in other.masks.items():
        masks[column] = min(mask, masks.get(column, mask), key=lambda each: each.laxness)
    hidden = one.hidden_columns | other.hidden_columns
    rows = tuple(dict.fromkeys((*one.rows, *other.rows)))
    kept = {column: masks[column] for column in sorted(masks) if column not in hidden}
    return TableRights(hidden, kept, rows, one.derived or other.derived)


def _less(before: TableRights, policy: Policy, actor: Actor, dialect: str, columns: Collection[str]) -> TableRights:
    hidden = set(policy.hidden_columns)
    if policy.only_columns:
        hidden.update(column for column in columns if column not in policy.only_columns)
    rows = (filled(policy.rows, actor, dialect),) if policy.rows.strip() else ()
    return joined(before, TableRights(frozenset(hidden), policy.masks, rows))


def _version(hidden: Collection[str], tables: Mapping[str, TableRights]) -> str:
    """A digest that is equal for equal rights, "" for none taken."""
    if not hidden and not tables:
        return ""
    shape = [
        (key, sorted(left.hidden_columns), sorted((c, m.kind, m.argument) for c, m in left.masks.items()), left.rows)
        for key, left in sorted(tables.items())
    ]
    return hashlib.sha256(json.dumps([sorted(hidden), shape]).encode()).hexdigest()[:16]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
