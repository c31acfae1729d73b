"""What every test may ask for: a day that stands still, a fresh store, a wired portal, people."""

from __future__ import annotations

import functools
import itertools
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
from pydantic import SecretStr

from core.security import passwords
from core.security.audit import Audit
from core.security.operator_keys import OperatorKeys
from core.security.permissions import Actor, Role
from core.security.vault import Vault
from core.settings import Settings
from core.store import embedded
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from core.store.sessions import Store, create_database, open_url

HASH = passwords._hash

if TYPE_CHECKING:
    from core.connections.registry import ConnectionInfo
    from core.portal import Portal

# The same examples on every run: what passed here passes there. To look for new ones, run with another profile.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

SHARED = Path(__file__).resolve().parents[2] / "shared"
PAGE_SHOP = Path(__file__).parent / "cases" / "page_shop.sql"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PASSWORD = "a password of theirs"
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """The program stays what it was: Streamlit puts each page in its place, and new processes would begin with that."""
    program = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = program


@pytest.fixture(scope="session", autouse=True)
def hashed_once() -> Iterator[None]:
    """The same password is hashed once in a run, at its full cost: most tests only need somebody who has one.

    Tests of hashing itself ask for `hashed_anew`.
    """
    known = functools.cache(passwords._hash)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hash", known)
        yield


@pytest.fixture
def hashed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every password is hashed when it is used, as outside of tests."""
    monkeypatch.setattr(passwords, "_hash", HASH)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """One embedded PostgreSQL for the whole run, with a migrated database to copy from.

    In a folder of its own: pytest clears older ones of its own away, also those that another run still uses.
    """
    folder = Path(tempfile.mkdtemp(prefix="askwell-"))
    running = embedded.start(folder)
    with psycopg.connect(running.url("postgres"), autocommit=True) as connection:
        for name, value in (("fsync", "off"), ("full_page_writes", "off"), ("max_wal_size", "256MB")):
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
    create_database(running.url("postgres"), "template")
    template = open_url(running.url("template"))
    migrate(template)
    template.engine.dispose()
    yield running
    running.close()
    shutil.rmtree(folder)


@pytest.fixture
def store(server: EmbeddedServer) -> Iterator[Store]:
    """A fresh, migrated database of the portal."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template STRATEGY file_copy')
    fresh = open_url(server.url(name))
    yield fresh
    fresh.engine.dispose()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a small real portal: not demo mode, everything in a folder of the test's own."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        secret_key=SecretStr("a test's own secret, long enough for the vault"),
        admin_email="admin@example.org",
        admin_password=SecretStr("first admin's password"),
        data_dir=tmp_path / "data",
        allow_server_files=True,
    )


def vault_over(store: Store, secret: str = "a secret for tests only") -> Vault:
    """A vault with one key of the operator's."""
    return Vault(OperatorKeys(lambda: (secret,)), store)


def audit_over(store: Store) -> Audit:
    """The trail, marked with that vault's key."""
    return Audit(store, vault_over(store))


def someone(portal: Portal, role: Role, name: str) -> Actor:
    """A person with this role, known to the portal; signs in with `PASSWORD`."""
    from core.security.permissions import SYSTEM

    person = portal.people.invite(SYSTEM, f"{name.lower()}@example.org", name, role, PASSWORD)
    return Actor(person.id, person.name, person.role)


@pytest.fixture
def portal(store: Store, settings: Settings) -> Iterator[Portal]:
    """A wired portal over a fresh store, standing still at `NOW`, and the one that this process's pages use."""
    from core.portal import adopt, close_current_portal, wire

    opened: Portal = wire(store, settings, clock=lambda: NOW)
    adopt(opened)
    yield opened
    close_current_portal()


@pytest.fixture
def shop(portal: Portal, tmp_path: Path) -> ConnectionInfo:
    """A connection that everybody may ask: six cities, their orders, and what they cost."""
    return shared_file(portal, tmp_path / "shop.sqlite", PAGE_SHOP, "Small shop")


def shared_file(portal: Portal, file: Path, script: Path, name: str) -> ConnectionInfo:
    """A SQLite file made by this script, as a connection that everybody may ask, read and indexed."""
    from core.connections.addresses import NewConnection

    with sqlite3.connect(file) as database:
        database.executescript(script.read_text(encoding="utf-8"))
    database.close()
    owner = portal.people.first_admin()
    info = portal.connections.add(owner, NewConnection(name, "sqlite", file=str(file)))
    portal.connections.share(owner, info.id, everyone=True)
    portal.knowledge.build(info.id)
    return info
