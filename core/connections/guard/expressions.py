"""The names inside expressions: every column resolved, every query within handed back to be walked."""

from collections.abc import Callable, Iterable

from sqlglot import exp

from core.connections.guard.columns import Columns
from core.connections.guard.refusal import refusal
from core.connections.guard.scopes import View
from core.connections.guard.tables import Tables
from core.connections.guard.words import vocabulary
from core.connections.schema import Dialect

_LEAVES = frozenset({exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Var})
_QUERIES = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values, exp.Pivot)


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
        waiting: list[object] = list(parts)
        while waiting:
            part = waiting.pop()
            if isinstance(part, list):
                waiting += part
            elif type(part) in _LEAVES:
                continue
            elif isinstance(part, exp.Column):
                self.follow_one(part)
                self._columns.resolve(part, view)
                if type(part.this) is not exp.Identifier:
                    waiting += part.this.iter_expressions()  # of `t.* EXCLUDE (a) REPLACE (b + 1 AS b)`
            elif isinstance(part, _QUERIES):
                self._query(part, view.inner())
            elif isinstance(part, exp.Lambda):
                waiting += self._lambda(part, view)
            elif isinstance(part, exp.Comprehension):
                self._comprehension(part, view)
            elif isinstance(part, exp.In):
                waiting += self._in(part, view)
            elif isinstance(part, exp.Collate):
                waiting.append(part.this)
                self.follow(part.expression)
            elif isinstance(part, exp.DataType):
                self.follow(part)
            elif isinstance(part, exp.Expr):
                waiting += part.iter_expressions()

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

    def _lambda(self, node: exp.Lambda, view: View) -> list[object]:
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

    def _comprehension(self, node: exp.Comprehension, view: View) -> None:
        """`[x * 2 for x in list if x > 1]`."""
        self.resolve([node.args.get("iterator")], view)
        names = [name for name in (node.expression, node.args.get("position")) if name is not None]
        self.resolve([node.this, node.args.get("condition")], self._with_names(view, names))
        self.follow(names)

    def _in(self, node: exp.In, view: View) -> list[object]:
        """`x IN name`: a table on SQLite, a list elsewhere."""
        field = node.args.get("field")
        if self._dialect is Dialect.SQLITE and isinstance(field, exp.Column):
            table = exp.Table(this=field.this, db=field.args.get("table"), catalog=field.args.get("db"))
            self._columns.row(self._tables.source(table, view))
            self.follow(field)
            return [value for key, value in node.args.items() if key != "field"]
        return list(node.iter_expressions())

    def _with_names(self, view: View, names: Iterable[exp.Expr]) -> View:
        """The same place, where these are names of values."""
        return View(view.named, view, [], {self._columns.fold(name) for name in names})
