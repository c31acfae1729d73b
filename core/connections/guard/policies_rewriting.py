"""Puts other queries in the place of tables, in the text and in the tree, and proves that both say the same.

The text is spliced where the guard read the tables' names, so nothing else of it changes; the tree is changed apart.
Each query that is put in was read by the guard when it was made, in its parentheses. So the proof needs a short query
in the place of each: with those, the text must read as the changed tree. Whatever stands between the same parentheses
at the same places, the rest reads alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import postgast
from sqlglot import exp

from core.connections.guard.names import Spelling
from core.connections.guard.policies_rules import spliced
from core.connections.guard.refusal import refusal
from core.connections.guard.statement import Statement, Tree, parse, read
from core.connections.guard.text import MAX_CHARACTERS
from core.connections.schema import Dialect, Table
from core.security.policies import TableRights

# What may hang on a table's name and on a query in its place alike.
_CARRIED = ("joins", "laterals", "pivots")
_KNOWN = frozenset({"this", "db", "alias", *_CARRIED})
_ROW_NUMBERS = {Dialect.SQLITE: frozenset({"rowid", "oid", "_rowid_"}), Dialect.DUCKDB: frozenset({"rowid"})}

Change = tuple[int, int, str]


@dataclass(frozen=True)
class Shield:
    """A query of what is left of one table or view. `fenced` is the same, past which no condition is moved.

    `tables` are the base tables it reads; `masked` its columns that show no values of their own. `short` is a query of
    the whole table, which stands for it in the proof.
    """

    text: str
    fenced: str
    short: str
    dialect: Dialect
    rights: TableRights
    tables: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()

    def written(self, fence: bool) -> str:
        """Its text, in parentheses."""
        return f"({self.fenced if fence else self.text})"

    def tree(self) -> exp.Expr:
        """The tree of the short query, for one use."""
        return self._tree.copy()

    @cached_property
    def _tree(self) -> exp.Expr:
        return parse(read(self.short, self.dialect)).root


@dataclass(frozen=True)
class Reference:
    """A place where a query names a table, and what is to stand there; None where the table stays.

    `namespace` is where the table really lies; None where that has no name.
    """

    node: exp.Table
    table: Table
    namespace: exp.Identifier | None
    shield: Shield | None = None


@dataclass(frozen=True)
class Rewritten:
    """A statement with shields in it: the text that runs, and the short one that reads as the changed tree."""

    text: str
    short: str


def rewritten(tree: Tree, references: Sequence[Reference], spelling: Spelling, fence: bool, qualify: bool) -> Rewritten:
    """The statement's text with every shield in its place; the tree is changed with it.

    `qualify` puts their namespace before tables that stay, so that no named query around this one can hide them.
    Whoever calls this reads the short text anew and compares it with the tree.
    """
    changes = _unqualified_columns(tree, references, spelling)
    puts: list[tuple[int, int, Shield, str]] = []
    for reference in references:
        node, namespace = reference.node, reference.namespace
        if reference.shield is not None:
            puts.append(_replaced(tree.statement, node, reference.shield))
        elif qualify and namespace is not None and node.args.get("db") is None:
            first = int(node.this.meta["start"])
            changes.append((first, first, namespace.sql(spelling.dialect.value) + "."))
            node.set("db", namespace.copy())
    short = [(first, past, f"({shield.short}){named}") for first, past, shield, named in puts]
    full = [(first, past, shield.written(fence) + named) for first, past, shield, named in puts]
    result = Rewritten(spliced(tree.statement.text, changes + full), spliced(tree.statement.text, changes + short))
    if len(result.text) > MAX_CHARACTERS:
        raise refusal("too_long", limit=MAX_CHARACTERS)
    return result


def check_parses(text: str, dialect: Dialect) -> None:
    """Refuses a whole text that PostgreSQL's own parser cannot read as one statement."""
    if dialect is not Dialect.POSTGRES:
        return
    try:
        one = len(postgast.split(text)) == 1
    except postgast.PgQueryError:
        one = False
    if not one:
        raise refusal("policy_unclear")


def _replaced(statement: Statement, node: exp.Table, shield: Shield) -> tuple[int, int, Shield, str]:
    """Where a shield goes in the text, and the name it needs there; the node is replaced in the tree."""
    name, qualifier, alias = node.this, node.args.get("db"), node.args.get("alias")
    # A table that no clause holds is one that SQLite reads in `x IN name`.
    if node.parent is None or any(value for key, value in node.args.items() if key not in _KNOWN):
        raise refusal("policy_clause", table=node.name)
    first, past = int((qualifier or name).meta["start"]), int(name.meta["end"]) + 1
    named = ""
    if alias is None:
        named = " AS " + statement.text[int(name.meta["start"]) : past]
        alias = exp.TableAlias(this=name.copy())
    carried = {key: node.args[key] for key in _CARRIED if node.args.get(key)}
    node.replace(exp.Subquery(this=shield.tree(), alias=alias, **carried))
    return first, past, shield, named


def _unqualified_columns(tree: Tree, references: Sequence[Reference], spelling: Spelling) -> list[Change]:
    """`namespace.table.column` loses its namespace, which a query in the table's place does not have."""
    replaced = {
        (spelling.table(reference.namespace), spelling.table(reference.node.this))
        for reference in references
        if reference.shield is not None and reference.namespace is not None
    }
    numbers = _ROW_NUMBERS.get(spelling.dialect, frozenset())
    numbers -= {spelling.column(spelling.stored(c.name)) for each in references for c in each.table.columns}
    changes = []
    for column in tree.root.find_all(exp.Column):
        table, namespace = column.args.get("table"), column.args.get("db")
        if isinstance(column.this, exp.Identifier) and spelling.column(column.this) in numbers:
            raise refusal("policy_row_number", column=column.name)
        if table is None or namespace is None or column.args.get("catalog") is not None:
            continue
        if (spelling.table(namespace), spelling.table(table)) in replaced:
            changes.append((int(namespace.meta["start"]), int(table.meta["start"]), ""))
            column.set("db", None)
    return changes
