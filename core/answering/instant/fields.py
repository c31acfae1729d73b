"""Ties mentions of columns to columns, and comparisons with values and times to conditions on them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from core.answering.instant.meaning import (
    Average,
    Columns,
    Number,
    Operand,
    Values,
)
from core.answering.instant.moving import moved
from core.answering.instant.naming import no_person_title
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    ColumnRef,
    Compare,
    Condition,
    Extreme,
    Field,
    Grain,
    Op,
    Path,
    Related,
    Value,
    Within,
)
from core.answering.instant.schema_words import SchemaWords, plain_words
from core.answering.instant.times import When
from core.answering.instant.units import counted_in
from core.answering.instant.word_tables import directions
from core.answering.instant.words import root
from core.connections.schema import Kind

Ways = list[tuple[Condition, float]]
NEAR = 0.15
_FIRST_YEAR = 1000
_CODES = {"id", "code", "number", "year", "zip", "phone", "telephone", "room", "version", "grade", "level"}
_TIMELY = {"date", "year", "time", "at", "on", "day", "timestamp", "month", "created", "datetime", "of", "is", "in"}
_NEGATED = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}


def nearest(ways: Iterable[tuple[Field, float]]) -> list[tuple[Field, float]]:
    """The cheapest ways and those within a hair of them."""
    found = sorted(ways, key=lambda way: way[1])
    return [way for way in found if way[1] <= found[0][1] + NEAR][:4]


class Fields:
    """Columns as seen from the rows of one schema's tables."""

    def __init__(self, words: SchemaWords, hints: frozenset[str] = frozenset()) -> None:
        self.words = words
        self.hints = hints
        self._reached: dict[tuple[str, str], list[tuple[Path, float]]] = {}

    def reach(self, table: str, goal: str) -> list[tuple[Path, float]]:
        """The join paths from rows of `table` to `goal`, each with a cost; steps that multiply rows cost more."""
        if (table, goal) not in self._reached:
            self._reached[table, goal] = self._ways(table, goal)
        return self._reached[table, goal]

    def _ways(self, table: str, goal: str) -> list[tuple[Path, float]]:
        found = self.words.paths.between(table, goal)
        fit = [p for p in found if self._hinted(p)] if len(found) > 1 else []
        return [
            (p, 0.12 * len(p) + 0.1 * sum(step.many for step in p) + (0.3 if fit and p not in fit else 0.0))
            for p in found
        ]

    def _hinted(self, path: Path) -> bool:
        """Whether a verb of the question speaks of the columns of this path: to "depart" is about the origin."""
        said = {word for hint in self.hints for word in directions().get(hint, (hint,))}
        names = {c for step in path for c in (*step.left_columns, *step.right_columns)}
        names |= {self.words.table(step.right).name for step in path[:-1]}
        return bool(said & {root(w) for name in names for w in plain_words(name)})

    def fields(self, columns: Columns, table: str, kinds: frozenset[Kind] | None = None) -> list[tuple[Field, float]]:
        """The columns meant, as seen from rows of `table`, nearest first."""
        ways = []
        for ref, cost in columns.options:
            kind = self.words.kind(ref)
            if kinds is not None and kind not in kinds:
                continue
            if no_person_title(self.words, ref, columns):
                continue
            for path, far in self.reach(table, ref.table):
                ways.append((Field(ref, kind, path), cost + 2 * far + (0.3 if many(path) else 0.0)))
        return nearest(ways) if ways else []

    def always_sized(self, ref: ColumnRef) -> bool:
        """Whether the column holds an amount in every row, so that none of it is 0 and not an empty cell."""
        told = self.words.table(ref.table).by_name[ref.column]
        return told.kind.numeric and not told.nullable and not self.words.is_key(ref)

    def measurable(self, field: Field) -> bool:
        """Whether comparing and ordering by this column is by size: numbers, dates, and years written as text."""
        return field.kind.numeric or self.dated(field) or self.yearly(field)

    def yearly(self, field: Field) -> bool:
        """Whether the column holds calendar years by its name."""
        return "year" in field.column.column.lower() and field.kind in (Kind.TEXT, Kind.INTEGER, Kind.NUMBER)

    def dated(self, field: Field) -> bool:
        """Whether the column holds dates: by type, or as ISO text by its name."""
        name = field.column.column.lower()
        return field.kind.temporal or (field.kind is Kind.TEXT and ("date" in name or name.endswith(("_at", "_time"))))

    def _compared(self, field: Field, op: Op, operands: tuple[Operand, ...]) -> Condition | None:
        options = []
        for operand in operands:
            made = self._one(field, op, operand)
            if made is None:
                return None
            options.append(made)
        if len(options) == 1:
            return options[0]
        return AllOf(tuple(options)) if op is Op.NE else AnyOf(tuple(options))

    def _one(self, field: Field, op: Op, operand: Operand) -> Condition | None:
        if isinstance(operand, Average):
            whole = Extreme(operand.function, replace(field, path=()), operand.conditions)
            return Compare(field, op, whole) if field.kind.numeric else None
        if isinstance(operand, When):
            return self.window(field, op, operand)
        if isinstance(operand, Columns):
            beside = [r for r, _ in operand.options if r.table == field.column.table and r != field.column]
            other = replace(field, column=beside[0], kind=self.words.kind(beside[0])) if beside else None
            return Compare(field, op, other) if other else None
        if op not in (Op.EQ, Op.NE) and self.words.is_key(field.column) and not self.yearly(field):
            return None
        value = self.value(field, operand, exact=op in (Op.EQ, Op.NE))
        if value is None or (op not in (Op.EQ, Op.NE) and not self.measurable(field)):
            return None
        made = Compare(field, op, value)
        others = operand.also if isinstance(operand, Values) else ()
        if not others:
            return made
        parts = (*(Compare(replace(field, column=ref), op, text) for ref, text in others), made)
        return AnyOf(parts) if op is Op.NE else AllOf(parts)

    def value(self, field: Field, operand: Operand, exact: bool = True) -> Value | None:
        """The operand as a value of this column: a stored text where there is one, else a quoted text or a number."""
        if isinstance(operand, Number):
            amount = counted_in(operand, self.words, field.column)
            if amount is None:
                return None
            operand = Number(amount)
            number = int(operand.value) if operand.value == int(operand.value) else operand.value
            if self.yearly(field) and number < _FIRST_YEAR:
                return None  # older than 30 is nobody born before the year 30
            if field.kind.numeric:
                return number
            codes = exact and (self.words.is_key(field.column) or plain_words(field.column.column)[-1] in _CODES)
            return str(number) if field.kind is Kind.TEXT and (codes or self.yearly(field)) else None
        if isinstance(operand, Values) and exact:
            stored = [value for ref, value, _ in operand.options if ref == field.column]
            if stored:
                return stored[0]
            if field.kind is Kind.TEXT and (operand.quoted or not operand.options):
                return operand.text
        return None

    def window(self, field: Field, op: Op, when: When) -> Condition | None:
        """`field` inside, before or after a window of time."""
        if self.yearly(field) and not field.kind.temporal:
            return self._years(field, op, when)
        if not self.dated(field):
            return None
        if op is Op.EQ:
            return Within(field, when.start, when.end)
        bounds = {
            Op.GT: (when.end, None),
            Op.GE: (when.start, None),
            Op.LT: (None, when.start),
            Op.LE: (None, when.end),
        }
        return Within(field, *bounds[op]) if op in bounds else None

    def _years(self, field: Field, op: Op, when: When) -> Condition | None:
        """The window on a column of calendar years; None where it does not begin and end with years."""
        if when.grain is not Grain.YEAR:
            return None

        def bound(at: Op, moment: datetime) -> Condition:
            return Compare(field, at, str(moment.year) if field.kind is Kind.TEXT else moment.year)

        if when.year is not None and when.start is not None:
            return bound(op, when.start)
        parts = [bound(Op.GE, when.start)] if when.start else []
        parts += [bound(Op.LT, when.end)] if when.end else []
        return AllOf(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None

    def _placed(self, fields: list[tuple[Field, float]], make: "type | object") -> Ways:
        ways: Ways = []
        for field, cost in fields:
            made = make(field)  # type: ignore[operator]
            if made is not None:
                ways.append((self.lifted(field, made), cost))
        return ways

    def lifted(self, field: Field, condition: Condition) -> Condition:
        """A condition on a column that rows may meet many times holds if any of them meets it."""
        if not many(field.path):
            return condition
        if isinstance(condition, Compare) and condition.op is Op.NE:
            same = moved(replace(condition, op=Op.EQ), (), drop=len(field.path))
            return Related(field.path, (same,), negated=True)
        return Related(field.path, (moved(condition, (), drop=len(field.path)),))
