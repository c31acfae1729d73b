"""A reading taken back from SQL, so that a follow-up can lean on an answer whoever wrote it: a person, a model.

It is strict: a query with anything in it that a reading cannot hold has no reading.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    Bucket,
    ColumnRef,
    Compare,
    Condition,
    Expression,
    Extreme,
    Field,
    Function,
    Having,
    Like,
    Link,
    Missing,
    Op,
    Order,
    Path,
    Reading,
    Related,
    Tally,
)
from core.connections.schema import Dialect, Schema, Table

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


class _NoReadingError(Exception):
    """The query holds what no reading can."""


def reading_of(sql: str, schema: Schema) -> Reading | None:
    """The reading that this query writes down over `schema`, or None."""
    try:
        root = parse_one(sql, dialect=schema.dialect.value)
        return _whole(root, schema)
    except (SqlglotError, _NoReadingError):
        return None


@dataclass
class _Rows:
    """The tables of one FROM by the names they go by there, with the path to each from the first."""

    schema: Schema
    tables: dict[str, tuple[Table, Path]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @property
    def first(self) -> str:
        return next(iter(self.tables))

    def field(self, node: exp.Expr | None) -> Field:
        """The column that a name stands for."""
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            raise _NoReadingError
        wanted = node.table.lower()
        names = [wanted] if wanted else list(self.tables)
        found = []
        for name in names:
            if name not in self.tables:
                raise _NoReadingError
            table, path = self.tables[name]
            column = next((c for c in table.columns if c.name.lower() == node.name.lower()), None)
            if column is not None:
                found.append((name, Field(ColumnRef(table.key, column.name), column.kind, path)))
        if len(found) != 1:
            raise _NoReadingError
        self.used.add(found[0][0])
        return found[0][1]


def _whole(root: exp.Expr, schema: Schema) -> Reading:
    if not isinstance(root, exp.Select) or any(value for name, value in root.args.items() if name not in _HELD):
        raise _NoReadingError
    rows, pending = _from(root, schema)
    conditions = tuple(_condition(part, rows) for part in [*pending, *_parts(root.args.get("where"), exp.And)])
    shown: dict[str, Expression] = {}
    show = tuple(_shown(root, rows, shown))
    group = root.args.get("group")
    groups = tuple(_group(node, rows, show) for node in (group.expressions if group else ()))
    if group and any(value for name, value in group.args.items() if name != "expressions"):
        raise _NoReadingError
    having = tuple(_having(part, rows) for part in _parts(root.args.get("having"), exp.And))
    sorting = root.args.get("order")
    order = tuple(_ordered(node, rows, shown) for node in (sorting.expressions if sorting else ()))
    if not groups and having:
        raise _NoReadingError
    # A joined table of which nothing is said still filters and multiplies rows.
    if set(rows.tables) - rows.used - {rows.first}:
        raise _NoReadingError
    distinct = root.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        raise _NoReadingError
    table = rows.tables[rows.first][0].key
    return Reading(table, show, conditions, groups, having, order, _limit(root), distinct is not None)


def _from(root: exp.Select, schema: Schema) -> tuple[_Rows, list[exp.Expr]]:
    """The tables, and what their joins ask beside being joined."""
    source = root.args.get("from_")
    if source is None:
        raise _NoReadingError
    rows = _Rows(schema)
    name, table = _table(source.this, schema)
    rows.tables[name] = (table, ())
    pending: list[exp.Expr] = []
    for join in root.args.get("joins") or ():
        if join.args.get("side") or join.args.get("using") or join.args.get("method") or join.args.get("on") is None:
            raise _NoReadingError
        if (join.args.get("kind") or "INNER") != "INNER":
            raise _NoReadingError
        name, table = _table(join.this, schema)
        if name in rows.tables:
            raise _NoReadingError
        pending += _joined(join, name, table, rows)
    return rows, pending


def _table(node: exp.Expr, schema: Schema) -> tuple[str, Table]:
    """The name a table goes by, and the table."""
    if not isinstance(node, exp.Table) or node.args.get("joins") or node.catalog:
        raise _NoReadingError
    key = f"{node.db}.{node.name}" if node.db else node.name
    found = [table for table in schema.tables if table.key.lower() == key.lower()]
    if len(found) != 1:
        raise _NoReadingError
    return node.alias_or_name.lower(), found[0]


def _joined(join: exp.Join, name: str, table: Table, rows: _Rows) -> list[exp.Expr]:
    """Put a joined table on its path: its columns equal those of one table that is there already."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    rest: list[exp.Expr] = []
    for part in _flat(join.args["on"], exp.And):
        sides = [part.this, part.expression] if isinstance(part, exp.EQ) else []
        mine = [s for s in sides if isinstance(s, exp.Column) and s.table.lower() == name]
        other = [s for s in sides if isinstance(s, exp.Column) and s.table.lower() in rows.tables]
        if len(mine) == 1 and len(other) == 1:
            pairs.setdefault(other[0].table.lower(), []).append((other[0].name, mine[0].name))
        else:
            rest.append(part)
    if len(pairs) != 1:
        raise _NoReadingError
    [(left_name, columns)] = pairs.items()
    left, path = rows.tables[left_name]
    own = tuple(_named(left, a) for a, _ in columns)
    far = tuple(_named(table, b) for _, b in columns)
    keys = [table.primary_key, *table.unique_keys]
    alone = any(key and set(key) <= set(far) for key in keys)
    rows.tables[name] = (table, (*path, Link(left.key, own, table.key, far, not alone)))
    rows.used.add(left_name)
    return rest


def _named(table: Table, name: str) -> str:
    for column in table.columns:
        if column.name.lower() == name.lower():
            return column.name
    raise _NoReadingError


def _shown(root: exp.Select, rows: _Rows, named: dict[str, Expression]) -> Iterator[Expression]:
    """What is shown; `named` learns the names that ORDER BY may use."""
    for node in root.expressions:
        if isinstance(node, exp.Star) and len(rows.tables) == 1 and not node.args.get("except_"):
            table, _ = rows.tables[rows.first]
            yield from (Field(ColumnRef(table.key, column.name), column.kind) for column in table.columns)
            continue
        made = _expression(node.this if isinstance(node, exp.Alias) else node, rows)
        if isinstance(node, exp.Alias):
            named[node.alias.lower()] = made
        yield made


def _expression(node: exp.Expr, rows: _Rows) -> Field | Tally:
    function = _FUNCTIONS.get(type(node))
    if function is None:
        return rows.field(node)
    inner = node.this
    if node.expressions or node.args.get("big_int") not in (None, True, False):
        raise _NoReadingError
    if function is Function.COUNT and isinstance(inner, exp.Star):
        return Tally(Function.COUNT)
    if isinstance(inner, exp.Distinct):
        if len(inner.expressions) != 1 or inner.args.get("on"):
            raise _NoReadingError
        return Tally(function, rows.field(inner.expressions[0]), distinct=True)
    return Tally(function, rows.field(inner))


def _group(node: exp.Expr, rows: _Rows, show: tuple[Expression, ...]) -> Field | Bucket:
    if isinstance(node, exp.Literal) and not node.is_string and 0 < int(node.this) <= len(show):
        made = show[int(node.this) - 1]
        if isinstance(made, Field):
            return made
    return rows.field(node)


def _having(node: exp.Expr, rows: _Rows) -> Having:
    op, value = _OPS.get(type(node)), _value(node.args.get("expression"))
    tally = _expression(node.this, rows) if op else None
    if op is None or not isinstance(tally, Tally) or isinstance(value, str | bool):
        raise _NoReadingError
    return Having(tally, op, value)


def _ordered(node: exp.Expr, rows: _Rows, named: Mapping[str, Expression]) -> Order:
    if not isinstance(node, exp.Ordered) or node.args.get("with_fill"):
        raise _NoReadingError
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
        raise _NoReadingError
    return int(count.this)


# -- conditions ----------------------------------------------------------------------------------------------------


def _parts(clause: exp.Expr | None, kind: type[exp.Connector]) -> list[exp.Expr]:
    return [] if clause is None else _flat(clause.this, kind)


def _flat(node: exp.Expr, kind: type[exp.Connector]) -> list[exp.Expr]:
    """The parts of a chain of AND, or of OR."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, kind):
        return [*_flat(node.this, kind), *_flat(node.expression, kind)]
    return [node]


def _condition(node: exp.Expr, rows: _Rows) -> Condition:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Or):
        return AnyOf(tuple(_condition(part, rows) for part in _flat(node, exp.Or)))
    if isinstance(node, exp.And):
        return AllOf(tuple(_condition(part, rows) for part in _flat(node, exp.And)))
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


def _negated(node: exp.Expr, rows: _Rows) -> Condition:
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
    raise _NoReadingError


def _in(node: exp.In, rows: _Rows) -> Condition:
    if node.args.get("query") is not None or not node.expressions:
        raise _NoReadingError
    about = rows.field(node.this)
    return AnyOf(tuple(Compare(about, Op.EQ, _value(each)) for each in node.expressions))


def _without(node: exp.In, query: exp.Expr, rows: _Rows) -> Related:
    """`key NOT IN (SELECT their_key FROM others)`: rows without related rows."""
    inner = query.this if isinstance(query, exp.Subquery) else query
    about = rows.field(node.this)
    if about.path or not isinstance(inner, exp.Select):
        raise _NoReadingError
    found = _whole(inner, rows.schema)
    plain = not (found.groups or found.order or found.limit or found.conditions)
    if not plain or len(found.show) != 1 or not isinstance(found.show[0], Field) or found.show[0].path:
        raise _NoReadingError
    far = found.show[0].column
    column = rows.schema.by_key[far.table].by_name[far.column]
    if column.nullable and (far.column,) != rows.schema.by_key[far.table].primary_key:
        raise _NoReadingError  # one missing value, and NOT IN holds for no row at all
    link = Link(about.column.table, (about.column.column,), far.table, (far.column,), True)
    return Related((link,), negated=True)


def _like(node: exp.Like, rows: _Rows) -> Like:
    pattern = _value(node.expression)
    if rows.schema.dialect not in _FOLDING or not isinstance(pattern, str):
        raise _NoReadingError
    body = pattern.strip("%")
    where = {(True, True): "contains", (False, True): "starts", (True, False): "ends"}.get(
        (pattern.startswith("%"), pattern.endswith("%"))
    )
    if where is None or not body or any(sign in body for sign in "%_\\"):
        raise _NoReadingError
    return Like(rows.field(node.this), body, where)


def _compare(node: exp.Expr, rows: _Rows) -> Compare:
    op = _OPS.get(type(node))
    if op is None:
        raise _NoReadingError
    left, right = node.args["this"], node.args["expression"]
    if not isinstance(left, exp.Column):
        left, right, op = right, left, _TURNED[op]
    about = rows.field(left)
    if isinstance(right, exp.Subquery):
        return Compare(about, op, _extreme(right.this, rows.schema))
    return Compare(about, op, _value(right))


def _extreme(query: exp.Expr, schema: Schema) -> Extreme:
    """`(SELECT avg(x) FROM t)`: one figure over a whole table."""
    found = _whole(query, schema)
    plain = not (found.conditions or found.groups or found.order or found.limit or found.distinct)
    tally = found.show[0] if len(found.show) == 1 else None
    if not plain or not isinstance(tally, Tally) or tally.field is None or tally.distinct or tally.field.path:
        raise _NoReadingError
    return Extreme(tally.function, tally.field)


def _value(node: exp.Expr | None) -> str | int | float | bool:
    if isinstance(node, exp.Neg):
        inner = _value(node.this)
        if isinstance(inner, str | bool):
            raise _NoReadingError
        return -inner
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    # "…" is text to SQLite and MySQL where no column has that name.
    if not isinstance(node, exp.Literal):
        raise _NoReadingError
    if node.is_string:
        return str(node.this)
    text = str(node.this)
    return int(text) if text.isdigit() else float(text)
