"""Which connection a question is for, when the person left that open."""

from collections.abc import Sequence
from uuid import UUID

from core.answering.needs import Connections, Knowledge, Listed, Opened
from core.answering.trip import Trip
from core.connections.schema import Column, Schema, Table
from core.errors import ConnectionFailed, NotFound
from core.grounding.folding import question_terms, search_terms

_MOST_LOOKED_AT = 12


def choose(trip: Trip, connections: Connections, knowledge: Knowledge, last: UUID | None) -> Opened | None:
    """The connection to ask, opened: the only one, the conversation's own, or the one whose words fit best.

    None where the actor has none. Raises `ConnectionFailed` when none of them can be opened.
    """
    listed = connections.list(trip.actor)
    if not listed:
        return None
    if len(listed) == 1:
        return connections.open(trip.actor, listed[0].id)
    if last is not None and any(info.id == last for info in listed):
        return connections.open(trip.actor, last)
    best, failed = _best(trip, connections, knowledge, listed[:_MOST_LOOKED_AT])
    if best is None and failed is not None:
        raise failed
    return best


def _best(
    trip: Trip, connections: Connections, knowledge: Knowledge, listed: Sequence[Listed]
) -> tuple[Opened | None, ConnectionFailed | None]:
    """The connection that knows most of the question's words; the first one of those that know as many."""
    terms = question_terms(trip.question.text)
    best: Opened | None = None
    most, failed = -1.0, None
    for info in listed:
        trip.stop.check()
        try:
            opened = connections.open(trip.actor, info.id)
        except (ConnectionFailed, NotFound) as error:
            failed = error if isinstance(error, ConnectionFailed) else failed
            continue
        if knowledge.recall(trip.actor, opened, trip.question.text) is not None:
            return opened, None
        known = _known(terms, opened.schema)
        hits = knowledge.values(opened).matching([term for term in terms if term not in known])
        fit = len(known) + 0.7 * len({hit.words for hit in hits})
        if fit > most:
            best, most = opened, fit
    return best, failed


def _known(terms: Sequence[str], schema: Schema) -> set[str]:
    """The terms that names, comments or descriptions of a schema hold."""
    spoken: set[str] = set()
    for table in schema.tables:
        things: list[Table | Column] = [table, *table.columns]
        for thing in things:
            for text in (thing.name, thing.comment, *thing.descriptions.values()):
                spoken.update(search_terms(text))
    return {term for term in terms if term in spoken}
