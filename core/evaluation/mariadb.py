"""A MariaDB of our own for MySQL dumps: the machine's `mariadbd`, over a folder, for the time of one run."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pymysql
from pymysql.constants import CLIENT

from core.connections.session import Target
from core.errors import InvalidInput
from core.i18n import Phrase

_PATIENCE = 60.0  # seconds the server may need to come up
_READER, _LOADER = "reader", "loader"
_READER_MAY = "SELECT, SHOW VIEW"
_LOADER_MAY = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, LOCK TABLES, CREATE VIEW, SHOW VIEW,"
    " CREATE ROUTINE, ALTER ROUTINE, EXECUTE, TRIGGER, CREATE TEMPORARY TABLES"
)
# The server lives as long as our end of the pipe does, however we end.
_KEEP = '"$0" "$@" </dev/null & server=$!; cat >/dev/null; kill "$server"; wait "$server"'


@dataclass(frozen=True)
class PrivateMariadb:
    """A running server. One login loads and may do nothing else, another reads; `root` is its administrator's password.

    Its own users come over the network of this machine; the administrator over the socket.
    """

    port: int
    password: str = field(repr=False)
    socket: str = ""
    root: str = field(default="", repr=False)

    def load(self, database: str, dump: str) -> Target:
        """Where the dump's tables are now: in `database`, or in the one the dump itself chose.

        The whole text is sent as it is; the server finds where its statements end. Raises `pymysql.Error`.
        """
        connection = pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=_LOADER,
            password=self.password,
            charset="utf8mb4",
            client_flag=CLIENT.MULTI_STATEMENTS,
            autocommit=True,
        )
        with closing(connection), connection.cursor() as cursor:
            name = "`" + database.replace("`", "``") + "`"
            cursor.execute("CREATE DATABASE " + name)
            cursor.execute("USE " + name)
            cursor.execute(dump)
            while cursor.nextset():
                pass
            cursor.execute("SELECT DATABASE()")
            (filled,) = cursor.fetchone() or (database,)
        return Target("127.0.0.1", self.port, filled, _READER, self.password)


@contextmanager
def private_mariadb(folder: Path, *further: str) -> Iterator[PrivateMariadb]:
    """A server over `folder` until the block ends; names are compared without case. `further` are options of its own.

    Raises `InvalidInput` where this machine has no `mariadbd`, or it does not start.
    """
    server, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if not server or not install:
        raise InvalidInput(problem=Phrase("terminal.no_mariadb"))
    data, port, exports = folder / "mariadb", free_port(), folder / "exports"
    exports.mkdir()
    common = ["--no-defaults", f"--datadir={data}", *(["--user=root"] if os.geteuid() == 0 else [])]
    options = [
        f"--socket={_socket(folder)}",
        f"--port={port}",
        f"--pid-file={folder / 'mariadb.pid'}",
        f"--secure-file-priv={exports}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--lower-case-table-names=1",
        "--character-set-server=utf8mb4",
        "--default-time-zone=+00:00",
        "--innodb-flush-log-at-trx-commit=0",
        *further,
    ]
    made = subprocess.run(
        [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise _not_started(made.stderr or made.stdout)
    log = folder / "mariadb.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            ["sh", "-c", _KEEP, server, *common, *options],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield _with_logins(_root(folder, log), port, str(_socket(folder)))
    finally:
        assert running.stdin is not None
        running.stdin.close()
        running.wait(_PATIENCE)


def _with_logins(root: "pymysql.Connection[pymysql.cursors.Cursor]", port: int, socket_path: str) -> PrivateMariadb:
    password, word = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    with closing(root), root.cursor() as cursor:
        for user, may in ((_READER, _READER_MAY), (_LOADER, _LOADER_MAY)):
            cursor.execute("CREATE USER %s@'127.0.0.1' IDENTIFIED BY %s", (user, password))
            cursor.execute("GRANT " + may + " ON *.* TO %s@'127.0.0.1'", (user,))
        cursor.execute("SET PASSWORD FOR root@localhost = PASSWORD(%s)", (word,))
    return PrivateMariadb(port, password, socket_path, word)


def _root(folder: Path, log: Path) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    """The first sign-in, once the server takes one."""
    patience = time.monotonic() + _PATIENCE
    while time.monotonic() < patience:
        said = log.read_text(errors="replace")
        if "[ERROR] Aborting" in said:
            break
        if _listens(_socket(folder)):
            return pymysql.connect(unix_socket=str(_socket(folder)), user="root")
        time.sleep(0.05)
    raise _not_started(log.read_text(errors="replace"))


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _not_started(said: str) -> InvalidInput:
    return InvalidInput(problem=Phrase("terminal.mariadb_not_started", {"reason": said.strip()[-300:]}))


def _socket(folder: Path) -> Path:
    return folder / "mariadb.sock"


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
