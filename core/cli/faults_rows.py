"""A million rows asked of each kind of database: how soon they are there, how many are shown, what memory it takes."""

import io
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from core.answering.events import Failed, RowsReady
from core.answering.question import Question
from core.cli.scratch_portal import own_person, scratch_portal
from core.connections.schema import Dialect
from core.errors import InvalidInput
from core.evaluation.databases import Found
from core.evaluation.scratch import Scratch
from core.portal import Portal
from core.security.permissions import SYSTEM

_EVERY = 0.01  # seconds between two looks at the memory
_SMALL = "CREATE TABLE one (id INTEGER PRIMARY KEY); INSERT INTO one VALUES (1);"
_COUNTED = "WITH RECURSIVE n (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 1000000) SELECT g, "
_MILLION: Mapping[str, tuple[Dialect, str]] = {
    "postgresql": (Dialect.POSTGRES, "SELECT g, repeat('x', 100) FROM generate_series(1, 1000000) AS g"),
    "mariadb": (Dialect.MYSQL, _COUNTED + "repeat('x', 100) FROM n"),
    "sqlite": (Dialect.SQLITE, _COUNTED + "printf('%0100d', g) FROM n"),
}


def million_rows() -> Mapping[str, object]:
    """For each database: seconds to the rows, rows shown, whether it was said that there were more, and by how many
    megabytes the portal (with the processes that read files for it) grew at most."""
    figures: dict[str, object] = {}
    with Scratch() as scratch, scratch_portal(scratch.folder) as opened:
        for kind, (dialect, sql) in _MILLION.items():
            file = scratch.folder / f"one-{kind}.sql"
            file.write_text(_SMALL)
            try:
                loaded = scratch.open(Found(f"one_{kind}", dialect, file, dump=True))
            except InvalidInput:
                continue  # this machine has no such server
            info = opened.connections.add(SYSTEM, loaded.as_connection(kind))
            figures[kind] = _measured(opened, info.id, sql)
        upload = opened.connections.upload(SYSTEM, "one", "one.csv", io.BytesIO(b"id\n1\n"))
        figures["duckdb"] = _measured(opened, upload.id, "SELECT range, repeat('x', 100) FROM range(1000000)")
    return figures


def _measured(opened: Portal, connection_id: UUID, sql: str) -> Mapping[str, object]:
    actor = own_person(opened)
    told: dict[str, object] = {}
    for ask in ("SELECT 1", sql):  # the first one loads what the second would otherwise be charged with
        with _memory() as grown:
            started = time.perf_counter()
            for event in opened.answers.ask(actor, Question("a million", connection_id, uuid4(), sql=ask)):
                if isinstance(event, RowsReady):
                    told = {"seconds_to_rows": round(time.perf_counter() - started, 3)}
                    told |= {"rows": len(event.table.rows), "said_more": event.table.truncated}
                if isinstance(event, Failed):
                    told = {"failed": event.message.key}
        told["megabytes_grown"] = round(grown[0], 1)
    return told


@contextmanager
def _memory() -> Iterator[list[float]]:
    """How many megabytes the portal's processes hold at most beyond what they held at first; 0 without /proc."""
    first, grown, over = _held(), [0.0], threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            grown[0] = max(grown[0], _held() - first)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield grown
    finally:
        over.set()
        looking.join()


def _held() -> float:
    """Megabytes resident, of this process and of those that read files for it."""
    total, me = 0, str(os.getpid())
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            mine = folder.name == me or (
                f"\nPPid:\t{me}\n" in status and b"file_process" in (folder / "cmdline").read_bytes()
            )
        except OSError:
            continue
        if mine and "VmRSS:" in status:
            total += int(status.split("VmRSS:")[1].split()[0])
    return total / 1024
