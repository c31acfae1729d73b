"""The slots of a question that somebody vouched for: which of its words are literals in its SQL.

A slot is a window of time, a number, how many rows are asked for, or the name of a value. It counts only where it maps
one-to-one: each of its literals says what the words say, belongs to no other slot, and no other literal says the same.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlglot import exp

from core.answering.instant.reading import Grain
from core.answering.instant.times import When, chinese_times, english_times
from core.answering.instant.words import number_of, singular, tokens_of
from core.answering.levers import Movable, movable
from core.answering.literals import day_of
from core.answering.sql_parts import SqlParts
from core.connections.schema import Schema
from core.grounding.folding import fold
from core.grounding.inquiry import language_of

_TOP = frozenset(["top", "bottom", "first", "last", "best", "worst", "前", "后", "最"])
_DROPPED = frozenset(["the", "a", "an", "please", "me", "us"])


class SlotKind(StrEnum):
    """What stands in a slot."""

    WINDOW = "window"
    NUMBER = "number"
    LIMIT = "limit"
    NAME = "name"


class Form(StrEnum):
    """How a literal is made of a window of time; `EQUAL`: it is what the words say."""

    EQUAL = "equal"
    START = "start"
    END = "end"  # the day after
    LAST = "last"
    YEAR = "year"
    YEAR_TEXT = "year_text"
    YEAR_MONTH = "year_month"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True)
class Piece:
    """A word of a question (of Chinese, a character), as compared, at its characters."""

    text: str
    start: int
    end: int
    number: float | None = None


@dataclass(frozen=True)
class Slot:
    """Pieces `first` up to `end` of a question stand in these literals (`Lever.id`, form). `place` is the column, by
    table key and name, that a name was looked for in."""

    kind: SlotKind
    first: int
    end: int
    words: str
    literals: tuple[tuple[str, Form], ...]
    when: When | None = None
    place: tuple[str, str] | None = None
    pattern: bool = False


@dataclass(frozen=True)
class Asked:
    """A question in pieces, with the windows of time in it: (first piece, end, window), widest first."""

    text: str
    pieces: tuple[Piece, ...]
    windows: tuple[tuple[int, int, When], ...]

    def words(self, first: int, end: int) -> str:
        """The pieces as they stand in the text."""
        return self.text[self.pieces[first].start : self.pieces[end - 1].end]


@dataclass(frozen=True)
class Template:
    """A question with its slots. `fixed` says that its other words mean the same on any day."""

    asked: Asked
    slots: tuple[Slot, ...]
    fixed: bool


def asked_of(question: str, now: datetime) -> Asked:
    """The pieces of a question, and the windows of time it speaks of on this day."""
    text = unicodedata.normalize("NFKC", question).strip().rstrip("?？。.!！ ")
    if language_of(text) == "zh":
        pieces = tuple(_chinese_pieces(text))
        found = [(s, e, w) for s, e, w in chinese_times(text, now)]
        starts, ends = {p.start: i for i, p in enumerate(pieces)}, {p.end: i + 1 for i, p in enumerate(pieces)}
        windows = [(starts[s], ends[e], w) for s, e, w in found if s in starts and e in ends]
    else:
        tokens = tokens_of(text)
        pieces = tuple(Piece(singular(fold(t.text)), t.start, t.end, number_of(t)) for t in tokens)
        lowers = [t.lower if t.kind != "quoted" else f"\0{t.text}" for t in tokens]
        windows = list(english_times(lowers, now))
    return Asked(text, pieces, tuple(_widest(windows)))


def _chinese_pieces(text: str) -> Iterator[Piece]:
    """Characters one by one; numbers and Latin words whole."""
    place = 0
    for token in tokens_of(text):
        run = ""
        for offset, character in enumerate(text[token.start : token.end]):
            place = token.start + offset
            if character.isascii() and (character.isalnum() or (character in ".,-" and run)):
                run += character
                continue
            yield from _run(run, place)
            run = ""
            yield Piece(fold(character), place, place + 1)
        yield from _run(run, token.end)


def _run(run: str, end: int) -> Iterator[Piece]:
    if run:
        plain = run.replace(",", "")
        number = float(plain) if plain.replace(".", "", 1).isdigit() else None
        yield Piece(fold(run), end - len(run), end, number)


def _widest(windows: Sequence[tuple[int, int, When]]) -> Iterator[tuple[int, int, When]]:
    taken: set[int] = set()
    for first, end, when in sorted(windows, key=lambda w: (w[0] - w[1], w[0])):
        if taken.isdisjoint(range(first, end)):
            taken.update(range(first, end))
            yield first, end, when


def template_of(question: str, sql: str, schema: Schema, at: datetime, now: datetime) -> Template:
    """The slots of a question that was vouched for at `at`; `now` is when it may be used again."""
    asked, parts = asked_of(question, at), SqlParts(sql, schema.dialect, schema)
    if not parts.faithful:
        return Template(asked, (), _means_the_same(asked, question, now, (), parts))
    literals = list(movable(parts.tree))
    slots: list[Slot] = []
    for make in (_windows, _numbers, _names):
        free = [one for one in literals if all(one.id != used for slot in slots for used, _ in slot.literals)]
        taken = {p for slot in slots for p in range(slot.first, slot.end)}
        slots += make(asked, free, taken, parts)
    return Template(asked, tuple(slots), _means_the_same(asked, question, now, slots, parts))


def _windows(asked: Asked, literals: Sequence[Movable], _: set[int], __: SqlParts) -> list[Slot]:
    claimed: dict[str, int] = {}
    found: list[Slot] = []
    for first, end, when in asked.windows:
        forms = [(one.id, form) for one in literals if (form := _form(one, when))]
        for used, _form_of in forms:
            claimed[used] = claimed.get(used, 0) + 1
        if forms and _is_whole(when, [form for _, form in forms]):
            found.append(Slot(SlotKind.WINDOW, first, end, asked.words(first, end), tuple(forms), when))
    return [slot for slot in found if all(claimed[used] == 1 for used, _ in slot.literals)]


def _form(one: Movable, when: When) -> Form | None:
    """How a literal says a bound, the year or the month of a window; None if it says none of them."""
    if isinstance(one.value, date):
        day = one.value
        if when.start and day == when.start.date() and not one.upper:
            return Form.START
        if when.end and day == when.end.date() and (one.upper or when.start is None):
            return Form.END
        return Form.LAST if when.end and day == (when.end - timedelta(days=1)).date() and one.upper else None
    if when.start is None or when.end is None:
        return None
    if isinstance(one.value, str):
        said = {f"{when.start:%Y}": (Form.YEAR_TEXT, Grain.YEAR), f"{when.start:%Y-%m}": (Form.YEAR_MONTH, Grain.MONTH)}
        form, grain = said.get(one.value, (None, None))
        return form if grain is when.grain else None
    if isinstance(one.value, tuple) or one.is_limit or one.value != int(one.value):
        return None
    return _number_form(int(one.value), one.beside_sql.lower(), when)


def _number_form(value: int, beside: str, when: When) -> Form | None:
    assert when.start is not None
    if value == when.start.year and (when.grain is Grain.YEAR or "year" in beside):
        return Form.YEAR
    if when.grain is Grain.MONTH and value == when.start.month and "month" in beside:
        return Form.MONTH
    quarter = (when.start.month + 2) // 3
    return Form.QUARTER if when.grain is Grain.QUARTER and value == quarter and "quarter" in beside else None


def _is_whole(when: When, forms: Sequence[Form]) -> bool:
    """Whether these literals say the window, the whole of it, and each of its bounds once."""
    said = set(forms)
    if len(said) != len(forms):
        return False
    if said <= {Form.START, Form.END, Form.LAST}:
        ends = said & {Form.END, Form.LAST}
        return (when.start is None or Form.START in said) and (when.end is None or len(ends) == 1)
    whole: dict[Grain, list[set[Form]]] = {
        Grain.YEAR: [{Form.YEAR}, {Form.YEAR_TEXT}],
        Grain.MONTH: [{Form.YEAR_MONTH}, {Form.YEAR, Form.MONTH}],
        Grain.QUARTER: [{Form.YEAR, Form.QUARTER}],
    }
    return said in whole.get(when.grain, [])


def _numbers(asked: Asked, literals: Sequence[Movable], taken: set[int], _: SqlParts) -> list[Slot]:
    inside = {p for first, end, _when in asked.windows for p in range(first, end)}
    places = [(i, p.number) for i, p in enumerate(asked.pieces) if p.number is not None and i not in taken | inside]
    found = []
    for place, number in places:
        limits = _asks_for_so_many(asked.pieces, place)
        same = [one for one in literals if _is_number(one, number) and one.is_limit == limits]
        again = [p for p, n in places if n == number and _asks_for_so_many(asked.pieces, p) == limits]
        if len(same) == 1 and len(again) == 1:
            kind = SlotKind.LIMIT if limits else SlotKind.NUMBER
            words = asked.words(place, place + 1)
            found.append(Slot(kind, place, place + 1, words, ((same[0].id, Form.EQUAL),)))
    return found


def _is_number(one: Movable, number: float | None) -> bool:
    return not isinstance(one.value, str | date | tuple) and number is not None and float(one.value) == number


def _asks_for_so_many(pieces: Sequence[Piece], place: int) -> bool:
    """Whether a number says how many rows are wanted: "top 5", "the 5 largest", "前5"."""
    before = pieces[place - 1].text if place else ""
    after = pieces[place + 1].text if place + 1 < len(pieces) else ""
    return before in _TOP or after in ("most", "least", "best", "worst") or after.endswith("est")


def _names(asked: Asked, literals: Sequence[Movable], taken: set[int], parts: SqlParts) -> list[Slot]:
    found = []
    for one in literals:
        if not isinstance(one.value, str) or one.beside is None:
            continue
        wanted, place = as_pieces(one.value), parts.place(one.beside)
        spots = [i for i in range(len(asked.pieces)) if _stands_at(asked.pieces, i, wanted)]
        twins = [other for other in literals if isinstance(other.value, str) and as_pieces(other.value) == wanted]
        if place is None or len(spots) != 1 or len(twins) != 1 or not wanted:
            continue
        first, end = spots[0], spots[0] + len(wanted)
        if taken.isdisjoint(range(first, end)):
            where = (place.table.key, place.column.name)
            words = asked.words(first, end)
            found.append(
                Slot(SlotKind.NAME, first, end, words, ((one.id, Form.EQUAL),), place=where, pattern=one.is_pattern)
            )
    return found


def as_pieces(text: str) -> tuple[str, ...]:
    """A value as pieces of a question."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if language_of(plain) == "zh":
        return tuple(piece.text for piece in _chinese_pieces(plain))
    return tuple(singular(fold(token.text)) for token in tokens_of(plain))


def _stands_at(pieces: Sequence[Piece], place: int, wanted: Sequence[str]) -> bool:
    """Whether a value stands here: its own pieces, or a quotation of it."""
    return tuple(piece.text for piece in pieces[place : place + len(wanted)]) == tuple(wanted)


def _means_the_same(asked: Asked, question: str, now: datetime, slots: Sequence[Slot], parts: SqlParts) -> bool:
    """Whether windows of time that are no slots lie where they lay, or the SQL names no day by itself."""
    left = [w for w in asked.windows if all(s.first != w[0] or s.kind is not SlotKind.WINDOW for s in slots)]
    today = asked_of(question, now).windows
    if all(window in today for window in left):
        return True
    return not any(_may_be_time(literal) for literal in parts.tree.find_all(exp.Literal))


def _may_be_time(literal: exp.Literal) -> bool:
    text = str(literal.this)
    if literal.is_string:
        return bool(day_of(text[:10])) or (len(text) in (4, 7) and text[:4].isdigit())
    return text.isdigit() and 1900 <= int(text) <= 2100


def is_little(asked: Asked, place: int) -> bool:
    """Whether a word makes no difference to a question: an article, a politeness, a mark, "in" before a time."""
    text = asked.pieces[place].text
    if text in ("in", "during"):
        return any(first == place + 1 for first, _, _ in asked.windows)
    return text in _DROPPED or not any(c.isalnum() or c in "<>=%+#" for c in text)
