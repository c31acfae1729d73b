"""Every sealed column of the store, in one place: what is rotated, counted and checked is exactly what stands here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.store import tables, tables_people


@dataclass(frozen=True)
class Sealed:
    """One column. `identity` is what its secrets are bound to: a form to be filled in with the row's primary key.

    `name` is the column that people know a row by.
    """

    column: "sa.Column[Any]"
    identity: str
    name: "sa.Column[Any]"

    @property
    def keys(self) -> Sequence["sa.Column[Any]"]:
        return list(self.column.table.primary_key.columns)

    @property
    def where(self) -> str:
        """The column as `table.column`."""
        return f"{self.column.table.name}.{self.column.name}"

    def identity_of(self, row: "sa.RowMapping") -> str:
        return self.identity.format(**{column.name: row[column.name] for column in self.keys})


SEALED: tuple[Sealed, ...] = (
    Sealed(tables.connections.c.sealed_password, "connections:{id}", tables.connections.c.name),
    Sealed(tables.models.c.sealed_key, "models:{id}", tables.models.c.name),
    Sealed(
        tables_people.second_factors.c.sealed_secret,
        "second_factors:{person_id}",
        tables_people.second_factors.c.person_id,
    ),
)


def key_of(column: "sa.Column[Any]") -> "sa.ColumnElement[str]":
    """The form and key id of a sealed text: `v2.<id>`."""
    return sa.func.concat(sa.func.split_part(column, ".", 1), ".", sa.func.split_part(column, ".", 2))


def uses(connection: sa.Connection) -> Counter[str]:
    """How many secrets are sealed with each key, by `v1.<operator's key>` and `v2.<data key>`."""
    found: Counter[str] = Counter()
    for sealed in SEALED:
        key = key_of(sealed.column)
        counted = sa.select(key, sa.func.count()).where(sealed.column != "", sealed.column.is_not(None)).group_by(key)
        for name, number in connection.execute(counted):
            found[name] += number
    return found
