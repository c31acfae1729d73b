"""What the words of a follow-up say: which one thing of the reading before is to be another.

The grammars of both languages make these; `follow` makes them of an earlier reading.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.answering.instant.meaning import (
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
from core.answering.instant.reading import Grain, Op
from core.answering.instant.times import When

Made = Iterable[tuple[Any, float]]


@dataclass(frozen=True)
class Filter:
    """Only the rows that meet this too. It takes the place of an earlier condition on the same column, unless the rows
    that were shown are narrowed (`keeps`): "which of those …"."""

    predicate: Predicate
    keeps: bool = False


@dataclass(frozen=True)
class Which:
    """The rows that meet this, listed, even if they were only counted before."""

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
class Beside:
    """Who or what belongs to each row: "who is the artist of each?"."""

    entity: Entity


@dataclass(frozen=True)
class WhereFrom:
    """The place that each row says it is from."""


@dataclass(frozen=True)
class CountThem:
    """How many rows there were; with `of` they are called so: "how many students is that?"."""

    of: Entity | None = None


@dataclass(frozen=True)
class CountAll:
    """How many there were in all groups together."""


@dataclass(frozen=True)
class CountOf:
    """How many rows of another table belong to those before; with `each`, to each of them."""

    entity: Entity
    each: bool = False
    whole: bool = False
    """Whether it is said that the sum of all is meant: "in total"."""


@dataclass(frozen=True)
class BestOf:
    most: Most


@dataclass(frozen=True)
class BestShown:
    """The row with the most of the one figure that is shown."""

    descending: bool


@dataclass(frozen=True)
class HavingShown:
    """The groups whose one figure compares so: "just those with more than three"."""

    op: Op
    value: float


@dataclass(frozen=True)
class AsShare:
    """The same figures as shares of the whole."""


@dataclass(frozen=True)
class CountThose:
    """How many of the rows meet this too."""

    predicate: Predicate
    keeps: bool = False


@dataclass(frozen=True)
class Named:
    """Those of the rows that are such as `entity`, which are rows of the same table, or how many they are."""

    entity: Entity
    counted: bool = False


@dataclass(frozen=True)
class Theirs:
    """The rows of another table that belong to those before: "which films did they make?"."""

    entity: Entity
    wishes: Wishes = ()


@dataclass(frozen=True)
class EachShows:
    """Figures of the same rows, one for each group: "for each of those types, what is the maximum weight?"."""

    by: By
    wishes: Wishes


@dataclass(frozen=True)
class EachOf:
    """Figures of each row or group that was shown: "the average salary in each of these"."""

    wishes: Wishes


@dataclass(frozen=True)
class Both:
    """One change after another: "the total amount of the delivered ones"."""

    first: "Change"
    second: "Change"


@dataclass(frozen=True)
class Of:
    """A change of rows that are called by a noun: "of those ids"; the noun has to be what was shown."""

    noun: Columns | Entity
    change: "Change"


Change = (
    Filter | Which | Group | Sort | Cut | Reshow | Beside | WhereFrom | CountThem | CountAll | CountOf | BestOf
    | BestShown | HavingShown | AsShare | CountThose | Named | Theirs | EachShows | EachOf | Both | Of
)  # fmt: skip


class Changes:
    """Actions of the grammars for follow-ups."""

    def filter_by(self, predicate: Predicate) -> Made:
        yield (BestOf(predicate) if isinstance(predicate, Most) else Filter(predicate)), 0.0

    def filter_value(self, values: Values) -> Made:
        yield Filter(Holds((values,))), 0.0

    def filter_time(self, window: When) -> Made:
        yield Filter(InTime((window,))), 0.0

    def which(self, predicate: Predicate) -> Made:
        yield (BestOf(predicate) if isinstance(predicate, Most) else Which(predicate)), 0.0

    def which_value(self, values: Values) -> Made:
        yield Which(Holds((values,))), 0.0

    def reshow_column(self, columns: Columns) -> Made:
        yield Reshow((Want(columns),)), 0.0

    def also_column(self, columns: Columns) -> Made:
        yield Reshow((Want(columns),), also=True), 0.0

    def group_grain(self, grain: str) -> Made:
        yield Group(By(grain=Grain(grain))), 0.0

    def group_by(self, by: By) -> Made:
        yield Group(by), 0.0

    def group_by_entity(self, entity: Entity) -> Made:
        yield Group(By(entity)), 0.0

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

    def beside(self, entity: Entity) -> Made:
        if entity.kind is None and entity.bare:
            yield Beside(entity), 0.0

    def count_them(self) -> Made:
        yield CountThem(), 0.0

    def count_named(self, entity: Entity) -> Made:
        yield CountThem(entity), 0.0

    def count_all(self) -> Made:
        yield CountAll(), 0.0

    def count_of_them(self, entity: Entity) -> Made:
        yield CountOf(entity), 0.0

    def count_of_all(self, entity: Entity) -> Made:
        yield CountOf(entity, whole=True), 0.0

    def count_of_each(self, entity: Entity) -> Made:
        yield CountOf(entity, each=True), 0.0

    def count_of_noun(self, entity: Entity, noun: Entity | Columns) -> Made:
        yield Of(noun, CountOf(entity)), 0.0

    def as_share(self) -> Made:
        yield AsShare(), 0.0

    def count_those(self, predicate: Predicate) -> Made:
        if not isinstance(predicate, Most):
            yield CountThose(predicate), 0.0

    def count_those_values(self, values: Values) -> Made:
        yield CountThose(Holds((values,))), 0.0

    def count_those_rows(self, entity: Entity) -> Made:
        """ "其中女选手有几名": rows called again, with what narrows them."""
        yield Named(entity, counted=True), 0.0

    def which_named(self, entity: Entity) -> Made:
        """ "which of them are dogs?"."""
        yield Named(entity), 0.0

    def filter_by_such(self, predicate: Predicate) -> Made:
        return self.filter_by(predicate) if not _only_named(predicate) else ()

    def which_such(self, predicate: Predicate) -> Made:
        return self.which(predicate) if not _only_named(predicate) else ()

    def count_those_such(self, predicate: Predicate) -> Made:
        return self.count_those(predicate) if not _only_named(predicate) else ()

    def best_of(self, most: Most) -> Made:
        yield BestOf(most), 0.0

    def best_high(self, columns: Columns) -> Made:
        """ "which of them earns the most?"."""
        yield BestOf(Most(True, columns=columns)), 0.0

    def best_low(self, columns: Columns) -> Made:
        yield BestOf(Most(False, columns=columns)), 0.0

    def most_shown(self) -> Made:
        yield BestShown(True), 0.0

    def fewest_shown(self) -> Made:
        yield BestShown(False), 0.0

    def extreme_shown(self, extreme: str) -> Made:
        yield BestShown(extreme == "desc"), 0.0

    def most_of_noun(self, noun: Entity | Columns) -> Made:
        """ "which city has the most?"."""
        yield Of(noun, BestShown(True)), 0.0

    def fewest_of_noun(self, noun: Entity | Columns) -> Made:
        yield Of(noun, BestShown(False)), 0.0

    def having_shown(self, op: str, number: Number) -> Made:
        yield _having(Op(op), number), 0.0

    def having_or_more(self, number: Number) -> Made:
        yield _having(Op.GE, number), 0.0

    def having_or_fewer(self, number: Number) -> Made:
        yield _having(Op.LE, number), 0.0

    def having_of_noun(self, noun: Entity | Columns, op: str, number: Number) -> Made:
        """ "only the cities with more than 2"."""
        yield Of(noun, _having(Op(op), number)), 0.0

    def where_from_them(self) -> Made:
        yield WhereFrom(), 0.0

    def theirs(self, entity: Entity) -> Made:
        yield Theirs(entity), 0.0

    def theirs_show(self, wishes: Wishes, entity: Entity) -> Made:
        yield Theirs(entity, wishes), 0.0

    def each_shows(self, by: By, wishes: Wishes) -> Made:
        yield EachShows(by, wishes), 0.0

    def each_of(self, wishes: Wishes) -> Made:
        yield EachOf(wishes), 0.0

    def show_of_value(self, wishes: Wishes, values: Values) -> Made:
        yield Both(Filter(Holds((values,))), Reshow(wishes)), 0.0

    def show_of_some(self, wishes: Wishes, predicate: Predicate) -> Made:
        if not isinstance(predicate, Most):
            yield Both(Filter(predicate), Reshow(wishes)), 0.0

    def filtered_then(self, first: Change, second: Change) -> Made:
        """ "only the delivered ones, as a count": what is kept, and then what is shown of it."""
        if isinstance(first, Filter | Which | BestOf) and isinstance(second, Reshow | CountThem | Sort | Cut | Group):
            yield Both(first, second), 0.0

    def filtered_show(self, first: Change, wishes: Wishes) -> Made:
        """ "which of them had the highest fee? Just the name."."""
        return self.filtered_then(first, Reshow(wishes))

    def of_rows(self, change: Change) -> Made:
        """ "of those, which …": what was shown is narrowed, so nothing takes the place of what narrowed it before."""
        yield kept(change), 0.0

    def of_noun(self, noun: Entity | Columns, change: Change) -> Made:
        yield Of(noun, kept(change)), 0.0


def _only_named(predicate: Predicate) -> bool:
    """Whether other rows are named and no more: "of those makers" are no countries that have makers."""
    return isinstance(predicate, Has) and predicate.entity.bare and not (predicate.negated or predicate.times)


def _having(op: Op, number: Number) -> HavingShown:
    whole = number.value == int(number.value)
    return HavingShown(op, int(number.value) if whole else number.value)


def kept(change: Change) -> Change:
    """The change of the rows that were shown themselves, all that was said of them kept."""
    if isinstance(change, Filter):
        return Filter(change.predicate, keeps=True)
    if isinstance(change, CountThose):
        return CountThose(change.predicate, keeps=True)
    return change
