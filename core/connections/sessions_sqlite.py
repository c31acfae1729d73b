"""A read-only visit to a SQLite file, behind a deny-by-default authorizer.

Opening the file read-only is not enough: ATTACH would reach every other file of this process. So a statement may
select, read tables and call functions, and nothing else.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import sqlglot.expressions as exp

from core.connections.cells import kind_of_values, settled
from core.connections.schema import Dialect, Kind
from core.connections.session import Fetched, Limits, Target, collect
from core.errors import ConnectionFailed, QueryFailed, QueryTimedOut

_STEPS = 10_000  # of SQLite's machine between two looks at the clock; about a millisecond
_CAPS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 20_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_MAY = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_FUNCTION}
_DENIED_FUNCTIONS = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "zeroblob", "randomblob"}


def open_sqlite(target: Target, limits: Limits) -> "SqliteSession":
    """A session on the file. Raises `ConnectionFailed` if there is none, or if it is no SQLite file."""
    try:
        connection = sqlite3.connect(
            f"file:{quote(target.file)}?mode=ro", uri=True, timeout=1.0, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise ConnectionFailed(str(error)) from None
    try:
        return SqliteSession(connection, limits)
    except sqlite3.Error as error:
        connection.close()
        raise ConnectionFailed(str(error)) from None


class SqliteSession:
    """See `session.Session`."""

    dialect = Dialect.SQLITE

    def __init__(self, connection: sqlite3.Connection, limits: Limits) -> None:
        self.limits = limits
        self.server = f"SQLite {sqlite3.sqlite_version}"
        self._connection = connection
        self._deadline = float("inf")
        self._cancelled = False
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        self._load_virtual_tables()
        for number, cap in _CAPS.items():
            connection.setlimit(number, min(cap, connection.getlimit(number)))
        connection.set_progress_handler(self._over, _STEPS)
        connection.execute("BEGIN")

    def _load_virtual_tables(self) -> None:
        """Let virtual tables set themselves up, for which they need rights that questions do not have."""
        for builtin in ("json_each", "json_tree"):
            with suppress(sqlite3.Error):
                self._connection.execute(exp.select("1").from_(f"{builtin}('[]')").sql("sqlite")).fetchall()
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"
        for (name,) in self._connection.execute(names).fetchall():
            with suppress(sqlite3.Error):
                table = exp.to_table(exp.to_identifier(name, quoted=True))
                self._connection.execute(exp.select("1").from_(table).limit(0).sql("sqlite"))

    def _over(self) -> int:
        return int(self._cancelled or time.monotonic() > self._deadline)

    def read(self, sql: str, rows: int | None = None) -> Fetched:
        self._connection.set_authorizer(_authorize)
        try:
            self._start()
            cursor = self._connection.execute(sql)
            if cursor.description is None:
                raise QueryFailed("the statement gave no rows")
            kept, truncated = collect(cursor, self.limits.rows if rows is None else rows, self.limits.bytes)
            cursor.close()
        except (sqlite3.Error, sqlite3.Warning, UnicodeError, ValueError) as error:
            raise self._failure(error) from None
        finally:
            self._connection.set_authorizer(None)
        names = [column[0] for column in cursor.description]
        return Fetched(*settled(names, [None] * len(names), _with_dates(kept, len(names))), truncated)

    def look(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            self._start()
            return self._connection.execute(sql, tuple(parameters)).fetchall()
        except (sqlite3.Error, UnicodeError) as error:
            raise self._failure(error) from None

    def _start(self) -> None:
        self._cancelled = False
        self._deadline = time.monotonic() + self.limits.seconds

    def _failure(self, error: Exception) -> QueryFailed:
        if time.monotonic() > self._deadline:
            return QueryTimedOut(str(error), seconds=self.limits.seconds)
        return QueryFailed(str(error))

    def cancel(self) -> None:
        self._cancelled = True
        with suppress(sqlite3.Error):
            self._connection.interrupt()

    def abandon(self) -> None:
        self.cancel()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()


def _authorize(action: int, first: str | None, second: str | None, *_where: str | None) -> int:
    """Whether a step of a statement may be; what SQLite's arguments mean depends on the action."""
    if action == sqlite3.SQLITE_PRAGMA:
        # Full-text tables ask whether the file has changed.
        return sqlite3.SQLITE_OK if first == "data_version" and second is None else sqlite3.SQLITE_DENY
    if action not in _MAY:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and (first or "").lower().startswith("sqlite_"):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _DENIED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _with_dates(rows: list[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    """The same rows, in which a column that holds nothing but dates or times of day in ISO 8601 holds those.

    SQLite has no type for them; this text is how its documentation says to store them.
    """
    readers = {}
    for place in range(width):
        cells = [row[place] for row in rows if row[place] is not None]
        if cells and kind_of_values(cells) is Kind.TEXT and (reader := _date_reader(cells)):
            readers[place] = reader
    if not readers:
        return rows
    return [
        tuple(readers[place](cell) if place in readers and cell is not None else cell for place, cell in enumerate(row))
        for row in rows
    ]


def _date_reader(cells: Sequence[str]) -> Callable[[str], Any] | None:
    """What reads all of these cells, if one does."""
    for pattern, reader in _DATE_READERS:
        if all(len(cell) <= _LONGEST_DATE and pattern.fullmatch(cell) for cell in cells):
            try:
                for cell in cells:
                    reader(cell)
            except ValueError:
                return None
            return reader
    return None


_LONGEST_DATE = 40
_DATE_READERS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"\d{4}-\d\d-\d\d"), date.fromisoformat),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?"), datetime.fromisoformat),
)
