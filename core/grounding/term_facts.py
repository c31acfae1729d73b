"""Terms as a question's grounding has them: what they point at, and what a model is told of them."""

from core.connections.schema import Schema
from core.errors import InvalidInput
from core.grounding.inquiry import Inquiry
from core.grounding.linking import TermHit
from core.grounding.mentions import mentions, said_in
from core.grounding.term_checks import statement
from core.grounding.terms import Term, TermFact

_MOST_FACTS = 24  # beside those of the question, so that a model may know a word that was said in another way


def term_hits(inquiry: Inquiry) -> list[TermHit]:
    """The tables and columns that the terms of a question speak of."""
    return [
        TermHit(mention.term.table, mention.term.column, inquiry.text[mention.start : mention.end])
        for mention in mentions(inquiry.text, inquiry.words.terms)
    ]


def term_facts(inquiry: Inquiry, schema: Schema) -> tuple[TermFact, ...]:
    """What a model is told of the terms: those that the question says, then others while there are few."""
    said = said_in(inquiry.text, inquiry.words.terms)
    others = [term for term in inquiry.words.terms if term not in said]
    facts = (_fact(term, schema, inquiry.language) for term in (*said, *others[:_MOST_FACTS]))
    return tuple(fact for fact in facts if fact is not None)


def _fact(term: Term, schema: Schema, language: str) -> TermFact | None:
    if term.table not in schema.by_key:
        return None
    try:
        sql = statement(term, schema)
    except (InvalidInput, KeyError):
        return None
    said = term.meaning.get(language) or next(iter(term.meaning.values()), "")
    unit = f" ({term.unit})" if term.unit else ""
    return TermFact(", ".join(term.calls()) + unit, said, sql)
