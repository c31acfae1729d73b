"""A PostgreSQL database of 1,000 related tables, for `bench overhead`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from core.connections.addresses import NewConnection
from core.connections.opened import Connection
from core.connections.schema import Dialect
from core.evaluation.databases import Found
from core.evaluation.scratch import Scratch
from core.grounding.ground import Knowledge
from core.models.embeddings import DIMENSIONS, Embedder
from core.portal import Portal
from core.security.permissions import SYSTEM

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLES = 1000
_ROWS = 5
_THINGS = (
    *("account", "asset", "batch", "branch", "budget", "campaign", "claim", "contract", "course", "delivery", "device"),
    *("employee", "event", "flight", "goal", "hotel", "invoice", "journal", "lease", "loan", "machine", "member"),
    *("order", "patient", "payment", "policy", "product", "project", "ticket", "vehicle", "visit", "warehouse"),
)
_PARTS = (
    *("archive", "audit", "category", "comment", "detail", "document", "forecast", "group", "history", "line", "link"),
    *("location", "log", "master", "note", "option", "phase", "plan", "price", "region", "request", "review", "rule"),
    *("schedule", "share", "stage", "status", "summary", "target", "type", "version", "week"),
)


def wide_connection(opened: Portal, scratch: Scratch, tables: int = TABLES) -> Connection:
    """The database, connected and indexed. Its vectors are scattered at random: only how long a search takes counts."""
    file = scratch.folder / "wide.sql"
    file.write_text(";\n".join([*_statements(tables), ""]), encoding="utf-8")
    target = scratch.open(Found("wide", Dialect.POSTGRES, file, dump=True)).target
    new = NewConnection("Wide", "postgresql", target.host, target.port, target.database, target.user, target.password)
    info = opened.connections.add(SYSTEM, new)
    embedder = Embedder(_Scattered(opened.models.embedder().name))
    Knowledge(opened.store, embedder, opened.connections, opened.jobs, opened.audit).build(info.id)
    return opened.connections.open(SYSTEM, info.id)


def _statements(count: int) -> Iterator[str]:
    """CREATE TABLE and a few rows for so many tables, each pointing at one made before it."""
    metadata, dialect = sa.MetaData(), postgresql.dialect()  # type: ignore[no-untyped-call]
    tables: list[sa.Table] = []
    for number in range(count):
        thing, part = _THINGS[number % len(_THINGS)], _PARTS[number // len(_THINGS) % len(_PARTS)]
        parent = [sa.ForeignKey(tables[number // 2].c.id)] if tables else []
        tables.append(
            sa.Table(
                f"{thing}_{part}",
                metadata,
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("parent_id", sa.Integer, *parent),
                sa.Column(f"{thing}_name", sa.Text),
                sa.Column(f"{part}_code", sa.Text),
                sa.Column("amount", sa.Numeric(12, 2)),
                sa.Column("quantity", sa.Integer),
                sa.Column("created_on", sa.Date),
                sa.Column("is_active", sa.Boolean),
            )
        )
        yield str(CreateTable(tables[-1]).compile(dialect=dialect))
        rows = [
            {"id": row, f"{thing}_name": f"{thing} {row}", f"{part}_code": f"{part[:3]}{row}"} for row in range(_ROWS)
        ]
        yield str(tables[-1].insert().values(rows).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


class _Scattered:
    """Vectors at random, under the name of the model that will embed the questions."""

    def __init__(self, name: str) -> None:
        import numpy as np

        self.name = name
        self._chance = np.random.default_rng(1)

    def encode(self, texts: Sequence[str], is_query: bool) -> "NDArray[np.float32]":  # noqa: ARG002
        import numpy as np

        return self._chance.standard_normal((len(texts), DIMENSIONS), dtype=np.float32)
