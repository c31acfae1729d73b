"""Which tables a question is about: recall first, because a needed table that is lost costs the answer."""

import math
import threading
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from core.connections.schema import Column, Schema, Table
from core.grounding.documents import labels_of
from core.grounding.folding import question_terms, search_terms
from core.grounding.joins import Ambiguous, Join, JoinGraph
from core.grounding.keys import KEY_WORDS
from core.grounding.values import ValueHit
from core.grounding.vectors import DocumentHit

WHOLE_TABLES, WHOLE_COLUMNS = 12, 240  # a schema up to this size is given whole
MOST_TABLES = 12
_SEEDS = 4  # the best tables, between which join paths are looked for
_TABLE_NAME, _COLUMN_NAME = 1.0, 0.55  # what a word counts by where it stands
# What a document's nearness and a value's presence count. Cosines lie close together, so the place in the ranking
# counts: half as much every twelve places. Chosen on the schema linking of BIRD mini-dev and held on Spider's variants.
_NEAR, _HALF, _COLUMN_SHARE, _VALUE = 4.0, 12, 0.8, 2.0
_NEIGHBOUR = 0.25  # the share of a table's score that those one key away receive
_TOO_COMMON = 2_000  # places of a word; one that stands in more columns points at none of them
_KEPT = 16  # schemas whose words are remembered


@dataclass(frozen=True)
class TableHit:
    """A table that the question may be about. `score` in [0, 1], higher is nearer; `why` names the words or the key."""

    table: str
    score: float
    why: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Linked:
    """The tables chosen, best first, and every join between two of them."""

    tables: tuple[TableHit, ...]
    joins: tuple[Join, ...]


@dataclass(frozen=True)
class Clues:
    """What was found about one question: its terms, near documents, and values in cells."""

    text: str
    documents: Sequence[DocumentHit] = ()
    values: Sequence[ValueHit] = ()


@dataclass
class _Tally:
    """What speaks for one table so far."""

    score: float = 0.0
    words: dict[str, None] = field(default_factory=dict)
    columns: dict[str, float] = field(default_factory=dict)

    def add(self, score: float, word: str = "", column: str = "") -> None:
        self.score += score
        if word:
            self.words[word] = None
        if column:
            self.columns[column] = self.columns.get(column, 0.0) + score


@dataclass(frozen=True)
class _Place:
    """Where a term stands: a table's name or column, and how much of the whole name it is, in (0, 1]."""

    table: str
    column: str
    weight: float


class SchemaLexicon:
    """The terms of one schema, where each stands, and its joins."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.graph = JoinGraph(schema)
        self.columns = sum(len(table.columns) for table in schema.tables)
        self._places: dict[str, list[_Place]] = defaultdict(list)
        for table in schema.tables:
            self._learn(table, None)
            for column in table.columns:
                self._learn(table, column)

        for term, places in self._places.items():
            if len(places) > _TOO_COMMON:
                self._places[term] = [place for place in places if not place.column]

    def _learn(self, table: Table, column: Column | None) -> None:
        called = column or table
        if called.descriptions:
            shares = _shares(labels_of(called.name, called.comment, called.descriptions))
        else:
            shares = _plain_shares(called.name, called.comment)
        base = _COLUMN_NAME if column else _TABLE_NAME
        for term, share in shares.items():
            self._places[term].append(_Place(table.key, column.name if column else "", base * (0.4 + 0.6 * share)))

    def by_words(self, text: str) -> Iterable[tuple[str, _Place, float]]:
        """Each term of a question, each place where it stands, and what it counts there."""
        tables = len(self.schema.tables)
        for term in question_terms(text):
            places = self._places.get(term, ())
            spread = len({place.table for place in places})
            worth = math.log(1 + tables / max(1, spread))
            yield from ((term, place, place.weight * worth) for place in places)


def _shares(labels: Iterable[str]) -> Mapping[str, float]:
    """Each term of some labels, and how much of a whole label it is."""
    best: dict[str, float] = {}
    for label in labels:
        own = [term for term in search_terms(label) if term not in KEY_WORDS]
        for term in own:
            best[term] = max(best.get(term, 0.0), 1 / len(own))
    return best


@lru_cache(maxsize=65536)
def _plain_shares(name: str, comment: str) -> Mapping[str, float]:
    return _shares(labels_of(name, comment, {}))


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


def is_small(lexicon: SchemaLexicon) -> bool:
    """Whether the whole schema fits."""
    return len(lexicon.schema.tables) <= WHOLE_TABLES and lexicon.columns <= WHOLE_COLUMNS


def link(lexicon: SchemaLexicon, clues: Clues) -> Linked:
    """The tables for a question: all of a small schema, else at most twelve, always in order of relevance."""
    tallies = _tally(lexicon, clues)
    ranked = sorted(tallies, key=lambda table: -tallies[table].score)
    reasons: dict[str, str] = {}
    if is_small(lexicon):
        chosen = [*ranked, *(t.key for t in lexicon.schema.tables if t.key not in tallies)]
    else:
        chosen = _chosen(lexicon.graph, ranked, tallies, reasons)
    most = max((tally.score for tally in tallies.values()), default=0.0) or 1.0
    hits = [_hit(table, tallies.get(table, _Tally()), most, reasons.get(table, "")) for table in chosen]
    hits.sort(key=lambda hit: -hit.score)
    return Linked(tuple(hits), _joins_between(lexicon.graph, chosen))


def _tally(lexicon: SchemaLexicon, clues: Clues) -> Mapping[str, _Tally]:
    """What speaks for each table: words of names, near documents, values."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    # A word counts once for a table, where it counts most: a table is not nearer for having it in ten columns.
    best: dict[tuple[str, str], tuple[float, str]] = {}
    for term, place, score in lexicon.by_words(clues.text):
        if score > best.get((place.table, term), (0.0, ""))[0]:
            best[place.table, term] = (score, place.column)
        if place.column:
            tallies[place.table].columns[place.column] = score
    for (table, term), (score, column) in best.items():
        tallies[table].add(score, term, column)
    seen: dict[str, int] = defaultdict(int)
    for rank, hit in enumerate(clues.documents):
        if hit.table_key in lexicon.schema.by_key:
            seen[hit.table_key] += 1
            near = _NEAR / (1 + rank / _HALF) * (_COLUMN_SHARE if hit.column_name else 1)
            tallies[hit.table_key].add(near / seen[hit.table_key] ** 2, column=hit.column_name)
    for value in clues.values:
        if value.table in lexicon.schema.by_key:
            same = sum(1 for other in clues.values if other.words == value.words)
            tallies[value.table].add(_VALUE * value.similarity / same, value.value, value.column)
    return tallies


def _chosen(
    graph: JoinGraph, ranked: Sequence[str], tallies: Mapping[str, _Tally], reasons: dict[str, str]
) -> list[str]:
    """At most twelve tables: the best, those on the join paths between them, their likely neighbours, and, where
    words say too little, those that most others refer to."""
    chosen = list(ranked[:_SEEDS])
    for table in _bridges(graph, chosen):
        chosen.append(table)
        reasons[table] = "joins " + ", ".join(sorted(set(graph.neighbours(table)) & set(chosen)))
    spread: dict[str, float] = {table: tallies[table].score for table in ranked}
    for table in ranked[:_SEEDS]:
        neighbours = graph.neighbours(table)
        for neighbour in neighbours:
            share = _NEIGHBOUR * tallies[table].score / math.sqrt(len(neighbours))
            spread[neighbour] = spread.get(neighbour, 0.0) + share
            if neighbour not in tallies:
                reasons.setdefault(neighbour, f"joins {table}")
    more = sorted(spread, key=lambda table: -spread[table])
    return list(dict.fromkeys([*chosen, *more, *graph.hubs(MOST_TABLES)]))[: max(MOST_TABLES, len(chosen))]


def _bridges(graph: JoinGraph, tables: Sequence[str]) -> list[str]:
    """The tables in between: on the path through all of the best tables, or else between each two of them."""
    found: dict[str, None] = {}
    for first, second in [(tables[0], other) for other in tables[1:]]:
        path = graph.path([first, second])
        ways = path.paths[:2] if isinstance(path, Ambiguous) else (path or (),)
        for way in ways:
            if len(way) <= 4:
                found.update((table, None) for join in way for table in (join.left, join.right))
    return [table for table in found if table not in tables]


def _joins_between(graph: JoinGraph, tables: Iterable[str]) -> tuple[Join, ...]:
    """Every join that has both ends among these tables."""
    among = set(tables)
    found = (join for table in tables for join in graph.joins(table))
    return tuple(dict.fromkeys(join for join in found if join.left in among and join.right in among))


def _hit(table: str, tally: _Tally, most: float, reason: str) -> TableHit:
    columns = sorted(tally.columns, key=lambda column: -tally.columns[column])
    return TableHit(table, min(1.0, tally.score / most), ", ".join(tally.words) or reason, tuple(columns[:12]))
