"""What grounding needs of people's databases."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from core.connections.guard import CheckedQuery, Scope
from core.connections.result import ResultTable
from core.connections.schema import Schema
from core.security.permissions import Actor


class Opened(Protocol):
    """One database as an actor may see it: `schema` without what is hidden from them, `scope` with their rights."""

    @property
    def id(self) -> UUID: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def scope(self) -> Scope: ...


class Readable(Opened, Protocol):
    """One database that can be checked against and whose values can be read."""

    def check(self, sql: str) -> CheckedQuery: ...
    def values_of(
        self, table_key: str, columns: Sequence[str], limit: int = 100, seconds: float = 15.0
    ) -> dict[str, list[str]]: ...


class Sampled(Readable, Protocol):
    """One database whose first rows can be read and whose columns can be compared, by the portal itself."""

    def sample(self, table_key: str, count: int = 5) -> ResultTable: ...
    def shared_values(
        self, one: tuple[str, str], other: tuple[str, str], seconds: float = 5.0
    ) -> tuple[int, int] | None: ...


class Databases(Protocol):
    """All databases, each open to those who may ask it."""

    def open(self, actor: Actor, connection_id: UUID) -> Readable: ...
    def refresh(self, actor: Actor, connection_id: UUID) -> Sampled: ...
