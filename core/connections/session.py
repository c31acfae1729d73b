"""What a session on somebody's database is: one read-only visit, opened for one question and closed after it.

Each kind of database has its own module of this shape; `engines` lists them. A session is used by one thread;
`cancel` and `abandon` may be called from any other.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, quote_plus

from core.connections.result import ResultColumn
from core.connections.schema import Dialect

LOCK_SECONDS = 1  # how long a read may wait for somebody else's lock
CONNECT_SECONDS = 4
GRACE_SECONDS = 2.0  # a server is given beyond a statement's limit to end it by itself, before its line ends
CANCEL_SECONDS = 1.0  # for the wish to end a statement to arrive
CLOSE_SECONDS = 1.0  # for leaving in order; a server that does not answer is left without
IDLE_SECONDS = 60  # after which a server may end a visit that asks nothing
MEGABYTE = 1024 * 1024
# Memory that one step of a statement (a sort, a table in between) may take on the server, and room on its disk.
STEP_MEGABYTES, DISK_MEGABYTES = 64, 2048
# What is said of every address where no database speaks: a closed port, a silent one, something else, no such host.
NOBODY = "no database answers at this address"
LOOKED_ROWS, LOOKED_BYTES = 5_000_000, 512 * MEGABYTE  # of a catalogue: beyond it, it is no catalogue
_LONGEST_WORDS = 2000  # characters of what a server says


@dataclass(frozen=True)
class Target:
    """Where a database is and how to sign in: fields only, never a URL.

    `pinned` is the network address that was checked; it is connected to, whatever `host` resolves to later.
    `lasting` says that nobody else writes the file, so that a process may stay open on it between questions.
    `authorities` is the operator's file of those who vouch for servers; "" for the ones this machine trusts.
    """

    host: str = ""
    port: int | None = None
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    file: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    pinned: str = ""
    lasting: bool = False
    authorities: str = ""


@dataclass(frozen=True)
class Limits:
    """What one statement may take: seconds in the database, rows and bytes kept."""

    seconds: float = 30.0
    rows: int = 1000
    bytes: int = 64 * MEGABYTE

    @property
    def message_bytes(self) -> int:
        """What one message of a server, one row, may take before it is read: a row is kept even beyond `bytes`."""
        return 2 * self.bytes + MEGABYTE


@dataclass(frozen=True)
class Fetched:
    """Rows as they came, at most the cap; `truncated` says whether the database had more."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool


class Session(Protocol):
    """One read-only visit. `limits` hold for each statement; `server` is the product and version, as people say it."""

    dialect: Dialect
    limits: Limits
    server: str

    def files(self) -> Sequence[str]:
        """The files that it reads; none of a server."""
        ...

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        """The first `rows` rows (else the limit's) of one statement that the guard has passed.

        Raises `QueryFailed`, `QueryTimedOut` when the database itself ended it, or `QueryLost` when the line broke.
        """
        ...

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one of the portal's own questions to the catalogue. Raises `QueryFailed`."""
        ...

    def cancel(self) -> None:
        """End the running statement in the database. Harmless when nothing runs; never raises."""
        ...

    def abandon(self) -> None:
        """Break the line: whoever waits on it fails at once. For a server that does not answer any more."""
        ...

    def close(self) -> None:
        """Undo whatever is open and leave. Never raises."""
        ...


def collect(rows: Iterable[Sequence[Any]], keep: int, most_bytes: int) -> tuple[list[tuple[Any, ...]], bool]:
    """At most `keep` rows and about `most_bytes` of cells (one row always), and whether there were more."""
    kept: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        # One row more than we keep says whether there were more.
        if len(kept) == keep:
            return kept, True
        size += sum(len(cell) if isinstance(cell, str | bytes) else 8 for cell in row)
        if kept and size > most_bytes:
            return kept, True
        kept.append(tuple(row))
    return kept, False


@contextmanager
def ended_after(seconds: float, end: Callable[[], None]) -> Iterator[None]:
    """While inside, `end` is called once `seconds` are over: for a server that says nothing, or too little."""
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def without_secrets(text: str, target: Target) -> str:
    """A driver's message with the password taken out, also in its encoded forms; a server that rambles is cut short."""
    password = target.password
    for secret in {password, quote(password, safe=""), quote_plus(password), repr(password)[1:-1]} - {""}:
        text = text.replace(secret, "…")
    text = "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in text[: 2 * _LONGEST_WORDS]).strip()
    return text if len(text) <= _LONGEST_WORDS else text[:_LONGEST_WORDS] + "…"
