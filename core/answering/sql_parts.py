"""What the parts of one query stand for: which real column a name means, what is filtered, grouped, ordered, limited.

Only reading: the tree is the one sqlglot makes of SQL that the guard has already passed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from core.connections.schema import Column, Dialect, Schema, Table

_QUERY = re.compile(r"[\s(]*(SELECT|WITH|VALUES|FROM|TABLE)\b", re.IGNORECASE)
AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Max, exp.Min)
_TRANSPARENT = (exp.Paren, exp.Cast, exp.TryCast, exp.Round, exp.TsOrDsToTimestamp, exp.TsOrDsToDate, exp.Alias,
                exp.Lower, exp.Upper, exp.Trim, exp.Collate, exp.Date)  # fmt: skip
_FORMAT_GRAINS = {"%Y": "year", "%Y-%m": "month", "%Y%m": "month", "%Y/%m": "month", "%m": "month_of_year",
                  "%Y-%m-%d": "day", "%H": "hour", "%w": "weekday", "%Y-%W": "week", "%Y-Q%q": "quarter"}  # fmt: skip
_UNIT_GRAINS = {"YEAR": "year", "QUARTER": "quarter", "MONTH": "month", "WEEK": "week", "DAY": "day", "HOUR": "hour"}
_EXTRACT_GRAINS = {"YEAR": "year", "QUARTER": "quarter_of_year", "MONTH": "month_of_year", "DAY": "day_of_month",
                   "HOUR": "hour", "DOW": "weekday", "ISODOW": "weekday", "DAYOFWEEK": "weekday"}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A real column and the table it lies in."""

    table: Table
    column: Column


@dataclass(frozen=True)
class Grain:
    """A date cut to a unit: "year", "month", "month_of_year" and so on; `date` is the expression that is cut."""

    unit: str
    date: exp.Expr


@dataclass(frozen=True)
class Order:
    """The first thing rows are ordered by, and the direction. `position` is that of the result's column, None where
    it is not shown."""

    by: exp.Expr
    descending: bool
    position: int | None = None


class SqlParts:
    """One query, read against its schema. Raises nothing for SQL that the guard has passed."""

    def __init__(self, sql: str, dialect: Dialect, schema: Schema) -> None:
        self.dialect = dialect
        self.schema = schema
        self.tree = _parsed(sql, dialect)
        self._tables = {table.key.lower(): table for table in schema.tables}
        self._by_name = {table.name.lower(): table for table in reversed(schema.tables)}

    @cached_property
    def faithful(self) -> bool:
        """Whether the tree, written down again, still says the same. Only then may a changed copy of it be run."""
        try:
            written = self.tree.sql(dialect=self.dialect.value)
            return bool(self.tree.args) and sqlglot.parse_one(written, dialect=self.dialect.value) == self.tree
        except SqlglotError:
            return False

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """All scopes, inner ones before those that use them."""
        try:
            return tuple(traverse_scope(self.tree))
        except SqlglotError:
            return ()

    @cached_property
    def _scope_of(self) -> dict[int, Scope]:
        """The innermost scope of each column, by the node's identity: inner scopes come first."""
        found: dict[int, Scope] = {}
        for scope in self.scopes:
            for column in scope.columns:
                found.setdefault(id(column), scope)
        return found

    @cached_property
    def top(self) -> exp.Select | None:
        """The outermost SELECT; of a UNION the first one."""
        node: exp.Expr | None = self.tree
        while isinstance(node, exp.SetOperation | exp.Subquery):
            node = node.this
        return node if isinstance(node, exp.Select) else None

    @cached_property
    def selects(self) -> tuple[exp.Expr, ...]:
        """What the columns of the result are made of, in order; () when a star makes them uncountable."""
        selects = tuple(self.top.selects) if self.top else ()
        return () if any(s.is_star for s in selects) else selects

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The real tables used, in the order written, each once."""
        found: dict[str, Table] = {}
        for scope in self.scopes:
            for source in scope.sources.values():
                table = self.table_of(source) if isinstance(source, exp.Table) else None
                if table:
                    found[table.key] = table
        written = [t.name.lower() for t in self.tree.find_all(exp.Table)]
        return tuple(sorted(found.values(), key=lambda t: written.index(t.name.lower())))

    @cached_property
    def joined(self) -> tuple[Table, ...]:
        """The real tables that the outermost SELECT itself reads, without those of inner queries."""
        sources = [source for scope in self.scopes if scope.expression is self.top for source in scope.sources.values()]
        found = [self.table_of(source) for source in sources if isinstance(source, exp.Table)]
        return tuple({table.key: table for table in found if table}.values())

    @cached_property
    def main_table(self) -> Table | None:
        """The table after the outermost FROM, seen through derived tables; None for a query without one."""
        node: exp.Expr | None = self.top
        for _ in range(10):
            source = node.args.get("from_") if isinstance(node, exp.Select) else None
            if source is None:
                return None
            inner = source.this
            if isinstance(inner, exp.Table):
                table = self.table_of(inner)
                return table or next(iter(self.tables), None)
            node = inner.this if isinstance(inner, exp.Subquery) else None
        return None

    def table_of(self, node: exp.Table) -> Table | None:
        """The table of the schema that a name in the SQL means; None for a CTE or an unknown one."""
        qualified = ".".join(part for part in (node.db, node.name) if part).lower()
        return self._tables.get(qualified) or self._by_name.get(node.name.lower())

    def place(self, node: exp.Expr | None) -> Place | None:
        """The real column that an expression passes on, through casts, rounding and derived tables."""
        node = self.origin(node)
        if not isinstance(node, exp.Column):
            return None
        scope: Scope | None = self._scope_of.get(id(node))
        while scope is not None:
            for source in self._sources(scope, node):
                found = self._place_in(source, node.name)
                if found:
                    return found
            scope = scope.parent
        return None

    def _place_in(self, source: exp.Expr | Scope, name: str) -> Place | None:
        """The real column of this name in one source of a query: a table, or an inner query that selects a star."""
        if isinstance(source, Scope):
            inner = source.expression
            starred = isinstance(inner, exp.Select) and any(select.is_star for select in inner.selects)
            within = source.sources.values() if starred else ()
            return next((place for other in within if (place := self._place_in(other, name))), None)
        table = self.table_of(source) if isinstance(source, exp.Table) else None
        column = _column(table, name) if table else None
        return Place(table, column) if table and column else None

    def origin(self, node: exp.Expr | None) -> exp.Expr | None:
        """What an expression is made of: casts taken off, names of derived columns followed to where they are made."""
        for _ in range(20):
            if isinstance(node, _TRANSPARENT):
                node = node.this
                continue
            made = self._made_in(node) if isinstance(node, exp.Column) else None
            if made is None:
                return node
            node = made
        return node

    def _made_in(self, column: exp.Column) -> exp.Expr | None:
        """The expression in a CTE or subquery that this column names."""
        scope = self._scope_of.get(id(column))
        if scope is None:
            return None
        for source in self._sources(scope, column):
            if isinstance(source, Scope) and source is not scope:
                inner: exp.Expr = source.expression
                while isinstance(inner, exp.SetOperation | exp.Subquery):
                    inner = inner.this
                for select in inner.selects if isinstance(inner, exp.Select) else ():
                    if select.alias_or_name.lower() == column.name.lower():
                        return select
        return None

    @staticmethod
    def _sources(scope: Scope, column: exp.Column) -> Iterator[exp.Expr | Scope]:
        for name, source in scope.sources.items():
            if not column.table or name.lower() == column.table.lower():
                yield source

    def grain(self, node: exp.Expr | None) -> Grain | None:
        """The unit an expression cuts a date to; None when it does not."""
        node = self.origin(node)
        if isinstance(node, exp.TimeToStr):
            unit = _FORMAT_GRAINS.get(str(node.args["format"].name)) if node.args.get("format") else None
        elif isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
            unit = _UNIT_GRAINS.get(str(node.args["unit"].name).upper()) if node.args.get("unit") else None
        elif isinstance(node, exp.Extract):
            unit = _EXTRACT_GRAINS.get(str(node.this.name).upper())
        elif isinstance(node, exp.Year):
            unit = "year"
        elif isinstance(node, exp.Month):
            unit = "month_of_year"
        elif isinstance(node, exp.Quarter):
            unit = "quarter_of_year"
        else:
            return None
        date = node.expression if isinstance(node, exp.Extract) else node.this
        return Grain(unit, date) if unit and date is not None else None

    def aggregate(self, node: exp.Expr | None) -> exp.Expr | None:
        """The one aggregate that an expression is, or None when it is none or a calculation with several."""
        node = self.origin(node)
        if isinstance(node, exp.Coalesce) and isinstance(node.this, AGGREGATES):
            node = node.this
        return node if isinstance(node, AGGREGATES) else None

    @cached_property
    def order(self) -> Order | None:
        """How the rows of the result are ordered."""
        ordering = self.tree.args.get("order")
        ordered = [o for o in ordering.expressions if isinstance(o, exp.Ordered)] if ordering else []
        # CASE WHEN x IS NULL … only says where empty values go.
        first = next((o for o in ordered if not isinstance(o.this, exp.Case | exp.Is)), None)
        if first is None:
            return None
        by = first.this
        for position, select in enumerate(self.selects):
            same = select.unalias() == by or (isinstance(by, exp.Column) and select.alias_or_name == by.name)
            numbered = isinstance(by, exp.Literal) and by.is_int and int(by.name) == position + 1
            if same or numbered:
                return Order(select, bool(first.args.get("desc")), position)
        return Order(by, bool(first.args.get("desc")))

    @cached_property
    def limit(self) -> int | None:
        """The number of rows the query itself asks for at most."""
        limit = self.tree.args.get("limit")
        count = limit.args.get("expression") or limit.args.get("count") if limit else None
        return int(count.name) if isinstance(count, exp.Literal) and count.is_int else None

    @cached_property
    def filters(self) -> tuple[exp.Expr, ...]:
        """Every condition that rows must meet, ANDs taken apart, outermost query first.

        What an EXISTS or IN asks of other rows is part of that one condition.
        """
        return tuple(self._conditions(inside=False))

    @cached_property
    def inner_filters(self) -> tuple[exp.Expr, ...]:
        """The conditions inside of EXISTS, IN and other subqueries."""
        return tuple(self._conditions(inside=True))

    def _conditions(self, inside: bool) -> Iterator[exp.Expr]:
        for scope in reversed(self.scopes):
            if any(s.is_subquery for s in _with_parents(scope)) == inside:
                for part in ("where", "having"):
                    clause = scope.expression.args.get(part)
                    if clause is not None:
                        yield from conjuncts(clause.this)


def _with_parents(scope: Scope) -> Iterator[Scope]:
    above: Scope | None = scope
    while above is not None:
        yield above
        above = above.parent


def _parsed(sql: str, dialect: Dialect) -> exp.Expr:
    """The tree of a statement; an empty query for a command (SHOW, EXPLAIN) that has no tree of its own."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect.value) if _QUERY.match(sql) else exp.Select()
    except SqlglotError:
        return exp.Select()
    return tree if isinstance(tree, exp.Query) else exp.Select()


def conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that an AND, or several, hold together."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.this)
        yield from conjuncts(condition.expression)
    else:
        yield condition


def _column(table: Table, name: str) -> Column | None:
    """The column of this name, case not minded where no other is spelled so."""
    exact = table.by_name.get(name)
    return exact or next((c for c in table.columns if c.name.lower() == name.lower()), None)
