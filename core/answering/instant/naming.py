"""Which columns say who a row is, and which amounts may be added up, told from names and descriptions."""

import re

from core.answering.instant.meaning import Columns
from core.answering.instant.reading import ColumnRef, Field
from core.answering.instant.schema_words import DONE, SchemaWords, plain_words
from core.answering.instant.words import singular
from core.connections.schema import Column, Kind, Table, language_part

SUBJECTS = frozenset({Kind.TEXT, Kind.BOOLEAN, Kind.INTEGER, Kind.OTHER, Kind.DATE})
_NAMES = {"name", "title", "label"}
_SAID_NAMES = {"name", "title", "名字", "名称", "姓名", "名"}
_WHOLE = 6
_FULL = ("full", "first", "last", "middle")
_FRACTIONS = re.compile(r"\(\s*\d+\s*,\s*[1-9]|money", re.IGNORECASE)  # numeric(12, 2)
_ADDITIVE = {
    "amount", "revenue", "sale", "total", "quantity", "profit", "income", "turnover", "expense", "unit", "volume",
    "spend", "spending", "cost", "payment", "freight", "tax", "commission", "fee", "charge", "donation",
    "subtotal", "gross", "net", "discount", "refund", "budget", "attendance",
}  # fmt: skip
_MARKS = {"rating", "score", "star", "grade", "mark", "satisfaction", "评分", "分数", "得分", "成绩"}
_NOT_ADDITIVE = {
    "price",
    "rate",
    "ratio",
    "percent",
    "percentage",
    "average",
    "score",
    "rating",
    "age",
    "year",
    "unit price",
}


def is_mark(field: Field) -> bool:
    """Whether the column holds marks that several people give the same thing, so that its mark is their average."""
    return field.kind.numeric and bool(_MARKS & set(plain_words(field.column.column)))


def display(words: SchemaWords, table: str, language: str = "en") -> tuple[Field, ...]:
    """The columns that say who a row of this table is: its names, else its first text, else its key.

    A column of the same name that ends in the language ("name_zh") says it better in that language.
    """
    owner = words.table(table)
    chosen = [owner.by_name.get(f"{c.name}_{language}", c) for c in _names(words, owner)]
    return tuple(Field(ColumnRef(table, c.name), c.kind) for c in chosen)


def whole_or_name(words: SchemaWords, table: str, language: str) -> tuple[Field, ...]:
    """What to show of an entity that was asked for as such: its name, or all of it where it has none (few columns)."""
    shown = display(words, table, language)
    owner = words.table(table)
    if all(f.column.column in owner.primary_key for f in shown) and len(owner.columns) <= _WHOLE:
        return tuple(Field(ColumnRef(table, c.name), c.kind) for c in owner.columns)
    return shown


def _names(words: SchemaWords, table: Table) -> list[Column]:
    own = set(plain_words(table.name))
    free = [c for c in table.columns if not words.is_key(ColumnRef(table.key, c.name)) and c.kind is Kind.TEXT]
    exact = [c for c in free if plain_words(c.name) == ("name",)]
    titles = [c for c in free if plain_words(c.name)[-1] == "title" and set(plain_words(c.name)[:-1]) <= own]
    owned = [
        c for c in free if plain_words(c.name)[-1] == "name" and all(_says(w, table) for w in plain_words(c.name)[:-1])
    ]
    called = [c for c in free if set(plain_words(c.name)) <= own]
    full = [c for c in free if plain_words(c.name)[-1] == "name" and plain_words(c.name)[0] in _FULL]
    # A name far back in the row is that of something else: the ship's name of an order.
    other = [c for c in free if plain_words(c.name)[-1] in _NAMES and table.columns.index(c) <= 2]
    for chosen in (exact[:1] or owned[:1], full[:3], titles[:1], called[:1], other[:1]):
        if chosen:
            return chosen
    keys = [c for c in table.columns if c.name in table.primary_key]
    return keys or list(table.columns[:1])


def names_for(words: SchemaWords, columns: Columns, table: str) -> tuple[ColumnRef, ...]:
    """What "name" means for rows of this table if no column is called just so: () if one is, or for other words."""
    said = singular(columns.words.lower())
    if said not in _SAID_NAMES or columns.owner not in ("", table):
        return ()
    mention = ("title",) if said == "title" else ("name",)
    owner = words.table(table)
    own = [ref for ref, cost in columns.options if ref.table == table and not words.is_key(ref)]
    exact = [ref for ref in own if plain_words(ref.column)[-1:] == mention and len(_free(ref, owner)) <= 1]
    if exact:
        return ()
    shown = [f.column for f in display(words, table) if f.column.column not in owner.primary_key]
    called = [
        ColumnRef(table, c.name)
        for c in owner.columns
        if c.kind is Kind.TEXT and set(plain_words(c.name)) <= set(plain_words(owner.name))
    ]
    return tuple(dict.fromkeys([*(r for r in own if words.kind(r) is Kind.TEXT), *shown, *called]))[:3]


def is_name(words: SchemaWords, ref: ColumnRef) -> bool:
    """Whether the column is just its table's name or title: it says who a row is and is no group of rows."""
    owner = words.table(ref.table)
    own = plain_words(ref.column)
    return own[-1] in _NAMES and all(_says(w, owner) for w in own[:-1])


def _says(word: str, owner: Table) -> bool:
    """Whether a word is one of the table's own, or the beginning of one: "tech" of technicians."""
    return any(word == said or (len(word) >= 3 and said.startswith(word)) for said in plain_words(owner.name))


def said_name(columns: Columns) -> bool:
    """Whether the words ask for nothing but a name."""
    return singular(columns.words.lower()) in _SAID_NAMES


def no_person_title(words: SchemaWords, ref: ColumnRef, columns: Columns) -> bool:
    """Whether a title is not what "name" asks for: that of someone with a first and a last name."""
    said = singular(columns.words.lower())
    if not {singular(w) for w in said.split()} & (_SAID_NAMES - {"title"}) or plain_words(ref.column)[-1] != "title":
        return False
    return any(plain_words(c.name)[-2:] == ("first", "name") for c in words.table(ref.table).columns)


def _free(ref: ColumnRef, owner: Table) -> list[str]:
    """The words of a column's name that are not its table's."""
    return [w for w in plain_words(ref.column) if not _says(w, owner)]


def counts_things(words: SchemaWords, field: Field) -> bool:
    """Whether the column says how many of something there were: "tickets_sold"."""
    said = plain_words(field.column.column)
    return field.kind.numeric and len(said) > 1 and said[-1] in DONE and not words.is_key(field.column)


def counts_whole(words: SchemaWords, ref: ColumnRef) -> bool:
    """Whether a column may say how many there are: one that is declared to hold fractions or money does not."""
    return not _FRACTIONS.search(words.table(ref.table).by_name[ref.column].type)


def additive(words: SchemaWords, field: Field) -> bool:
    """Whether a bare mention of this column means its total: amounts and quantities, not prices or rates."""
    ref = field.column
    if ref.sign:
        parts = (Field(ColumnRef(ref.table, name), field.kind, field.path) for name in (ref.column, ref.other))
        adds = [additive(words, part) for part in parts]
        return ref.sign != "/" and (any(adds) if ref.sign == "*" else adds[0])
    column = words.table(ref.table).by_name[ref.column]
    if not column.kind.numeric or words.is_key(field.column):
        return False
    english = column.descriptions.get("en") or language_part(column.comment, "en")
    said = set(plain_words(column.name)) | set(plain_words(english.split(":", 1)[0]))
    return bool(said & _ADDITIVE) and not said & _NOT_ADDITIVE
