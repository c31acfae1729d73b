"""The demo shop and the connection to it, there whenever the portal runs in demo mode."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from uuid import UUID

from core.connections.addresses import NewConnection
from core.connections.registry import Connections
from core.errors import ConnectionFailed, NotFound
from core.security.permissions import Actor
from core.store.sessions import Store
from data import demo_shop

NAME = "Demo shop"
_log = logging.getLogger(__name__)


def prepare(
    store: Store, connections: Connections, owner: Actor, today: date, say: Callable[[str], None] = _log.info
) -> None:
    """The demo shop as of `today`, with a connection to it that everybody may ask. Takes seconds when it is built.

    A server on which no database may be made goes without the demo shop.
    """
    known = next((info for info in connections.list(owner) if info.name == NAME), None)
    try:
        if demo_shop.is_current(store.url, today):
            if known is not None and _answers(connections, owner, known.id):
                return
            address = demo_shop.renew(store.url)
        else:
            say("Building the demo shop …")
            address = demo_shop.create(store.url, today)
    except ConnectionFailed as error:
        _log.warning("no demo shop: %s", error.detail or error)
        return
    new = NewConnection(
        NAME,
        "postgresql",
        address.host,
        address.port,
        address.database,
        address.user,
        address.password,
        options=address.options,
    )
    if known is not None:
        connections.remove(owner, known.id)
    info = connections.add(owner, new, own=True)
    connections.share(owner, info.id, everyone=True)


def _answers(connections: Connections, owner: Actor, connection_id: UUID) -> bool:
    """Whether the stored way to the shop still leads there."""
    with suppress(NotFound, ConnectionFailed):
        connection = connections.open(owner, connection_id)
        connection.run(connection.check("SELECT 1"))
        return True
    return False
