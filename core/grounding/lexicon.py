"""The words of one schema, where each stands, and the places that the words of a question point at.

Words are met as they are, inflected, shortened (`qty`, `cstmr`, `trans`), written together (`gasstations` for "gas
stations", `dob` for "date of birth") and, for Chinese questions, as a dictionary cuts and translates them.
"""

import math
import threading
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from core.connections.schema import Column, Schema, Table
from core.grounding.documents import labels_of
from core.grounding.folding import question_terms, search_terms
from core.grounding.joins import JoinGraph
from core.grounding.keys import KEY_WORDS
from core.grounding.names import singular, words_of
from core.grounding.segments import segments
from core.grounding.wordforms import Vocabulary, initials, written_out

_TABLE_NAME, _COLUMN_NAME = 1.0, 0.55  # what a word counts by where it stands
_LITTLE = 0.35  # what a word counts that is only a small part of a long name
_TOGETHER = 0.9  # of words that the schema writes as one
_INITIALS = 0.7
_TRANSLATED = 0.75
_MOST_PLACES = 300  # of a word; where more are alike, it points at none of them
_MOST_TOGETHER = 3  # words
_MOST_IN_NAME = 5  # words of a name that is told from others by its number
_KEPT = 16  # schemas whose words are remembered


@dataclass(frozen=True)
class Place:
    """Where a term stands: a table's name or column (""), and what it counts there, in (0, 1]."""

    table: str
    column: str
    weight: float


@dataclass(frozen=True)
class Pointing:
    """A word of a question and the places that it points at; `weight` in (0, 1], the rarer the word the more."""

    word: str
    places: tuple[Place, ...]


class SchemaLexicon:
    """The terms of one schema, where each stands, and its joins."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.graph = JoinGraph(schema)
        self.columns = sum(len(table.columns) for table in schema.tables)
        self._places: dict[str, list[Place]] = defaultdict(list)
        self._written: dict[str, list[Place]] = defaultdict(list)
        self._names: dict[str, list[Place]] = defaultdict(list)
        for table in schema.tables:
            self._learn(table, None)
            for column in table.columns:
                self._learn(table, column)
        for places in (self._places, self._written):
            for term, found in places.items():
                if len(found) > _MOST_PLACES:
                    places[term] = _strongest(found)

    def _learn(self, table: Table, column: Column | None) -> None:
        called = column or table
        if called.descriptions:
            labels = labels_of(called.name, called.comment, called.descriptions)
            shares, written = _shares(labels), _written_together(labels)
        else:
            shares, written = _plain_shares(called.name, called.comment)
        base = _COLUMN_NAME if column else _TABLE_NAME
        name = words_of(called.name)
        if 1 < len(name) <= _MOST_IN_NAME and any(word.isdigit() for word in name):
            self._names[" ".join(name)].append(Place(table.key, column.name if column else "", base))
        for term, share in shares.items():
            weight = base * (_LITTLE + (1 - _LITTLE) * share)
            self._places[term].append(Place(table.key, column.name if column else "", weight))
        for term, sure in written.items():
            self._written[term].append(Place(table.key, column.name if column else "", base * sure))

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._places)

    def pointed_at(self, text: str) -> Iterator[Pointing]:
        """Each word of a question that points somewhere, and where; what few tables have counts more."""
        for name in _runs(text) if self._names else ():
            if places := self._names.get(name):
                yield Pointing(name, tuple(self._weighed({(p.table, p.column): p.weight for p in places})))
        for word, forms in _said(text, self._vocabulary):
            best: dict[tuple[str, str], float] = {}
            found = [(place, sure) for form, sure in forms.items() for place in self._places.get(form, ())]
            for place, sure in (*found, *((place, 1.0) for place in self._written.get(word, ()))):
                at = (place.table, place.column)
                best[at] = max(best.get(at, 0.0), place.weight * sure)
            if best:
                yield Pointing(word, tuple(self._weighed(best)))

    def _weighed(self, best: Mapping[tuple[str, str], float]) -> Iterator[Place]:
        """A place counts the more, the fewer tables are pointed at as strongly."""
        strongest: dict[str, float] = {}
        for (table, _), weight in best.items():
            strongest[table] = max(weight, strongest.get(table, 0.0))
        ranks = {weight: rank for rank, weight in enumerate(sorted(strongest.values(), reverse=True), 1)}
        tables = len(self.schema.tables)
        most = math.log(1 + tables)
        for (table, column), weight in best.items():
            rank = ranks[strongest[table]]
            yield Place(table, column, weight * math.log(1 + tables / rank) / most)


def _said(text: str, vocabulary: Vocabulary) -> Iterator[tuple[str, dict[str, float]]]:
    """Each word of a question, and the schema's words that it may mean, with how sure that is."""
    terms = [term for term in question_terms(text) if not term.isdigit() or len(term) > 3]
    for term in terms:
        yield term, vocabulary.forms(term)
    for word, forms in _together(text):
        found = {form: sure for form, sure in forms.items() if form in vocabulary}
        if found:
            yield word, found
    for word, english in segments(text):
        forms = {word: 1.0} if word in vocabulary else {}
        for meaning in english:
            for form, sure in vocabulary.forms(meaning).items():
                forms[form] = max(forms.get(form, 0.0), sure * _TRANSLATED)
        if forms:
            yield word, forms


def _runs(text: str) -> Iterator[str]:
    """Neighbouring words of a question with a number among them: "batch 981" is one table of a thousand."""
    words = words_of(text)
    for size in range(2, _MOST_IN_NAME + 1):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            if any(word.isdigit() for word in run):
                yield " ".join(run)


def _together(text: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Neighbouring words of a question as one: written together, or as their initials; and a short form of several."""
    words = [word for word in words_of(text) if word.isascii() and word.isalpha() and len(word) > 1]
    for size in range(2, _MOST_TOGETHER + 1):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            joined = "".join(run[:-1]) + singular(run[-1])
            forms = {joined: _TOGETHER, "".join(run): _TOGETHER}
            if size > 2:
                forms[initials(run)] = _INITIALS
            yield " ".join(run), forms


def _shares(labels: Iterable[str]) -> Mapping[str, float]:
    """Each term of some labels, and how much of a whole label it is."""
    best: dict[str, float] = {}
    for label in labels:
        own = [term for term in search_terms(label) if term not in KEY_WORDS]
        own = [part for term in own for part in written_out().get(term, ()) or (term,)] if len(own) > 1 else own
        for term in own:
            best[term] = max(best.get(term, 0.0), 1 / len(own))
        for word, _ in segments(label):
            best.setdefault(word, min(1.0, len(word) / max(1, len(label))))
    return best


def _written_together(labels: Iterable[str]) -> Mapping[str, float]:
    """What a question may write as one word where a label has two to four: `firstname`, or `dob` by its initials."""
    found: dict[str, float] = {}
    for label in labels:
        plain = [word for word in words_of(label) if word.isascii() and word.isalpha()]
        if 1 < len(plain) <= _MOST_TOGETHER + 1:
            found["".join(plain[:-1]) + singular(plain[-1])] = _TOGETHER
            if len(plain) > 2:
                found.setdefault(initials(plain), _INITIALS)
    return found


@lru_cache(maxsize=65536)
def _plain_shares(name: str, comment: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
    labels = labels_of(name, comment, {})
    return _shares(labels), _written_together(labels)


def _strongest(places: Iterable[Place]) -> list[Place]:
    """The places where a word counts most, as many as are told apart from the others."""
    by_weight: dict[float, list[Place]] = defaultdict(list)
    for place in places:
        by_weight[place.weight].append(place)
    kept: list[Place] = []
    for weight in sorted(by_weight, reverse=True):
        if len(kept) + len(by_weight[weight]) > _MOST_PLACES:
            break
        kept += by_weight[weight]
    return kept


class Lexicons:
    """The lexicons of schemas seen lately; one is made when a schema is new. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[weakref.ref[Schema], SchemaLexicon]] = OrderedDict()

    def of(self, schema: Schema) -> SchemaLexicon:
        with self._lock:
            kept = self._kept.get(id(schema))
            if kept and kept[0]() is schema:
                self._kept.move_to_end(id(schema))
                return kept[1]
        lexicon = SchemaLexicon(schema)
        with self._lock:
            self._kept[id(schema)] = (weakref.ref(schema), lexicon)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return lexicon
