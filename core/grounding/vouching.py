"""Verified questions as one actor may use them: those that still hold, and that tell them nothing they may not see."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa

from core.errors import InvalidInput
from core.grounding.folding import fold_question
from core.grounding.freshness import said_with_bindings, why_stale
from core.grounding.offered import may_see, passes, tells_nothing
from core.grounding.phrases import mask
from core.grounding.sources import Readable
from core.grounding.term_checks import uses_of
from core.grounding.term_shelf import TermShelf
from core.grounding.terms import Term
from core.grounding.verified import Example, VerifiedQuestion, VerifiedQuestions
from core.grounding.visible import Sight
from core.i18n import Phrase
from core.security.permissions import Actor
from core.store.sessions import Store
from core.store.tables import connections

_MOST_EXAMPLES, _LOOKED_AT = 5, 40
_MOST_ALIKE = 40  # looked at to find one with the same words around its slots

Embed = Callable[[str], list[float] | None]
Fits = Callable[[VerifiedQuestion], bool]


@dataclass(frozen=True)
class Standing:
    """A verified question, and why it may no longer be used; None while it may."""

    question: VerifiedQuestion
    stale: Phrase | None


class Vouching:
    """Verified questions over one store. `embed` gives a text's vector, None while no model can make one."""

    def __init__(self, store: Store, embed: Embed) -> None:
        self._store, self._embed = store, embed
        self._verified, self._terms = VerifiedQuestions(store), TermShelf(store)

    def recall(self, connection: Readable, question: str) -> VerifiedQuestion | None:
        """The verified question in these very words, if it still holds and reads nothing kept from the actor."""
        found = self._verified.recall(connection.id, question)
        if found is None or not self._holds(found, connection):
            return None
        return found if Sight.of(connection).is_whole or passes(connection, found.sql) else None

    def alike(self, connection: Readable, question: str, fits: Fits) -> Iterator[VerifiedQuestion]:
        """Those that `fits` finds and that still hold, of the forty nearest in shape, the one in these very words
        first: another's only where they name no value that is not the actor's to see."""
        same = self.recall(connection, question)
        if same is not None:
            yield same
        if not self._verified.any(connection.id):
            return
        whole, folded = Sight.of(connection).is_whole, fold_question(question)
        for one in self._verified.alike(connection.id, self._embed(mask(question)), _MOST_ALIKE):
            fitting = fold_question(one.question) != folded and fits(one)
            if fitting and self._holds(one, connection) and (whole or tells_nothing(connection, one.sql)):
                yield one

    def examples(self, connection: Readable, text: str) -> tuple[Example, ...]:
        """Verified questions of like shape, to show to a model."""
        shape = self._embed(mask(text)) if self._verified.any(connection.id) else None
        if not shape:
            return ()
        whole = Sight.of(connection).is_whole
        near = self._verified.similar(connection.id, shape, _LOOKED_AT)
        return tuple(_first(_MOST_EXAMPLES, (
            Example(one.question, one.sql, distance) for one, distance in near
            if self._holds(one, connection) and (whole or tells_nothing(connection, one.sql))
        )))  # fmt: skip

    def vouch(
        self,
        actor: Actor,
        connection: Readable,
        question: str,
        sql: str,
        at: datetime,
        newer: Sequence[Term] = (),
    ) -> VerifiedQuestion:
        """The finished verified question, not yet kept; `newer` are terms about to be kept with it. Raises
        `InvalidInput` and `QueryRefused`."""
        asked = question.strip()
        if not asked:
            raise InvalidInput(problem=Phrase("grounding.question_empty"))
        query = connection.check(sql)
        fresh = {term.folded for term in newer}
        return VerifiedQuestion(
            uuid4(),
            connection.id,
            asked,
            query.sql,
            self._version(connection.id),
            actor.id,
            at,
            uses_of(query, connection.schema),
            said_with_bindings(asked, [*newer, *(t for t in self._bound(connection.id) if t.folded not in fresh)]),
        )

    def keep(self, verified: VerifiedQuestion) -> UUID:
        """Keep it; its id."""
        return self._verified.add(verified, self._embed(mask(verified.question)))

    def seen(self, actor: Actor, connection: Readable) -> list[Standing]:
        """Those that an actor may see, the newest first, each with why it is not used."""
        vouched = [one for one in self._verified.vouched(connection.id) if may_see(actor, connection, one)]
        return [Standing(one, self._why_stale(one, connection)) for one in vouched]

    def _holds(self, verified: VerifiedQuestion, connection: Readable) -> bool:
        return self._why_stale(verified, connection) is None

    def _why_stale(self, verified: VerifiedQuestion, connection: Readable) -> Phrase | None:
        terms = self._bound(connection.id) if verified.terms else ()
        version = self._version(connection.id) if verified.uses is None else ""
        return why_stale(verified, connection, terms, version)

    def _bound(self, connection_id: UUID) -> Sequence[Term]:
        return [kept.term for kept in self._terms.all(connection_id)]

    def _version(self, connection_id: UUID) -> str:
        with self._store.reading() as line:
            found = line.scalar(sa.select(connections.c.schema_version).where(connections.c.id == connection_id))
        return str(found or "")


def _first(count: int, examples: Iterator[Example]) -> Iterator[Example]:
    for _, example in zip(range(count), examples, strict=False):
        yield example
