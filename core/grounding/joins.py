"""The foreign-key graph of one schema, and the least costly way to join some of its tables.

Costs: a declared key 10, one that people accepted 11, an inferred one 16; a rejected one is none. Two that merely
refer to the same third one ("both have a country") make a cross product when joined through it, so such a bend costs
25 more: a longer path through real relations wins. Equal costs are reported, never guessed.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from core.connections.schema import ForeignKey, Schema
from core.grounding.keys import UndeclaredKey, keyed

_DECLARED, _ACCEPTED, _INFERRED, _BEND, _FAN = 10, 11, 16, 25, 1
_MOST_OPTIONS = 6
_FURTHEST = 160  # sixteen keys: what lies further apart has no relation that a person would mean
_FAR = 1 << 30


@dataclass(frozen=True)
class Join:
    """One step of a join path: `left.left_column = right.right_column`, tables by key.

    `left` holds the key, `right` is referred to, so that many rows of `left` may meet one of `right`. `inferred`
    says that names and types suggest this key and the database does not declare it; `accepted` that a person said so.
    """

    left: str
    left_columns: tuple[str, ...]
    right: str
    right_columns: tuple[str, ...]
    inferred: bool = False
    accepted: bool = False

    @property
    def cost(self) -> int:
        """What this step costs: the surer, the less."""
        return _INFERRED if self.inferred else _ACCEPTED if self.accepted else _DECLARED


@dataclass(frozen=True)
class Ambiguous:
    """Several ways to join that cost the same (two to six), each complete in itself."""

    paths: tuple[tuple[Join, ...], ...]


_State = tuple[str, bool]  # a table, and whether we came to it from one that refers to it
_Back = dict[_State, list[tuple[_State, Join]]]


@dataclass(frozen=True)
class _Reach:
    """All tables near one start: the costs to them, and the last steps of every least costly way."""

    costs: dict[_State, int]
    back: _Back

    def cost(self, table: str) -> int:
        """The least cost to `table`, `_FAR` where it was not reached."""
        return _least(self.costs, table)

    def ways(self, table: str) -> Iterator[tuple[Join, ...]]:
        """Every least costly way from the start to `table`."""
        least = self.cost(table)
        for state in ((table, False), (table, True)):
            if least < _FAR and self.costs.get(state) == least:
                yield from self._unwind(state)

    def _unwind(self, state: _State) -> Iterator[tuple[Join, ...]]:
        if not self.back.get(state):
            yield ()
            return
        for earlier, join in self.back[state]:
            for way in self._unwind(earlier):
                yield (*way, join)


class JoinGraph:
    """The joins that one schema allows. Building it is linear in tables and keys; `path` visits what is near."""

    def __init__(self, schema: Schema) -> None:
        self._tables = frozenset(schema.by_key)
        self._joins = _all_joins(schema)

    @cached_property
    def _around(self) -> dict[str, list[tuple[Join, _State, int]]]:
        """For each table: the joins that touch it, where each leads, and what it costs."""
        around: dict[str, list[tuple[Join, _State, int]]] = defaultdict(list)
        for join in self._joins:
            around[join.left].append((join, (join.right, True), join.cost))
            around[join.right].append((join, (join.left, False), join.cost))
        return dict(around)

    def joins(self, table: str) -> tuple[Join, ...]:
        """Every join that touches `table`, in the order declared; self-references are left out."""
        return tuple(join for join, _, _ in self._around.get(table, ()))

    def neighbours(self, table: str) -> tuple[str, ...]:
        """The tables one join away, each once."""
        return tuple(dict.fromkeys(state[0] for _, state, _ in self._around.get(table, ())))

    def hubs(self, count: int) -> tuple[str, ...]:
        """The tables with most joins, the most first, at most `count`."""
        return self._hubs[:count]

    @cached_property
    def _hubs(self) -> tuple[str, ...]:
        return tuple(sorted(self._around, key=lambda table: (-len(self._around[table]), table)))

    def path(self, tables: Iterable[str], furthest: int = _FURTHEST) -> tuple[Join, ...] | Ambiguous | None:
        """The joins that connect all of `tables` (keys) at the least cost, tables in between included.

        Each join touches a table that an earlier one touched. () for fewer than two tables, `Ambiguous` when
        different ways cost the same, None when they are not connected over at most sixteen keys (at a cost of at most
        `furthest`) or one is unknown.
        """
        wanted = list(dict.fromkeys(tables))
        if any(table not in self._tables for table in wanted):
            return None
        if len(wanted) < 2:
            return ()
        reaches = {table: self._reach(table, wanted, furthest) for table in wanted}
        if any(reaches[wanted[0]].cost(table) == _FAR for table in wanted):
            return None
        trees = self._trees(wanted, reaches)
        least = min(_tree_cost(tree, wanted) for tree in trees)
        best = [tree for tree in trees if _tree_cost(tree, wanted) == least]
        if len(best) == 1:
            return _in_order(best[0], wanted[0])
        return Ambiguous(tuple(_in_order(tree, wanted[0]) for tree in best[:_MOST_OPTIONS]))

    def _reach(self, start: str, wanted: Sequence[str], furthest: int) -> _Reach:
        """The least costs from `start` as far as the farthest wanted table (Dijkstra's algorithm, ties kept)."""
        asked = frozenset(wanted)
        unseen, limit = asked - {start}, furthest  # beyond `limit` nothing is of interest
        costs: dict[_State, int] = {(start, False): 0}
        back: _Back = {}
        queue = [(0, start, False)]
        while queue:
            cost, table, bent = heapq.heappop(queue)
            if cost >= limit:
                break
            if cost > costs[table, bent]:
                continue
            bend = _BEND if bent and table not in asked else 0
            for join, state, price in self._wanted_first(table, asked):
                total = cost + price + (0 if state[1] else bend)
                known = costs.get(state, _FAR)
                # What is no nearer than the farthest wanted table, and none itself, is on no way to one.
                if total > known or total > limit or (total == limit and state[0] not in asked):
                    continue
                if total == known:
                    back[state].append(((table, bent), join))
                    continue
                costs[state], back[state] = total, [((table, bent), join)]
                if total < limit:
                    heapq.heappush(queue, (total, *state))
                if state[0] in asked:
                    unseen -= {state[0]}
                    if not unseen:
                        limit = max(_least(costs, other) for other in asked)
        return _Reach({state: cost for state, cost in costs.items() if cost <= limit}, back)

    def _wanted_first(self, table: str, asked: frozenset[str]) -> Iterator[tuple[Join, _State, int]]:
        """The joins around a table, those to an asked one first: they tell how far to look, even from a great hub."""
        around = self._around.get(table, [])
        yield from (step for step in around if step[1][0] in asked)
        yield from (step for step in around if step[1][0] not in asked)

    def _trees(self, wanted: Sequence[str], reaches: dict[str, _Reach]) -> list[frozenset[Join]]:
        """Candidate trees: from each table in turn, attach the nearest one left to the tree so far.

        The shortest-path heuristic for Steiner trees (Takahashi and Matsuyama 1980), from every start.
        """
        trees: dict[frozenset[Join], None] = {}
        for start in wanted:
            partial: dict[frozenset[Join], None] = {frozenset(): None}
            left = set(wanted) - {start}
            while left:
                touched = _tables_of(next(iter(partial))) | {start}
                distances = {table: _distance(touched, reaches[table]) for table in left}
                nearest = min(wanted, key=lambda table: distances.get(table, _FAR))
                left.discard(nearest)
                grown: dict[frozenset[Join], None] = {}
                for tree in partial:
                    for way in _attachments(tree, start, reaches[nearest]):
                        grown[tree | frozenset(way)] = None
                partial = dict.fromkeys(islice(grown, _MOST_OPTIONS * 2))
            trees.update(partial)
        return [tree for tree in trees if len(_tables_of(tree)) == len(tree) + 1]


def _attachments(tree: frozenset[Join], start: str, reach: _Reach) -> Iterator[tuple[Join, ...]]:
    """The least costly ways from a tree to the table that `reach` starts at."""
    touched = {start, *_tables_of(tree)}
    least = _distance(touched, reach)
    for table in sorted(touched):
        if reach.cost(table) == least:
            yield from islice(reach.ways(table), _MOST_OPTIONS)


def _distance(touched: Iterable[str], reach: _Reach) -> int:
    """The least cost from any of these tables to where `reach` starts."""
    return min(reach.cost(table) for table in touched)


def _least(costs: dict[_State, int], table: str) -> int:
    return min(costs.get((table, False), _FAR), costs.get((table, True), _FAR))


def _tables_of(tree: Iterable[Join]) -> set[str]:
    return {table for join in tree for table in (join.left, join.right)}


def _tree_cost(tree: frozenset[Join], wanted: Sequence[str]) -> int:
    """What a whole tree costs; where two tables refer to a wanted one, rows multiply, which breaks a tie."""
    referring: dict[str, int] = defaultdict(int)
    for join in tree:
        referring[join.right] += 1
    bends = sum(_FAN if table in wanted else _BEND for table, count in referring.items() if count > 1)
    return sum(join.cost for join in tree) + bends


def _in_order(tree: frozenset[Join], start: str) -> tuple[Join, ...]:
    """The joins of a tree so that each one touches what came before, from `start` outwards."""
    ordered: list[Join] = []
    touched, left = {start}, sorted(tree, key=lambda j: (j.left, j.right, j.left_columns))
    while left:
        following = next(join for join in left if join.left in touched or join.right in touched)
        left.remove(following)
        touched |= {following.left, following.right}
        ordered.append(following)
    return tuple(ordered)


def _all_joins(schema: Schema) -> tuple[Join, ...]:
    """Every key as a join, each once; keys to unknown tables or to the table itself are left out."""
    joins: dict[Join, None] = {}
    for table in keyed(schema).tables:
        for key in table.foreign_keys:
            if key.referred_table in schema.by_key and key.referred_table != table.key:
                joins[_join(table.key, key)] = None
    return tuple(joins)


def cost_of(key: ForeignKey) -> int:
    """What a join along this key costs."""
    return _join("", key).cost


def _join(table_key: str, key: ForeignKey) -> Join:
    accepted = isinstance(key, UndeclaredKey) and key.accepted
    inferred = isinstance(key, UndeclaredKey) and not accepted
    return Join(table_key, key.columns, key.referred_table, key.referred_columns, inferred, accepted)
