"""Writes the values of connections into the index, and reads samples of them back."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.connections.schema import Schema
from core.grounding.aliases import aliases_of
from core.grounding.value_blocks import FORM, Block, blocks_of
from core.grounding.value_keys import Keys
from core.grounding.values import MOST_DISTINCT, indexable
from core.store.sessions import Store
from core.store.tables import connections, value_blocks, value_columns

MOST_FREQUENT = 64  # values of a column that are kept in order
_PATIENCE = 120.0  # seconds for the values of one column
_SHELVED = 32  # connections
_CHUNK = 500  # columns
_COPY = "COPY value_blocks (column_id, kind, digest, body, keys) FROM STDIN"
_SORT_IN = sa.text("SELECT gin_clean_pending_list('ix_value_blocks_keys')")
_C, _B = value_columns.c, value_blocks.c


_Place = tuple[str, str]  # table key, column


@dataclass(frozen=True)
class ColumnValues:
    """The values of one column, the most frequent first. `complete` where these are all that the column has; None: so
    it is unless they are as many as may be."""

    table: str
    column: str
    values: Sequence[str]
    complete: bool | None = None

    @property
    def place(self) -> _Place:
        return self.table, self.column

    @cached_property
    def state(self) -> tuple[bytes, bool]:
        """By what is known whether they are the same as before: a digest, and whether they are complete."""
        return _digest(self.values), len(self.values) < MOST_DISTINCT if self.complete is None else self.complete


class _Known(NamedTuple):
    """A column that is listed already."""

    id: int
    state: tuple[bytes, bool] | None


_UNKNOWN = _Known(0, None)


@dataclass(frozen=True)
class ListedSize:
    """How much of a connection's values is listed: values, columns, columns not listed in full, and bytes in the store,
    the index over them included."""

    values: int = 0
    columns: int = 0
    in_part: int = 0
    bytes: int = 0


class ValueLists:
    """Writes the values of connections. Every method raises `StoreUnreachable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(
        self, connection_id: UUID, table: str, column: str, values: Sequence[str], complete: bool | None = None
    ) -> None:
        """Make these the values of one column, as `keep_many` does it."""
        self.keep_many(connection_id, [ColumnValues(table, column, values, complete)])

    def keep_many(self, connection_id: UUID, columns: Sequence[ColumnValues]) -> None:
        """Make these the values of their columns in place of what was there, all in one transaction and with a handful
        of statements. Only blocks that differ are written."""
        with self._store.begin(patience=_PATIENCE) as line:
            known = _known_columns(line, connection_id, {one.table for one in columns})
            new = [one for one in columns if known.get(one.place, _UNKNOWN).state != one.state]
            gone = [known[one.place].id for one in new if not one.values and one.place in known]
            if gone:
                line.execute(sa.delete(value_columns).where(_C.id.in_(gone)))
            ids = _write_columns(line, connection_id, [one for one in new if one.values])
            keys = Keys.of(connection_id)
            blocks = (
                (ids[one.place], blocks_of(one.values, aliases_of(one.table, one.column, one.values), keys))
                for one in new
                if one.values
            )
            _replace(line, [ids[one.place] for one in new if one.values and one.place in known], blocks)

    def keep_only(self, connection_id: UUID, schema: Schema) -> None:
        """Forget the values of columns that are no longer there or should not be listed."""
        listed = {(t.key, c.name) for t in schema.tables for c in t.columns if indexable(t, c)}
        mine = sa.select(_C.id, _C.table_key, _C.column_name).where(_C.connection_id == connection_id)
        with self._store.begin(patience=_PATIENCE) as line:
            gone = [row.id for row in line.execute(mine) if (row.table_key, row.column_name) not in listed]
            if gone:
                line.execute(sa.delete(value_columns).where(_C.id.in_(gone)))

    def samples(self, connection_id: UUID, each: int = 5) -> dict[tuple[str, str], list[str]]:
        """The most frequent values of every listed column, at most 64, by (table key, column)."""
        few = _C.most_frequent[1 : min(each, MOST_FREQUENT)]
        query = sa.select(_C.table_key, _C.column_name, few).where(_C.connection_id == connection_id).order_by(_C.id)
        with self._store.reading() as line:
            return {(table, column): list(found) for table, column, found in line.execute(query)}

    def size(self, connection_id: UUID) -> ListedSize:
        """How much is listed. The bytes are the connection's share of the store's blocks, by its values."""
        columns = sa.select(
            sa.func.coalesce(sa.func.sum(_C.held), 0),
            sa.func.count(),
            sa.func.count().filter(sa.not_(_C.complete)),
        ).where(_C.connection_id == connection_id)
        whole = sa.func.pg_total_relation_size("value_blocks"), sa.select(sa.func.sum(_C.held)).scalar_subquery()
        with self._store.reading() as line:
            values, listed, in_part = line.execute(columns).one()
            size, held = line.execute(sa.select(*whole)).one()
        return ListedSize(int(values), listed, in_part, int(size * values / held) if held else 0)


def _known_columns(line: sa.Connection, connection_id: UUID, tables: Collection[str]) -> dict[_Place, _Known]:
    query = sa.select(_C.table_key, _C.column_name, _C.id, _C.digest, _C.complete).where(
        _C.connection_id == connection_id, _C.table_key == sa.any_(sa.literal(list(tables), sa.ARRAY(sa.Text)))
    )
    rows = line.execute(query)
    return {
        (table, column): _Known(which, (bytes(digest), complete)) for table, column, which, digest, complete in rows
    }


def _write_columns(line: sa.Connection, connection_id: UUID, columns: Sequence[ColumnValues]) -> dict[_Place, int]:
    """The ids of these columns, whether or not they were there before."""
    ids: dict[_Place, int] = {}
    # Always in one order: two who write the same columns wait for each other, and not in a circle.
    ordered = sorted(columns, key=lambda one: one.place)
    for start in range(0, len(ordered), _CHUNK):
        rows = [
            {
                "connection_id": connection_id,
                "table_key": one.table,
                "column_name": one.column,
                "held": len(one.values),
                "complete": one.state[1],
                "digest": one.state[0],
                "most_frequent": list(one.values[:MOST_FREQUENT]),
            }
            for one in ordered[start : start + _CHUNK]
        ]
        write = insert(value_columns).values(rows)
        fresh = {name: write.excluded[name] for name in ("held", "complete", "digest", "most_frequent")}
        where = ["connection_id", "table_key", "column_name"]
        kept = write.on_conflict_do_update(index_elements=where, set_=fresh)
        returned = line.execute(kept.returning(_C.table_key, _C.column_name, _C.id))
        ids.update(((table, column), which) for table, column, which in returned)
    return ids


def _replace(line: sa.Connection, known: Sequence[int], blocks: Iterable[tuple[int, Iterable[Block]]]) -> None:
    """Write the blocks of columns that are new, and take away those of known columns that are no longer."""
    old = sa.select(_B.id, _B.column_id, _B.digest).where(
        _B.column_id == sa.any_(sa.literal(list(known), sa.ARRAY(sa.Integer)))
    )
    gone = {(column_id, digest): which for which, column_id, digest in line.execute(old)} if known else {}
    driver, written = line.connection.driver_connection, False
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for column_id, of_it in blocks:
            for block in of_it:
                if gone.pop((column_id, block.digest), None) is None:
                    keys = "{" + ",".join(map(str, block.keys)) + "}"
                    copy.write_row((column_id, int(block.kind), block.digest, block.body, keys))
                    written = True
    if written:
        line.execute(_SORT_IN)
    if gone:
        line.execute(sa.delete(value_blocks).where(_B.id.in_(gone.values())))


def _digest(values: Sequence[str]) -> bytes:
    found = blake2b(FORM, digest_size=16)
    for value in values:
        found.update(value.encode("utf-8", "surrogatepass") + b"\x00")
    return found.digest()


class SampleShelf:
    """The first values of every column, read once for each state of a connection's index. Safe for many threads."""

    def __init__(self, store: Store, each: int = 64) -> None:
        self._store, self._lists, self._each = store, ValueLists(store), each
        self._lock = threading.Lock()
        self._kept: OrderedDict[UUID, tuple[str, _Samples]] = OrderedDict()

    def of(self, connection_id: UUID) -> "_Samples":
        """At most 64 values of each listed column, the most frequent first, by (table key, column)."""
        stamp = self._stamp(connection_id)
        with self._lock:
            kept = self._kept.get(connection_id)
        if kept and kept[0] == stamp:
            return kept[1]
        samples = self._lists.samples(connection_id, self._each)
        with self._lock:
            self._kept[connection_id] = (stamp, samples)
            self._kept.move_to_end(connection_id)
            while len(self._kept) > _SHELVED:
                self._kept.popitem(last=False)
        return samples

    def _stamp(self, connection_id: UUID) -> str:
        """Changes with each step of a build and with its end, but not with its progress within a step."""
        step = connections.c.index_state["step"].astext
        change = sa.case((step == "done", sa.literal_column("connections.xmin::text")), else_="")
        query = sa.select(step, change).where(connections.c.id == connection_id)
        with self._store.reading() as connection:
            return str(connection.execute(query).first())


_Samples = Mapping[tuple[str, str], Sequence[str]]
