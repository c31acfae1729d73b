"""interpret(inquiry, schema, values) -> Interpretation, Abstained or Unclear: the instant engine, with no model.

Every word of the question has to be explained by the schema, its values, a time or the grammar; the parts have to
make one whole; and no other whole may be as likely. Otherwise it abstains and says why.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from core.answering.events import Choice, Explanation, Phrase
from core.answering.instant.asks import Asks
from core.answering.instant.binding import Binder
from core.answering.instant.build_sql import sql_of
from core.answering.instant.canonical import sameness, simplified
from core.answering.instant.change import Changes
from core.answering.instant.chart import Chart, Edge
from core.answering.instant.claims import left_out, unexplained
from core.answering.instant.clarify import choices, picked
from core.answering.instant.doubts_en import unspoken
from core.answering.instant.explain import told
from core.answering.instant.figuring import Figuring
from core.answering.instant.finish import finished, says_nothing
from core.answering.instant.follow import changed
from core.answering.instant.from_sql import reading_of
from core.answering.instant.grammar_en import english
from core.answering.instant.grammar_zh import chinese
from core.answering.instant.labels import Labels
from core.answering.instant.meaning import Entity
from core.answering.instant.phrases import Phrases
from core.answering.instant.predicates import actions_of
from core.answering.instant.reading import Reading
from core.answering.instant.roles import Roles
from core.answering.instant.schema_words import SchemaWords, words_of
from core.answering.instant.spans import Spans, english_spans
from core.answering.instant.spans_zh import chinese_spans, word_at
from core.answering.instant.taken import Rival, narrowed, refs_of
from core.answering.instant.turned import Turned
from core.answering.instant.words import root
from core.connections.schema import Schema
from core.grounding.inquiry import Inquiry, language_of
from core.grounding.values import ValueSource

MARGIN = 0.12
# The cost from which a reading is left alone. A word that only a translation found is less sure than a name.
WORST = {"en": 2.6, "zh": 1.5}
LONGEST = 90
_BE = {"is", "are", "was", "were", "be", "been"}
# What only a follow-up begins with, where all of its words say what is to be another.
_LEANING = {"follow", "only", "and", "by", "split_by", "break_down", "each_grain"}


@dataclass(frozen=True)
class Interpretation:
    """What the question means: SQL in the schema's dialect, the reading it was written from, and how it came about.

    `confidence` in [0, 1]; `labels` are business words for the columns of the result, in order; `follows` says
    whether the question changed the one before.
    """

    sql: str
    reading: Reading
    explanation: Explanation
    confidence: float
    labels: tuple[str, ...]
    follows: bool = False


@dataclass(frozen=True)
class Abstained:
    """The engine does not answer; `word` is the word it could not place, "" if it was none of them alone."""

    reason: Phrase
    word: str = ""


@dataclass(frozen=True)
class Unclear:
    """Two to four readings are as likely as each other."""

    question: Phrase
    choices: tuple[Choice, ...]


Outcome = Interpretation | Abstained | Unclear


@dataclass(frozen=True)
class Found:
    """One reading with its cost, and the leaves that explain the question's words."""

    reading: Reading
    cost: float
    edge: Edge


def interpret(inquiry: Inquiry, schema: Schema, values: ValueSource, previous: Reading | None = None) -> Outcome:
    """The meaning of `inquiry` over `schema`; `previous` is the reading that a follow-up may change.

    Without `previous`, the questions of `inquiry.follows` are read again, and count only where their SQL is the one
    that was run. The clock is the inquiry's `now`. Nothing is read but the schema and `values`.
    """
    words = words_of(schema)
    spans = spans_for(inquiry, words, values)
    if not spans.length or spans.length > LONGEST:
        return Abstained(Phrase("instant.too_long" if spans.length else "instant.no_words"))
    parsed = _Parsed(spans, words, inquiry.language)
    if previous is None and inquiry.follows:
        previous = _earlier(inquiry, schema, values)
    if previous is None:
        if inquiry.follows and parsed.refers():
            return Abstained(Phrase("instant.nothing_before"))
        return _alone(parsed, inquiry, schema, values)
    if not parsed.refers() and parsed.names_rows():
        alone = _alone(parsed, inquiry, schema, values)
        if isinstance(alone, Interpretation):
            return alone
    found = parsed.changes(previous)
    if found:
        after = _chosen(found, spans, inquiry, schema, values, ask_back=False)
        return replace(after, follows=True) if isinstance(after, Interpretation) else after
    if not parsed.refers():
        return _alone(parsed, inquiry, schema, values)
    return _unknown(spans, inquiry) or Abstained(Phrase("instant.no_reading"))


def spans_for(inquiry: Inquiry, words: SchemaWords, values: ValueSource) -> Spans:
    """The leaves of the question, in its language."""
    find = chinese_spans if inquiry.language == "zh" else english_spans
    return find(inquiry.text, words, values, inquiry.now, inquiry.words.terms)


def readings(spans: Spans, words: SchemaWords, language: str) -> list[Found]:
    """All readings of a question that stands on its own, cheapest first, each once."""
    return _Parsed(spans, words, language).whole()


class _Parsed:
    """One question's chart, and the readings that can be had from it."""

    def __init__(self, spans: Spans, words: SchemaWords, language: str) -> None:
        self._words = words
        self._language = language
        self._first = spans.first
        self._texts = spans.texts
        tables = [leaf.start for leaf in spans.leaves if leaf.category == "T"]
        self._pointing = any(
            leaf.category == "reference"
            or (leaf.category == "their" and not any(t < leaf.start for t in tables))
            # "who is the artist of each?" speaks of nothing that there is one for each of
            or (leaf.category == "each_row" and leaf.end == spans.length and len(set(tables)) <= 1)
            or (
                leaf.category == "there" and leaf.end == spans.length and spans.texts[leaf.start - 1].lower() not in _BE
            )
            for leaf in spans.leaves
        )
        said = [leaf.meaning for leaf in spans.leaves if leaf.category == "verb" and leaf.meaning]
        verbs = frozenset(root(word) for meaning in said for word in meaning.split())
        self._binder = Binder(words, verbs)
        phrases = Phrases(words, self._binder)
        self._asks = Asks(words, self._binder, language)
        turned = Turned(phrases, self._asks, self._binder)
        others = (Figuring(words, self._binder), Roles(words, self._binder, self._asks, language), turned, Changes())
        actions = {name: act for part in (phrases, self._asks, *others) for name, act in actions_of(part).items()}
        self._chart = Chart(chinese() if language == "zh" else english(), actions, spans.length)
        self._chart.parse(spans.leaves)

    def _edges(self, category: str) -> list[Edge]:
        # A word that says nothing may also be the beginning of one that does.
        found = [e for start in range(self._first + 1) for e in self._chart.whole(category, start)]
        return sorted(found, key=lambda e: e.cost)

    def follows(self) -> bool:
        """Whether the words begin as those of a follow-up do: "and …", "only …", "by …"."""
        return any(
            e.parts and {e.parts[0].category, next(iter(e.leaves())).category} & _LEANING for e in self._edges("U")
        )

    def refers(self) -> bool:
        """Whether the question points at an answer before: "of those", "what about", "their"."""
        return self._pointing or self.follows()

    def names_rows(self) -> bool:
        """Whether a table is named, so that the question can stand on its own."""
        whole = self._edges("Q")
        return bool(whole) and any(leaf.category == "T" for leaf in whole[0].leaves())

    def whole(self) -> list[Found]:
        found: dict[Hashable, Found] = {}
        for edge in self._edges("Q"):
            self._keep(finished(edge.meaning, self._words, self._language), edge.cost, edge, found)
        return sorted(found.values(), key=lambda f: f.cost)

    def changes(self, previous: Reading) -> list[Found]:
        """The readings that a follow-up makes of the one before."""
        found: dict[Hashable, Found] = {}
        for edge in self._edges("U"):
            for ask, cost in changed(previous, edge.meaning, self._asks, self._binder):
                self._keep(finished(ask, self._words, self._language), edge.cost + cost, edge, found)
        return sorted(found.values(), key=lambda f: f.cost)

    def _unnamed_view(self, reading: Reading, edge: Edge) -> bool:
        """Whether it reads a view of which nobody spoke: what rows that leaves out, only its name says."""
        views = {r.table for r in refs_of(reading) if self._words.table(r.table).is_view}
        if not views or all(t.is_view for t in self._words.schema.tables):
            return False
        return not views <= {leaf.meaning.table for leaf in edge.leaves() if isinstance(leaf.meaning, Entity)}

    def _keep(self, reading: Reading | None, cost: float, edge: Edge, found: dict[Hashable, Found]) -> None:
        if reading is None or left_out(edge, self._texts, reading):
            return
        if not self._unnamed_view(reading, edge):
            plain = simplified(reading)
            if says_nothing(plain, self._words):
                return
            key = sameness(plain)
            if key not in found or found[key].cost > cost:
                found[key] = Found(plain, cost, edge)


def _alone(parsed: _Parsed, inquiry: Inquiry, schema: Schema, values: ValueSource) -> Outcome:
    spans = spans_for(inquiry, words_of(schema), values)
    if unplaced := _unknown(spans, inquiry):
        return unplaced
    found = parsed.whole()
    if not found:
        return Abstained(Phrase("instant.no_reading"))
    return _chosen(found, spans, inquiry, schema, values)


def _unknown(spans: Spans, inquiry: Inquiry) -> Abstained | None:
    """The first word that nothing explains."""
    unknown = [i for i in range(spans.length) if i not in spans.covered and any(c.isalnum() for c in spans.texts[i])]
    if not unknown:
        return None
    word = word_at(inquiry.text, unknown[0]) if inquiry.language == "zh" else spans.texts[unknown[0]]
    return Abstained(Phrase("instant.unknown_word", {"word": word}), word)


def _chosen(
    found: Sequence[Found],
    spans: Spans,
    inquiry: Inquiry,
    schema: Schema,
    values: ValueSource,
    ask_back: bool = True,
) -> Outcome:
    """The cheapest reading if it stands alone; a question back if plain words tell the rivals apart."""
    first, keyed_schema = found[0], words_of(schema).schema
    if first.cost > WORST[inquiry.language]:
        return Abstained(Phrase("instant.unsure"))
    labels = Labels(keyed_schema, inquiry.language)
    by_sql = {sql_of(f.reading, keyed_schema): f for f in reversed(found) if f.cost <= first.cost + MARGIN}
    tied = [Rival(f.reading, f.edge) for f in reversed(by_sql.values())]
    rivals, taken = narrowed(tied, spans, inquiry.chosen, labels)
    first = next(f for f in found if f.reading == rivals[0].reading)
    sql = sql_of(first.reading, keyed_schema)
    if word := unexplained(first.edge, spans.claimed, spans.texts, sql, first.reading):
        return Abstained(Phrase("instant.unknown_word", {"word": word}), word)
    if inquiry.language == "en":
        sql = sql_of(first.reading, keyed_schema)
        if word := unspoken(first.edge, spans, words_of(schema), sql):
            return Abstained(Phrase("instant.unknown_word", {"word": word}), word)
    if len(rivals) > 1:
        offered = _offered(rivals, spans, inquiry, schema, values) if ask_back else ()
        if not offered:
            return Abstained(Phrase("instant.tie"))
        if not inquiry.picks:
            return Unclear(Phrase("instant.unclear"), offered)
        taken = (*taken, picked(offered[0], spans, rivals, labels))
    rest = [f.cost for f in found if Rival(f.reading, f.edge) not in tied]
    gap = rest[0] - first.cost if rest else 1.0
    account = told(first.reading, first.edge, spans, keyed_schema, inquiry.language)
    sureness = max(0.5, min(0.99, 1.0 - 0.12 * first.cost - 0.1 * max(0.0, 0.5 - gap)))
    explanation = replace(account.explanation, taken=taken)
    return Interpretation(sql, first.reading, explanation, round(sureness, 3), account.labels)


def _offered(
    rivals: Sequence[Rival], spans: Spans, inquiry: Inquiry, schema: Schema, values: ValueSource
) -> tuple[Choice, ...]:
    words = words_of(schema)

    def leads_to(question: str, reading: Reading) -> bool:
        asked = replace(inquiry, text=question, follows=())
        found = readings(spans_for(asked, words, values), words, inquiry.language)
        clear = len(found) == 1 or (len(found) > 1 and found[1].cost > found[0].cost + MARGIN)
        return clear and sameness(found[0].reading) == sameness(reading)

    return choices(rivals, spans, Labels(schema, inquiry.language), inquiry.text, leads_to)


def _earlier(inquiry: Inquiry, schema: Schema, values: ValueSource) -> Reading | None:
    """The reading of the question before: read again, if that gives the SQL which answered it, else taken from it."""
    reading: Reading | None = None
    for earlier in inquiry.follows:
        # What was picked for it counts only if it is what was run.
        asked = replace(inquiry, text=earlier.question, language=language_of(earlier.question), follows=(), picks=True)
        out = interpret(asked, schema, values, reading)
        same = isinstance(out, Interpretation) and out.sql.split() == earlier.sql.split()
        reading = out.reading if isinstance(out, Interpretation) and same else reading_of(earlier.sql, schema)
    return reading
