"""What stands for a masked column: an expression of each dialect, and what kind of values it gives."""

import re
from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from core.connections.digests import DIGEST
from core.connections.schema import Column, Dialect, Kind
from core.security.policies import PERIODS, Mask, MaskKind

_DIGITS = 20  # of a digest in hexadecimal; 80 bits
_STARS = "***"
_MOST_SHOWN = 20  # characters
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FORMS = {"year": "%Y-01-01", "month": "%Y-%m-01", "day": "%Y-%m-%d"}
_TEXT = {Dialect.MYSQL: "CHAR"}
_LENGTH = {Dialect.MYSQL: "CHAR_LENGTH"}


def masked(value: exp.Expr, column: Column, mask: Mask, dialect: Dialect, salt: str) -> exp.Expr:
    """The expression that stands for `value`, which reads `column`."""
    if mask.kind is MaskKind.NULL:
        # NULL that has the column's own type, whatever that is called.
        never = exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(0))
        return _case((never, value))
    if mask.kind is MaskKind.CONSTANT:
        return _case((_given(value), _constant(mask.argument, column.kind, dialect)))
    if mask.kind is MaskKind.HASH:
        return _call("SUBSTR", _DIGESTS[dialect](value, salt), exp.Literal.number(1), exp.Literal.number(_DIGITS))
    if mask.kind is MaskKind.PARTIAL:
        # Text that is text already keeps its collation.
        text = value if column.kind is Kind.TEXT and dialect is not Dialect.SQLITE else _as_text(value, dialect)
        return _partial(text, int(mask.argument), dialect)
    if mask.argument in PERIODS:
        return _PERIOD[dialect](value, column, mask.argument)
    return _bucket(value, mask.argument, dialect)


def masked_column(column: Column, mask: Mask) -> Column:
    """The column as those see it for whom it is masked."""
    if mask.kind in (MaskKind.HASH, MaskKind.PARTIAL):
        return replace(column, type="text", kind=Kind.TEXT)
    if mask.kind is MaskKind.BUCKET and column.kind is Kind.INTEGER:
        return replace(column, type="numeric", kind=Kind.NUMBER)
    if mask.kind is MaskKind.CONSTANT and column.kind not in _CONSTANTS:
        return replace(column, type="text", kind=Kind.TEXT)
    return column


def fits(column: Column, mask: Mask) -> bool:
    """Whether the mask makes sense for the column's type, and its argument for the mask."""
    kind, argument = column.kind, mask.argument
    if mask.kind is MaskKind.CONSTANT:
        return bool(argument) and (kind not in _CONSTANTS or _CONSTANTS[kind](argument))
    if mask.kind is MaskKind.PARTIAL:
        return kind in (Kind.TEXT, Kind.INTEGER) and argument.isdecimal() and 1 <= int(argument) <= _MOST_SHOWN
    if mask.kind is MaskKind.BUCKET:
        return (kind.temporal and argument in PERIODS) or (kind.numeric and _is_width(argument))
    return not argument


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text))


def _is_width(text: str) -> bool:
    return _is_number(text) and 0 < float(text) <= 1e12


def _is_day(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [4, 2, 2] and all(part.isdecimal() for part in parts)


# Constants that keep the column's kind; in columns of other kinds they are text.
_CONSTANTS: dict[Kind, Callable[[str], bool]] = {
    Kind.INTEGER: lambda text: text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 9,
    Kind.NUMBER: lambda text: _is_number(text) and len(text) <= 15,
    Kind.DATE: _is_day,
    Kind.TIMESTAMP: _is_day,
}


def _constant(argument: str, kind: Kind, dialect: Dialect) -> exp.Expr:
    text = exp.Literal.string(argument)
    if kind.temporal and dialect is not Dialect.SQLITE:
        return exp.Cast(this=text, to=exp.DataType.build(kind.value))
    if kind.numeric:
        number = exp.Literal.number(argument.removeprefix("-"))
        return exp.Neg(this=number) if argument.startswith("-") else number
    return text


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _case(*branches: tuple[exp.Expr, exp.Expr]) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=when.copy(), true=then.copy()) for when, then in branches])


def _given(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))


def _as_text(value: exp.Expr, dialect: Dialect) -> exp.Expr:
    return exp.Cast(this=value.copy(), to=exp.DataType.build(_TEXT.get(dialect, "TEXT"), dialect=dialect.value))


def _text(text: str) -> exp.Expr:
    return exp.Literal.string(text)


def _joined(dialect: Dialect, *parts: exp.Expr) -> exp.Expr:
    if dialect is Dialect.MYSQL:
        return _call("CONCAT", *parts)
    whole = parts[0].copy()
    for part in parts[1:]:
        whole = exp.DPipe(this=whole, expression=part.copy())
    return whole


def _partial(text: exp.Expr, count: int, dialect: Dialect) -> exp.Expr:
    """The last characters, unless they would be more than half of all."""
    shown = exp.Literal.number(count)
    if dialect is Dialect.SQLITE:
        end = _call("SUBSTR", text, exp.Neg(this=shown))
    else:
        end = exp.Right(this=text.copy(), expression=shown)
    long_enough = exp.GTE(this=_call(_LENGTH.get(dialect, "LENGTH"), text), expression=exp.Literal.number(2 * count))
    return _case((long_enough, _joined(dialect, _text(_STARS), end)), (_given(text), _text(_STARS)))


def _bucket(value: exp.Expr, width: str, dialect: Dialect) -> exp.Expr:
    """Rounded down, below zero too. The quotient must not be that of whole numbers."""
    broken = width if "." in width else f"{width}.0"
    quotient = exp.Paren(this=exp.Div(this=value.copy(), expression=exp.Literal.number(broken), typed=True))
    if dialect is Dialect.SQLITE:
        # Without FLOOR, which not every SQLite has: cut off, and one less where that went up.
        whole = exp.Cast(this=quotient.copy(), to=exp.DataType.build("INTEGER"))
        above = exp.Paren(this=exp.LT(this=quotient.copy(), expression=whole.copy()))
        floor: exp.Expr = exp.Paren(this=exp.Sub(this=whole, expression=above))
    else:
        floor = _call("FLOOR", quotient)
    return exp.Mul(this=floor, expression=exp.Literal.number(width))


def _period_postgres(value: exp.Expr, column: Column, period: str) -> exp.Expr:
    begin = _call("DATE_TRUNC", _text(period), value)
    return exp.Cast(this=begin, to=exp.DataType.build("DATE")) if column.kind is Kind.DATE else begin


def _period_duckdb(value: exp.Expr, _: Column, period: str) -> exp.Expr:
    return _call("DATE_TRUNC", _text(period), value)


def _period_mysql(value: exp.Expr, _: Column, period: str) -> exp.Expr:
    if period == "quarter":
        first = _joined_month(_call("QUARTER", value))
        day: exp.Expr = _call("CONCAT", _call("YEAR", value), _text("-"), first, _text("-01"))
    else:
        day = _call("DATE_FORMAT", value, _text(_FORMS[period]))
    return exp.Cast(this=day, to=exp.DataType.build("DATE"))


def _period_sqlite(value: exp.Expr, _: Column, period: str) -> exp.Expr:
    if period != "quarter":
        return _call("STRFTIME", _text(_FORMS[period]), value)
    month = exp.Cast(this=_call("STRFTIME", _text("%m"), value), to=exp.DataType.build("INTEGER"))
    months = [(exp.LTE(this=month.copy(), expression=exp.Literal.number(end)), _text(f"-{end - 2:02}-01"))
              for end in (3, 6, 9, 12)]  # fmt: skip
    return _joined(Dialect.SQLITE, _call("STRFTIME", _text("%Y"), value), exp.Paren(this=_case(*months)))


def _joined_month(quarter: exp.Expr) -> exp.Expr:
    return _call("ELT", quarter, *(_text(month) for month in ("01", "04", "07", "10")))


_PERIOD: dict[Dialect, Callable[[exp.Expr, Column, str], exp.Expr]] = {
    Dialect.POSTGRES: _period_postgres,
    Dialect.MYSQL: _period_mysql,
    Dialect.SQLITE: _period_sqlite,
    Dialect.DUCKDB: _period_duckdb,
}


def _digest_postgres(value: exp.Expr, salt: str) -> exp.Expr:
    text = _joined(Dialect.POSTGRES, _text(salt), _as_text(value, Dialect.POSTGRES))
    return _call("ENCODE", _call("SHA256", _call("CONVERT_TO", text, _text("UTF8"))), _text("hex"))


def _digest_mysql(value: exp.Expr, salt: str) -> exp.Expr:
    return _call("SHA2", _call("CONCAT", _text(salt), value), exp.Literal.number(256))


def _digest_sqlite(value: exp.Expr, salt: str) -> exp.Expr:
    return _call(DIGEST, _text(salt), value)


def _digest_duckdb(value: exp.Expr, salt: str) -> exp.Expr:
    return _call("SHA256", _joined(Dialect.DUCKDB, _text(salt), _as_text(value, Dialect.DUCKDB)))


_DIGESTS: dict[Dialect, Callable[[exp.Expr, str], exp.Expr]] = {
    Dialect.POSTGRES: _digest_postgres,
    Dialect.MYSQL: _digest_mysql,
    Dialect.SQLITE: _digest_sqlite,
    Dialect.DUCKDB: _digest_duckdb,
}
