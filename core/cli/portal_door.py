"""The portal as the terminal uses it: opened for one command, joined if it runs already, and left again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import InvalidInput
from core.i18n import Phrase
from core.portal import Portal, open_portal
from core.security.permissions import SYSTEM
from core.settings import read_settings

if TYPE_CHECKING:
    from core.connections.registry import ConnectionInfo


@contextmanager
def portal() -> Iterator[Portal]:
    """The portal that the environment describes. Whoever has this machine acts as the portal itself (`SYSTEM`).

    A server that runs on the same embedded database is joined and goes on running. Raises `SettingsInvalid` and
    `StoreUnreachable`.
    """
    with open_portal(read_settings()) as opened:
        yield opened


def connection_named(opened: Portal, name: str) -> "ConnectionInfo":
    """The connection of this name. Raises `InvalidInput` that lists those there are."""
    known = opened.connections.list(SYSTEM)
    found = next((info for info in known if info.name.casefold() == name.casefold()), None)
    if found is None:
        names = ", ".join(sorted(info.name for info in known)) or "—"
        raise InvalidInput(problem=Phrase("terminal.no_connection", {"name": name, "known": names}))
    return found
