"""A PostgreSQL of our own, from programs of this machine and not the portal's, for the time of one run."""

import os
import pwd
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from core.errors import InvalidInput
from core.evaluation.mariadb import free_port
from core.i18n import Phrase

_PATIENCE = 60.0  # seconds the server may need to come up
_SUPERUSER = "owner"
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)
# PostgreSQL refuses root; it runs as one of these where root starts it.
_USERS = ("askwell-postgres", "postgres", "nobody")
# The server lives as long as our end of the pipe does, however we end.
_KEEP = '"$0" "$@" </dev/null & server=$!; cat >/dev/null; kill -INT "$server"; wait "$server"'


@dataclass(frozen=True)
class PrivatePostgres:
    """A running server, reached over the network of this machine by its superuser."""

    version: int
    port: int
    password: str = field(repr=False)
    user: str = _SUPERUSER

    def url(self, database: str) -> str:
        """The address of one of its databases, with the password of its superuser."""
        return f"postgresql://{self.user}:{quote(self.password)}@127.0.0.1:{self.port}/{quote(database)}"


def postgres_programs(least: int = 15) -> list[Path]:
    """Folders of this machine with a PostgreSQL server of at least this version, the oldest first."""
    folders = [folder for pattern in _PLACES for folder in Path("/").glob(pattern[1:])]
    if found := shutil.which("postgres"):
        folders.append(Path(found).resolve().parent)
    versions = {folder: _version(folder) for folder in dict.fromkeys(folders)}
    return sorted((folder for folder in versions if versions[folder] >= least), key=lambda folder: versions[folder])


def _version(folder: Path) -> int:
    """The main version of the server there; 0 where there is none."""
    if not (folder / "initdb").exists() or not (folder / "postgres").exists():
        return 0
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"(\d+)(?:\.\d+|devel|beta\d|rc\d)", said)
    return int(found[1]) if found else 0


@contextmanager
def private_postgres(
    programs: Path, folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[PrivatePostgres]:
    """A server over `folder` until the block ends. Raises `InvalidInput` where it does not start."""
    who, port = server_user(), free_port()
    data, password = _create(programs, folder, who)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": "30",
        **(settings or {}),
    }
    given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            ["sh", "-c", _KEEP, programs / "postgres", "-D", data, *given],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            **_as(who),
        )
    server = PrivatePostgres(_version(programs), port, password)
    try:
        _wait_for(server, running, folder / "log")
        yield server
    finally:
        assert running.stdin is not None
        running.stdin.close()
        running.wait(_PATIENCE)


def _create(programs: Path, folder: Path, who: pwd.struct_passwd | None) -> tuple[Path, str]:
    """A new cluster: its folder, and its superuser's password."""
    data, handed, password = folder / "data", folder / "password", secrets.token_urlsafe(16)
    data.mkdir(parents=True)
    handed.touch(mode=0o600)
    handed.write_text(password)
    if who:
        for above in folder.resolve().parents:
            if not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o001)
        for path in (folder, data, handed):
            os.chown(path, who.pw_uid, who.pw_gid)
    command: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        _SUPERUSER,
        "--auth=scram-sha-256",
        f"--pwfile={handed}",
    ]
    made = subprocess.run(
        [*command, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        **_as(who),
    )
    if made.returncode:
        raise _not_started(made.stderr or made.stdout)
    return data, password


def _as(who: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}


def server_user() -> pwd.struct_passwd | None:
    """Whom root lends the server to; None for everybody else, who runs it themselves."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise _not_started("no user without rights to run it as")


def _wait_for(server: PrivatePostgres, running: "subprocess.Popen[bytes]", log: Path) -> None:
    patience = time.monotonic() + _PATIENCE
    while time.monotonic() < patience and running.poll() is None:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise _not_started(log.read_text(errors="replace"))


def _not_started(said: str) -> InvalidInput:
    return InvalidInput(problem=Phrase("terminal.postgres_not_started", {"reason": said.strip()[-300:]}))
