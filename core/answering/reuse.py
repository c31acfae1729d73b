"""A question that somebody vouched for, asked again with other values: the new ones put into its SQL, or nothing.

The words around the slots must be the same, and each slot must take its new words in exactly one way. A name must be
a value of its column; what is put in is a literal of the type it replaces. Near in meaning is not enough.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.answering.events import LeverValue
from core.answering.instant.reading import Grain
from core.answering.instant.times import When
from core.answering.levers import move, same_but_for_literals
from core.answering.needs import Values, Vouched
from core.answering.slots import Asked, Form, Slot, SlotKind, Template, as_pieces, asked_of, is_little, template_of
from core.connections.schema import Schema
from core.errors import InvalidInput

_LONGEST_NAME = 8  # words, or twice as many characters of Chinese
_NEARLY = 0.9  # similarity from which a value is what was said
_MOST_WAYS = 12

Filling = tuple[tuple[int, int], ...]
"""For each slot, where its new words stand: first piece and end."""


@dataclass(frozen=True)
class Filled:
    """SQL with other values put in: (what stood there, what was put in), in the words of the two questions."""

    sql: str
    put_in: tuple[tuple[str, str], ...] = ()


_kept: "OrderedDict[tuple[str, str, datetime, str, date], Template]" = OrderedDict()
_lock = threading.Lock()
_ROOM = 512


class Reuse:
    """Reads one question as others that were vouched for, on one schema."""

    def __init__(self, question: str, now: datetime, schema: Schema, values: Values) -> None:
        self._asked, self._now, self._schema, self._values = asked_of(question, now), now, schema, values

    def may_fit(self, vouched: Vouched) -> bool:
        """Whether the words around the slots are the same, whatever stands in them."""
        template = self._template(vouched)
        return template.fixed and next(_ways(template, self._asked), None) is not None

    def of(self, vouched: Vouched) -> Filled | None:
        """The SQL for this question; None where a slot does not take its words, or takes them in two ways."""
        template = self._template(vouched)
        if not template.fixed:
            return None
        found: dict[str, Filled] = {}
        for number, way in enumerate(_ways(template, self._asked)):
            if number >= _MOST_WAYS:
                return None
            filled = self._filled(template, way, vouched)
            if filled is not None:
                found[filled.sql] = filled
        return next(iter(found.values())) if len(found) == 1 else None

    def _template(self, vouched: Vouched) -> Template:
        key = (vouched.question, vouched.sql, vouched.at, self._schema.version, self._now.date())
        with _lock:
            found = _kept.get(key)
        if found is None:
            found = template_of(vouched.question, vouched.sql, self._schema, vouched.at, self._now)
            with _lock:
                _kept[key] = found
                while len(_kept) > _ROOM:
                    _kept.popitem(last=False)
        return found

    def _filled(self, template: Template, way: Filling, vouched: Vouched) -> Filled | None:
        changes: dict[str, LeverValue] = {}
        put_in: list[tuple[str, str]] = []
        for slot, (first, end) in zip(template.slots, way, strict=True):
            made = self._made(slot, first, end)
            if made is None:
                return None
            changes |= made
            words = self._asked.words(first, end)
            if slot.kind is not SlotKind.WINDOW and as_pieces(words) == as_pieces(slot.words):
                for used, _ in slot.literals:
                    changes.pop(used, None)
            elif words.casefold() != slot.words.casefold() or self._window(first, end) != slot.when:
                put_in.append((slot.words, words))
        if not put_in:
            return Filled(vouched.sql)
        try:
            sql = move(vouched.sql, self._schema.dialect, changes)
        except (InvalidInput, OverflowError):
            return None
        return Filled(sql, tuple(put_in)) if same_but_for_literals(vouched.sql, sql, self._schema.dialect) else None

    def _window(self, first: int, end: int) -> When | None:
        return next((when for start, stop, when in self._asked.windows if (start, stop) == (first, end)), None)

    def _made(self, slot: Slot, first: int, end: int) -> Mapping[str, LeverValue] | None:
        """What the literals of a slot become; None where it does not take these words."""
        if slot.kind is SlotKind.WINDOW:
            when = self._window(first, end)
            return _of_window(slot, when) if when else None
        if slot.kind is SlotKind.NAME:
            value = self._stored(slot, first, end)
            return None if value is None else {slot.literals[0][0]: value}
        number = self._asked.pieces[first].number
        if end - first != 1 or number is None:
            return None
        plain = Decimal(str(number))
        whole = plain == plain.to_integral_value()
        if slot.kind is SlotKind.LIMIT and not (whole and 1 <= plain <= 1_000_000):
            return None
        return {slot.literals[0][0]: int(plain) if whole else plain}

    def _stored(self, slot: Slot, first: int, end: int) -> str | None:
        """The value of the slot's column that these words name; for a text to be looked for, the words themselves."""
        words = self._asked.words(first, end).strip("\"'“”‘’「」")
        if as_pieces(words) == as_pieces(slot.words):
            return slot.words
        hits = self._values.matching([words])
        told = {hit.value for hit in hits if (hit.table, hit.column) == slot.place and hit.similarity >= _NEARLY}
        if slot.pattern:
            return words if not told else None
        return told.pop() if len(told) == 1 else None


def _of_window(slot: Slot, when: When) -> Mapping[str, LeverValue] | None:
    was = slot.when
    if was is None or (was.start is None, was.end is None) != (when.start is None, when.end is None):
        return None
    needs = {Form.YEAR: Grain.YEAR, Form.YEAR_TEXT: Grain.YEAR, Form.YEAR_MONTH: Grain.MONTH}
    forms = {form for _, form in slot.literals}
    if forms & {Form.MONTH, Form.QUARTER}:
        needs = dict.fromkeys(forms, was.grain)
    if any(form in needs and when.grain is not needs[form] for form in forms):
        return None
    return {used: _literal(form, when) for used, form in slot.literals}


def _literal(form: Form, when: When) -> LeverValue:
    """What a literal of this form says of a window. Bounds that are asked for are there: they were before."""
    first, after = when.start or datetime.min, when.end or datetime.min + timedelta(days=1)
    match form:
        case Form.END:
            return after.date()
        case Form.LAST:
            return (after - timedelta(days=1)).date()
        case Form.YEAR:
            return first.year
        case Form.YEAR_TEXT:
            return f"{first:%Y}"
        case Form.YEAR_MONTH:
            return f"{first:%Y-%m}"
        case Form.MONTH:
            return first.month
        case Form.QUARTER:
            return (first.month + 2) // 3
        case _:
            return first.date()


def _ways(template: Template, asked: Asked) -> Iterator[Filling]:
    """Every way in which the words around the slots are the same, with where the new words of each slot stand."""
    items: list[str | Slot] = []
    at = 0
    for slot in sorted(template.slots, key=lambda slot: slot.first):
        items += _fixed(template.asked, at, slot.first)
        items.append(slot)
        at = slot.end
    items += _fixed(template.asked, at, len(template.asked.pieces))
    for way in _matched(items, 0, asked, 0):
        spans = dict(way)
        yield tuple(spans[slot] for slot in template.slots)


def _fixed(asked: Asked, first: int, end: int) -> list[str]:
    """The words that have to be the same."""
    return [asked.pieces[place].text for place in range(first, end) if not is_little(asked, place)]


Way = tuple[tuple[Slot, tuple[int, int]], ...]


def _matched(items: Sequence[str | Slot], item: int, asked: Asked, place: int) -> Iterator[Way]:
    while place < len(asked.pieces) and is_little(asked, place):
        place += 1
    if item == len(items):
        if place == len(asked.pieces):
            yield ()
        return
    if place >= len(asked.pieces):
        return
    wanted = items[item]
    if isinstance(wanted, str):
        if asked.pieces[place].text == wanted:
            yield from _matched(items, item + 1, asked, place + 1)
        return
    for end in _ends(wanted, asked, place):
        for rest in _matched(items, item + 1, asked, end):
            yield ((wanted, (place, end)), *rest)


def _ends(slot: Slot, asked: Asked, place: int) -> Iterator[int]:
    """Where the words of a slot that begin here may end."""
    if slot.kind is SlotKind.WINDOW:
        yield from (end for start, end, _ in asked.windows if start == place)
    elif slot.kind is SlotKind.NAME:
        inside = {p for start, end, _ in asked.windows for p in range(start, end)}
        longest = _LONGEST_NAME * 2 if any(c > "\u3400" for c in asked.text) else _LONGEST_NAME
        for end in range(place + 1, min(place + longest, len(asked.pieces)) + 1):
            if end - 1 in inside:
                return
            yield end
    elif asked.pieces[place].number is not None:
        yield place + 1
