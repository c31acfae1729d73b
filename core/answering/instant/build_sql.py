"""Writes a reading down as a sqlglot tree in the connection's dialect. It decides nothing: the reading is complete."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from sqlglot import Dialect as Grammar
from sqlglot import exp

from core.answering.instant.build_over import arithmetic, column_name, course, medians, ranked
from core.answering.instant.build_times import BUCKETS
from core.answering.instant.moving import moved
from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    Bucket,
    Compare,
    Condition,
    Course,
    Expression,
    Extreme,
    Field,
    Function,
    Grain,
    Like,
    Link,
    Missing,
    OnDays,
    Op,
    Path,
    Portion,
    Reading,
    Related,
    Share,
    Shared,
    Stated,
    Tally,
    Value,
    Within,
)
from core.answering.instant.terms import common_metric, figure_of, qualified
from core.connections.schema import Dialect, Kind, Schema

_OPS: dict[Op, type[exp.Binary]] = {
    Op.EQ: exp.EQ, Op.NE: exp.NEQ, Op.GT: exp.GT, Op.GE: exp.GTE, Op.LT: exp.LT, Op.LE: exp.LTE,
}  # fmt: skip
_FUNCTIONS: dict[Function, type[exp.Func]] = {
    Function.COUNT: exp.Count, Function.SUM: exp.Sum, Function.AVG: exp.Avg,
    Function.MIN: exp.Min, Function.MAX: exp.Max,
}  # fmt: skip


def sql_of(reading: Reading, schema: Schema) -> str:
    """The SQL text of a reading, in the schema's dialect."""
    return _Writer(schema).reading(reading).sql(dialect=schema.dialect.value, pretty=True)


class _Rows:
    """One FROM with its joins: each distinct path is joined once, under a name of its own."""

    def __init__(self, writer: "_Writer", table: str, outer: bool = False) -> None:
        self.writer = writer
        self.kind = "LEFT" if outer else "INNER"
        self.name = writer.name_for(table)
        self.source = writer.source(table, self.name)
        self.filtered = ""  # the condition of a metric that all these rows meet
        self.joins: dict[Path, str] = {}
        self.joined: list[exp.Join] = []

    def at(self, path: Path) -> str:
        """The name of the table at the end of `path`, joined if it was not."""
        if not path:
            return self.name
        if path not in self.joins:
            left = self.at(path[:-1])
            link = path[-1]
            name = self.writer.name_for(link.right)
            self.joins[path] = name
            on = self.writer.linked(link, left, name)
            self.joined.append(exp.Join(this=self.writer.source(link.right, name), on=on, **_joint(self.kind)))
        return self.joins[path]

    def finish(self, select: exp.Select) -> exp.Select:
        select.set("from_", exp.From(this=self.source))
        select.set("joins", self.joined)
        return select


class _Writer:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._dialect = schema.dialect
        self._used: dict[str, int] = {}

    # -- names -----------------------------------------------------------------------------------------------------

    def name_for(self, key: str) -> str:
        plain = self._schema.by_key[key].name
        count = self._used.get(plain.lower(), 0) + 1
        self._used[plain.lower()] = count
        return plain if count == 1 else f"{plain}_{count}"

    def source(self, key: str, name: str) -> exp.Table:
        table = self._schema.by_key[key]
        made = exp.Table(this=_identifier(table.name))
        if table.namespace:
            made.set("db", _identifier(table.namespace))
        if name != table.name:
            made.set("alias", exp.TableAlias(this=_identifier(name)))
        return made

    def linked(self, link: Link, left: str, right: str) -> exp.Expr:
        pairs = zip(link.left_columns, link.right_columns, strict=True)
        return exp.and_(*(exp.EQ(this=_column(left, a), expression=_column(right, b)) for a, b in pairs))

    # -- the whole -------------------------------------------------------------------------------------------------

    def reading(self, reading: Reading) -> exp.Select:
        if any(isinstance(e, Tally) and e.function is Function.MEDIAN for e in reading.show):
            return medians(self, reading)
        return ranked(self, reading) if reading.per is not None else self.plain(reading)

    def rows(self, reading: Reading) -> "_Rows":
        """The FROM of a reading, still without joins."""
        return _Rows(self, reading.table, reading.outer)

    def plain(self, reading: Reading, rows: "_Rows | None" = None) -> exp.Select:
        """The reading as one SELECT."""
        rows = rows or self.rows(reading)
        select = exp.Select()
        shown = []
        names: dict[str, int] = {}
        common = common_metric(reading)
        if common is not None:
            rows.filtered = common.where
        for expression in reading.show:
            made = self.expression(expression, rows)
            shown.append(self.named(expression, made, names))
        select.set("expressions", shown)
        if common is not None:
            where = exp.Paren(this=qualified(common.where, rows.at(common.path), self._dialect))
            select = select.where(where, copy=False)
        for condition in reading.conditions:
            select = select.where(self.condition(condition, rows), copy=False)
        if reading.groups:
            groups = [self.expression(g, rows) for g in reading.groups]
            select.set("group", exp.Group(expressions=groups))
        for having in reading.having:
            test = _OPS[having.op](this=self.expression(having.tally, rows), expression=_literal(having.value))
            select = select.having(test, copy=False)
        for order in reading.order:
            by = self.expression(order.by, rows)
            listed = isinstance(order.by, Field) and not reading.groups and reading.limit is None
            select = select.order_by(self.ordered(by, order.descending, listed), copy=False)
        if reading.limit is not None:
            select = select.limit(reading.limit, copy=False)
        if reading.offset:
            select = select.offset(reading.offset, copy=False)
        if reading.distinct:
            select = select.distinct(copy=False)
        return rows.finish(select)

    def named(self, expression: Expression, made: exp.Expr, names: dict[str, int]) -> exp.Expr:
        """Computed columns get a name; columns of the same name from two tables, or from one twice, are told apart."""
        if isinstance(expression, Field):
            ref = expression.column
            name = column_name(ref)
            if taken := name.lower() in names:
                name = f"{self._way(expression)}_{name}"
            names[name.lower()] = 1
            return exp.alias_(made, name, quoted=True) if taken or ref.sign else made
        if isinstance(expression, Bucket):
            name = expression.grain.value
        elif isinstance(expression, Course):
            name = expression.trend.value
        elif isinstance(expression, Share | Portion):
            name = "share"
        elif expression.metric is not None:
            name = expression.metric.name
        elif expression.field is None:
            name = "count"
        else:
            name = f"{expression.function.value}_{column_name(expression.field.column)}"
        return exp.alias_(made, name, quoted=True)

    def _way(self, field: Field) -> str:
        """The table of a column, or, where rows point at others of their own table, what the pointing column says."""
        last = field.path[-1] if field.path else None
        if last is not None and last.left == last.right:
            return last.left_columns[0]
        return self._schema.by_key[field.column.table].name

    def ordered(self, by: exp.Expr, descending: bool, listed: bool = False) -> exp.Ordered:
        # A missing value is no extreme: it comes last. A whole list from the least on keeps it where the database does.
        small = not descending and listed and Grammar.get_or_raise(self._dialect).NULL_ORDERING == "nulls_are_small"
        return exp.Ordered(this=by, desc=descending, nulls_first=small)

    # -- expressions -----------------------------------------------------------------------------------------------

    def field(self, field: Field, rows: _Rows) -> exp.Expr:
        name, ref = rows.at(field.path), field.column
        left = _column(name, ref.column)
        return arithmetic(ref.sign, left, _column(name, ref.other)) if ref.sign else left

    def expression(self, expression: Expression, rows: _Rows) -> exp.Expr:
        if isinstance(expression, Field):
            return self.field(expression, rows)
        if isinstance(expression, Bucket):
            return BUCKETS[self._dialect](self.field(expression.field, rows), expression.grain)
        if isinstance(expression, Tally):
            return self._tally(expression, rows)
        if isinstance(expression, Share):
            return self._share(self._tally(expression.of, rows))
        if isinstance(expression, Course):
            of, over = self._tally(expression.of, rows), self.expression(expression.over, rows)
            return course(expression.trend, of, over, [self.expression(g, rows) for g in expression.within])
        assert isinstance(expression, Portion)
        test = exp.and_(*(self.condition(c, rows) for c in expression.conditions))
        whole = _literal(expression.whole)
        hit = exp.Case(ifs=[exp.If(this=test, true=whole)], default=_literal(0.0))
        return exp.Avg(this=hit)

    def _tally(self, tally: Tally, rows: _Rows) -> exp.Expr:
        if tally.field is None:
            rows.at(tally.path)
            return exp.Count(this=exp.Star())
        if tally.metric is not None:
            return figure_of(tally.metric, rows.at(tally.field.path), rows.filtered, self._dialect)
        inner = self.field(tally.field, rows)
        if tally.distinct:
            return _FUNCTIONS[tally.function](this=exp.Distinct(expressions=[inner]))
        return _FUNCTIONS[tally.function](this=inner)

    def _stated(self, stated: Stated, rows: _Rows) -> exp.Expr:
        test = exp.Paren(this=qualified(stated.sql, rows.at(stated.path), self._dialect))
        return exp.Not(this=test) if stated.negated else test

    def _share(self, tally: exp.Expr) -> exp.Expr:
        whole = exp.Window(this=exp.Sum(this=tally.copy()))
        return exp.Div(
            this=exp.Mul(this=tally, expression=_literal(100.0)), expression=exp.func("NULLIF", whole, _literal(0))
        )

    # -- conditions ------------------------------------------------------------------------------------------------

    def condition(self, condition: Condition, rows: _Rows) -> exp.Expr:
        return self._conditions[type(condition)](self, condition, rows)

    def _compare(self, compare: Compare, rows: _Rows) -> exp.Expr:
        left = self.field(compare.field, rows)
        if isinstance(compare.value, Field):
            return _OPS[compare.op](this=left, expression=self.field(compare.value, rows))
        return _OPS[compare.op](this=left, expression=self._right(compare.value))

    def _on_days(self, on: OnDays, rows: _Rows) -> exp.Expr:
        day = BUCKETS[self._dialect](self.field(on.field, rows), Grain.WEEKDAY)
        return exp.In(this=exp.Paren(this=day), expressions=[_literal(d) for d in on.days])

    def _right(self, value: Value | Extreme) -> exp.Expr:
        if not isinstance(value, Extreme):
            return _literal(value)
        inner = _Rows(self, value.field.column.table)
        select = exp.Select(expressions=[_FUNCTIONS[value.function](this=self.field(value.field, inner))])
        for condition in value.conditions:
            select = select.where(self.condition(condition, inner), copy=False)
        return exp.Subquery(this=inner.finish(select))

    def _within(self, within: Within, rows: _Rows) -> exp.Expr:
        parts: list[exp.Expr] = []
        for moment, op in ((within.start, exp.GTE), (within.end, exp.LT)):
            if moment is not None:
                left = self.field(within.field, rows)
                parts.append(op(this=left, expression=self._moment(within.field.kind, moment)))
        return exp.and_(*parts)

    def _moment(self, kind: Kind, moment: datetime) -> exp.Expr:
        text = moment.date().isoformat()
        if self._dialect in (Dialect.SQLITE, Dialect.MYSQL) or not kind.temporal:
            return exp.Literal.string(text)
        return exp.cast(exp.Literal.string(text), "date" if kind is Kind.DATE else "timestamp")

    def _like(self, like: Like, rows: _Rows) -> exp.Expr:
        text = like.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = {"contains": f"%{text}%", "starts": f"{text}%", "ends": f"%{text}"}[like.where]
        left = exp.Lower(this=self.field(like.field, rows))
        made: exp.Expr = exp.Like(this=left, expression=exp.Literal.string(pattern.lower()))
        if text != like.text:
            made = exp.Escape(this=made, expression=exp.Literal.string("\\"))
        return exp.Not(this=made) if like.negated else made

    def _missing(self, missing: Missing, rows: _Rows) -> exp.Expr:
        test = exp.Is(this=self.field(missing.field, rows), expression=exp.Null())
        return exp.Not(this=test) if missing.negated else test

    def _any_of(self, any_of: AnyOf, rows: _Rows) -> exp.Expr:
        return exp.or_(*(self.condition(c, rows) for c in any_of.options))

    def _all_of(self, all_of: AllOf, rows: _Rows) -> exp.Expr:
        return exp.and_(*(self.condition(c, rows) for c in all_of.parts))

    def _related(self, related: Related, rows: _Rows) -> exp.Expr:
        """EXISTS, or for "at least two" and "the best" a list of keys."""
        first, rest = related.path[0], related.path[1:]
        outer = rows.name
        inner = _Rows(self, first.right)
        select = exp.Select()
        inner.at(rest)
        for condition in related.conditions:
            select = select.where(self.condition(moved(condition, rest), inner), copy=False)
        if related.times:
            return self._counted(related, first, select, inner, outer)
        if related.best is not None:
            select = select.where(self._among_best(related, rest, inner), copy=False)
        select.set("expressions", [_literal(1)])
        select = select.where(self.linked(first, outer, inner.name), copy=False)
        test = exp.Exists(this=inner.finish(select))
        return exp.Not(this=test) if related.negated else test

    def _counted(self, related: Related, first: Link, select: exp.Select, inner: _Rows, outer: str) -> exp.Expr:
        keys = [_column(inner.name, c) for c in first.right_columns]
        select.set("expressions", keys)
        select.set("group", exp.Group(expressions=[k.copy() for k in keys]))
        for op, n in related.times:
            select = select.having(_OPS[op](this=exp.Count(this=exp.Star()), expression=_literal(n)), copy=False)
        left = [_column(outer, c) for c in first.left_columns]
        this = left[0] if len(left) == 1 else exp.Tuple(expressions=left)
        return exp.In(this=this, query=exp.Subquery(this=inner.finish(select)))

    def _among_best(self, related: Related, rest: Path, inner: _Rows) -> exp.Expr:
        """The row at the path's end is among the best of its table; wrapped, for MySQL takes no LIMIT inside IN."""
        assert related.best is not None
        target = related.path[-1].right
        keys = self._schema.by_key[target].primary_key
        best = _Rows(self, target)
        columns = [_column(best.name, k) for k in keys]
        select = exp.Select(expressions=columns)
        for condition in related.conditions:
            select = select.where(self.condition(condition, best), copy=False)
        by = self.expression(related.best.by, best)
        if isinstance(related.best.by, Tally):
            select.set("group", exp.Group(expressions=[c.copy() for c in columns]))
        select = select.order_by(self.ordered(by, related.best.descending), copy=False).limit(
            related.best.n, copy=False
        )
        if related.best.skip:
            select = select.offset(related.best.skip, copy=False)
        name = self.name_for(target) + "_best"
        wrapped = exp.Subquery(this=best.finish(select), alias=exp.TableAlias(this=_identifier(name)))
        outer = exp.Select(expressions=[_column(name, k) for k in keys])
        outer.set("from_", exp.From(this=wrapped))
        left = [_column(inner.at(rest), k) for k in keys]
        this = left[0] if len(left) == 1 else exp.Tuple(expressions=left)
        return exp.In(this=this, query=exp.Subquery(this=outer))

    def _shared(self, shared: Shared, rows: _Rows) -> exp.Expr:
        inner = _Rows(self, shared.field.column.table)
        plain = Field(shared.field.column, shared.field.kind)
        select = exp.Select(expressions=[self.field(plain, inner)])
        for condition in shared.conditions:
            select = select.where(self.condition(condition, inner), copy=False)
        if shared.negated:
            filled = exp.Not(this=exp.Is(this=self.field(plain, inner), expression=exp.Null()))
            select = select.where(filled, copy=False)
        query = exp.Subquery(this=inner.finish(select))
        test = exp.In(this=self.field(shared.field, rows), query=query)
        return exp.Not(this=test) if shared.negated else test

    _conditions: ClassVar["dict[type, Callable[[_Writer, Any, _Rows], exp.Expr]]"] = {
        Compare: _compare, Within: _within, Like: _like, Missing: _missing, AnyOf: _any_of, AllOf: _all_of,
        Related: _related, Shared: _shared, Stated: _stated, OnDays: _on_days,
    }  # fmt: skip


def _joint(kind: str) -> dict[str, str]:
    return {"side": "LEFT"} if kind == "LEFT" else {"kind": "INNER"}


def _identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def _column(table: str, name: str) -> exp.Column:
    return exp.Column(this=_identifier(name), table=_identifier(table))


def _literal(value: Value) -> exp.Expr:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float):
        return exp.Literal.number(value)
    return exp.Literal.string(str(value))
