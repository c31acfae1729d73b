"""Says a reading in words: what each word was taken for, which tables and joins, what was filtered and how."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from core.answering.events import Explanation, Phrase
from core.answering.instant.chart import Edge
from core.answering.instant.labels import Labels
from core.answering.instant.meaning import Columns, Entity, Most, Number, Values
from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    ColumnRef,
    Compare,
    Condition,
    Extreme,
    Field,
    Like,
    Link,
    Missing,
    OnDays,
    Reading,
    Related,
    Shared,
    Stated,
    Within,
)
from core.answering.instant.spans import Spans
from core.answering.instant.times import When
from core.connections.schema import Schema
from core.grounding.folding import fold
from core.grounding.value_keys import squeezed

_OPS = {"=": "is", "!=": "is_not", ">": "more", ">=": "at_least", "<": "less", "<=": "at_most"}


@dataclass(frozen=True)
class Told:
    """The account of a reading, and a label for each column it shows."""

    explanation: Explanation
    labels: tuple[str, ...]


def told(reading: Reading, edge: Edge, spans: Spans, schema: Schema, language: str) -> Told:
    """What a person reads under "How I got this"."""
    labels = Labels(schema, language)
    steps = tuple(_steps(reading, labels))
    tables = tuple(dict.fromkeys((reading.table, *(t for part in _parts(reading) for t in _tables(part)))))
    words = tuple(dict.fromkeys(_word(leaf, spans, reading, labels) for leaf in edge.leaves()))
    return Told(Explanation(tables, steps, tuple(w for w in words if w is not None)), labels.columns(reading))


def _steps(reading: Reading, labels: Labels) -> Iterator[Phrase]:
    yield Phrase("instant.step_rows", {"table": labels.table(reading.table)})
    for link in dict.fromkeys(part for part in _parts(reading) if isinstance(part, Link)):
        on = ", ".join(f"{a} = {b}" for a, b in zip(link.left_columns, link.right_columns, strict=True))
        values = {"left": labels.table(link.left), "right": labels.table(link.right), "on": on}
        yield Phrase("instant.step_join", values)
    for condition in reading.conditions:
        yield Phrase("instant.step_filter", {"what": described(condition, labels)})
    shown = [g for g in reading.groups if g in reading.show]
    for group in shown or reading.groups:
        yield Phrase("instant.step_group", {"by": labels.expression(group, reading.table)})
    for having in reading.having:
        what = labels.say(
            f"cond_{_OPS[having.op.value]}", column=labels.expression(having.tally, reading.table), value=having.value
        )
        yield Phrase("instant.step_filter", {"what": what})
    for order in reading.order:
        key = "instant.step_order_desc" if order.descending else "instant.step_order_asc"
        yield Phrase(key, {"by": labels.expression(order.by, reading.table)})
    if reading.per is not None:
        by = labels.say("and_").join(labels.expression(g, reading.table) for g in reading.per.groups)
        yield Phrase("instant.step_per", {"n": reading.per.n, "by": by})
    if reading.limit is not None:
        yield Phrase("instant.step_limit", {"n": reading.limit})
    if reading.offset:
        yield Phrase("instant.step_offset", {"n": reading.offset})
    if reading.outer:
        yield Phrase("instant.step_outer")
    if reading.distinct:
        yield Phrase("instant.step_distinct")


def described(condition: Condition, labels: Labels) -> str:
    """A condition in words of the language."""
    if isinstance(condition, Compare):
        value: object = condition.value
        if isinstance(value, Extreme):
            within = "".join(f" ({described(inner, labels)})" for inner in value.conditions)
            value = labels.say(f"label_{value.function.value}", what=labels.column(value.field.column)) + within
        elif isinstance(value, Field):
            value = labels.of_row(value)
        return labels.say(f"cond_{_OPS[condition.op.value]}", column=labels.column(condition.field.column), value=value)
    if isinstance(condition, OnDays):
        days = labels.say("or_").join(labels.say(f"day_{day}") for day in condition.days)
        return labels.say("cond_is", column=labels.column(condition.field.column), value=days)
    if isinstance(condition, Stated):
        return labels.say("cond_stated_not" if condition.negated else "cond_stated", word=condition.word)
    if isinstance(condition, Within):
        return labels.say("cond_is", column=labels.column(condition.field.column), value=labels.window(condition))
    if isinstance(condition, Like):
        key = f"cond_{'not_' if condition.negated else ''}{condition.where}"
        return labels.say(key, column=labels.column(condition.field.column), value=condition.text)
    if isinstance(condition, Missing):
        key = "cond_filled" if condition.negated else "cond_missing"
        return labels.say(key, column=labels.column(condition.field.column))
    if isinstance(condition, AnyOf):
        return labels.say("or_").join(described(c, labels) for c in condition.options)
    if isinstance(condition, AllOf):
        return labels.say("and_").join(described(c, labels) for c in condition.parts)
    if isinstance(condition, Shared):
        inner = labels.say("and_").join(described(c, labels) for c in condition.conditions)
        key = "cond_not_shared" if condition.negated else "cond_shared"
        return labels.say(key, column=labels.column(condition.field.column), what=inner)
    return _related(condition, labels)


def _related(related: Related, labels: Labels) -> str:
    what = labels.table(related.path[-1].right)
    if related.conditions:
        inner = labels.say("and_").join(described(c, labels) for c in related.conditions)
        what = labels.say("with_", table=what, what=inner)
    if related.best is not None:
        by = labels.expression(related.best.by, related.path[-1].right)
        key = "best_desc" if related.best.descending else "best_asc"
        what = labels.say(key, table=what, by=by, n=related.best.n)
    if related.times:
        return labels.say("and_").join(
            labels.say(f"cond_{_OPS[op.value]}", column=labels.say("label_count", what=what), value=n)
            for op, n in related.times
        )
    return labels.say("cond_has_no" if related.negated else "cond_has", what=what)


def _parts(value: Any) -> Iterator[Any]:
    """Every dataclass inside a reading, outer first."""
    if isinstance(value, tuple):
        for part in value:
            yield from _parts(part)
    elif is_dataclass(value) and not isinstance(value, type):
        yield value
        for f in fields(value):
            yield from _parts(getattr(value, f.name))


def _tables(part: Any) -> tuple[str, ...]:
    if isinstance(part, Link):
        return (part.left, part.right)
    return (part.table,) if isinstance(part, ColumnRef) else ()


def _word(leaf: Edge, spans: Spans, reading: Reading, labels: Labels) -> tuple[str, str] | None:
    """What one stretch of the question was taken for; None for words that only hold the sentence together."""
    text = spans.text(leaf.start, leaf.end)
    meaning = leaf.meaning
    if isinstance(meaning, Entity):
        return text, labels.table(meaning.table)
    if isinstance(meaning, Most) and meaning.columns is not None:
        meaning = meaning.columns
    if isinstance(meaning, tuple) and meaning and isinstance(meaning[0], Columns):
        meaning = meaning[0]
    used = {part for part in _parts(reading) if isinstance(part, ColumnRef)}
    if isinstance(meaning, Columns) and meaning.metric is not None:
        return text, meaning.metric.name
    if isinstance(meaning, Values) and meaning.stated is not None:
        return text, meaning.stated.word
    if isinstance(meaning, Columns):
        chosen = next((ref for ref, _ in meaning.options if ref in used), None)
        return (text, labels.owned(chosen)) if chosen else None
    if isinstance(meaning, Values):
        return text, _held(meaning, text, reading, used, labels)
    if isinstance(meaning, When):
        window = next((p for p in _parts(reading) if isinstance(p, Within)), None)
        return text, labels.window(window) if window else text
    if isinstance(meaning, Number):
        return text, f"{meaning.value:g}"
    if leaf.category in ("agg", "sup", "count_of", "how_many"):
        return text, labels.say(f"word_{meaning or 'count'}")
    return None


def _held(values: Values, text: str, reading: Reading, used: Collection[ColumnRef], labels: Labels) -> str:
    """The value a word was taken for, with its column; and that it goes by another name, where it does."""
    kept = {(c.field.column, c.value) for c in _parts(reading) if isinstance(c, Compare)}
    places = [(ref, value) for ref, value, _ in values.options if ref in used]
    held = next((place for place in places if place in kept), next(iter(places), None))
    if held is None:
        return values.text
    said = f"{labels.owned(held[0])} = '{held[1]}'"
    plain = {squeezed(fold(one)) for one in (text, values.text)}
    return said if squeezed(fold(held[1])) in plain else labels.say("word_other_name", said=said)
