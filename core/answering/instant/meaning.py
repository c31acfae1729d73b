"""What phrases mean before they have found their place: mentions of columns and values, predicates, entities, wishes.

The chart combines these; `binding` ties them to tables and join paths. All are frozen and compare by value, so that
two ways to the same meaning are one.
"""

from dataclasses import dataclass, field

from core.answering.instant.reading import (
    Best,
    Bucket,
    ColumnRef,
    Condition,
    Expression,
    Field,
    Function,
    Grain,
    Having,
    Link,
    Metric,
    Op,
    Order,
    Per,
    Stated,
    Trend,
)
from core.answering.instant.times import When


@dataclass(frozen=True)
class Columns:
    """A mention of a column: what it may be, each at a cost; `owner` is its table where that was said too."""

    options: tuple[tuple[ColumnRef, float], ...]
    words: str
    owner: str = ""
    metric: Metric | None = None
    """The figure that is meant by these words; the column is one of those it is made of."""


@dataclass(frozen=True)
class Values:
    """A mention of a cell value: the columns it stands in.

    `text` is what was written; `quoted` says it was in quotes, `inflected` that the question has its plural. With
    `stated` it is no value but a condition that people have a word for.
    """

    options: tuple[tuple[ColumnRef, str, float], ...]
    text: str
    quoted: bool = False
    inflected: bool = False
    stated: Stated | None = None
    also: tuple[tuple[ColumnRef, str], ...] = ()
    """What else these rows hold: the first name where the value is the last name of "Jane Smith"."""


@dataclass(frozen=True)
class Number:
    value: float
    unit: str = ""
    """What it is counted in, where that was said: "minutes"."""


@dataclass(frozen=True)
class Average:
    """The average (or another extreme) of the column compared with, over all rows or those of `conditions`."""

    function: Function = Function.AVG
    conditions: tuple[Condition, ...] = ()


Operand = Number | Values | When | Average | Columns


@dataclass(frozen=True)
class Check:
    """`columns` `op` any of `operands`; no columns: the column is the one that suits the operand."""

    columns: Columns
    op: Op
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class CheckTally:
    """An aggregate of related rows, or of the rows with a value, compared: "with an average salary above 5000"."""

    columns: Columns
    function: Function
    op: Op
    number: Number


@dataclass(frozen=True)
class Range:
    columns: Columns
    low: Operand
    high: Operand


@dataclass(frozen=True)
class Holds:
    """Rows with one of these values, in whichever column they stand; `named`: the value is said as their name."""

    values: tuple[Values, ...]
    negated: bool = False
    named: bool = False


@dataclass(frozen=True)
class InTime:
    """Rows of one of these windows, by the column mentioned, the one a verb hints at, or the table's own date."""

    windows: tuple[When, ...]
    columns: Columns | None = None
    hint: str = ""


@dataclass(frozen=True)
class Has:
    """Rows with related rows of `entity`."""

    entity: "Entity"
    negated: bool = False
    times: tuple[tuple[Op, int], ...] = ()


@dataclass(frozen=True)
class Most:
    """The best `n` by a column, by an aggregate of it, or by how many related rows there are."""

    descending: bool
    n: int = 1
    columns: Columns | None = None
    entity: "Entity | None" = None
    function: Function | None = None
    skip: int = 0
    """How many better ones are left out: 1 for the second best."""


@dataclass(frozen=True)
class Resembles:
    columns: Columns
    text: str
    where: str
    negated: bool = False


@dataclass(frozen=True)
class Blank:
    columns: Columns
    negated: bool = False


@dataclass(frozen=True)
class Flag:
    """Rows for which a yes-or-no column says yes."""

    columns: Columns
    negated: bool = False


@dataclass(frozen=True)
class Together:
    """All (or, with `any`, at least one) of these predicates."""

    parts: tuple["Predicate", ...]
    any: bool = False


@dataclass(frozen=True)
class InDays:
    """Rows whose date falls on one of these days of the week, 1 for Monday."""

    days: tuple[int, ...]


@dataclass(frozen=True)
class Often:
    """Values that stand in so many rows."""

    op: Op
    times: int


@dataclass(frozen=True)
class Pointed:
    """Rows that point at one of their own table, or (with a `link` of many) are pointed at by one, that is named so."""

    link: Link
    values: Values


@dataclass(frozen=True)
class Against:
    """A column compared with the same one of the row of their own table that they point at."""

    columns: Columns
    op: Op
    link: Link


Predicate = (
    Check | CheckTally | Range | Holds | InTime | Has | Most | Resembles | Blank | Flag | Together
    | InDays | Often | Pointed | Against
)  # fmt: skip


@dataclass(frozen=True)
class Entity:
    """Rows of a table, or, with `kind`, the values of one of its columns, narrowed by conditions."""

    table: str
    kind: Field | None = None
    conditions: tuple[Condition, ...] = ()
    best: Best | None = None
    having: tuple[Having, ...] = ()
    each: bool = False
    distinct: bool = False
    owned: bool = False
    groups: tuple[Field | Bucket, ...] = ()

    @property
    def bare(self) -> bool:
        return not (self.conditions or self.best or self.having)


@dataclass(frozen=True)
class Want:
    """A wish for a column, perhaps aggregated."""

    columns: Columns
    function: Function | None = None
    distinct: bool = False


@dataclass(frozen=True)
class WantCount:
    """A wish for how many rows of an entity there are."""

    entity: Entity
    distinct: bool = False


@dataclass(frozen=True)
class WantAgain:
    """A wish for the number that the question asked for before: the count, or this aggregate."""

    function: Function = Function.COUNT


Wish = Want | WantCount | WantAgain
Wishes = tuple[Wish, ...]


@dataclass(frozen=True)
class By:
    """A group: each entity, each value of a column, or each month."""

    entity: Entity | None = None
    grain: Grain | None = None
    also: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class Sorting:
    columns: Columns | None
    descending: bool
    function: Function | None = None
    counts: Entity | None = None


@dataclass(frozen=True)
class Ask:
    """A whole question over rows of `entity`, not yet finished: what is shown may still call for groups."""

    entity: Entity
    show: tuple[Expression, ...]
    groups: tuple[Field | Bucket, ...] = ()
    group_show: tuple[Field | Bucket, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    distinct: bool = False
    named_groups: bool = False
    zero: bool = False
    """Whether groups of nothing are listed too, with 0."""
    trend: Trend | None = None
    """How the one figure is told by those of the periods before."""
    per: Per | None = None
    """Of which groups the best are meant."""
    outer: bool = False
    """Whether rows stay that have none of what is shown beside them."""
    named: bool = field(default=True)
    """Whether columns were asked for; otherwise the entity is shown by its name."""
