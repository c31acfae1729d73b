"""The process in which SQLite and DuckDB work: `python -m core.connections.file_process`.

Neither stops reliably on a wish (a single call of a function may take minutes), and DuckDB does not keep to its memory
limit. So they work in a process whose address space the system limits and which can be killed. It speaks JSON, one
value a line: what to open, then questions one at a time; every line gets one line back. The asker trusts nothing it
says beyond that.
"""

import base64
import json
import os
import resource
import select
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from datetime import time as clock_time
from decimal import Decimal
from typing import Any, BinaryIO, Protocol

from core.connections.cells import plain
from core.connections.schema import Kind

_ROOM = 1_500_000_000  # bytes of address space beside the database's own memory, while libraries load and a file opens
_SPARE = 256 * 1024 * 1024  # bytes beside the database's own memory from then on: rows on their way out


class Failed(Exception):
    """The database said no; `late` when its time was over."""

    def __init__(self, message: str, late: bool = False) -> None:
        super().__init__(message)
        self.late = late


@dataclass(frozen=True)
class Found:
    """Rows of one statement. A column is its name, and its kind where that is known."""

    columns: Sequence[tuple[str, Kind | None]]
    rows: Sequence[Sequence[Any]]
    truncated: bool


class OpenFile(Protocol):
    """One open database file. `read` takes what people and models wrote, `look` the portal's own questions."""

    server: str

    def read(self, sql: str, rows: int, most_bytes: int, seconds: float) -> Found: ...
    def look(self, sql: str, parameters: Sequence[object], seconds: float) -> list[Sequence[Any]]: ...
    def close(self) -> None: ...


def main() -> None:
    """Answer until the input ends, the parent dies or nobody asks any more."""
    answers = _only_for_us(1)
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    idle_seconds, opening, file = float(sys.argv[1]), None, None
    while select.select([sys.stdin.buffer], [], [], idle_seconds)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        question = json.loads(line)
        try:
            if "open" in question and not (file and question["open"] == opening and opening["kind"] == "duckdb"):
                # A DuckDB file that is open already is the same still: whoever asks has looked.
                file, opening = _opened(question["open"], file), question["open"]
            answer = _answer(file, question)
        except Failed as error:
            answer = {"failed": str(error), "late": error.late}
        except (MemoryError, RecursionError):
            answer = {"failed": "the query needs more memory than it may have"}
        answers.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        answers.flush()


def _answer(file: OpenFile | None, question: Mapping[str, Any]) -> dict[str, Any]:
    if file is None:
        raise Failed("nothing is open")
    if "read" in question:
        found = file.read(question["read"], question["rows"], question["bytes"], question["seconds"])
        return {
            "columns": [(name, kind and kind.value) for name, kind in found.columns],
            "rows": [[wire(cell) for cell in row] for row in found.rows],
            "truncated": found.truncated,
        }
    if "look" in question:
        rows = file.look(question["look"], question["parameters"], question["seconds"])
        return {"rows": [[wire(cell) for cell in row] for row in rows]}
    return {"server": file.server}


def _opened(opening: Mapping[str, Any], before: OpenFile | None) -> OpenFile:
    """The file that is asked for next, in place of the one before it."""
    if before is not None:
        before.close()
    memory = opening["memory_megabytes"] * 1024 * 1024
    _at_most(resource.RLIMIT_AS, memory + _ROOM)
    _at_most(resource.RLIMIT_CORE, 0)
    _at_most(resource.RLIMIT_FSIZE, opening["disk_megabytes"] * 1024 * 1024)
    if opening["kind"] == "sqlite":
        from core.connections.file_sqlite import SqliteFile

        opened: OpenFile = SqliteFile(opening["file"])
    else:
        from core.connections.file_duckdb import DuckdbFile

        sizes = (opening["memory_megabytes"], opening["disk_megabytes"])
        opened = DuckdbFile(opening["file"], *sizes, opening["scratch"])
    if taken := _address_space():
        # What is mapped by now (DuckDB reserves much that it never uses) is not what a statement takes.
        _at_most(resource.RLIMIT_AS, taken + memory + _SPARE)
    return opened


def _at_most(limit: int, value: int) -> None:
    """Lower a limit of this process for good."""
    _, hard = resource.getrlimit(limit)
    least = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (least, least))


def _address_space() -> int:
    """Bytes this process has mapped; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as sizes:
            return int(sizes.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0


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


def wire(cell: Any) -> Any:
    """A cell as JSON can carry it: what JSON does not know is an object of one entry, its kind and its text."""
    cell = plain(cell)
    if isinstance(cell, Decimal):
        return {"number": str(cell)}
    if isinstance(cell, date | clock_time):
        return {type(cell).__name__: cell.isoformat()}
    return {"bytes": base64.b64encode(cell).decode()} if isinstance(cell, bytes) else cell


if __name__ == "__main__":
    # The module the others know by its name, not the copy of it that runs as a program: both would define `Failed`.
    from core.connections import file_process

    file_process.main()
