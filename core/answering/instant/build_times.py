"""A date cut to its day, week, month, quarter or year, and the day of the week it falls on, in each dialect."""

from collections.abc import Callable

from sqlglot import exp

from core.answering.instant.reading import Grain
from core.connections.schema import Dialect


def _number(value: float) -> exp.Expr:
    return exp.Literal.number(value)


_SQLITE_FORMATS = {Grain.DAY: "%Y-%m-%d", Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}


def _sqlite_bucket(field: exp.Expr, grain: Grain) -> exp.Expr:
    """Text that sorts as time does; of a weekday its number, 1 for Monday."""

    def part(code: str) -> exp.Expr:
        return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(code), field.copy()])

    if grain is Grain.WEEKDAY:
        # SQLite counts from Sunday, 0.
        shifted = exp.Paren(this=exp.Add(this=exp.cast(part("%w"), "integer"), expression=_number(6)))
        return exp.Add(this=exp.Mod(this=shifted, expression=_number(7)), expression=_number(1))
    if grain is Grain.QUARTER:
        month = exp.cast(part("%m"), "integer")
        later = exp.Paren(this=exp.Add(this=month, expression=_number(2)))
        number = exp.Div(this=later, expression=_number(3), typed=True)
        return exp.DPipe(
            this=exp.DPipe(this=part("%Y"), expression=exp.Literal.string("-Q")), expression=exp.Paren(this=number)
        )
    if grain is Grain.WEEK:
        days = [exp.Literal.string("weekday 0"), exp.Literal.string("-6 days")]
        return exp.Anonymous(this="DATE", expressions=[field, *days])
    return part(_SQLITE_FORMATS[grain])


def _trunc_bucket(field: exp.Expr, grain: Grain) -> exp.Expr:
    if grain is Grain.WEEKDAY:
        return exp.cast(exp.Extract(this=exp.Var(this="ISODOW"), expression=field), "integer")
    return exp.cast(exp.TimestampTrunc(this=field, unit=exp.Var(this=grain.value.upper())), "date")


def _mysql_bucket(field: exp.Expr, grain: Grain) -> exp.Expr:
    if grain is Grain.WEEKDAY:
        return exp.Add(this=exp.Anonymous(this="WEEKDAY", expressions=[field]), expression=_number(1))
    if grain is Grain.WEEK:
        back = exp.Anonymous(this="WEEKDAY", expressions=[field.copy()])
        day = exp.Anonymous(this="DATE", expressions=[field])
        return exp.DateSub(this=day, expression=back, unit=exp.Var(this="DAY"))
    if grain is Grain.QUARTER:
        year = exp.Anonymous(this="YEAR", expressions=[field])
        quarter = exp.Anonymous(this="QUARTER", expressions=[field.copy()])
        return exp.Anonymous(this="CONCAT", expressions=[year, exp.Literal.string("-Q"), quarter])
    return exp.Anonymous(this="DATE_FORMAT", expressions=[field, exp.Literal.string(_SQLITE_FORMATS[grain])])


BUCKETS: dict[Dialect, Callable[[exp.Expr, Grain], exp.Expr]] = {
    Dialect.SQLITE: _sqlite_bucket,
    Dialect.POSTGRES: _trunc_bucket,
    Dialect.DUCKDB: _trunc_bucket,
    Dialect.MYSQL: _mysql_bucket,
}
