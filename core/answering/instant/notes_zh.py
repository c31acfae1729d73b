"""What stands in brackets in a Chinese question: the word as the data has it, a unit, or what a bound includes.

沃尔沃(Volvo)卡车 says the same thing twice, and the Latin one is what a cell, a column or a table is called.
15次以上(不含15次) says which of two bounds is meant.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from core.answering.instant.chart import Edge
from core.answering.instant.dictionary_zh import segments
from core.answering.instant.meaning import Values
from core.answering.instant.reading import ColumnRef
from core.answering.instant.schema_words import SchemaWords, walk
from core.answering.instant.spans import call_leaves
from core.answering.instant.words import singular
from core.grounding.values import ValueSource

_NOTE = re.compile(r"\(([^()]+)\)")
_LATIN = re.compile(r"[A-Za-z][^()\u4e00-\u9fff]*")
_RUN = re.compile(r"[\u4e00-\u9fff]+$")
_UNIT = re.compile(
    "(?:单位)?[::]?(?:[万亿]?[美欧日]?元|[平立]方[千]?米|平米|公斤|千克|克|吨|公里|千米|米|厘米|分钟|秒|小时|天|年|岁|人|次|个|件|本|"
    "百分比|%|份|张|度|升|毫升|毫秒|磅|英里)"
)
_LONGEST = 6  # characters that a note may explain
_BOUNDS = (
    (re.compile(r"(\d+\w{0,2}?)以上\(不[含包]括?(?:\1|本数|该数)?\)"), r"超过\1"),
    (re.compile(r"(\d+\w{0,2}?)以上\([含包]括?(?:\1|本数|该数)?\)"), r"不少于\1"),
    (re.compile(r"(\d{4}年)(?:以后|之后|后)\([含包]括?(?:\1|当年|该年)\)"), r"\1及以后"),
    (re.compile(r"(\d{4}年)(?:以前|之前|前)\([含包]括?(?:\1|当年|该年)\)"), r"\1及以前"),
)


def written_out(text: str) -> str:
    """The question with its bounds said in words: "15次以上(不含15次)" as 超过15次."""
    for pattern, said in _BOUNDS:
        text = pattern.sub(said, text)
    return text


def units(text: str) -> set[int]:
    """The places of units in brackets, which say nothing that the data does not."""
    return {i for m in _NOTE.finditer(text) if _UNIT.fullmatch(m[1]) for i in range(m.start(), m.end())}


def noted(text: str, words: SchemaWords, values: ValueSource) -> Iterator[Edge]:
    """Leaves that cover a word and the note behind it, by what the note says."""
    notes = [m for m in _NOTE.finditer(text) if _LATIN.fullmatch(m[1].strip())]
    hits: dict[str, list[tuple[ColumnRef, str, float]]] = {}
    for hit in values.matching([m[1].strip() for m in notes]) if notes else ():
        ref = ColumnRef(hit.table, hit.column)
        if hit.similarity >= 0.9 and ref in words.kinds:
            hits.setdefault(hit.words, []).append((ref, hit.value, 0.5 * (1 - hit.similarity)))
    for match in notes:
        said = match[1].strip()
        options = tuple(hits.get(said, ()))[:12]
        phrase = tuple(singular(w) for w in re.findall(r"[a-z0-9]+", said.lower()))
        node: Mapping[str, object] | None = walk(words.tree, phrase)
        for start in _starts(text, match.start()):
            if options:
                yield Edge("V", start, match.end(), Values(options, said), 0.0)
            elif node:
                calls: Iterable = node.get("", ())  # type: ignore[type-arg, assignment]
                yield from call_leaves([(c, 0.0) for c in calls], start, match.end(), said)


def _starts(text: str, end: int) -> list[int]:
    """Where the word may begin that ends here: any word of the dictionary, near enough."""
    run = _RUN.search(text, 0, end)
    bounds = [start for _, start in segments(text[:end])]
    return [i for i in bounds if run and run.start() <= i and end - i <= _LONGEST]
