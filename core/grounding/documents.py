"""Tables and columns as short texts worth embedding, and as words worth searching."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.connections.schema import Column, Schema, Table, business_name, humanise, language_part
from core.grounding.folding import search_terms
from core.i18n import LANGUAGES

TABLE, COLUMN = "table", "column"
MADE_AS = 1  # goes up whenever documents are made of the same things in another way
_MOST_COLUMNS = 24  # named in a table's text
_LONGEST = 480  # characters of a description
_SAMPLES = 5

Samples = Mapping[tuple[str, str], Sequence[str]]  # (table key, column name) -> values, the most frequent first


@dataclass(frozen=True)
class Document:
    """One table (`column_name` "") or column. `text` is embedded; the rest are words to search, best first.

    `names` are what it is called, `about` how it is described, `values` what stands in it.
    """

    kind: str
    table_key: str
    column_name: str
    text: str
    names: str
    about: str
    values: str

    def hash(self, model: str) -> bytes:
        """Differs whenever this document or the model that embeds it does (32 bytes)."""
        parts = (model, self.text, self.names, self.about, self.values)
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).digest()


def documents_of(schema: Schema, samples: Samples | None = None) -> Iterator[Document]:
    """A document for every table, then one for every column: a big schema is found by its tables first."""
    found = samples or {}
    for table in schema.tables:
        yield _of_table(table)
    for table in schema.tables:
        owners = labels_of(table.name, table.comment, table.descriptions)
        for column in table.columns:
            yield _of_column(table, owners, column, found.get((table.key, column.name), ())[:_SAMPLES])


def labels_of(name: str, comment: str, descriptions: Mapping[str, str]) -> tuple[str, ...]:
    """What people call it: its business name in each language, then its own name in words, each once."""
    if not comment and not descriptions:
        return (_humanised(name),)
    business = [business_name(name, comment, descriptions, language) for language in LANGUAGES]
    return tuple(dict.fromkeys([*business, humanise(name)]))


def _of_table(table: Table) -> Document:
    labels = labels_of(table.name, table.comment, table.descriptions)
    about = _about(table.comment, table.descriptions)
    columns = [business_name(c.name, c.comment, c.descriptions, "en") for c in table.columns[:_MOST_COLUMNS]]
    text = _sentences(" / ".join(labels), about, f"columns: {', '.join(columns)}" if columns else "")
    return Document(TABLE, table.key, "", text, _terms(table.key, *labels), _terms(about), "")


def _of_column(table: Table, owners: Sequence[str], column: Column, samples: Sequence[str]) -> Document:
    labels = labels_of(column.name, column.comment, column.descriptions)
    about = _about(column.comment, column.descriptions)
    shown = ", ".join(sample[:40] for sample in samples)
    text = _sentences(
        " / ".join(labels), f"{column.kind} of {' / '.join(owners)}", about, f"e.g. {shown}" if shown else ""
    )
    return Document(COLUMN, table.key, column.name, text, _terms(*labels), _terms(about, *owners), _terms(shown))


def _about(comment: str, descriptions: Mapping[str, str]) -> str:
    """What is said about it, in each language."""
    said = [descriptions.get(language) or language_part(comment, language) for language in LANGUAGES]
    return " ".join(text for text in dict.fromkeys(said) if text)[:_LONGEST]


def _sentences(*parts: str) -> str:
    return ". ".join(part.strip(" .。") for part in parts if part)


def _terms(*texts: str) -> str:
    return " ".join(dict.fromkeys(term for text in texts for term in _searched(text)))


# The same few names stand in thousands of tables.
@lru_cache(maxsize=20_000)
def _searched(text: str) -> tuple[str, ...]:
    return tuple(search_terms(text))


_humanised = lru_cache(maxsize=20_000)(humanise)
