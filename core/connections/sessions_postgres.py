"""A read-only visit to PostgreSQL, through psycopg 3.

What people and models wrote goes by the extended protocol, which takes one statement only, and comes row by row,
so that a cap on rows and bytes holds whatever the query would return.
"""

import os
import select
import socket
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
    CONNECT_SECONDS,
    GRACE_SECONDS,
    LOCK_SECONDS,
    Fetched,
    Limits,
    Target,
    collect,
    without_secrets,
)
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut

_CANCELED = b"57014"  # sqlstate query_canceled: by its own timeout, or by us


def open_postgres(target: Target, limits: Limits) -> "PostgresSession":
    """A session in a read-only transaction. Raises `ConnectionFailed` with the server's own words."""
    try:
        connection = _connect(target, limits)
    except (psycopg.Error, UnicodeError, ValueError) as error:
        raise ConnectionFailed(without_secrets(str(error), target)) from None
    return PostgresSession(connection, target, limits)


def _connect(target: Target, limits: Limits) -> "psycopg.Connection[tuple[Any, ...]]":
    address: dict[str, Any] = {
        "host": target.host,
        "hostaddr": target.pinned or None,
        "port": target.port,
        "dbname": target.database,
        "user": target.user,
        "password": target.password or None,
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "askwell",
        "client_encoding": "utf8",
        "tcp_user_timeout": int((limits.seconds + GRACE_SECONDS) * 1000),
        "sslmode": target.options.get("sslmode"),
        # A server that is verified by name is verified against the authorities this machine trusts.
        "sslrootcert": target.options.get("sslrootcert")
        or ("system" if target.options.get("sslmode") == "verify-full" else None),
        # No file of the portal's own user may lend a password, a key or a setting to this visit.
        "passfile": os.devnull,
        "sslcert": os.devnull + "/none",
    }
    given = conninfo.make_conninfo(**{name: value for name, value in address.items() if value is not None})
    options = " ".join(f"-c {name}={value}" for name, value in _session_settings(limits).items())
    try:
        return psycopg.connect(conninfo.make_conninfo(given, options=options), autocommit=True)
    except psycopg.OperationalError as error:
        # Connection poolers refuse start-up options; the transaction sets the same itself.
        if "startup parameter" not in str(error):
            raise
        return psycopg.connect(given, autocommit=True)


def _session_settings(limits: Limits) -> dict[str, str]:
    return {"default_transaction_read_only": "on", **_transaction_settings(limits)}


def _transaction_settings(limits: Limits) -> dict[str, str]:
    return {
        "statement_timeout": str(max(1, round(limits.seconds * 1000))),
        "lock_timeout": str(LOCK_SECONDS * 1000),
        "idle_in_transaction_session_timeout": "60000",
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        # The guard reads text as the standard says; a server set otherwise would end strings elsewhere.
        "standard_conforming_strings": "on",
    }


class PostgresSession:
    """See `session.Session`. Values come as text and are read by the table at the end of this module."""

    dialect = Dialect.POSTGRES

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]", target: Target, limits: Limits) -> None:
        self.limits = limits
        self._connection, self._target = connection, target
        version = connection.info.server_version
        self.server = f"PostgreSQL {version // 10000}" + (f".{version % 10000}" if version >= 100000 else "")
        self._begin()

    def _begin(self) -> None:
        local = (
            sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value))
            for name, value in _transaction_settings(self.limits).items()
        )
        try:
            self._connection.execute(sql.SQL("; ").join([sql.SQL("BEGIN READ ONLY"), *local]))
        except psycopg.Error as error:
            self.close()
            raise ConnectionFailed(without_secrets(str(error), self._target)) from None

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        line = self._connection.pgconn
        self._renew()
        started = time.monotonic()
        try:
            line.send_query_params(sql.encode(), None)
            line.set_single_row_mode()
            first = self._result(started)
            readers = [READERS.get(first.ftype(place), _TEXT) for place in range(first.nfields)]
            kept, truncated = collect(
                self._rows(first, [reader for _, reader in readers], started),
                self.limits.rows if rows is None else rows,
                self.limits.bytes,
            )
        except (psycopg.Error, UnicodeError) as error:
            raise QueryFailed(without_secrets(str(error), self._target)) from None
        if truncated:
            self.cancel()
            self._drain()
        names = [(first.fname(place) or b"").decode("utf-8", "replace") for place in range(first.nfields)]
        return Fetched(*settled(names, [kind for kind, _ in readers], kept), truncated)

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
            raise QueryFailed("the connection was lost")
        if result.status in (pq.ExecStatus.SINGLE_TUPLE, pq.ExecStatus.TUPLES_OK):
            return result
        if result.status != pq.ExecStatus.FATAL_ERROR:
            self.abandon()
            raise QueryFailed("the statement gave no rows")
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        message = without_secrets(result.get_error_message(), self._target)
        self._drain()
        if state == _CANCELED and time.monotonic() - started > self.limits.seconds * 0.9:
            raise QueryTimedOut(message, seconds=self.limits.seconds)
        raise QueryFailed(message)

    def _drain(self) -> None:
        """Take what is still on its way, so that the connection is free again."""
        with suppress(psycopg.Error):
            while self._next() is not None:
                pass

    def _next(self) -> pq.abc.PGresult | None:
        """What the server says next. Waits outside libpq, which would hold all threads of this process meanwhile."""
        line = self._connection.pgconn
        poll = select.poll()
        poll.register(line.socket, select.POLLIN)
        while line.flush():
            poll.modify(line.socket, select.POLLIN | select.POLLOUT)
            poll.poll()
            line.consume_input()
        poll.modify(line.socket, select.POLLIN)
        while line.is_busy():
            poll.poll()
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
            raise QueryFailed("the read-only transaction has ended")

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self._renew()
        try:
            return self._connection.execute(sql.encode(), tuple(parameters) or None).fetchall()
        except psycopg.errors.QueryCanceled as error:
            raise QueryTimedOut(without_secrets(str(error), self._target), seconds=self.limits.seconds) from None
        except psycopg.Error as error:
            raise QueryFailed(without_secrets(str(error), self._target)) from None

    def cancel(self) -> None:
        with suppress(psycopg.Error, OSError):
            self._connection.cancel_safe(timeout=GRACE_SECONDS)

    def abandon(self) -> None:
        with suppress(psycopg.Error, OSError), closing(socket.socket(fileno=os.dup(self._connection.fileno()))) as line:
            line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the transaction and the session with it: nothing that was set, locked or prepared outlives it.

        Locks of the session are given back first: a server takes a moment to notice that its client has gone.
        """
        with suppress(psycopg.Error, OSError):
            if self._connection.info.transaction_status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR):
                self._connection.execute("ROLLBACK; SELECT pg_advisory_unlock_all()")
        with suppress(psycopg.Error, OSError):
            self._connection.close()


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
