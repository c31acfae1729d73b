"""What stands in a query for a table that its actor sees less than whole: a query of what is left.

A table gets its visible columns, the masked ones under their own names, and its row rules. A view is written out, with
what stands for the tables below it. What cannot be shown without what was taken is refused.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from core.connections.digests import DIGEST
from core.connections.guard.names import Spelling, default_namespace
from core.connections.guard.policies_masks import masked
from core.connections.guard.policies_rewriting import Reference, Shield, check_parses, rewritten
from core.connections.guard.policies_rules import Rule, rule, spliced
from core.connections.guard.policies_safe import cannot_fail
from core.connections.guard.query import Understood, understood
from core.connections.guard.refusal import refusal
from core.connections.guard.resolve import Resolver
from core.connections.guard.second import agree_on_query
from core.connections.guard.statement import Statement, parse, read
from core.connections.guard.tables import Tables
from core.connections.guard.words import allowed
from core.connections.routines import NONE_READ, Routines
from core.connections.schema import Dialect, Origin, Schema, Table
from core.security.policies import Mask, MaskKind, Rights, TableRights, joined

# Without it an optimizer may try a person's conditions on rows before the rules have taken them away, and what it
# meets there shows in errors and in time.
_FENCE = {
    Dialect.POSTGRES: " OFFSET 0",
    Dialect.MYSQL: " LIMIT 18446744073709551615",
    Dialect.SQLITE: " LIMIT -1 OFFSET 0",
    Dialect.DUCKDB: " LIMIT 9223372036854775807 OFFSET 0",
}
_NOTHING = TableRights()


class Shields:
    """The shields of one actor's rights over one whole schema, each made when it is first asked for."""

    def __init__(
        self,
        whole: Schema,
        rights: Rights,
        namespace: str = "",
        ignores_case: bool = False,
        functions: frozenset[str] = frozenset(),
        routines: Routines = NONE_READ,
    ) -> None:
        self._whole, self._rights, self._functions = whole, rights, functions | {DIGEST}
        self._given, self._dialect, self._routines = namespace, whole.dialect, routines
        self.spelling = Spelling(whole.dialect, ignores_case)
        self._namespace = namespace or default_namespace(self.spelling, namespace)
        self._origins: Mapping[str, Origin] = whole.origins or {}
        self._parents = frozenset(parent for origin in self._origins.values() for parent in origin.parents)
        self._made: dict[str, Shield | None] = {}
        self._left: dict[str, TableRights | None] = {}

    def of(self, key: str) -> Shield | None:
        """What stands for this table; None where it may be read as it is. Raises `QueryRefused` where it may not."""
        if key not in self._made:
            self._made[key] = self._make(self._whole.by_key[key])
        return self._made[key]

    def rights(self, key: str) -> TableRights | None:
        """What is left of this table, None where all of it is. Raises `QueryRefused` where it may not be read.

        A view's columns that show masked values of tables below count as masked in it.
        """
        if key not in self._left:
            self._left[key] = self._rights_of(self._whole.by_key[key])
        return self._left[key]

    def _rights_of(self, table: Table) -> TableRights | None:
        if table.key in self._rights.hidden_tables:
            raise refusal("unknown_table", table=table.name)
        origin = self._origins.get(table.key, Origin())
        if table.is_view and not origin.stored:
            own = self._own(table.key)
            query, below = self._below(table, origin)
            shown = _masked_outputs(query, table, below.values(), self.spelling) - own.hidden_columns
            masks = {**{name: Mask(MaskKind.NULL) for name in sorted(shown)}, **own.masks}
            derived = any(each.limited for each in below.values())
            return replace(own, masks=masks, derived=derived) if below or own != _NOTHING else None
        if origin.stored or table.key in self._parents:
            shield = self.of(table.key)
            return shield.rights if shield else None
        own = self._own(table.key)
        return own if own != _NOTHING else None

    def references(self, tables: Tables) -> list[Reference]:
        """The places where a statement reads tables, with what is to stand there."""
        found = []
        for node, key in tables.references:
            table = self._whole.by_key[key]
            found.append(Reference(node, table, self._place(table), self.of(key)))
        return found

    def understood(self, text: str) -> tuple[Understood, Tables]:
        """A query over the whole schema, and what it reads. Raises `QueryRefused`."""
        statement = read(text, self._dialect)
        tables = self._tables(statement)
        return understood(statement, tables, self._functions, self._routines), tables

    def agreed(self, text: str) -> Tables:
        """What a query reads that the database's own parser reads alike, where there is one. Raises `QueryRefused`."""
        query, tables = self.understood(text)
        agree_on_query(query.tree, allowed(self._dialect, self._routines, self._functions))
        return tables

    def _tables(self, statement: Statement) -> Tables:
        return Tables(statement, self.spelling, self._whole, self._given, self._functions)

    def _make(self, table: Table) -> Shield | None:
        if table.key in self._rights.hidden_tables:
            raise refusal("unknown_table", table=table.name)
        own = self._own(table.key)
        hidden = self._rights.hidden_tables
        if any(child in hidden or self._own(child) != own for child in self._children(table.key)):
            raise refusal("policy_children", table=table.name)
        origin = self._origins.get(table.key, Origin())
        if table.is_view and not origin.stored:
            return self._view(table, own, origin)
        if own == _NOTHING:
            if origin.stored:
                self._refuse_copies(table, origin)
            return None
        source = exp.Table(this=_name(table.name), db=self._place(table))
        return self._finished(table, own, exp.select(*self._columns(table, own)).from_(source), "", "")

    def _own(self, key: str) -> TableRights:
        """What policies leave of this table by itself, and of those that show its rows as theirs."""
        own = self._rights.tables.get(key, _NOTHING)
        own = TableRights(own.hidden_columns, own.masks, own.rows)
        for parent in self._origins.get(key, Origin()).parents:
            if parent in self._rights.hidden_tables:
                raise refusal("unknown_table", table=key)
            own = joined(own, self._own(parent))
        return own

    def _children(self, key: str) -> list[str]:
        """The tables whose rows this one shows as its own."""
        if key not in self._parents:
            return []
        own = [child for child, origin in self._origins.items() if key in origin.parents]
        return own + [further for child in own for further in self._children(child)]

    def _columns(self, table: Table, own: TableRights) -> list[exp.Expr]:
        columns: list[exp.Expr] = []
        for column in table.columns:
            if column.name in own.hidden_columns:
                continue
            value: exp.Expr = exp.column(_name(column.name))
            if mask := own.masks.get(column.name):
                value = exp.alias_(
                    masked(value, column, mask, self._dialect, self._rights.salt), _name(column.name), copy=False
                )
            columns.append(value)
        if not columns:
            raise refusal("unknown_table", table=table.name)
        return columns

    def _finished(self, table: Table, own: TableRights, query: exp.Select, below: str, fenced_below: str) -> Shield:
        """The shield of a query of visible columns; `below` is a named query that it reads, in its two forms."""
        place = self._place(table)
        if place is None:
            raise refusal("policy_unclear")  # a named query could stand in the table's place
        source = exp.Table(this=_name(table.name), db=place) if not below else exp.Table(this=_name(table.name))
        rules: Sequence[Rule] = [rule(text, source, _name(table.name), self._dialect) for text in own.rows]
        where = " WHERE " + " AND ".join(f"({each.text})" for each in rules) if rules else ""
        text = query.sql(self._dialect.value) + where
        # A view may be how its maker keeps rows from people: what it leaves out is not tried on either.
        fence = _FENCE[self._dialect] if rules or below else ""
        always = any(each.asks for each in rules)
        plain = self._qualified(below + text + (fence if always else ""))
        fenced = self._qualified(fenced_below + text + fence)
        tables = self.agreed(f"({fenced})")
        masked_here = frozenset(own.masks) - own.hidden_columns
        short = exp.select(exp.Star()).from_(exp.Table(this=_name(table.name), db=place)).sql(self._dialect.value)
        return Shield(plain, fenced, short, self._dialect, own, frozenset(tables.read), masked_here)

    def _view(self, table: Table, own: TableRights, origin: Origin) -> Shield | None:
        query, below = self._below(table, origin)
        if not below and own == _NOTHING:
            return None
        masks = _masked_outputs(query, table, below.values(), self.spelling)
        safe = cannot_fail(query.tree.root, self._dialect)
        inner = [self._rewritten(_body(origin.definition), fence) for fence in (not safe, True)]
        name, *columns = (_name(each).sql(self._dialect.value) for each in (table.name, *table.by_name))
        plain, fenced = (f"WITH {name}({', '.join(columns)}) AS ({text}) " for text in inner)
        left = replace(own, derived=any(each.limited for each in below.values()))
        select = exp.select(*self._columns(table, own)).from_(exp.Table(this=_name(table.name)))
        shield = self._finished(table, left, select, plain, fenced)
        return replace(shield, masked=shield.masked | (masks - own.hidden_columns))

    def _below(self, table: Table, origin: Origin) -> tuple[Understood, Mapping[str, TableRights]]:
        """A view's query, and what is left of those tables below it that are less than whole."""
        body = _body(origin.definition)
        if not body:
            raise refusal("policy_view", table=table.name)
        query, tables = self.understood(body)
        if self._dialect is Dialect.DUCKDB and table.namespace and any(not n.db for n, _ in tables.references):
            raise refusal("policy_view", table=table.name)  # where such a name leads is not written down
        below = {key: own for key in tables.read if (own := self.rights(key)) is not None}
        if any(f"{key}.{column}" in query.columns for key, own in below.items() for column in own.hidden_columns):
            raise refusal("policy_view", table=table.name)
        return query, below

    def _rewritten(self, body: str, fence: bool) -> str:
        """A view's query with what stands for the tables below it."""
        query, tables = self.understood(body)
        return self.rewritten(query, self.references(tables), fence, qualify=True)

    def _qualified(self, text: str) -> str:
        """The text with a namespace before every table: a named query around it might have the name of one."""
        _, tables = self.understood(text)
        changes = []
        for node, key in tables.references:
            place = self._place(self._whole.by_key[key])
            if place is not None and node.args.get("db") is None:
                start = int(node.this.meta["start"])
                changes.append((start, start, place.sql(self._dialect.value) + "."))
        return spliced(text, changes)

    def rewritten(self, query: Understood, references: Sequence[Reference], fence: bool, qualify: bool) -> str:
        """The text that runs for a query over these tables, proved to say what it should. Its tree is used up."""
        result = rewritten(query.tree, references, self.spelling, fence, qualify)
        again = parse(read(result.short, self._dialect))
        # Its nodes and words are those that the guard has allowed, and our own: equal trees say so.
        if again.root != query.tree.root:
            raise refusal("policy_unclear")
        tables = self._tables(again.statement)
        Resolver(again, tables).resolve()
        if set(tables.read) != {each.table.key for each in references}:
            raise refusal("policy_unclear")
        check_parses(result.text, self._dialect)
        return result.text

    def _refuse_copies(self, table: Table, origin: Origin) -> None:
        """A table that keeps rows of others, taken whole, may be read only where those others are whole."""
        taken = self._rights.hidden_tables | set(self._rights.tables)
        body = _body(origin.definition)
        if table.is_view:
            if not body:
                raise refusal("policy_view", table=table.name)
            _, tables = self.understood(body)
            if any(key in taken or self.of(key) is not None for key in tables.read):
                raise refusal("policy_copy", table=table.name)
        elif any(re.search(rf"(?<!\w){re.escape(key)}(?!\w)", origin.definition, re.IGNORECASE) for key in taken):
            raise refusal("policy_copy", table=table.name)

    def _place(self, table: Table) -> exp.Identifier | None:
        namespace = table.namespace or self._namespace
        return _name(namespace) if namespace else None


def _name(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def _body(definition: str) -> str:
    """The query of a view, from the query itself or from CREATE VIEW."""
    if not re.match(r"\s*CREATE\b", definition, re.IGNORECASE):
        return definition.strip()
    # What stands before is names, perhaps in quotes, and a list of columns in parentheses.
    pattern = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|\([^)]*\)|\bAS\b""", re.IGNORECASE)
    for match in pattern.finditer(definition):
        if match.group().upper() == "AS":
            return definition[match.end() :].strip()
    return ""


def _masked_outputs(
    query: Understood, table: Table, below: Iterable[TableRights], spelling: Spelling
) -> frozenset[str]:
    """The columns of a view that show masked values: told column by column where its query allows, else all of them."""
    masks = {spelling.column(spelling.stored(name)) for own in below for name in own.masks}
    if not masks:
        return frozenset()
    root = query.tree.root
    items = root.expressions if isinstance(root, exp.Select) else []
    if len(items) != len(table.columns) or any(isinstance(node, exp.Star) for item in items for node in item.walk()):
        return frozenset(column.name for column in table.columns)
    return frozenset(
        column.name
        for column, item in zip(table.columns, items, strict=True)
        if any(spelling.column(name) in masks for name in item.find_all(exp.Identifier))
    )
