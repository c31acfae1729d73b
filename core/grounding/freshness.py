"""Whether what a person wrote still holds: the schema and the terms that it was written for are as they were."""

from collections.abc import Iterable, Mapping, Sequence

from core.connections.guard import check
from core.errors import InvalidInput, QueryRefused
from core.grounding.mentions import said_in
from core.grounding.sources import Opened
from core.grounding.term_checks import Uses, changed_since, checked
from core.grounding.terms import Term
from core.grounding.verified import VerifiedQuestion
from core.i18n import Phrase

TermsSaid = Mapping[str, Sequence[str]]
"""The terms in the words of a question, each with what it was bound to: `Term.folded` -> `Term.binding`."""


def why_stale(verified: VerifiedQuestion, connection: Opened, terms: Iterable[Term], version: str) -> Phrase | None:
    """Why a verified question may no longer be used on this connection; None while it may.

    `version` is the connection's schema version; where nobody noted what a question uses, its schema must be the same.
    """
    if verified.uses is None:
        return None if verified.schema_version == version else Phrase("terms.stale_schema")
    try:
        check(verified.sql, connection.scope)
    except QueryRefused as error:
        return Phrase(error.key, error.values)
    if changed := changed_since(verified.uses, connection.schema):
        return Phrase("terms.stale_type", {"column": changed})
    now = {term.folded: term.binding for term in terms}
    for word, was in (verified.terms or {}).items():
        if now.get(word) != tuple(was):
            return Phrase("terms.stale_term", {"word": word})
    return None


def why_unfit(term: Term, uses: Uses, connection: Opened) -> Phrase | None:
    """Why a term does not hold on this connection any more; None while it does."""
    try:
        checked(term, connection)
    except (InvalidInput, QueryRefused) as error:
        return Phrase(error.key, error.values)
    changed = changed_since(uses, connection.schema)
    return Phrase("terms.stale_type", {"column": changed}) if changed else None


def said_with_bindings(question: str, terms: Sequence[Term]) -> dict[str, list[str]]:
    """The terms that a question says, with what each is bound to now."""
    return {term.folded: list(term.binding) for term in said_in(question, terms)}
