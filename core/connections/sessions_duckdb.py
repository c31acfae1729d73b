"""A read-only visit to a DuckDB file, which a process of its own reads for us (`duckdb_child`).

A process stays open on a file that nobody else writes, so that the next question need not wait for it to start.
"""

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

from core.connections.cells import kind_of_type, settled
from core.connections.processes import Child, ChildEnded, ChildLate
from core.connections.schema import Dialect, Kind
from core.connections.session import Fetched, Limits, Target
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut

MEMORY_MEGABYTES = 512
IDLE_SECONDS = 300  # a process that nobody asks ends by itself
_MOST_IDLE = 6  # processes kept, of all files together
_OPENING_SECONDS = 30.0
_WRAPPING = 8  # an answer may be this much longer than its cells: quotes, commas, base64


def open_duckdb(target: Target, limits: Limits) -> "DuckdbSession":
    """A session on the file. Raises `ConnectionFailed` if it cannot be opened."""
    try:
        key = _identity(target.file)
    except OSError:
        raise ConnectionFailed("there is no such file") from None
    child, server = IDLE.take(key) or _start(target)
    return DuckdbSession(child, server, target, limits, key if target.lasting else None)


def _identity(file: str) -> tuple[object, ...]:
    """A file and its content: a process that has an older one open is of no use."""
    there = os.stat(file)
    return (os.path.realpath(file), there.st_dev, there.st_ino, there.st_mtime_ns, there.st_size)


def _start(target: Target) -> tuple[Child, str]:
    child = Child("core.connections.duckdb_child")
    opening = {
        "file": target.file,
        "memory_megabytes": MEMORY_MEGABYTES,
        "idle_seconds": IDLE_SECONDS,
        "scratch": child.scratch,
    }
    try:
        answer = child.ask(opening, _OPENING_SECONDS, 1_000_000)
    except (ChildEnded, ChildLate):
        child.close()
        raise ConnectionFailed("the file could not be opened") from None
    if "failed" in answer:
        child.close()
        raise ConnectionFailed(str(answer["failed"]).replace(target.file, os.path.basename(target.file)))
    return child, str(answer.get("server"))


@dataclass(frozen=True, eq=False)
class _Waiting:
    key: tuple[object, ...]
    child: Child
    server: str
    since: float  # by the monotonic clock


class _Idle:
    """Processes that wait for the next question, the longest waiting first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []

    def take(self, key: tuple[object, ...]) -> tuple[Child, str] | None:
        """A living process that has this file open, now the caller's."""
        # One that has waited nearly as long as it may could end before it hears the question.
        oldest = time.monotonic() - IDLE_SECONDS + 10
        with self._lock:
            dead = [entry for entry in self._waiting if entry.since < oldest or not entry.child.alive]
            living = [entry for entry in self._waiting if entry not in dead]
            chosen = next((entry for entry in reversed(living) if entry.key == key), None)
            self._waiting = [entry for entry in living if entry is not chosen]
        for entry in dead:
            entry.child.close()
        return (chosen.child, chosen.server) if chosen else None

    def give(self, key: tuple[object, ...], child: Child, server: str) -> None:
        with self._lock:
            self._waiting.append(_Waiting(key, child, server, time.monotonic()))
            surplus, self._waiting = self._waiting[:-_MOST_IDLE], self._waiting[-_MOST_IDLE:]
        for entry in surplus:
            entry.child.close()

    def close(self, file: str = "") -> None:
        """End the processes that wait, all or those on one file, so that it can be deleted."""
        with self._lock:
            gone = [entry for entry in self._waiting if not file or entry.key[0] == os.path.realpath(file)]
            self._waiting = [entry for entry in self._waiting if entry not in gone]
        for entry in gone:
            entry.child.close()


IDLE = _Idle()


class DuckdbSession:
    """See `session.Session`. Ending a statement means ending its process."""

    dialect = Dialect.DUCKDB

    def __init__(
        self, child: Child, server: str, target: Target, limits: Limits, key: tuple[object, ...] | None
    ) -> None:
        self.limits, self.server = limits, server
        self._child, self._target, self._key = child, target, key
        self._closed = False

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        most = self.limits.rows if rows is None else rows
        answer = self._ask({"read": sql, "rows": most, "bytes": self.limits.bytes})
        try:
            names = [str(name) for name, _ in answer["columns"]]
            declared = [str(declared) for _, declared in answer["columns"]]
            readers = [_reader(name) for name in declared]
            found = [
                tuple(
                    None if cell is None else read(cell) if read else cell
                    for read, cell in zip(readers, row, strict=True)
                )
                for row in answer["rows"][:most]
            ]
            truncated = bool(answer["truncated"])
        except (KeyError, TypeError, ValueError, ArithmeticError):
            self.abandon()
            raise QueryFailed("the database's answer could not be read") from None
        kinds = [None if kind is Kind.OTHER else kind for kind in map(kind_of_type, declared)]
        return Fetched(*settled(names, kinds, found), truncated)

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._ask({"look": sql, "parameters": list(parameters)})["rows"]]

    def _ask(self, question: dict[str, object]) -> dict[str, Any]:
        if not self._child.alive:
            # The statement before this one had to be ended.
            self._child.close()
            self._child, _ = _start(self._target)
        try:
            answer = self._child.ask(question, self.limits.seconds, _WRAPPING * self.limits.bytes)
        except ChildLate:
            raise QueryTimedOut(seconds=self.limits.seconds) from None
        except ChildEnded:
            raise QueryFailed("the query needed more memory than it may have, or was stopped") from None
        if "failed" in answer:
            raise QueryFailed(str(answer["failed"]).split("\n\nPossible solutions:", 1)[0])
        return answer

    def cancel(self) -> None:
        self._child.kill()

    def abandon(self) -> None:
        self._child.kill()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._key is not None and self._child.alive:
            IDLE.give(self._key, self._child, self.server)
        else:
            self._child.close()


def _or_text(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads what Python can hold; years before Christ and 24:00 stay text."""

    def reader(text: str) -> Any:
        try:
            return read(text)
        except ValueError:
            return text

    return reader


_READERS: dict[str, Callable[[Any], Any]] = {
    "DECIMAL": Decimal,
    "DATE": _or_text(date.fromisoformat),
    "TIME": _or_text(clock_time.fromisoformat),
    "TIMESTAMP": _or_text(datetime.fromisoformat),
    "BLOB": base64.b64decode,
    "BIGNUM": int,
}


def _reader(declared: str) -> Callable[[Any], Any] | None:
    """What turns the wire's text back into values of this type; None where JSON already has them."""
    if declared.endswith("]"):
        return None
    base = declared.split("(", 1)[0].split(" ", 1)[0]
    return _READERS.get("TIMESTAMP" if base.startswith("TIMESTAMP_") else base)
