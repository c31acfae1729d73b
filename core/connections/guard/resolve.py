"""Every table and column of a query, found in the schema, with named queries understood as the database does.

A name counts as a named query only where each database would surely take it for one; everywhere else it has to be an
allowed table. So `WITH secrets AS (SELECT * FROM secrets) …` is seen for what it reads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlglot import exp

from core.connections.guard.columns import Columns
from core.connections.guard.expressions import Expressions
from core.connections.guard.refusal import refusal
from core.connections.guard.scopes import Output, Source, View
from core.connections.guard.statement import Tree
from core.connections.guard.tables import Tables
from core.connections.schema import Dialect

# Where a SELECT reads from, and what it gives; the rest of it speaks about both.
_READS = frozenset({"with_", "from_", "joins", "laterals", "expressions"})


class Resolver:
    """Walks one query. Afterwards `tables.read` and `columns.read` hold what it reads."""

    def __init__(self, tree: Tree, tables: Tables) -> None:
        self._tree = tree
        self._dialect = tree.statement.dialect
        self.tables = tables
        self.columns = Columns(tables.spelling)
        self._expressions = Expressions(self._dialect, tables, self.columns, self._query)

    def resolve(self) -> None:
        """Refuses the first name that is not allowed, or that could not be followed."""
        self._query(self._tree.root, View())
        if not all(map(self._expressions.followed, self._tree.all_of(exp.Table, exp.Column))):
            raise refusal("unclear")
        self._expressions.end()

    def _query(self, node: exp.Expr, view: View) -> Output:
        view = self._with(node, view)
        if isinstance(node, exp.Select):
            return self._select(node, view)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, view, None)
        if isinstance(node, exp.Subquery | exp.Paren):
            return self._wrapped(node, view)
        if isinstance(node, exp.Values):
            self._expressions.resolve(node.args.values(), view)
            return Output()
        if isinstance(node, exp.Pivot):
            self._pivot(node, self._sources(node.this, view.inner()), view)
            return Output()
        raise refusal("unclear")

    def _with(self, node: exp.Expr, view: View) -> View:
        """The same place with the named queries of its WITH, each seen by those after it."""
        clause = node.args.get("with_")
        if clause is None:
            return view
        may_repeat = clause.recursive or self._dialect is Dialect.SQLITE
        for cte in clause.expressions:
            alias = cte.args["alias"]
            name, listed = self.tables.spelling.table(alias.this), self.tables.column_names(alias)
            if may_repeat and isinstance(cte.this, exp.SetOperation):
                output = self._set_operation(cte.this, self._with(cte.this, view.inner()), (name, listed))
            else:
                output = self._query(cte.this, view.inner())
            if clause.args.get("search") is not None:
                self._expressions.follow(clause.args["search"])
                output = replace(output, complete=False)
            view = view.with_named(name, output.named(listed))
        return view

    def _set_operation(self, node: exp.SetOperation, view: View, own: tuple[str, list[str]] | None) -> Output:
        """UNION and its like. `own` is the name and columns by which its later arms may speak of the whole."""
        later: list[exp.Expr] = []
        first: exp.Expr = node
        while isinstance(first, exp.SetOperation) and (first is node or not first.args.get("with_")):
            later.append(first.expression)
            first = first.this
        output = self._query(first, view.inner())
        for arm in reversed(later):
            seen = view
            # PostgreSQL and DuckDB bind the name in the last arm alone; before it, it is a table.
            if own and (arm is later[0] or self._dialect in (Dialect.MYSQL, Dialect.SQLITE)):
                seen = view.with_named(own[0], output.named(own[1]))
            self._query(arm, seen.inner())
        if node.args.get("by_name"):
            output = replace(output, complete=False)
        within = View(view.named, view, [Source("", output)])
        self._expressions.resolve(_others(node, {"this", "expression", "with_"}), within)
        return output

    def _wrapped(self, node: exp.Expr, view: View) -> Output:
        """A query in parentheses, which may have an order and a limit of its own."""
        output = self._query(node.this, view)
        within = View(view.named, view, [Source("", output)])
        self._expressions.resolve(_others(node, {"this", "with_", "alias", "joins", "pivots"}), within)
        return output

    def _select(self, node: exp.Select, view: View) -> Output:
        view = View(view.named, view.outer, [], set())
        origin = node.args.get("from_")
        if origin is not None:
            view.sources.extend(self._sources(origin.this, view))
        for lateral in node.args.get("laterals") or ():
            view.sources.extend(self._sources(lateral, view))
        self._joins(node, view)
        view.aliases.update(self.columns.output_name(item) for item in node.expressions if isinstance(item, exp.Alias))
        output = self._projection(node.expressions, view)
        self._expressions.resolve(_others(node, _READS), view)
        return output

    def _projection(self, items: Iterable[exp.Expr], view: View) -> Output:
        columns: dict[str, str] = {}
        complete = True
        for item in items:
            self._expressions.resolve([item], view)
            name = self.columns.output_name(item)
            if name:
                columns[name] = ""
                continue
            # The database names what has no alias, each in its own way; then only it knows.
            output = self.columns.star(item, view) or Output()
            columns.update(dict.fromkeys(output.columns, ""))
            complete = complete and output.complete
        return Output(columns, complete)

    def _joins(self, node: exp.Expr, view: View) -> None:
        for join in node.args.get("joins") or ():
            view.sources.extend(self._sources(join.this, view))
            self._using(join.args.get("using") or (), view)
            self._expressions.resolve(_others(join, {"this", "using"}), view)

    def _using(self, names: Sequence[exp.Identifier], view: View) -> None:
        """The columns that both sides of a join have, perhaps under a name of their own."""
        for name in names:
            self.columns.shared(name, view)
            self._expressions.follow(name)
        alias = self._tree.joined.get(names[0].meta_get("start", -1)) if names else None
        if alias is not None:
            own = [self.columns.fold(name) for name in names]
            known = {name: s.output.columns[name] for name in own for s in view.sources if name in s.output.columns}
            columns = {name: known.get(name, "") for name in own}
            view.sources.append(Source(self.tables.spelling.table(alias), Output(columns, complete=True)))

    def _sources(self, node: exp.Expr, view: View) -> list[Source]:
        """What one item of FROM gives to read from; `view` is what it can see, the items before it included."""
        if isinstance(node, exp.Table):
            found = [self._table(node, view)]
        elif isinstance(node, exp.Subquery) and _is_group(node):
            found = self._sources(node.this, view)
            if node.args.get("alias"):
                found.append(self.tables.derived(node, Output()))
        elif isinstance(node, exp.Subquery | exp.Values):
            found = [self.tables.derived(node, self._query(node, view.inner()))]
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            found = [self.tables.derived(node, self._query(node.this, view.inner()))]
        elif isinstance(node, exp.Lateral):
            self._expressions.resolve([node.this], view)
            found = [self.tables.function(node.this, node)]
        elif isinstance(node, exp.Func):
            self._expressions.resolve([node], view)
            found = [self.tables.function(node, node)]
        else:
            raise refusal("unclear")
        return self._around(node, found, view)

    def _table(self, node: exp.Table, view: View) -> Source:
        if isinstance(node.this, exp.Func):
            self._expressions.resolve([node.this], view)
        for each in node.args.get("rows_from") or ():
            self._sources(each, view)
        self._expressions.resolve([node.args.get("sample")], view)
        for clause in ("hints", "indexed"):
            self._expressions.follow(node.args.get(clause))
        source = self.tables.source(node, view)
        self._expressions.follow_one(node)
        return source

    def _around(self, node: exp.Expr, found: list[Source], view: View) -> list[Source]:
        """What hangs on an item of FROM: pivots of it, and joins within its parentheses."""
        for pivot in node.args.get("pivots") or ():
            self._pivot(pivot, found, view)
            found = [self.tables.derived(pivot if pivot.args.get("alias") else node, Output())]
        if not node.args.get("joins"):
            return found
        group = View(view.named, view, found)
        self._joins(node, group)
        return group.sources

    def _pivot(self, node: exp.Pivot, sources: list[Source], view: View) -> None:
        """PIVOT and UNPIVOT: both speak of the columns below; UNPIVOT also makes new names."""
        within = View(view.named, view, sources)
        made = {"this", "alias", "columns", "into"}
        if node.args.get("unpivot") and node.args.get("fields"):
            made.add("expressions")
        for key in made - {"this"}:
            self._expressions.follow(node.args.get(key))
        self._expressions.resolve(_others(node, made | {"fields"}), within)
        for field in node.args.get("fields") or ():
            if node.args.get("unpivot"):
                self._expressions.follow(field.this)
                self._expressions.resolve(_others(field, {"this"}), within)
            else:
                self._expressions.resolve([field], within)


def _is_group(node: exp.Subquery) -> bool:
    """Whether the parentheses hold items of FROM, a table or a query with a name or joins, and no query itself."""
    inner = node.this
    named = isinstance(inner, exp.Subquery) and (inner.args.get("alias") or inner.args.get("joins"))
    return bool(named) or isinstance(node.unnest(), exp.Table)


def _others(node: exp.Expr, but: set[str] | frozenset[str]) -> list[object]:
    """The arguments of a node that are not under these keys."""
    return [value for key, value in node.args.items() if key not in but]
