"""How far the index of each table is: from what its documents were made, when its values were read, its statistics.

A table whose mark still fits is left alone by the next build.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.connections.differences import SchemaChange
from core.connections.statistics import ColumnStatistics
from core.store.sessions import Store
from core.store.tables_catalogue import indexed_tables

STALE = timedelta(days=1)  # where a server does not say whether rows changed, values are read anew after this long
SHAPE = 16  # bytes of the mark of values that stand for the columns; what follows stands for the rows
_CHUNK = 500
_t = indexed_tables.c


@dataclass(frozen=True)
class TableMark:
    """What is indexed of one table. `values` begins with what its columns were, and goes on with what its rows were."""

    documents: bytes = b""
    values: bytes = b""
    values_at: datetime | None = None
    kept: int = 0

    def fits(self, wanted: bytes) -> bool:
        """Whether values that are to be read with this mark were read already."""
        if not self.values_at or self.values[:SHAPE] != wanted[:SHAPE]:
            return False
        if len(wanted) > SHAPE:
            return self.values == wanted
        return datetime.now(UTC) - self.values_at < STALE


@dataclass(frozen=True)
class ReadTable:
    """What reading one table gave: the mark to keep, how many values, and statistics by column."""

    table: str
    mark: bytes
    kept: int
    statistics: Mapping[str, ColumnStatistics]


class TableMarks:
    """The marks of all connections. Every method raises `StoreUnreachable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, connection_id: UUID) -> dict[str, TableMark]:
        """By `Table.key`; tables that were never indexed have none."""
        query = sa.select(_t.table_key, _t.documents_hash, _t.values_hash, _t.values_at, _t.values_kept)
        with self._store.reading() as line:
            rows = line.execute(query.where(_t.connection_id == connection_id)).all()
        return {key: TableMark(bytes(documents), bytes(values), at, kept) for key, documents, values, at, kept in rows}

    def documents_made(self, connection_id: UUID, hashes: Mapping[str, bytes]) -> None:
        """From now on the documents of these tables are made of what these hashes stand for."""
        self._write(connection_id, [{"table_key": key, "documents_hash": value} for key, value in hashes.items()])

    def values_read(self, connection_id: UUID, tables: Sequence[ReadTable]) -> None:
        """The values of these tables were read just now."""
        self._write(
            connection_id,
            [
                {
                    "table_key": one.table,
                    "values_hash": one.mark,
                    "values_at": datetime.now(UTC),
                    "values_kept": one.kept,
                    "statistics": {name: _stored(known) for name, known in one.statistics.items()},
                }
                for one in tables
            ],
        )

    def statistics(self, connection_id: UUID, tables: Collection[str]) -> dict[tuple[str, str], ColumnStatistics]:
        """What is known of the columns of these tables, by (table key, column)."""
        query = sa.select(_t.table_key, _t.statistics).where(
            _t.connection_id == connection_id, _t.table_key == sa.any_(sa.literal(list(tables), sa.ARRAY(sa.Text)))
        )
        with self._store.reading() as line:
            rows = line.execute(query).all()
        return {(key, name): _loaded(known) for key, columns in rows for name, known in columns.items()}

    def forget(self, connection_id: UUID, change: SchemaChange) -> None:
        """Nothing is kept of tables and columns that are gone."""
        mine = _t.connection_id == connection_id
        with self._store.begin() as line:
            for start in range(0, len(change.dropped), _CHUNK):
                some = change.dropped[start : start + _CHUNK]
                line.execute(sa.delete(indexed_tables).where(mine, _t.table_key.in_(some)))
            for table in change.changed:
                if table.dropped:
                    left = _t.statistics.op("-")(sa.cast(list(table.dropped), sa.ARRAY(sa.Text)))
                    mended = sa.update(indexed_tables).where(mine, _t.table_key == table.table)
                    line.execute(mended.values(statistics=left))

    def keep_only(self, connection_id: UUID, tables: Collection[str]) -> None:
        """Nothing is kept of any table but these."""
        gone = tuple(key for key in self.of(connection_id) if key not in tables)
        if gone:
            self.forget(connection_id, SchemaChange(dropped=gone))

    def _write(self, connection_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), _CHUNK):
            some = [{"connection_id": connection_id, **row} for row in rows[start : start + _CHUNK]]
            written = insert(indexed_tables).values(some)
            fresh = {name: written.excluded[name] for name in rows[0] if name != "table_key"}
            with self._store.begin() as line:
                line.execute(written.on_conflict_do_update(index_elements=["connection_id", "table_key"], set_=fresh))


def _stored(known: ColumnStatistics) -> dict[str, Any]:
    """Without the values, which have a place of their own, and without what is not known."""
    return {name: value for name, value in asdict(known).items() if value is not None and name != "values"}


def _loaded(stored: Mapping[str, Any]) -> ColumnStatistics:
    return ColumnStatistics(**stored)
