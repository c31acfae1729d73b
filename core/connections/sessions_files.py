"""A read-only visit to a SQLite or DuckDB file, which a process of its own reads for us (`file_process`).

A process waits a while for the next question, so that it need not be started for each. One that has a DuckDB file open
keeps others from writing it, so it waits only on files that nobody else writes.
"""

import atexit
import base64
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from typing import Any

from core.connections.cells import settled
from core.connections.processes import Child, ChildEnded, ChildLate
from core.connections.schema import Dialect, Kind
from core.connections.session import DISK_MEGABYTES, LOOKED_BYTES, Fetched, Limits, Target
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut

MEMORY_MEGABYTES = 512
IDLE_SECONDS = 300  # a process that nobody asks ends by itself
_MOST_IDLE = 6  # processes kept, of all files together
_OPENING_SECONDS = 30.0
_LATE = 0.5  # seconds a process is given beyond a statement's limit, to end it by itself
_WRAPPING = 3  # an answer may be this much longer than its cells: quotes, commas, base64, one large row
_HEADER = 1_000_000  # bytes of an answer for its columns
_Key = tuple[object, ...]


def open_sqlite(target: Target, limits: Limits) -> "FileSession":
    """A session on a SQLite file. Raises `ConnectionFailed` if there is none, or if it is something else."""
    return FileSession(Dialect.SQLITE, target, limits, ("sqlite",))


def open_duckdb(target: Target, limits: Limits) -> "FileSession":
    """A session on a DuckDB file. Raises `ConnectionFailed` if there is none, or if it is something else."""
    try:
        there = os.stat(target.file)
    except OSError:
        raise ConnectionFailed("unable to open database file") from None
    # A file and its content: a process that has an older one open is of no use.
    key = ("duckdb", os.path.realpath(target.file), there.st_dev, there.st_ino, there.st_mtime_ns, there.st_size)
    return FileSession(Dialect.DUCKDB, target, limits, key if target.lasting else None)


@dataclass(frozen=True, eq=False)
class _Waiting:
    key: _Key
    child: Child
    since: float  # by the monotonic clock


class _Idle:
    """Processes that wait for the next question, the longest waiting first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._ends_with_us = False

    def take(self, key: _Key) -> Child | None:
        """A living process that fits, now the caller's."""
        # One that has waited nearly as long as it may could end before it hears the question.
        oldest = time.monotonic() - IDLE_SECONDS + 10
        with self._lock:
            dead = [entry for entry in self._waiting if entry.since < oldest or not entry.child.alive]
            living = [entry for entry in self._waiting if entry not in dead]
            chosen = next((entry for entry in reversed(living) if entry.key == key), None)
            self._waiting = [entry for entry in living if entry is not chosen]
        for entry in dead:
            entry.child.close()
        return chosen.child if chosen else None

    def give(self, key: _Key, child: Child) -> None:
        """Let the process wait; those that have waited longest end where there are too many."""
        with self._lock:
            if not self._ends_with_us:
                self._ends_with_us = True
                atexit.register(self.close)
            self._waiting.append(_Waiting(key, child, time.monotonic()))
            surplus, self._waiting = self._waiting[:-_MOST_IDLE], self._waiting[-_MOST_IDLE:]
        for entry in surplus:
            entry.child.close()

    def close(self, file: str = "") -> None:
        """End the processes that wait, all or those on one file, so that it can be deleted."""
        with self._lock:
            gone = [entry for entry in self._waiting if not file or os.path.realpath(file) in entry.key]
            self._waiting = [entry for entry in self._waiting if entry not in gone]
        for entry in gone:
            entry.child.close()


IDLE = _Idle()


class FileSession:
    """See `session.Session`. Ending a statement means ending its process."""

    def __init__(self, dialect: Dialect, target: Target, limits: Limits, key: _Key | None) -> None:
        self.dialect, self.limits = dialect, limits
        self._target, self._key = target, key
        self._closed = self._cancelled = False
        self._child = (IDLE.take(key) if key else None) or Child("core.connections.file_process", str(IDLE_SECONDS))
        self.server = self._open()

    def _open(self) -> str:
        """Let the process open the file; gives the product and version."""
        opening = {
            "kind": self.dialect.value,
            "file": self._target.file,
            "memory_megabytes": MEMORY_MEGABYTES,
            "disk_megabytes": DISK_MEGABYTES,
            "scratch": self._child.scratch,
        }
        try:
            answer = self._child.ask({"open": opening}, _OPENING_SECONDS, 1_000_000)
        except (ChildEnded, ChildLate):
            answer = {"failed": "the file could not be opened"}
        if "failed" in answer:
            self._child.close()
            name = os.path.basename(self._target.file)
            raise ConnectionFailed(str(answer["failed"]).replace(self._target.file, name))
        return str(answer.get("server"))

    def files(self) -> Sequence[str]:
        return (self._target.file, f"{self._target.file}-wal", f"{self._target.file}.wal")

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        most = self.limits.rows if rows is None else rows
        answer = self._ask({"read": sql, "rows": most, "bytes": self.limits.bytes})
        try:
            names = [str(name) for name, _ in answer["columns"]]
            kinds = [None if kind is None else Kind(kind) for _, kind in answer["columns"]]
            found = [tuple(_cell(cell) for _, cell in zip(names, row, strict=True)) for row in answer["rows"][:most]]
            truncated = bool(answer["truncated"])
        except (ArithmeticError, LookupError, TypeError, ValueError):
            self.abandon()
            raise QueryFailed("the database's answer could not be read") from None
        return Fetched(*settled(names, kinds, found), truncated)

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        answer = self._ask({"look": sql, "parameters": list(parameters)})
        return [tuple(_cell(cell) for cell in row) for row in answer["rows"]]

    def _ask(self, question: dict[str, object]) -> dict[str, Any]:
        if not self._child.alive:
            # The statement before this one had to be ended.
            self._child.close()
            self._child = Child("core.connections.file_process", str(IDLE_SECONDS))
            self._open()
        self._cancelled, question["seconds"] = False, self.limits.seconds
        try:
            most = LOOKED_BYTES if "look" in question else _WRAPPING * self.limits.bytes + _HEADER
            answer = self._child.ask(question, self.limits.seconds + _LATE, most)
        except ChildLate:
            raise QueryTimedOut(seconds=self.limits.seconds) from None
        except ChildEnded:
            stopped = "the query was stopped" if self._cancelled else "the query needs more memory than it may have"
            raise QueryFailed(stopped) from None
        if answer.get("late"):
            raise QueryTimedOut(str(answer.get("failed")), seconds=self.limits.seconds)
        if "failed" in answer:
            raise QueryFailed(str(answer["failed"]))
        return answer

    def cancel(self) -> None:
        self._cancelled = True
        self._child.kill()

    def abandon(self) -> None:
        self._child.kill()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._key is not None and self._child.alive:
            IDLE.give(self._key, self._child)
        else:
            self._child.close()


def _cell(cell: Any) -> Any:
    """A cell as it was before JSON; what Python cannot hold (years before Christ) stays text."""
    if not isinstance(cell, dict):
        return cell
    [(kind, text)] = cell.items()
    return _READERS[kind](text)


_READERS: dict[str, Callable[[str], Any]] = {
    "number": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": clock_time.fromisoformat,
    "bytes": base64.b64decode,
}
