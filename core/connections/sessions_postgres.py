"""A read-only visit to PostgreSQL, through psycopg 3.

What people and models wrote goes by the extended protocol, which takes one statement only. It is described before it
runs: one that would give no rows (COPY, DO, SET, LOCK) does not run at all. Rows come one by one, and bytes are counted
as they arrive, so that a cap on both holds whatever the query or a hostile server would send.
"""

import fcntl
import os
import select
import socket
import struct
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import conninfo, pq, sql

from core.connections.cells import or_text, settled
from core.connections.schema import Dialect, Kind
from core.connections.session import (
    CANCEL_SECONDS,
    CLOSE_SECONDS,
    CONNECT_SECONDS,
    DISK_MEGABYTES,
    GRACE_SECONDS,
    IDLE_SECONDS,
    LOCK_SECONDS,
    LOOKED_BYTES,
    LOOKED_ROWS,
    NOBODY,
    STEP_MEGABYTES,
    Fetched,
    Limits,
    Target,
    collect,
    ended_after,
    without_secrets,
)
from core.errors import ConnectionFailed, QueryFailed, QueryLost, QueryTimedOut

_ENDED = (b"57P01", b"57P02", b"57P03")  # sqlstates of a server that goes down or crashed, or somebody ends the visit
_CANCELED = b"57014"  # sqlstate query_canceled: by its own timeout, or by us
# In libpq's messages: words of a server's own, of its certificate, and of what it will not do.
_SPOKEN = ("FATAL:", "ERROR:", "certificate", "does not support SSL", "authentication method", "server requested")
_PIECES = 1000 if pq.version() >= 170000 else 1  # rows of a catalogue taken at once
_NO_FILE = os.devnull + "/none"
_STEP = f"{STEP_MEGABYTES}MB"
_DISK = f"{DISK_MEGABYTES}MB"
# What a session may lower only, since somebody may have set less: memory of a step and, where it is let, room on disk.
_LESS_MEMORY = """
    SELECT set_config('work_mem', {step}, true)
    WHERE pg_size_bytes(current_setting('work_mem')) > pg_size_bytes({step})
"""
_LESS_DISK = """
    SELECT set_config('temp_file_limit', {disk}, true) FROM pg_roles
    WHERE rolname = session_user AND ({may})
      AND CASE current_setting('temp_file_limit') WHEN '-1' THEN true
          ELSE pg_size_bytes(current_setting('temp_file_limit')) > pg_size_bytes({disk}) END
"""
# A superuser's visit goes on as a role that reads all tables and nothing else: no files, no programs, no other session.
_STEP_DOWN = """
    SELECT set_config('role', 'pg_read_all_data', true) FROM pg_roles WHERE rolname = session_user AND rolsuper
"""


def open_postgres(target: Target, limits: Limits) -> "PostgresSession":
    """A session in a read-only transaction. Raises `ConnectionFailed` with the server's own words."""
    started = time.monotonic()
    try:
        connection = _connect(target, limits)
    except (psycopg.Error, UnicodeError, ValueError) as error:
        raise ConnectionFailed(_words(error, target)) from None
    return PostgresSession(connection, target, limits, CONNECT_SECONDS - (time.monotonic() - started))


def _words(error: Exception, target: Target) -> str:
    """What a server said; the same sentence wherever none spoke, which would tell strangers what runs there."""
    text = str(error)
    spoke = not isinstance(error, psycopg.Error) or any(word in text for word in _SPOKEN)
    return without_secrets(text, target) if spoke else NOBODY


def _connect(target: Target, limits: Limits) -> "psycopg.Connection[tuple[Any, ...]]":
    given = conninfo.make_conninfo(**_address(target, limits))
    options = " ".join(f"-c {name}={value}" for name, value in _session_settings(limits).items())
    try:
        return psycopg.connect(conninfo.make_conninfo(given, options=options), autocommit=True)
    except psycopg.OperationalError as error:
        # Connection poolers refuse start-up options; the transaction sets the same itself.
        if "startup parameter" not in str(error):
            raise
        return psycopg.connect(conninfo.make_conninfo(given, options=""), autocommit=True)


def _address(target: Target, limits: Limits) -> dict[str, Any]:
    """libpq's parameters. What is not given here, libpq would take from this machine's files and environment."""
    mode = target.options.get("sslmode") or "prefer"
    verified = mode == "verify-full"
    # A password in the open goes only where somebody has vouched for the server, or over a socket of this machine.
    refused = ["gss", "sspi"] if verified or target.host.startswith("/") else ["password", "gss", "sspi"]
    address: dict[str, Any] = {
        "host": target.host,
        "hostaddr": target.pinned,
        "port": target.port or 5432,
        "dbname": target.database,
        "user": target.user,
        "password": target.password,
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "askwell",
        "client_encoding": "utf8",
        "tcp_user_timeout": int((limits.seconds + GRACE_SECONDS) * 1000),
        "sslmode": mode,
        # With another mode, libpq would look for a file of the portal's own user.
        "sslrootcert": (target.authorities or "system") if verified else _NO_FILE,
        "require_auth": ",".join(f"!{method}" for method in refused),
        "gssencmode": "disable",
        # No file of the portal's own user may lend a password, a key or a setting to this visit.
        "passfile": os.devnull,
        "sslcert": _NO_FILE,
        "sslkey": _NO_FILE,
        "sslcrl": "",
        "sslcertmode": "disable",
    }
    return address


def _session_settings(limits: Limits) -> dict[str, str]:
    return {"default_transaction_read_only": "on", **_transaction_settings(limits)}


def _transaction_settings(limits: Limits) -> dict[str, str]:
    return {
        "statement_timeout": str(max(1, round(limits.seconds * 1000))),
        "lock_timeout": str(LOCK_SECONDS * 1000),
        "idle_in_transaction_session_timeout": str(IDLE_SECONDS * 1000),
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        # The guard reads text as the standard says; a server set otherwise would end strings elsewhere.
        "standard_conforming_strings": "on",
    }


class PostgresSession:
    """See `session.Session`. Values come as text and are read by the table at the end of this module."""

    dialect = Dialect.POSTGRES

    def __init__(
        self,
        connection: "psycopg.Connection[tuple[Any, ...]]",
        target: Target,
        limits: Limits,
        patience: float = CONNECT_SECONDS,
    ) -> None:
        self.limits = limits
        self._connection, self._target = connection, target
        version = connection.info.server_version
        self.server = f"PostgreSQL {version // 10000}" + (f".{version % 10000}" if version >= 100000 else "")
        self._begin(max(0.5, patience))

    def _begin(self, patience: float = CONNECT_SECONDS) -> None:
        local = (
            sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value))
            for name, value in _transaction_settings(self.limits).items()
        )
        first = sql.SQL("; ").join([sql.SQL("BEGIN READ ONLY"), *local, *self._restraints()])
        try:
            with ended_after(patience, self.abandon):
                self._connection.execute(first)
        except psycopg.Error as error:
            self.close()
            raise ConnectionFailed(without_secrets(str(error), self._target)) from None

    def _restraints(self) -> Iterator[sql.Composed]:
        """What holds for this visit as far as the server and the login let it."""
        version = self._connection.info.server_version
        # Who may set a parameter beside superusers, PostgreSQL says since 15.
        granted = " OR has_parameter_privilege('temp_file_limit', 'SET')" if version >= 150000 else ""
        yield sql.SQL(_LESS_MEMORY).format(step=sql.Literal(_STEP))
        yield sql.SQL(_LESS_DISK).format(disk=sql.Literal(_DISK), may=sql.SQL("rolsuper" + granted))
        if version >= 140000:
            yield sql.SQL(_STEP_DOWN).format()

    def files(self) -> Sequence[str]:
        return ()

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        line = self._connection.pgconn
        self._renew()
        started = time.monotonic()
        try:
            self._describe(sql, started)
            line.send_query_prepared(b"", None)
            line.set_single_row_mode()
            first = self._result(started)
            readers = [READERS.get(first.ftype(place), _TEXT) for place in range(first.nfields)]
            kept, truncated = collect(
                self._rows(first, [reader for _, reader in readers], started),
                self.limits.rows if rows is None else rows,
                self.limits.bytes,
            )
        except (psycopg.Error, UnicodeError) as error:
            kind = QueryLost if line.status != pq.ConnStatus.OK else QueryFailed
            raise kind(without_secrets(str(error), self._target)) from None
        if truncated:
            self.cancel()
            self._drain()
        names = [(first.fname(place) or b"").decode("utf-8", "replace") for place in range(first.nfields)]
        return Fetched(*settled(names, [kind for kind, _ in readers], kept), truncated)

    def _describe(self, text: str, started: float) -> None:
        """Let the server parse the statement and say what it would give. Raises `QueryFailed` if that is not rows."""
        line = self._connection.pgconn
        line.enter_pipeline_mode()
        line.send_prepare(b"", text.encode())
        line.send_describe_prepared(b"")
        line.pipeline_sync()
        problem: pq.abc.PGresult | None = None
        columns = 0
        while (result := self._next()) is None or result.status != pq.ExecStatus.PIPELINE_SYNC:
            if line.status != pq.ConnStatus.OK:
                raise QueryLost("the connection was lost")
            if result is not None and result.status == pq.ExecStatus.FATAL_ERROR:
                problem = result
            elif result is not None:
                columns = result.nfields
        line.exit_pipeline_mode()
        if problem is not None:
            raise self._failure(problem, started)
        if not columns:
            raise QueryFailed("the statement would give no rows, so it was not run")

    def _rows(
        self, result: pq.abc.PGresult, readers: Sequence[Callable[[str], Any]], started: float
    ) -> Iterator[tuple[Any, ...]]:
        while result.status == pq.ExecStatus.SINGLE_TUPLE:
            cells = (result.get_value(0, place) for place in range(len(readers)))
            yield tuple(
                None if cell is None else reader(cell.decode("utf-8", "replace"))
                for reader, cell in zip(readers, cells, strict=True)
            )
            result = self._result(started)
        self._drain()

    def _result(self, started: float) -> pq.abc.PGresult:
        """The next piece of the answer: one row, or the end. Raises `QueryFailed` for everything else."""
        result = self._next()
        if result is None:
            raise QueryLost("the connection was lost")
        if result.status in (pq.ExecStatus.SINGLE_TUPLE, pq.ExecStatus.TUPLES_OK):
            return result
        if result.status != pq.ExecStatus.FATAL_ERROR:
            self.abandon()
            raise QueryFailed("the statement gave no rows")
        failure = self._failure(result, started)
        self._drain()
        raise failure

    def _failure(self, result: pq.abc.PGresult, started: float) -> QueryFailed:
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        message = without_secrets(result.get_error_message(), self._target)
        if state == _CANCELED and time.monotonic() - started > self.limits.seconds * 0.9:
            return QueryTimedOut(message, seconds=self.limits.seconds)
        # The server ended the visit: it is going down, or somebody ended it there.
        is_lost = state in _ENDED or self._connection.pgconn.status != pq.ConnStatus.OK
        return QueryLost(message) if is_lost else QueryFailed(message)

    def _drain(self) -> None:
        """Take what is still on its way, so that the connection is free again."""
        with suppress(psycopg.Error, QueryFailed):
            while self._next() is not None:
                pass

    def _next(self) -> pq.abc.PGresult | None:
        """What the server says next. Waits outside libpq, which would hold all threads of this process meanwhile.

        Raises `QueryFailed`, and breaks the line, for one message that is larger than any row may be.
        """
        line, arrived = self._connection.pgconn, 0
        poll = select.poll()
        poll.register(line.socket, select.POLLIN)
        while line.flush():
            poll.modify(line.socket, select.POLLIN | select.POLLOUT)
            poll.poll()
            line.consume_input()
        poll.modify(line.socket, select.POLLIN)
        while line.is_busy():
            poll.poll()
            arrived += _waiting_bytes(line.socket)
            if arrived > self.limits.message_bytes:
                self.abandon()
                raise QueryFailed("one row is larger than may be read")
            line.consume_input()
        return line.get_result()

    def _renew(self) -> None:
        """A fresh transaction after a statement that failed; none at all after one that got out of its own."""
        status = self._connection.info.transaction_status
        if status == pq.TransactionStatus.INERROR:
            self._connection.execute("ROLLBACK")
            self._begin()
        elif status != pq.TransactionStatus.INTRANS:
            self.abandon()
            raise QueryLost("the read-only transaction has ended")

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self._renew()
        try:
            with self._connection.cursor() as cursor:
                rows = cursor.stream(sql.encode(), tuple(parameters) or None, size=_PIECES)
                found, cut = collect(rows, LOOKED_ROWS, LOOKED_BYTES)
                if cut:
                    self.abandon()
        except psycopg.errors.QueryCanceled as error:
            raise QueryTimedOut(without_secrets(str(error), self._target), seconds=self.limits.seconds) from None
        except psycopg.Error as error:
            raise QueryFailed(without_secrets(str(error), self._target)) from None
        if cut:
            raise QueryFailed("the catalogue has no end")
        return found

    def cancel(self) -> None:
        with suppress(psycopg.Error, OSError):
            self._connection.cancel_safe(timeout=CANCEL_SECONDS)

    def abandon(self) -> None:
        with suppress(psycopg.Error, OSError), closing(socket.socket(fileno=os.dup(self._connection.fileno()))) as line:
            line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the transaction and the session with it: nothing that was set, locked or prepared outlives it.

        Locks of the session are given back first: a server takes a moment to notice that its client has gone.
        """
        with suppress(psycopg.Error, OSError), ended_after(CLOSE_SECONDS, self.abandon):
            if self._connection.info.transaction_status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR):
                self._connection.execute("ROLLBACK; SELECT pg_advisory_unlock_all()")
        with suppress(psycopg.Error, OSError):
            self._connection.close()


def _waiting_bytes(descriptor: int) -> int:
    """How much has arrived on a socket and was not read."""
    size = struct.calcsize("i")
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * size))[0])


def _bytes(text: str) -> Any:
    return bytes.fromhex(text[2:]) if text.startswith("\\x") else text


_TEXT: tuple[Kind | None, Callable[[str], Any]] = (Kind.TEXT, str)
_INTEGER = (Kind.INTEGER, int)
_FLOAT = (Kind.NUMBER, float)
_TIMESTAMP = (Kind.TIMESTAMP, or_text(datetime.fromisoformat))
_TIME = (Kind.TIME, or_text(clock_time.fromisoformat))

# By type number, as `pg_type.dat` of PostgreSQL fixes them; all others are shown as PostgreSQL writes them.
READERS: dict[int, tuple[Kind | None, Callable[[str], Any]]] = {
    16: (Kind.BOOLEAN, lambda text: text == "t"),
    17: (Kind.OTHER, _bytes),
    20: _INTEGER,
    21: _INTEGER,
    23: _INTEGER,
    26: _INTEGER,
    700: _FLOAT,
    701: _FLOAT,
    1082: (Kind.DATE, or_text(date.fromisoformat)),
    1083: _TIME,
    1114: _TIMESTAMP,
    1184: _TIMESTAMP,
    1266: _TIME,
    1700: (Kind.NUMBER, Decimal),
}
