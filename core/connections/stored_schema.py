"""A schema as the portal keeps it: short JSON, so that a thousand tables are read in some tens of milliseconds."""

from typing import Any

from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table


def dump(schema: Schema) -> dict[str, Any]:
    """The schema as JSON, without people's descriptions, which are kept apart."""
    return {"dialect": schema.dialect.value, "tables": [_dump_table(table) for table in schema.tables]}


def _dump_table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "namespace": table.namespace,
        "columns": [[c.name, c.type, c.kind.value, c.nullable, c.comment] for c in table.columns],
        "primary_key": table.primary_key,
        "foreign_keys": [[key.columns, key.referred_table, key.referred_columns] for key in table.foreign_keys],
        "unique_keys": table.unique_keys,
        "comment": table.comment,
        "is_view": table.is_view,
        "row_estimate": table.row_estimate,
    }


def load(stored: dict[str, Any]) -> Schema:
    """The schema that `dump` wrote."""
    return Schema(Dialect(stored["dialect"]), tuple(_load_table(table) for table in stored["tables"]))


def _load_table(stored: dict[str, Any]) -> Table:
    return Table(
        name=stored["name"],
        namespace=stored["namespace"],
        columns=tuple(
            Column(name, declared, Kind(kind), nullable, comment)
            for name, declared, kind, nullable, comment in stored["columns"]
        ),
        primary_key=tuple(stored["primary_key"]),
        foreign_keys=tuple(
            ForeignKey(tuple(own), referred, tuple(far)) for own, referred, far in stored["foreign_keys"]
        ),
        unique_keys=tuple(tuple(key) for key in stored["unique_keys"]),
        comment=stored["comment"],
        is_view=stored["is_view"],
        row_estimate=stored["row_estimate"],
    )
