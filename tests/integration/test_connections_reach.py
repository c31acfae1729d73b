"""Where connections may lead: what is the portal's own, what is no file, and what strangers learn of its network."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.connections.addresses import NewConnection
from core.connections.reach import Address, Reach
from core.connections.session import CONNECT_SECONDS, NOBODY, Limits
from core.errors import ConnectionFailed, InvalidInput
from core.i18n import Phrase
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from core.settings import Settings
from tests.conftest import someone
from tests.doubles_hostile import HostileServer


def problem(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    phrase = error.value.values["problem"]
    assert isinstance(phrase, Phrase)
    return phrase.key.removeprefix("connections_core.")


@pytest.fixture
def inside(settings: Settings) -> Path:
    """A file of the portal's own."""
    file = settings.data_dir / "uploads" / "somebodys.sqlite"
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE t (a)")
    return file


def add(portal: Portal, path: Path | str) -> None:
    portal.connections.add(someone(portal, Role.ADMIN, "Ada"), NewConnection("Taken", "sqlite", file=str(path)))


def test_the_portals_own_files_are_known_by_whatever_name_they_have(
    portal: Portal, inside: Path, tmp_path: Path
) -> None:
    symbolic, hard, folder = tmp_path / "symbolic.sqlite", tmp_path / "hard.sqlite", tmp_path / "folder"
    symbolic.symlink_to(inside)
    os.link(inside, hard)
    folder.symlink_to(inside.parent)
    admin = someone(portal, Role.ADMIN, "Ada")
    for path in (inside, symbolic, hard, folder / inside.name):
        with pytest.raises(InvalidInput) as error:
            portal.connections.add(admin, NewConnection("Taken", "sqlite", file=str(path)))
        assert problem(error) == "portal_file", path
    with pytest.raises(InvalidInput) as error:
        portal.connections.add(SYSTEM, NewConnection("Taken", "sqlite", file=str(hard)))
    assert problem(error) == "portal_file"


def test_a_link_that_leads_to_the_portal_later_is_not_followed(portal: Portal, inside: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE t (a)")
    admin = someone(portal, Role.ADMIN, "Ada")
    connection = portal.connections.open(
        admin, portal.connections.add(admin, NewConnection("Mine", "sqlite", file=str(file))).id
    )
    query = connection.check("SELECT a FROM t")
    assert connection.run(query).rows == ()
    file.unlink()
    file.symlink_to(inside)
    with pytest.raises(InvalidInput) as error:
        connection.run(query)
    assert problem(error) == "portal_file"


@pytest.mark.parametrize("path", ["/proc/self/environ", "/dev/null", "/dev/../proc/self/mem", "/sys/kernel/notes"])
def test_what_is_no_file_is_not_opened(portal: Portal, path: str) -> None:
    with pytest.raises(InvalidInput) as error:
        add(portal, path)
    assert problem(error) == "no_file"


def test_the_portals_own_socket_is_no_connection(portal: Portal, settings: Settings) -> None:
    folder = settings.data_dir / "socket"
    folder.mkdir(parents=True)
    new = NewConnection("Own", "postgresql", str(folder), None, "askwell", "u", "p")
    with pytest.raises(InvalidInput) as error:
        portal.connections.add(someone(portal, Role.ADMIN, "Ada"), new)
    assert problem(error) == "portal_file"


class SomethingElse(HostileServer):
    """Greets as a mail server does."""

    def talk(self, line: object) -> None:
        line.sendall(b"220 mail.example ESMTP\r\n")  # type: ignore[attr-defined]
        self.wait()


@pytest.fixture
def other() -> Iterator[SomethingElse]:
    with closing(SomethingElse("")) as server:
        yield server


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_closed_ports_other_services_and_unknown_names_look_alike(
    portal: Portal, kind: str, other: SomethingElse
) -> None:
    admin = someone(portal, Role.ADMIN, "Ada")
    for host, port in (("127.0.0.1", 1), ("127.0.0.1", other.port), ("nowhere.invalid", 5432)):
        started = time.monotonic()
        report = portal.connections.test(admin, NewConnection("New", kind, host, port, "d", "u", "p"))
        assert not report.ok
        assert report.detail == NOBODY
        assert CONNECT_SECONDS - 0.1 < time.monotonic() - started < CONNECT_SECONDS + 1.5


def test_a_stored_connection_says_at_once_that_its_database_is_away(portal: Portal, settings: Settings) -> None:

    reach, started = Reach(portal.store, settings), time.monotonic()
    with pytest.raises(ConnectionFailed):
        reach.visit("postgresql", Address("127.0.0.1", 1, "d", "u"), "p", Limits())
    assert time.monotonic() - started < 1
