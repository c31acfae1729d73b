"""What is computed for a row of the trail: its commitment, its mark, the chain's seal. Pure, and the same everywhere.

A row's content (who, on what, the particulars) is bound by a salted commitment; the mark binds the commitment, the rest
of the row and the mark before it, with a key that the database does not hold. So content can be erased, salt and all,
while the chain still holds.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ERASED = "[erased]"
BEGINNING = bytes(32)  # the mark before the first row
_MOST_EXACT = 1e15  # numbers beyond this are kept as text: JSON's readers would not give them back as they were
_LONGEST = 100_000  # characters of one particular


@dataclass(frozen=True)
class Content:
    """What a row says: who did what to what, as far as it can be about a person."""

    actor_id: UUID | None
    actor: str
    resource: str
    detail: Mapping[str, Any]

    def bytes(self) -> bytes:
        """The same bytes for the same content, whoever asks and whenever."""
        return canonical([str(self.actor_id or ""), self.actor, self.resource, self.detail])


def canonical(value: object) -> bytes:
    """JSON in one form only."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def commitment(salt: bytes, content: Content) -> bytes:
    """SHA-256 of salt and content."""
    return hashlib.sha256(salt + content.bytes()).digest()


def mark(key: bytes, before: bytes, row: Mapping[Any, Any]) -> bytes:
    """The mark of a row (`id`, `at`, `action`, `allowed`, `commitment`) that follows the mark `before`."""
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    bound = [row["id"], at, row["action"], row["allowed"], row["commitment"].hex(), before.hex()]
    return hmac.digest(key, b"row" + canonical(bound), hashlib.sha256)


def erasure(key: bytes, row_mark: bytes, content: Content) -> str:
    """The proof that a row's content was erased by the portal, and that this is what it put there instead."""
    return hmac.new(key, b"erased" + row_mark + content.bytes(), hashlib.sha256).hexdigest()


def seal(key: bytes, chain: Mapping[Any, Any]) -> bytes:
    """The seal of the chain's beginning and end."""
    bound = [
        str(chain["chain"]), chain["first_id"], chain["first_mark"].hex(), chain["last_id"], chain["last_mark"].hex(),
        chain["key_id"],
    ]  # fmt: skip
    return hmac.digest(key, b"chain" + canonical(bound), hashlib.sha256)


def particulars(detail: Mapping[str, object]) -> dict[str, Any]:
    """Details in a form that the store gives back exactly: text, whole numbers, small numbers, truth values."""
    return {name: _plain(value) for name, value in detail.items()}


def one_line(text: str) -> str:
    """Text on one line, with nothing in it that steers a terminal or a log."""
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST]


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if value == value and abs(value) < _MOST_EXACT else str(value)
    kept = "".join(c if c.isprintable() or c in "\n\t" else " " for c in str(value))
    return kept[:_LONGEST]


def utc(at: datetime) -> str:
    """A moment as programs write it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
