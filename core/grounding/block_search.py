"""Finds blocks of one connection's values by their keys: for many sets of keys a few blocks each, that have any of a
set, or all of it. All that is asked for at once is one statement, and no more blocks are read than asked for, however
many values there are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.grounding.value_blocks import BlockKind
from core.grounding.value_keys import Key
from core.store.tables import value_blocks, value_columns

_B, _C = value_blocks.c, value_columns.c
_ANY, _ALL = "any", "all"
_HAS = {_ANY: "&&", _ALL: "@>"}


class FoundBlock(NamedTuple):
    """A block and whose values it holds."""

    table: str
    column: str
    kind: int
    body: bytes


Numbered = list[tuple[int, FoundBlock]]  # by the number of the set that found it


@dataclass(frozen=True)
class Wanted:
    """Numbered sets of keys, a number may have several; at most `each` blocks for a set, of these kinds."""

    sets: Sequence[tuple[int, Collection[Key]]] = ()
    each: int = 0
    kinds: tuple[BlockKind, ...] = ()

    def given(self, way: str) -> dict[str, object]:
        """What the statement is given for it."""
        return {
            f"{way}_numbers": [number for number, _ in self.sets],
            f"{way}_sets": ["{" + ",".join(map(str, keys)) + "}" for _, keys in self.sets],
            f"{way}_each": self.each,
            f"{way}_kinds": [int(kind) for kind in self.kinds],
        }


NOTHING = Wanted()


def _few_of_each(way: str) -> "tuple[sa.TableValuedAlias, sa.FromClause]":
    """The numbered sets of keys, and for each of them a few blocks of one connection's columns.

    The keys come out of a function and the column is looked up beside each block: a planner knows nothing of either
    that could tempt it to read all blocks, or all columns.
    """

    def bound(name: str, of: "sa.types.TypeEngine[Any]") -> "sa.BindParameter[Any]":
        return sa.bindparam(f"{way}_{name}", type_=ARRAY(of))

    columns = sa.column("number", sa.Integer), sa.column("keys", sa.Text)
    sets = sa.func.unnest(bound("numbers", sa.Integer()), bound("sets", sa.Text()))
    wanted = sets.table_valued(*columns, name=f"wanted_{way}").render_derived()
    keys = _B["keys"].bool_op(_HAS[way])(sa.cast(wanted.c["keys"], ARRAY(sa.Integer)))
    own = sa.select(_B.id, _B.column_id, _B.kind, _B.body).where(keys, _B.kind == sa.any_(bound("kinds", sa.Integer())))
    found = own.correlate(wanted).offset(0).subquery(f"found_{way}")
    mine = sa.select(_C.table_key, _C.column_name).where(
        _C.id == found.c.column_id,
        _C.connection_id == sa.bindparam("connection_id", type_=sa.Uuid()),
        _C.table_key != sa.all_(sa.bindparam("barred", type_=ARRAY(sa.Text))),
    )
    column = mine.offset(0).correlate(found).lateral(f"mine_{way}")
    blocks = sa.select(found.c.id, column.c.table_key, column.c.column_name, found.c.kind, found.c.body)
    joined = blocks.select_from(found.join(column, sa.true())).correlate(wanted)
    return wanted, joined.limit(sa.bindparam(f"{way}_each", type_=sa.Integer())).lateral(f"few_{way}")


def _blocks(way: str) -> "sa.Select[Any]":
    wanted, few = _few_of_each(way)
    return sa.select(sa.literal(way), wanted.c.number, *few.c).select_from(wanted.join(few, sa.true()))


def _bodies(way: str) -> "sa.Select[Any]":
    wanted, few = _few_of_each(way)
    query = sa.select(sa.literal(way), wanted.c.number, few.c.body).select_from(wanted.join(few, sa.true()))
    return query.distinct()


_BLOCKS, _BODIES = (sa.union_all(query(_ANY), query(_ALL)) for query in (_blocks, _bodies))


class BlockSearch:
    """The blocks of one connection, without those of the tables in `barred`."""

    def __init__(self, line: sa.Connection, connection_id: UUID, barred: Iterable[str]) -> None:
        self._line = line
        self._mine = {"connection_id": connection_id, "barred": sorted(barred)}

    def blocks(self, any_of: Wanted = NOTHING, all_of: Wanted = NOTHING) -> tuple[Numbered, Numbered]:
        """The blocks that have any key of a set of the first, and those that have all keys of a set of the second;
        each once for a number."""
        found: dict[str, Numbered] = {_ANY: [], _ALL: []}
        seen: set[tuple[str, int, int]] = set()
        for way, number, block, *rest in self._rows(_BLOCKS, any_of, all_of):
            if (way, number, block) not in seen:
                seen.add((way, number, block))
                found[way].append((number, FoundBlock(*rest)))
        return found[_ANY], found[_ALL]

    def bodies(self, any_of: Wanted = NOTHING, all_of: Wanted = NOTHING) -> dict[int, list[bytes]]:
        """What is in such blocks, by number; once what is the same in many columns."""
        found: dict[int, dict[bytes, None]] = {}
        for _, number, body in self._rows(_BODIES, any_of, all_of):
            found.setdefault(number, {})[body] = None
        return {number: list(bodies) for number, bodies in found.items()}

    def _rows(self, query: "sa.CompoundSelect[Any]", any_of: Wanted, all_of: Wanted) -> Sequence[Any]:
        if not any_of.sets and not all_of.sets:
            return ()
        return self._line.execute(query, {**any_of.given(_ANY), **all_of.given(_ALL), **self._mine}).all()
