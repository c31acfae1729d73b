"""The plainest form of a reading, and a key by which two readings that give the same rows are told to be the same."""

from collections.abc import Hashable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from core.answering.instant.paths import reversed_path
from core.answering.instant.reading import (
    ColumnRef,
    Compare,
    Condition,
    Extreme,
    Field,
    Function,
    Having,
    Link,
    Missing,
    OnDays,
    Path,
    Portion,
    Reading,
    Related,
    Share,
    Stated,
    Tally,
    Within,
)


def simplified(reading: Reading) -> Reading:
    """The same reading with columns taken from where they need fewest joins: a key from the row that points at it."""
    reading = _from_counted(_as_groups(reading))
    return replace(
        reading,
        show=tuple(dict.fromkeys(_plain(e) for e in reading.show)),
        groups=tuple(dict.fromkeys(_plain(g) for g in reading.groups)),
        conditions=_telling(tuple(dict.fromkeys(_plain(c) for c in reading.conditions))),
        order=tuple(_plain(o) for o in reading.order),
        per=_plain(reading.per) if reading.per else None,
    )


def _telling(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Without those that say of a column only that it is filled, where another one says with what."""
    told = {c.field for c in conditions if isinstance(c, Compare | Within | OnDays)}
    return tuple(c for c in conditions if not (isinstance(c, Missing) and c.negated and c.field in told))


def _from_counted(reading: Reading) -> Reading:
    """The same groups seen from the rows that are counted: concerts by stadium, not stadiums with concerts."""
    expressions = [*reading.show, *(o.by for o in reading.order), *(h.tally for h in reading.having)]
    tallies = [e.of if isinstance(e, Share) else e for e in expressions if isinstance(e, Tally | Share)]
    paths = {t.path for t in tallies if t.field is None}
    if not reading.groups or len(paths) != 1 or not (path := paths.pop()) or not all(link.many for link in path):
        return reading
    if any(t.field is not None for t in tallies) or any(isinstance(e, Portion) for e in expressions):
        return reading
    counted = [c for c in reading.conditions if isinstance(c, Related) and c.path == path]
    if any(c.conditions or c.best or c.negated for c in counted):
        return reading  # stations with a late trip: not only the late ones are counted
    # "with more than 4 trips, by the number of trips": the groups of more than 4
    having = tuple(Having(Tally(Function.COUNT, path=path), op, n) for c in counted for op, n in c.times)
    kept = tuple(c for c in reading.conditions if c not in counted)
    reading = replace(reading, conditions=kept, having=(*reading.having, *having))
    moved_parts = _seen_from(reading, path, reversed_path(path))
    assert isinstance(moved_parts, Reading)
    return replace(moved_parts, table=path[-1].right)


def _seen_from(value: Any, path: Path, back: Path) -> Any:
    """`value` for the rows at the end of `path`: what lay beyond it comes nearer, all else lies behind `back`."""
    if isinstance(value, tuple):
        return tuple(_seen_from(v, path, back) for v in value)
    if isinstance(value, Link | ColumnRef | type) or not is_dataclass(value):
        return value
    if isinstance(value, Field | Tally | Related | Stated):
        here = value.path
        if isinstance(value, Tally) and value.field is not None:
            return replace(value, field=_seen_from(value.field, path, back))
        return replace(value, path=here[len(path) :] if here[: len(path)] == path else (*back, *here))
    if isinstance(value, Extreme):
        return value
    changes = {f.name: _seen_from(getattr(value, f.name), path, back) for f in fields(value)}
    made: Any = replace(value, **changes)  # type: ignore[type-var]
    return made


def _as_groups(reading: Reading) -> Reading:
    """Keys with at least two related rows, as the groups of the related rows with at least two."""
    if reading.groups or len(reading.conditions) != 1 or len(reading.show) != 1 or reading.order:
        return reading
    only, shown = reading.conditions[0], reading.show[0]
    if not (isinstance(only, Related) and only.times and len(only.path) == 1 and isinstance(shown, Field)):
        return reading
    link = only.path[0]
    if not link.many or shown.path or (shown.column.column,) != link.left_columns:
        return reading
    key = Field(ColumnRef(link.right, link.right_columns[0]), shown.kind)
    having = tuple(Having(Tally(Function.COUNT), op, n) for op, n in only.times)
    return Reading(link.right, (key,), only.conditions, (key,), having)


def shortened(field: Field) -> Field:
    """The column a foreign key repeats: `orders.customer_id` for the `customers.id` it points at."""
    path, ref = field.path, field.column
    while path and not path[-1].many and ref.column in path[-1].right_columns:
        link = path[-1]
        ref = ColumnRef(link.left, link.left_columns[link.right_columns.index(ref.column)])
        path = path[:-1]
    return field if path == field.path else Field(ref, field.kind, path)


def _plain(value: Any) -> Any:
    """`value` with every column in it taken from the nearest place."""
    if isinstance(value, Field):
        return shortened(value)
    if isinstance(value, Related) or not is_dataclass(value) or isinstance(value, type):
        return value
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    changes = {f.name: _plain_part(getattr(value, f.name)) for f in fields(value)}
    return replace(value, **changes)


def _plain_part(value: Any) -> Any:
    return tuple(_plain(v) for v in value) if isinstance(value, tuple) else _plain(value)


def sameness(reading: Reading) -> Hashable:
    """Equal for readings that differ only in word order, in the side a join is seen from, or in key columns."""
    owners = {(g.column.table, g.path) for g in reading.groups if isinstance(g, Field)}
    keyed = frozenset(_key(g) for g in reading.groups) if len(owners) < len(reading.groups) else None
    return (
        frozenset(_key(e) for e in reading.show),
        frozenset(_key(c) for c in reading.conditions),
        keyed if keyed is None else frozenset(owner[0] for owner in owners),
        bool(reading.groups),
        frozenset(_key(h) for h in reading.having),
        tuple(_key(o) for o in reading.order),
        (reading.limit, reading.offset, reading.outer, reading.per and (_key(reading.per.groups), reading.per.n)),
        _links(reading) or reading.table,
    )


def _key(value: Any) -> Any:
    if isinstance(value, Field):
        # Which way rows point at others of their own table makes a difference; which side a join is seen from does not.
        itself = tuple((link.left_columns, link.many) for link in value.path if link.left == link.right)
        return ("column", value.column, itself)
    if isinstance(value, tuple):
        if value and isinstance(value[0], Link):
            return frozenset(_undirected(link) for link in value)
        return frozenset(_key(v) for v in value)
    if is_dataclass(value) and not isinstance(value, type | ColumnRef | Link):
        return (type(value).__name__, *(_key(getattr(value, f.name)) for f in fields(value)))
    return value


def _undirected(link: Link) -> Hashable:
    if link.left == link.right:
        return (link.left, link.left_columns, link.many)
    return frozenset({(link.left, link.left_columns), (link.right, link.right_columns)})


def _links(reading: Reading) -> frozenset[Hashable]:
    found: set[Hashable] = set()

    def visit(value: Any) -> None:
        if isinstance(value, Field | Tally):
            found.update(_undirected(link) for link in value.path)
        if isinstance(value, tuple):
            for part in value:
                visit(part)
        elif is_dataclass(value) and not isinstance(value, type | Link | ColumnRef | Related):
            for f in fields(value):
                visit(getattr(value, f.name))

    for part in (reading.show, reading.conditions, reading.groups, reading.having, reading.order):
        visit(part)
    return frozenset(found)
