"""What each word of a reading was taken for, and which of rival readings take words as they were taken before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from core.answering.events import Taken
from core.answering.instant.chart import Edge
from core.answering.instant.labels import Labels
from core.answering.instant.meaning import Columns, Entity, Values
from core.answering.instant.reading import ColumnRef, Reading
from core.answering.instant.spans import Spans
from core.grounding.folding import fold
from core.grounding.inquiry import Chosen
from core.grounding.names import singular


@dataclass(frozen=True)
class Rival:
    """One of several readings that are as likely, with the leaves that explain the question's words."""

    reading: Reading
    edge: Edge


def key_of(word: str) -> str:
    """The form under which a word is remembered: case, accents, width and English plurals do not count."""
    return " ".join(singular(part) for part in fold(word).split())


def word_of(leaf: Edge, spans: Spans) -> str:
    """The question's own words for a leaf, without those behind it that say nothing."""
    same = (other for other in spans.leaves if (other.category, other.start) == (leaf.category, leaf.start))
    ends = (other.end for other in same if other.meaning == leaf.meaning)
    return spans.text(leaf.start, min(ends, default=leaf.end))


def said(meaning: Columns | Values | Entity, ref: ColumnRef, words: str, labels: Labels) -> str:
    """What a leaf means in plain words if it stands for this column, or its table; "" if it cannot."""
    if isinstance(meaning, Columns) and meaning.metric is None and any(r == ref for r, _ in meaning.options):
        return labels.say("plain_column", table=labels.table(ref.table), column=labels.column(ref))
    if isinstance(meaning, Values) and any(r == ref for r, _, _ in meaning.options):
        return labels.say("plain_value", column=labels.column(ref), value=words)
    if isinstance(meaning, Entity) and meaning.table == ref.table:
        return labels.table(ref.table)
    return ""


def told_apart_by(rivals: Sequence[Rival]) -> list[frozenset[ColumnRef]]:
    """For each rival the columns that it uses where the rivals differ: in conditions, columns or groups of its own."""
    parts = [frozenset(_parts(rival.reading)) for rival in rivals]
    common = frozenset.intersection(*parts) if parts else frozenset()
    return [refs_of(tuple(part for _, part in own - common)) for own in parts]


def _parts(reading: Reading) -> Iterator[tuple[str, Any]]:
    """What a reading shows, asks, groups and orders by, each thing by itself."""
    for f in fields(reading):
        value = getattr(reading, f.name)
        yield from ((f.name, part) for part in (value if isinstance(value, tuple) else (value,)))


def refs_of(value: Any) -> frozenset[ColumnRef]:
    """Every column that a part of a reading uses."""
    if isinstance(value, ColumnRef):
        return frozenset({value})
    if isinstance(value, tuple):
        return frozenset(ref for part in value for ref in refs_of(part))
    if is_dataclass(value) and not isinstance(value, type):
        return frozenset(ref for f in fields(value) for ref in refs_of(getattr(value, f.name)))
    return frozenset()


def narrowed(
    rivals: Sequence[Rival], spans: Spans, chosen: Sequence[Chosen], labels: Labels
) -> tuple[list[Rival], tuple[Taken, ...]]:
    """The rivals that take words as they were taken before, and the words that this decided.

    What was chosen for a word that no rival takes so, or that all of them do, decides nothing.
    """
    left, taken = list(rivals), []
    for choice in chosen:
        used = zip(left, told_apart_by(left), strict=True)
        agreeing = [(rival, leaf) for rival, refs in used if (leaf := _leaf(rival, refs, spans, choice)) is not None]
        if agreeing and len(agreeing) < len(left):
            left = [rival for rival, _ in agreeing]
            taken.append(as_taken(agreeing[0][1], spans, choice, labels))
    return left, tuple(taken)


def as_taken(leaf: Edge, spans: Spans, choice: Chosen, labels: Labels) -> Taken:
    """What a leaf was taken for, in words."""
    word = word_of(leaf, spans)
    meaning = said(leaf.meaning, ColumnRef(choice.table, choice.column), word, labels)
    return Taken(word, meaning, choice.table, choice.column, choice.by)


def _leaf(rival: Rival, used: frozenset[ColumnRef], spans: Spans, choice: Chosen) -> Edge | None:
    """The leaf of this word, where the rival, which uses these columns, takes it as chosen."""
    for leaf in rival.edge.leaves():
        if not isinstance(leaf.meaning, Columns | Values | Entity) or key_of(word_of(leaf, spans)) != choice.word:
            continue
        if isinstance(leaf.meaning, Entity):
            if not choice.column and leaf.meaning.table == choice.table:
                return leaf
        elif (ref := ColumnRef(choice.table, choice.column)) in used and any(o[0] == ref for o in leaf.meaning.options):
            return leaf
    return None
