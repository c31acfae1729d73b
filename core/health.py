"""How the portal is doing, in a handful of figures."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from core.security.permissions import Action, Actor, require
from core.store.sessions import Store
from core.store.tables import answers, connections, documents, people, sessions, value_columns


@dataclass(frozen=True)
class Health:
    """`ping_seconds` is one trip to the store and back; `counts` are rows, by what they are."""

    embedded: bool
    server_version: str
    revision: str
    store_megabytes: float
    ping_seconds: float
    counts: Mapping[str, int]


def examine(actor: Actor | None, store: Store) -> Health:
    """The figures of this moment. Raises `StoreUnreachable`."""
    require(actor, Action.SEE_HEALTH)
    open_sessions = sessions.c.ended_at.is_(None), sessions.c.expires_at > sa.func.now()
    waiting = sa.text("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
    count = sa.select(sa.func.count())
    with store.begin() as connection:
        started = time.perf_counter()
        connection.execute(sa.text("SELECT 1"))
        ping = time.perf_counter() - started
        counts = {
            "people": connection.scalar(count.select_from(people)),
            "sessions": connection.scalar(count.select_from(sessions).where(*open_sessions)),
            "connections": connection.scalar(count.select_from(connections)),
            "documents": connection.scalar(count.select_from(documents)),
            "documents_waiting": connection.scalar(count.select_from(documents).where(documents.c.embedding.is_(None))),
            "cell_values": connection.scalar(sa.select(sa.func.sum(value_columns.c.held))),
            "answers": connection.scalar(count.select_from(answers)),
            "jobs_waiting": connection.scalar(waiting),
        }
        size = connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0
        version = str(connection.scalar(sa.text("SHOW server_version"))).split(" ")[0]
        revision = str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))
    return Health(
        embedded=store.server is not None,
        server_version=version,
        revision=revision,
        store_megabytes=size / 1e6,
        ping_seconds=ping,
        counts={name: number or 0 for name, number in counts.items()},
    )
