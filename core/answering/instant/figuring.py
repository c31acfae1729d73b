"""What the rules of a grammar do with figures of two columns, with columns compared with each other, and with units."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.binding import Binder
from core.answering.instant.meaning import Average, Check, Columns, Entity, InDays, Number, Often, Want
from core.answering.instant.reading import ColumnRef, Field, Function, Op
from core.answering.instant.schema_words import SchemaWords
from core.answering.instant.words import root

Made = Iterable[tuple[Any, float]]


class Figuring:
    """Actions on two columns of one table."""

    def __init__(self, words: SchemaWords, binder: Binder) -> None:
        self._words = words
        self._bind = binder

    def arithmetic(self, first: Columns, sign: str, second: Columns) -> Made:
        """ "quantity times unit price": row by row, of columns that stand in the same rows."""
        options = tuple(
            (ColumnRef(a.table, a.column, sign, b.column), cost + more)
            for a, cost in first.options
            for b, more in second.options
            if a.table == b.table and a.column != b.column and self._amount(a) and self._amount(b)
        )
        if options and first.metric is None and second.metric is None:
            yield Columns(tuple(sorted(options, key=lambda o: o[1])), f"{first.words} {sign} {second.words}"), 0.0

    def ratio(self, first: Columns, second: Columns) -> Made:
        """ "the monthly fee per included hour"."""
        return self.arithmetic(first, "/", second)

    def arithmetic_of(self, sign: str, first: Columns, second: Columns) -> Made:
        """ "the difference between revenue and cost"."""
        return self.arithmetic(first, sign, second)

    def want_difference(self, function: str, first: Columns, sign: str, second: Columns) -> Made:
        """ "total revenue minus total cost"; averages of products are something else."""
        if sign in "+-" and function == "sum":
            for columns, cost in self.arithmetic(first, sign, second):
                yield (Want(columns, Function.SUM),), cost

    def want_difference_twice(self, function: str, first: Columns, sign: str, again: str, second: Columns) -> Made:
        return self.want_difference(function, first, sign, second) if function == again else ()

    def average_among(self, columns: Columns, op: str, again: Columns, entity: Entity) -> Made:
        """ "above the average price of wines from Napa": of those rows, not of all."""
        same = {r for r, _ in again.options} & {r for r, _ in columns.options}
        own = tuple((r, c) for r, c in columns.options if r in same and r.table == entity.table)
        plain = entity.kind is None and not (entity.best or entity.having or entity.each or entity.distinct)
        if own and plain and entity.conditions:
            average = Average(conditions=entity.conditions)
            yield Check(replace(columns, options=own), Op(op), (average,)), 0.0

    def adjective_average_among(self, adjective: tuple[Columns, Op], again: Columns, entity: Entity) -> Made:
        return self.average_among(adjective[0], adjective[1].value, again, entity)

    def above_average_among(self, columns: Columns, again: Columns, entity: Entity) -> Made:
        return self.average_among(columns, ">", again, entity)

    def below_average_among(self, columns: Columns, again: Columns, entity: Entity) -> Made:
        return self.average_among(columns, "<", again, entity)

    def _amount(self, ref: ColumnRef) -> bool:
        plain = not ref.sign and self._words.kind(ref).numeric and not self._words.is_key(ref)
        return plain and not self._words.flag(ref) and not self._bind.yearly(Field(ref, self._words.kind(ref)))

    def check_columns(self, first: Columns, op: str, second: Columns) -> Made:
        """ "whose stock is below the reorder level": two columns of a row compared."""
        sizes = {ref: self._size(ref) for ref, _ in (*first.options, *second.options)}
        pairs = [(a, b) for a, _ in first.options for b, _ in second.options if a.table == b.table and a != b]
        fit = [(a, b) for a, b in pairs if sizes[a] and sizes[a] == sizes[b]]
        left = tuple((r, c) for r, c in first.options if any(a == r for a, _ in fit))
        right = tuple((r, c) for r, c in second.options if any(b == r for _, b in fit))
        if fit and first.metric is None and second.metric is None:
            yield Check(replace(first, options=left), Op(op), (replace(second, options=right),)), 0.1

    def check_columns_time(self, first: Columns, op: str, second: Columns) -> Made:
        """ "shipped after the required date"."""
        for check, cost in self.check_columns(first, op, second):
            if all(self._size(ref) == "date" for ref, _ in check.columns.options):
                yield check, cost

    def check_split_columns(self, op: str, first: Columns, second: Columns) -> Made:
        """ "fewer units in stock than units on order"."""
        return self.check_columns(first, op, second)

    def done_against(self, verb: str, op: str, second: Columns) -> Made:
        """ "shipped after the required date": the date that says when it was done."""
        done = tuple((ref, 0.0) for ref in self._words.dates.get(root(verb), ()))
        return self.check_columns_time(Columns(done, verb), op, second) if done else ()

    def _size(self, ref: ColumnRef) -> str:
        """What a column can be compared as: an amount, or a date; "" for what has no size."""
        if self._bind.dated(Field(ref, self._words.kind(ref))):
            return "date"
        return "amount" if self._amount(ref) else ""

    def more_times(self, op: str, number: Number) -> Made:
        """ "used more than 50 times": in so many rows."""
        if number.value == int(number.value) and not number.unit:
            yield Often(Op(op), int(number.value)), 0.0

    def reaching_times(self, number: Number) -> Made:
        return self.more_times(">=", number)

    def with_unit(self, number: Number, unit: str) -> Made:
        if not number.unit:
            yield replace(number, unit=unit), 0.0

    def on_days(self, days: str) -> Made:
        """ "on a Sunday", "on weekends"."""
        yield InDays(tuple(int(day) for day in days.split())), 0.0
