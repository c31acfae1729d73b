"""The process in which DuckDB works: `python -m core.connections.duckdb_child`.

DuckDB does not stop reliably on a wish and does not keep to its memory limit, so it works in a process whose address
space the system limits and which can be killed. It speaks JSON, one value a line: first comes what to open, then
questions one at a time; every line gets one line back. The asker trusts nothing it says beyond that.
"""

import base64
import json
import os
import resource
import select
import sys
import threading
import time
import types
import zoneinfo
from collections.abc import Mapping
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from typing import Any, BinaryIO

from core.connections.cells import plain
from core.connections.session import collect

_ROOM = 1_500_000_000  # bytes of address space beside DuckDB's own memory, for Python and the libraries


def main() -> None:
    """Open what the first line names, then answer until the input ends, the parent dies or nobody asks any more."""
    answers = _only_for_us(1)
    opening = json.loads(sys.stdin.buffer.readline())
    room = opening["memory_megabytes"] * 1024 * 1024 + _ROOM
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    try:
        answerer = _Answerer(opening)
    except Exception as error:  # noqa: BLE001  (the door of this process: whatever it is, the asker is told)
        _say(answers, {"failed": str(error)})
        return
    _say(answers, {"server": answerer.server})
    while select.select([sys.stdin.buffer], [], [], opening["idle_seconds"])[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        _say(answers, answerer.answer(json.loads(line)))


def _only_for_us(descriptor: int) -> BinaryIO:
    """The standard output for answers alone: whatever a library prints goes nowhere."""
    ours = os.fdopen(os.dup(descriptor), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return ours


def _leave_with(parent: int) -> None:
    """End when the parent has: a statement may keep the main thread from seeing that its input has closed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _say(answers: BinaryIO, message: Mapping[str, object]) -> None:
    answers.write(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    answers.flush()


class _Zone(zoneinfo.ZoneInfo):
    def localize(self, moment: datetime, **_: object) -> datetime:
        return moment.replace(tzinfo=self)


def _lend_time_zones() -> None:
    """DuckDB asks for time zones under the name of a library that Python's own has replaced."""
    module = types.ModuleType("pytz")
    vars(module).update(timezone=_Zone, utc=_Zone("UTC"))
    sys.modules["pytz"] = module


class _Answerer:
    """One open file."""

    def __init__(self, opening: Mapping[str, Any]) -> None:
        _lend_time_zones()
        import duckdb

        self._duckdb = duckdb
        self.server = f"DuckDB {duckdb.__version__}"
        self._connection = duckdb.connect(
            opening["file"],
            read_only=True,
            config={
                "enable_external_access": False,
                "python_enable_replacements": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "memory_limit": f"{opening['memory_megabytes']}MB",
                "threads": 1,
                "temp_directory": opening["scratch"],
                "max_temp_directory_size": "2GB",
            },
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET lock_configuration = true")

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to one question; a connection of its own holds what the statement may set."""
        visit = self._connection.cursor()
        try:
            return self._read(visit, question) if "read" in question else self._look(visit, question)
        except MemoryError:
            return {"failed": "the query needs more memory than it may have"}
        except Exception as error:  # noqa: BLE001  (the door of this process)
            return {"failed": str(error)}
        finally:
            visit.close()

    def _read(self, visit: Any, question: Mapping[str, Any]) -> dict[str, Any]:
        statements = visit.extract_statements(question["read"])
        kinds = self._duckdb.StatementType
        if len(statements) != 1:
            return {"failed": "only one statement can be run"}
        if statements[0].type not in (kinds.SELECT, kinds.EXPLAIN):
            return {"failed": "only a statement that reads can be run"}
        visit.execute(statements[0])
        rows, truncated = collect(iter(visit.fetchone, None), question["rows"], question["bytes"])
        columns = [(column[0], str(column[1])) for column in visit.description]
        return {"columns": columns, "rows": [[wire(cell) for cell in row] for row in rows], "truncated": truncated}

    def _look(self, visit: Any, question: Mapping[str, Any]) -> dict[str, Any]:
        visit.execute(question["look"], question["parameters"])
        return {"rows": [[wire(cell) for cell in row] for row in visit.fetchall()]}


def wire(cell: Any) -> Any:
    """A cell as JSON can carry it; the column's type says how to read it back."""
    cell = plain(cell)
    if isinstance(cell, Decimal):
        return str(cell)
    if isinstance(cell, date | clock_time):
        return cell.isoformat()
    return base64.b64encode(cell).decode() if isinstance(cell, bytes) else cell


if __name__ == "__main__":
    main()
