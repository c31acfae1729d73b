"""Processes of ours that touch what strangers sent: few rights, little memory, and gone when we say so."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "TZ",
)  # nothing else of our environment goes along: it has secrets
_CHUNK = 1 << 20


class ChildEnded(Exception):
    """The process is gone: killed, or out of memory."""


class ChildLate(Exception):
    """The process did not answer in time; it was killed."""


class Child:
    """A Python module as a process, asked and answering in JSON, one value a line.

    `scratch` is a folder for its temporary files; it goes with the process.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="askwell-")
        self.scratch = self._folder.name
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.scratch,
            env=environment
            | {"PYTHONPATH": str(_ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
            | {"TMPDIR": self.scratch, "SQLITE_TMPDIR": self.scratch},
            start_new_session=True,
        )
        self._left = b""
        self._killed = False

    @property
    def alive(self) -> bool:
        return not self._killed and self._process.poll() is None

    def ask(self, question: Mapping[str, object], seconds: float, most_bytes: int) -> dict[str, Any]:
        """The answer to one line. Raises `ChildEnded`, or `ChildLate` after `seconds`; then it is dead."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            self.kill()
            raise ChildEnded from None
        line = self._line(time.monotonic() + seconds, most_bytes)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self.kill()
            raise ChildEnded
        return answer

    def _line(self, deadline: float, most_bytes: int) -> bytes:
        assert self._process.stdout is not None
        pieces, size, descriptor = [self._left], len(self._left), self._process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while b"\n" not in pieces[-1]:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                self.kill()
                raise ChildLate
            piece = os.read(descriptor, _CHUNK)
            size += len(piece)
            if not piece or size > most_bytes:
                self.kill()
                raise ChildEnded
            pieces.append(piece)
        line, self._left = b"".join(pieces).split(b"\n", 1)
        return line

    def kill(self) -> None:
        """End it now, from any thread; whoever waits for an answer hears `ChildEnded`."""
        self._killed = True
        with suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End it and take away its temporary files. Not while another thread waits for an answer."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()
        self._folder.cleanup()
