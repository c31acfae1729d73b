"""What answering needs of the other parts, as much as it uses of each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from core.connections.guard import CheckedQuery, Scope
from core.connections.result import ResultTable
from core.connections.schema import Dialect, Schema
from core.grounding.ground import Grounding
from core.grounding.inquiry import Inquiry
from core.grounding.terms import NO_WORDS, BusinessWords
from core.grounding.values import ValueSource
from core.models.routing import ModelLease
from core.security.permissions import Actor
from core.security.personal import PrivacyRules
from core.stop import Stop


class Opened(Protocol):
    """One connection, opened for one actor: it checks SQL against what they may see, and runs what it checked."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def dialect(self) -> Dialect: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def scope(self) -> Scope: ...
    def check(self, sql: str) -> CheckedQuery: ...
    def run(self, query: CheckedQuery, stop: Stop | None = None, row_cap: int | None = None) -> ResultTable: ...
    def values_of(
        self, table_key: str, columns: Sequence[str], limit: int = 100, seconds: float = 15.0
    ) -> dict[str, list[str]]: ...


class Listed(Protocol):
    """One connection as a list shows it."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...


class Connections(Protocol):
    """The users' databases."""

    def list(self, actor: Actor) -> Sequence[Listed]: ...
    def open(self, actor: Actor, connection_id: UUID) -> Opened: ...


class Vouched(Protocol):
    """A question a person vouched for, with its SQL."""

    @property
    def id(self) -> UUID: ...
    @property
    def question(self) -> str: ...
    @property
    def sql(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def author(self) -> str: ...


class Values(ValueSource, Protocol):
    """The stored cell values of one connection."""

    def of_column(self, table: str, column: str, limit: int = 50) -> Sequence[str]: ...
    def holds_all(self, table: str, column: str) -> bool: ...


class Knowledge(Protocol):
    """What words mean in one connection."""

    def ground(self, actor: Actor, inquiry: Inquiry, connection: Opened) -> Grounding: ...
    def nearest(self, actor: Actor, connection: Opened, word: str) -> Sequence[tuple[str, str]]: ...
    def recall(self, actor: Actor, connection: Opened, question: str) -> Vouched | None: ...
    def alike(
        self, actor: Actor, connection: Opened, question: str, fits: Callable[[Vouched], bool]
    ) -> Iterator[Vouched]: ...
    def values(self, connection: Opened) -> Values: ...
    def keyed(self, connection: Opened) -> Schema: ...
    def starters(self, actor: Actor, connection: Opened, language: str) -> Sequence[str]: ...


class Models(Protocol):
    """The language models."""

    def list(self, actor: Actor) -> Sequence[object]: ...
    def lease(self, actor: Actor, task: str, model_id: UUID | None = None) -> AbstractContextManager[ModelLease]: ...


class Terms(Protocol):
    """The words of the business of each connection."""

    def in_force(self, actor: Actor, connection: Opened) -> BusinessWords: ...


class NoTerms:
    """Where nobody said what words mean."""

    def in_force(self, actor: Actor, connection: Opened) -> BusinessWords:  # noqa: ARG002
        return NO_WORDS


class Privacy(Protocol):
    """What models may see of each connection."""

    def rules(self, connection_id: UUID) -> PrivacyRules: ...


class Unlabelled:
    """Where nobody said what is personal: samples masked, told by their form alone."""

    def rules(self, connection_id: UUID) -> PrivacyRules:  # noqa: ARG002
        return PrivacyRules()


class Audit(Protocol):
    """The trail."""

    def note(
        self, actor: Actor | None, action: str, resource: object = "", allowed: bool = True, **detail: object
    ) -> None: ...
    def note_within(
        self,
        connection: sa.Connection,
        actor: Actor | None,
        action: str,
        resource: object = "",
        allowed: bool = True,
        **detail: object,
    ) -> None: ...
