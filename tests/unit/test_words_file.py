"""A file of words: whatever people write, what was written is read again, and nothing else is read."""

from dataclasses import replace

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.grounding.terms import AGGREGATIONS, Term, TermKind
from core.grounding.words_file import Described, Vouched, Words, read, written

# What a person can type and a database can hold: no lone surrogates, and no bytes that YAML cannot write at all.
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cn"))
_ODD = (
    "null", "~", "yes", "1e3", "0x1F", "2024-01-01", "- a", "a: b", "# no", "'", '"', "|", "> x", "{a}", "[", "&x",
    "*x", "!!str", "%", "@", "a\n b\n", "\ttab", "é\u2028b", "\ufeffx", "收入: 净额", "x #y", "-", "=", "<<",
)  # fmt: skip
_LINES = (
    "askwell: 1\n", "terms:\n", "- word: a\n", "  is: table\n", "  table: t\n", "  also: [x]\n", "  also: x\n",
    "verified:\n", "- question: q\n", "  sql: s\n", "joins:\n", "- &a [*a]\n", "? x\n", "instructions: |\n", "  text\n",
    "!!python/object:os.system x\n", "- {word: b, is: value}\n",
)  # fmt: skip
texts = (st.text(_CHARACTERS, min_size=1, max_size=30) | st.sampled_from(_ODD)).map(str.strip).filter(bool)
names = texts.map(lambda text: " ".join(text.split())).filter(bool)
few = st.lists(names, max_size=3, unique=True).map(tuple)
meanings = st.dictionaries(st.sampled_from(("en", "zh")), texts, max_size=2)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    kind = draw(st.sampled_from(list(TermKind)))
    term = Term(draw(names), kind, draw(names), en=draw(few), zh=draw(few), meaning=draw(meanings))
    if kind in (TermKind.COLUMN, TermKind.VALUE):
        term = replace(term, column=draw(names))
    if kind is TermKind.VALUE:
        term = replace(term, value=draw(texts))
    if kind in (TermKind.FILTER, TermKind.METRIC):
        term = replace(term, sql=draw(texts))
    if kind is TermKind.METRIC:
        unit, where = draw(st.just("") | texts), draw(st.just("") | texts)
        term = replace(term, aggregation=draw(st.sampled_from(("", *AGGREGATIONS))), where=where, unit=unit)
    return term


wholes = st.builds(
    Words,
    st.lists(terms(), max_size=4, unique_by=lambda term: term.folded).map(tuple),
    st.none() | texts,
    st.lists(
        st.builds(Described, names, st.just("") | names, st.sampled_from(("en", "zh")), texts),
        max_size=4,
        unique_by=lambda one: (one.table, one.column, one.language),
    ).map(tuple),
    st.lists(st.builds(Vouched, texts, texts), max_size=3, unique_by=lambda v: v.question.strip().casefold()).map(
        tuple
    ),
)


@given(wholes)
@settings(max_examples=400, deadline=None)
def test_what_was_written_is_read_again(words: Words) -> None:
    text = written(words)
    found = read(text)
    assert found.problems == ()
    assert (found.words.terms, found.words.instructions) == (words.terms, words.instructions)
    assert set(found.words.descriptions) == set(words.descriptions)
    assert found.words.verified == words.verified
    assert written(found.words) == text
    # Any other reader of YAML finds the same texts in it.
    plain = yaml.safe_load(text)
    assert [entry["word"] for entry in plain.get("terms", [])] == [term.word for term in words.terms]
    assert [entry["sql"] for entry in plain.get("verified", [])] == [one.sql for one in words.verified]


@given(st.text(_CHARACTERS, max_size=200) | st.lists(st.sampled_from(_LINES), max_size=14).map("".join))
@settings(max_examples=600, deadline=None)
def test_what_is_no_such_file_says_so_by_line_and_breaks_nothing(text: str) -> None:
    found = read(text)
    for problem in found.problems:
        assert 1 <= problem.line <= text.count("\n") + 2
        assert str(problem.what)
    if not found.problems:
        assert read(written(found.words)).words == found.words
