"""Which column a name reads, and which columns a statement reads in all."""

from difflib import get_close_matches

from sqlglot import exp

from core.connections.guard.names import Spelling
from core.connections.guard.refusal import refusal
from core.connections.guard.scopes import Output, Source, View
from core.connections.schema import Dialect

# The row's own number where a table has no column of that name.
_ROW_IDS = {Dialect.SQLITE: frozenset({"rowid", "oid", "_rowid_"}), Dialect.DUCKDB: frozenset({"rowid"})}


class Columns:
    """Finds the columns of one statement and keeps those of base tables that it reads, in order."""

    def __init__(self, spelling: Spelling) -> None:
        self._dialect = spelling.dialect
        self._spelling = spelling
        self.read: dict[str, None] = {}

    def resolve(self, column: exp.Column, view: View) -> None:
        """Finds what the column stands for. Refuses a name that nothing in sight has."""
        parts = column.args
        if parts.get("table") is None and parts.get("db") is None and parts.get("catalog") is None:
            self.unqualified(parts["this"], view)
            return
        names = [parts[key] for key in ("catalog", "db", "table", "this") if parts.get(key) is not None]
        if not self._qualified(names, view) and not self._field(names, view):
            owner, last = names[-2].name, names[-1].name or "*"
            raise refusal("unknown_owner", owner=owner, column=last)

    def unqualified(self, name: exp.Identifier, view: View) -> None:
        """A name that stands alone: a column, an alias of the query, or a whole row."""
        if self._found(name, view):
            return
        if self._dialect is Dialect.SQLITE and name.quoted:
            # SQLite takes a name in double quotes that is no column for text.
            return
        known = [c for v in view.outward() for s in v.sources for c in s.output.columns]
        near = get_close_matches(self.fold(name), known, n=1, cutoff=0.7)
        raise refusal(
            "unknown_column_near" if near else "unknown_column", column=name.name, near=near[0] if near else ""
        )

    def star(self, item: exp.Expr, view: View) -> Output | None:
        """All that `*` or `t.*` stands for in this SELECT; None where `item` is neither."""
        if isinstance(item, exp.Star):
            sources = view.sources
            known = not item.args.get("rename")
        elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            source = self.source_named(item.args["table"], view)
            sources = [source] if source else []
            known = source is not None
        else:
            return None
        columns: dict[str, str] = {}
        for source in sources:
            self.row(source)
            columns.update(source.output.columns)
        return Output(columns, known and all(source.output.complete for source in sources))

    def row(self, source: Source) -> None:
        """The source's whole row is read."""
        self._record(source)

    def output_name(self, item: exp.Expr) -> str:
        """The folded name of what a SELECT gives, "" where it is a star or the database makes one up."""
        if isinstance(item, exp.Alias):
            alias = item.args["alias"]
            return self.fold(alias) if isinstance(alias, exp.Identifier) else ""
        if isinstance(item, exp.Column) and not isinstance(item.this, exp.Star):
            return self.fold(item.this)
        if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Identifier):
            return self.fold(item.expression)
        return ""

    def source_named(self, name: exp.Expr, view: View) -> Source | None:
        """The source of this name, the nearest first."""
        folded = self._spelling.table(name)
        for seen in view.outward():
            for source in seen.sources:
                if source.name == folded:
                    return source
        if self._dialect is Dialect.MYSQL:
            return next(
                (s for v in view.outward() for s in v.sources if s.name.lower() == folded.lower()),
                None,
            )
        return None

    def shared(self, name: exp.Identifier, view: View) -> None:
        """A column of USING, which both sides have."""
        folded = self.fold(name)
        having = [s for s in view.sources if folded in s.output.columns]
        if len(having) < 2 and all(s.output.complete for s in view.sources):
            raise refusal("unknown_column", column=name.name)
        for source in having:
            self._record(source, folded)

    def fold(self, name: exp.Expr) -> str:
        """A column's name, so that equal names are equal text."""
        return self._spelling.column(name)

    def _found(self, name: exp.Identifier, view: View) -> bool:
        folded = self.fold(name)
        for seen in view.outward():
            found, complete = folded in seen.aliases, True
            for source in seen.sources:
                if folded in source.output.columns:
                    found = True
                    self._record(source, folded)
                complete = complete and source.output.complete
            if found or not complete:
                return True
            if folded in _ROW_IDS.get(self._dialect, ()) and seen.sources:
                return True
        row = self.source_named(name, view) if self._dialect is not Dialect.MYSQL else None
        if row is not None:
            self.row(row)
        return row is not None

    def _qualified(self, names: list[exp.Expr], view: View) -> bool:
        """`source.column`, `namespace.source.column`, or a field of such a column where the dialect has fields."""
        for place in range(len(names) - 1):
            source = self.source_named(names[place], view)
            if source is None or (place and not self._lies_in(source, names[:place])):
                continue
            column = names[place + 1]
            if isinstance(column, exp.Star):
                self._record(source)
                return True
            folded = self.fold(column)
            if folded in source.output.columns:
                self._record(source, folded)
            elif source.output.complete and folded not in _ROW_IDS.get(self._dialect, ()):
                near = get_close_matches(folded, source.output.columns, n=1, cutoff=0.7)
                reason = "unknown_column_of_near" if near else "unknown_column_of"
                raise refusal(reason, column=column.name, table=names[place].name, near=near[0] if near else "")
            return place + 2 == len(names) or self._dialect is Dialect.DUCKDB
        return False

    def _field(self, names: list[exp.Expr], view: View) -> bool:
        """`column.field`: DuckDB alone writes it without parentheses."""
        first = names[0]
        return self._dialect is Dialect.DUCKDB and isinstance(first, exp.Identifier) and self._found(first, view)

    def _lies_in(self, source: Source, qualifiers: list[exp.Expr]) -> bool:
        return len(qualifiers) == 1 and source.namespace == self._spelling.table(qualifiers[-1])

    def _record(self, source: Source, name: str | None = None) -> None:
        columns = source.output.columns
        for key in columns.values() if name is None else (columns.get(name, ""),):
            if key:
                self.read[key] = None
