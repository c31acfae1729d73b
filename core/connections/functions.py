"""Functions that people made in their database, and which of them questions may call: somebody's decision, kept.

What such a function does, nobody knows but its maker; so none is called before whoever answers for the connection
has allowed it by name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from core.connections.guard.words import vocabulary
from core.connections.registry import Connections
from core.connections.shelf import KeptConnection
from core.errors import InvalidInput, NotAllowed
from core.i18n import Phrase
from core.security.audit import Audit
from core.security.permissions import Action, Actor, require

_NAME = re.compile(r"[^\W\d][\w$]{0,62}(?:\.[^\W\d][\w$]{0,62})?")
_MOST = 200


@dataclass(frozen=True)
class FunctionLeave:
    """`allowed` are the names that questions may call; `made` those that the catalogue lists as people's own."""

    allowed: tuple[str, ...]
    made: tuple[str, ...]


class Functions:
    """For those who may change a connection. Raises `NotAllowed`, `NotFound` and `StoreUnreachable` where due."""

    def __init__(self, connections: Connections, audit: Audit) -> None:
        self._connections, self._shelf, self._audit = connections, connections.shelf, audit

    def list(self, actor: Actor, connection_id: UUID) -> FunctionLeave:
        """The functions that are allowed, and those that could be."""
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        kept = self._changeable(actor, connection_id)
        made = self._shelf.schema(kept).naming.routines.made
        return FunctionLeave(tuple(kept.address.functions), tuple(sorted(made)))

    def allow(self, actor: Actor, connection_id: UUID, names: Iterable[str]) -> FunctionLeave:
        """Let questions call these functions and no other made ones: `name`, or `schema.name` on PostgreSQL.

        Raises `InvalidInput` for what is no name, and for a built-in function that nobody may call.
        """
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        kept = self._changeable(actor, connection_id)
        wanted = tuple(sorted({name.strip().lower() for name in names if name.strip()}))
        if len(wanted) > _MOST:
            raise InvalidInput(problem=Phrase("functions.too_many", {"limit": _MOST}))
        known = vocabulary(self._shelf.schema(kept).schema.dialect)
        for name in wanted:
            if not _NAME.fullmatch(name):
                raise InvalidInput(problem=Phrase("functions.no_name", {"name": name[:80]}))
            if known.never.fullmatch(name.rpartition(".")[2]):
                raise InvalidInput(problem=Phrase("functions.never", {"name": name}))
        if wanted != tuple(kept.address.functions):
            self._shelf.update(kept.id, address=replace(kept.address, functions=wanted).stored())
            self._audit.note(actor, "functions.allow", kept.name, id=kept.id, functions=", ".join(wanted))
        return self.list(actor, connection_id)

    def _changeable(self, actor: Actor, connection_id: UUID) -> KeptConnection:
        kept = self._shelf.find(actor, connection_id)
        if not kept.may_change(actor):
            raise NotAllowed(f"{Action.CHANGE_CONNECTION} {kept.name}")
        return kept
