"""Whether an answer is right, and what many answers say together: EXr, strict EX, Wilson, McNemar.

EXr (execution accuracy, relaxed): a prediction is right if its rows hold the gold's, whatever the order of its columns
and with at most three columns more. It is decided on rows, never on SQL text.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import comb, isfinite, sqrt

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from core.connections.result import ResultTable

EXTRA_COLUMNS = 3
SIGNIFICANT_DIGITS = 6
_Z = 1.959963984540054  # the normal quantile of a two-sided 95 % interval


@dataclass(frozen=True)
class Grid:
    """Rows to be compared: `width` columns, every row that many values; never cut off by a cap."""

    width: int
    rows: Sequence[Sequence[object]]

    @classmethod
    def of(cls, table: ResultTable) -> "Grid":
        return cls(len(table.columns), table.rows)


def right(gold: Grid, predicted: Grid, ordered: bool, extra: int = EXTRA_COLUMNS) -> bool:
    """Whether `predicted` answers as `gold` does (EXr); `ordered` where the gold's SQL orders its rows at the top.

    The gold's columns map one-to-one into the predicted ones, with at most `extra` left over, so that the
    projected rows are equal as bags, or as lists where `ordered`. `extra=0` is strict EX.
    """
    if len(gold.rows) != len(predicted.rows) or not 0 <= predicted.width - gold.width <= extra:
        return False
    numbers: dict[Hashable, int] = {}
    gold_columns, predicted_columns = _columns(gold, numbers), _columns(predicted, numbers)
    if ordered:  # equal columns are interchangeable, so that counting them is enough
        return not Counter(gold_columns) - Counter(predicted_columns)
    return _bags_agree(gold_columns, predicted_columns)


def is_ordered(sql: str, dialect: str) -> bool:
    """Whether this query has an ORDER BY at its top level: outside every subquery, window and aggregate."""
    try:
        root = parse_one(sql, dialect=dialect)
    except SqlglotError:
        return False
    while isinstance(root, exp.Subquery) and not root.args.get("order"):
        root = root.this
    return bool(root.args.get("order"))


def normal(value: object) -> Hashable:
    """What a value is compared as: numbers to six digits, a date as its midnight, text without trailing blanks."""
    match value:
        case None:
            return None
        case bool() | int() | float() | Decimal():
            return _number(value)
        case str():
            return value.rstrip(" ")
        case datetime():
            return ("timestamp", value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value)
        case date():
            return ("timestamp", datetime.combine(value, time()))
        case time():
            return ("time", value.replace(tzinfo=None))
        case timedelta():
            return ("interval", value)
        case bytes() | bytearray() | memoryview():
            return ("bytes", bytes(value))
        case Mapping():
            return ("object", frozenset((str(name), normal(inner)) for name, inner in value.items()))
        case Sequence():
            return ("list", tuple(normal(inner) for inner in value))
        case _:
            return str(value).rstrip(" ")


def _number(value: bool | int | float | Decimal) -> Hashable:
    """The number at six significant digits, the same for every type that can hold it."""
    if isinstance(value, int) and abs(value) < 10**SIGNIFICANT_DIGITS:
        return ("number", f"{int(value)}")
    if not isinstance(value, int) and not isfinite(value):
        return ("number", str(float(value)))
    # Twelve digits first: two sums of the same numbers in another order may lie on both sides of a rounding edge.
    steady = Decimal(f"{Decimal(value):.11e}")
    return ("number", f"{Decimal(f'{steady:.{SIGNIFICANT_DIGITS - 1}e}').normalize():f}" if steady else "0")


def _columns(grid: Grid, numbers: dict[Hashable, int]) -> list[tuple[int, ...]]:
    """The columns of `grid`, each value replaced by a number that equal values share."""
    coded = [[numbers.setdefault(normal(value), len(numbers)) for value in row] for row in grid.rows]
    return [tuple(row[position] for row in coded) for position in range(grid.width)]


def _bags_agree(gold: Sequence[tuple[int, ...]], predicted: Sequence[tuple[int, ...]]) -> bool:
    """Whether some one-to-one map of gold columns into predicted ones makes the rows equal as bags.

    Only columns that hold the same bag of values can be partners; the gold column with the fewest partners, then with
    the most different values, goes first, so that most wrong maps end at their first or second column.
    """
    partners: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for position, column in enumerate(predicted):
        partners[tuple(sorted(column))].append(position)
    options = [(partners.get(tuple(sorted(column)), []), column) for column in gold]
    options.sort(key=lambda option: (len(option[0]), -len(set(option[1]))))
    rows = len(gold[0]) if gold else 0
    return all(found for found, _ in options) and _extend(options, predicted, frozenset(), ((0,) * rows, (0,) * rows))


def _extend(
    options: Sequence[tuple[list[int], tuple[int, ...]]],
    predicted: Sequence[tuple[int, ...]],
    taken: frozenset[int],
    classes: tuple[tuple[int, ...], tuple[int, ...]],
) -> bool:
    """Whether the gold columns still in `options` can be mapped too; `classes` number the rows as mapped so far."""
    if not options:
        return True
    (found, column), rest = options[0], options[1:]
    tried: set[tuple[int, ...]] = set()
    for position in found:
        if position in taken or predicted[position] in tried:
            continue
        tried.add(predicted[position])
        numbers: dict[tuple[int, int], int] = {}
        ours = tuple(numbers.setdefault(pair, len(numbers)) for pair in zip(classes[0], column, strict=True))
        theirs = tuple(
            numbers.setdefault(pair, len(numbers)) for pair in zip(classes[1], predicted[position], strict=True)
        )
        if sorted(ours) == sorted(theirs) and _extend(rest, predicted, taken | {position}, (ours, theirs)):
            return True
    return False


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The Wilson 95 % interval of a share, each end in [0, 1]; (0, 1) where nothing was tried.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927).
    """
    if of == 0:
        return 0.0, 1.0
    share, width = hits / of, _Z * _Z / of
    middle = (share + width / 2) / (1 + width)
    reach = _Z * sqrt(share * (1 - share) / of + width / (4 * of)) / (1 + width)
    return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same questions: how many only one of them got right, and how likely chance alone does that.

    `p_value` is McNemar's exact two-sided test (1947); 1 where they never differ.
    """

    only_first: int
    only_second: int
    p_value: float


def compare(first: Mapping[str, bool], second: Mapping[str, bool]) -> Comparison:
    """What changed from `first` to `second`, by question id; ids that only one of them has do not count."""
    shared = first.keys() & second.keys()
    lost = sum(first[name] and not second[name] for name in shared)
    won = sum(second[name] and not first[name] for name in shared)
    differing = lost + won
    tail = sum(comb(differing, count) for count in range(min(lost, won) + 1))
    return Comparison(lost, won, min(1.0, 2 * tail / 2**differing))
