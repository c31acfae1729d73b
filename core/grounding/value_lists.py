"""Writes the values of connections into the index, and reads samples of them back."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.connections.schema import Schema
from core.grounding.aliases import aliases_of
from core.grounding.value_blocks import Block, blocks_of
from core.grounding.value_keys import Keys
from core.grounding.values import MOST_DISTINCT, indexable
from core.store.sessions import Store
from core.store.tables import connections, value_blocks, value_columns

MOST_FREQUENT = 64  # values of a column that are kept in order
_PATIENCE = 120.0  # seconds for the values of one column
_SHELVED = 32  # connections
_COPY = "COPY value_blocks (column_id, kind, digest, body, keys) FROM STDIN"
_C, _B = value_columns.c, value_blocks.c


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
        """Make these the values of one column, the most frequent first, in place of what was there. Only blocks that
        differ are written, and all in one transaction. `complete` where these are all that the column has; None: so it
        is unless they are as many as may be."""
        place = {"connection_id": connection_id, "table_key": table, "column_name": column}
        where = [value_columns.c[name] == of_it for name, of_it in place.items()]
        digest, complete = _digest(values), len(values) < MOST_DISTINCT if complete is None else complete
        with self._store.begin(patience=_PATIENCE) as line:
            known = line.execute(sa.select(_C.digest, _C.complete).where(*where)).first()
            if known is not None and known.digest == digest and known.complete == complete:
                return
            if not values:
                line.execute(sa.delete(value_columns).where(*where))
                return
            now = {
                "held": len(values),
                "complete": complete,
                "digest": digest,
                "most_frequent": list(values[:MOST_FREQUENT]),
            }
            write = insert(value_columns).values(**place, **now)
            column_id = line.scalar(write.on_conflict_do_update(index_elements=list(place), set_=now).returning(_C.id))
            assert isinstance(column_id, int)
            _replace(line, column_id, blocks_of(values, aliases_of(table, column, values), Keys.of(connection_id)))

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


def _replace(line: sa.Connection, column_id: int, blocks: Iterable[Block]) -> None:
    """Write the blocks of a column that are new, and take away those that are no longer."""
    known = {
        digest: which for which, digest in line.execute(sa.select(_B.id, _B.digest).where(_B.column_id == column_id))
    }
    driver = line.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for block in blocks:
            if known.pop(block.digest, None) is None:
                keys = "{" + ",".join(map(str, block.keys)) + "}"
                copy.write_row((column_id, int(block.kind), block.digest, block.body, keys))
    if known:
        line.execute(sa.delete(value_blocks).where(_B.id.in_(known.values())))


def _digest(values: Sequence[str]) -> bytes:
    found = blake2b(digest_size=16)
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
