"""What a backup says of itself: of which portal, of which moment, and what each part of it must hold."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from core.backup.archive import wrong

FORMAT = 1
NAME = "manifest.json"


@dataclass(frozen=True)
class KeptTable:
    """One table's rows, as PostgreSQL's COPY writes them. `sha256` is over all its parts."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True)
class KeptFile:
    """One uploaded file."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`revision` is that of the database's shape; `keys` are the ids of the operator's keys that its secrets need."""

    made_at: str
    program: str
    revision: str
    tables: tuple[KeptTable, ...]
    uploads: tuple[KeptFile, ...]
    sequences: dict[str, int]
    keys: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, default=str).encode()


def read_manifest(data: bytes) -> Manifest:
    """The manifest as written. Raises `InvalidInput` for one of a newer format."""
    try:
        said = json.loads(data)
        if said["format"] > FORMAT:
            raise wrong("newer")
        said["tables"] = tuple(KeptTable(**{**table, "columns": tuple(table["columns"])}) for table in said["tables"])
        said["uploads"] = tuple(KeptFile(**file) for file in said["uploads"])
        said["keys"] = tuple(said["keys"])
        return Manifest(**said)
    except (ValueError, KeyError, TypeError):
        raise wrong("damaged") from None
