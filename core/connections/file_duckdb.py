"""A DuckDB file from inside the process that reads it (`file_process`)."""

import re
import sys
import types
import zoneinfo
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.connections.cells import kind_of_type, plain
from core.connections.file_process import Failed, Found
from core.connections.schema import Kind
from core.connections.session import collect

_PIVOT = re.compile(r"\s*\(*\s*(?:pivot|pivot_wider|select|with|from)\b", re.IGNORECASE)


class _Zone(zoneinfo.ZoneInfo):
    def localize(self, moment: datetime, **_: object) -> datetime:
        return moment.replace(tzinfo=self)


def _lend_time_zones() -> None:
    """DuckDB asks for time zones under the name of a library that Python's own has replaced."""
    module = types.ModuleType("pytz")
    vars(module).update(timezone=_Zone, utc=_Zone("UTC"))
    sys.modules["pytz"] = module


class DuckdbFile:
    """See `file_process.OpenFile`. Time is kept by the asker, who ends the process."""

    def __init__(self, file: str, memory_megabytes: int, disk_megabytes: int, scratch: str) -> None:
        _lend_time_zones()
        import duckdb

        self._duckdb = duckdb
        self.server = f"DuckDB {duckdb.__version__}"
        config: dict[str, str | bool | int | float | list[str]] = {
            "enable_external_access": False,
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "memory_limit": f"{memory_megabytes}MB",
            "threads": 1,
            "temp_directory": scratch,
            "max_temp_directory_size": f"{disk_megabytes}MB",
            "allow_persistent_secrets": False,
        }
        try:
            self._connection = duckdb.connect(file, read_only=True, config=config)
            self._connection.execute("SET TimeZone = 'UTC'")
            self._connection.execute("SET lock_configuration = true")
        except duckdb.Error as error:
            raise Failed(str(error)) from None

    def read(self, sql: str, rows: int, most_bytes: int, seconds: float) -> Found:  # noqa: ARG002
        # A connection of its own holds whatever the statement may set.
        with self._connection.cursor() as visit:
            try:
                visit.execute(self._one_that_reads(visit, sql))
                # Documents and lists become text first: they are as large as their text.
                written = (tuple(map(plain, row)) for row in iter(visit.fetchone, None))
                kept, truncated = collect(written, rows, most_bytes)
                columns = [(column[0], _kind(str(column[1]))) for column in visit.description]
            except (self._duckdb.Error, ArithmeticError, RuntimeError, TypeError, ValueError) as error:
                raise Failed(_words(error)) from None
        return Found(columns, kept, truncated)

    def _one_that_reads(self, visit: Any, sql: str) -> Any:
        statements, kinds = visit.extract_statements(sql), self._duckdb.StatementType
        if len(statements) != 1:
            raise Failed("only one statement can be run")
        # A pivot over whatever values there are is several to DuckDB: it lists them first, in a type of its own.
        is_pivot = statements[0].type is kinds.MULTI and _PIVOT.match(sql)
        if statements[0].type not in (kinds.SELECT, kinds.EXPLAIN) and not is_pivot:
            raise Failed("only a statement that reads can be run")
        return statements[0]

    def look(self, sql: str, parameters: Sequence[object], seconds: float) -> list[Sequence[Any]]:  # noqa: ARG002
        with self._connection.cursor() as visit:
            try:
                return list(visit.execute(sql, list(parameters)).fetchall())
            except self._duckdb.Error as error:
                raise Failed(_words(error)) from None

    def close(self) -> None:
        self._connection.close()


def _kind(declared: str) -> Kind | None:
    """What DuckDB says of a column; documents and lists come as text, so their values decide."""
    kind = kind_of_type(declared)
    return None if kind is Kind.OTHER else kind


def _words(error: Exception) -> str:
    """DuckDB's message without its advice to an administrator."""
    return str(error).split("\n\nPossible solutions:", 1)[0]
