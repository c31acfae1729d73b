"""Which table a name reads: a named query that surely hides it, or one that the schema allows."""

from sqlglot import exp

from core.connections.guard.names import (
    Spelling,
    catalogues,
    check_namespace,
    check_unlisted,
    default_namespace,
)
from core.connections.guard.refusal import refusal
from core.connections.guard.scopes import Output, Source, View
from core.connections.guard.statement import Statement
from core.connections.guard.words import lower, vocabulary
from core.connections.schema import Dialect, Schema

# Parts of a table in FROM that are understood. Others, like a time to travel to, are refused.
_UNDERSTOOD = frozenset(
    {
        "this",
        "alias",
        "db",
        "joins",
        "pivots",
        "hints",
        "only",
        "indexed",
        "sample",
        "ordinality",
        "laterals",
        "rows_from",
    }
)


class Tables:
    """Finds the tables of one statement and keeps the keys of those it reads, in order.

    `references` are the places where it reads them, which policies rewrite.
    """

    def __init__(
        self,
        statement: Statement,
        spelling: Spelling,
        schema: Schema | None,
        namespace: str = "",
        functions: frozenset[str] = frozenset(),
    ) -> None:
        self._statement = statement
        self._dialect = statement.dialect
        self.spelling = spelling
        self._catalogue = catalogues.of(schema, spelling) if schema is not None else None
        self._default = default_namespace(spelling, namespace)
        self._functions = vocabulary(self._dialect).table_functions | functions
        self.read: dict[str, None] = {}
        self.references: list[tuple[exp.Table, str]] = []

    def source(self, table: exp.Table, view: View) -> Source:
        """What a name in FROM stands for. Refuses what is not allowed."""
        for key, value in table.args.items():
            if value and key not in _UNDERSTOOD:
                raise refusal("not_allowed", part=f"{table.name} {key}")
        alias = self._alias(table)
        if isinstance(table.this, exp.Identifier):
            output, name, namespace = self._named(table, view)
            if self._dialect is Dialect.MYSQL and self.column_names(table.args.get("alias")):
                raise refusal("unclear")  # only a query takes such names there: `FROM orders nextval('s')` is no alias
            return Source(alias or name, self._columns(table, output), "" if alias else namespace)
        if isinstance(table.this, exp.Func):
            return self.function(table.this, table)
        if table.this is None and table.args.get("rows_from"):
            return self.derived(table, Output())
        raise refusal("unclear")

    def function(self, function: exp.Expr, owner: exp.Expr) -> Source:
        """A function in FROM. Its columns are those its alias lists, and others that only the database knows."""
        name = self.written(function)
        if name and name not in self._functions:
            raise refusal("not_a_table", function=name)
        listed = self._columns(owner, Output())
        alias = self._alias(owner) or name
        own = {self.spelling.column(self.spelling.stored(alias)): ""} if alias else {}
        return Source(alias, Output({**own, **listed.columns}))

    def derived(self, owner: exp.Expr, output: Output) -> Source:
        """A query in FROM, under its alias."""
        return Source(self._alias(owner), self._columns(owner, output))

    def column_names(self, alias: exp.Expr | None) -> list[str]:
        """The folded names of an alias's list of columns."""
        listed = alias.columns if isinstance(alias, exp.TableAlias) else []
        found = [item.this if isinstance(item, exp.ColumnDef) else item for item in listed]
        if not all(isinstance(name, exp.Identifier) and not _is_value(name) for name in found):
            raise refusal("unclear")  # `FROM orders SLEEP(1)` gives no table a name
        return [self.spelling.column(name) for name in found]

    def written(self, function: exp.Expr) -> str:
        """The function's name as written; "" for those that have a syntax of their own."""
        start = function.meta.get("start")
        if start is None:
            return ""
        return lower(self._statement.text[start : function.meta["end"] + 1]).strip('"')

    def _named(self, table: exp.Table, view: View) -> tuple[Output, str, str]:
        identifier = table.this
        name = self.spelling.table(identifier)
        if table.args.get("db") is None and name in view.named:
            return view.named[name], name, ""
        if self._dialect is Dialect.MYSQL and lower(name) == "dual" and table.args.get("db") is None:
            return Output(complete=True), name, ""
        check_namespace(table)
        if table.args.get("catalog") is not None:
            raise refusal("other_database", table=table.name)
        qualifier = table.args.get("db")
        if qualifier is not None and not isinstance(qualifier, exp.Identifier):
            raise refusal("unclear")  # `a..b`
        namespace = self.spelling.table(qualifier) if qualifier is not None else ""
        if self._catalogue is None:
            check_unlisted(table, self._dialect)
            self.read[f"{namespace}.{name}" if namespace else name] = None
            return Output(), name, namespace
        known = self._catalogue.find(namespace, name)
        if known is None and namespace in ("", self._default):
            known = self._catalogue.find("" if namespace else self._default, name)
        if known is None:
            check_unlisted(table, self._dialect)
            shown = f"{table.db}.{table.name}" if qualifier is not None else table.name
            near = self._catalogue.near(table.name)
            raise refusal("unknown_table_near" if near else "unknown_table", table=shown, near=near)
        self.read[known.table.key] = None
        self.references.append((table, known.table.key))
        return Output(known.columns, complete=True), name, namespace or self._default

    def _alias(self, owner: exp.Expr) -> str:
        alias = owner.args.get("alias")
        named = alias.this if isinstance(alias, exp.TableAlias) else None
        return self.spelling.table(named) if isinstance(named, exp.Identifier) else ""

    def _columns(self, owner: exp.Expr, output: Output) -> Output:
        return output.named(self.column_names(owner.args.get("alias")))


def _is_value(name: exp.Identifier) -> bool:
    """A number or a text that sqlglot took for the name of a column."""
    return not name.args.get("quoted") and not name.name.isidentifier()
