"""The routes of the server with everything that wraps them, over a portal of the test's own."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.api.asgi import ROUTES, middleware
from core.portal import Portal
from core.security.permissions import Actor, Scope
from tests.conftest import NOW

KeyFor = Callable[..., str]


def application() -> Starlette:
    """The server's routes; its lifespan is left out, since the portal is the test's own."""
    return Starlette(routes=ROUTES, middleware=middleware())


@pytest.fixture
def caller(portal: Portal) -> Iterator[TestClient]:
    """A program on this machine."""
    with TestClient(application(), "http://localhost") as client:
        yield client


@pytest.fixture
def key_for(portal: Portal) -> KeyFor:
    """A key of this person's, with these scopes or all."""

    def make(person: Actor, *scopes: str) -> str:
        return portal.keys.issue(person, "a program", scopes or list(Scope), NOW + timedelta(days=1)).key

    return make
