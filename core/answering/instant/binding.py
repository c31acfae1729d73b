"""Ties mentions to columns and predicates to tables: what "older than 20" means for these rows.

Every function gives all ways that make sense, each with a cost; none means that the words do not fit these rows.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from core.answering.instant.bridges import crossed, of_counted
from core.answering.instant.dates import nearest_dates
from core.answering.instant.fields import Fields, Ways, nearest
from core.answering.instant.logic import excludes, opposite
from core.answering.instant.meaning import (
    Against,
    Blank,
    Check,
    CheckTally,
    Entity,
    Flag,
    Has,
    Holds,
    InDays,
    InTime,
    Most,
    Number,
    Often,
    Pointed,
    Predicate,
    Range,
    Resembles,
    Together,
)
from core.answering.instant.moving import moved, with_condition
from core.answering.instant.naming import additive, display, is_mark
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    Best,
    Compare,
    Condition,
    Field,
    Function,
    Having,
    Like,
    Metric,
    Missing,
    OnDays,
    Op,
    Related,
    Shared,
    Stated,
    Tally,
)
from core.answering.instant.schema_words import SchemaWords, plain_words
from core.answering.instant.terms import measured
from core.answering.instant.units import says_unit
from core.connections.schema import Kind


class Binder(Fields):
    """Binding over one schema."""

    def __init__(self, words: SchemaWords, hints: frozenset[str] = frozenset()) -> None:
        """`hints` are the roots of the question's verbs: "shipped" prefers a date of shipping."""
        super().__init__(words, hints)
        self._predicates = {
            Check: self._check,
            Range: self._range,
            Holds: self._holds,
            InTime: self._in_time,
            Has: self._has,
            Resembles: self._resembles,
            Blank: self._blank,
            Flag: self._flag,
            InDays: self._in_days,
            Pointed: self._pointed,
            Against: self._against,
            Together: self._together,
        }

    def narrowed(self, entity: Entity, predicate: Predicate) -> list[tuple[Entity, float]]:
        """The entity with this predicate, in every way that fits."""
        if isinstance(predicate, Most):
            return list(self._best(entity, predicate))
        if isinstance(predicate, CheckTally):
            return list(self._with_tally(entity, predicate))
        if isinstance(predicate, Often):
            fits = entity.kind is not None and not entity.having and not self.words.unique(entity.kind.column)
            return [(replace(entity, having=(having_of(predicate.op, predicate.times),)), 0.0)] if fits else []
        if isinstance(predicate, Together) and not predicate.any:
            found = [(entity, 0.0)]
            for part in predicate.parts:
                found = [(e2, c + c2) for e, c in found for e2, c2 in self.narrowed(e, part)][:6]
            return found
        if entity.best is not None and not isinstance(predicate, Has | Holds | InTime | Check):
            return []
        if isinstance(predicate, Check) and predicate.columns.metric is not None:
            return self._metric_having(entity, predicate, predicate.columns.metric)
        if isinstance(predicate, Has) and entity.kind is not None and self._holds_too(entity.kind, predicate.entity):
            return []  # "countries with customers" are those of the customers themselves
        if isinstance(predicate, Has) and entity.kind is not None:
            own = self._kind_has(entity, predicate)
            if own is not None:
                return own
            if predicate.negated and not self.words.unique(entity.kind.column):
                return self._kind_has_no(entity, entity.kind, predicate)
        held, more = entity.conditions, 0.01 * len(entity.conditions)
        return [
            (replace(entity, conditions=with_condition(held, condition)), cost + more)
            for condition, cost in self.conditions(predicate, entity.table)
            if condition not in entity.conditions and not any(excludes(c, condition) for c in entity.conditions)
        ]

    def _with_tally(self, entity: Entity, check: CheckTally) -> Iterator[tuple[Entity, float]]:
        """Rows by an aggregate of their related rows, values by one of the rows that they stand in."""
        if entity.best is not None or entity.having or (entity.kind is not None and entity.kind.path):
            return
        for field, cost in self.fields(check.columns, entity.table):
            fits = field.kind.numeric and not self.words.is_key(field.column) and not self.yearly(field)
            if fits and many(field.path) is (entity.kind is None):
                having = Having(Tally(check.function, field), check.op, check.number.value)
                yield replace(entity, having=(having,)), cost

    def conditions(self, predicate: Predicate, table: str) -> Ways:
        """The predicate as a condition on rows of `table`."""
        bind = self._predicates.get(type(predicate))
        return bind(predicate, table) if bind else []  # type: ignore[operator]

    def _metric_having(self, entity: Entity, check: Check, metric: Metric) -> list[tuple[Entity, float]]:
        """ "customers with revenue above 1000": the figure of each, compared with a number."""
        only = check.operands[0] if len(check.operands) == 1 else None
        if not isinstance(only, Number) or entity.having:
            return []
        return [
            (replace(entity, having=(Having(measured(metric, field), check.op, only.value),)), cost)
            for field, cost in self.fields(check.columns, entity.table)
        ]

    def _stated(self, stated: Stated, table: str, negated: bool) -> Ways:
        """The condition of a term, on the rows nearest to these that it speaks of."""
        ways: Ways = []
        for path, far in self.reach(table, stated.table):
            if many(path):
                ways.append((Related(path, (replace(stated, path=()),), negated), far))
            else:
                ways.append((replace(stated, path=path, negated=negated), far))
        return ways

    def _check(self, check: Check, table: str) -> Ways:
        if check.columns.metric is not None:
            return []
        near = self.fields(check.columns, table)
        if says_unit(check.columns.words):
            near = [(field, cost) for field, cost in near if not field.path]
        return self._placed(near, lambda f: self._compared(f, check.op, check.operands))

    def _range(self, ranged: Range, table: str) -> Ways:
        def make(field: Field) -> Condition | None:
            low = self._one(field, Op.GE, ranged.low)
            high = self._one(field, Op.LE, ranged.high)
            return AllOf((low, high)) if low and high else None

        return self._placed(self.fields(ranged.columns, table), make)

    def _holds(self, holds: Holds, table: str) -> Ways:
        """Each value in the column nearest to these rows; several values have to stand in the same column."""
        ways = []
        first = holds.values[0]
        if first.stated is not None:
            return self._stated(first.stated, table, holds.negated) if len(holds.values) == 1 else []
        own = {f.column for f in display(self.words, table)}
        for ref, _, unlike in first.options:
            if not all(any(r == ref for r, _, _ in v.options) for v in holds.values):
                continue
            for path, far in self.reach(table, ref.table):
                field = Field(ref, self.words.kind(ref), path)
                key = 0.1 if self.words.is_key(ref) else 0.0
                # "albums by Iron Maiden" is about who made them, not about what they are called.
                key += 0.35 if not path and not holds.named and ref in own else 0.0
                ways.append((field, unlike + 1.5 * far + key))
        op = Op.NE if holds.negated else Op.EQ
        if not ways:
            return []
        return self._placed(nearest(ways), lambda f: self._compared(f, op, holds.values))

    def _in_time(self, timed: InTime, table: str) -> Ways:
        found = self.fields(timed.columns, table) if timed.columns else nearest_dates(self, table, timed.hint)

        def make(field: Field) -> Condition | None:
            windows = [self.window(field, Op.EQ, w) for w in timed.windows]
            if not all(windows):
                return None
            options = tuple(w for w in windows if w)
            return options[0] if len(options) == 1 else AnyOf(options)

        return self._placed(found, make)

    def _in_days(self, days: InDays, table: str) -> Ways:
        dated = [(field, cost) for field, cost in nearest_dates(self, table) if self.dated(field)]
        return self._placed(dated, lambda field: OnDays(field, days.days))

    def _pointed(self, pointed: Pointed, table: str) -> Ways:
        """The row pointed at (or one that points) is called so."""
        link = pointed.link
        if table != link.left:
            return []
        named = Holds((pointed.values,), named=True)
        own = [(c, cost) for c, cost in self._holds(named, link.right) if isinstance(c, Compare | AllOf)]
        if link.many:
            return [(Related((link,), (condition,)), cost) for condition, cost in own]
        return [(moved(condition, (link,)), cost) for condition, cost in own]

    def _against(self, against: Against, table: str) -> Ways:
        found = [(f, c) for f, c in self.fields(against.columns, table) if not f.path and self.measurable(f)]
        return [(Compare(f, against.op, replace(f, path=(against.link,))), cost) for f, cost in found]

    def _has(self, has: Has, table: str) -> Ways:
        other = has.entity
        if other.kind is not None and has.times == () and other.kind.path == ():
            return self._has_kind(has, table)
        if other.table == table and has.negated and len(other.conditions) == 1 and not other.best:
            turned = opposite(other.conditions[0])
            return [(turned, 0.0)] if turned else []
        if other.table == table or other.having or other.groups:
            return []
        if other.kind is not None and not self.words.unique(other.kind.column):
            return []
        ways: Ways = []
        for path, far in self.reach(table, other.table):
            if has.times and not many(path):
                continue
            if not (has.negated or has.times or other.best or other.conditions or many(path)):
                far += 1.2  # every row has one: the words would say nothing
            crossing = crossed(path, other.conditions) if not other.best else (path, other.conditions)
            if crossing is None:
                continue
            path, conditions = crossing
            plain = not (has.negated or has.times or other.best or many(path)) and other.conditions
            if plain:
                inner = tuple(moved(c, path) for c in conditions)
                ways.append((inner[0] if len(inner) == 1 else AllOf(inner), far))
            else:
                # Who inspected a bike has an inspection: what each of these has one of adds nothing.
                while not other.conditions and not other.best and len(path) > 1 and not path[-1].many and many(path):
                    path = path[:-1]
                ways.append((Related(path, conditions, has.negated, has.times, other.best), far))
        return ways

    def _has_kind(self, has: Has, table: str) -> Ways:
        """ "with a hometown": the column is filled; with conditions it is about the rows it stands in."""
        other = has.entity
        if other.conditions or other.best or other.kind is None or not has.negated:
            return []
        if plain_words(other.kind.column.column)[0] in ("is", "has"):
            return []  # who is no member says "no" there, and not nothing
        fields = [(replace(other.kind, path=p), far) for p, far in self.reach(table, other.table) if not many(p)]
        return [(Missing(f, negated=not has.negated), far + 0.9) for f, far in fields]

    def _holds_too(self, kind: Field, other: Entity) -> bool:
        """Whether these rows have a column of the same name, so that it is not that of others that is meant."""
        if other.table == kind.column.table or kind.path or self.words.is_key(kind.column):
            return False
        said = plain_words(kind.column.column)
        columns = self.words.table(other.table).columns
        return any(plain_words(c.name) == said or (kind.kind.temporal and c.kind.temporal) for c in columns)

    def _kind_has(self, entity: Entity, has: Has) -> list[tuple[Entity, float]] | None:
        """Values of a column that rows of the same table have: "countries with singers above 20"."""
        other = has.entity
        kind = entity.kind
        if kind is None or other.table != entity.table or other.best or kind.path:
            return None
        if other.kind is not None:
            return []
        if has.times:
            if entity.having or self.words.unique(kind.column):
                return []  # a value that no two rows share stands in one row
            having = tuple(having_of(op, n) for op, n in has.times)
            return [(replace(entity, conditions=(*entity.conditions, *other.conditions), having=having), 0.05)]
        if has.negated and not other.conditions:
            return []  # every value stands in some row
        if has.negated or (entity.conditions and other.conditions):
            shared = Shared(kind, other.conditions, has.negated)
            return [(replace(entity, conditions=(*entity.conditions, shared)), 0.05)]
        return [(replace(entity, conditions=(*entity.conditions, *other.conditions)), 0.05)]

    def _kind_has_no(self, entity: Entity, kind: Field, has: Has) -> list[tuple[Entity, float]]:
        """Values of which no row has related rows; one row without them would not be enough."""
        found = self.conditions(replace(has, negated=False), entity.table)
        return [
            (replace(entity, conditions=(*entity.conditions, Shared(kind, (condition,), negated=True))), cost)
            for condition, cost in found
        ]

    def _resembles(self, like: Resembles, table: str) -> Ways:
        text = frozenset({Kind.TEXT, Kind.OTHER})
        return self._placed(
            self.fields(like.columns, table, text), lambda f: Like(f, like.text, like.where, like.negated)
        )

    def _blank(self, blank: Blank, table: str) -> Ways:
        ways: Ways = []
        for field, cost in self.fields(blank.columns, table):
            if many(field.path):
                # Who never enrolled has no row that says when; one row that does not say it would be something else.
                filled = Missing(replace(field, path=()), negated=True)
                ways.append((Related(field.path, (filled,), negated=not blank.negated), cost))
            else:
                ways.append((Missing(field, blank.negated), cost))
        return ways

    def _flag(self, flag: Flag, table: str) -> Ways:
        flags = tuple((ref, cost) for ref, cost in flag.columns.options if self.words.flag(ref))

        def make(field: Field) -> Condition:
            yes = not flag.negated
            return Compare(field, Op.EQ, yes if field.kind is Kind.BOOLEAN else int(yes))

        # An active customer is not one whose store's manager is active.
        found = self.fields(replace(flag.columns, options=flags), table)
        return self._placed([(field, cost) for field, cost in found if not field.path], make)

    def _together(self, together: Together, table: str) -> Ways:
        found: list[tuple[tuple[Condition, ...], float]] = [((), 0.0)]
        for part in together.parts:
            if isinstance(part, Most):
                return []
            found = [((*f, c), cost + more) for f, cost in found for c, more in self.conditions(part, table)][:6]
        if not together.any:
            found = [(f, c) for f, c in found if not any(excludes(a, b) for a, b in combinations(f, 2))]
        return [(AnyOf(f) if together.any else AllOf(f), cost) for f, cost in found]

    def _best(self, entity: Entity, most: Most) -> Iterator[tuple[Entity, float]]:
        if entity.best is not None:
            return
        if most.entity is not None:
            yield from self._best_counted(entity, most, most.entity)
        elif most.columns is not None:
            for field, cost in self.fields(most.columns, entity.table):
                if of_counted(entity, field):
                    continue
                if most.columns.metric is not None:
                    figure = measured(most.columns.metric, field)
                    yield replace(entity, best=Best(figure, most.descending, most.n)), cost
                elif most.function is not None:
                    if field.kind.numeric and not self.words.is_key(field.column) and not self.yearly(field):
                        tally = Tally(most.function, field)
                        yield replace(entity, best=Best(tally, most.descending, most.n, most.skip)), cost
                elif self._added_up(entity, field) and additive(self.words, field):
                    total = Tally(Function.SUM, field)
                    yield replace(entity, best=Best(total, most.descending, most.n, most.skip)), cost
                elif self.measurable(field) and not self.words.is_key(field.column):
                    yield replace(entity, best=Best(field, most.descending, most.n, most.skip)), cost
                    if self._added_up(entity, field) and is_mark(field):
                        mean = Best(Tally(Function.AVG, field), most.descending, most.n, most.skip)
                        yield replace(entity, best=mean), cost  # by one review, or by all: nobody said which

    def _added_up(self, entity: Entity, field: Field) -> bool:
        """Whether an amount stands in many rows for one: the invoices of a customer, or of a country."""
        return many(field.path) or (entity.kind is not None and entity.kind.column != field.column)

    def _best_counted(self, entity: Entity, most: Most, other: Entity) -> Iterator[tuple[Entity, float]]:
        if other.kind is not None and other.kind.kind.numeric and not self.words.unique(other.kind.column):
            return
        if other.best or other.having or (other.kind is not None and other.table == entity.table):
            return
        if other.table == entity.table:
            if entity.kind is not None:
                conditions = (*entity.conditions, *other.conditions)
                yield (
                    replace(entity, conditions=conditions, best=Best(Tally(Function.COUNT), most.descending, most.n)),
                    0,
                )
            return
        for path, far in self.reach(entity.table, other.table):
            if not many(path):
                continue  # each has one of them: the most is no more than the fewest
            conditions = (*entity.conditions, *(moved(c, path) for c in other.conditions))
            best = Best(Tally(Function.COUNT, path=path), most.descending, most.n)
            yield replace(entity, conditions=conditions, best=best), far


def having_of(op: Op, n: int) -> Having:
    return Having(Tally(Function.COUNT), op, n)
