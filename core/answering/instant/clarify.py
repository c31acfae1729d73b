"""Turns rival readings into choices: where a word was taken for different things, the question in plainer words.

A choice is only offered if its question, asked anew, leads to its reading and no other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from core.answering.events import Choice
from core.answering.instant.chart import Edge
from core.answering.instant.labels import Labels
from core.answering.instant.meaning import Columns, Entity, Values
from core.answering.instant.reading import ColumnRef, Reading
from core.answering.instant.spans import Spans
from core.connections.schema import Schema

MOST = 4


def choices(
    rivals: Sequence[tuple[Reading, Edge]],
    spans: Spans,
    schema: Schema,
    language: str,
    leads_to: Callable[[str, Reading], bool],
) -> tuple[Choice, ...]:
    """Two to four choices in business words; () where no plainer words tell the readings apart."""
    labels = Labels(schema, language)
    found: list[Choice] = []
    for reading, edge in rivals[:MOST]:
        others = {ref for other, _ in rivals if other != reading for ref in _refs(other)}
        choice = next(
            (c for c in _plainer(reading, edge, others, spans, labels) if leads_to(c.question, reading)), None
        )
        if choice is None or choice.label in [c.label for c in found]:
            return ()
        found.append(choice)
    return tuple(found) if len(found) > 1 else ()


def _plainer(reading: Reading, edge: Edge, others: set[ColumnRef], spans: Spans, labels: Labels) -> Iterator[Choice]:
    """The question with one word said more plainly, for each word that this reading takes in its own way."""
    own = _refs(reading)
    for leaf in edge.leaves():
        words = spans.text(leaf.start, leaf.end)
        for ref in own - others if isinstance(leaf.meaning, Columns | Values | Entity) else ():
            meaning = _said(leaf.meaning, ref, words, labels)
            if meaning:
                before, after = spans.text(0, leaf.start), spans.text(leaf.end, spans.length)
                question = spans.joint.join(part for part in (before, meaning, after) if part)
                yield Choice(labels.say("choice", words=words, meaning=meaning), question)


def _said(meaning: Columns | Values | Entity, ref: ColumnRef, words: str, labels: Labels) -> str:
    if isinstance(meaning, Columns) and meaning.metric is None and any(r == ref for r, _ in meaning.options):
        return labels.say("plain_column", table=labels.table(ref.table), column=labels.column(ref))
    if isinstance(meaning, Values) and any(r == ref for r, _, _ in meaning.options):
        return labels.say("plain_value", column=labels.column(ref), value=words)
    if isinstance(meaning, Entity) and meaning.table == ref.table:
        return labels.table(ref.table)
    return ""


def _refs(value: Any) -> frozenset[ColumnRef]:
    """Every column that a reading uses."""
    if isinstance(value, ColumnRef):
        return frozenset({value})
    if isinstance(value, tuple):
        return frozenset(ref for part in value for ref in _refs(part))
    if is_dataclass(value) and not isinstance(value, type):
        return frozenset(ref for f in fields(value) for ref in _refs(getattr(value, f.name)))
    return frozenset()
