"""The words of the business in a question, with what each means, for "How I got this"."""

from core.connections.schema import Schema, business_name
from core.grounding.inquiry import Inquiry
from core.grounding.mentions import said_in
from core.grounding.terms import Term, TermKind
from core.i18n import Phrase


def terms_used(inquiry: Inquiry, schema: Schema) -> tuple[tuple[str, Phrase], ...]:
    """Each term that the question says, with what a person said of it and what it is bound to."""
    said = said_in(inquiry.text, inquiry.words.terms)
    return tuple((term.word, meaning(term, schema, inquiry.language)) for term in said if term.table in schema.by_key)


def meaning(term: Term, schema: Schema, language: str) -> Phrase:
    """What a term means, in words and in what it is bound to."""
    table = schema.by_key[term.table]
    named = business_name(table.name, table.comment, table.descriptions, language)
    values: dict[str, object] = {"table": named, "sql": _sql(term), "value": term.value, "column": term.column}
    if term.column in table.by_name:
        column = table.by_name[term.column]
        values["column"] = business_name(column.name, column.comment, column.descriptions, language)
    bound = Phrase(
        f"answering.term_{term.kind}{'_where' if term.where and term.kind is TermKind.METRIC else ''}",
        values | {"where": term.where},
    )
    if term.kind is TermKind.METRIC and term.unit:
        bound = Phrase("answering.term_unit", {"bound": bound, "unit": term.unit})
    text = term.meaning.get(language) or next(iter(term.meaning.values()), "")
    return Phrase("answering.term_said", {"text": text, "bound": bound}) if text else bound


def _sql(term: Term) -> str:
    return f"{term.aggregation}({term.sql})" if term.aggregation else term.sql
