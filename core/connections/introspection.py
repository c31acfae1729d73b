"""Schema from what a catalogue lists: rows of tables, columns and keys, put together the same way for every database.

Each kind of database has a module of catalogue questions (`catalogue_…`), a few for the whole database and never one
for each table, so that a thousand tables take no longer than the server needs to list them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.connections.routines import NONE_READ, Routines
from core.connections.schema import Column, Dialect, ForeignKey, Origin, Schema, Table

Place = tuple[str, str]  # namespace ("" for the default one) and table


@dataclass(frozen=True)
class Naming:
    """How a database reads names. `namespace` is what it calls its default one, where that is not the same everywhere;
    `ignores_case` says that it does not tell tables apart by their capitals; `routines` what functions there are."""

    namespace: str = ""
    ignores_case: bool = False
    routines: Routines = NONE_READ


@dataclass(frozen=True)
class ListedTable:
    """A table or view as the catalogue lists it."""

    place: Place
    is_view: bool = False
    comment: str = ""
    row_estimate: int | None = None


@dataclass(frozen=True)
class ListedKey:
    """A foreign key as the catalogue lists it."""

    place: Place
    columns: tuple[str, ...]
    referred: Place
    referred_columns: tuple[str, ...]


@dataclass
class Listing:
    """Everything a catalogue says; columns in their order, unique keys without the primary one."""

    tables: list[ListedTable] = field(default_factory=list)
    columns: dict[Place, list[Column]] = field(default_factory=lambda: defaultdict(list))
    primary_keys: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    unique_keys: dict[Place, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    indexes: dict[Place, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    foreign_keys: list[ListedKey] = field(default_factory=list)
    origins: dict[Place, Origin] = field(default_factory=dict)

    def schema(self, dialect: Dialect) -> Schema:
        """The finished schema, tables by key. A table without columns, or a key to nowhere, is left out."""
        known = {table.place: table for table in self.tables if self.columns.get(table.place)}
        foreign: dict[Place, list[ForeignKey]] = defaultdict(list)
        for key in self.foreign_keys:
            if key.place in known and key.referred in known and len(key.columns) == len(key.referred_columns):
                foreign[key.place].append(ForeignKey(key.columns, _key(key.referred), key.referred_columns))
        places = sorted(known, key=lambda place: _key(place))
        tables = tuple(self._table(known[place], foreign[place]) for place in places)
        return Schema(dialect, tables, {_key(place): self.origins[place] for place in places if place in self.origins})

    def _table(self, listed: ListedTable, foreign: Iterable[ForeignKey]) -> Table:
        namespace, name = listed.place
        primary = self.primary_keys.get(listed.place, ())
        unique = sorted(key for key in set(self.unique_keys.get(listed.place, ())) if key != primary)
        return Table(
            name=name,
            columns=tuple(self.columns[listed.place]),
            namespace=namespace,
            primary_key=primary,
            foreign_keys=tuple(sorted(set(foreign), key=lambda key: (key.columns, key.referred_table))),
            unique_keys=tuple(unique),
            indexes=tuple(sorted(set(self.indexes.get(listed.place, ())))),
            comment=listed.comment,
            is_view=listed.is_view,
            row_estimate=listed.row_estimate,
        )


def _key(place: Place) -> str:
    namespace, name = place
    return f"{namespace}.{name}" if namespace else name
