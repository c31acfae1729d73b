"""The tables of a query by the names they go by there, and how each is reached from the rows that are meant."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from core.answering.instant.paths import many
from core.answering.instant.reading import ColumnRef, Field, Link, Path
from core.connections.schema import Schema, Table


class NoReadingError(Exception):
    """The query holds what no reading can."""


@dataclass
class Rows:
    """The tables of one FROM, each with the path to it from `root`, whose rows they are; `used` are those spoken of."""

    schema: Schema
    root: str
    tables: Mapping[str, tuple[Table, Path]]
    ends: frozenset[str] = frozenset()
    """Tables that lead to no other one: of which something has to be said."""
    used: set[str] = field(default_factory=set)

    def field(self, node: exp.Expr | None) -> Field:
        """The column that a name stands for."""
        found = self.named(node) if isinstance(node, exp.Column) else []
        if len(found) != 1:
            raise NoReadingError
        self.used.add(found[0][0])
        return found[0][1]

    def named(self, node: exp.Column) -> list[tuple[str, Field]]:
        """The columns that a name may stand for, each with its table's name here."""
        if isinstance(node.this, exp.Star):
            return []
        wanted, found = node.table.lower(), []
        for name in [wanted] if wanted else self.tables:
            if name not in self.tables:
                raise NoReadingError
            table, path = self.tables[name]
            column = next((c for c in table.columns if c.name.lower() == node.name.lower()), None)
            if column is not None:
                found.append((name, Field(ColumnRef(table.key, column.name), column.kind, path)))
        return found

    def everything(self) -> Iterator[Field]:
        """All columns of all tables, in their order."""
        self.used.update(self.tables)
        for table, path in self.tables.values():
            yield from (Field(ColumnRef(table.key, column.name), column.kind, path) for column in table.columns)


def rows_of(root: exp.Select, schema: Schema) -> tuple[Rows, list[exp.Expr]]:
    """The tables, and what their joins ask beside being joined.

    The rows are those of the table from which every other one is met at most once, whichever was written first: of
    customers joined with their orders, the orders. Where there is no such table they are those of the first.
    """
    source = root.args.get("from_")
    if source is None:
        raise NoReadingError
    first, table = _table(source.this, schema)
    tables = {first: table}
    joined: dict[str, dict[str, Link]] = {first: {}}
    pending: list[exp.Expr] = []
    for join in root.args.get("joins") or ():
        if join.args.get("side") or join.args.get("using") or join.args.get("method") or join.args.get("on") is None:
            raise NoReadingError
        if (join.args.get("kind") or "INNER") != "INNER":
            raise NoReadingError
        name, table = _table(join.this, schema)
        if name in tables:
            raise NoReadingError
        left, columns, rest = _joined(join, name, tables)
        pending += rest
        tables[name] = table
        joined[left][name] = _link(tables[left], table, columns)
        joined[name] = {left: _link(table, tables[left], [(b, a) for a, b in columns])}
    ways = {name: _reached(name, joined) for name in tables}
    start = next((name for name, paths in ways.items() if not any(many(p) for p in paths.values())), first)
    ends = frozenset(name for name in tables if name != start and len(joined[name]) == 1)
    return Rows(schema, start, {name: (tables[name], ways[start][name]) for name in tables}, ends), pending


def _reached(start: str, joined: Mapping[str, Mapping[str, Link]]) -> dict[str, Path]:
    """The path to each table from this one."""
    paths: dict[str, Path] = {start: ()}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for name, link in joined[here].items():
            if name not in paths:
                paths[name] = (*paths[here], link)
                queue.append(name)
    return paths


def _table(node: exp.Expr, schema: Schema) -> tuple[str, Table]:
    """The name a table goes by, and the table."""
    if not isinstance(node, exp.Table) or node.args.get("joins") or node.catalog:
        raise NoReadingError
    key = f"{node.db}.{node.name}" if node.db else node.name
    found = [table for table in schema.tables if table.key.lower() == key.lower()]
    if len(found) != 1:
        raise NoReadingError
    return node.alias_or_name.lower(), found[0]


def _joined(
    join: exp.Join, name: str, tables: Mapping[str, Table]
) -> tuple[str, list[tuple[str, str]], list[exp.Expr]]:
    """The table that a new one is joined to, by which of its columns and of the new one's, and what else is asked."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    rest: list[exp.Expr] = []
    for part in flat(join.args["on"], exp.And):
        sides = [part.this, part.expression] if isinstance(part, exp.EQ) else []
        mine = [s for s in sides if isinstance(s, exp.Column) and s.table.lower() == name]
        other = [s for s in sides if isinstance(s, exp.Column) and s.table.lower() in tables]
        if len(mine) == 1 and len(other) == 1:
            pairs.setdefault(other[0].table.lower(), []).append((other[0].name, mine[0].name))
        else:
            rest.append(part)
    if len(pairs) != 1:
        raise NoReadingError
    [(left, columns)] = pairs.items()
    return left, columns, rest


def _link(left: Table, right: Table, columns: list[tuple[str, str]]) -> Link:
    own = tuple(_named(left, a) for a, _ in columns)
    far = tuple(_named(right, b) for _, b in columns)
    keys = [right.primary_key, *right.unique_keys]
    alone = any(key and set(key) <= set(far) for key in keys)
    return Link(left.key, own, right.key, far, not alone)


def _named(table: Table, name: str) -> str:
    for column in table.columns:
        if column.name.lower() == name.lower():
            return column.name
    raise NoReadingError


def parts_of(clause: exp.Expr | None, kind: type[exp.Connector]) -> list[exp.Expr]:
    """The parts of what a WHERE or HAVING asks."""
    return [] if clause is None else flat(clause.this, kind)


def flat(node: exp.Expr, kind: type[exp.Connector]) -> list[exp.Expr]:
    """The parts of a chain of AND, or of OR."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, kind):
        return [*flat(node.this, kind), *flat(node.expression, kind)]
    return [node]
