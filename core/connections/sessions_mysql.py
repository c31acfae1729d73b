"""A read-only visit to MySQL or MariaDB, through PyMySQL.

PyMySQL sends one statement at a time (the flag for several is never set) and gives rows as they come. The socket
is ours: it goes to the address that was checked, and can be broken from another thread.
"""

import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pymysql
from pymysql.constants import ER, FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import Cursor, SSCursor

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

# What a server that lies, breaks off or was broken off makes PyMySQL raise.
_BROKEN = (
    pymysql.Error, OSError, RuntimeError, ValueError, LookupError, AttributeError, AssertionError, struct.error,
)  # fmt: skip
_OUT_OF_TIME = (ER.STATEMENT_TIMEOUT, ER.QUERY_TIMEOUT)
# Modes that change how text is read: the guard reads it as the default does.
_READING_MODES = {"ANSI", "ANSI_QUOTES", "DB2", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE", "MAXDB", "MSSQL"} | {
    "NO_BACKSLASH_ESCAPES", "ORACLE", "PIPES_AS_CONCAT", "POSTGRESQL"
}  # fmt: skip


def open_mysql(target: Target, limits: Limits) -> "MysqlSession":
    """A session in a read-only transaction. Raises `ConnectionFailed` with the server's own words."""
    try:
        connection, line = _connect(target, limits.seconds + GRACE_SECONDS)
    except _BROKEN as error:
        raise ConnectionFailed(_words(error, target)) from None
    return MysqlSession(connection, line, target, limits)


def _connect(target: Target, read_seconds: float) -> "tuple[pymysql.Connection[Cursor], socket.socket]":
    """A connection, and its line as a second handle that another thread may break."""
    connection = pymysql.connect(
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
        **_security("disable" if target.host.startswith("/") else target.options.get("sslmode", "prefer")),
    )
    plug = _plug(target)
    line = socket.socket(fileno=os.dup(plug.fileno()))
    try:
        with _ended_after(CONNECT_SECONDS, line):
            connection.connect(plug)
    except _BROKEN:
        line.close()
        raise
    return connection, line


def _plug(target: Target) -> socket.socket:
    if target.host.startswith("/"):
        plug = socket.socket(socket.AF_UNIX)
        plug.settimeout(CONNECT_SECONDS)
        try:
            plug.connect(target.host)
        except OSError:
            plug.close()
            raise
        return plug
    plug = socket.create_connection((target.pinned or target.host, target.port or 3306), CONNECT_SECONDS)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return plug


def _security(mode: str) -> dict[str, Any]:
    """PyMySQL's words for the `sslmode`s we offer; without any it encrypts where the server can."""
    if mode == "verify-full":
        return {"ssl": ssl.create_default_context()}
    words: dict[str, dict[str, Any]] = {"disable": {"ssl_disabled": True}, "require": {"ssl": {"verify_mode": False}}}
    return words.get(mode, {})


@contextmanager
def _ended_after(seconds: float, line: socket.socket) -> Iterator[None]:
    """Breaks the line of a server that takes the call and then says nothing, or too little too slowly."""
    timer = threading.Timer(seconds, _break, (line,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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
        self, connection: "pymysql.Connection[Cursor]", line: socket.socket, target: Target, limits: Limits
    ) -> None:
        self.limits = limits
        self._connection, self._line, self._target = connection, line, target
        version = str(connection.get_server_info())  # type: ignore[no-untyped-call]
        self._thread = connection.thread_id()  # type: ignore[no-untyped-call]
        self._mariadb = "mariadb" in version.lower()
        self.server = f"{'MariaDB' if self._mariadb else 'MySQL'} {version.removeprefix('5.5.5-').split('-')[0]}"
        try:
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
        settings = {
            "sql_mode": kept,
            "lock_wait_timeout": LOCK_SECONDS,
            "innodb_lock_wait_timeout": LOCK_SECONDS,
            clock: time_limit,
        }
        self.look("SET " + ", ".join(f"SESSION {name} = %s" for name in settings), tuple(settings.values()))
        self.look("SET SESSION TRANSACTION READ ONLY")
        self.look("START TRANSACTION READ ONLY")

    def read(self, sql: str, rows: int | None = None) -> Fetched:
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
            raise self._failure(error) from None
        if truncated:
            # MySQL sends everything unless it is stopped; what is on its way is read by `close`.
            self.cancel()
        names = [field[0] for field in cursor.description]
        kinds, found = _kinds(cursor.description, kept)
        with suppress(*_BROKEN):
            cursor.close()
        return Fetched(*settled(names, kinds, found), truncated)

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, tuple(parameters) or None)
                return list(cursor.fetchall())
        except _BROKEN as error:
            raise self._failure(error) from None

    def _failure(self, error: BaseException) -> QueryFailed:
        message = _words(error, self._target)
        if error.args and error.args[0] in _OUT_OF_TIME:
            return QueryTimedOut(message, seconds=self.limits.seconds)
        return QueryFailed(message)

    def cancel(self) -> None:
        with suppress(*_BROKEN):
            other, line = _connect(self._target, GRACE_SECONDS)
            with line, other, other.cursor() as cursor:
                cursor.execute("KILL QUERY %s", (self._thread,))

    def abandon(self) -> None:
        _break(self._line)

    def close(self) -> None:
        """Leaving undoes the transaction and forgets all that was set or locked."""
        with suppress(*_BROKEN):
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
