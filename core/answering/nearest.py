"""A word that nothing in the data comes near: what is closest to it, and the question with that in its place.

Closest by how it is written, by what it means (the ranking of the search index), and among the values. Only what the
person sees is named, and only where the question so made can be answered.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rapidfuzz import fuzz, process

from core.connections.schema import Schema, business_name
from core.grounding.folding import fold
from core.grounding.inquiry import language_of
from core.grounding.names import plural, singular
from core.grounding.values import ValueSource

MOST = 3
_TRIED = 8
_LOOKED_AT = 20_000  # tables and columns
SECONDS = 0.6  # for all readings together
_ALIKE = 80  # of 100: how alike two words must be written to be taken for each other
_ALIKE_VALUE = 0.8
_LONGEST = 40  # characters of a value that is put into a question

Place = tuple[str, str]  # table key, and column name or ""


@dataclass(frozen=True)
class Near:
    """What is close to a word: its name in the question's language and number, and the question that has it instead."""

    name: str
    question: str


@dataclass(frozen=True)
class Looking:
    """Where to look: what the person sees, less the columns that are `masked`; `meaning` ranks places by a word."""

    schema: Schema
    masked: frozenset[Place]
    values: ValueSource
    meaning: Callable[[str], Sequence[Place]]
    answerable: Callable[[str], bool]

    def near(self, word: str, question: str) -> tuple[Near, ...]:
        """At most three, the closest first; () where putting any of them in makes no question with an answer."""
        found, spent, language = list[Near](), 0.0, language_of(question)
        tried: dict[str, None] = {}
        for name in self._names(word, language):
            if len(found) == MOST or len(tried) == _TRIED or spent > SECONDS:
                break
            other = replaced(question, word, name)
            if fold(name) in tried or other == question:
                continue
            tried[fold(name)] = None
            began = time.monotonic()
            if self.answerable(other):
                found.append(Near(name, other))
            spent += time.monotonic() - began
        return tuple(found)

    def _names(self, word: str, language: str) -> Iterator[str]:
        """What may be meant, the closest first, in the number of the word."""
        many = language == "en" and singular(word.lower()) != word.lower()
        spelt = self._spelt(word, language)
        yield from (plural(name) if many else name for name in spelt)
        values = self.values.matching([word], fuzzy=True)
        seen = (hit for hit in values if len(hit.value) <= _LONGEST and self._sees(hit.table, hit.column))
        yield from list(dict.fromkeys(hit.value for hit in seen if hit.similarity >= _ALIKE_VALUE))[:2]
        for table, column in self.meaning(word):
            if self._sees(table, column):
                name = self._name(table, column, language)
                yield plural(name) if many else name

    def _spelt(self, word: str, language: str) -> list[str]:
        """Names of tables and columns that are written almost so."""
        places = islice(self._places(), _LOOKED_AT)
        names = dict.fromkeys(self._name(table, column, language) for table, column in places)
        plain = {name: singular(fold(name)) for name in names}
        best = process.extract(singular(fold(word)), plain, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=MOST)
        return [name for _, _, name in best]

    def _places(self) -> Iterator[Place]:
        for table in self.schema.tables:
            yield table.key, ""
            yield from ((table.key, column.name) for column in table.columns if self._sees(table.key, column.name))

    def _sees(self, table: str, column: str) -> bool:
        """Whether the person sees a table, or a column as it is."""
        found = self.schema.by_key.get(table)
        return found is not None and (not column or (column in found.by_name and (table, column) not in self.masked))

    def _name(self, table: str, column: str, language: str) -> str:
        """What people call it, as it stands inside a sentence."""
        owner = self.schema.by_key[table]
        called = owner.by_name[column] if column else owner
        name = business_name(called.name, called.comment, called.descriptions, language)
        return name[:1].lower() + name[1:] if name[1:] == name[1:].lower() else name


def replaced(question: str, word: str, name: str) -> str:
    """The question with the first such word replaced; as it is where the word does not stand in it."""
    pattern = re.escape(word) if language_of(word) == "zh" else rf"(?<!\w){re.escape(word)}(?!\w)"
    return re.sub(pattern, lambda _: name, question, count=1, flags=re.IGNORECASE)
