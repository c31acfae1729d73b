"""What the text in a column of an uploaded file means: whole numbers, amounts, dates, or just text.

A type is given only if every cell fits it, and never where it would lose something: "00123" stays text.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import sqlglot.expressions as exp
from sqlglot import parse_one

_BLANKS = {"", "null", "none", "na", "n/a", "nan", "-", "--", "—", "\\n"}
_GROUPED = r"(?:[1-9]\d{0,2}(?:,\d{3})+|0|[1-9]\d*)"
_DAY_NAMES = re.compile(r"date|day|日期|时间|_at$|_on$", re.IGNORECASE)


@dataclass(frozen=True)
class Shape:
    """One way to read text: what it looks like, and the DuckDB expression that makes a value of the text `v`.

    Text that fits also fits the shapes of `wider`.
    """

    name: str
    pattern: re.Pattern[str]
    value: str
    fits: Callable[[str], bool] | None = None
    wider: frozenset[str] = frozenset()

    def fits_all(self, cells: Collection[str]) -> bool:
        return all(map(self.pattern.fullmatch, cells)) and (self.fits is None or all(map(self.fits, cells)))


def _shape(
    name: str, pattern: str, value: str, fits: Callable[[str], bool] | None = None, wider: Collection[str] = ()
) -> Shape:
    return Shape(name, re.compile(pattern, re.IGNORECASE), value, fits, frozenset(wider))


def _first_is_month(text: str) -> bool:
    return int(re.split(r"[/.-]", text)[0]) <= 12


def _second_is_month(text: str) -> bool:
    return int(re.split(r"[/.-]", text)[1]) <= 12


_DAY_AND_YEAR = r"\d{1,2}([/.-])\d{1,2}\1\d{4}"
_CLOCK = r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?"
_PLAIN = "replace(regexp_replace(v, '[¥￥$€£\\s]', '', 'g'), ',', '')"
_DASHED = "replace(replace(v, '/', '-'), '.', '-')"

# The first that fits all cells is taken.
SHAPES: tuple[Shape, ...] = (
    _shape(
        "compact_date",
        r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
        "try_strptime(v, '%Y%m%d')::DATE",
        wider=("integer", "amount", "number"),
    ),
    _shape("integer", r"[+-]?(?:0|[1-9]\d{0,17})", "TRY_CAST(v AS BIGINT)", wider=("amount", "number")),
    _shape(
        "amount",
        rf"[+-]?[¥￥$€£]?\s*{_GROUPED}(?:\.\d{{1,6}})?",
        f"TRY_CAST({_PLAIN} AS DECIMAL(24, 6))",
        wider=("number",),
    ),
    _shape(
        "number",
        rf"[+-]?[¥￥$€£]?\s*(?:{_GROUPED}(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?",
        f"TRY_CAST({_PLAIN} AS DOUBLE)",
    ),
    _shape(
        "percent",
        rf"[+-]?{_GROUPED}(?:\.\d+)?\s*%",
        "TRY_CAST(replace(replace(v, '%', ''), ',', '') AS DOUBLE) / 100",
    ),
    _shape("boolean", r"true|false", "TRY_CAST(v AS BOOLEAN)"),
    _shape("date", r"\d{4}([-/.])\d{1,2}\1\d{1,2}", f"TRY_CAST({_DASHED} AS DATE)"),
    _shape("chinese_date", r"\d{4}年\d{1,2}月\d{1,2}日?", "try_strptime(rtrim(v, '日'), '%Y年%m月%d')::DATE"),
    _shape("month_first", _DAY_AND_YEAR, f"try_strptime({_DASHED}, '%m-%d-%Y')::DATE", _first_is_month),
    _shape("day_first", _DAY_AND_YEAR, f"try_strptime({_DASHED}, '%d-%m-%Y')::DATE", _second_is_month),
    _shape(
        "timestamp",
        rf"\d{{4}}([-/])\d{{1,2}}\1\d{{1,2}}(?:{_CLOCK})?",
        "TRY_CAST(replace(v, '/', '-') AS TIMESTAMP)",
    ),
    _shape("time", r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?", "TRY_CAST(v AS TIME)"),
)


class Guess:
    """Which shapes all cells of one column have had so far."""

    def __init__(self, name: str) -> None:
        self._open = list(SHAPES if _DAY_NAMES.search(name) else SHAPES[1:])
        self._decimals = 0
        self.filled = False

    def see(self, cells: Iterable[str | None]) -> None:
        """Some more cells; empty ones say nothing."""
        if not self._open:
            return
        said = {cell for cell in cells if cell is not None and cell.lower() not in _BLANKS}
        self.filled = self.filled or bool(said)
        fitting: set[str] = set()
        for shape in self._open:
            if shape.name in fitting or shape.fits_all(said):
                fitting |= {shape.name} | shape.wider
        self._open = [shape for shape in self._open if shape.name in fitting]
        if any(shape.name == "amount" for shape in self._open):
            decimals = (len(cell) - cell.rindex(".") - 1 for cell in said if "." in cell)
            self._decimals = max(self._decimals, *decimals, 0)

    def value(self, column: str) -> exp.Expression | None:
        """The expression that reads this column; None for text."""
        if not self.filled or not self._open:
            return None
        shape = self._open[0]
        template = shape.value.replace("DECIMAL(24, 6)", f"DECIMAL(24, {self._decimals})")
        read = parse_one(template, dialect="duckdb")
        text = exp.column(exp.to_identifier(column, quoted=True))
        return read.transform(lambda node: text.copy() if isinstance(node, exp.Column) else node)


def is_blank(column: str) -> exp.Expression:
    """Whether the text in a column stands for nothing, as SQL."""
    text = exp.Lower(this=exp.column(exp.to_identifier(column, quoted=True)))
    return text.isin(*sorted(_BLANKS))
