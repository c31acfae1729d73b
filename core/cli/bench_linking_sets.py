"""Table recall on question sets with databases, each question against its own database; for `bench linking`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import InvalidInput, ModelUnavailable
from core.evaluation.databases import ANY, Found, shelve
from core.evaluation.merged_schema import recall
from core.evaluation.questions import Dialogue, read_questions
from core.evaluation.scratch import Scratch
from core.grounding.ground import Knowledge
from core.grounding.inquiry import Inquiry, language_of
from core.models.embeddings import Embedder
from core.security.permissions import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.portal import Portal

_FOLDER, _ENDING = "questions", "*.jsonl"


class _Absent:
    """A model that never helps: what is found is found by words and values."""

    name = "absent"

    def encode(self, texts: "Sequence[str]", is_query: bool) -> "NDArray[np.float32]":  # noqa: ARG002
        raise ModelUnavailable(self.name)


def recall_on_sets(opened: "Portal", scratch: Scratch, folder: Path) -> dict[str, dict[str, float]]:
    """For each set below `folder`/questions whose databases are there: `whole`, `tables` and `n`, as `recall` tells.

    Schemas and names alone are used, before any index is made.
    """
    desk = _Desk(opened, scratch, folder)
    found = {}
    for file in sorted((folder / _FOLDER).glob(_ENDING)):
        pairs = [pair for dialogue in read_questions(file) for pair in desk.pairs(dialogue)]
        if pairs:
            found[file.stem] = recall(pairs)
    return found


class _Desk:
    """Opens each database once."""

    def __init__(self, opened: "Portal", scratch: Scratch, folder: Path) -> None:
        self._opened, self._scratch, self._shelf = opened, scratch, shelve(folder)
        embedder = Embedder(_Absent())
        self._knowledge = Knowledge(opened.store, embedder, opened.connections, opened.jobs, opened.audit)
        self._known: dict[tuple[str, str], UUID | None] = {}

    def pairs(self, dialogue: Dialogue) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        """The tables that each question of a dialogue needs, and those chosen for it."""
        asked = [exercise for exercise in dialogue.exercises if exercise.gold_tables and not exercise.unanswerable]
        place = self._place(dialogue.database) if asked else None
        if place is None:
            return
        connection = self._opened.connections.open(SYSTEM, place)
        for exercise in asked:
            inquiry = Inquiry(exercise.question, language_of(exercise.question), datetime.now(UTC))
            chosen = self._knowledge.ground(SYSTEM, inquiry, connection).tables
            names = {name for hit in chosen for name in (hit.table.lower(), hit.table.lower().rpartition(".")[2])}
            yield exercise.gold_tables, frozenset(names)

    def _place(self, name: str) -> UUID | None:
        """The connection to a database, None where it is not there."""
        if (name, ANY) not in self._known:
            try:
                self._known[name, ANY] = self._connected(self._shelf.find(name, ANY))
            except InvalidInput:
                self._known[name, ANY] = None
        return self._known[name, ANY]

    def _connected(self, found: Found) -> UUID:
        loaded = self._scratch.open(found)
        new = loaded.as_connection(f"{found.name} {found.dialect}")
        return self._opened.connections.add(SYSTEM, new).id
