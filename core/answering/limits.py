"""What an answer says of the rights it was made under: that rows were left out and columns masked, never how many.

Of rows that a policy takes away, a query says nothing, so it cannot say that there are none: a zero that may be the
rule's doing becomes an empty cell before anybody sees it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp

from core.answering.needs import Opened
from core.answering.sql_parts import SqlParts
from core.answering.wording import Wording
from core.connections.guard import CheckedQuery
from core.connections.result import ResultTable
from core.i18n import Phrase

_MOST = 6


@dataclass(frozen=True)
class Limits:
    """What policies keep from the person who asks: some rows of these `tables`, the values of these `columns`
    (table key, name)."""

    tables: frozenset[str] = frozenset()
    columns: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, connection: Opened) -> "Limits":
        """What is kept back from the person it was opened for."""
        rights = connection.scope.rights
        tables = frozenset(key for key, own in rights.tables.items() if own.limited)
        return cls(tables, frozenset((key, column) for key, own in rights.tables.items() for column in own.masks))


def said(query: CheckedQuery, wording: Wording) -> tuple[Phrase, ...]:
    """One phrase for rows left out and one for masked columns; none where nothing was kept back."""
    schema, phrases = wording.parts.schema, []
    if query.limited:
        names = [wording.table(schema.by_key[key]) for key in query.limited if key in schema.by_key]
        phrases.append(Phrase("rights.left_out", {"tables": wording.listed(names, most=_MOST)}))
    if query.masked:
        phrases.append(Phrase("rights.masked", {"columns": _capital(wording.listed(_columns(query, wording), _MOST))}))
    return tuple(phrases)


def infers(query: CheckedQuery) -> bool:
    """Whether a query chooses its rows by a masked column: asked often enough, that could tell what the mask hides."""
    masked = {column.rpartition(".")[2].casefold() for column in query.masked}
    if not masked:
        return False
    tree = sqlglot.parse_one(query.sql, dialect=query.dialect.value)
    chosen = (part for part in tree.find_all(exp.Where, exp.Having, exp.Join, exp.Case, exp.Filter))
    return any(column.name.casefold() in masked for part in chosen for column in part.find_all(exp.Column))


def _columns(query: CheckedQuery, wording: Wording) -> list[str]:
    """The masked columns as people call them, with their table."""
    names = []
    for masked in query.masked:
        key, _, column = masked.rpartition(".")
        table = wording.parts.schema.by_key.get(key)
        if table is not None and column in table.by_name:
            names.append(f"{key}.{column}")
    return names


def seen(query: CheckedQuery, table: ResultTable, parts: SqlParts) -> ResultTable:
    """The rows as they may be told: where rows were left out, a count of none is no answer and becomes empty."""
    if not query.limited or not table.rows:
        return table
    counted = _counted(table, parts)
    if not any(_zero(row[place]) for row in table.rows for place in counted):
        return table
    rows = tuple(
        tuple(None if place in counted and _zero(cell) else cell for place, cell in enumerate(row))
        for row in table.rows
    )
    return replace(table, rows=rows)


def of_blanks(query: CheckedQuery, parts: SqlParts) -> tuple[Phrase, ...]:
    """The step that says what an empty cell means, where there may be one for a zero."""
    counts = parts.tree.find(exp.AggFunc, exp.Exists) is not None
    return (Phrase("rights.blank"),) if query.limited and counts else ()


def _counted(table: ResultTable, parts: SqlParts) -> frozenset[int]:
    """The places of columns whose zero may mean that there was nothing to count."""
    if len(parts.selects) != len(table.columns):
        counts = parts.tree.find(exp.AggFunc, exp.Exists) is not None
        return frozenset(range(len(table.columns))) if counts else frozenset()
    return frozenset(place for place, select in enumerate(parts.selects) if _counts(parts.origin(select) or select))


def _counts(select: exp.Expr) -> bool:
    """Whether an expression can be zero for want of rows: a count, a sum over cases, a filled gap, an inner query."""
    if select.find(exp.Count, exp.CountIf, exp.ApproxDistinct, exp.Exists, exp.Subquery, exp.Select) is not None:
        return True
    filled = any(found.find(exp.AggFunc) is not None for found in select.find_all(exp.Coalesce))
    cases = any(found.find(exp.Case, exp.If) is not None for found in select.find_all(exp.Sum))
    return filled or cases or _is_total(select)


def _is_total(select: exp.Expr) -> bool:
    """SQLite's `total`, which is zero over nothing."""
    return any(found.name.lower() == "total" for found in select.find_all(exp.Anonymous))


def _zero(cell: Any) -> bool:
    return isinstance(cell, int | float | Decimal) and cell == 0


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
