"""Follow-up questions: "only in 2025", "and by region?" change one thing of the reading before.

The words of a follow-up are combined into a `Change` by the same chart; the change is then made to the earlier reading.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from core.answering.instant.asks import Asks
from core.answering.instant.binding import Binder
from core.answering.instant.meaning import (
    Ask,
    By,
    Columns,
    Entity,
    Has,
    Holds,
    InTime,
    Most,
    Number,
    Predicate,
    Sorting,
    Values,
    Want,
    Wishes,
)
from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    Best,
    Bucket,
    ColumnRef,
    Compare,
    Condition,
    Course,
    Field,
    Function,
    Grain,
    Like,
    Missing,
    Op,
    Reading,
    Related,
    Share,
    Tally,
    Within,
)
from core.answering.instant.times import When

Made = Iterable[tuple[Any, float]]


@dataclass(frozen=True)
class Filter:
    """Only the rows that meet this too; it takes the place of an earlier condition on the same column."""

    predicate: Predicate


@dataclass(frozen=True)
class Group:
    by: By


@dataclass(frozen=True)
class Sort:
    sorting: Sorting


@dataclass(frozen=True)
class Cut:
    number: Number
    descending: bool


@dataclass(frozen=True)
class Reshow:
    """Other columns or another figure of the same rows; `also` keeps what was shown."""

    wishes: Wishes
    also: bool = False


@dataclass(frozen=True)
class CountThem:
    """How many rows there were."""


@dataclass(frozen=True)
class BestOf:
    most: Most


@dataclass(frozen=True)
class AsShare:
    """The same figures as shares of the whole."""


@dataclass(frozen=True)
class CountThose:
    """How many of the rows meet this too."""

    predicate: Predicate


@dataclass(frozen=True)
class Theirs:
    """The rows of another table that belong to those before: "which films did they make?"."""

    entity: Entity


@dataclass(frozen=True)
class EachShows:
    """Figures of the same rows, one for each group: "for each of those types, what is the maximum weight?"."""

    by: By
    wishes: Wishes


Change = Filter | Group | Sort | Cut | Reshow | CountThem | BestOf | AsShare | CountThose | Theirs | EachShows


class Changes:
    """Actions of the grammars for follow-ups."""

    def filter_by(self, predicate: Predicate) -> Made:
        if isinstance(predicate, Most):
            yield BestOf(predicate), 0.0
        else:
            yield Filter(predicate), 0.0

    def filter_value(self, values: Values) -> Made:
        yield Filter(Holds((values,))), 0.0

    def filter_time(self, window: When) -> Made:
        yield Filter(InTime((window,))), 0.0

    def reshow_column(self, columns: Columns) -> Made:
        yield Reshow((Want(columns),)), 0.0

    def also_column(self, columns: Columns) -> Made:
        yield Reshow((Want(columns),), also=True), 0.0

    def group_grain(self, grain: str) -> Made:
        yield Group(By(grain=Grain(grain))), 0.0

    def group_by(self, by: By) -> Made:
        yield Group(by), 0.0

    def sort_by(self, sorting: Sorting) -> Made:
        yield Sort(sorting), 0.0

    def cut_top(self, number: Number) -> Made:
        yield Cut(number, True), 0.0

    def cut_bottom(self, number: Number) -> Made:
        yield Cut(number, False), 0.0

    def reshow(self, wishes: Wishes) -> Made:
        yield Reshow(wishes), 0.1

    def show_also(self, wishes: Wishes) -> Made:
        yield Reshow(wishes, also=True), 0.0

    def count_them(self) -> Made:
        yield CountThem(), 0.0

    def as_share(self) -> Made:
        yield AsShare(), 0.0

    def count_those(self, predicate: Predicate) -> Made:
        if not isinstance(predicate, Most):
            yield CountThose(predicate), 0.0

    def count_those_values(self, values: Values) -> Made:
        yield CountThose(Holds((values,))), 0.0

    def theirs(self, entity: Entity) -> Made:
        yield Theirs(entity), 0.0

    def each_shows(self, by: By, wishes: Wishes) -> Made:
        yield EachShows(by, wishes), 0.0


def changed(reading: Reading, change: Change, asks: Asks, binder: Binder) -> Iterator[tuple[Ask, float]]:
    """The earlier reading with one thing changed, in every way that makes sense."""
    if reading.offset or reading.outer or reading.per or any(isinstance(e, Course) for e in reading.show):
        return
    ask = as_ask(reading)
    if isinstance(change, Filter):
        yield from _filtered(ask, change.predicate, binder)
    elif isinstance(change, Group):
        yield from _regrouped(ask, change.by, asks)
    elif isinstance(change, Sort):
        yield from asks.ordered(replace(ask, order=(), limit=None), change.sorting)
    elif isinstance(change, Cut):
        yield from _cut(ask, change, asks)
    elif isinstance(change, Reshow):
        yield from _reshown(ask, change, asks)
    elif isinstance(change, CountThem):
        yield from _counted(ask)
    elif isinstance(change, AsShare):
        yield from asks.shares(ask)
    elif isinstance(change, CountThose):
        for found, cost in _filtered(ask, change.predicate, binder):
            for counted, more in _counted(found):
                yield counted, cost + more
    elif isinstance(change, Theirs):
        yield from _theirs(ask, change, asks, binder)
    elif isinstance(change, EachShows):
        yield from _each_shown(ask, change, asks)
    elif not ask.groups and not ask.order:
        for entity, cost in binder.narrowed(ask.entity, change.most):
            yield replace(ask, entity=entity), cost


def as_ask(reading: Reading) -> Ask:
    """A finished reading taken up again as a question."""
    plain = tuple(e for e in reading.show if isinstance(e, Field | Bucket))
    grouped = bool(reading.groups)
    entity = Entity(reading.table, conditions=reading.conditions, having=reading.having)
    return Ask(
        entity,
        tuple(e for e in reading.show if not grouped or not isinstance(e, Field | Bucket)),
        reading.groups,
        plain if grouped else (),
        reading.order,
        reading.limit,
        reading.distinct,
        named_groups=True,
    )


def _filtered(ask: Ask, predicate: Predicate, binder: Binder) -> Iterator[tuple[Ask, float]]:
    bare = replace(ask.entity, conditions=(), having=())
    for found, cost in binder.narrowed(bare, predicate):
        added = found.conditions
        about = {column for c in added for column in _about(c)}
        kept = tuple(c for c in ask.entity.conditions if not (set(_about(c)) and set(_about(c)) <= about))
        entity = replace(ask.entity, conditions=(*kept, *added))
        yield replace(ask, entity=entity), cost


def _about(condition: Condition) -> tuple[ColumnRef, ...]:
    """The columns a condition fixes: a new value for them takes its place."""
    if isinstance(condition, Compare | Within | Like | Missing):
        return (condition.field.column,) if not (isinstance(condition, Compare) and condition.op is Op.NE) else ()
    if isinstance(condition, AnyOf):
        return tuple(c for o in condition.options for c in _about(o))
    if isinstance(condition, AllOf):
        return tuple(c for o in condition.parts for c in _about(o))
    if isinstance(condition, Related) and not condition.negated and not condition.times:
        return tuple(c for o in condition.conditions for c in _about(o))
    return ()


def _regrouped(ask: Ask, by: By, asks: Asks) -> Iterator[tuple[Ask, float]]:
    """Groups are added to a single figure, and take the place of earlier groups."""
    figures = tuple(e for e in ask.show if isinstance(e, Tally | Share))
    if not figures:
        if ask.groups or ask.entity.having:
            return
        figures = (Tally(Function.COUNT),)
    order = tuple(o for o in ask.order if isinstance(o.by, Tally | Share))
    base = replace(ask, show=figures, groups=(), group_show=(), order=(), limit=None, distinct=False)
    for found, cost in asks.grouped(base, by):
        keeps = order or found.order
        yield replace(found, order=keeps, limit=ask.limit if order else None), cost


def _cut(ask: Ask, change: Cut, asks: Asks) -> Iterator[tuple[Ask, float]]:
    number = int(change.number.value)
    if ask.order and not isinstance(ask.order[0].by, Bucket):
        yield replace(ask, limit=number), 0.0
    else:
        direction = "desc" if change.descending else "asc"
        yield from asks.top(replace(ask, order=(), limit=None), direction, change.number)


def _reshown(ask: Ask, change: Reshow, asks: Asks) -> Iterator[tuple[Ask, float]]:
    aggregated = [w for w in change.wishes if isinstance(w, Want) and w.function]
    if ask.groups:
        if len(aggregated) == len(change.wishes):
            base = replace(ask, show=ask.show if change.also else (), order=(), limit=None)
            for found, cost in asks.wishes_of(change.wishes, Entity(ask.entity.table)):
                if isinstance(found, Ask) and found.entity.table == ask.entity.table:
                    yield replace(base, show=(*base.show, *found.show)), cost
        return
    best = Best(ask.order[0].by, ask.order[0].descending, ask.limit) if ask.limit and ask.order else None
    if any(isinstance(e, Tally) for e in ask.show) and not aggregated:
        return
    entity = replace(ask.entity, best=best)
    for found, cost in asks.wishes_of(change.wishes, entity):
        shown = (*ask.show, *found.show) if change.also and not aggregated else found.show
        order = () if best or aggregated else ask.order
        yield replace(found, show=shown, order=order, distinct=ask.distinct and not aggregated), cost


def _theirs(ask: Ask, change: Theirs, asks: Asks, binder: Binder) -> Iterator[tuple[Ask, float]]:
    """Rows that belong to those of an answer which lists them; to groups and figures nothing belongs."""
    if ask.groups or ask.limit or ask.entity.having or any(isinstance(e, Tally | Share) for e in ask.show):
        return
    if change.entity.table == ask.entity.table or change.entity.kind is not None:
        return
    for found, cost in binder.narrowed(change.entity, Has(replace(ask.entity, distinct=False))):
        for shown, more in asks.show(found):
            yield shown, cost + more


def _each_shown(ask: Ask, change: EachShows, asks: Asks) -> Iterator[tuple[Ask, float]]:
    if ask.groups or ask.limit or ask.entity.having:
        return
    for found, cost in asks.wishes_of(change.wishes, replace(ask.entity, distinct=False)):
        if all(isinstance(e, Tally | Share) for e in found.show):
            for grouped, more in asks.grouped(found, change.by):
                yield grouped, cost + more


def _counted(ask: Ask) -> Iterator[tuple[Ask, float]]:
    if ask.groups or ask.limit or any(isinstance(e, Tally) for e in ask.show):
        return
    if ask.distinct and len(ask.show) == 1 and isinstance(ask.show[0], Field):
        yield Ask(ask.entity, (Tally(Function.COUNT, ask.show[0], distinct=True),)), 0.0
    elif not ask.distinct:
        yield Ask(ask.entity, (Tally(Function.COUNT),)), 0.0
