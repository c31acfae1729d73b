"""What each stretch of a Chinese question may be. Positions are characters.

Words come from the dictionary (its cut and its English), from our own list of what schemas speak of, and from the
Chinese labels of the schema; schema names in English are found through the translation.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.answering.instant.chart import Edge
from core.answering.instant.dictionary_zh import LONGEST_WORD, Way, deeds, glosses, said, segments, ways
from core.answering.instant.doubts_zh import dones, fitting, standing
from core.answering.instant.focus import focused
from core.answering.instant.full_names import full_names
from core.answering.instant.lexicon import lexicon
from core.answering.instant.meaning import Columns, Number, Values
from core.answering.instant.notes_zh import noted, units, written_out
from core.answering.instant.reading import ColumnRef
from core.answering.instant.schema_words import Call, SchemaWords, plain_words, walk
from core.answering.instant.spans import Spans, call_leaves, function_leaves, spans_of
from core.answering.instant.terms import with_terms
from core.answering.instant.times import chinese_times
from core.answering.instant.word_tables import directions, synonyms
from core.answering.instant.words import root, singular
from core.grounding.terms import Term
from core.grounding.values import ValueSource

_CLASSIFIERS = lexicon("zh").measures + "种类"
_NUMERAL = re.compile(
    rf"(\d+(?:,\d{{3}})*(?:\.\d+)?)\s*(万|亿|千|百)?[{_CLASSIFIERS}]?|([一二两三四五六七八九十]+)[{_CLASSIFIERS}]|(?<![第哪每])([二两三四五六七八九十]+)|(一)(?=[到至或])"
)
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SCALES = {"百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000, None: 1}
_QUOTED = re.compile(r"[“\"'‘「『](.+?)[”\"'’」』]")
_LATIN = re.compile(r"[A-Za-zÀ-ÿ][A-Za-z0-9_À-ÿ]*(?:[-.&'/][A-Za-z0-9_À-ÿ]+)*")
_LATIN_RUN = re.compile(rf"{_LATIN.pattern}(?: +(?:{_LATIN.pattern}|\d+|&))*")
_POINTING = "各每"
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
LONGEST_COMPOUND = 4
LONGEST_VALUE = 6
_AND = re.compile("[和与及、又]")
_TWO_THINGS = 14  # characters before 都 within which two things stand that it speaks of
_DONE_TO = re.compile("[了过](?=[^的,。;?])")  # a verb with its object behind it
_TRANSLATED = 0.3  # what is called so only in another language, beside what is called so in the question's own
_FIRST = 0.01
_SURELY = 0.35  # what costs less is called so, or by a word for the same
_DATE_SURELY = 0.25
_INSIDE = 0.1
# Little words that the segmentation sometimes glues to their neighbours.
_FREE = ",;:、。?的了过着都被和或与在是中各每前后"


@dataclass(frozen=True)
class Word:
    """A word at a place, and the English phrases it may stand for, each at a cost; `cut` if the text falls into it."""

    start: int
    end: int
    text: str
    ways: tuple[Way, ...]
    cut: bool


def chinese_spans(
    text: str, words: SchemaWords, values: ValueSource, now: datetime, terms: Sequence[Term] = ()
) -> Spans:
    """The leaves of a Chinese question."""
    text = written_out(unicodedata.normalize("NFKC", text).rstrip("?.!。 "))
    times = list(chinese_times(text, now))
    lattice = _lattice(text)
    bounds = _bounds(text, lattice)
    # "去年" is a time, and not some year column.
    timely = {
        start: [w for w in here if not any(i <= w.start and w.end <= j for i, j, _ in times)]
        for start, here in lattice.items()
    }
    leaves: list[Edge] = []
    skips = {i for i, sign in enumerate(text) if sign.isspace()}
    for i in range(len(text)):
        for end, word in lexicon("zh").at(text, i):
            if end - i == 1 and not ({i, end} <= bounds or text[i] in _FREE):
                continue
            if word.category == "skip":
                skips.update(range(i, end))
            elif word.category == "both" and not _AND.search(text[max(0, i - _TWO_THINGS) : i]):
                skips.add(i)
            elif word.category == "verb":
                leaves.append(Edge("verb", i, end, _way(text[i:end]), 0.0))
            else:
                leaves.extend(function_leaves(word, words, i, end))
    labels = list(_label_leaves(text, words))
    leaves.extend(labels)
    leaves.extend(_beside(labels, _meant_first(_name_leaves(text, timely, words))))
    leaves.extend(_numbers(text))
    leaves.extend(Edge("W", i, j, when, 0.0) for i, j, when in times)
    leaves.extend(_value_leaves(text, timely, words, values))
    leaves.extend(noted(text, words, values))
    leaves.extend(full_names(leaves, text, ""))
    skips |= units(text)
    leaves.extend(_texts(text, leaves))
    leaves = _likelier(leaves, words, text)
    leaves = standing([*leaves, *dones(leaves, words, text)], text, words)
    leaves = with_terms(leaves, text, [(i, i + 1) for i in range(len(text))], terms, words)
    return spans_of(focused(leaves, words), skips, len(text), tuple(text), joint="")


def _beside(labels: Iterable[Edge], names: Iterable[Edge]) -> Iterator[Edge]:
    """Names found through the translation; one costs more where the very words are a label of the schema's own."""
    said = {(leaf.start, leaf.end) for leaf in labels if leaf.cost == 0 and min(_options(leaf), default=0.0) == 0}
    for leaf in names:
        yield replace(leaf, cost=leaf.cost + _TRANSLATED) if (leaf.start, leaf.end) in said else leaf


def _texts(text: str, leaves: Sequence[Edge]) -> Iterator[Edge]:
    """Latin words that nothing else explains: what a text begins with or contains."""
    for match in _LATIN_RUN.finditer(text):
        if not any(leaf.start < match.end() and match.start() < leaf.end for leaf in leaves):
            yield Edge("X", match.start(), match.end(), Values((), match[0]), 0.0)


def _likelier(leaves: Sequence[Edge], words: SchemaWords, text: str) -> list[Edge]:
    """The leaves without verbs that a date of the schema is called by, and without tables that are said as verbs.

    What lies in a longer name costs more.
    """
    verbs = {leaf.start for leaf in leaves if leaf.category == "verb"}
    named = [leaf for leaf in leaves if leaf.category in ("T", "C") and leaf.cost < _SURELY]
    dated = {(leaf.start, leaf.end) for leaf in named if leaf.category == "C" and _timely(leaf.meaning, words)}
    whole = {(leaf.start, leaf.end) for leaf in named if not _options(leaf) or min(_options(leaf)) < _SURELY}
    out = []
    for leaf in leaves:
        if leaf.category == "verb" and (leaf.start, leaf.end) in dated:
            continue
        if leaf.category == "T" and leaf.start in verbs and _DONE_TO.match(text, leaf.end):
            continue
        inside = leaf.category in ("T", "C", "V") and any(
            i <= leaf.start and leaf.end <= j and j - i > leaf.end - leaf.start for i, j in whole
        )
        out.append(replace(leaf, cost=leaf.cost + _INSIDE) if inside else leaf)
    return out


def _way(verb: str) -> str:
    """The English of a verb that says which end of a way is meant: to depart is about the origin."""
    return " ".join(word for word in deeds(verb) if root(word) in directions())


def _meant_first(leaves: Iterable[Edge]) -> Iterator[Edge]:
    """Tables that a word calls only in its second sense cost more beside one that it calls in its first."""
    found = list(leaves)
    first = {(leaf.start, leaf.end) for leaf in found if leaf.category == "T" and leaf.cost < _FIRST}
    for leaf in found:
        second = leaf.category == "T" and leaf.cost >= _FIRST and (leaf.start, leaf.end) in first
        yield replace(leaf, cost=leaf.cost + _TRANSLATED) if second else leaf


def _options(leaf: Edge) -> list[float]:
    return [cost for _, cost in leaf.meaning.options] if leaf.category == "C" else []


def _timely(columns: Columns, words: SchemaWords) -> bool:
    """Whether one of the columns holds dates or years."""
    return any(
        words.kind(r).temporal or {"year", "date"} & set(plain_words(r.column))
        for r, c in columns.options
        if c < _DATE_SURELY
    )


def word_at(text: str, place: int) -> str:
    """The dictionary word that holds this character."""
    return next((w for w, start in segments(text) if start <= place < start + len(w)), text[place])


def _lattice(text: str) -> dict[int, list[Word]]:
    """All words by where they start: those the dictionary cuts, others of its words and ours, and Latin letters."""
    found: dict[int, list[Word]] = {}

    def put(start: int, word: str, cut: bool) -> None:
        # A character alone means too many things for the dictionary to be believed.
        meant = ways(word) if len(word) > 1 or word in glosses() else ()
        if (meant or cut) and not any(w.text == word for w in found.get(start, ())):
            found.setdefault(start, []).append(Word(start, start + len(word), word, meant, cut))

    for word, start in segments(text):
        if not re.fullmatch(r"[\W\d_]+", word):
            put(start, word, cut=True)
            # "哪[本书]": a measure word and its noun, which the dictionary takes for one word
            if len(word) == 2 and word[0] in _CLASSIFIERS + _POINTING and word[1] in glosses():
                put(start + 1, word[1], cut=True)
    for match in _CHINESE.finditer(text):
        for i in range(match.start(), match.end()):
            for size in range(2, min(LONGEST_WORD, match.end() - i) + 1):
                put(i, text[i : i + size], cut=text[i : i + size] in glosses())
    for match in _LATIN.finditer(text):
        found.pop(match.start(), None)
        parts = tuple(singular(p) for p in re.findall(r"[a-z]+|\d+", re.sub(r"[_-]", " ", match[0].lower())))
        found[match.start()] = [Word(match.start(), match.end(), match[0], ((parts, 0.0),), True)]
    return found


def _bounds(text: str, lattice: Mapping[int, Sequence[Word]]) -> set[int]:
    """Where words begin and end: those that were cut, and ours that lie in no longer one of ours."""
    cut = [w for here in lattice.values() for w in here if w.cut]
    whole = [w for w in cut if not any(o.start <= w.start and w.end <= o.end and o.text != w.text for o in cut)]
    return {p for word, start in segments(text) for p in (start, start + len(word))} | {
        p for w in whole for p in (w.start, w.end)
    }


def _label_leaves(text: str, words: SchemaWords) -> Iterator[Edge]:
    """The schema's own Chinese labels, wherever they stand."""
    for i in range(len(text)):
        for end in range(i + 1, min(i + words.longest, len(text)) + 1):
            calls = words.chinese.get(text[i:end])
            if calls:
                yield from call_leaves([(c, 0.0) for c in calls], i, end, text[i:end])


def _name_leaves(text: str, lattice: Mapping[int, Sequence[Word]], words: SchemaWords) -> Iterator[Edge]:
    """English names of the schema, found through the English of the words; compounds over several words."""
    for start in lattice:
        found: dict[int, list[tuple[Call, float]]] = {}
        stack: list[tuple[int, Mapping[str, Any], float, int]] = [(start, words.tree, 0.0, 0)]
        while stack:
            at, node, cost, size = stack.pop()
            if size:
                found.setdefault(at, []).extend((c, cost) for c in node.get("", ()))
            if size >= LONGEST_COMPOUND:
                continue
            for word in lattice.get(at, ()):
                for phrase, more in _with_synonyms(word.ways):
                    inner = walk(node, phrase)
                    if inner is not None and cost + more < 1.0:
                        stack.append((word.end, inner, cost + more, size + 1))
        for end, calls in found.items():
            yield from call_leaves(fitting(text[start:end], calls, words), start, end, text[start:end])


def _with_synonyms(ways: Sequence[Way]) -> Iterator[Way]:
    for phrase, cost in ways:
        yield phrase, cost
        for other in synonyms().get(phrase, ()):
            yield other, cost + 0.12


def _numbers(text: str) -> Iterator[Edge]:
    for match in _NUMERAL.finditer(text):
        figures, scale, *numerals = match.groups()
        written = next((n for n in numerals if n), "")
        if figures is not None:
            value = float(figures.replace(",", "")) * _SCALES[scale]
        else:
            tens, _, ones = written.rpartition("十")
            value = (_DIGITS.get(tens, 1) * 10 if "十" in written else 0) + _DIGITS.get(ones, 0)
        yield Edge("N", match.start(), match.end(), Number(float(value)), 0.0)
        if match.end() - 1 > match.start() and text[match.end() - 1] in _CLASSIFIERS and figures is not None:
            yield Edge("N", match.start(), match.end() - 1, Number(float(value)), 0.0)


def _value_leaves(
    text: str, lattice: Mapping[int, Sequence[Word]], words: SchemaWords, values: ValueSource
) -> Iterator[Edge]:
    asked: dict[str, list[tuple[int, int, float, bool]]] = {}
    for phrase, start, end, cost, quoted in _value_phrases(text, lattice):
        asked.setdefault(phrase, []).append((start, end, cost, quoted))
    hits: dict[str, list[tuple[ColumnRef, str, float]]] = {}
    for hit in values.matching(list(asked)):
        ref = ColumnRef(hit.table, hit.column)
        if hit.similarity >= 0.9 and ref in words.kinds and not hit.value.isdigit() and _holds_well(hit.value, ref):
            hits.setdefault(hit.words, []).append((ref, hit.value, 0.5 * (1 - hit.similarity)))
    for phrase, places in asked.items():
        for start, end, cost, quoted in places:
            options = tuple((r, v, c + cost) for r, v, c in hits.get(phrase, ()))[:12]
            if options or quoted:
                best = min((c for *_, c in options), default=0.0)
                yield Edge("V", start, end, Values(options, phrase, quoted), best)


def _holds_well(value: str, ref: ColumnRef) -> bool:
    """A letter alone counts only where the column holds such codes."""
    return len(value) > 1 or not value.isascii() or bool({"sex", "gender"} & set(plain_words(ref.column)))


def _value_phrases(text: str, lattice: Mapping[int, Sequence[Word]]) -> Iterator[tuple[str, int, int, float, bool]]:
    """What cells might hold: the words themselves, up to three together, and their English, at a cost."""
    for match in _QUOTED.finditer(text):
        yield match[1].strip(), match.start(), match.end(), 0.0, True
    for match in _LATIN_RUN.finditer(text):
        parts = [*re.finditer(r"[^ ]+", match[0])]
        for i, first in enumerate(parts):
            for last in parts[i : i + LONGEST_VALUE]:
                start, end = match.start() + first.start(), match.start() + last.end()
                yield text[start:end], start, end, 0.0, False
    for start, here in lattice.items():
        for word in here:
            if _LATIN.fullmatch(word.text):
                continue
            if len(word.text) > 1 or word.cut:
                yield word.text, start, word.end, 0.0, False
            if word.text not in lexicon("zh").verbs and (len(word.text) > 1 or word.text in glosses()):
                for place, english in enumerate(said(word.text)):
                    yield english, start, word.end, 0.1 + 0.02 * place, False
            for after in lattice.get(word.end, ()) if word.cut else ():
                yield text[start : after.end], start, after.end, 0.0, False
                for third in lattice.get(after.end, ()):
                    yield text[start : third.end], start, third.end, 0.0, False
