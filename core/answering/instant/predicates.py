"""What the rules of a grammar do with predicates: comparisons, values, times, related rows, the most and the least.

The actions are named in the grammars of both languages; they know nothing of word order.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.binding import Binder
from core.answering.instant.extremes import as_condition
from core.answering.instant.meaning import (
    Average,
    Blank,
    Check,
    CheckTally,
    Columns,
    Entity,
    Flag,
    Has,
    Holds,
    InTime,
    Most,
    Number,
    Operand,
    Predicate,
    Range,
    Resembles,
    Together,
    Values,
)
from core.answering.instant.reading import Field, Function, Op
from core.answering.instant.schema_words import SchemaWords, plain_words
from core.answering.instant.times import When
from core.answering.instant.words import root
from core.connections.schema import Kind

Made = Iterable[tuple[Any, float]]
_HALF = 0.4  # what the last words of a name cost
_FLIPPED = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}


class Predicates:
    """Actions on predicates over one schema."""

    def __init__(self, words: SchemaWords, binder: Binder) -> None:
        self._words = words
        self._bind = binder

    def check_two(self, columns: Columns, low: str, first: Operand, high: str, second: Operand) -> Made:
        """ "weighing no less than 3000 and no more than 4000"."""
        yield Together((Check(columns, Op(low), (first,)), Check(columns, Op(high), (second,)))), 0.0

    def check(self, columns: Columns, op: str, *operands: Operand) -> Made:
        if all(self._suits(columns, Op(op), o) for o in operands):
            yield Check(columns, Op(op), operands), 0.0

    def check_time(self, columns: Columns, op: str, *operands: Operand) -> Made:
        """ "date after March", "year before 1980": only columns that hold times."""
        fields = [(Field(r, self._words.kind(r)), c) for r, c in columns.options]
        timely = tuple((f.column, c) for f, c in fields if self._bind.dated(f) or self._bind.yearly(f))
        if timely:
            yield Check(Columns(timely, columns.words), Op(op), operands), 0.0

    def adjective_on(self, columns: Columns, adjective: tuple[Columns, Op], *operands: Operand) -> Made:
        """ "whose age is older than 20": the adjective speaks of the column that is named."""
        meant = {ref for ref, _ in adjective[0].options}
        named = tuple((ref, cost) for ref, cost in columns.options if ref in meant)
        if named:
            yield Check(Columns(named, columns.words), adjective[1], operands), 0.0

    def check_split(self, op: str, columns: Columns, operand: Operand) -> Made:
        """ "a greater weight than 10"."""
        return self.check(columns, op, operand)

    def check_after(self, op: str, columns: Columns, *operands: Operand) -> Made:
        return self.check(columns, op, *operands)

    def check_before(self, op: str, operand: Operand, columns: Columns) -> Made:
        """ "more than 4 cylinders"."""
        return self.check(columns, op, operand)

    def equals(self, columns: Columns, *operands: Operand) -> Made:
        # "order 10248" is no product of which so many units are on order: half a name and a number say too little.
        if any(isinstance(o, Number) for o in operands):
            columns = replace(columns, options=tuple(o for o in columns.options if o[1] < _HALF))
        return self.check(columns, "=", *operands) if columns.options else ()

    def equals_before(self, operand: Operand, columns: Columns) -> Made:
        return self.equals(columns, operand)

    def differs(self, columns: Columns, *operands: Operand) -> Made:
        return self.check(columns, "!=", *operands)

    def reaches(self, columns: Columns, operand: Operand) -> Made:
        return self.check(columns, ">=", operand)

    def stays_below(self, columns: Columns, operand: Operand) -> Made:
        return self.check(columns, "<=", operand)

    def reaches_before(self, operand: Operand, columns: Columns) -> Made:
        return self.check(columns, ">=", operand)

    def stays_below_before(self, operand: Operand, columns: Columns) -> Made:
        return self.check(columns, "<=", operand)

    def adjective(self, adjective: tuple[Columns, Op], *operands: Operand) -> Made:
        columns, op = adjective
        return self.check(columns, op, *operands)

    def adjective_before(self, operand: Operand, adjective: tuple[Columns, Op]) -> Made:
        return self.check(adjective[0], adjective[1], operand)

    def _suits(self, columns: Columns, op: Op, operand: Operand) -> bool:
        if isinstance(operand, Number) and op in (Op.EQ, Op.NE):
            return any(self._words.kind(r) in (Kind.INTEGER, Kind.NUMBER, Kind.TEXT) for r, _ in columns.options)
        if isinstance(operand, Values):
            if op not in (Op.EQ, Op.NE):
                return False
            stored = {ref for ref, _, _ in operand.options}
            return operand.quoted or any(ref in stored for ref, _ in columns.options)
        return True

    def between(self, columns: Columns, low: Operand, high: Operand) -> Made:
        yield Range(columns, low, high), 0.0

    def above_average(self, columns: Columns) -> Made:
        yield Check(columns, Op.GT, (Average(),)), 0.0

    def below_average(self, columns: Columns) -> Made:
        yield Check(columns, Op.LT, (Average(),)), 0.0

    def adjective_average_of(self, adjective: tuple[Columns, Op], entity: Entity) -> Made:
        """ "longer than the average film": than such rows are on average."""
        return self.verb_average_of(adjective[0], adjective[1].value, entity)

    def verb_average_of(self, columns: Columns, op: str, entity: Entity) -> Made:
        """ "earn more than the average doctor"."""
        own = tuple((ref, cost) for ref, cost in columns.options if ref.table == entity.table)
        if own and entity.bare and entity.kind is None:
            yield Check(replace(columns, options=own), Op(op), (Average(),)), 0.0

    def verb_above_average_of(self, columns: Columns, entity: Entity) -> Made:
        return self.verb_average_of(columns, ">", entity)

    def verb_below_average_of(self, columns: Columns, entity: Entity) -> Made:
        return self.verb_average_of(columns, "<", entity)

    def check_tally(self, function: str, columns: Columns, op: str, operand: Operand) -> Made:
        """ "with an average salary above 5000"."""
        if isinstance(operand, Number) and function != "median":
            yield CheckTally(columns, Function(function), Op(op), operand), 0.0

    def has_act(self, act: Entity, entity: Entity) -> Made:
        """ "who inspected a meter": rows of the deed, of such a thing."""
        for found, cost in self._acted(act, entity):
            yield Has(found), cost

    def has_no_act(self, act: Entity, entity: Entity) -> Made:
        for found, cost in self._acted(act, entity):
            yield Has(found, negated=True), cost

    def _acted(self, act: Entity, entity: Entity) -> Made:
        if entity.each or entity.best or not self._words.paths.between(act.table, entity.table):
            return []
        if entity.bare and entity.kind is None and act.table != entity.table:
            return [(act, 0.0)]
        return self._bind.narrowed(act, Has(replace(entity, distinct=False)))

    def not_done(self, columns: Columns) -> Made:
        """ "not returned yet": the date of returning is missing."""
        yield Blank(columns), 0.0

    def most_done(self, columns: Columns, extreme: str) -> Made:
        """ "hired first": by the date that says when."""
        yield Most(extreme == "desc", columns=columns), 0.0

    def nth_most(self, place: str, extreme: str, columns: Columns) -> Made:
        """ "the second highest salary"."""
        yield Most(extreme == "desc", columns=columns, skip=int(place) - 1), 0.0

    def against_average(self, columns: Columns, op: str, *again: Columns) -> Made:
        if not again or {r for r, _ in again[0].options} & {r for r, _ in columns.options}:
            yield Check(columns, Op(op), (Average(),)), 0.0

    def above_average_again(self, columns: Columns, *again: Columns) -> Made:
        return self.against_average(columns, ">", *again)

    def below_average_again(self, columns: Columns, *again: Columns) -> Made:
        return self.against_average(columns, "<", *again)

    def op_average(self, op: str, columns: Columns) -> Made:
        yield Check(columns, Op(op), (Average(),)), 0.0

    def adjective_average(self, adjective: tuple[Columns, Op], *again: Columns) -> Made:
        return self.against_average(adjective[0], adjective[1].value, *again)

    def above_extreme(self, op: str, extreme: str, columns: Columns) -> Made:
        function = Function.MAX if extreme == "desc" else Function.MIN
        yield Check(columns, Op(op), (Average(function),)), 0.0

    def not_extreme(self, extreme: str, columns: Columns) -> Made:
        function = Function.MAX if extreme == "desc" else Function.MIN
        yield Check(columns, Op.NE, (Average(function),)), 0.0

    def holds(self, *values: Values) -> Made:
        if not any(v.inflected for v in values):
            yield Holds(values), 0.0

    def holds_not(self, *values: Values) -> Made:
        yield Holds(values, negated=True), 0.0

    def in_time(self, *windows: When) -> Made:
        yield InTime(windows), 0.0

    def time_or(self, window: When, op: str) -> Made:
        """ "in 2014 or after"."""
        return self.time_since(window) if op in (">", ">=") else self.time_op("<=", window)

    def both_times(self, entity: Entity, first: When, second: When) -> Made:
        """ "concerts in both 2014 and 2015": related rows in each of the two."""
        for one, cost in self._bind.narrowed(entity, InTime((first,))):
            for two, more in self._bind.narrowed(entity, InTime((second,))):
                yield Together((Has(one), Has(two))), cost + more

    def both_values(self, first: Values, second: Values) -> Made:
        yield Together((Holds((first,)), Holds((second,)))), 0.0

    def both_of(self, entity: Entity, first: Values, second: Values) -> Made:
        for one, cost in self._bind.narrowed(entity, Holds((first,))):
            for two, more in self._bind.narrowed(entity, Holds((second,))):
                yield Together((Has(one), Has(two))), cost + more

    def both_of_after(self, first: Values, second: Values, entity: Entity) -> Made:
        """ "both a cancelled and a delayed order"."""
        return self.both_of(entity, first, second)

    def named_values(self, values: Values) -> Made:
        yield Holds((values,)), 0.0

    def in_time_verb(self, verb: str, *windows: When) -> Made:
        yield InTime(windows, hint=root(verb)), 0.0

    def time_op_verb(self, verb: str, op: str, window: When) -> Made:
        yield InTime((_open(op, window),), hint=root(verb)), 0.0

    def flagged(self, columns: Columns) -> Made:
        """ "discontinued": a column that says yes or no."""
        yes = tuple((ref, cost) for ref, cost in columns.options if self._words.flag(ref))
        if yes:
            yield Flag(replace(columns, options=yes)), 0.0

    def flagged_with(self, columns: Columns) -> Made:
        """ "with solar panels": a column that says whether they have some."""
        own = tuple((r, c) for r, c in columns.options if plain_words(r.column)[0] == "has")
        return self.flagged(replace(columns, options=own))

    def not_flagged_with(self, columns: Columns) -> Made:
        for flag, cost in self.flagged_with(columns):
            yield replace(flag, negated=True), cost

    def not_flagged(self, columns: Columns) -> Made:
        for flag, cost in self.flagged(columns):
            yield replace(flag, negated=True), cost

    def in_time_by(self, columns: Columns, window: When) -> Made:
        yield InTime((window,), columns), 0.0

    def time_op(self, op: str, window: When) -> Made:
        yield InTime((_open(op, window),)), 0.0

    def time_from_to(self, first: When, last: When) -> Made:
        if first.start and last.end and first.start < last.end:
            yield InTime((When(first.start, last.end, first.grain),)), 0.0

    def time_since(self, window: When) -> Made:
        yield InTime((_open(">=", window),)), 0.0

    def has(self, entity: Entity) -> Made:
        if not entity.each:
            yield Has(replace(entity, distinct=False)), 0.0

    def has_no(self, entity: Entity) -> Made:
        if not entity.each:
            yield Has(replace(entity, distinct=False), negated=True), 0.0

    def has_times(self, op: str, number: Number, entity: Entity) -> Made:
        entity = as_condition(entity)
        if number.value == int(number.value) and not entity.each and entity.best is None:
            yield Has(replace(entity, distinct=False), times=((Op(op), int(number.value)),)), 0.0

    def done(self, columns: Columns) -> Made:
        """ "who have left": the date of leaving is there."""
        yield Blank(columns, negated=True), 0.0

    def act_often(self, act: Entity, most: str) -> Made:
        """ "booked most often": by how many bookings there are."""
        return self.most_related(act) if most == "desc" else self.fewest_related(act)

    def has_exactly(self, number: Number, entity: Entity) -> Made:
        return self.has_times("=", number, entity)

    def has_or_more(self, number: Number, entity: Entity) -> Made:
        return self.has_times(">=", number, entity)

    def has_or_fewer(self, number: Number, entity: Entity) -> Made:
        return self.has_times("<=", number, entity)

    def has_between(self, low: Number, high: Number, entity: Entity) -> Made:
        if not entity.each and entity.best is None:
            times = ((Op.GE, int(low.value)), (Op.LE, int(high.value)))
            yield Has(replace(entity, distinct=False), times=times), 0.0

    def most(self, extreme: str, columns: Columns) -> Made:
        yield Most(extreme == "desc", columns=columns), 0.0

    def most_function(self, extreme: str, function: str, columns: Columns) -> Made:
        """ "the highest average salary"."""
        if function != "median":
            yield Most(extreme == "desc", columns=columns, function=Function(function)), 0.0

    def most_function_after(self, function: str, columns: Columns, extreme: str) -> Made:
        return self.most_function(extreme, function, columns)

    def most_after(self, columns: Columns, extreme: str) -> Made:
        return self.most(extreme, columns)

    def most_counted(self, extreme: str, entity: Entity) -> Made:
        return self.most_related(entity) if extreme == "desc" else self.fewest_related(entity)

    def most_related(self, entity: Entity) -> Made:
        if not entity.each:
            yield Most(True, entity=replace(entity, distinct=False)), 0.0

    def fewest_related(self, entity: Entity) -> Made:
        if not entity.each:
            yield Most(False, entity=replace(entity, distinct=False)), 0.0

    def most_columns(self, columns: Columns) -> Made:
        """ "the most horsepower"."""
        yield Most(True, columns=columns), 0.1

    def fewest_columns(self, columns: Columns) -> Made:
        yield Most(False, columns=columns), 0.1

    def resembles(self, columns: Columns, values: Values) -> Made:
        yield Resembles(columns, values.text, "contains"), 0.0

    def resembles_in(self, values: Values, columns: Columns) -> Made:
        yield Resembles(columns, values.text, "contains"), 0.0

    def starts(self, columns: Columns, values: Values) -> Made:
        yield Resembles(columns, values.text, "starts"), 0.0

    def ends(self, columns: Columns, values: Values) -> Made:
        yield Resembles(columns, values.text, "ends"), 0.0

    def blank(self, columns: Columns) -> Made:
        yield Blank(columns), 0.0

    def all_of(self, first: Predicate, second: Predicate) -> Made:
        if not (isinstance(second, Together) or (isinstance(first, Together) and first.any)):
            parts = first.parts if isinstance(first, Together) else (first,)
            yield Together((*parts, second)), 0.0

    def any_of(self, first: Predicate, second: Predicate) -> Made:
        if not (isinstance(second, Together) or (isinstance(first, Together) and not first.any)):
            parts = first.parts if isinstance(first, Together) else (first,)
            yield Together((*parts, second), any=True), 0.0

    def negated(self, predicate: Predicate) -> Made:
        """The opposite, where it is one for sure."""
        if isinstance(predicate, Check) and len(predicate.operands) == 1:
            yield replace(predicate, op=_FLIPPED[predicate.op]), 0.0
        elif (isinstance(predicate, Holds) and not predicate.negated) or (
            isinstance(predicate, Has) and not predicate.negated and not predicate.times
        ):
            yield replace(predicate, negated=True), 0.0
        elif isinstance(predicate, Has) and len(predicate.times) == 1:
            op, n = predicate.times[0]
            yield replace(predicate, times=((_FLIPPED[op], n),)), 0.0
        elif isinstance(predicate, Flag):
            yield replace(predicate, negated=not predicate.negated), 0.0
        elif isinstance(predicate, Resembles) and not predicate.negated:
            yield replace(predicate, negated=True), 0.0
        elif isinstance(predicate, Most) and predicate.columns is not None and predicate.n == 1:
            function = Function.MAX if predicate.descending else Function.MIN
            yield Check(predicate.columns, Op.NE, (Average(function),)), 0.0


def _open(op: str, when: When) -> When:
    """The window before, after, since or until `when`; a year stays a year for columns that hold years."""
    start = {">": when.end, ">=": when.start}.get(op)
    end = {"<": when.start, "<=": when.end}.get(op)
    return When(start, end, when.grain)


def actions_of(owner: object) -> dict[str, Callable[..., Made]]:
    """The public actions of an object, by name."""
    return {name: getattr(owner, name) for name in dir(owner) if not name.startswith("_")}
