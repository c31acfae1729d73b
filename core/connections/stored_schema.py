"""A schema as the portal keeps it: short JSON, so that a thousand tables are read in some tens of milliseconds."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from sys import intern
from typing import Any

from core.connections.introspection import Naming
from core.connections.routines import Routines
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Origin, Schema, Table


@dataclass(frozen=True)
class SeenSchema:
    """A schema as it was last seen, and how its database reads names."""

    schema: Schema
    naming: Naming


def dump(seen: SeenSchema) -> dict[str, Any]:
    """As JSON, without people's descriptions, which are kept apart."""
    tables = [_dump_table(table) for table in seen.schema.tables]
    naming = {"namespace": seen.naming.namespace, "ignores_case": seen.naming.ignores_case}
    stored: dict[str, Any] = {"dialect": seen.schema.dialect.value, "naming": naming, "tables": tables}
    stored["routines"] = seen.naming.routines.dumped()
    if seen.schema.origins is not None:
        stored["origins"] = {key: asdict(origin) for key, origin in seen.schema.origins.items()}
    return stored


def hash_of(stored: dict[str, Any]) -> str:
    """Equal for equal dumps, so that a schema that did not change need not be read again."""
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode("utf-8", "replace")).hexdigest()


def _dump_table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "namespace": table.namespace,
        "columns": [[c.name, c.type, c.kind.value, c.nullable, c.comment] for c in table.columns],
        "primary_key": table.primary_key,
        "foreign_keys": [[key.columns, key.referred_table, key.referred_columns] for key in table.foreign_keys],
        "unique_keys": table.unique_keys,
        "indexes": table.indexes,
        "comment": table.comment,
        "is_view": table.is_view,
        "row_estimate": table.row_estimate,
    }


def load(stored: dict[str, Any]) -> SeenSchema:
    """What `dump` wrote."""
    tables = tuple(_load_table(table) for table in stored["tables"])
    origins = {
        key: Origin(origin["definition"], origin["stored"], tuple(origin["parents"]))
        for key, origin in stored.get("origins", {}).items()
    }
    schema = Schema(Dialect(stored["dialect"]), tables, origins if "origins" in stored else None)
    routines = Routines.loaded(stored.get("routines", {}))
    return SeenSchema(schema, Naming(**stored.get("naming", {}), routines=routines))


def _load_table(stored: dict[str, Any]) -> Table:
    return Table(
        name=intern(stored["name"]),
        namespace=intern(stored["namespace"]),
        columns=tuple(
            # The same few names and types stand in thousands of tables: each is kept once.
            Column(intern(name), intern(declared), Kind(kind), nullable, intern(comment))
            for name, declared, kind, nullable, comment in stored["columns"]
        ),
        primary_key=_names(stored["primary_key"]),
        foreign_keys=tuple(
            ForeignKey(_names(own), intern(referred), _names(far)) for own, referred, far in stored["foreign_keys"]
        ),
        unique_keys=tuple(_names(key) for key in stored["unique_keys"]),
        indexes=tuple(_names(index) for index in stored.get("indexes", ())),
        comment=stored["comment"],
        is_view=stored["is_view"],
        row_estimate=stored["row_estimate"],
    )


def _names(stored: Iterable[str]) -> tuple[str, ...]:
    return tuple(intern(name) for name in stored)
