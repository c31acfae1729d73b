"""Looks values up in the index of one connection: whole texts by their key, others by what they may be meant to be.

What is misspelt is found in two steps. First the words of the index that are near to those that were said; then the
values that are, or hold, such words are found by the words' keys. Neither step reads more than a bounded number of
blocks, however many values there are.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from uuid import UUID

import sqlalchemy as sa

from core.grounding.block_search import NOTHING, BlockSearch, FoundBlock, Numbered, Wanted
from core.grounding.folding import fold
from core.grounding.misspelt import Reading, readings
from core.grounding.value_blocks import BlockKind, aliases_in, folded_in, squeezed_in, texts_in
from core.grounding.value_keys import Key, Keys, firm_words, runs, squeezed
from core.grounding.values import (
    Row,
    ValueHit,
    alias_hit,
    best_of,
    by_folded,
    can_be_part,
    matches,
    nearness,
    part_hit,
)
from core.store.sessions import Store
from core.store.tables import value_blocks, value_columns

_MOST_WHOLE = 1_000  # blocks read for texts looked up whole
_OF_EACH = 50  # blocks of one text, where together they would be more
_PART_BLOCKS = 20  # for each reading of a phrase
_HELD_READINGS, _MOST_HELD = 4, 12  # that are looked for inside longer values: of a phrase, and together
_NAMED = (BlockKind.VALUES, BlockKind.ALIASES)
_C, _B = value_columns.c, value_blocks.c


class StoredValues:
    """The values of one connection as the index keeps them, without those of the tables in `barred`.

    Raises `StoreUnreachable`.
    """

    def __init__(self, store: Store, connection_id: UUID, barred: Iterable[str] = ()) -> None:
        self._store, self._connection_id = store, connection_id
        self._keys = Keys.of(connection_id)
        self._barred = frozenset(barred)

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        """One statement for all phrases; when `fuzzy` two, and one more where the index does not have every word."""
        asked = by_folded(phrases)
        if not asked:
            return []
        with self._store.reading() as connection:
            search = BlockSearch(connection, self._connection_id, self._barred)
            if not fuzzy:
                return best_of(self._whole(asked, self._blocks(search, asked)[0]))
            meant = readings(search, self._keys, asked)
            plain = {squeezed(text) for text in (*asked, *(reading.meant for reading in meant))}
            parts = _Parts.of(meant, self._keys)
            named, holding = self._blocks(search, plain, Wanted(parts.sets, _PART_BLOCKS, (BlockKind.VALUES,)))
        return best_of([*self._nearly(asked, plain, named), *parts.hits(holding)])

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

    def _whole(self, asked: Mapping[str, str], found: Iterable[FoundBlock]) -> list[ValueHit]:
        """Hits of values, and of their other names, that are a phrase but for its looks."""
        hits: list[ValueHit] = []
        for block in found:
            if block.kind == BlockKind.VALUES:
                same = [_row(block, value, text) for value, text in folded_in(block.body) if text in asked]
                hits += matches(same, asked, False)
            else:
                named = (alias for alias in aliases_in(block.body) if alias.name in asked)
                hits += [alias_hit(block.table, block.column, alias, asked[alias.name]) for alias in named]
        return hits

    def _nearly(self, asked: Mapping[str, str], plain: Collection[str], found: Iterable[FoundBlock]) -> list[ValueHit]:
        """Hits of values, and of their other names, that are what a phrase may be meant to be."""
        hits: list[ValueHit] = []
        for block in found:
            if block.kind == BlockKind.VALUES:
                same = squeezed_in(block.body)
                rows = [_row(block, value, text) for value, text, bare in same if bare in plain]
                hits += matches(rows, asked, True)
            else:
                for alias in aliases_in(block.body):
                    near = ((nearness(wanted, alias.name), phrase) for wanted, phrase in asked.items())
                    ratio, phrase = max(near) if squeezed(alias.name) in plain else (0.0, "")
                    hits += [alias_hit(block.table, block.column, alias, phrase, ratio)] if ratio else []
        return hits

    def _blocks(
        self, search: BlockSearch, texts: Iterable[str], parts: Wanted = NOTHING
    ) -> tuple[list[FoundBlock], Numbered]:
        """The blocks that hold these texts whole, and those that are wanted for parts. Of each text a few, where they
        are too many together: a word that half of all columns hold leaves room for the others."""
        keys = {self._keys.whole(text) for text in texts}
        found, holding = search.blocks(Wanted([(0, keys)], _MOST_WHOLE + 1, _NAMED), parts)
        if len(found) > _MOST_WHOLE:
            found, _ = search.blocks(Wanted([(0, [key]) for key in keys], _OF_EACH, _NAMED))
        return [block for _, block in found], holding


@dataclass(frozen=True)
class _Parts:
    """What is looked for inside longer values: readings, and of each the words that a value must hold, all but those
    too short to be known with a slip. `sets` are their keys."""

    wanted: Sequence[Reading]
    firm: Sequence[list[str]]
    sets: Sequence[tuple[int, list[Key]]]

    @classmethod
    def of(cls, meant: Sequence[Reading], keys: Keys) -> "_Parts":
        of_phrase: dict[str, list[Reading]] = {}
        for reading in meant:
            own = of_phrase.setdefault(reading.phrase, [])
            if can_be_part(reading.meant) and len(own) < _HELD_READINGS:
                own.append(reading)
        wanted = list(islice((reading for own in of_phrase.values() for reading in own), _MOST_HELD))
        firm = [firm_words(reading.meant) for reading in wanted]
        return cls(wanted, firm, [(n, [*chain.from_iterable(map(keys.of_run, some))]) for n, some in enumerate(firm)])

    def hits(self, found: Numbered) -> list[ValueHit]:
        """Values that hold all these words of a phrase besides others."""
        hits: list[ValueHit] = []
        for number, block in found:
            reading, words = self.wanted[number], self.firm[number]
            rows = _holding(block, words)
            hits += [hit for row in rows if (hit := part_hit(row, reading.meant, reading.phrase, reading.ratio))]
            if len(words) < len(runs(reading.meant)):
                hits += matches(rows, {fold(reading.phrase): reading.phrase}, True)
        return hits


def _row(block: FoundBlock, value: str, text: str) -> Row:
    return block.table, block.column, value, text


def _holding(block: FoundBlock, words: Iterable[str]) -> list[Row]:
    """The values of a block whose folded text holds all these words."""
    held = list(folded_in(block.body))
    for word in words:
        held = [one for one in held if word in one[1]]
    return [_row(block, *one) for one in held]
