"""How sure an answer is, weighed from facts about how it came about, with the reasons.

The figures are the same for the same facts: no model is asked how sure it is.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from sqlglot import exp

from core.answering.events import Evidence, Rung, Sureness, Taken
from core.answering.literals import day_of
from core.answering.needs import Values
from core.answering.sql_parts import SqlParts
from core.answering.wording import Wording
from core.connections.schema import Column, Kind, Table
from core.grounding.folding import fold, question_terms, search_terms
from core.i18n import Phrase

SURE_FROM, FAIRLY_FROM = 0.8, 0.55
_LEAST, _MOST = 0.05, 0.98
_ENOUGH_CHINESE = 0.7  # of the characters
_GLUE = frozenset("的了在是各每和与及按中从到有请把对于个为之其，。？！、")


@dataclass(frozen=True)
class Facts:
    """What is known of how an answer came about.

    `confidence` is the instant engine's own, in [0, 1]; `mends` is how many of a model's drafts failed first; `rows`
    is how many came back; `leaning` says that the question was read together with the one before it; `unknown` are
    values it asks for that their column is not known to hold, each with what people call the column. `limited` says
    that rows were left out that the person may not see. `vouched` says who vouched for it when, and `put_in` which
    values were put in: (before, now). `taken` are the words that could be several things.
    """

    rung: Rung
    question: str = ""
    confidence: float = 0.0
    mends: int = 0
    rows: int = 0
    leaning: bool = False
    unknown: tuple[tuple[str, str], ...] = ()
    limited: bool = False
    vouched: tuple[str, date] | None = None
    put_in: tuple[tuple[str, str], ...] = ()
    taken: tuple[Taken, ...] = ()


def weigh(facts: Facts, wording: Wording) -> Evidence:
    """The evidence for an answer whose query `wording` speaks of."""
    if facts.rung is Rung.VERIFIED:
        return Evidence(Sureness.VERIFIED, 0.97 if facts.put_in else 1.0, tuple(_verified(facts)))
    if facts.rung is Rung.PERSON:
        return Evidence(Sureness.FAIRLY, 0.6, (Phrase("answering.because_person"),))
    weighed = list(_instant(facts, wording) if facts.rung is Rung.INSTANT else _model(facts, wording))
    confidence = round(min(_MOST, max(_LEAST, sum(weight for weight, _ in weighed))), 2)
    reasons = tuple(reason for _, reason in weighed)
    if confidence >= SURE_FROM:
        return Evidence(Sureness.SURE, confidence, reasons)
    return Evidence(Sureness.FAIRLY if confidence >= FAIRLY_FROM else Sureness.UNSURE, confidence, reasons)


def _verified(facts: Facts) -> Iterator[Phrase]:
    """Who vouched for it when, and what was put in."""
    author, at = facts.vouched or ("", None)
    if author:
        yield Phrase("answering.because_verified_by", {"author": author, "at": at})
    else:
        yield Phrase("answering.because_verified")
    for was, now in facts.put_in:
        yield Phrase("answering.because_put_in", {"was": was, "now": now})


_Weighed = Iterator[tuple[float, Phrase]]


def _instant(facts: Facts, wording: Wording) -> _Weighed:
    """The instant engine answers only when every word is explained; guesses inside of that take something away."""
    yield facts.confidence, Phrase("answering.because_every_word")
    if facts.leaning:
        yield -0.02, Phrase("answering.because_follow_up")
    for taken in facts.taken:
        worth = -0.35 if taken.by == "engine" else 0.0
        yield worth, Phrase(f"choices.because_{taken.by}", {"word": taken.word, "meaning": taken.meaning})
    for value in _read_as(facts.question, wording.parts)[:3]:
        yield -0.06, Phrase("answering.because_value_read", {"value": value})
    odd = _joins_beside_keys(wording.parts)
    if odd:
        yield -0.15, Phrase("answering.because_inferred_join", {"columns": wording.listed(odd)})


def _model(facts: Facts, wording: Wording) -> _Weighed:
    """A model's query: whether it held at once, speaks of what was asked, and joins along keys."""
    if facts.mends:
        yield 0.4, Phrase("answering.because_mended", {"n": facts.mends})
    else:
        yield 0.55, Phrase("answering.because_first_draft")
    yield from _spoken(facts.question, wording)
    odd = _joins_beside_keys(wording.parts)
    if odd:
        yield -0.2, Phrase("answering.because_odd_join", {"columns": wording.listed(odd)})
    elif len(wording.parts.tables) > 1:
        yield 0.05, Phrase("answering.because_keys")
    for value, column in facts.unknown[:3]:
        yield -0.12, Phrase("answering.because_value_unknown", {"value": value, "column": column})
    if not facts.rows:
        yield -0.2, Phrase("rights.because_none" if facts.limited else "answering.because_no_rows")
    elif _named_values(wording.parts) and not facts.unknown:
        yield 0.08, Phrase("answering.because_values_found")


def _spoken(question: str, wording: Wording) -> _Weighed:
    """How much of what the question speaks of the query speaks of too."""
    terms = _terms_of(question)
    if not terms:
        return
    missing = _unspoken(terms, wording.parts)
    if wording.language == "zh":
        found = _chinese_found(question, set(terms) - set(missing))
        if found >= _ENOUGH_CHINESE:
            yield 0.25, Phrase("answering.because_spoken")
        else:
            yield round(0.25 * found - 0.05, 3), Phrase("answering.because_partly_spoken")
    elif not missing:
        yield 0.25, Phrase("answering.because_spoken")
    else:
        found = (len(terms) - len(missing)) / len(terms)
        named = wording.listed((f"“{word}”" for word in missing), most=4)
        yield round(0.25 * found - 0.05, 3), Phrase("answering.because_unspoken", {"words": named})


def _chinese_found(question: str, spoken: set[str]) -> float:
    """The part of a Chinese question's characters, from 0 to 1, that its query speaks of or that ask for how.

    Terms are pairs of characters, and many pairs lie across two words; so characters are counted, not pairs.
    """
    known = spoken | _how_words()
    places = [i for i, character in enumerate(question) if character >= "\u4e00" and character not in _GLUE]
    covered = {i + k for i in range(len(question)) for k in range(2) if question[i : i + 2] in known}
    return len(covered.intersection(places)) / len(places) if places else 1.0


@cache
def _how_words() -> frozenset[str]:
    """The words that `how_words.toml` lists, in both languages."""
    lists = tomllib.loads(files(__package__).joinpath("how_words.toml").read_text(encoding="utf-8"))
    return frozenset(word for text in lists.values() for word in text.split())


def _terms_of(question: str) -> tuple[str, ...]:
    """The words of a question that should show up in its query."""
    return tuple(term for term in question_terms(question) if term not in _how_words() and not term.isdigit())


def _unspoken(terms: Sequence[str], parts: SqlParts) -> list[str]:
    """The terms that nothing in the query speaks of: no table or column it uses, no description, no literal."""
    spoken: set[str] = set()
    for text in _texts(parts):
        spoken.update(search_terms(text))
        spoken.update(fold(text).split())
    return [term for term in terms if term not in spoken and not any(_akin(term, word) for word in spoken)]


def _akin(term: str, word: str) -> bool:
    """Whether two English words share a stem of at least five letters: "sold" and "sale" do not, "returned" does."""
    shorter = min(len(term), len(word))
    return term.isascii() and shorter >= 5 and term[: max(5, shorter - 2)] == word[: max(5, shorter - 2)]


def _texts(parts: SqlParts) -> Iterator[str]:
    """All that a query says: the names and descriptions of what it uses, its literals, and its own names."""
    for table in parts.tables:
        yield from _described(table)
    for column in parts.tree.find_all(exp.Column):
        yield column.name
        place = parts.place(column)
        if place:
            yield from _described(place.column)
    for literal in parts.tree.find_all(exp.Literal):
        yield str(literal.this)
    for alias in parts.tree.find_all(exp.Alias):
        yield alias.alias


def _described(thing: Table | Column) -> Iterator[str]:
    yield thing.name
    yield thing.comment
    yield from thing.descriptions.values()


def _joins_beside_keys(parts: SqlParts) -> list[str]:
    """Pairs of columns that tables are joined by although no key says so."""
    odd = []
    for join in parts.tree.find_all(exp.Join):
        on = join.args.get("on")
        for equal in on.find_all(exp.EQ) if on is not None else ():
            left, right = parts.place(equal.left), parts.place(equal.right)
            if left is None or right is None or left.table.key == right.table.key:
                continue
            if not (_refers(left.table, left.column, right.table) or _refers(right.table, right.column, left.table)):
                odd.append(f"{left.column.name} = {right.column.name}")
    return odd


def _refers(table: Table, column: Column, other: Table) -> bool:
    """Whether a column is part of a key to another table; where none is declared, a like name has to do."""
    if any(column.name in key.columns and key.referred_table == other.key for key in table.foreign_keys):
        return True
    undeclared = not table.foreign_keys and not other.foreign_keys
    return undeclared and any(name.lower() == column.name.lower() for name in (c.name for c in other.columns))


def _read_as(question: str, parts: SqlParts) -> list[str]:
    """The texts a query asks for that do not stand in the question as they are."""
    asked = fold(question)
    texts = (str(text.this) for found in parts.filters for text in found.find_all(exp.Literal) if text.is_string)
    return [text for text in texts if not day_of(text[:10]) and text.strip("%") and fold(text.strip("%")) not in asked]


def unknown_values(wording: Wording, values: Values, rows: int) -> tuple[tuple[str, str], ...]:
    """Texts the query asks for that are not among the known values of their column, with the column's name in words.

    A row that came back has met every condition but those with alternatives. Columns of which not all values are
    known say nothing.
    """
    found = []
    for condition in wording.parts.filters:
        if rows and condition.find(exp.In, exp.Or) is None:
            continue
        for node in condition.find_all(exp.EQ, exp.In):
            place = wording.parts.place(node.this)
            literals = [str(text.this) for text in node.find_all(exp.Literal) if text.is_string]
            if place is None or place.column.kind is not Kind.TEXT or not literals:
                continue
            table, column = place.table.key, place.column.name
            if not values.holds_all(table, column):
                continue
            known = {hit.value for hit in values.matching(literals) if (hit.table, hit.column) == (table, column)}
            found += [(text, wording.place(place)) for text in literals if text not in known]
    return tuple(found)


def _named_values(parts: SqlParts) -> bool:
    """Whether the query asks for texts by name, which a row that came back has met."""
    return any(
        isinstance(found, exp.EQ | exp.In | exp.Like | exp.ILike)
        and any(literal.is_string for literal in found.find_all(exp.Literal))
        for found in parts.filters
    )
