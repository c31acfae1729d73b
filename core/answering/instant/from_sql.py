"""A reading taken back from SQL, so that a follow-up can lean on an answer whoever wrote it: a person, a model.

It is strict: a query with anything in it that a reading cannot hold has no reading.
"""

from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, datetime

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from core.answering.instant.from_joins import NoReadingError, Rows, flat, parts_of, rows_of
from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    Bucket,
    Compare,
    Condition,
    Expression,
    Extreme,
    Field,
    Function,
    Grain,
    Having,
    Like,
    Link,
    Missing,
    Op,
    Order,
    Reading,
    Related,
    Tally,
    Within,
)
from core.connections.schema import Dialect, Schema

_OPS: Mapping[type[exp.Expr], Op] = {
    exp.EQ: Op.EQ, exp.NEQ: Op.NE, exp.GT: Op.GT, exp.GTE: Op.GE, exp.LT: Op.LT, exp.LTE: Op.LE,
}  # fmt: skip
_TURNED = {Op.GT: Op.LT, Op.GE: Op.LE, Op.LT: Op.GT, Op.LE: Op.GE, Op.EQ: Op.EQ, Op.NE: Op.NE}
_FUNCTIONS: Mapping[type[exp.Expr], Function] = {
    exp.Count: Function.COUNT, exp.Sum: Function.SUM, exp.Avg: Function.AVG, exp.Min: Function.MIN,
    exp.Max: Function.MAX,
}  # fmt: skip
_HELD = {"kind", "hint", "distinct", "expressions", "from_", "joins", "where", "group", "having", "order", "limit"}
# Where LIKE does not tell capitals from small letters, as the engine's own comparison does not.
_FOLDING = (Dialect.SQLITE, Dialect.MYSQL)


def reading_of(sql: str, schema: Schema) -> Reading | None:
    """The reading that this query writes down over `schema`, or None."""
    try:
        root = parse_one(sql, dialect=schema.dialect.value)
        return _whole(root, schema)
    except (SqlglotError, NoReadingError):
        return None


def _whole(root: exp.Expr, schema: Schema) -> Reading:
    if not isinstance(root, exp.Select) or any(value for name, value in root.args.items() if name not in _HELD):
        raise NoReadingError
    rows, pending = rows_of(root, schema)
    conditions = tuple(_condition(part, rows) for part in [*pending, *parts_of(root.args.get("where"), exp.And)])
    shown: dict[str, Expression] = {}
    show = tuple(_shown(root, rows, shown))
    group = root.args.get("group")
    groups = tuple(_group(node, rows, show) for node in (group.expressions if group else ()))
    if group and any(value for name, value in group.args.items() if name != "expressions"):
        raise NoReadingError
    having = tuple(_having(part, rows) for part in parts_of(root.args.get("having"), exp.And))
    sorting = root.args.get("order")
    order = tuple(_ordered(node, rows, shown) for node in (sorting.expressions if sorting else ()))
    if not groups and having:
        raise NoReadingError
    # A joined table of which nothing is said still filters and multiplies rows.
    if rows.ends - rows.used:
        raise NoReadingError
    distinct = root.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        raise NoReadingError
    table = rows.tables[rows.root][0].key
    return Reading(table, show, conditions, groups, having, order, _limit(root), distinct is not None)


def _shown(root: exp.Select, rows: Rows, named: dict[str, Expression]) -> Iterator[Expression]:
    """What is shown; `named` learns the names that ORDER BY may use."""
    for node in root.expressions:
        if isinstance(node, exp.Star) and not node.args.get("except_"):
            yield from rows.everything()
            continue
        made = _expression(node.this if isinstance(node, exp.Alias) else node, rows)
        if isinstance(node, exp.Alias):
            named[node.alias.lower()] = made
        yield made


def _expression(node: exp.Expr, rows: Rows) -> Field | Tally | Bucket:
    function = _FUNCTIONS.get(type(node))
    if function is None and (cut := _cut(node, rows)):
        return cut
    if function is None:
        return rows.field(node)
    inner = node.this
    if node.expressions or node.args.get("big_int") not in (None, True, False):
        raise NoReadingError
    if function is Function.COUNT and isinstance(inner, exp.Star):
        return Tally(Function.COUNT)
    if isinstance(inner, exp.Distinct):
        if len(inner.expressions) != 1 or inner.args.get("on"):
            raise NoReadingError
        return Tally(function, rows.field(inner.expressions[0]), distinct=True)
    return Tally(function, rows.field(inner))


def _group(node: exp.Expr, rows: Rows, show: tuple[Expression, ...]) -> Field | Bucket:
    if isinstance(node, exp.Literal) and not node.is_string and 0 < int(node.this) <= len(show):
        made = show[int(node.this) - 1]
        if isinstance(made, Field | Bucket):
            return made
    return _cut(node, rows) or rows.field(node)


def _cut(node: exp.Expr | None, rows: Rows) -> Bucket | None:
    """The year of a date, as SQLite writes it."""
    inner = node.this if isinstance(node, exp.Cast) and node.to.is_type("int") else node
    if rows.schema.dialect is not Dialect.SQLITE or not isinstance(inner, exp.TimeToStr):
        return None
    said = inner.args["format"]
    about = inner.this.this if isinstance(inner.this, exp.TsOrDsToTimestamp) else inner.this
    if not isinstance(said, exp.Literal) or said.this != "%Y":
        return None
    return Bucket(rows.field(about), Grain.YEAR)


def _having(node: exp.Expr, rows: Rows) -> Having:
    op, value = _OPS.get(type(node)), _value(node.args.get("expression"))
    tally = _expression(node.this, rows) if op else None
    if op is None or not isinstance(tally, Tally) or isinstance(value, str | bool):
        raise NoReadingError
    return Having(tally, op, value)


def _ordered(node: exp.Expr, rows: Rows, named: Mapping[str, Expression]) -> Order:
    if not isinstance(node, exp.Ordered) or node.args.get("with_fill"):
        raise NoReadingError
    by = node.this
    if isinstance(by, exp.Column) and not by.table and by.name.lower() in named:
        return Order(named[by.name.lower()], bool(node.args.get("desc")))
    return Order(_expression(by, rows), bool(node.args.get("desc")))


def _limit(root: exp.Select) -> int | None:
    limit = root.args.get("limit")
    if limit is None:
        return None
    count = limit.args.get("expression")
    if not isinstance(count, exp.Literal) or not str(count.this).isdigit() or limit.args.get("offset"):
        raise NoReadingError
    return int(count.this)


# -- conditions ----------------------------------------------------------------------------------------------------


def _condition(node: exp.Expr, rows: Rows) -> Condition:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Or):
        return AnyOf(tuple(_condition(part, rows) for part in flat(node, exp.Or)))
    if isinstance(node, exp.And):
        return AllOf(tuple(_condition(part, rows) for part in flat(node, exp.And)))
    if isinstance(node, exp.Not):
        return _negated(node.this, rows)
    if isinstance(node, exp.Between):
        low, high = (_value(node.args.get(end)) for end in ("low", "high"))
        about = rows.field(node.this)
        return AllOf((Compare(about, Op.GE, low), Compare(about, Op.LE, high)))
    if isinstance(node, exp.In):
        return _in(node, rows)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return Missing(rows.field(node.this))
    if isinstance(node, exp.Like):
        return _like(node, rows)
    return _compare(node, rows)


def _negated(node: exp.Expr, rows: Rows) -> Condition:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return Missing(rows.field(node.this), negated=True)
    if isinstance(node, exp.Like):
        like = _like(node, rows)
        return Like(like.field, like.text, like.where, negated=True)
    if isinstance(node, exp.In):
        query = node.args.get("query")
        if query is not None:
            return _without(node, query, rows)
        about = rows.field(node.this)
        return AllOf(tuple(Compare(about, Op.NE, _value(each)) for each in node.expressions))
    raise NoReadingError


def _in(node: exp.In, rows: Rows) -> Condition:
    if node.args.get("query") is not None or not node.expressions:
        raise NoReadingError
    about = rows.field(node.this)
    return AnyOf(tuple(Compare(about, Op.EQ, _value(each)) for each in node.expressions))


def _without(node: exp.In, query: exp.Expr, rows: Rows) -> Related:
    """`key NOT IN (SELECT their_key FROM others)`: rows without related rows."""
    inner = query.this if isinstance(query, exp.Subquery) else query
    about = rows.field(node.this)
    if about.path or not isinstance(inner, exp.Select):
        raise NoReadingError
    found = _whole(inner, rows.schema)
    plain = not (found.groups or found.order or found.limit or found.conditions)
    if not plain or len(found.show) != 1 or not isinstance(found.show[0], Field) or found.show[0].path:
        raise NoReadingError
    far = found.show[0].column
    column = rows.schema.by_key[far.table].by_name[far.column]
    if column.nullable and (far.column,) != rows.schema.by_key[far.table].primary_key:
        raise NoReadingError  # one missing value, and NOT IN holds for no row at all
    link = Link(about.column.table, (about.column.column,), far.table, (far.column,), True)
    return Related((link,), negated=True)


def _like(node: exp.Like, rows: Rows) -> Like:
    pattern = _value(node.expression)
    if rows.schema.dialect not in _FOLDING or not isinstance(pattern, str):
        raise NoReadingError
    body = pattern.strip("%")
    where = {(True, True): "contains", (False, True): "starts", (True, False): "ends"}.get(
        (pattern.startswith("%"), pattern.endswith("%"))
    )
    if where is None or not body or any(sign in body for sign in "%_\\"):
        raise NoReadingError
    return Like(rows.field(node.this), body, where)


def _compare(node: exp.Expr, rows: Rows) -> Compare | Within:
    op = _OPS.get(type(node))
    if op is None:
        raise NoReadingError
    left, right = node.args["this"], node.args["expression"]
    if op is Op.EQ and (cut := _cut(left, rows)):
        return _in_year(cut, right)
    if not isinstance(left, exp.Column):
        left, right, op = right, left, _TURNED[op]
    about = rows.field(left)
    if isinstance(right, exp.Subquery):
        return Compare(about, op, _extreme(right.this, rows.schema))
    return Compare(about, op, _text(right, rows) or _value(right))


def _in_year(cut: Bucket, right: exp.Expr) -> Within:
    year = str(_value(right))
    if not year.isdigit() or not 1 <= int(year) < MAXYEAR:
        raise NoReadingError
    return Within(cut.field, datetime(int(year), 1, 1), datetime(int(year) + 1, 1, 1))


def _text(node: exp.Expr, rows: Rows) -> str:
    """What SQLite takes for text though it stands in "…": no column has that name."""
    if rows.schema.dialect is not Dialect.SQLITE or not isinstance(node, exp.Column) or node.table:
        return ""
    return node.name if isinstance(node.this, exp.Identifier) and node.this.quoted and not rows.named(node) else ""


def _extreme(query: exp.Expr, schema: Schema) -> Extreme:
    """`(SELECT avg(x) FROM t)`: one figure over a whole table."""
    found = _whole(query, schema)
    plain = not (found.conditions or found.groups or found.order or found.limit or found.distinct)
    tally = found.show[0] if len(found.show) == 1 else None
    if not plain or not isinstance(tally, Tally) or tally.field is None or tally.distinct or tally.field.path:
        raise NoReadingError
    return Extreme(tally.function, tally.field)


def _value(node: exp.Expr | None) -> str | int | float | bool:
    if isinstance(node, exp.Neg):
        inner = _value(node.this)
        if isinstance(inner, str | bool):
            raise NoReadingError
        return -inner
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if not isinstance(node, exp.Literal):
        raise NoReadingError
    if node.is_string:
        return str(node.this)
    text = str(node.this)
    return int(text) if text.isdigit() else float(text)
