"""Which columns say who a row is, and which amounts may be added up, told from names and descriptions."""

from core.answering.instant.reading import ColumnRef, Field
from core.answering.instant.schema_words import SchemaWords, plain_words
from core.connections.schema import Column, Kind, Table, language_part

_NAMES = {"name", "title", "label"}
_FULL = ("full", "first", "last", "middle")
_ADDITIVE = {
    "amount", "revenue", "sale", "total", "quantity", "profit", "income", "turnover", "expense", "unit", "volume",
    "spend", "spending", "cost", "payment", "subtotal", "gross", "net", "discount", "refund", "budget", "attendance",
}  # fmt: skip
_NOT_ADDITIVE = {"price", "rate", "ratio", "percent", "percentage", "average", "score", "rating", "age", "year", "unit price"}


def display(words: SchemaWords, table: str) -> tuple[Field, ...]:
    """The columns that say who a row of this table is: its names, else its first text, else its key."""
    owner = words.table(table)
    chosen = _names(words, owner)
    return tuple(Field(ColumnRef(table, c.name), c.kind) for c in chosen)


def _names(words: SchemaWords, table: Table) -> list[Column]:
    own = set(plain_words(table.name))
    free = [c for c in table.columns if not words.is_key(ColumnRef(table.key, c.name)) and c.kind is Kind.TEXT]
    exact = [c for c in free if plain_words(c.name) == ("name",) or plain_words(c.name) == ("title",)]
    owned = [c for c in free if plain_words(c.name)[-1] in _NAMES and set(plain_words(c.name)[:-1]) <= own]
    called = [c for c in free if set(plain_words(c.name)) <= own]
    full = [c for c in free if plain_words(c.name)[-1] == "name" and plain_words(c.name)[0] in _FULL]
    other = [c for c in free if plain_words(c.name)[-1] in _NAMES]
    for chosen in (exact[:1] or owned[:1], full[:3], called[:1], other[:1]):
        if chosen:
            return chosen
    keys = [c for c in table.columns if c.name in table.primary_key]
    return keys or list(table.columns[:1])


def additive(words: SchemaWords, field: Field) -> bool:
    """Whether a bare mention of this column means its total: amounts and quantities, not prices or rates."""
    column = words.table(field.column.table).by_name[field.column.column]
    if not column.kind.numeric or words.is_key(field.column):
        return False
    english = column.descriptions.get("en") or language_part(column.comment, "en")
    said = set(plain_words(column.name)) | set(plain_words(english.split(":", 1)[0]))
    return bool(said & _ADDITIVE) and not said & _NOT_ADDITIVE
