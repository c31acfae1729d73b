"""What each stretch of a question may be: the leaves of the chart, found without knowing the sentence."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from core.answering.instant.chart import Edge
from core.answering.instant.claims import claims
from core.answering.instant.focus import focused
from core.answering.instant.full_names import full_names
from core.answering.instant.lexicon import FunctionWord, lexicon
from core.answering.instant.meaning import Entity, Flag, Most, Number, Sorting, Values
from core.answering.instant.reading import ColumnRef, Op
from core.answering.instant.roles import role_leaves
from core.answering.instant.schema_words import Call, SchemaWords, attribute, columns_of, plain_words, shortened
from core.answering.instant.terms import with_terms
from core.answering.instant.times import english_times
from core.answering.instant.verbs_en import act_leaves, calls_column, verb_leaves
from core.answering.instant.word_tables import synonyms
from core.answering.instant.words import Token, number_of, tokens_of
from core.grounding.terms import Term
from core.grounding.values import ValueHit, ValueSource

_GRAINS = {"day", "week", "month", "quarter", "year"}
_ADVERBS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annually": "year",
}
_AFTER_EACH = {"and", ",", ";", ".", "?", "ordered", "sorted", "order", "sort", "in", "along"}
_VAGUE = {"number", "count", "total", "amount", "average", "most", "time", "year"}
_BEFORE_CMD = {"and", ",", ".", ";", "?", "please", "also", "then", "you", "can", "could", "just"}
LONGEST_VALUE = 7
_INSIDE = {"of", "the", "in", "for"}


@dataclass(frozen=True)
class Spans:
    """The leaves over `length` positions; `first` is the first that is not skipped. `covered` positions have a leaf.

    `texts` gives the question's own words for a stretch; `claimed` are positions of words that claim something.
    """

    leaves: tuple[Edge, ...]
    length: int
    first: int
    covered: frozenset[int]
    texts: tuple[str, ...]
    joint: str = " "
    claimed: frozenset[int] = frozenset()

    def text(self, start: int, end: int) -> str:
        return self.joint.join(self.texts[start:end]).strip()


def english_spans(
    text: str, words: SchemaWords, values: ValueSource, now: datetime, terms: Sequence[Term] = ()
) -> Spans:
    """The leaves of an English question."""
    text = re.sub(r"(?i)\b(what|who|where|how|that|there|it)['’]s\b", r"\1 is", text)
    for mark in ("n't", "n’t"):
        text = text.replace("can" + mark, "cannot").replace(mark, " not")
    tokens = tokens_of(text)
    while tokens and tokens[-1].text in "?.!":
        tokens = tokens[:-1]
    lowers = [t.lower if t.kind != "quoted" else f"\0{t.text}" for t in tokens]
    leaves: list[Edge] = []
    skips: set[int] = set()
    for i in range(len(tokens)):
        for end, word in lexicon("en").at(lowers, i):
            if word.category == "skip":
                skips.update(range(i, end))
            elif word.category == "each_it" and not (end == len(tokens) or lowers[end] in _AFTER_EACH):
                continue  # "in each category": what is each stands right behind
            elif word.category == "cmd" and lowers[i:end] == ["name"] and i and lowers[i - 1] not in _BEFORE_CMD:
                continue  # "the name of": only what begins a sentence tells somebody to name things
            else:
                # "the total amount of": where a column is called so, the amount may be that
                longer = word.category in ("agg", "sup") and end > i + 1
                vague = longer and any(calls_column(words, t) for t in tokens[i:end])
                found = function_leaves(word, words, i, end)
                leaves.extend(replace(leaf, cost=leaf.cost + 0.3) if vague else leaf for leaf in found)
    leaves.extend(_schema_leaves(tokens, words))
    leaves.extend(_number_leaves(tokens))
    leaves.extend(act_leaves(tokens, words))
    leaves.extend(verb_leaves(tokens, words))
    leaves.extend(Edge("W", i, j, when, 0.0) for i, j, when in english_times(lowers, now))
    texts = tuple(t.text for t in tokens)
    claimed = claims(texts, frozenset(leaf.start for leaf in leaves if leaf.category == "T"))
    leaves.extend(role_leaves(tokens, words))
    leaves.extend(_value_leaves(tokens, words, values, leaves, skips, claimed))
    leaves.extend(full_names(leaves, texts))
    # What claims something is a mere verb only where nothing else speaks of it.
    leaves = [
        replace(leaf, cost=leaf.cost + 0.4) if leaf.category == "verb" and leaf.start in claimed else leaf
        for leaf in leaves
    ]
    leaves = with_terms(leaves, text, [(t.start, t.end) for t in tokens], terms, words)
    held = {leaf.start for leaf in leaves if leaf.category == "V" and leaf.start in claimed and _holds(leaf.meaning)}
    leaves = [leaf for leaf in leaves if leaf.category != "verb" or leaf.start not in held]
    return replace(spans_of(focused(leaves, words), skips, len(tokens), texts), claimed=claimed)


def _holds(values: Values) -> bool:
    """Whether a cell holds the word, or people have said what it means."""
    return bool(values.options) or values.stated is not None


def spans_of(leaves: Sequence[Edge], skips: set[int], length: int, texts: tuple[str, ...], joint: str = " ") -> Spans:
    """Leaves end after the words that say nothing, so that what follows finds them."""

    def after(position: int) -> int:
        while position < length and position in skips:
            position += 1
        return position

    stretched = []
    for leaf in leaves:
        ends = {leaf.end, after(leaf.end)}
        stretched += [Edge(leaf.category, leaf.start, end, leaf.meaning, leaf.cost) for end in ends]
        if leaf.category == "T" and len(ends) == 1:
            # a table whose word stands right before the next one
            stretched.append(Edge("Tn", leaf.start, leaf.end, leaf.meaning, leaf.cost))
    covered = frozenset(p for leaf in leaves for p in range(leaf.start, leaf.end)) | skips
    return Spans(tuple(stretched), length, after(0), covered, texts, joint)


def function_leaves(word: FunctionWord, words: SchemaWords, start: int, end: int) -> Iterator[Edge]:
    """The leaves of a function word; adjectives become predicates on whatever columns they speak of here."""
    if word.category in ("sadj", "cadj", "ask_attribute", "attr_verb"):
        for part in word.value.split():
            name = part.rstrip("+-<>=")
            columns = attribute(words, name)
            if columns is None:
                continue
            sign = part[len(name) :]
            if word.category == "sadj":
                yield Edge("Best", start, end, Most(sign == "+", columns=columns), 0.05)
            elif word.category == "cadj":
                yield Edge("adj", start, end, (columns, Op(sign)), 0.05)
            else:
                yield Edge(word.category, start, end, columns, 0.05)
    elif word.category == "sorter":
        for part in word.value.split():
            columns = attribute(words, part[:-1])
            if columns is not None:
                yield Edge("O", start, end, Sorting(columns, part.endswith("-")), 0.05)
    elif word.category == "opposites":
        columns = attribute(words, word.value)
        flags = tuple((r, c) for r, c in columns.options if words.flag(r)) if columns else ()
        if columns and flags:
            yield Edge("Y", start, end, Flag(replace(columns, options=flags), negated=True), 0.05)
    elif word.category in ("most_common", "least_common"):
        yield Edge("common", start, end, "desc" if word.category == "most_common" else "asc", 0.0)
    else:
        yield Edge(word.category, start, end, word.value, 0.0)


def _schema_leaves(tokens: Sequence[Token], words: SchemaWords) -> Iterator[Edge]:
    for i in range(len(tokens)):
        found: dict[int, list[tuple[Call, float]]] = {}
        for end, call, cost in called_at(tokens, i, words):
            vague = 0.5 if end == i + 1 and call.cost and tokens[i].plain in _VAGUE else 0.0
            found.setdefault(end, []).append((call, cost + vague))
        for end, calls in found.items():
            text = " ".join(t.text for t in tokens[i:end])
            yield from call_leaves(calls, i, end, text)


def call_leaves(calls: Sequence[tuple[Call, float]], start: int, end: int, text: str) -> Iterator[Edge]:
    """Leaves of one stretch: a table each, and one mention of all the columns."""
    tables: dict[str, float] = {}
    columns: dict[ColumnRef, float] = {}
    for call, cost in calls:
        total = call.cost + cost
        if call.column:
            ref = ColumnRef(call.table, call.column)
            columns[ref] = min(total, columns.get(ref, 9.0))
        else:
            tables[call.table] = min(total, tables.get(call.table, 9.0))
    for table, cost in sorted(tables.items(), key=lambda t: t[1])[:4]:
        yield Edge("T", start, end, Entity(table), cost)
    if columns:
        yield Edge("C", start, end, columns_of(columns, text), 0.0)


def called_at(tokens: Sequence[Token], start: int, words: SchemaWords) -> Iterator[tuple[int, Call, float]]:
    """What the schema calls by the words from `start`: plain, by synonyms, and turned around an "of"."""
    yield from _walk(tokens, start, words, 0.0)
    turned = [i for i in range(start + 1, min(start + 3, len(tokens))) if tokens[i].lower == "of"]
    for place in turned:
        for after in range(place + 1, min(place + 4, len(tokens)) + 1):
            rest = [t for t in tokens[place + 1 : after] if t.lower not in ("the", "a", "an", "all")]
            if rest and after <= len(tokens):
                swapped = [*rest, *tokens[start:place]]
                for end, call, cost in _walk(swapped, 0, words, 0.08):
                    if end == len(swapped):
                        yield after, call, cost


def _walk(tokens: Sequence[Token], start: int, words: SchemaWords, cost: float) -> Iterator[tuple[int, Call, float]]:
    stack: list[tuple[int, Mapping[str, Any], float, bool]] = [(start, words.tree, cost, False)]
    while stack:
        at, node, so_far, complete = stack.pop()
        if complete:
            # "templates of the type" are templates, not template types.
            across = 0.5 if any(t.lower == "of" for t in tokens[start:at]) else 0.0
            for call in node.get("", ()):
                yield at, call, so_far if call.column else so_far + across
        if at >= len(tokens) or at - start >= 6 or tokens[at].kind not in ("word", "number"):
            continue
        for size, phrase, more in (*alternatives(tokens, at, words.shorts), *_near(tokens, at, words)):
            inner: Mapping[str, Any] | None = node
            for part in phrase:
                inner = inner.get(part) if inner else None
            if inner is not None:
                stack.append((at + size, inner, so_far + more, True))
        if at > start and tokens[at].lower in _INSIDE:
            stack.append((at + 1, node, so_far + 0.02, False))


def _near(tokens: Sequence[Token], at: int, words: SchemaWords) -> Iterator[tuple[int, tuple[str, ...], float]]:
    for size in (1, 2, 3):
        phrase = tuple(t.plain for t in tokens[at : at + size])
        other = words.nearly(phrase) if len(phrase) == size else None
        if other is not None:
            yield size, other, 0.25


def alternatives(
    tokens: Sequence[Token], at: int, shorts: Collection[str] = ()
) -> Iterator[tuple[int, tuple[str, ...], float]]:
    """The word at this place, its singular, what is short for it, and what stands for it or for it and the next."""
    token = tokens[at]
    yield 1, (token.plain,), 0.0
    if token.plain.endswith("ie"):
        yield 1, (token.plain[:-2] + "y",), 0.0
    for short in shorts:
        if shortened(token.plain, short):
            yield 1, (short,), 0.2
    if "-" in token.lower or "_" in token.lower:
        yield 1, tuple(token.lower.replace("_", "-").split("-")), 0.05
    for size in (1, 2, 3):
        phrase = tuple(t.plain for t in tokens[at : at + size])
        if len(phrase) == size:
            for other in synonyms().get(phrase, ()):
                yield size, other, 0.12


def _number_leaves(tokens: Sequence[Token]) -> Iterator[Edge]:
    for i, token in enumerate(tokens):
        number = number_of(token)
        if number is not None:
            yield Edge("N", i, i + 1, Number(number), 0.0)
        if token.plain in _GRAINS:
            yield Edge("grain", i, i + 1, token.plain, 0.1)
        if token.lower in _ADVERBS:
            yield Edge("grain_adverb", i, i + 1, _ADVERBS[token.lower], 0.1)


def _value_leaves(
    tokens: Sequence[Token],
    words: SchemaWords,
    values: ValueSource,
    leaves: Sequence[Edge],
    skips: set[int],
    claimed: frozenset[int],
) -> Iterator[Edge]:
    spoken = {p for leaf in leaves if leaf.category.islower() for p in range(leaf.start, leaf.end)} | skips
    spoken -= claimed
    asked: dict[str, list[tuple[int, int, float, bool]]] = {}
    for i, token in enumerate(tokens):
        if token.kind == "quoted":
            asked.setdefault(token.text, []).append((i, i + 1, 0.0, False))
            continue
        for end in range(i + 1, min(i + LONGEST_VALUE, len(tokens)) + 1):
            if any(t.kind == "quoted" for t in tokens[i:end]):
                break
            for phrase, cost in _phrases(tokens, i, end, spoken):
                inflected = phrase.lower() != tokens_text(tokens[i:end]).lower() and phrase[0].islower()
                asked.setdefault(phrase, []).append((i, end, cost, inflected))
    hits: dict[str, list[ValueHit]] = {}
    for hit in values.matching(list(asked)):
        hits.setdefault(hit.words, []).append(hit)
    for phrase, places in asked.items():
        for i, end, cost, inflected in places:
            quoted = tokens[i].kind == "quoted"
            options = tuple(
                (
                    ColumnRef(h.table, h.column),
                    h.value,
                    cost + 0.5 * (1 - h.similarity) + (0.3 if inflected and _says_rows(h, phrase, words) else 0.0),
                )
                for h in hits.get(phrase, ())
                if h.similarity >= 0.9 and ColumnRef(h.table, h.column) in words.kinds and _holds_well(h)
            )[:12]
            if options or quoted:
                yield Edge(
                    "V", i, end, Values(options, phrase, quoted, inflected), min((c for *_, c in options), default=0.0)
                )
    for i, token in enumerate(tokens):
        if (token.kind == "word" and token.text[:1].isupper() and i > 0) or (
            token.kind == "word" and len(token.text) == 1
        ):
            yield from _unknown_names(tokens, i)


def _phrases(tokens: Sequence[Token], start: int, end: int, spoken: set[int]) -> Iterator[tuple[str, float]]:
    stretch = tokens[start:end]
    if all(t.kind in ("number", "punct", "sign", "owner") for t in stretch) or stretch[0].kind == "punct":
        return
    # Words that have a part in the grammar are no value unless written as a name.
    if all(p in spoken for p in range(start, end)) and not all(t.text[:1].isupper() for t in stretch):
        return
    text = tokens_text(stretch)
    if len(text) == 1 and not (text.isupper() and start > 0):
        return
    yield text, 0.0 if end - start > 1 else 0.05
    last = stretch[-1]
    if last.kind == "word" and last.plain != last.lower:
        yield (
            text[: len(text) - len(last.text)] + last.text[: len(last.plain)]
            if last.lower.startswith(last.plain)
            else text[: len(text) - len(last.text)] + last.plain,
            0.1,
        )
    if end - start == 1:
        for known in lexicon("en").glosses.get(stretch[0].lower, ()):
            yield known, 0.1


def _says_rows(hit: ValueHit, phrase: str, words: SchemaWords) -> bool:
    """Whether the table of a value is called by it: "members" are all rows of a table of members."""
    return phrase.lower() in plain_words(words.table(hit.table).name)


def _holds_well(hit: ValueHit) -> bool:
    """A code of one letter counts only where its column speaks of what such codes say."""
    name = hit.column.lower()
    return (
        len(hit.value) > 1
        or len(hit.words) > 1
        or (hit.words.isupper() and hit.value not in "FM")
        or "sex" in name
        or "gender" in name
    )


def tokens_text(stretch: Sequence[Token]) -> str:
    """The tokens as they stood: with the blanks that were between them."""
    out = stretch[0].text
    for before, token in pairwise(stretch):
        out += " " * (1 if token.start > before.end else 0) + token.text
    return out


def _unknown_names(tokens: Sequence[Token], start: int) -> Iterator[Edge]:
    """Capitalised words that no cell is known to hold: a text for a column that is named."""
    for end in range(start + 1, min(start + 5, len(tokens)) + 1):
        token = tokens[end - 1]
        if token.kind not in ("word", "number") or (
            token.kind == "word" and not (token.text[:1].isupper() or len(token.text) == 1)
        ):
            break
        yield Edge("V", start, end, Values((), tokens_text(tokens[start:end])), 0.3)
