"""How long it takes to know a very large database: its catalogue, an index of it, and what changed since."""

import gc
import resource
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from core.connections.addresses import NewConnection
from core.connections.engines import ENGINES
from core.connections.introspection import Naming
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.connections.session import Limits, Session
from core.connections.stored_schema import SeenSchema, dump
from core.errors import InvalidInput, Stopped
from core.evaluation.wide_database import WideServer, table_name, wide_server
from core.grounding.ground import Knowledge
from core.grounding.progress import VALUES, VECTORS, IndexProgress
from core.grounding.table_marks import TableMarks
from core.models.embeddings import Embedder
from core.portal import Portal
from core.security.permissions import SYSTEM

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLES, COLUMNS, WIDE = 10_000, 10, 30
_SECONDS = 120.0
Found = TypeVar("Found")


def measure(
    opened: Portal, folder: Path, tables: int = TABLES, columns: int = COLUMNS
) -> dict[str, Mapping[str, object]]:
    """Figures by engine, seconds all; `statements` are the questions to the catalogue. `cached_schema` is a schema of
    so many tables × 30 columns in the memory of the portal, megabytes."""
    figures: dict[str, Mapping[str, object]] = {}
    for dialect in (Dialect.POSTGRES, Dialect.MYSQL):
        try:
            with wide_server(dialect, folder, tables, columns) as server:
                figures[server.kind] = _of_engine(opened, server)
        except InvalidInput as error:
            figures[dialect.value] = {"error": str(error.values.get("problem", error))}
    figures["cached_schema"] = _cached(opened, tables)
    return figures


def _of_engine(opened: Portal, server: WideServer) -> Mapping[str, object]:
    target = server.target
    with closing(ENGINES[server.kind].open(target, Limits(_SECONDS))) as session:
        counted = _Counted(session)
        seconds, schema = _timed(lambda: ENGINES[server.kind].introspect(counted))
    place = (target.host, target.port, target.database, target.user, target.password)
    adding, info = _timed(lambda: opened.connections.add(SYSTEM, NewConnection(server.kind, server.kind, *place)))
    knowledge = Knowledge(opened.store, Embedder(_Nobody()), opened.connections, opened.jobs, opened.audit)
    first = _build(knowledge, info.id)
    again = _build(knowledge, info.id)
    before = TableMarks(opened.store).of(info.id)
    server.run(f"ALTER TABLE {table_name(len(schema.tables) // 2)} ADD COLUMN remark varchar(40)")
    changed = _build(knowledge, info.id)
    after = TableMarks(opened.store).of(info.id)
    return {
        "tables": len(schema.tables),
        "columns": sum(len(table.columns) for table in schema.tables),
        "statements": counted.asked,
        "introspection": seconds,
        "connect": adding,
        "usable_index": first[VALUES],
        "connect_to_usable_index": round(adding + first[VALUES], 2),
        "values_read": first[VECTORS],
        "unchanged_run": again[VECTORS],
        "run_after_one_table_changed": changed[VECTORS],
        "tables_touched": sum(1 for key, mark in after.items() if before.get(key) != mark),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _build(knowledge: Knowledge, connection_id: UUID) -> dict[str, float]:
    """Seconds to the beginning of each step; it ends where vectors would begin."""
    started, reached = time.perf_counter(), dict[str, float]()

    def watch(progress: IndexProgress) -> None:
        reached.setdefault(progress.step, round(time.perf_counter() - started, 2))
        if progress.step == VECTORS:
            raise Stopped

    with suppress(Stopped):
        knowledge.build(connection_id, watch)
    return reached


def _timed(do: Callable[[], Found]) -> tuple[float, Found]:
    started = time.perf_counter()
    found = do()
    return round(time.perf_counter() - started, 2), found


def _cached(opened: Portal, tables: int) -> Mapping[str, object]:
    """A schema of the portal's own making, as the registry keeps and opens it."""
    info = opened.connections.list(SYSTEM)[0]
    shelf = opened.connections.shelf
    shelf.update(info.id, schema=dump(SeenSchema(_wide_schema(tables, WIDE), Naming())))
    cold, _ = _timed(lambda: opened.connections.open(SYSTEM, info.id))
    warm, connection = _timed(lambda: opened.connections.open(SYSTEM, info.id))
    columns = sum(len(table.columns) for table in connection.schema.tables)
    kept = replace(shelf.find(SYSTEM, info.id), schema_hash="read anew")
    gc.collect()
    tracemalloc.start()
    shelf.schema(kept)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"tables": tables, "columns": columns, "cold": cold, "warm": warm, "megabytes": round(size / 1e6)}


def _wide_schema(tables: int, columns: int) -> Schema:
    def table(number: int) -> Table:
        own = [
            Column(f"{table_name(number + place)}_{place}", "numeric(12,2)", Kind.NUMBER) for place in range(columns)
        ]
        key = ForeignKey((own[1].name,), table_name(number // 2), ("id",))
        return Table(table_name(number), tuple(own), primary_key=(own[0].name,), foreign_keys=(key,))

    return Schema(Dialect.POSTGRES, tuple(table(number) for number in range(tables)), {})


class _Counted:
    """A session that counts the questions to its catalogue."""

    def __init__(self, session: Session) -> None:
        self._session, self.asked = session, 0
        self.dialect, self.limits, self.server = session.dialect, session.limits, session.server
        self.files, self.read, self.cancel = session.files, session.read, session.cancel
        self.abandon, self.close = session.abandon, session.close

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        self.asked += 1
        return self._session.look(sql, parameters)


class _Nobody:
    """An embedding model that nobody asks: the figures end where it would begin."""

    name = "none"

    def encode(self, texts: Sequence[str], is_query: bool) -> "NDArray[np.float32]":  # noqa: ARG002
        raise Stopped
