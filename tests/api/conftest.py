"""The routes of the server with everything that wraps them, over a portal of the test's own."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.api.asgi import ROUTES, middleware
from core.connections.addresses import NewConnection
from core.connections.registry import ConnectionInfo
from core.portal import Portal
from core.security.permissions import Actor, Scope
from tests.conftest import NOW

SHOP = (Path(__file__).resolve().parents[1] / "cases" / "page_shop.sql").read_text(encoding="utf-8")
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
def shop(portal: Portal, tmp_path: Path) -> ConnectionInfo:
    """A connection that everybody may ask: six cities and their orders."""
    file = tmp_path / "shop.sqlite"
    with sqlite3.connect(file) as database:
        database.executescript(SHOP)
    database.close()
    owner = portal.people.first_admin()
    info = portal.connections.add(owner, NewConnection("Small shop", "sqlite", file=str(file)))
    portal.connections.share(owner, info.id, everyone=True)
    portal.knowledge.build(info.id)
    return info


@pytest.fixture
def key_for(portal: Portal) -> KeyFor:
    """A key of this person's, with these scopes or all."""

    def make(person: Actor, *scopes: str) -> str:
        return portal.keys.issue(person, "a program", scopes or list(Scope), NOW + timedelta(days=1)).key

    return make
