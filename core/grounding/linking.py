"""Which tables a question is about: recall first, because a needed table that is lost costs the answer.

What speaks for a table speaks, a little less, for those that keys join it with: a question's tables belong together.
So each clue counts for a table as much as the nearest place it points at, by steps along keys, and the tables in whose
neighbourhood most clues are met are chosen.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.grounding.joins import Ambiguous, Join, JoinGraph
from core.grounding.lexicon import Lexicons as Lexicons
from core.grounding.lexicon import SchemaLexicon as SchemaLexicon
from core.grounding.values import ValueHit
from core.grounding.vectors import DocumentHit

WHOLE_TABLES, WHOLE_COLUMNS = 12, 240  # a schema up to this size is given whole
MOST_TABLES = 12
_SEEDS = 4  # the best tables, between which join paths are looked for
_LOOKED_AT = 60  # tables, by what speaks for themselves, whose neighbourhoods are looked at
_STEPS, _SHARE = 2, 0.55  # how far a clue reaches along keys, and what of it is left at each step
_WIDEST = 40  # neighbours of a table; one that all refer to relates nothing
# What a document's nearness and a value's presence count. Cosines lie close together, so the place in the ranking
# counts: half as much every eight places.
_NEAR, _HALF, _COLUMN_SHARE = 0.8, 8, 0.8
_VALUE, _TERM = 0.7, 1.5
_MOST_MEETINGS = 2  # ways between two tables that are all as short
_RIVALS_COST, _MOST_RIVALS = 32, 3  # ways of two keys at most, and pairs of tables told of
_ALONE = 0.5  # what a table's own clues count beside those of its neighbourhood, when tables are chosen
_BESIDE = 0.1  # what its neighbourhood counts beside the surest of its own clues, when those chosen are put in order


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
class TermHit:
    """A word of the business that stands for a table (`column` "") or column; `words` are the question's."""

    table: str
    column: str
    words: str


@dataclass(frozen=True)
class Clues:
    """What was found about one question: near documents, values in cells, and words of the business."""

    text: str
    documents: Sequence[DocumentHit] = ()
    values: Sequence[ValueHit] = ()
    terms: Sequence[TermHit] = ()


@dataclass(frozen=True)
class _Clue:
    """One thing that speaks for tables: what it is called (""), and what it counts for each.

    `surest` is what the surest part of it counts, where it is the sum of several.
    """

    said: str
    tables: Mapping[str, float]
    surest: Mapping[str, float] | None = None


@dataclass
class _Tally:
    """What speaks for one table itself."""

    score: float = 0.0
    surest: float = 0.0
    words: dict[str, None] = field(default_factory=dict)
    columns: dict[str, float] = field(default_factory=dict)


def is_small(lexicon: SchemaLexicon) -> bool:
    """Whether the whole schema fits."""
    return len(lexicon.schema.tables) <= WHOLE_TABLES and lexicon.columns <= WHOLE_COLUMNS


def link(lexicon: SchemaLexicon, clues: Clues) -> Linked:
    """The tables for a question: all of a small schema, else at most twelve, always in order of relevance."""
    columns: dict[str, dict[str, float]] = defaultdict(dict)
    found = list(_clues(lexicon, clues, columns))
    tallies = _tally(found, columns)
    reasons: dict[str, str] = {}
    if is_small(lexicon):
        ranked = sorted(tallies, key=lambda table: -tallies[table].score)
        scores = {table: tally.score for table, tally in tallies.items()}
        chosen = [*ranked, *(t.key for t in lexicon.schema.tables if t.key not in tallies)]
    else:
        scores = _spread(lexicon.graph, found, tallies)
        chosen = _chosen(lexicon.graph, scores, tallies, reasons)
    nearest = {t: (tallies[t].surest if t in tallies else 0.0) + _BESIDE * score for t, score in scores.items()}
    most = max(nearest.values(), default=0.0) or 1.0
    hits = [
        _hit(table, tallies.get(table, _Tally()), nearest.get(table, 0.0) / most, reasons.get(table, ""))
        for table in chosen
    ]
    hits.sort(key=lambda hit: -hit.score)
    return Linked(tuple(hits), _joins_between(lexicon.graph, chosen))


def _clues(lexicon: SchemaLexicon, clues: Clues, columns: dict[str, dict[str, float]]) -> Iterator[_Clue]:
    """Everything that speaks for tables; what it says of their columns is put into `columns`."""

    def note(table: str, column: str, weight: float) -> None:
        if column:
            columns[table][column] = columns[table].get(column, 0.0) + weight

    for pointing in lexicon.pointed_at(clues.text):
        best: dict[str, float] = {}
        for place in pointing.places:
            best[place.table] = max(best.get(place.table, 0.0), place.weight)
            note(place.table, place.column, place.weight)
        yield _Clue(pointing.word, best)
    known = lexicon.schema.by_key
    near: dict[str, float] = {}
    surest: dict[str, float] = {}
    for rank, hit in enumerate(clues.documents):
        if hit.table_key in known:
            weight = _NEAR / (1 + rank / _HALF) * (_COLUMN_SHARE if hit.column_name else 1)
            near[hit.table_key] = near.get(hit.table_key, 0.0) + weight * (0.25 if hit.table_key in near else 1)
            surest[hit.table_key] = max(weight, surest.get(hit.table_key, 0.0))
            note(hit.table_key, hit.column_name, weight)
    yield from (_Clue("", {table: weight}, {table: surest[table]}) for table, weight in near.items())
    by_words: dict[str, dict[str, float]] = defaultdict(dict)
    for value in clues.values:
        if value.table in known:
            weight = _VALUE * value.similarity
            by_words[value.words][value.table] = max(weight, by_words[value.words].get(value.table, 0.0))
            note(value.table, value.column, weight)
    for words, tables in by_words.items():
        yield _Clue(words, {table: weight / len(tables) ** 0.5 for table, weight in tables.items()})
    for term in clues.terms:
        if term.table in known:
            note(term.table, term.column, _TERM)
            yield _Clue(term.words, {term.table: _TERM})


def _tally(found: Iterable[_Clue], columns: Mapping[str, Mapping[str, float]]) -> dict[str, _Tally]:
    """What speaks for each table by itself."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for clue in found:
        for table, weight in clue.tables.items():
            tallies[table].score += weight
            tallies[table].surest += (clue.surest or clue.tables)[table]
            if clue.said:
                tallies[table].words[clue.said] = None
    for table, tally in tallies.items():
        tally.columns = dict(columns.get(table, {}))
    return dict(tallies)


def _spread(graph: JoinGraph, found: Sequence[_Clue], tallies: Mapping[str, _Tally]) -> dict[str, float]:
    """For each table the clues met in its neighbourhood: each counts once, where it counts most."""
    best = sorted(tallies, key=lambda table: -tallies[table].score)[:_LOOKED_AT]
    around = {table: [(near, _SHARE**steps) for near, steps in _around(graph, table).steps.items()] for table in best}
    scores: dict[str, float] = {table: _ALONE * tallies[table].score for table in best}
    for clue in found:
        met: dict[str, float] = {}
        for table in best:
            if weight := clue.tables.get(table):
                for near, share in around[table]:
                    met[near] = max(met.get(near, 0.0), weight * share)
        for table, weight in met.items():
            scores[table] = scores.get(table, 0.0) + weight
    return scores


@dataclass(frozen=True)
class _Around:
    """The tables a few keys away from one, itself first: how many, and over which one the way leads back."""

    steps: Mapping[str, int]
    back: Mapping[str, str]

    def way(self, table: str) -> Iterator[str]:
        """From a table back to the one in the middle, both included."""
        yield table
        while table in self.back:
            table = self.back[table]
            yield table


def _around(graph: JoinGraph, table: str) -> _Around:
    steps, back, edge = {table: 0}, {}, [table]
    for step in range(1, _STEPS + 1):
        further = []
        for one in edge:
            for near in graph.neighbours(one)[:_WIDEST]:
                if near not in steps:
                    steps[near], back[near] = step, one
                    further.append(near)
        edge = further
    return _Around(steps, back)


def _chosen(
    graph: JoinGraph, scores: Mapping[str, float], tallies: Mapping[str, _Tally], reasons: dict[str, str]
) -> list[str]:
    """At most twelve tables: the best, those on the join paths between them, the next best, and, where words say too
    little, those that most others refer to."""
    ranked = sorted(scores, key=lambda table: -scores[table])
    seeds = sorted(tallies, key=lambda table: -scores.get(table, 0.0))[:_SEEDS]
    chosen = list(seeds)
    for table in _bridges(graph, seeds):
        chosen.append(table)
        reasons[table] = "joins " + ", ".join(sorted(set(graph.neighbours(table)) & set(chosen)))
    for table in ranked:
        if table not in tallies:
            joined = sorted(set(graph.neighbours(table)) & set(ranked[:MOST_TABLES]))
            reasons.setdefault(table, f"joins {joined[0]}" if joined else "")
    return list(dict.fromkeys([*chosen, *ranked, *graph.hubs(MOST_TABLES)]))[:MOST_TABLES]


def _bridges(graph: JoinGraph, tables: Sequence[str]) -> list[str]:
    """The tables in between the best one and each of the next: where their neighbourhoods meet first."""
    found: dict[str, None] = {}
    around = [_around(graph, table) for table in tables]
    for other in around[1:]:
        first = around[0]
        both = {table: first.steps[table] + other.steps[table] for table in first.steps.keys() & other.steps.keys()}
        least = min(both.values(), default=0)
        for table in sorted(table for table, steps in both.items() if steps == least)[:_MOST_MEETINGS]:
            found.update((between, None) for side in (first, other) for between in side.way(table))
    return [table for table in found if table not in tables]


def _joins_between(graph: JoinGraph, tables: Iterable[str]) -> tuple[Join, ...]:
    """Every join that has both ends among these tables."""
    among = set(tables)
    found = (join for table in tables for join in graph.joins(table))
    return tuple(dict.fromkeys(join for join in found if join.left in among and join.right in among))


def rival_joins(graph: JoinGraph, linked: Linked) -> tuple[Ambiguous, ...]:
    """Where two of the nearest tables join in several ways that cost the same: nobody may guess which is meant."""
    near = [hit.table for hit in linked.tables if hit.score > 0][:_SEEDS]
    pairs = [(one, other) for place, one in enumerate(near) for other in near[place + 1 :]]
    paths = [graph.path(pair, _RIVALS_COST) for pair in pairs]
    return tuple(path for path in paths if isinstance(path, Ambiguous))[:_MOST_RIVALS]


def _hit(table: str, tally: _Tally, score: float, reason: str) -> TableHit:
    columns = sorted(tally.columns, key=lambda column: -tally.columns[column])
    return TableHit(table, min(1.0, score), ", ".join(tally.words) or reason, tuple(columns[:12]))
