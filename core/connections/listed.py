"""Connections as lists show them, how far their index is, and how a test of one went."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.connections.addresses import NewConnection
from core.i18n import Phrase


@dataclass(frozen=True)
class IndexState:
    """How far the index of a connection is. `indexed`: it fits the schema as it is now; `seconds_left`: of this step,
    where that can be told."""

    step: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    indexed: bool = False
    seconds_left: float | None = None

    @property
    def running(self) -> bool:
        """Whether work on it goes on or waits to begin."""
        return bool(self.step) and self.step != "done" and not self.error


@dataclass(frozen=True)
class ConnectionInfo:
    """A connection as lists show it. `address` is for reading only and never holds a password.

    `people` (with whom it is shared by name) and `given` (its fields, for a form) are there only for those who may
    change it.
    """

    id: UUID
    name: str
    kind: str
    address: str
    owner_id: UUID
    shared: bool
    may_change: bool
    tables: int
    schema_version: str
    index: IndexState
    people: tuple[UUID, ...] = ()
    given: NewConnection | None = None
    uploaded: bool = False


@dataclass(frozen=True)
class Report:
    """How a test went: one sentence for a person, `detail` technical, `warnings` about what the sign-in may do.

    `too_much` says that it is connected only where a person accepts that.
    """

    ok: bool
    message: Phrase
    seconds: float
    detail: str = ""
    version: str = ""
    tables: int = 0
    warnings: tuple[Phrase, ...] = ()
    too_much: bool = False


def progress_of(state: Mapping[str, Any], indexed: bool, as_percent: bool) -> IndexState:
    """How far the index is; as a percentage for those who may not know how much there is."""
    done, total = int(state.get("done", 0)), int(state.get("total", 0))
    if as_percent and total:
        done, total = min(100, 100 * done // total), 100
    left = state.get("seconds_left")
    return IndexState(str(state.get("step", "")), done, total, str(state.get("error", "")), indexed, left)
