"""A SQLite file from inside the process that reads it (`file_process`), behind a deny-by-default authorizer.

Opening the file read-only is not enough: ATTACH would reach every other file. So a statement may select, read tables
and call functions, and nothing else.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from core.connections.cells import kind_of_values
from core.connections.digests import DIGEST, digest
from core.connections.file_process import Failed, Found
from core.connections.schema import Kind
from core.connections.session import collect

_STEPS = 10_000  # of SQLite's machine between two looks at the clock; about a millisecond
_CAPS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 20_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_MAY = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_FUNCTION}
_DENIED_FUNCTIONS = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "randomblob"}


class SqliteFile:
    """See `file_process.OpenFile`."""

    def __init__(self, file: str) -> None:
        self.server = f"SQLite {sqlite3.sqlite_version}"
        self._deadline = float("inf")
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(file)}?mode=ro", uri=True, timeout=1.0, isolation_level=None
            )
        except sqlite3.Error as error:
            raise Failed(str(error)) from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise Failed(str(error)) from None

    def _prepare(self) -> None:
        connection = self._connection
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # For masked columns only: the guard knows no such function, so nobody's own SQL can call it.
        connection.create_function(DIGEST, 2, digest, deterministic=True)
        self._load_virtual_tables()
        for number, cap in _CAPS.items():
            connection.setlimit(number, min(cap, connection.getlimit(number)))
        connection.set_progress_handler(lambda: int(time.monotonic() > self._deadline), _STEPS)

    def _load_virtual_tables(self) -> None:
        """Let virtual tables set themselves up, for which they need rights that questions do not have."""
        for builtin in ("SELECT 1 FROM json_each('[]')", "SELECT 1 FROM json_tree('[]')"):
            with suppress(sqlite3.Error):
                self._connection.execute(builtin).fetchall()
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"
        for name in self._connection.execute(names).fetchall():
            with suppress(sqlite3.Error):
                self._connection.execute("SELECT count(*) FROM pragma_table_xinfo(?)", name).fetchall()

    def read(self, sql: str, rows: int, most_bytes: int, seconds: float) -> Found:
        self._connection.set_authorizer(_authorize)
        self._deadline = time.monotonic() + seconds
        try:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute(sql)
                if cursor.description is None:
                    raise Failed("the statement gave no rows")
                kept, truncated = collect(cursor, rows, most_bytes)
                names = [column[0] for column in cursor.description]
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            raise self._failure(error) from None
        finally:
            self._connection.set_authorizer(None)
        return Found([(name, None) for name in names], _with_dates(kept, len(names)), truncated)

    def look(self, sql: str, parameters: Sequence[object], seconds: float) -> list[Sequence[Any]]:
        self._deadline = time.monotonic() + seconds
        try:
            return list(self._connection.execute(sql, tuple(parameters)).fetchall())
        except (sqlite3.Error, ValueError) as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> Failed:
        return Failed(str(error), late=time.monotonic() > self._deadline)

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
