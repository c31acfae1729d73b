"""What is different between a schema as it was and as it is: for people who must know, and for indexes that follow."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.connections.schema import Schema, Table


@dataclass(frozen=True)
class TableChange:
    """What changed in one table: columns by name, those of another type with both types, and whether its keys did."""

    table: str
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()
    keys: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.dropped or self.retyped or self.keys)


@dataclass(frozen=True)
class SchemaChange:
    """Tables (`Table.key`) that are new, gone, or changed, each in order. False where nothing is."""

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    changed: tuple[TableChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.dropped or self.changed)

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        changed = [[t.table, t.added, t.dropped, t.retyped, t.keys] for t in self.changed]
        return {"added": self.added, "dropped": self.dropped, "changed": changed}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "SchemaChange":
        """What `stored` gave."""
        changed = tuple(
            TableChange(table, tuple(added), tuple(dropped), tuple((n, was, now) for n, was, now in retyped), keys)
            for table, added, dropped, retyped, keys in stored["changed"]
        )
        return cls(tuple(stored["added"]), tuple(stored["dropped"]), changed)


def differences(before: Schema, now: Schema) -> SchemaChange:
    """What a reader of `before` must know of `now`. Comments, descriptions and numbers of rows are no matter."""
    added = tuple(key for key in now.by_key if key not in before.by_key)
    dropped = tuple(key for key in before.by_key if key not in now.by_key)
    both = ((before.by_key[key], table) for key, table in now.by_key.items() if key in before.by_key)
    changed = tuple(change for was, table in both if was is not table and (change := _change(was, table)))
    return SchemaChange(added, dropped, changed)


def _change(was: Table, now: Table) -> TableChange:
    types, types_now = ({c.name: c.type for c in table.columns} for table in (was, now))
    return TableChange(
        now.key,
        tuple(name for name in types_now if name not in types),
        tuple(name for name in types if name not in types_now),
        tuple((name, types[name], kind) for name, kind in types_now.items() if types.get(name, kind) != kind),
        (was.primary_key, was.foreign_keys, was.unique_keys) != (now.primary_key, now.foreign_keys, now.unique_keys),
    )


def table_hash(table: Table) -> bytes:
    """Differs whenever names, types, keys, comments or descriptions of a table do, not when its rows do (32 bytes)."""
    columns = [(c.name, c.type, c.kind, c.nullable, c.comment, sorted(c.descriptions.items())) for c in table.columns]
    keys = (table.primary_key, [key.as_words() for key in table.foreign_keys], table.unique_keys, table.indexes)
    words = (table.key, table.comment, sorted(table.descriptions.items()), table.is_view)
    return hashlib.sha256(json.dumps([words, columns, keys]).encode("utf-8", "replace")).digest()
