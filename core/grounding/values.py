"""Real cell values that match the words of a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ValueHit:
    """A value that stands in a column. `words` are the question's words it explains.

    `similarity` in (0, 1]: 1 for the very same text, a little less when only case, accents or width differ,
    and below 0.9 for a fuzzy match.
    """

    table: str
    column: str
    value: str
    words: str
    similarity: float


class ValueSource(Protocol):
    """Whatever can look values up for one connection."""

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        """The stored values equal to one of these phrases (case folded), or near it when `fuzzy`; best first."""
        ...
