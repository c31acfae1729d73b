"""The portal as the terminal uses it: opened for one command, joined if it runs already, and left again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from core.errors import InvalidInput
from core.i18n import Phrase
from core.portal import Portal, open_portal
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import read_settings

if TYPE_CHECKING:
    from core.connections.registry import ConnectionInfo
    from core.models.book import ModelInfo

# Who invites people from here: an administrator at the machine, whose first passwords have to be changed.
OPERATOR = Actor(UUID(int=0), "the terminal", Role.ADMIN)


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


def model_named(known: "Sequence[ModelInfo]", name: str) -> UUID | None:
    """The model of this name; None, for the default, where no name was given. Raises `InvalidInput` for none."""
    wanted = name.casefold()
    found = [info.id for info in known if not wanted or wanted in (info.name.casefold(), info.model.casefold())]
    if not found:
        names = ", ".join(info.name for info in known) or "—"
        raise InvalidInput(problem=Phrase("terminal.no_model", {"known": names}))
    return found[0] if wanted else None


def rung_named(name: str) -> Literal["instant", "model"] | None:
    """The rung of this name, None for the whole ladder. Raises `InvalidInput`."""
    match name:
        case "":
            return None
        case "instant" | "model":
            return name
        case _:
            raise InvalidInput(problem=Phrase("terminal.unknown_rung", {"rung": name}))
