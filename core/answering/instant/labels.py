"""Business words for the parts of a reading: what a person calls a column of the result, a table, a value."""

from datetime import timedelta

from core.answering.instant.reading import (
    Bucket,
    ColumnRef,
    Course,
    Expression,
    Field,
    Function,
    Portion,
    Reading,
    Share,
    Tally,
    Within,
)
from core.connections.schema import Schema, business_name
from core.i18n import Words

_SIGNS = {"*": "×", "-": "−", "+": "+", "/": "÷"}


class Labels:
    """Speaks of one schema in one language."""

    def __init__(self, schema: Schema, language: str) -> None:
        self._schema = schema
        self._language = language
        self._words = Words(language)

    def say(self, key: str, **values: object) -> str:
        return self._words.say(f"instant.{key}", **values)

    def table(self, key: str) -> str:
        table = self._schema.by_key[key]
        return business_name(table.name, table.comment, table.descriptions, self._language)

    def column(self, ref: ColumnRef) -> str:
        """The column in a person's words; one figured out of two with both of them."""
        if ref.sign:
            left, right = (self.column(ColumnRef(ref.table, name)) for name in (ref.column, ref.other))
            return f"{left} {_SIGNS[ref.sign]} {right}"
        columns = self._schema.by_key[ref.table].by_name
        # "name_zh" is the name in Chinese: to a Chinese reader it is just the name.
        column = columns.get(ref.column.removesuffix(f"_{self._language}"), columns[ref.column])
        return business_name(column.name, column.comment, column.descriptions, self._language)

    def of_row(self, field: Field) -> str:
        """The column of the row that is meant: of the row pointed at, where rows point at others of their table."""
        last = field.path[-1] if field.path else None
        if last is None or last.left != last.right:
            return self.column(field.column)
        pointing = self.column(ColumnRef(last.left, last.left_columns[0]))
        return self.say("of_pointed", column=self.column(field.column), pointing=pointing)

    def owned(self, ref: ColumnRef) -> str:
        """The column with its table, for where the column alone would be unclear."""
        return self.say("owned", table=self.table(ref.table), column=self.column(ref))

    def expression(self, expression: Expression, table: str) -> str:
        """A column of the result over rows of `table`."""
        if isinstance(expression, Field):
            return self.of_row(expression)
        if isinstance(expression, Bucket):
            return self.say(f"grain_{expression.grain.value}")
        if isinstance(expression, Tally):
            return self._tally(expression, table)
        if isinstance(expression, Share):
            return self.say("label_share", of=self._tally(expression.of, table))
        if isinstance(expression, Course):
            return self.say(f"label_{expression.trend.value}", of=self._tally(expression.of, table))
        assert isinstance(expression, Portion)
        return self.say("label_portion")

    def _tally(self, tally: Tally, table: str) -> str:
        if tally.metric is not None:
            return tally.metric.name
        if tally.field is None:
            counted = tally.path[-1].right if tally.path else table
            return self.say("label_count", what=self.table(counted))
        if tally.function is Function.COUNT and tally.distinct:
            return self.say("label_distinct", what=self.column(tally.field.column))
        return self.say(f"label_{tally.function.value}", what=self.column(tally.field.column))

    def columns(self, reading: Reading) -> tuple[str, ...]:
        """A label for each column shown; those that would be the same carry their table."""
        plain = [self.expression(e, reading.table) for e in reading.show]
        return tuple(
            self.owned(e.column) if isinstance(e, Field) and plain.count(label) > 1 else label
            for e, label in zip(reading.show, plain, strict=True)
        )

    def window(self, within: Within) -> str:
        """A window of time, its last day included."""
        last = within.end - timedelta(days=1) if within.end else None
        if within.start and last and within.start.date() != last.date():
            return self.say("window", start=within.start.date(), end=last.date())
        if within.start and last:
            return self._words.show(within.start.date())
        if within.start:
            return self.say("window_from", start=within.start.date())
        return self.say("window_until", end=last.date() if last else "")
