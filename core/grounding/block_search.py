"""Finds blocks of one connection's values by their keys: those that have any of some keys, or for many sets of keys a
few blocks each. No more are read than asked for, however many values there are."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.grounding.value_blocks import BlockKind
from core.grounding.value_keys import Key
from core.store.tables import value_blocks, value_columns

Sets = Sequence[tuple[int, Collection[Key]]]  # of keys, numbered; a number may have several
_B, _C = value_blocks.c, value_columns.c
_KEYS = value_blocks.c["keys"]
# What a set of keys finds, a planner can only guess: to read all blocks, or all columns, is never right.
_BY_INDEX = sa.text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),"
    " set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"
)
_MINE = (
    _C.connection_id == sa.bindparam("connection_id"),
    _C.table_key != sa.all_(sa.bindparam("barred", type_=ARRAY(sa.Text))),
)


class FoundBlock(NamedTuple):
    """A block and whose values it holds."""

    table: str
    column: str
    kind: int
    body: bytes


def _any_of() -> "sa.Select[Any]":
    """Blocks that have any of these keys."""
    has = _KEYS.bool_op("&&")(sa.bindparam("keys", type_=ARRAY(sa.Integer)))
    found = sa.select(_B.column_id, _B.kind, _B.body).where(has).cte("found").prefix_with("MATERIALIZED")
    query = sa.select(_C.table_key, _C.column_name, found.c.kind, found.c.body)
    joined = query.select_from(found.join(value_columns, _C.id == found.c.column_id))
    return joined.where(*_MINE).limit(sa.bindparam("most"))


def _of_each(has: str) -> "sa.Select[Any]":
    """For each numbered set of keys a few blocks of these kinds that have them: all ("@>"), or any ("&&")."""
    numbers, sets = sa.bindparam("numbers", type_=ARRAY(sa.Integer)), sa.bindparam("sets", type_=ARRAY(sa.Text))
    columns = sa.column("number", sa.Integer), sa.column("keys", sa.Text)
    wanted = sa.func.unnest(numbers, sets).table_valued(*columns, name="wanted").render_derived()
    keys = _KEYS.bool_op(has)(sa.cast(wanted.c["keys"], ARRAY(sa.Integer)))
    kinds = _B.kind == sa.any_(sa.bindparam("kinds", type_=ARRAY(sa.Integer)))
    own = sa.select(_B.id, _B.column_id, _B.kind, _B.body).where(keys, kinds).correlate(wanted)
    found = own.offset(0).subquery("found")
    blocks = sa.select(found.c.id, _C.table_key, _C.column_name, found.c.kind, found.c.body).where(*_MINE)
    joined = blocks.select_from(found.join(value_columns, _C.id == found.c.column_id)).correlate(wanted)
    few = joined.limit(sa.bindparam("each")).lateral("few")
    query = sa.select(wanted.c.number, few.c.id, few.c.table_key, few.c.column_name, few.c.kind, few.c.body)
    return query.select_from(wanted.join(few, sa.true()))


_ANY_OF, _ALL_OF_EACH, _ANY_OF_EACH = _any_of(), _of_each("@>"), _of_each("&&")


class BlockSearch:
    """The blocks of one connection, without those of the tables in `barred`, while a transaction lasts."""

    def __init__(self, line: sa.Connection, connection_id: UUID, barred: Iterable[str]) -> None:
        self._line = line
        self._mine = {"connection_id": connection_id, "barred": sorted(barred)}
        line.execute(_BY_INDEX)

    def any_of(self, keys: Iterable[Key], most: int) -> list[FoundBlock]:
        """At most so many blocks that have any of these keys."""
        rows = self._line.execute(_ANY_OF, {"keys": sorted(set(keys)), "most": most, **self._mine})
        return [FoundBlock(*row) for row in rows]

    def all_of_each(self, sets: Sets, each: int, *kinds: BlockKind) -> Iterator[tuple[int, FoundBlock]]:
        """Blocks of these kinds that have all keys of a set, with its number, at most `each` for a set."""
        return self._of_each(_ALL_OF_EACH, sets, each, kinds)

    def any_of_each(self, sets: Sets, each: int, *kinds: BlockKind) -> Iterator[tuple[int, FoundBlock]]:
        """Blocks of these kinds that have any key of a set, with its number, at most `each` for a set."""
        return self._of_each(_ANY_OF_EACH, sets, each, kinds)

    def _of_each(
        self, query: "sa.Select[Any]", sets: Sets, each: int, kinds: Sequence[BlockKind]
    ) -> Iterator[tuple[int, FoundBlock]]:
        if not sets:
            return
        numbers, written = [number for number, _ in sets], ["{" + ",".join(map(str, keys)) + "}" for _, keys in sets]
        given = {"numbers": numbers, "sets": written, "each": each, "kinds": [int(kind) for kind in kinds]}
        seen: set[tuple[int, int]] = set()
        for number, block, *found in self._line.execute(query, {**given, **self._mine}):
            if (number, block) not in seen:
                seen.add((number, block))
                yield number, FoundBlock(*found)
