"""Real cell values that match the words of a question: what a hit is, and how near a value is to what was said."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from core.connections.schema import Column, Kind, Table
from core.grounding.aliases import Alias
from core.grounding.folding import fold
from core.grounding.keys import KEY_WORDS
from core.grounding.names import words_of
from core.grounding.value_keys import is_chinese, runs, squeezed

MOST_DISTINCT = 100_000  # values of one column; of more, the most frequent
MOST_VALUES = 10_000_000  # of one connection
LONGEST = 100  # characters of one value
_SAME, _FOLDED, _NEAR = 1.0, 0.95, 0.89  # similarities: the very text; but for case; at most, when fuzzy
_SURE_ALIAS, _ALIAS = 0.92, 0.8
_LEAST_RATIO = 0.8  # of a fuzzy match, 1 is equal
_SECRET = frozenset({"password", "passwd", "pwd", "secret", "token", "salt", "hash", "credential", "ssn", "cvv", "pin"})
_FREE_TEXT = frozenset(
    {"comment", "comments", "note", "notes", "remark", "body", "message", "html", "json", "xml", "url", "uri", "link"}
    | {"path", "file", "image", "photo", "picture", "guid", "uuid", "checksum", "md5", "sha", "sql", "query", "备注"}
)
_SPLITS = frozenset("\x00\x01")  # stand between values where they are kept


class Likeness(StrEnum):
    """Why a value is a hit: it is what was said; but for its looks; another name of it was said; it holds what was
    said; it is spelled nearly so."""

    SAME = "same"
    FOLDED = "folded"
    ALIAS = "alias"
    PART = "part"
    NEAR = "near"


@dataclass(frozen=True)
class ValueHit:
    """A value that stands in a column. `words` are the question's words it explains.

    `similarity` in (0, 1]: 1 for the very same text, a little less when only case, accents, width or the script of
    Chinese differ, less again for a sure alias, and below 0.9 for what is not sure: other aliases, parts, slips.
    """

    table: str
    column: str
    value: str
    words: str
    similarity: float
    likeness: Likeness = Likeness.SAME


class ValueSource(Protocol):
    """Whatever can look values up for one connection."""

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        """The stored values equal to one of these phrases (case folded), or near it when `fuzzy`; best first."""
        ...


class ListedValues:
    """Values given as lists, by (table key, column): for a database that no index knows."""

    def __init__(self, values: Mapping[tuple[str, str], Iterable[str]]) -> None:
        self._columns = {place: list(found) for place, found in values.items()}
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for (table, column), found in self._columns.items():
            for value in found:
                folded = fold(value)
                self._rows[folded].append((table, column, value, folded))

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        asked = by_folded(phrases)
        rows = [row for folded in asked for row in self._rows.get(folded, ())]
        if fuzzy:
            rows += [row for rows in self._rows.values() for row in rows]
        return matches(rows, asked, fuzzy)

    def of_column(self, table: str, column: str, limit: int = 50) -> list[str]:
        return self._columns.get((table, column), [])[:limit]

    def holds_all(self, table: str, column: str) -> bool:
        """Whether a column is among the lists."""
        return bool(self._columns.get((table, column)))


Row = tuple[str, str, str, str]  # table, column, value, folded


def by_folded(phrases: Iterable[str]) -> dict[str, str]:
    """What is looked up -> the phrase as it was said; the first of equal ones."""
    asked: dict[str, str] = {}
    for phrase in phrases:
        if folded := fold(phrase):
            asked.setdefault(folded, phrase)
    return asked


def can_be_part(folded: str) -> bool:
    """Whether a phrase says enough to be looked for inside values: four letters, or two Chinese characters."""
    return len(folded) >= (4 if folded.isascii() else 2)


def matches(rows: Iterable[Row], asked: Mapping[str, str], fuzzy: bool) -> list[ValueHit]:
    """Each stored value with the phrase that it matches best, best first, each once."""
    hits = (
        ValueHit(table, column, value, phrase, similarity, likeness)
        for table, column, value, folded in rows
        for phrase, similarity, likeness in _similar(value, folded, asked, fuzzy)
    )
    return best_of(hits)


def best_of(hits: Iterable[ValueHit]) -> list[ValueHit]:
    """Each value once, with the phrase that it matches best; best first."""
    best: dict[tuple[str, str, str], ValueHit] = {}
    for hit in hits:
        known = best.get((hit.table, hit.column, hit.value))
        if known is None or hit.similarity > known.similarity:
            best[hit.table, hit.column, hit.value] = hit
    return sorted(best.values(), key=lambda hit: -hit.similarity)


def alias_hit(table: str, column: str, alias: Alias, phrase: str, ratio: float = 1.0) -> ValueHit:
    """The hit of another name; `ratio` is how near the phrase is to that name, 1 for equal."""
    similarity = (_SURE_ALIAS if alias.sure else _ALIAS) if ratio == 1.0 else _ALIAS * ratio
    return ValueHit(table, column, alias.value, phrase, similarity, Likeness.ALIAS)


def translated(hit: ValueHit, phrase: str) -> ValueHit:
    """The hit of a phrase that was looked up in the other language."""
    return replace(hit, words=phrase, similarity=_ALIAS * hit.similarity, likeness=Likeness.ALIAS)


def _similar(value: str, folded: str, asked: Mapping[str, str], fuzzy: bool) -> Iterable[tuple[str, float, Likeness]]:
    if folded in asked:
        phrase = asked[folded]
        same = phrase.strip() == value
        yield phrase, _SAME if same else _FOLDED, Likeness.SAME if same else Likeness.FOLDED
    elif fuzzy:
        for wanted, phrase in asked.items():
            near, part = nearness(wanted, folded), _held(folded, wanted)
            if max(near, part) >= _LEAST_RATIO:
                yield phrase, _NEAR * max(near, part), Likeness.PART if part >= near else Likeness.NEAR


def nearness(wanted: str, folded: str) -> float:
    """How nearly two texts are spelled alike, 1 but for blanks and signs; 0 for less than four fifths, and where a
    number in them is another one."""
    from rapidfuzz import fuzz

    if squeezed(wanted) == squeezed(folded):
        return 1.0
    if _numbers(wanted) != _numbers(folded):
        return 0.0
    return fuzz.ratio(wanted, folded, score_cutoff=100 * _LEAST_RATIO) / 100 if len(wanted) > 3 else 0.0


def _numbers(folded: str) -> list[str]:
    return [] if folded.isalpha() else [run for run in runs(folded) if run.isdigit()]


def part_hit(row: Row, meant: str, phrase: str, ratio: float) -> ValueHit | None:
    """The hit of a value that holds what a phrase may be meant to be; `ratio` is how near that is to the phrase."""
    table, column, value, folded = row
    part = _held(folded, meant)
    return ValueHit(table, column, value, phrase, _NEAR * part * ratio, Likeness.PART) if part else None


def _held(folded: str, wanted: str) -> float:
    """How much of a value the words are that it holds, from 0.8; 0 where it does not hold them all."""
    if not can_be_part(wanted) or not _holds(folded, wanted):
        return 0.0
    return _LEAST_RATIO + 0.1 * min(1.0, len(wanted) / len(folded))


def _holds(folded: str, wanted: str) -> bool:
    """Whether all words of `wanted` stand in a value, whatever their order; Chinese has no blanks, so anywhere."""
    words = runs(wanted)
    if not words or not all(word in folded for word in words):
        return False
    own = runs(folded)
    return all(is_chinese(word) or word in own for word in words)


def indexable(table: Table, column: Column) -> bool:
    """Whether a column's values may be names that people say: text, and no key, secret, address or free text."""
    words = words_of(column.name)
    if column.kind is not Kind.TEXT or not words or (column.name in table.primary_key and words[-1] in KEY_WORDS):
        return False
    if _SECRET & set(words) or _FREE_TEXT & set(words[-1:]):
        return False
    return words[-1] not in {"id", "key", "fk", "sk"} and not _is_wide(column.type)


def worth_listing(values: Sequence[str]) -> list[str]:
    """The values of a column that are kept, the first hundred thousand of them: [] where they are prose."""
    short = [value for value in values if value and len(value) <= LONGEST and not _SPLITS & set(value)]
    prose = sum(1 for value in short if value.count(" ") > 11)
    if len(short) < 0.8 * len(values) or prose > 0.2 * len(values):
        return []
    return short[:MOST_DISTINCT]


def _is_wide(declared: str) -> bool:
    """Whether the declared type is for documents rather than names."""
    bare = declared.lower().split("(")[0].strip()
    return bare in {"json", "jsonb", "xml", "bytea", "blob", "mediumtext", "longtext", "uuid", "tsvector", "geometry"}
