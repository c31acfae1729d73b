"""The server as `make run` starts it: on the next port if one is taken, gone with all it started however it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"ready at http://localhost:(\d+)")


class Server:
    """`python -m core serve` in a process group of its own; `said` is what it printed until it was ready."""

    def __init__(self, folder: Path, port: int) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ASKWELL_")}
        environment |= {
            "ASKWELL_SECRET_KEY": "a secret that is long enough for a test",
            "ASKWELL_ADMIN_EMAIL": "admin@example.org",
            "ASKWELL_ADMIN_PASSWORD": "first admin's password",
            "ASKWELL_DATA_DIR": str(folder),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        self.port = self._until_ready()

    def _until_ready(self) -> int:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if found := READY.search(line):
                return int(found[1])
        self.process.stdout.close()
        raise AssertionError(f"it ended with {self.process.wait(30)} before it was ready: {self.said}")

    def get(self, path: str) -> int:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return int(answer.status)

    def end(self, wish: signal.Signals) -> int:
        """Send it a signal and wait; its exit code."""
        self.process.send_signal(wish)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        self.process.stdout.close()
        return code


def left_of(folder: Path) -> list[str]:
    """Programs that still have this folder in their command line, a little later."""
    for _ in range(100):
        running = [
            command
            for entry in Path("/proc").glob("[0-9]*")
            if str(folder) in (command := _command(entry)) and int(entry.name) != os.getpid()
        ]
        if not running:
            break
        time.sleep(0.1)
    return running


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield int(other.getsockname()[1])


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_a_taken_port_is_told_and_an_ended_server_leaves_nothing_running(
    tmp_path: Path, taken: int, wish: signal.Signals
) -> None:
    folder = tmp_path / "a folder with spaces"
    server = Server(folder, taken)
    assert server.port != taken
    assert f"Port {taken} is taken; using {server.port}." in server.said
    assert (server.get("/healthz"), server.get("/readyz"), server.get("/")) == (200, 200, 200)
    assert server.end(wish) == 0
    assert "Traceback" not in server.said
    assert left_of(folder) == []


def test_a_server_that_was_killed_leaves_nothing_running_and_the_next_start_recovers(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert Server(folder, 0).end(signal.SIGKILL) == -signal.SIGKILL
    assert left_of(folder) == []
    again = Server(folder, 0)
    assert again.get("/readyz") == 200
    assert again.end(signal.SIGTERM) == 0
    assert left_of(folder) == []


def test_a_server_without_its_secret_says_which_and_does_not_start(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASKWELL_")}
    environment |= {"ASKWELL_DATA_DIR": str(tmp_path), "ASKWELL_SECRET_KEY": "changeme"}
    done = subprocess.run(
        [sys.executable, "-m", "core", "serve", "--port", "0"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "ASKWELL_SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
