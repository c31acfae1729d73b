"""What the rules of a grammar do with entities: tables, values of columns, and what narrows them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.meaning import (
    Check,
    Columns,
    Entity,
    Has,
    Holds,
    InTime,
    Most,
    Number,
    Predicate,
    Resembles,
    Together,
    Values,
)
from core.answering.instant.naming import SUBJECTS, display, is_name
from core.answering.instant.predicates import Predicates
from core.answering.instant.reading import ColumnRef, Compare, Extreme, Field, Op, Related
from core.answering.instant.schema_words import plain_words
from core.connections.schema import Kind

Made = Iterable[tuple[Any, float]]
WHO = Columns((), "")  # the name of whatever it is said of
_SORTS = {"type", "kind", "category", "class", "genre", "style"}
_CODES = {"id", "code", "number", "key"}
_FLIPPED = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}


class Phrases(Predicates):
    """Actions on entities over one schema, and those on predicates."""

    def same(self, meaning: Any) -> Made:
        return [(meaning, 0.0)]

    def nothing(self) -> Made:
        return [(None, 0.0)]

    def kind(self, columns: Columns) -> Made:
        """The values of a column as things of their own: countries, years, hometowns."""
        meant = {ref for ref, _ in columns.options}
        if columns.metric is not None:
            return
        for ref, cost in columns.options[:6]:
            kind = self._words.kind(ref)
            name = plain_words(ref.column)[-1] not in _CODES
            if kind is Kind.TEXT and name and self._words.table(ref.table).primary_key == (ref.column,):
                yield Entity(ref.table), cost + 0.4  # what each row is called by: the row
            # A key that points at another column of the same name is that column.
            if is_name(self._words, ref):
                continue
            if kind in SUBJECTS and not meant & self._words.referred(ref):
                yield (
                    Entity(ref.table, Field(ref, kind), owned=bool(columns.owner) or self._own(ref, columns)),
                    cost + 0.3 + self._unlikely(ref, kind),
                )

    def _own(self, ref: ColumnRef, columns: Columns) -> bool:
        """Whether the column was said with its table's word before it: "paragraph texts" are those of paragraphs."""
        *first, last = plain_words(ref.column)
        table = plain_words(self._words.table(ref.table).name)
        return bool(first) and tuple(first) == table and last not in _SORTS and len(columns.words.split()) > 1

    def _unlikely(self, ref: ColumnRef, kind: Kind) -> float:
        """Numbers that point at rows, or that measure, are seldom spoken of as things."""
        if kind is not Kind.INTEGER or self._words.unique(ref):
            return 0.0
        return 0.3 if self._words.referred(ref) else 0.0 if self._bind.yearly(Field(ref, kind)) else 0.15

    def of_value(self, values: Values) -> Made:
        """Rows called by a value: "the cats"."""
        if values.stated is not None:
            yield Entity(values.stated.table, conditions=(values.stated,)), 0.3
        for ref, value, cost in values.options[:4]:
            # A name says which row; only what several rows may share is a sort of thing.
            said = {f.column for f in display(self._words, ref.table)}
            if len(self._words.table(ref.table).columns) <= 2:
                continue  # a list of codes and what they mean: the value names one row of it
            if self._words.kind(ref) is Kind.TEXT and not self._words.is_key(ref) and ref not in said:
                field = Field(ref, Kind.TEXT)
                yield Entity(ref.table, conditions=(Compare(field, Op.EQ, value),)), cost + 0.5

    def narrowed(self, entity: Entity, predicate: Predicate) -> Made:
        if entity.each and isinstance(predicate, Has) and predicate.entity.best is not None:
            return  # "each building's dearest room": the best of each, not one that has the best of all
        said = _said_of(entity, predicate, self._who(entity))
        if said is None:
            return
        # "last year's orders for each store": the time is that of the orders, not of the stores.
        grouped = 0.4 if entity.each and isinstance(predicate, InTime) else 0.0
        for found, cost in self._bind.narrowed(entity, said):
            yield found, cost + _high_attachment(entity) + grouped

    def narrowed_own(self, entity: Entity, predicate: Predicate) -> Made:
        """ "the building's rooms" are no buildings."""
        return () if isinstance(predicate, Has) else self.narrowed(entity, predicate)

    def narrowed_before(self, predicate: Predicate, entity: Entity) -> Made:
        if entity.owned and entity.kind is None and isinstance(predicate, Holds):
            return ()  # "加拿大客户的发票": the value is said of the customers
        return self.narrowed(entity, predicate)

    def named(self, entity: Entity, values: Values) -> Made:
        """ "the document Summer Show": a value of the entity's own text columns, or a new text in its only name."""
        return self._bind.narrowed(entity, Holds((values,), named=True))

    def valued(self, values: Values, entity: Entity) -> Made:
        return self._bind.narrowed(entity, Holds((values,)))

    def each(self, entity: Entity) -> Made:
        if not entity.each and entity.best is None:
            yield replace(entity, each=True), 0.0

    def each_kind(self, entity: Entity) -> Made:
        """ "每种宠物": by the column that says the sort, where the table has just one."""
        if entity.kind is not None:
            return self.each(entity)
        sorts = [c for c in self._words.table(entity.table).columns if plain_words(c.name)[-1] in _SORTS]
        if len(sorts) == 1 and entity.bare:
            field = Field(ColumnRef(entity.table, sorts[0].name), sorts[0].kind)
            return [(replace(entity, kind=field, each=True), 0.05)]
        return self.each(entity) if not sorts else []

    def distinct(self, entity: Entity) -> Made:
        yield replace(entity, distinct=True), 0.0

    def best_adjective(self, most: Most, entity: Entity) -> Made:
        return self._bind.narrowed(entity, most)

    def nth_best(self, place: str, most: Most, entity: Entity) -> Made:
        """ "the second largest city"."""
        return self._bind.narrowed(entity, replace(most, skip=int(place) - 1))

    def flagged_before(self, columns: Columns, entity: Entity) -> Made:
        """ "blocked members", "discontinued products"."""
        own = replace(columns, options=tuple((r, c) for r, c in columns.options if r.table == entity.table))
        for flag, cost in self.flagged(own):
            for found, more in self._bind.narrowed(entity, flag):
                yield found, cost + more

    def holds_sort(self, values: Values) -> Made:
        """ "who are trainees": what sort of rows they are, not what they are called."""
        sorts = tuple(o for o in values.options if not is_name(self._words, o[0]) and not self._words.is_key(o[0]))
        if sorts:
            yield Holds((replace(values, options=sorts),)), 0.0

    def holds_no_sort(self, values: Values) -> Made:
        for found, cost in self.holds_sort(values):
            yield replace(found, negated=True), cost

    def best_by(self, extreme: str, entity: Entity, columns: Columns) -> Made:
        """ "the largest site by floor area"."""
        return self._bind.narrowed(entity, Most(extreme == "desc", columns=columns))

    def few_best_by(self, number: Number, extreme: str, entity: Entity, columns: Columns) -> Made:
        return self.best_few(number, Most(extreme == "desc", columns=columns), entity)

    def who_starts(self, values: Values) -> Made:
        """ "titles ending with Island": the text that says who a row is, or the values that are spoken of."""
        return self._resembling(values, "starts")

    def who_ends(self, values: Values) -> Made:
        return self._resembling(values, "ends")

    def who_contains(self, values: Values) -> Made:
        return self._resembling(values, "contains")

    def _resembling(self, values: Values, where: str) -> Made:
        if values.quoted:
            yield Resembles(WHO, values.text, where), 0.0

    def holds_part(self, values: Values) -> Made:
        """ "orders with "Screw M4"": with a thing that is called so."""
        called = tuple(o for o in values.options if is_name(self._words, o[0]))
        if values.quoted and called:
            yield Holds((replace(values, options=called),)), 0.0

    def _who(self, entity: Entity) -> Columns | None:
        """The one text that says who a row is, or the values that are spoken of."""
        fields = (entity.kind,) if entity.kind else display(self._words, entity.table)
        fits = len(fields) == 1 and fields[0].kind is Kind.TEXT
        return Columns(((fields[0].column, 0.0),), "") if fits else None

    def best_few(self, number: Number, most: Most, entity: Entity) -> Made:
        if number.value >= 1:
            return self._bind.narrowed(entity, replace(most, n=int(number.value)))
        return []

    def counted_column(self, number: Number, columns: Columns, entity: Entity) -> Made:
        """ "4 cylinder cars"."""
        numeric = tuple((r, c) for r, c in columns.options if self._words.kind(r).numeric and r.table == entity.table)
        return (
            self._bind.narrowed(entity, Check(replace(columns, options=numeric), Op.EQ, (number,))) if numeric else []
        )

    def compound(self, first: Entity, second: Entity) -> Made:
        """ "car models": a thing named after what it belongs to."""
        if first.bare and second.bare and first.table != second.table:
            paths = self._bind.reach(second.table, first.table)
            if paths and len(paths[0][0]) <= 2:
                yield second, 0.0

    def owned(self, entity: Entity, columns: Columns) -> Made:
        """ "stadium name": of the columns meant, those of this table."""
        if not entity.bare or entity.kind is not None or entity.each or entity.distinct:
            return
        own = tuple((ref, cost) for ref, cost in columns.options if ref.table == entity.table)
        if own and not all(self.says_yes(ref) for ref, _ in own):
            yield Columns(own, columns.words, entity.table), 0.02

    def says_yes(self, ref: ColumnRef) -> bool:
        """Whether the column tells yes or no: by type, or by a name like "discontinued" or "is active"."""
        words = plain_words(ref.column)
        return self._words.kind(ref) is Kind.BOOLEAN or words[0] in ("is", "has") or words[-1].endswith("ed")

    def owned_after(self, columns: Columns, entity: Entity) -> Made:
        return self.owned(entity, columns)

    def kind_of(self, entity: Entity, owner: Entity) -> Made:
        """ "different hometowns of teachers": the values of a column, among the rows of its table."""
        if entity.kind is not None and entity.table == owner.table and owner.bare:
            yield entity, -0.1

    def valued_twice(self, first: Values, second: Values, entity: Entity) -> Made:
        for found, cost in self._bind.narrowed(entity, Holds((first,))):
            for both, more in self._bind.narrowed(found, Holds((second,))):
                yield both, cost + more

    def best_few_after(self, number: Number, entity: Entity, predicate: Predicate) -> Made:
        """ "the top 3 restaurants with the highest ratings"."""
        return self.best_few(number, predicate, entity) if isinstance(predicate, Most) else []

    def few_best_top(self, number: Number, entity: Entity, columns: Columns) -> Made:
        """ "top 3 products by price"."""
        return self.best_few(number, Most(True, columns=columns), entity)

    def few_best_bottom(self, number: Number, entity: Entity, columns: Columns) -> Made:
        return self.best_few(number, Most(False, columns=columns), entity)

    def best_after(self, entity: Entity, most: Most) -> Made:
        """ "which employee is the oldest"."""
        return self._bind.narrowed(entity, most) if entity.kind is None else []

    def nth_best_after(self, entity: Entity, place: str, most: Most) -> Made:
        return self.nth_best(place, most, entity)

    def numbered(self, entity: Entity, number: Number) -> Made:
        """ "store 1": by its key, where that is a number and nothing else of it is called a number."""
        table = self._words.table(entity.table)
        keys = [c for c in table.columns if (c.name,) == table.primary_key and c.kind is Kind.INTEGER]
        own = {*plain_words(table.name), "number", "no", "code"}
        others = [c for c in table.columns if c not in keys and set(plain_words(c.name)) <= own]
        whole = number.value == int(number.value) and not number.unit and not 1900 <= number.value <= 2100
        if keys and not others and whole and entity.bare and entity.kind is None:
            field = Field(ColumnRef(table.key, keys[0].name), Kind.INTEGER)
            yield replace(entity, conditions=(Compare(field, Op.EQ, int(number.value)),)), 0.0

    def few_best(self, most: Most, number: Number, entity: Entity) -> Made:
        return self.best_few(number, most, entity)


def _high_attachment(entity: Entity) -> float:
    """Words belong to what stands nearest: an entity that ends in another one costs more to narrow."""
    last = entity.conditions[-1] if entity.conditions else None
    if isinstance(last, Compare) and isinstance(last.value, Extreme):
        return 0.4  # "above the average price of wines from Napa": the average of those wines
    return 0.25 if isinstance(last, Related) and not last.negated else 0.06 * len(entity.conditions)


def _said_of(entity: Entity, predicate: Predicate, who: Columns | None) -> Predicate | None:
    """The predicate with the entity's own name where a name is meant; None where the words speak of another one."""
    if isinstance(predicate, Together):
        parts = [_said_of(entity, part, who) for part in predicate.parts]
        made = tuple(part for part in parts if part is not None)
        return replace(predicate, parts=made) if len(made) == len(parts) else None
    if not isinstance(predicate, Resembles) or predicate.columns != WHO:
        return predicate
    # "customers with an order containing a screw": it is the order that contains it.
    nearer = any(isinstance(c, Related) for c in entity.conditions[-1:])
    return None if who is None or nearer else replace(predicate, columns=who)
