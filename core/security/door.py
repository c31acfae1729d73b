"""The door of every face: what is refused behind it is noted, and what people may do only so often is counted.

`Door.before(portal)` puts it before the methods that `core/security/faces.py` lists. A call that leads from one face to
another passes it once, where it came in.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotAllowed, NotFound, StoreUnreachable, TooMany
from core.security.faces import METHODS, Method
from core.security.limits import Limits
from core.security.permissions import Actor, may
from core.security.refusals import Refusals
from core.store import tables
from core.store.sessions import Store
from core.store.tables_catalogue import schema_changes
from core.store.tables_keys import api_keys
from core.store.tables_people import groups, invitations
from core.store.tables_policies import policies

# Where the things lie that methods are asked for by number: whether there is one tells a refusal from a mistake.
THINGS: dict[str, sa.Table] = {
    "connection_id": tables.connections,
    "conversation_id": tables.conversations,
    "answer_id": tables.answers,
    "verified_id": tables.verified_questions,
    "model_id": tables.models,
    "person_id": tables.people,
    "session_id": tables.sessions,
    "key_id": api_keys,
    "group_id": groups,
    "invitation_id": invitations,
    "policy_id": policies,
    "change_id": schema_changes,
}
_inside: ContextVar[bool] = ContextVar("inside", default=False)
Opened = TypeVar("Opened")


class Door:
    """Stands before faces. A refusal goes on as it was; a stranger and a thing that is not there look the same."""

    def __init__(self, store: Store, refusals: Refusals, limits: Limits) -> None:
        self._store, self._refusals, self._limits = store, refusals, limits

    def before(self, portal: Opened) -> Opened:
        """The same portal, every listed method of its faces behind this door."""
        for name, method in METHODS.items():
            place, _, called = name.partition(".")
            face = portal if place == "portal" else getattr(portal, place)
            object.__setattr__(face, called, self._watched(method, getattr(face, called)))
        return portal

    def _watched(self, method: Method, call: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(call)

        @wraps(call)
        def watched(*given: Any, **named: Any) -> Any:
            if _inside.get():
                return call(*given, **named)
            actor: Actor | None = given[0] if given else named.get("actor")

            def arguments() -> Mapping[str, Any]:
                return signature.bind_partial(*given, **named).arguments

            with self._watching(actor, method, arguments):
                if method.limit is not None and actor is not None and actor.id.int and may(actor, method.action):
                    self._limits.count(method.limit, f"person:{actor.id}")
                outcome = call(*given, **named)
            if inspect.isgenerator(outcome):
                return self._stream(outcome, actor, method, arguments)
            if isinstance(outcome, AbstractContextManager):
                return _Entered(outcome, lambda: self._watching(actor, method, arguments))
            return outcome

        return watched

    def _stream(
        self, events: Any, actor: Actor | None, method: Method, arguments: Callable[[], Mapping[str, Any]]
    ) -> Iterator[Any]:
        """The same events; what happens between two of them is inside as well."""
        try:
            while True:
                with self._watching(actor, method, arguments):
                    try:
                        event = next(events)
                    except StopIteration:
                        return
                yield event
        finally:
            events.close()

    @contextmanager
    def _watching(
        self, actor: Actor | None, method: Method, arguments: Callable[[], Mapping[str, Any]]
    ) -> Iterator[None]:
        token = _inside.set(True)
        try:
            yield
        except (NotAllowed, NotFound, TooMany) as error:
            given = arguments()
            if not isinstance(error, NotFound) or self._is_anothers(given):
                resource = error.detail.partition(" ")[2] if isinstance(error, NotAllowed) else _numbered(given)
                self._refusals.note(actor, method.action, resource, error.key.removeprefix("errors."))
            raise
        finally:
            _inside.reset(token)

    def _is_anothers(self, given: Mapping[str, Any]) -> bool:
        """Whether what was asked for exists, so that its not being found was a refusal."""
        numbers = [(THINGS.get(name), value) for name, value in given.items() if isinstance(value, UUID)]
        try:
            with self._store.reading() as line:
                return any(
                    table is None or line.scalar(sa.select(sa.literal(1)).where(table.c.id == number)) is not None
                    for table, number in numbers
                )
        except StoreUnreachable:
            return False


class _Entered(AbstractContextManager[Any]):
    """A context whose entering is watched."""

    def __init__(
        self, inner: AbstractContextManager[Any], watching: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._inner, self._watching = inner, watching

    def __enter__(self) -> Any:
        with self._watching():
            return self._inner.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._inner.__exit__(kind, error, trace)


def _numbered(given: Mapping[str, Any]) -> str:
    return " ".join(str(value) for value in given.values() if isinstance(value, UUID))
