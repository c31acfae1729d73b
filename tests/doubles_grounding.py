"""Small real stand-ins for tests of grounding."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, zip_longest
from uuid import UUID, uuid4

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.result import ResultColumn, ResultTable
from core.connections.samples import ColumnRead
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.connections.statistics import Statistics, TableStatistics
from core.errors import NotFound
from core.grounding.names import singular, words_of
from core.models.embeddings import DIMENSIONS
from core.security.permissions import Actor
from core.store.sessions import Store
from core.store.tables import connections, descriptions, people

TEXT, NUMBER, WHOLE, DAY = Kind.TEXT, Kind.NUMBER, Kind.INTEGER, Kind.DATE


def table(
    called: str, key: str, comment: str = "", refers: Mapping[str, str] | None = None, /, **columns: Kind
) -> Table:
    """A table with a key; `refers` maps a column to `table.column`; `columns` are the others by kind."""
    foreign = [(c, *to.split(".")) for c, to in (refers or {}).items()]
    every = {key: WHOLE, **{c: WHOLE for c, _, _ in foreign}, **columns}
    return Table(
        called,
        tuple(Column(c, kind.value, kind) for c, kind in every.items()),
        primary_key=(key,),
        foreign_keys=tuple(ForeignKey((c,), to, (their,)) for c, to, their in foreign),
        comment=comment,
    )


SHOP = Schema(
    Dialect.POSTGRES,
    (
        table("regions", "id", "Regions: where we sell | 区域：销售区域", name=TEXT),
        table("customers", "id", "", {"region_id": "regions.id"}, name=TEXT, segment=TEXT, email=TEXT),
        table("products", "id", "Products: what we sell | 商品：我们卖的东西", name=TEXT, brand=TEXT, price=NUMBER),
        table(
            "orders",
            "id",
            "Orders: one for each purchase | 订单：每次购买一张",
            {"customer_id": "customers.id"},
            status=TEXT,
            ordered_on=DAY,
            shipping_fee=NUMBER,
        ),
        table(
            "order_lines",
            "id",
            "",
            {"order_id": "orders.id", "product_id": "products.id"},
            quantity=WHOLE,
            net_amount=NUMBER,
        ),
    ),
)
SHOP_VALUES: dict[tuple[str, str], list[str]] = {
    ("regions", "name"): ["North", "South", "São Tomé"],
    ("customers", "name"): ["Alice Smith", "Bob Jones", "王小明"],
    ("customers", "segment"): ["Consumer", "Corporate"],
    ("products", "name"): ["Oak Table", "Pine Table", "Berlin Lamp"],
    ("products", "brand"): ["Larkmoor", "Casa Lume"],
    ("orders", "status"): ["completed", "cancelled", "open"],
}


def wide(tables: int, columns: int = 20) -> Schema:
    """A schema of many tables in a chain of keys, each with a subject of its own."""
    subjects = ("shipment", "invoice", "visit", "ticket", "campaign", "contract", "machine", "lesson", "flight", "meal")
    return Schema(
        Dialect.POSTGRES,
        tuple(
            table(
                f"{subjects[n % 10]}_batch_{n}",
                "id",
                "",
                {"before_id": f"{subjects[(n - 1) % 10]}_batch_{n - 1}.id"} if n else None,
                **{f"{subjects[(n + c) % 10]}_field_{c}": (TEXT, NUMBER, DAY)[c % 3] for c in range(columns)},
            )
            for n in range(tables)
        ),
    )


class BagOfWords:
    """An embedding model without a model: texts that share words lie close. `calls` counts the texts it saw."""

    name = "bag-of-words"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def encode(self, texts: Sequence[str], is_query: bool) -> NDArray[np.float32]:
        self.calls.extend(texts)
        vectors = np.full((len(texts), DIMENSIONS), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words_of(text):
                vectors[row, int(hashlib.sha256(singular(word).encode()).hexdigest(), 16) % DIMENSIONS] += 1
        return vectors


@dataclass(frozen=True)
class PaperConnection:
    """A database on paper: a schema, and the values of its columns."""

    id: UUID
    schema: Schema
    columns: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        return Scope(self.schema.dialect, self.schema)

    def check(self, sql: str) -> CheckedQuery:
        return check(sql, self.scope)

    def sample(self, table_key: str, count: int = 5) -> ResultTable:
        columns = self.schema.by_key[table_key].columns
        cells = [list(self.columns.get((table_key, column.name), ()))[:count] for column in columns]
        rows = tuple(zip_longest(*cells))
        return ResultTable(tuple(ResultColumn(column.name, column.kind) for column in columns), rows, False, 0.0)

    def statistics(self) -> Statistics:
        """Another mark for each table whose values are others."""
        rows = {t.key: [(c.name, self.columns.get((t.key, c.name))) for c in t.columns] for t in self.schema.tables}
        return {key: TableStatistics(hashlib.sha256(repr(cells).encode()).hexdigest()) for key, cells in rows.items()}

    def read_columns(self, reads: Sequence[ColumnRead]) -> Iterator[tuple[Sequence[ColumnRead], list[list[str]]]]:
        """One table after another; `read` notes which."""
        for key, own in groupby(reads, key=lambda read: read.table):
            self.read.append(key)
            some = list(own)
            yield some, [list(self.columns.get((key, read.column), ()))[: read.limit] for read in some]

    def values_of(
        self, table_key: str, columns: Sequence[str], limit: int = 100, seconds: float = 15.0
    ) -> dict[str, list[str]]:
        return {column: list(self.columns.get((table_key, column), ()))[:limit] for column in columns}

    def shared_values(
        self, one: tuple[str, str], other: tuple[str, str], seconds: float = 5.0
    ) -> tuple[int, int] | None:
        seen, there = set(self.columns.get(one, ())), set(self.columns.get(other, ()))
        return len(seen), len(seen & there)


class PaperDatabases:
    """Databases on paper, kept in the store as the registry would; `read` counts how often each was refreshed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._papers: dict[UUID, PaperConnection] = {}
        self.read = 0

    def add(self, schema: Schema, values: Mapping[tuple[str, str], Sequence[str]] | None = None) -> UUID:
        connection_id = uuid4()
        self._papers[connection_id] = PaperConnection(connection_id, schema, values or {})
        owner = {"email": f"{connection_id}@example.org", "name": "owner", "password_hash": "-", "role": "admin"}
        with self._store.begin() as line:
            owner_id = line.scalar(sa.insert(people).values(owner).returning(people.c.id))
            row = {"id": connection_id, "owner_id": owner_id, "name": str(connection_id), "kind": "postgresql"}
            seen = {"address": {}, "schema_version": schema.version}
            line.execute(sa.insert(connections).values(**row, **seen))
        return connection_id

    def alter(self, connection_id: UUID, **changes: object) -> None:
        """The database looks different from now on: `schema` or `columns`."""
        self._papers[connection_id] = replace(self._papers[connection_id], **changes)  # type: ignore[arg-type]

    def open(self, actor: Actor, connection_id: UUID) -> PaperConnection:
        if connection_id not in self._papers:
            raise NotFound
        paper = self._papers[connection_id]
        told = sa.select(descriptions).where(descriptions.c.connection_id == connection_id)
        words: dict[tuple[str, str], dict[str, str]] = {}
        with self._store.begin() as line:
            for row in line.execute(told):
                words.setdefault((row.table_key, row.column_name), {})[row.language] = row.text
        return replace(paper, schema=paper.schema.with_descriptions(words)) if words else paper

    def refresh(self, actor: Actor, connection_id: UUID) -> PaperConnection:
        self.read += 1
        paper = self.open(actor, connection_id)
        with self._store.begin() as line:
            mine = connections.c.id == connection_id
            line.execute(sa.update(connections).where(mine).values(schema_version=paper.schema.version))
        return paper


def unit_vectors(count: int, seed: int = 1) -> Iterator[list[float]]:
    """Random directions."""
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSIONS))
    yield from (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).tolist()
