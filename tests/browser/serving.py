"""The portal's own server as an operator starts it: `python -m core serve`, in a folder of its own, until SIGTERM."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.request import urlopen

import psycopg

from core.settings import ROOT

_PATIENCE = 120.0  # seconds; the first start makes the database and the demo shop
_READY = re.compile(r"http://localhost:(\d+)")


class Served:
    """One server process over `folder`. A second one over the same folder shares the first one's PostgreSQL."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log: IO[bytes] = open(folder / f"server-{time.monotonic_ns()}.log", "w+b")  # noqa: SIM115
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ASKWELL_")}
        given = {"ASKWELL_DEMO": "1", "ASKWELL_DATA_DIR": str(folder), **settings}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core", "serve", "--port", settings.get("ASKWELL_PORT", "0")],
            cwd=ROOT,
            env={**clean, **given},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            self.url = f"http://127.0.0.1:{wait_for(self._port, 'a server that says where it is', _PATIENCE)}"
            wait_for(self._is_ready, "a server that is ready", _PATIENCE)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def database(self, name: str) -> str:
        """The address of a database on the embedded server, with the rights of the portal itself."""
        password = (self.folder / "postgres.password").read_text().strip()
        return f"postgresql://askwell:{password}@/{name}?host={self.folder / 'socket'}"

    def statements(self, words: str) -> int:
        """How many statements that hold these words the databases are working on now."""
        with psycopg.connect(self.database("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
                " AND position(%s IN query) > 0",
                (words,),
            ).fetchone()
        return int(found[0]) if found else 0

    def stop(self) -> int:
        """End it as an operator does; gives its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return -signal.SIGKILL
        finally:
            self._log.close()

    def said(self) -> str:
        """What it has printed so far."""
        return Path(self._log.name).read_text(errors="replace")

    def left_running(self) -> list[str]:
        """The command lines of processes that still have to do with its folder."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.folder) in line:
                found.append(line)
        return found

    def _port(self) -> int:
        if self._process.poll() is not None:
            raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.said()[-4000:]}")
        ready = _READY.search(self.said())
        return int(ready[1]) if ready else 0

    def _is_ready(self) -> bool:
        with urlopen(f"{self.url}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)


def wait_for(
    look: Callable[[], Any], what: str, seconds: float = 60.0, between: Callable[[], None] = lambda: time.sleep(0.05)
) -> Any:
    """What `look` gives, as soon as it gives something; `between` two looks others may go on."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        between()
    raise AssertionError(f"waited {seconds:g} seconds for {what}")
