"""What grounding needs of people's databases."""

from collections.abc import Iterator, Sequence
from typing import Protocol
from uuid import UUID

from core.connections.guard import CheckedQuery, Scope
from core.connections.samples import ColumnRead
from core.connections.schema import Schema
from core.connections.statistics import Statistics
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
    """One database whose tables the portal itself reads, many at once, and whose columns it compares."""

    def statistics(self) -> Statistics: ...
    def read_columns(self, reads: Sequence[ColumnRead]) -> Iterator[tuple[Sequence[ColumnRead], list[list[str]]]]: ...
    def shared_values(
        self, one: tuple[str, str], other: tuple[str, str], seconds: float = 5.0
    ) -> tuple[int, int] | None: ...


class Databases(Protocol):
    """All databases, each open to those who may ask it."""

    def open(self, actor: Actor, connection_id: UUID) -> Readable: ...
    def refresh(self, actor: Actor, connection_id: UUID) -> Sampled: ...
