"""Keys that a schema does not declare, told from names, so that tables without constraints can still be joined.

Only where a table declares none: its first column is its key if it is an id and the table holds more than ids; a column
points at the one table whose key has its name, or that it is named after ("customer_id" at customers.id).
"""

from collections import defaultdict
from dataclasses import replace

from core.answering.instant.words import singular
from core.connections.schema import ForeignKey, Schema, Table


def keyed(schema: Schema) -> Schema:
    """The schema with the keys that its tables leave unsaid."""
    named = {singular(t.name.lower()) + ending for t in schema.tables for ending in ("_id", "id")}
    tables = tuple(_with_primary(table, named) for table in schema.tables)
    owners: dict[str, list[Table]] = defaultdict(list)
    for table in tables:
        for name in _pointing_names(table) if not table.is_view else ():
            owners[name].append(table)
    alone = {name: found[0] for name, found in owners.items() if len(found) == 1}
    return replace(schema, tables=tuple(_with_foreign(table, alone) for table in tables))


def _is_id(name: str) -> bool:
    return name.lower().endswith(("id", "_key", "_code")) and name.lower() not in ("paid", "valid", "void", "bid")


def _with_primary(table: Table, named: set[str]) -> Table:
    """A bridge of ids alone has no key of its own; a first column named after another table points there."""
    if table.primary_key or table.is_view or not table.columns or not _is_id(table.columns[0].name):
        return table
    first, own = table.columns[0].name.lower(), singular(table.name.lower())
    if first in named and first not in (f"{own}_id", f"{own}id"):
        return table
    if all(_is_id(c.name) for c in table.columns):
        return table
    return replace(table, primary_key=(table.columns[0].name,))


def _pointing_names(table: Table) -> list[str]:
    """The names that a column pointing at this table would have."""
    if len(table.primary_key) != 1:
        return []
    key = table.primary_key[0].lower()
    own = singular(table.name.lower())
    return [f"{own}_id", f"{own}id"] if key == "id" else [key]


def _with_foreign(table: Table, owners: dict[str, Table]) -> Table:
    if table.foreign_keys or table.is_view:
        return table
    keys = []
    for column in table.columns:
        target = owners.get(column.name.lower())
        if target is not None and target.key != table.key:
            keys.append(ForeignKey((column.name,), target.key, target.primary_key))
    return replace(table, foreign_keys=tuple(keys)) if keys else table
