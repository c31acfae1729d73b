"""A reading: what a question means over one schema, as a typed tree of finished, frozen values.

What to show, of which rows, over which groups, filtered how, ordered and cut how. Every column is found and every
join path is fixed: `build_sql` only writes it down, `explain` only says it in words.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.connections.schema import Kind

Value = str | int | float | bool | date | datetime


class Function(StrEnum):
    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    WEEKDAY = "weekday"


class Op(StrEnum):
    EQ = "="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="


@dataclass(frozen=True)
class ColumnRef:
    """A column by table key and name. With `sign` it is figured out, row by row, with another column of its table."""

    table: str
    column: str
    sign: str = ""
    other: str = ""


@dataclass(frozen=True)
class Link:
    """One join step. `many` says that one left row may meet several right rows."""

    left: str
    left_columns: tuple[str, ...]
    right: str
    right_columns: tuple[str, ...]
    many: bool


Path = tuple[Link, ...]


@dataclass(frozen=True)
class Field:
    """A column seen from the rows of a reading: `path` leads from their table to the column's."""

    column: ColumnRef
    kind: Kind
    path: Path = ()


@dataclass(frozen=True)
class Bucket:
    """A date cut to its grain: the month of an order."""

    field: Field
    grain: Grain


@dataclass(frozen=True)
class Metric:
    """A figure that people have a word for: `sql` aggregates columns of `table`, over its rows that meet `where`.

    `function` is what it may be taken for where figures are added up again: a sum, or something that is none.
    """

    name: str
    table: str
    sql: str
    where: str
    function: Function


@dataclass(frozen=True)
class Tally:
    """An aggregate over rows; `field` None counts rows. With `metric` it is that figure, and `field` one of its
    columns."""

    function: Function
    field: Field | None = None
    distinct: bool = False
    path: Path = ()
    metric: Metric | None = None


@dataclass(frozen=True)
class Share:
    """A tally of each group as a percentage of the whole."""

    of: Tally


class Trend(StrEnum):
    """How a figure of a period is told by those before it: added up, less the one before, or as a percentage of it."""

    RUNNING = "running"
    CHANGE = "change"
    GROWTH = "growth"


@dataclass(frozen=True)
class Course:
    """A tally of each period, told by the periods before it in the same one of `within`."""

    of: Tally
    trend: Trend
    over: Bucket
    within: tuple["Field | Bucket", ...] = ()


@dataclass(frozen=True)
class Portion:
    """How many of all rows meet `conditions`: as a percentage, or of a `whole` of one."""

    conditions: tuple["Condition", ...]
    whole: float = 100.0


Expression = Field | Bucket | Tally | Share | Portion | Course


@dataclass(frozen=True)
class Extreme:
    """The average, least or greatest of a column over the whole table, or those rows of it that meet `conditions`, to
    compare with."""

    function: Function
    field: Field
    conditions: tuple["Condition", ...] = ()


@dataclass(frozen=True)
class Compare:
    field: Field
    op: Op
    value: Value | Extreme | Field


@dataclass(frozen=True)
class Within:
    """Half-open: `start` <= field < `end`; either may be absent."""

    field: Field
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Like:
    """Text that contains, starts or ends with `text`."""

    field: Field
    text: str
    where: str = "contains"
    negated: bool = False


@dataclass(frozen=True)
class Missing:
    field: Field
    negated: bool = False


@dataclass(frozen=True)
class Related:
    """Rows that have (or, negated, have no) related rows at the end of `path`, meeting `conditions`.

    `times` asks how many: ((op, n), …), all of which hold. `best` keeps only the best of the related rows.
    """

    path: Path
    conditions: tuple["Condition", ...] = ()
    negated: bool = False
    times: tuple[tuple[Op, int], ...] = ()
    best: "Best | None" = None


@dataclass(frozen=True)
class AnyOf:
    options: tuple["Condition", ...]


@dataclass(frozen=True)
class AllOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Shared:
    """Values of `field` that also occur in a row meeting `conditions`: in 2014 as well as in 2015."""

    field: Field
    conditions: tuple["Condition", ...]
    negated: bool = False


@dataclass(frozen=True)
class Stated:
    """A condition that people have a word for: `sql` over columns of `table`, which lies at the end of `path`."""

    path: Path
    table: str
    sql: str
    word: str
    negated: bool = False


@dataclass(frozen=True)
class OnDays:
    """A date on one of these days of the week: 1 is Monday, 7 is Sunday."""

    field: Field
    days: tuple[int, ...]


Condition = Stated | Compare | Within | Like | Missing | Related | AnyOf | AllOf | Shared | OnDays


@dataclass(frozen=True)
class Best:
    """The `n` first by `by`, after `skip` better ones."""

    by: Expression
    descending: bool
    n: int = 1
    skip: int = 0


@dataclass(frozen=True)
class Order:
    by: Expression
    descending: bool = False


@dataclass(frozen=True)
class Having:
    tally: Tally
    op: Op
    value: float


@dataclass(frozen=True)
class Per:
    """The `n` first of each of `groups`, told by `names`; all that are as good as the last of them stay."""

    groups: tuple[Field | Bucket, ...]
    n: int
    names: tuple[Field | Bucket, ...] = ()


@dataclass(frozen=True)
class Reading:
    """The whole: rows of `table` that meet `conditions`, shown, grouped, ordered and cut."""

    table: str
    show: tuple[Expression, ...]
    conditions: tuple[Condition, ...] = ()
    groups: tuple[Field | Bucket, ...] = ()
    having: tuple[Having, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    distinct: bool = False
    offset: int = 0
    outer: bool = False
    """Whether rows stay that have none of what is counted: joins are outer ones."""
    per: Per | None = None
    """With it the order counts within each group, and no limit is set."""
