"""Looks values up in the index of one connection: whole texts by their key, misspelt words by their grams.

What is misspelt is found in two steps. The words of all values are kept as blocks of their own; those near to a word
that was said are found by the grams that a slip leaves alone. Then the values that are, or hold, such words are
found by the words' keys. Neither step reads more than a bounded number of blocks, however many values there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice, product
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.grounding.folding import fold
from core.grounding.value_blocks import BlockKind, aliases_in, texts_in
from core.grounding.value_keys import Key, Keys, arms, can_be_misspelt, inner_arm, is_chinese, runs, squeezed
from core.grounding.values import ValueHit, alias_hit, best_of, by_folded, can_be_part, matches, nearness, part_hit
from core.store.sessions import Store
from core.store.tables import value_blocks, value_columns

_MOST_WHOLE = 1_000  # blocks read for texts looked up whole
_OF_EACH = 50  # blocks of one text, where together they would be more
_WORD_BLOCKS, _PART_BLOCKS = 60, 24  # for each set of grams, and for each reading of a phrase
_MOST_WORDS, _MOST_LIKE, _MOST_READINGS = 12, 6, 12  # misspelt words looked for; words like one; readings of a phrase
_HELD_READINGS = 2  # of a phrase, that are looked for inside longer values
_LEAST_LIKE = 0.7  # ratio of two words; the phrases they make must be nearer
_LONGER = 2  # words that hold a word
_B, _C = value_blocks.c, value_columns.c
_KEYS = value_blocks.c["keys"]
_BY_INDEX = sa.text("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")
_MINE = (
    _C.connection_id == sa.bindparam("connection_id"),
    _C.table_key != sa.all_(sa.bindparam("barred", type_=ARRAY(sa.Text))),
)


def _any_of() -> "sa.Select[Any]":
    """Blocks that have any of these keys."""
    has = _KEYS.bool_op("&&")(sa.bindparam("keys", type_=ARRAY(sa.Integer)))
    found = sa.select(_B.column_id, _B.kind, _B.body).where(has).cte("found").prefix_with("MATERIALIZED")
    query = sa.select(_C.table_key, _C.column_name, found.c.kind, found.c.body)
    joined = query.select_from(found.join(value_columns, _C.id == found.c.column_id))
    return joined.where(*_MINE).limit(sa.bindparam("most"))


def _all_of_each() -> "sa.Select[Any]":
    """For each numbered set of keys a few blocks that have them all."""
    numbers, sets = sa.bindparam("numbers", type_=ARRAY(sa.Integer)), sa.bindparam("sets", type_=ARRAY(sa.Text))
    columns = sa.column("number", sa.Integer), sa.column("keys", sa.Text)
    wanted = sa.func.unnest(numbers, sets).table_valued(*columns, name="wanted").render_derived()
    has = _KEYS.bool_op("@>")(sa.cast(wanted.c["keys"], ARRAY(sa.Integer)))
    blocks = sa.select(_B.id, _C.table_key, _C.column_name, _B.kind, _B.body).where(has, *_MINE)
    few = blocks.join(value_columns, _C.id == _B.column_id).limit(sa.bindparam("each")).lateral("found")
    query = sa.select(wanted.c.number, few.c.id, few.c.table_key, few.c.column_name, few.c.kind, few.c.body)
    return query.select_from(wanted.join(few, sa.true()))


_ANY_OF, _ALL_OF_EACH = _any_of(), _all_of_each()


@dataclass(frozen=True)
class _Reading:
    """What a phrase may be meant to be. `ratio` is that of the word that differs most, 1 for the phrase as it is."""

    phrase: str
    meant: str
    ratio: float


class StoredValues:
    """The values of one connection as the index keeps them, without those of the tables in `barred`.

    Raises `StoreUnreachable`.
    """

    def __init__(self, store: Store, connection_id: UUID, barred: Iterable[str] = ()) -> None:
        self._store, self._connection_id = store, connection_id
        self._keys = Keys.of(connection_id)
        self._mine = {"connection_id": connection_id, "barred": sorted(barred)}

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        """One query for all phrases; two more when `fuzzy`."""
        asked = by_folded(phrases)
        if not asked:
            return []
        with self._store.begin() as connection:
            # What a set of keys finds, a planner can only guess, and to read everything is never right.
            connection.execute(_BY_INDEX)
            if not fuzzy:
                return best_of(self._whole(connection, asked))
            readings = self._readings(connection, asked)
            return best_of([*self._nearly(connection, asked, readings), *self._parts(connection, readings)])

    def of_column(self, table: str, column: str, limit: int = 50) -> list[str]:
        """The values of one column, the most frequent first, at most `limit`; [] if they are not listed."""
        with self._store.reading() as connection:
            columns = sa.select(_C.id, _C.held, _C.most_frequent).where(*self._place(table, column))
            found = connection.execute(columns).first()
            if found is None:
                return []
            values = dict.fromkeys(found.most_frequent)
            if limit > len(values) and found.held > len(values):
                of_it = sa.select(_B.body).where(_B.column_id == found.id, _B.kind == BlockKind.VALUES)
                for body in connection.scalars(of_it.order_by(_B.id).limit(limit)):
                    values.update(dict.fromkeys(texts_in(body)))
        return list(values)[:limit]

    def holds_all(self, table: str, column: str) -> bool:
        """Whether the index holds every value of a column, so that what it does not hold is not there."""
        with self._store.reading() as connection:
            return bool(connection.scalar(sa.select(_C.complete).where(*self._place(table, column))))

    def _place(self, table: str, column: str) -> tuple[sa.ColumnElement[bool], ...]:
        return _C.connection_id == self._connection_id, _C.table_key == table, _C.column_name == column

    def _whole(self, connection: sa.Connection, asked: Mapping[str, str]) -> list[ValueHit]:
        """Hits of values, and of their other names, that are a phrase but for its looks."""
        hits: list[ValueHit] = []
        for table, column, kind, body in self._of_wholes(connection, asked):
            if kind == BlockKind.VALUES:
                hits += matches(_rows(table, column, body, asked.__contains__), asked, False)
            elif kind == BlockKind.ALIASES:
                named = (alias for alias in aliases_in(body) if alias.name in asked)
                hits += [alias_hit(table, column, alias, asked[alias.name]) for alias in named]
        return hits

    def _nearly(
        self, connection: sa.Connection, asked: Mapping[str, str], readings: Sequence[_Reading]
    ) -> list[ValueHit]:
        """Hits of values, and of their other names, that are what a phrase may be meant to be."""
        plain = {squeezed(text) for text in (*asked, *(reading.meant for reading in readings))}
        hits: list[ValueHit] = []
        for table, column, kind, body in self._of_wholes(connection, plain):
            if kind == BlockKind.VALUES:
                hits += matches(_rows(table, column, body, lambda text: squeezed(text) in plain), asked, True)
            elif kind == BlockKind.ALIASES:
                for alias in aliases_in(body):
                    near = ((nearness(wanted, alias.name), phrase) for wanted, phrase in asked.items())
                    ratio, phrase = max(near) if squeezed(alias.name) in plain else (0.0, "")
                    hits += [alias_hit(table, column, alias, phrase, ratio)] if ratio else []
        return hits

    def _of_wholes(self, connection: sa.Connection, texts: Iterable[str]) -> list[Any]:
        """The blocks that hold these texts whole. Of each a few, where they are too many together: a word that half of
        all columns hold leaves room for the others."""
        keys = sorted({self._keys.whole(text) for text in texts})
        given = {"keys": keys, "most": _MOST_WHOLE + 1, **self._mine}
        rows = list(connection.execute(_ANY_OF, given))
        if len(rows) <= _MOST_WHOLE:
            return rows
        return [row for _, *row in self._having(connection, [(0, [key]) for key in keys], _OF_EACH)]

    def _readings(self, connection: sa.Connection, asked: Mapping[str, str]) -> list[_Reading]:
        """What each phrase may be meant to be, the likeliest first."""
        said = dict.fromkeys(run for folded in asked for run in runs(folded) if can_be_misspelt(run))
        like = self._like(connection, list(islice(said, _MOST_WORDS)))
        found: list[_Reading] = []
        for folded, phrase in asked.items():
            own = [
                _Reading(phrase, " ".join(word for word, _ in words), min(ratio for _, ratio in words))
                for words in product(*(like.get(run, [(run, 1.0)])[:_MOST_LIKE] for run in runs(folded)[:_MOST_WORDS]))
                if words
            ]
            found += nlargest(_MOST_READINGS, own, key=lambda one: one.ratio)
        return found

    def _like(self, connection: sa.Connection, words: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
        """For each word itself, and those of the index that are like it or hold it, with their ratios, best first."""
        from rapidfuzz import fuzz, process

        sets = [(number, grams) for number, word in enumerate(words) for grams in self._near(word)]
        known: list[dict[str, None]] = [{} for _ in words]
        for number, _, _, kind, body in self._having(connection, sets, _WORD_BLOCKS):
            if kind == BlockKind.WORDS:
                known[number].update(dict.fromkeys(texts_in(body)))
        like: dict[str, list[tuple[str, float]]] = {}
        for word, choices in zip(words, known, strict=True):
            longer = sorted((other for other in choices if word in other), key=len)[: _LONGER + 1]
            scored = {other: 0.8 + 0.1 * len(word) / len(other) for other in longer}
            near = process.extract(word, list(choices), scorer=fuzz.ratio, processor=None, limit=_MOST_LIKE + 1)
            scored |= {other: ratio / 100 for other, ratio, _ in near if ratio >= 100 * _LEAST_LIKE}
            scored.pop(word, None)
            like[word] = [(word, 1.0), *sorted(scored.items(), key=lambda one: -one[1])]
        return like

    def _near(self, word: str) -> list[list[Key]]:
        """Sets of grams, of which one stands in each word that differs by a slip or two, or that holds this one."""
        sets = [*arms(word), *([] if is_chinese(word) else [inner_arm(word)])]
        return [[self._keys.gram(gram) for gram in grams] for grams in sets]

    def _parts(self, connection: sa.Connection, readings: Sequence[_Reading]) -> list[ValueHit]:
        """Values that hold all words of a phrase besides others."""
        of_phrase: dict[str, list[_Reading]] = {}
        for reading in readings:
            own = of_phrase.setdefault(reading.phrase, [])
            if can_be_part(reading.meant) and len(own) < _HELD_READINGS:
                own.append(reading)
        wanted = list(islice((reading for own in of_phrase.values() for reading in own), _MOST_WORDS))
        sets = [(number, list(self._keys.words(reading.meant))) for number, reading in enumerate(wanted)]
        hits: list[ValueHit] = []
        for number, table, column, kind, body in self._having(connection, sets, _PART_BLOCKS):
            if kind == BlockKind.VALUES:
                reading = wanted[number]
                rows = _rows(table, column, body, lambda _: True)
                hits += [hit for row in rows if (hit := part_hit(row, reading.meant, reading.phrase, reading.ratio))]
        return hits

    def _having(
        self, connection: sa.Connection, sets: Sequence[tuple[int, Sequence[Key]]], each: int
    ) -> Iterator[tuple[int, str, str, int, bytes]]:
        """Number, table, column, kind and body of blocks that have all keys of a set, at most `each` for a set."""
        if not sets:
            return
        numbers, written = [number for number, _ in sets], ["{" + ",".join(map(str, keys)) + "}" for _, keys in sets]
        given = {"numbers": numbers, "sets": written, "each": each, **self._mine}
        seen: set[tuple[int, int]] = set()
        for number, block, table, column, kind, body in connection.execute(_ALL_OF_EACH, given):
            if (number, block) not in seen:
                seen.add((number, block))
                yield number, table, column, kind, body


def _rows(table: str, column: str, body: bytes, wanted: Callable[[str], bool]) -> list[tuple[str, str, str, str]]:
    """Table, column, value and folded text of the values in a block that are wanted."""
    folded = ((value, fold(value)) for value in texts_in(body))
    return [(table, column, value, text) for value, text in folded if wanted(text)]
