"""Random queries over a schema, for the trial of policies: joins of all kinds, named queries, sets, groups, windows.

Each gives the same rows whenever its tables do: no row is chosen by chance, no order is left open where it counts.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from core.connections.schema import Dialect, Kind, Schema, Table

_SIDES = ("", "", "LEFT", "LEFT", "RIGHT", "FULL", "CROSS")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_WORDS = ("north", "south", "east", "paid", "new", "gone", "***", "it's \\ hidden", "name3")
_BLANKS = (" ", " ", " ", "\n", "  ", "\t")
_REMARKS = (" ", " /* part */ ", " -- so far\n")


@dataclass(frozen=True)
class Source:
    """Something in FROM: the name it goes by, and its columns."""

    name: exp.Identifier
    columns: tuple[tuple[str, Kind], ...]
    namespace: exp.Identifier | None = None

    def column(self, name: str) -> exp.Column:
        """One of its columns, as the query writes it."""
        parts = {"this": _name(name), "table": self.name.copy()}
        return exp.Column(**parts, **({"db": self.namespace.copy()} if self.namespace else {}))


class Queries:
    """Queries from one source of chance over what one person sees."""

    def __init__(self, rng: random.Random, schema: Schema, namespace: str) -> None:
        self._rng, self._schema, self._namespace = rng, schema, namespace
        self._dialect = schema.dialect
        self._counted = 0

    def text(self) -> str:
        """The next query, with blanks and comments where there may be some."""
        text = self._query().sql(self._dialect.value)
        return self._shaken(text) if self._rng.random() < 0.5 else text

    def _query(self) -> exp.Expr:
        draw: Sequence[Callable[[], exp.Expr]] = (
            self._plain,
            self._plain,
            self._grouped,
            self._grouped,
            self._windowed,
            self._star,
            self._with,
            self._with,
            self._set,
            self._nested,
            self._recursive,
            self._natural,
        )
        return self._rng.choice(draw)()

    def _plain(self, kinds: Sequence[Kind] = ()) -> exp.Select:
        query, sources = self._from(self._rng.choice((1, 1, 2, 2, 3)))
        wanted: Sequence[Kind | None] = kinds or [None] * self._rng.randrange(1, 4)
        items = [exp.alias_(self._value(sources, kind), f"c{i}", quoted=True) for i, kind in enumerate(wanted)]
        query = query.select(*items)
        if self._rng.random() < 0.7:
            query = query.where(self._condition(sources, 2))
        if self._rng.random() < 0.2:
            query = query.distinct()
        if not kinds and self._rng.random() < 0.3:
            query = query.order_by(*(exp.column(f"c{i}", quoted=True) for i in range(len(items))))
            query = query.limit(self._rng.randrange(1, 9)) if self._rng.random() < 0.5 else query
        return query

    def _grouped(self) -> exp.Select:
        query, sources = self._from(self._rng.choice((1, 2, 2)))
        keys = [self._column(sources)[0] for _ in range(self._rng.choice((0, 1, 1, 2)))]
        measures = [self._aggregate(sources) for _ in range(self._rng.choice((1, 2)))]
        items = [exp.alias_(item.copy(), f"c{i}", quoted=True) for i, item in enumerate([*keys, *measures])]
        query = query.select(*items)
        if keys:
            query = query.group_by(*(key.copy() for key in keys))
        if self._rng.random() < 0.4:
            query = query.where(self._condition(sources, 1))
        if keys and self._rng.random() < 0.4:
            query = query.having(exp.GTE(this=exp.Count(this=exp.Star()), expression=_number(self._rng.choice((1, 2)))))
        return query

    def _windowed(self) -> exp.Select:
        query, sources = self._from(self._rng.choice((1, 1, 2)))
        over, _ = self._column(sources)
        kind = self._rng.randrange(3)
        if kind == 0:
            order: exp.Expr | None = self._column(sources)[0]
            function: exp.Expr = exp.Anonymous(this="RANK")
        else:
            function, order = self._aggregate(sources, distinct=False), None
        window = exp.Window(
            this=function,
            partition_by=[over.copy()] if self._rng.random() < 0.7 else [],
            order=exp.Order(expressions=[exp.Ordered(this=order.copy())]) if order is not None else None,
        )
        items = [exp.alias_(over.copy(), "c0", quoted=True), exp.alias_(window, "c1", quoted=True)]
        # MariaDB 10.11 loses rows where a window over a view meets a condition that asks another table.
        depth = 0 if self._dialect is Dialect.MYSQL else 1
        return query.select(*items).where(self._condition(sources, depth)) if kind else query.select(*items)

    def _star(self) -> exp.Select:
        query, sources = self._from(self._rng.choice((1, 1, 2)))
        one = exp.Column(this=exp.Star(), table=sources[-1].name.copy())
        query = query.select(exp.Star() if self._rng.random() < 0.6 else one)
        return query.where(self._condition(sources, 1)) if self._rng.random() < 0.6 else query

    def _natural(self) -> exp.Select:
        """NATURAL JOIN and USING, where the database pairs columns of equal names."""
        tables = self._rng.sample(self._schema.tables, 2)
        shared = [c.name for c in tables[0].columns for d in tables[1].columns if (c.name, c.kind) == (d.name, d.kind)]
        clash = [c.name for c in tables[0].columns for d in tables[1].columns if c.name == d.name and c.kind != d.kind]
        (left, one), (right, other) = self._table(tables[0]), self._table(tables[1])
        if not shared or clash:
            return self._star()
        query = exp.select(exp.Star()) if self._rng.random() < 0.5 else exp.select(exp.Count(this=exp.Star()))
        side = self._rng.choice(("", "LEFT"))
        if self._rng.random() < 0.5:
            join = exp.Join(this=right, method="NATURAL", side=side or None)
        else:
            join = exp.Join(this=right, side=side or None, using=[_name(self._rng.choice(shared))])
        query = query.from_(left)
        query.append("joins", join)
        return query if self._rng.random() < 0.5 else query.where(self._condition([one, other], 1))

    def _with(self) -> exp.Expr:
        inner = self._plain([Kind.INTEGER, Kind.TEXT])
        taken = self._rng.choice(self._schema.tables)
        # SQLite takes a named query that reads a table of its own name for one that reads itself.
        free = self._dialect is not Dialect.SQLITE or taken.name not in [t.name for t in inner.find_all(exp.Table)]
        name = _name(taken.name) if free and self._rng.random() < 0.4 else _name(f"part{self._count()}")
        source = Source(name, (("c0", Kind.INTEGER), ("c1", Kind.TEXT)))
        outer = exp.select(source.column("c1"), exp.Count(this=exp.Star())).from_(exp.Table(this=name.copy()))
        if name.this != taken.name or self._rng.random() < 0.5:
            table, other = self._table(self._rng.choice([t for t in self._schema.tables if t.name != name.this]))
            outer = outer.join(table, on=self._pair(source, other), join_type=self._rng.choice(("", "LEFT")))
        outer = outer.where(self._condition([source], 1)).group_by(source.column("c1"))
        clause = exp.With(expressions=[exp.CTE(this=inner, alias=exp.TableAlias(this=name.copy()))])
        outer.set("with_", clause)
        return outer

    def _set(self) -> exp.Expr:
        kinds = [self._rng.choice((Kind.INTEGER, Kind.TEXT)) for _ in range(self._rng.choice((1, 2)))]
        make = self._rng.choice((exp.Union, exp.Union, exp.Intersect, exp.Except))
        distinct = make is not exp.Union or self._rng.random() < 0.5
        return make(this=self._plain(kinds), expression=self._plain(kinds), distinct=distinct)

    def _nested(self) -> exp.Select:
        inner = self._plain([Kind.INTEGER, Kind.TEXT])
        name = _name(f"Inner{self._count()}")
        source = Source(name, (("c0", Kind.INTEGER), ("c1", Kind.TEXT)))
        query = exp.select(source.column("c0"), source.column("c1"))
        query = query.from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=name.copy())))
        return query.where(self._condition([source], 2))

    def _recursive(self) -> exp.Expr:
        """The chain of managers, where both columns are there; else another query."""
        table = self._schema.by_key.get("customers")
        if table is None or any(name not in table.by_name for name in ("id", "manager_id")):
            return self._plain()
        if not (table.by_name["id"].kind is table.by_name["manager_id"].kind is Kind.INTEGER):
            return self._grouped()
        (first, top), (second, below) = self._table(table), self._table(table)
        name = _name("chain")
        chain = Source(name, (("id", Kind.INTEGER), ("depth", Kind.INTEGER)))
        begin = exp.select(
            exp.alias_(top.column("id"), "id", quoted=True), exp.alias_(_number(0), "depth", quoted=True)
        )
        deeper = exp.Add(this=chain.column("depth"), expression=_number(1))
        step = (
            exp.select(below.column("id"), deeper)
            .from_(second)
            .join(
                exp.Table(this=name.copy()), on=exp.EQ(this=below.column("manager_id"), expression=chain.column("id"))
            )
            .where(exp.LT(this=chain.column("depth"), expression=_number(3)))
        )
        whole = exp.Union(this=begin.from_(first), expression=step, distinct=False)
        query = exp.select(chain.column("depth"), exp.Count(this=exp.Star())).from_(exp.Table(this=name.copy()))
        query = query.group_by(chain.column("depth"))
        query.set(
            "with_", exp.With(expressions=[exp.CTE(this=whole, alias=exp.TableAlias(this=name.copy()))], recursive=True)
        )
        return query

    def _from(self, count: int) -> tuple[exp.Select, list[Source]]:
        tables = [self._rng.choice(self._schema.tables) for _ in range(count)]
        item, source = self._table(tables[0])
        query, sources = exp.select().from_(item), [source]
        for table in tables[1:]:
            item, source = self._table(table, taken=[s.name.this.lower() for s in sources])
            side = self._rng.choice(_SIDES)
            if side == "FULL" and self._dialect is Dialect.MYSQL:
                side = "LEFT"
            on = None if side == "CROSS" else self._pair(self._rng.choice(sources), source)
            query = query.join(item, on=on, join_type=side)
            sources.append(source)
        return query, sources

    def _table(self, table: Table, taken: Sequence[str] = ()) -> tuple[exp.Table, Source]:
        columns = tuple((column.name, column.kind) for column in table.columns)
        spelt = self._rng.random() < 0.3
        namespace = _name(self._namespace) if spelt else None
        place = exp.Table(this=_name(table.name), db=namespace)
        if table.name.lower() in taken or self._rng.random() < 0.6:
            alias = _name(self._rng.choice(("t", "T", "o'", "x y")) + str(self._count()))
            place.set("alias", exp.TableAlias(this=alias))
            return place, Source(alias, columns)
        qualified = _name(self._namespace) if spelt and self._rng.random() < 0.5 else None
        return place, Source(_name(table.name), columns, qualified)

    def _pair(self, one: Source, other: Source) -> exp.Expr:
        """A condition for a join: by equal columns of one kind, where there are some."""
        kinds = {kind for _, kind in one.columns} & {kind for _, kind in other.columns} & {Kind.INTEGER, Kind.TEXT}
        if not kinds:
            return exp.EQ(this=_number(1), expression=_number(1))
        kind = self._rng.choice(sorted(kinds))
        ends = [self._rng.choice([name for name, own in source.columns if own is kind]) for source in (one, other)]
        return exp.EQ(this=one.column(ends[0]), expression=other.column(ends[1]))

    def _column(self, sources: Sequence[Source], kind: Kind | None = None) -> tuple[exp.Expr, Kind]:
        found = [
            (source, name, own) for source in sources for name, own in source.columns if kind is None or own is kind
        ]
        if not found:
            return (exp.Null(), kind or Kind.TEXT)
        source, name, own = self._rng.choice(found)
        return source.column(name), own

    def _value(self, sources: Sequence[Source], kind: Kind | None) -> exp.Expr:
        column, own = self._column(sources, kind)
        roll = self._rng.random()
        if isinstance(column, exp.Null):
            return self._literal(own)
        if roll < 0.55:
            return column
        if roll < 0.65 and own in (Kind.INTEGER, Kind.TEXT):
            return self._scalar(sources, own) or column
        if own is Kind.INTEGER:
            changes: Sequence[exp.Expr] = (
                exp.Add(this=column, expression=_number(1)),
                exp.Abs(this=column.copy()),
                exp.Coalesce(this=column.copy(), expressions=[_number(0)]),
            )
        elif own is Kind.TEXT:
            changes = (
                exp.Upper(this=column),
                exp.Coalesce(this=column.copy(), expressions=[exp.Literal.string("none")]),
                exp.Case(ifs=[exp.If(this=self._condition(sources, 0), true=column.copy())]),
            )
        else:
            changes = (column,)
        return self._rng.choice(changes)

    def _scalar(self, sources: Sequence[Source], kind: Kind) -> exp.Expr | None:
        """A query for one value, bound to the row it stands beside."""
        table, inner = self._table(self._rng.choice(self._schema.tables), [s.name.this.lower() for s in sources])
        column, _ = self._column([inner], kind)
        if isinstance(column, exp.Null):
            return None
        query = exp.select(exp.Max(this=column)).from_(table).where(self._pair(self._rng.choice(sources), inner))
        return exp.Subquery(this=query)

    def _aggregate(self, sources: Sequence[Source], distinct: bool = True) -> exp.Expr:
        column, kind = self._column(sources)
        roll = self._rng.randrange(5)
        if roll == 0:
            return exp.Count(this=exp.Star())
        if roll == 1 and distinct:
            return exp.Count(this=exp.Distinct(expressions=[column]))
        if roll == 2 and kind.numeric:
            return exp.Sum(this=column)
        return (exp.Min if roll % 2 else exp.Max)(this=column)

    def _condition(self, sources: Sequence[Source], depth: int) -> exp.Expr:
        roll = self._rng.random()
        if depth and roll < 0.35:
            parts = exp.Paren(this=self._condition(sources, depth - 1)), self._condition(sources, depth - 1)
            return (exp.And if roll < 0.2 else exp.Or)(this=parts[0], expression=exp.Paren(this=parts[1]))
        if depth and roll < 0.42:
            return exp.Not(this=exp.Paren(this=self._condition(sources, depth - 1)))
        if depth and roll < 0.6:
            return self._asking(sources)
        column, kind = self._column(sources)
        if roll < 0.7:
            return exp.Is(this=column, expression=exp.Null())
        if kind is Kind.TEXT and roll < 0.85:
            return exp.Like(this=column, expression=exp.Literal.string(self._rng.choice(("%a%", "n%", "%3%", "*%"))))
        if kind.numeric and roll < 0.8:
            product = exp.Mul(this=exp.Paren(this=exp.Sub(this=column, expression=_number(2))), expression=_number(3))
            return exp.GT(this=product, expression=_number(self._rng.randrange(20)))
        return self._rng.choice(_COMPARISONS)(this=column, expression=self._literal(kind))

    def _asking(self, sources: Sequence[Source]) -> exp.Expr:
        table, inner = self._table(self._rng.choice(self._schema.tables), [s.name.this.lower() for s in sources])
        outer = self._rng.choice(sources)
        if self._rng.random() < 0.5:
            query = exp.select(_number(1)).from_(table).where(self._pair(outer, inner))
            return exp.Exists(this=query)
        kind = self._rng.choice((Kind.INTEGER, Kind.TEXT))
        (mine, _), (theirs, _) = self._column([outer], kind), self._column([inner], kind)
        if isinstance(mine, exp.Null) or isinstance(theirs, exp.Null):
            return exp.Exists(this=exp.select(_number(1)).from_(table))
        found = exp.select(theirs).from_(table).where(exp.Not(this=exp.Is(this=theirs.copy(), expression=exp.Null())))
        return exp.In(this=mine, query=exp.Subquery(this=found))

    def _literal(self, kind: Kind) -> exp.Expr:
        if kind is Kind.TEXT:
            return exp.Literal.string(self._rng.choice(_WORDS))
        if kind is Kind.DATE:
            day = exp.Literal.string(f"202{self._rng.choice('456')}-0{self._rng.randrange(1, 9)}-01")
            return day if self._dialect is Dialect.SQLITE else exp.Cast(this=day, to=exp.DataType.build("DATE"))
        return _number(self._rng.randrange(60))

    def _count(self) -> int:
        self._counted += 1
        return self._counted

    def _shaken(self, text: str) -> str:
        """The same query, where blanks outside quotes are others, and some are comments."""
        quote, parts, before = "", [], ""
        for character in text:
            if quote:
                quote = "" if character == quote else quote
            elif character in "'\"`":
                quote = character
            blank = character == " " and not quote
            # A comment between the words of GROUP BY and the like is more than the guard can read.
            parts.append(self._rng.choice(_REMARKS if before in ",)" else _BLANKS) if blank else character)
            before = character
        return "".join(parts)


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _name(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
