"""Servers of our own for the time of one run: SQL dumps are loaded into them, asked, and gone with them.

PostgreSQL is the one the portal brings along, over a temporary folder; MariaDB is the machine's `mariadbd`, if it has
one. A dump is text from elsewhere: it is loaded by a login without rights outside its database, and read by another
that cannot write.
"""

import re
import secrets
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import pymysql
from psycopg import sql as pg

from core.connections.addresses import NewConnection
from core.connections.schema import Dialect
from core.connections.session import Target
from core.errors import InvalidInput
from core.evaluation.databases import Found
from core.evaluation.mariadb import private_mariadb
from core.i18n import Phrase
from core.store import embedded

_READER, _LOADER = "reader", "loader"
_TAKEN = frozenset({"postgres", "template0", "template1", "mysql", "sys", "information_schema", "performance_schema"})


@dataclass(frozen=True)
class Loaded:
    """A database that can be asked: its kind of connection, where it is, and what of its dump did not load."""

    kind: str
    target: Target
    failures: tuple[str, ...] = ()

    def as_connection(self, name: str) -> NewConnection:
        """What the portal is told to ask it under this name."""
        at = self.target
        return NewConnection(name, self.kind, at.host, at.port, at.database, at.user, at.password, file=at.file)


class Scratch:
    """Loads dumps; the servers it needs start with the first one and stop as the `with` block ends."""

    def __init__(self) -> None:
        self._ends = ExitStack()
        self._folder = Path(self._ends.enter_context(tempfile.TemporaryDirectory(prefix="askwell-evaluation-")))
        self._loaders: dict[Dialect, Callable[[Found], Loaded]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def folder(self) -> Path:
        """A folder that is gone with this."""
        return self._folder

    def open(self, found: Found) -> Loaded:
        """The database, loaded where it is a dump. Raises `InvalidInput` where that cannot be done."""
        if not found.dump:
            return Loaded(found.dialect.value, Target(file=str(found.file.absolute())))
        if found.dialect not in self._loaders:
            if found.dialect not in _START:
                raise InvalidInput(problem=_unloadable(found, f"{found.dialect}?"))
            self._loaders[found.dialect] = _START[found.dialect](self._folder, self._ends)
        return self._loaders[found.dialect](found)


def _unloadable(found: Found, reason: object) -> Phrase:
    return Phrase("terminal.dump_unloadable", {"file": str(found.file), "reason": str(reason)})


def _text(found: Found) -> str:
    try:
        return found.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(problem=_unloadable(found, error)) from error


def _database(found: Found) -> str:
    """The name it gets on a server: its own, for queries that say it, unless the server needs that name."""
    return f"{found.name}_database" if found.name.lower() in _TAKEN else found.name


def _sqlite(folder: Path, _ends: ExitStack) -> Callable[[Found], Loaded]:
    """SQLite needs no server: a file in the folder, and a script that may not reach other files."""
    outside = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}

    def load(found: Found) -> Loaded:
        file = folder / f"{found.name}-{secrets.token_hex(4)}.sqlite"
        try:
            with closing(sqlite3.connect(file)) as connection:
                connection.set_authorizer(lambda a, *_: sqlite3.SQLITE_DENY if a in outside else sqlite3.SQLITE_OK)
                connection.executescript(_text(found))
        except sqlite3.Error as error:
            raise InvalidInput(problem=_unloadable(found, error)) from error
        return Loaded("sqlite", Target(file=str(file)))

    return load


def _postgres(folder: Path, ends: ExitStack) -> Callable[[Found], Loaded]:
    """A PostgreSQL of its own, beside whatever the portal runs."""
    server = embedded.start(folder / "postgresql")
    ends.callback(server.close)
    passwords = {role: secrets.token_urlsafe(16) for role in (_READER, _LOADER)}
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for role, password in passwords.items():
            command = pg.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(pg.Identifier(role), pg.Literal(password))
            connection.execute(command)
        connection.execute(pg.SQL("GRANT pg_read_all_data TO {}").format(pg.Identifier(_READER)))

    def load(found: Found) -> Loaded:
        database = _database(found)
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            create = pg.SQL("CREATE DATABASE {} OWNER {}").format(pg.Identifier(database), pg.Identifier(_LOADER))
            connection.execute(create)
        failures = _psql(found, server.socket, database, passwords[_LOADER])
        target = Target(host=server.socket, database=database, user=_READER, password=passwords[_READER])
        return Loaded("postgresql", target, failures)

    return load


def _psql(found: Found, host: str, database: str, password: str) -> tuple[str, ...]:
    """Load a dump with psql, which alone reads COPY blocks; gives the errors of the statements that failed.

    In restricted mode psql obeys no backslash command of the dump, so that it can neither run a program nor write.
    """
    command: list[str | Path] = [
        embedded.binaries() / "psql", "-X", "-q", "-h", host, "-U", _LOADER, "-d", database,
        "-c", rf"\restrict {secrets.token_hex(16)}", "-f", found.file,
    ]  # fmt: skip
    environment = {"PGPASSWORD": password, "PGCLIENTENCODING": "UTF8", "LC_ALL": "C"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    failures = tuple(re.findall(r"ERROR:\s+(.*)", done.stderr))
    with psycopg.connect(host=host, dbname=database, user=_LOADER, password=password) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user").fetchone()
    if not tables or not tables[0]:
        raise InvalidInput(problem=_unloadable(found, failures[0] if failures else done.stderr.strip()[-300:]))
    return failures


def _mysql(folder: Path, ends: ExitStack) -> Callable[[Found], Loaded]:
    """A MariaDB of its own."""
    server = ends.enter_context(private_mariadb(folder))

    def load(found: Found) -> Loaded:
        try:
            return Loaded("mariadb", server.load(_database(found), _text(found)))
        except pymysql.Error as error:
            raise InvalidInput(problem=_unloadable(found, error.args[-1])) from error

    return load


_START: Mapping[Dialect, Callable[[Path, ExitStack], Callable[[Found], Loaded]]] = {
    Dialect.SQLITE: _sqlite,
    Dialect.POSTGRES: _postgres,
    Dialect.MYSQL: _mysql,
}
