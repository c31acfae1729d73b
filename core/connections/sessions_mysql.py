"""A read-only visit to MySQL or MariaDB, through PyMySQL.

PyMySQL sends one statement at a time (the flag for several is never set) and gives rows as they come. The socket
is ours: it goes to the address that was checked, and can be broken from another thread. What people and models wrote is
prepared before it runs: a statement that would give no rows (SET, KILL, INTO OUTFILE) does not run at all.
"""

import os
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from time import monotonic
from typing import Any, cast

import pymysql
from pymysql.constants import COMMAND, CR, ER, FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from core.connections.cells import or_text, settled
from core.connections.schema import Dialect, Kind
from core.connections.session import (
    CANCEL_SECONDS,
    CLOSE_SECONDS,
    CONNECT_SECONDS,
    GRACE_SECONDS,
    IDLE_SECONDS,
    LOCK_SECONDS,
    LOOKED_BYTES,
    LOOKED_ROWS,
    MEGABYTE,
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

# What a server that lies, breaks off or was broken off makes PyMySQL raise.
_BROKEN = (
    pymysql.Error, OSError, RuntimeError, ValueError, LookupError, AttributeError, AssertionError, struct.error,
)  # fmt: skip
_ENDED = (ER.QUERY_INTERRUPTED, ER.STATEMENT_TIMEOUT, ER.QUERY_TIMEOUT)
_OUT_OF_TIME = (ER.STATEMENT_TIMEOUT, ER.QUERY_TIMEOUT)
# Modes that change how text is read: the guard reads it as the default does.
_READING_MODES = {"ANSI", "ANSI_QUOTES", "DB2", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE", "MAXDB", "MSSQL"} | {
    "NO_BACKSLASH_ESCAPES", "ORACLE", "PIPES_AS_CONCAT", "POSTGRESQL"
}  # fmt: skip


_SESSION_MEGABYTES = 512  # of memory that MariaDB lets one visit take
_SILENT = (CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_COMMANDS_OUT_OF_SYNC)
_KILLED = 1927  # MariaDB's word for a visit that somebody ended
_LOST = (CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.SERVER_SHUTDOWN, _KILLED)
_OPEN_ON_REQUEST = (b"mysql_clear_password", b"dialog")
_LEFT_OVER = 16 * MEGABYTE  # of rows that are on their way when no more are wanted
_PREPARED = struct.Struct("<BIHH")


def open_mysql(target: Target, limits: Limits) -> "MysqlSession":
    """A session in a read-only transaction. Raises `ConnectionFailed` with the server's own words."""
    started = monotonic()
    try:
        connection, line = _connect(target, limits.seconds + GRACE_SECONDS)
    except _BROKEN as error:
        raise ConnectionFailed(_words(error, target) if _spoke(error) else NOBODY) from None
    return MysqlSession(connection, line, target, limits, CONNECT_SECONDS - (monotonic() - started))


def _spoke(error: BaseException) -> bool:
    """Whether a database said so, or something about one; nothing is said of what else may listen there."""
    if isinstance(error, _Refused) or isinstance(getattr(error, "original_exception", error), ssl.SSLError):
        return True
    code = error.args[0] if isinstance(error, pymysql.Error) and error.args else None
    return isinstance(code, int) and code not in _SILENT


class _Refused(RuntimeError):
    """We ended it, and say why."""


class _Wire(pymysql.connections.Connection):
    """PyMySQL's connection, which reads no more than it is allowed and gives no password away on request."""

    allowed = _LEFT_OVER  # bytes, until it is set anew

    def _read_bytes(self, num_bytes: int) -> bytes:
        self.allowed -= num_bytes
        if self.allowed < 0:
            raise _Refused("the server sends more than may be read")
        data: bytes = super()._read_bytes(num_bytes)  # type: ignore[misc]
        return data

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any = None) -> Any:
        line: Any = self
        if plugin_name in _OPEN_ON_REQUEST and not line._secure:
            raise _Refused("the server wants the password in the open, over a line that is not encrypted")
        return super()._process_auth(plugin_name, auth_packet, handler)  # type: ignore[misc]

    def columns_of(self, text: str) -> int:
        """How many columns the statement would give; the server parses it and runs nothing."""
        line: Any = self
        line._execute_command(COMMAND.COM_STMT_PREPARE, text)
        _, statement, columns, parameters = _PREPARED.unpack_from(line._read_packet().get_all_data())
        for expected in (parameters, columns):
            while expected and not line._read_packet().is_eof_packet():
                pass
        line._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", statement))
        if parameters:
            raise _Refused("a statement with parameters cannot be run")
        return int(columns)


def _connect(target: Target, read_seconds: float, seconds: float = CONNECT_SECONDS) -> "tuple[_Wire, socket.socket]":
    """A connection, and its line as a second handle that another thread may break."""
    connection = _Wire(
        host=target.host,
        user=target.user,
        # PyMySQL would encode text as Latin-1.
        password=target.password.encode(),
        database=target.database or None,
        charset="utf8mb4",
        conv=dict[Any, Any](encoders) | READERS,
        autocommit=True,
        local_infile=False,
        read_timeout=read_seconds,
        write_timeout=read_seconds,
        defer_connect=True,
        program_name="askwell",
        **_security(target),
    )
    plug = _plug(target, seconds)
    line = socket.socket(fileno=os.dup(plug.fileno()))
    try:
        with ended_after(seconds, partial(_break, line)):
            connection.connect(plug)
    except _BROKEN:
        line.close()
        plug.close()
        raise
    return connection, line


def _plug(target: Target, seconds: float) -> socket.socket:
    if target.host.startswith("/"):
        plug = socket.socket(socket.AF_UNIX)
        plug.settimeout(seconds)
        try:
            plug.connect(target.host)
        except OSError:
            plug.close()
            raise
        return plug
    plug = socket.create_connection((target.pinned or target.host, target.port or 3306), seconds)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return plug


def _security(target: Target) -> dict[str, Any]:
    """PyMySQL's words for the `sslmode`s we offer; without any it encrypts where the server can."""
    mode = "disable" if target.host.startswith("/") else target.options.get("sslmode", "prefer")
    if mode == "verify-full":
        return {"ssl": ssl.create_default_context(cafile=target.authorities or None)}
    words: dict[str, dict[str, Any]] = {"disable": {"ssl_disabled": True}, "require": {"ssl": {"verify_mode": False}}}
    return words.get(mode, {})


def _break(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _words(error: BaseException, target: Target) -> str:
    """The server's message without its Python wrapping."""
    text = str(error.args[-1]) if error.args else type(error).__name__
    return without_secrets(text, target)


class MysqlSession:
    """See `session.Session`."""

    dialect = Dialect.MYSQL

    def __init__(
        self,
        connection: _Wire,
        line: socket.socket,
        target: Target,
        limits: Limits,
        patience: float = CONNECT_SECONDS,
    ) -> None:
        self.limits = limits
        self._connection, self._line, self._target = connection, line, target
        version = str(connection.get_server_info())  # type: ignore[no-untyped-call]
        self._thread = connection.thread_id()  # type: ignore[no-untyped-call]
        self._mariadb = "mariadb" in version.lower()
        self.server = f"{'MariaDB' if self._mariadb else 'MySQL'} {version.removeprefix('5.5.5-').split('-')[0]}"
        try:
            with ended_after(max(0.5, patience), self.abandon):
                self._begin()
        except QueryFailed as error:
            self.close()
            raise ConnectionFailed(error.detail) from None

    def _begin(self) -> None:
        [(modes,)] = self.look("SELECT @@SESSION.sql_mode")
        kept = ",".join(mode for mode in modes.split(",") if mode not in _READING_MODES)
        clock, time_limit = (
            ("max_statement_time", self.limits.seconds)
            if self._mariadb
            else ("max_execution_time", max(1, round(self.limits.seconds * 1000)))
        )
        settings: dict[str, object] = {
            "sql_mode": kept,
            "lock_wait_timeout": LOCK_SECONDS,
            "innodb_lock_wait_timeout": LOCK_SECONDS,
            "wait_timeout": round(IDLE_SECONDS + self.limits.seconds),
            clock: time_limit,
        }
        self.look("SET " + ", ".join(f"SESSION {name} = %s" for name in settings), tuple(settings.values()))
        # Somebody may have set less.
        memory = {"tmp_table_size": STEP_MEGABYTES, "max_heap_table_size": STEP_MEGABYTES}
        if self._mariadb:
            memory["max_session_mem_used"] = _SESSION_MEGABYTES
        less = ", ".join(f"SESSION {name} = LEAST(@@SESSION.{name}, %s)" for name in memory)
        self.look("SET " + less, tuple(megabytes * MEGABYTE for megabytes in memory.values()))
        self.look("SET SESSION TRANSACTION READ ONLY")
        self.look("START TRANSACTION READ ONLY")

    def files(self) -> Sequence[str]:
        return ()

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        # Rows are kept up to a limit; what is on its way behind them is read too, to a point.
        self._connection.allowed = self.limits.message_bytes + _LEFT_OVER
        try:
            columns = self._connection.columns_of(sql)
        except _BROKEN as error:
            raise self._failure(error) from None
        if not columns:
            raise QueryFailed("the statement would give no rows, so it was not run")
        cursor = self._connection.cursor(SSCursor)
        try:
            cursor.execute(sql)
            if cursor.description is None:
                self.abandon()
                raise QueryFailed("the statement gave no rows")
            kept, truncated = collect(
                iter(cursor.fetchone, None), self.limits.rows if rows is None else rows, self.limits.bytes
            )
        except _BROKEN as error:
            self._let_go(cursor)
            raise self._failure(error) from None
        if truncated:
            # MySQL sends everything unless it is stopped; what is on its way is read by `close`.
            self.cancel()
        names = [field[0] for field in cursor.description]
        kinds, found = _kinds(cursor.description, kept)
        try:
            cursor.close()
        except _BROKEN as error:
            self._let_go(cursor)
            if not error.args or error.args[0] not in _ENDED:
                self.abandon()
        return Fetched(*settled(names, kinds, found), truncated)

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self._connection.allowed = LOOKED_BYTES
        cursor = self._connection.cursor(SSCursor)
        try:
            cursor.execute(sql, tuple(parameters) or None)
            if cursor.description is None:
                return []
            found, cut = collect(iter(cursor.fetchone, None), LOOKED_ROWS, LOOKED_BYTES)
        except _BROKEN as error:
            self._let_go(cursor)
            raise self._failure(error) from None
        if cut:
            self._let_go(cursor)
            self.abandon()
            raise QueryFailed("the catalogue has no end")
        return found

    def _let_go(self, cursor: SSCursor) -> None:
        """PyMySQL would read the rest of a result as it is forgotten, also of one that never ends."""
        wire, held = cast("Any", self._connection), cast("Any", cursor)
        for result in (wire._result, held._result):
            if result is not None:
                result.unbuffered_active, result.connection = False, None
        wire._result = held._result = held.connection = None

    def _failure(self, error: BaseException) -> QueryFailed:
        message = _words(error, self._target)
        if error.args and error.args[0] in _OUT_OF_TIME:
            return QueryTimedOut(message, seconds=self.limits.seconds)
        is_lost = isinstance(error, OSError) or (error.args and error.args[0] in _LOST)
        return QueryLost(message) if is_lost else QueryFailed(message)

    def cancel(self) -> None:
        with suppress(*_BROKEN):
            other, line = _connect(self._target, CANCEL_SECONDS, CANCEL_SECONDS)
            with line, other, other.cursor() as cursor, ended_after(CANCEL_SECONDS, partial(_break, line)):
                cursor.execute("KILL QUERY %s", (self._thread,))

    def abandon(self) -> None:
        _break(self._line)

    def close(self) -> None:
        """Leaving undoes the transaction and forgets all that was set or locked."""
        with suppress(*_BROKEN), ended_after(CLOSE_SECONDS, self.abandon):
            self._connection.rollback()
        with suppress(*_BROKEN):
            self._connection.close()
        self._line.close()


def _kinds(
    description: Sequence[Sequence[Any]], rows: list[tuple[Any, ...]]
) -> tuple[list[Kind | None], list[tuple[Any, ...]]]:
    """Kinds as the server says them. MySQL's BOOLEAN is a TINYINT(1): it is one if it holds nothing but 0 and 1."""
    kinds = [_KINDS.get(field[1]) for field in description]
    flags = {
        place
        for place, field in enumerate(description)
        if field[1] == FIELD_TYPE.TINY and field[3] == 1 and all(row[place] in (0, 1, None) for row in rows)
    }
    if not flags:
        return kinds, rows
    kinds = [Kind.BOOLEAN if place in flags else kind for place, kind in enumerate(kinds)]
    return kinds, [
        tuple(bool(cell) if place in flags and cell is not None else cell for place, cell in enumerate(row))
        for row in rows
    ]


def _moment(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads a date or time. "0000-00-00" is how MySQL stores none."""
    reader = or_text(read)
    return lambda text: None if text.startswith("0000-00-00") else reader(text)


def _bits(cell: bytes) -> int:
    return int.from_bytes(cell, "big")


_TYPES: dict[int, tuple[Kind, Callable[[Any], Any]]] = {
    FIELD_TYPE.TINY: (Kind.INTEGER, int),
    FIELD_TYPE.SHORT: (Kind.INTEGER, int),
    FIELD_TYPE.LONG: (Kind.INTEGER, int),
    FIELD_TYPE.LONGLONG: (Kind.INTEGER, int),
    FIELD_TYPE.INT24: (Kind.INTEGER, int),
    FIELD_TYPE.YEAR: (Kind.INTEGER, int),
    FIELD_TYPE.BIT: (Kind.INTEGER, _bits),
    FIELD_TYPE.FLOAT: (Kind.NUMBER, float),
    FIELD_TYPE.DOUBLE: (Kind.NUMBER, float),
    FIELD_TYPE.DECIMAL: (Kind.NUMBER, Decimal),
    FIELD_TYPE.NEWDECIMAL: (Kind.NUMBER, Decimal),
    FIELD_TYPE.DATE: (Kind.DATE, _moment(date.fromisoformat)),
    FIELD_TYPE.DATETIME: (Kind.TIMESTAMP, _moment(datetime.fromisoformat)),
    FIELD_TYPE.TIMESTAMP: (Kind.TIMESTAMP, _moment(datetime.fromisoformat)),
    FIELD_TYPE.TIME: (Kind.TIME, _moment(time.fromisoformat)),
}
_KINDS = {number: kind for number, (kind, _) in _TYPES.items()}
READERS = {number: reader for number, (_, reader) in _TYPES.items()}
