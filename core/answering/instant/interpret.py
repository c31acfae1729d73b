"""interpret(inquiry, schema, values) -> Interpretation, Abstained or Unclear: the instant engine, with no model.

Every word of the question has to be explained by the schema, its values, a time or the grammar; the parts have to
make one whole; and no other whole may be as likely. Otherwise it abstains and says why.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from core.answering.events import Choice, Explanation, Phrase
from core.answering.instant.asks import Asks
from core.answering.instant.binding import Binder
from core.answering.instant.build_sql import sql_of
from core.answering.instant.canonical import sameness, simplified
from core.answering.instant.chart import Chart, Edge
from core.answering.instant.explain import Told, told
from core.answering.instant.finish import finished
from core.answering.instant.grammar_en import english
from core.answering.instant.grammar_zh import chinese
from core.answering.instant.phrases import Phrases, actions_of
from core.answering.instant.reading import Reading
from core.answering.instant.schema_words import SchemaWords, words_of
from core.answering.instant.turned import Turned
from core.answering.instant.spans import Spans, english_spans
from core.answering.instant.spans_zh import chinese_spans, word_at
from core.connections.schema import Schema
from core.grounding.inquiry import Inquiry
from core.grounding.values import ValueSource

MARGIN = 0.12
WORST = 2.6
LONGEST = 90


@dataclass(frozen=True)
class Interpretation:
    """What the question means: SQL in the schema's dialect, the reading it was written from, and how it came about.

    `confidence` in [0, 1]; `labels` are business words for the columns of the result, in order.
    """

    sql: str
    reading: Reading
    explanation: Explanation
    confidence: float
    labels: tuple[str, ...]


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
class _Found:
    """One reading with its cost, and the leaves that explain the question's words."""

    reading: Reading
    cost: float
    edge: Edge


def interpret(inquiry: Inquiry, schema: Schema, values: ValueSource, previous: Reading | None = None) -> Outcome:
    """The meaning of `inquiry` over `schema`; `previous` is the reading a follow-up may change.

    The clock is the inquiry's `now`. Nothing is read but the schema and `values`.
    """
    words = words_of(schema)
    spans = spans_for(inquiry, words, values)
    if not spans.length or spans.length > LONGEST:
        return Abstained(Phrase("instant.too_long" if spans.length else "instant.no_words"))
    unknown = [i for i in range(spans.length) if i not in spans.covered and any(c.isalnum() for c in spans.texts[i])]
    if unknown:
        word = word_at(inquiry.text, unknown[0]) if inquiry.language == "zh" else spans.texts[unknown[0]]
        return Abstained(Phrase("instant.unknown_word", {"word": word}), word)
    found = readings(spans, words, inquiry.language)
    if not found:
        return Abstained(Phrase("instant.no_reading"))
    return _chosen(found, spans, inquiry, schema)


def spans_for(inquiry: Inquiry, words: SchemaWords, values: ValueSource) -> Spans:
    """The leaves of the question, in its language."""
    find = chinese_spans if inquiry.language == "zh" else english_spans
    return find(inquiry.text, words, values, inquiry.now)


def readings(spans: Spans, words: SchemaWords, language: str) -> list[_Found]:
    """All readings of a question, cheapest first, each once."""
    binder = Binder(words)
    phrases, asks = Phrases(words, binder), Asks(words, binder, language)
    actions = {**actions_of(phrases), **actions_of(asks), **actions_of(Turned(phrases, asks, binder))}
    chart = Chart(chinese() if language == "zh" else english(), actions, spans.length)
    chart.parse(spans.leaves)
    found: dict[Hashable, _Found] = {}
    # A word that says nothing may also be the beginning of one that does.
    whole = sorted((e for start in range(spans.first + 1) for e in chart.whole("Q", start)), key=lambda e: e.cost)
    for edge in whole:
        reading = finished(edge.meaning, words, language)
        if reading is None:
            continue
        reading = simplified(reading)
        found.setdefault(sameness(reading), _Found(reading, edge.cost, edge))
    return sorted(found.values(), key=lambda f: f.cost)


def _chosen(found: list[_Found], spans: Spans, inquiry: Inquiry, schema: Schema) -> Outcome:
    first = found[0]
    if first.cost > WORST:
        return Abstained(Phrase("instant.unsure"))
    rivals = [first]
    sqls = [sql_of(first.reading, schema)]
    for other in found[1:]:
        if other.cost > first.cost + MARGIN:
            break
        sql = sql_of(other.reading, schema)
        if sql not in sqls:
            rivals.append(other)
            sqls.append(sql)
    if len(rivals) > 1:
        return Abstained(Phrase("instant.tie"))
    gap = (found[1].cost if len(found) > 1 else first.cost + 1.0) - first.cost
    account: Told = told(first.reading, first.edge, spans, schema, inquiry.language)
    sureness = max(0.5, min(0.99, 1.0 - 0.12 * first.cost - 0.1 * max(0.0, 0.5 - gap)))
    return Interpretation(sqls[0], first.reading, account.explanation, round(sureness, 3), account.labels)
