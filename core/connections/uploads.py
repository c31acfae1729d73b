"""read_upload(stream) -> a DuckDB file of our own naming, made of a CSV, Excel or Parquet file that somebody sent."""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from core.connections.processes import Child, ChildEnded, ChildLate
from core.connections.session import MEGABYTE
from core.connections.upload_look import look
from core.errors import InvalidInput
from core.i18n import Phrase

KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".parquet": "parquet",
}
_SECONDS = 180
_MEMORY_MEGABYTES = 3000
_CHUNK = 1 << 20


def read_upload(stream: BinaryIO, filename: str, folder: Path, most_megabytes: int) -> Path:
    """The new file in `folder`, complete. Raises `InvalidInput` that says what is wrong with what was sent.

    The name that was sent names nothing on the disk, only the table of a CSV or Parquet file.
    """
    title, suffix = os.path.splitext(os.path.basename(filename.replace("\\", "/")))
    if suffix.lower() not in KINDS:
        raise _problem("upload_kind")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=folder) as incoming:
        source, made = Path(incoming, f"source{suffix.lower()}"), Path(incoming, "made.duckdb")
        _save(stream, source, most_megabytes)
        look(source, suffix.lower())
        _read(KINDS[suffix.lower()], source, title, made)
        kept = folder / f"{uuid4().hex}.duckdb"
        made.rename(kept)
    return kept


def _save(stream: BinaryIO, file: Path, most_megabytes: int) -> None:
    left = most_megabytes * MEGABYTE
    with file.open("wb") as saved:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise _problem("upload_too_large", most=most_megabytes)
            saved.write(chunk)
    if file.stat().st_size == 0:
        raise _problem("upload_empty")


def _read(kind: str, source: Path, title: str, made: Path) -> None:
    child = Child("core.connections.upload_child")
    job = {
        "kind": kind,
        "source": str(source),
        "title": title,
        "target": str(made),
        "scratch": child.scratch,
        "seconds": _SECONDS,
        "memory_megabytes": _MEMORY_MEGABYTES,
    }
    try:
        answer = child.ask(job, _SECONDS, MEGABYTE)
    except (ChildEnded, ChildLate):
        raise _problem("upload_too_heavy") from None
    finally:
        child.close()
    if "problem" in answer:
        values = answer.get("values")
        raise _problem(str(answer["problem"]), **(values if isinstance(values, dict) else {}))


def _problem(name: str, **values: object) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"connections_core.{name}", values))
