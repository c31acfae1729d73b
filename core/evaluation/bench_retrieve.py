"""How fast the schema search is, on synthetic documents in a database schema of their own that is gone afterwards."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateSchema, DropSchema

from core.grounding.documents import COLUMN, Document
from core.grounding.vectors import SchemaIndex, row_of
from core.models.embeddings import DIMENSIONS
from core.store.sessions import Store, open_url, waiting
from core.store.tables import documents

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIZES = (10_000, 100_000)
_SMALL = 100  # connections that share half of the documents; one big connection has the other half
_PER_TABLE = 20
_CHUNK = 2_000
_WARMING = 20
_WORD_LIST = """
    order customer invoice product price region date status amount name city country store payment refund shipment
    category supplier stock employee department salary budget project ticket channel campaign visit session device
"""
_WORDS = tuple(_WORD_LIST.split())


def measure(store: Store, sizes: Sequence[int] = SIZES, queries: int = 200) -> dict[str, dict[str, float]]:
    """Seconds of one search, words and vector, at each number of documents.

    {"100000": {"p50", "p95": over all searches; "p95_big", "p95_small": in a connection with half of all documents,
    and in one with a two-hundredth; "build": to build the vector index; "hnsw": 1 where the big search used it}}.
    """
    return {str(size): _measured(store, size, queries) for size in sizes}


def _measured(store: Store, size: int, queries: int) -> dict[str, float]:
    import numpy as np

    chance = np.random.default_rng(size)
    with _own_schema(store) as own:
        owners = [uuid4() for _ in range(_SMALL + 1)]
        build = _fill(own, owners, size, chance)
        _write_out(own)
        index = SchemaIndex(own)
        big = _timed(index, owners[:1], queries, chance)
        small = _timed(index, owners[1:], queries, chance)
        plan = index.explain(owners[0], "total orders by region", _unit(chance, 1)[0])
    both = np.percentile([*big, *small], [50, 95])
    return {
        "p50": float(both[0]),
        "p95": float(both[1]),
        "p95_big": float(np.percentile(big, 95)),
        "p95_small": float(np.percentile(small, 95)),
        "build": build,
        "hnsw": float("documents_embedding" in plan),
    }


def _timed(index: SchemaIndex, owners: Sequence[UUID], queries: int, chance: "np.random.Generator") -> list[float]:
    """Seconds of each search; the first ones, which warm the server's memory, are left out."""
    seconds = []
    for number in range(queries + _WARMING):
        text = f"total {' by '.join(chance.choice(_WORDS, 3))} in area{chance.integers(500)}"
        vector = _unit(chance, 1)[0]
        started = time.perf_counter()
        index.search(owners[number % len(owners)], text, vector)
        seconds.append(time.perf_counter() - started)
    return seconds[_WARMING:]


@contextmanager
def _own_schema(store: Store) -> Iterator[Store]:
    """A store whose documents lie in a schema of their own, dropped in the end."""
    name = f"bench_{uuid4().hex}"
    own = open_url(store.url, f"-c search_path={name},public")
    with own.begin() as connection:
        connection.execute(CreateSchema(name))
    try:
        yield own
    finally:
        with own.begin() as connection:
            connection.execute(DropSchema(name, cascade=True))
        own.engine.dispose()


def _fill(store: Store, owners: Sequence[UUID], size: int, chance: "np.random.Generator") -> float:
    """Write `size` documents with random vectors, half of them to the first owner; seconds of the vector index."""
    twin = documents.to_metadata(sa.MetaData(), referred_schema_fn=lambda *_: None)
    for constraint in [c for c in twin.constraints if isinstance(c, sa.ForeignKeyConstraint)]:
        twin.constraints.discard(constraint)
    indexes = sorted(twin.indexes, key=lambda index: str(index.name))
    twin.indexes.clear()
    with store.begin(patience=None) as connection:
        connection.execute(sa.schema.CreateTable(twin, include_foreign_key_constraints=[]))
        copy = connection.connection.cursor().copy(_COPY)
        with copy as rows:
            for start in range(0, size, _CHUNK):
                for number, vector in enumerate(_unit(chance, min(_CHUNK, size - start)), start):
                    owner = owners[0] if number % 2 else owners[1 + number // 2 % _SMALL]
                    rows.write_row(_copied(owner, number, vector, chance))
    seconds = 0.0
    for index in indexes:
        started = time.perf_counter()
        with store.begin(patience=None) as connection:
            connection.execute(sa.select(sa.func.set_config("maintenance_work_mem", "512MB", True)))
            connection.execute(CreateIndex(index))
        if "embedding" in str(index.name):
            seconds = time.perf_counter() - started
    with store.begin(patience=None) as connection:
        connection.execute(sa.text("ANALYZE documents"))
    return seconds


def _write_out(store: Store) -> None:
    """Have what was just built written to disk, where we may: else the first searches do it, page by page."""
    with store.engine.connect() as line, waiting(line, None):
        connection = line.execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            connection.execute(sa.text("CHECKPOINT"))


_COPIED = ("connection_id", "kind", "table_key", "column_name", "text", "text_hash", "search", "embedding")
_COPY = f"COPY documents ({', '.join(_COPIED)}) FROM STDIN"


def _copied(owner: UUID, number: int, vector: list[float], chance: "np.random.Generator") -> list[object]:
    """One column of a made-up table as a row to copy."""
    names = f"{chance.choice(_WORDS)} area{chance.integers(500)}"
    table = number // 2 // _PER_TABLE
    document = Document(COLUMN, f"table_{table}", f"column_{number}", names, names, f"{names} of table {table}", "")
    row = row_of(owner, document, b"")
    return [row["searched"] if name == "search" else row.get(name, json.dumps(vector)) for name in _COPIED]


def _unit(chance: "np.random.Generator", count: int) -> list[list[float]]:
    """Random vectors of length 1."""
    import numpy as np

    vectors: NDArray[np.float64] = chance.standard_normal((count, DIMENSIONS))
    rows: list[list[float]] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).tolist()
    return rows
