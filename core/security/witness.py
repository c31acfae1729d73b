"""What this machine remembers of the trail's end, outside the database.

Whoever has the database, and nothing else, could take the newest rows away and put an older end of the chain back. This
file knows how far the chain has been.
"""

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class Seen:
    """The furthest row of a chain that was seen, and its mark."""

    chain: UUID
    id: int
    mark: bytes


class Witness:
    """The memory in one file; a witness without one remembers nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._last: Seen | None = None

    def recall(self) -> Seen | None:
        """The furthest that was seen; None where nothing was, or the file cannot be read."""
        if self._file is None:
            return self._last
        with suppress(OSError, ValueError, KeyError):
            said = json.loads(self._file.read_text())
            return Seen(UUID(said["chain"]), int(said["id"]), bytes.fromhex(said["mark"]))
        return None

    def remember(self, seen: Seen) -> None:
        """Keep this if it is further than what is known. A disk that is full costs the memory, not the work."""
        known = self._last
        if known is not None and known.chain == seen.chain and known.id >= seen.id:
            return
        on_disk = self.recall()
        self._last = seen
        if self._file is None or (on_disk is not None and on_disk.chain == seen.chain and on_disk.id >= seen.id):
            return
        if on_disk is not None and on_disk.chain != seen.chain:
            return  # another chain than the one before: for a person to look at, not for a program to forget
        with suppress(OSError):
            self._write(seen)

    def forget(self) -> None:
        """Begin anew: for a portal that was restored from a backup."""
        self._last = None
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _write(self, seen: Seen) -> None:
        assert self._file is not None
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".audit-head-")
        try:
            with open(handle, "w") as new:
                json.dump({"chain": str(seen.chain), "id": seen.id, "mark": seen.mark.hex()}, new)
            os.replace(name, self._file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
