"""The names inside expressions: every column resolved, every query within handed back to be walked."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from sqlglot import exp

from core.connections.guard.columns import Columns
from core.connections.guard.refusal import refusal
from core.connections.guard.scopes import View
from core.connections.guard.tables import Tables
from core.connections.guard.words import vocabulary
from core.connections.schema import Dialect

_NOTHING: Iterable[object] = ()
_LEAVES = frozenset({exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Var, str, bool, int, type(None)})


class Expressions:
    """Walks expressions without recursion, however long their chains of AND and + are; `query` walks a query."""

    def __init__(
        self, dialect: Dialect, tables: Tables, columns: Columns, query: Callable[[exp.Expr, View], object]
    ) -> None:
        self._dialect = dialect
        self._tables = tables
        self._columns = columns
        self._query = query
        self._lambdas = vocabulary(dialect).lambdas
        self._followed: set[int] = set()

    def resolve(self, parts: Iterable[object], view: View) -> None:
        """Resolves the names in these arguments of a node; what is no expression is left alone."""
        waiting: list[Any] = list(parts)
        while waiting:
            part = waiting.pop()
            kind: type = type(part)
            if kind in _LEAVES:
                continue
            if kind is list:
                waiting += part
            elif kind is exp.Column:
                waiting += self.column(part, view)
            elif (step := _step(kind)) is not None:
                waiting += step(self, part, view)
            else:
                waiting += part.args.values()

    def column(self, part: exp.Column, view: View) -> Iterable[object]:
        """A name, which must be found."""
        self._followed.add(id(part))
        self._columns.resolve(part, view)
        # Below it are other names in `t.* EXCLUDE (a) REPLACE (b + 1 AS b)` alone.
        this = part.args["this"]
        return _NOTHING if type(this) is exp.Identifier else this.iter_expressions()

    def within(self, part: exp.Expr, view: View) -> Iterable[object]:
        """A query inside the expression."""
        self._query(part, view.inner())
        return ()

    def collate(self, part: exp.Collate, _: View) -> Iterable[object]:
        """What is collated; the collation's name is none of the query's."""
        self.follow(part.expression)
        return (part.this,)

    def type_(self, part: exp.DataType, _: View) -> Iterable[object]:
        """A type, whose name is none of the query's."""
        self.follow(part)
        return ()

    def end(self) -> None:
        """Lets go of what walks queries: each holds the other, and with it the tree."""
        del self._query

    def follow(self, part: object) -> None:
        """Notes that all names below this are accounted for."""
        for item in part if isinstance(part, list) else [part]:
            if isinstance(item, exp.Expr):
                self._followed.update(id(node) for node in item.walk())

    def follow_one(self, node: exp.Expr) -> None:
        """Notes that this name is accounted for, what lies below it apart."""
        self._followed.add(id(node))

    def followed(self, node: exp.Expr) -> bool:
        return id(node) in self._followed

    def lambda_(self, node: exp.Lambda, view: View) -> list[object]:
        """`x -> x + 1` of a DuckDB list function; elsewhere `payload -> '$.x'`, which sqlglot reads the same way."""
        parent = node.parent
        if isinstance(parent, exp.Func) and self._tables.written(parent) in self._lambdas:
            self.resolve([node.this], self._with_names(view, node.expressions))
            return []
        for name in node.expressions:
            self._columns.unqualified(name, view)
        # sqlglot took every use of that name on the right for the lambda's own; here it would be a column.
        if any(not isinstance(name.parent, exp.Column) for name in node.this.find_all(exp.Identifier)):
            raise refusal("unclear")
        return [node.this]

    def comprehension(self, node: exp.Comprehension, view: View) -> Iterable[object]:
        """`[x * 2 for x in list if x > 1]`."""
        self.resolve([node.args.get("iterator")], view)
        names = [name for name in (node.expression, node.args.get("position")) if name is not None]
        self.resolve([node.this, node.args.get("condition")], self._with_names(view, names))
        self.follow(names)
        return ()

    def in_(self, node: exp.In, view: View) -> list[object]:
        """`x IN name`: a table on SQLite, a list elsewhere."""
        field = node.args.get("field")
        if self._dialect is Dialect.SQLITE and field is not None:
            if not isinstance(field, exp.Column):
                raise refusal("unclear")  # a text names a table there, too
            table = exp.Table(this=field.this, db=field.args.get("table"), catalog=field.args.get("db"))
            self._columns.row(self._tables.source(table, view))
            self.follow(field)
            return [value for key, value in node.args.items() if key != "field"]
        return list(node.iter_expressions())

    def _with_names(self, view: View, names: Iterable[exp.Expr]) -> View:
        """The same place, where these are names of values."""
        return View(view.named, view, [], {self._columns.fold(name) for name in names})


_Step = Callable[[Expressions, Any, View], Iterable[object]]
_STEPS: Mapping[type, _Step] = {
    exp.Column: Expressions.column,
    exp.Select: Expressions.within,
    exp.SetOperation: Expressions.within,
    exp.Subquery: Expressions.within,
    exp.Values: Expressions.within,
    exp.Pivot: Expressions.within,
    exp.Lambda: Expressions.lambda_,
    exp.Comprehension: Expressions.comprehension,
    exp.In: Expressions.in_,
    exp.Collate: Expressions.collate,
    exp.DataType: Expressions.type_,
}


@cache
def _step(kind: type) -> _Step | None:
    """What is done with nodes of this type; None where all below them is just looked at."""
    if not issubclass(kind, exp.Expr):
        return lambda *_: ()
    return next((step for base, step in _STEPS.items() if issubclass(kind, base)), None)
