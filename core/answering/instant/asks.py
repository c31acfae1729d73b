"""What the rules of a grammar do with whole questions: the last layer over wishes, groups, joined parts and order."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.meaning import (
    Ask,
    By,
    Columns,
    Entity,
    Has,
    Most,
    Predicate,
    Together,
    Values,
    Want,
    Wish,
    Wishes,
)
from core.answering.instant.moving import field_moved
from core.answering.instant.naming import display, said_name
from core.answering.instant.ordering import Ordering
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    Best,
    Field,
    Function,
    Grain,
    Like,
    Path,
    Portion,
    Related,
    Tally,
)
from core.answering.instant.schema_words import attribute, plain_words
from core.answering.instant.wishes import is_plain
from core.answering.instant.words import singular
from core.connections.schema import Kind

Made = Iterable[tuple[Any, float]]


class Asks(Ordering):
    """All actions on whole questions."""

    def names_at(self, table: str, path: Path) -> tuple[Field, ...]:
        """The columns that say who a row of `table` is, seen from where `path` begins."""
        return tuple(field_moved(f, path) for f in display(self._words, table, self._language))

    def for_each_wishes(self, by: By, wishes: Wishes) -> Made:
        """ "for each continent, its id, name and how many countries it has"."""
        if by.entity is not None:
            yield from self._for_each(wishes, replace(by.entity, each=True))

    def portion(self, entity: Entity, predicate: Predicate) -> Made:
        """ "the percentage of orders that were cancelled": of all rows, those that meet it."""
        if entity.kind is not None or entity.best is not None or entity.each:
            return
        for found, cost in self._bind.narrowed(entity, predicate):
            added = found.conditions[len(entity.conditions) :]
            if added and found.best is None and not found.having:
                yield Ask(entity, (Portion(added),)), cost

    def fraction(self, entity: Entity, predicate: Predicate) -> Made:
        """ "what fraction of the orders was cancelled": of one, not of a hundred."""
        for ask, cost in self.portion(entity, predicate):
            only = ask.show[0]
            if isinstance(only, Portion):
                yield replace(ask, show=(replace(only, whole=1.0),)), cost

    def portion_before(self, predicate: Predicate, entity: Entity) -> Made:
        return self.portion(entity, predicate)

    def which_has(self, kind: Entity, entity: Entity) -> Made:
        """ "in which years were cars produced": values of a column that such rows have."""
        if kind.kind is not None and not entity.each:
            for found, cost in self._bind.narrowed(kind, Has(replace(entity, distinct=False))):
                for ask, more in self.show(found):
                    yield ask, cost + more

    def value_before(self, columns: Columns, entity: Entity) -> Made:
        """ "how many cylinders does the car have": the number that stands in the column."""
        numeric = tuple((r, c) for r, c in columns.options if self._words.kind(r).numeric and not self._words.is_key(r))
        wanted = Columns(numeric, columns.words)
        near = self._bind.fields(wanted, entity.table)[:1] if numeric else []
        function = Function.SUM if near and many(near[0][0].path) else None  # "how many seats does each building have"
        return self.wishes_of((Want(wanted, function),), entity) if numeric else ()

    def total_before(self, columns: Columns, entity: Entity) -> Made:
        """ "how many customers do the banks have in total": added up over all of them."""
        numeric = tuple((r, c) for r, c in columns.options if self._words.kind(r).numeric and not self._words.is_key(r))
        return self.wishes_of((Want(Columns(numeric, columns.words), Function.SUM),), entity) if numeric else ()

    def value_of(self, entity: Entity, columns: Columns) -> Made:
        """ "how much does the youngest dog weigh"."""
        return self.wishes_of((Want(columns),), entity)

    def texts_starting(self, columns: Columns, values: Values) -> Made:
        """ "which station names start with Har"."""
        return self._texts(columns, values, "starts")

    def texts_ending(self, columns: Columns, values: Values) -> Made:
        return self._texts(columns, values, "ends")

    def texts_containing(self, columns: Columns, values: Values) -> Made:
        return self._texts(columns, values, "contains")

    def _texts(self, columns: Columns, values: Values, where: str) -> Made:
        for ref, cost in columns.options[:4] if values.quoted else ():
            if self._words.kind(ref) is Kind.TEXT:
                field = Field(ref, Kind.TEXT)
                yield Ask(Entity(ref.table, conditions=(Like(field, values.text, where),)), (field,)), cost + 0.1

    def by_grain_before(self, grain: str, ask: Ask) -> Made:
        """ "the monthly revenue"."""
        return self.grouped(ask, By(grain=Grain(grain)))

    def for_each_ask(self, by: By, ask: Ask) -> Made:
        return self.grouped(ask, by)

    def narrowed_ask(self, ask: Ask, predicate: Any) -> Made:
        """A condition said apart: "in 1980, how many cars …", "revenue by region for the last 12 months"."""
        if isinstance(predicate, Most) or ask.entity.best or ask.limit:
            return
        if isinstance(predicate, Has) and ask.entity.bare and self._has_such(ask, predicate):
            return  # "the date on which an order was placed" is no date of a shipment
        for entity, cost in self._bind.narrowed(replace(ask.entity, kind=None), predicate):
            yield replace(ask, entity=replace(entity, kind=ask.entity.kind)), cost + 0.05

    def narrowed_ask_before(self, predicate: Any, ask: Ask) -> Made:
        return self.narrowed_ask(ask, predicate)

    def wishes_for(self, entity: Entity, wishes: Wishes) -> Made:
        return self.wishes_of(wishes, entity)

    def wishes_where(self, wishes: Wishes, predicate: Any) -> Made:
        """ "names in France": the rows are those the columns stand in."""
        tables = dict.fromkeys(ref.table for w in wishes if isinstance(w, Want) for ref, _ in w.columns.options)
        if isinstance(predicate, Most) and predicate.entity is not None:
            return
        parts = predicate.parts if isinstance(predicate, Together) else (predicate,)
        if any(isinstance(p, Has) and self._of_those(w, p) for p in parts for w in wishes):
            return  # "the names of such types" are no names of what has one of them
        for table in list(tables)[:4]:
            for entity, cost in self._bind.narrowed(Entity(table), predicate):
                for ask, more in self._alone(wishes, entity):
                    if len(wishes) > 1 or not is_plain(wishes[0]) or not self._kind_like(ask):
                        yield ask, cost + more + 0.25

    def _has_such(self, ask: Ask, has: Has) -> bool:
        """Whether other rows have a column of their own that goes by what is shown here of rows nobody named."""
        if has.negated:
            return False
        other = has.entity
        fields = [e.field if isinstance(e, Tally) else e for e in ask.show]
        shown = [f.column for f in fields if isinstance(f, Field) and not f.path and f.column.table != other.table]
        own = [set(plain_words(c.name)) for c in self._words.table(other.table).columns]
        kinds = [{*plain_words(r.column)} - {*plain_words(self._words.table(r.table).name)} for r in shown]
        return any(kind and kind <= words for kind in kinds for words in own)

    def _of_those(self, wish: Wish, has: Has) -> bool:
        """Whether what is wished for is theirs: a name, or what a column of their own is called by, "date"."""
        if not isinstance(wish, Want):
            return False
        said = tuple(singular(word) for word in wish.columns.words.lower().split())
        own = () if has.negated else self._words.table(has.entity.table).columns
        return said_name(wish.columns) or any(set(said) <= set(plain_words(c.name)) for c in own)

    def for_each_count(self, by: By, entity: Entity) -> Made:
        for ask, cost in self.count(entity):
            for grouped, more in self.grouped(ask, by):
                yield grouped, cost + more

    def count_each(self, counted: Entity, entity: Entity) -> Made:
        return self.for_each_count(By(entity), counted)

    def where_from(self, entity: Entity) -> Made:
        """ "Where is the youngest teacher from?": the column that says a place."""
        for name in ("hometown", "location", "country", "city", "address"):
            columns = attribute(self._words, name)
            own = tuple((r, c) for r, c in columns.options if r.table == entity.table) if columns else ()
            if own:
                yield from self.wishes_of((Want(Columns(own, name)),), entity)
                return

    def best_of_each(self, group: Entity, most: Most, entity: Entity) -> Made:
        """ "each building's most expensive room"."""
        if group.each:
            for found, cost in self._bind.narrowed(entity, most):
                for ask, more in self.show(found):
                    for made, rest in self.grouped(ask, By(replace(group, each=False))):
                        yield made, cost + more + rest

    def nth_value(self, place: str, extreme: str, columns: Columns, *owner: Entity) -> Made:
        """ "the second highest salary": of the different ones."""
        for ref, cost in columns.options[:6]:
            field = Field(ref, self._words.kind(ref))
            entity = owner[0] if owner else Entity(ref.table)
            plain = entity.kind is None and entity.best is None and not entity.having and not entity.each
            if entity.table == ref.table and plain and columns.metric is None and self._bind.measurable(field):
                best = Best(field, extreme == "desc", 1, int(place) - 1)
                yield Ask(replace(entity, best=best), (field,), distinct=True), cost + (0.0 if owner else 0.2)

    def commonest(self, most: str, entity: Entity) -> Made:
        """ "most common hometown of teachers"."""
        if entity.kind is None or entity.best is not None or entity.having:
            return
        descending = most == "desc"
        if not self._words.unique(entity.kind.column):
            yield Ask(replace(entity, best=Best(Tally(Function.COUNT), descending)), (entity.kind,)), 0.0
            return
        # What stands once in its own table is common by the rows that point at it.
        only = entity.conditions[0] if len(entity.conditions) == 1 else None
        related = isinstance(only, Related) and not (only.conditions or only.times or only.negated or only.best)
        paths = [only.path] if isinstance(only, Related) and related else []
        if not entity.conditions:
            paths = [(step,) for step in self._words.paths.children(entity.table)]
        if len(paths) == 1:
            best = Best(Tally(Function.COUNT, path=paths[0]), descending)
            yield Ask(replace(entity, conditions=(), best=best), (entity.kind,)), 0.0

    def commonest_after(self, entity: Entity, most: str, *owner: Entity) -> Made:
        """ "which diagnosis occurs most often among the admissions"."""
        if not owner or (owner[0].bare and owner[0].table == entity.table):
            return self.commonest(most, entity)
        return ()

    def commonest_of(self, most: str, columns: Columns, entity: Entity) -> Made:
        if entity.kind is not None or entity.best is not None or entity.each:
            return
        for field, cost in self._bind.fields(columns, entity.table):
            if not many(field.path):
                kind = replace(entity, kind=field, best=Best(Tally(Function.COUNT), most == "desc"))
                yield Ask(kind, (field,)), cost
