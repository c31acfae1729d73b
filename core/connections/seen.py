"""What one actor sees of a connection: the schema that policies leave to them.

Whatever names a hidden table or column goes with it: keys, indexes, and the words of people that speak of it.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.connections.guard.policies_masks import masked_column
from core.connections.guard.policies_shields import Shields
from core.connections.introspection import Naming
from core.connections.schema import Column, ForeignKey, Schema, Table
from core.errors import QueryRefused
from core.security.policies import MaskKind, Rights, TableRights

_KEPT = 64  # schemas with what is left of them


@dataclass(frozen=True)
class Seen:
    """A schema as one actor sees it, with their rights as they bind every table in it, views included."""

    schema: Schema
    rights: Rights
    shields: Shields | None = None


class Sights:
    """What people see of schemas, kept for those who may see the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[int, str, str], tuple[Schema, Seen]] = OrderedDict()

    def of(self, whole: Schema, rights: Rights, naming: Naming) -> Seen:
        """What these rights leave of the schema; the same object each time."""
        if not rights.version:
            return Seen(whole, rights)
        key = (id(whole), rights.version, rights.salt)
        with self._lock:
            made = self._made.get(key)
        # The schema is kept with what was made of it, so that no other can have its identity.
        made = made or (whole, see(whole, rights, naming))
        with self._lock:
            self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return made[1]


def see(whole: Schema, rights: Rights, naming: Naming) -> Seen:
    """What these rights leave of the schema. A table that cannot be shown without what is taken is hidden, too."""
    shields = Shields(whole, rights, naming.namespace, naming.ignores_case, routines=naming.routines)
    hidden = set(rights.hidden_tables)
    left: dict[str, TableRights] = {}
    for table in whole.tables:
        try:
            own = None if table.key in hidden else shields.rights(table.key)
        except QueryRefused:
            hidden.add(table.key)
            continue
        if own is not None:
            left[table.key] = own
            if all(column.name in own.hidden_columns for column in table.columns):
                hidden.add(table.key)
    full = Rights(frozenset(hidden), {key: left[key] for key in left if key not in hidden}, rights.version, rights.salt)
    return Seen(_schema(whole, full), full, shields)


def _schema(whole: Schema, rights: Rights) -> Schema:
    unspoken = {key.rpartition(".")[2] for key in rights.hidden_tables}
    tables = [
        _table(table, rights, unspoken | rights.tables.get(table.key, TableRights()).hidden_columns)
        for table in whole.tables
        if table.key not in rights.hidden_tables
    ]
    return Schema(whole.dialect, tuple(tables), {})


def _table(table: Table, rights: Rights, unspoken: Iterable[str]) -> Table:
    own = rights.tables.get(table.key, TableRights())
    visible = [column for column in table.columns if column.name not in own.hidden_columns]
    names = {column.name for column in visible}
    silent = _Silence(unspoken)
    columns = tuple(silent.column(masked_column(c, own.masks[c.name]) if c.name in own.masks else c) for c in visible)
    return replace(
        table,
        columns=columns,
        primary_key=table.primary_key if names.issuperset(table.primary_key) else (),
        unique_keys=tuple(key for key in table.unique_keys if names.issuperset(key)),
        indexes=tuple(index for index in table.indexes if names.issuperset(index)),
        foreign_keys=tuple(
            key for key in table.foreign_keys if names.issuperset(key.columns) and _leads(key, own, rights)
        ),
        comment=silent.text(table.comment),
        descriptions=silent.texts(table.descriptions),
        # How many rows there are in all is not for those who see some of them; and a part of them cannot be sampled.
        row_estimate=None if table.key in rights.tables else table.row_estimate,
    )


def _leads(key: ForeignKey, own: TableRights, rights: Rights) -> bool:
    """Whether a foreign key still joins: both ends are there, and masked, if at all, by the same digest."""
    far = rights.tables.get(key.referred_table, TableRights())
    if key.referred_table in rights.hidden_tables or far.hidden_columns.intersection(key.referred_columns):
        return False
    for here, there in zip(key.columns, key.referred_columns, strict=True):
        masks = own.masks.get(here), far.masks.get(there)
        if masks != (None, None) and {mask.kind if mask else None for mask in masks} != {MaskKind.HASH}:
            return False
    return True


class _Silence:
    """Leaves texts out that speak of what must not be named."""

    def __init__(self, unspoken: Iterable[str]) -> None:
        names = sorted(re.escape(name) for name in unspoken if name)
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)", re.IGNORECASE) if names else None

    def text(self, text: str) -> str:
        return "" if self._names and self._names.search(text) else text

    def texts(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        return {language: text for language, text in texts.items() if self.text(text)} if self._names else texts

    def column(self, column: Column) -> Column:
        if not self._names or not (column.comment or column.descriptions):
            return column
        return replace(column, comment=self.text(column.comment), descriptions=self.texts(column.descriptions))
