"""What needs more than one SELECT, or a look at other rows: medians, the best of each group, figures told over time."""

from typing import TYPE_CHECKING

from sqlglot import exp

from core.answering.instant.reading import ColumnRef, Expression, Field, Missing, Order, Reading, Tally, Trend

if TYPE_CHECKING:
    from core.answering.instant.build_sql import _Writer

_SIGNS: dict[str, type[exp.Binary]] = {"*": exp.Mul, "-": exp.Sub, "+": exp.Add}
_SAID_SIGNS = {"*": "times", "-": "minus", "+": "plus", "/": "per"}


def column_name(ref: ColumnRef) -> str:
    """What a column, or a figure of two columns, is called in a result."""
    return f"{ref.column}_{_SAID_SIGNS[ref.sign]}_{ref.other}" if ref.sign else ref.column


def arithmetic(sign: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Two columns of one row figured together; by nothing nothing is divided."""
    if sign == "/":
        whole = exp.Mul(this=left, expression=exp.Literal.number(1.0))
        return exp.Paren(this=exp.Div(this=whole, expression=exp.func("NULLIF", right, exp.Literal.number(0))))
    return exp.Paren(this=_SIGNS[sign](this=left, expression=right))


def course(trend: Trend, tally: exp.Expr, over: exp.Expr, within: list[exp.Expr]) -> exp.Expr:
    """The figure of a period by those of the periods before it; of the first one there is no change."""
    order = exp.Order(expressions=[exp.Ordered(this=over, nulls_first=False)])
    if trend is Trend.RUNNING:
        return exp.Window(this=exp.Sum(this=tally), partition_by=within, order=order)
    before = exp.Window(this=exp.Lag(this=tally.copy()), partition_by=within, order=order)
    change = exp.Sub(this=tally, expression=before)
    if trend is Trend.CHANGE:
        return change
    least = exp.func("NULLIF", before.copy(), exp.Literal.number(0))
    hundredfold = exp.Mul(this=exp.Paren(this=change), expression=exp.Literal.number(100.0))
    return exp.Div(this=hundredfold, expression=least)


def ranked(writer: "_Writer", reading: Reading) -> exp.Select:
    """The first of each group by a rank, from which all outside are left out; what ties with the last one stays."""
    assert reading.per is not None
    rows = writer.rows(reading)
    inner = writer.plain(_unordered(reading), rows)
    names = [column.alias_or_name for column in inner.expressions]
    place = _free("place", names)
    order = [writer.ordered(writer.expression(o.by, rows), o.descending) for o in reading.order]
    rank = exp.Window(
        this=exp.Anonymous(this="RANK"),
        partition_by=[writer.expression(g, rows) for g in reading.per.groups],
        order=exp.Order(expressions=order),
    )
    inner.set("expressions", [*inner.expressions, exp.alias_(rank, place, quoted=True)])
    # A missing figure has no place.
    for one in reading.order:
        if isinstance(one.by, Field):
            inner = inner.where(writer.condition(Missing(one.by, negated=True), rows), copy=False)
    inner = rows.finish(inner)
    groups = [name for name, e in zip(names, reading.show, strict=True) if e in reading.per.names]
    outer = exp.Select(expressions=[_name(name) for name in names])
    outer = outer.where(exp.LTE(this=_name(place), expression=exp.Literal.number(reading.per.n)), copy=False)
    outer = outer.order_by(*[writer.ordered(_name(name), False) for name in (*groups, place)], copy=False)
    return _from(outer, inner)


def medians(writer: "_Writer", reading: Reading) -> exp.Select:
    """The middle value, of each group: that of the middle row, or the mean of the two middle ones, by their places."""
    tally = next(e for e in reading.show if isinstance(e, Tally))
    assert tally.field is not None
    rows = writer.rows(reading)
    keys = tuple(dict.fromkeys((*reading.groups, *(e for e in reading.show if e != tally))))
    plain = Reading(reading.table, (*keys, tally.field), (*reading.conditions, Missing(tally.field, negated=True)))
    inner = writer.plain(plain, rows)
    names = [f"key_{number}" for number in range(1, len(keys) + 1)]
    value = writer.field(tally.field, rows)
    groups = [writer.expression(g, rows) for g in keys]
    places = exp.Window(
        this=exp.RowNumber(),
        partition_by=groups,
        order=exp.Order(expressions=[exp.Ordered(this=value, nulls_first=False)]),
    )
    many = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[g.copy() for g in groups])
    columns = [exp.alias_(writer.expression(k, rows), n, quoted=True) for k, n in zip(keys, names, strict=True)]
    made = [(value.copy(), "value"), (places, "place"), (many, "many")]
    inner.set("expressions", [*columns, *(exp.alias_(e, n, quoted=True) for e, n in made)])
    inner = rows.finish(inner)
    middle = exp.Avg(this=_name("value"))
    taken: dict[str, int] = {}
    shown = []
    for expression in reading.show:
        here = middle if expression == tally else _name(names[keys.index(expression)])
        named = writer.named(expression, here.copy(), taken)
        shown.append(named if isinstance(named, exp.Alias) else exp.alias_(named, _called(expression), quoted=True))
    outer = exp.Select(expressions=shown)
    twice = exp.Mul(this=exp.Literal.number(2), expression=_name("place"))
    top = exp.Add(this=_name("many"), expression=exp.Literal.number(2))
    outer = outer.where(exp.Between(this=twice, low=_name("many"), high=top), copy=False)
    if keys:
        outer.set("group", exp.Group(expressions=[_name(n) for n in names]))
    for order in reading.order:
        by = middle if order.by == tally else _name(names[keys.index(order.by)])
        outer = outer.order_by(writer.ordered(by.copy(), order.descending), copy=False)
    if reading.limit is not None:
        outer = outer.limit(reading.limit, copy=False)
    return _from(outer, inner)


def _called(expression: Expression) -> str:
    assert isinstance(expression, Field)
    return column_name(expression.column)


def _unordered(reading: Reading) -> Reading:
    """The same rows and columns, in no order and uncut."""
    orders: tuple[Order, ...] = ()
    return Reading(reading.table, reading.show, reading.conditions, reading.groups, reading.having, orders)


def _free(wanted: str, names: list[str]) -> str:
    lowers = {name.lower() for name in names}
    while wanted in lowers:
        wanted += "_"
    return wanted


def _name(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _from(outer: exp.Select, inner: exp.Select) -> exp.Select:
    alias = exp.TableAlias(this=exp.to_identifier("ranked", quoted=True))
    outer.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
    return outer
