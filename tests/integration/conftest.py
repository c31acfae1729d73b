"""Real servers for these tests, each in a temporary folder and stopped afterwards."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.constants import CLIENT

from core.connections.session import Target


@dataclass(frozen=True)
class MariaServer:
    """A running MariaDB, reached over a socket of its own. `reader` may only read, `owner` may do everything."""

    socket: str

    def run(self, script: str, database: str = "") -> None:
        """Many statements at once, as the owner."""
        with (
            pymysql.connect(
                unix_socket=self.socket,
                user="owner",
                password="owner's word",
                database=database or None,
                client_flag=CLIENT.MULTI_STATEMENTS,
                autocommit=True,
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(script)
            while cursor.nextset():
                pass

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the owner sees."""
        with (
            pymysql.connect(unix_socket=self.socket, user="owner", password="owner's word") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            return list(cursor.fetchall())

    def target(self, database: str, user: str = "reader", password: str = "reads %40 only") -> Target:
        return Target(host=self.socket, database=database, user=user, password=password)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaServer]:
    """One MariaDB for the whole run. Skips where it is not installed."""
    server, installer = shutil.which("mariadbd") or "/usr/sbin/mariadbd", shutil.which("mariadb-install-db")
    if not Path(server).exists() or installer is None:
        pytest.skip("mariadbd is not installed")
    folder = tmp_path_factory.mktemp("maria")
    data, socket = folder / "data", folder / "socket"
    user = ["--user=root"] if os.geteuid() == 0 else []
    common = ["--no-defaults", f"--datadir={data}", *user]
    subprocess.run(
        [installer, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
    )
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [
                server, *common, f"--socket={socket}", "--skip-networking", f"--pid-file={folder / 'pid'}",
                "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin",
            ],
            stdout=log,
            stderr=log,
        )  # fmt: skip
    try:
        _wait_for(str(socket), process, folder / "log")
        _make_logins(str(socket))
        yield MariaServer(str(socket))
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(socket: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    patience = time.monotonic() + 60
    while time.monotonic() < patience and process.poll() is None:
        if Path(socket).exists():
            pymysql.connect(unix_socket=socket, user="root").close()
            return
        time.sleep(0.05)
    raise RuntimeError(log.read_text()[-2000:])


def _make_logins(socket: str) -> None:
    with pymysql.connect(unix_socket=socket, user="root") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER owner@localhost IDENTIFIED BY %s", ("owner's word",))
        cursor.execute("GRANT ALL ON *.* TO owner@localhost WITH GRANT OPTION")
        cursor.execute("CREATE USER reader@localhost IDENTIFIED BY %s", ("reads %40 only",))
        cursor.execute("GRANT SELECT ON *.* TO reader@localhost")
