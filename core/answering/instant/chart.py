"""A chart parser: all ways in which rules cover a question, cheapest first.

Bottom-up over spans, shortest first, so that every part is finished before a whole is made of it. A rule's action
sees only the meanings of its parts and gives the meanings of the whole, each with a cost; an action that gives
none refuses the combination. Costs add up; each cell keeps the cheapest few.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

Made = Iterable[tuple[Any, float]]
Action = Callable[..., Made]


@dataclass(frozen=True)
class Rule:
    """`head` is made of `parts`; `action` gets the meanings of those parts that `keeps` names."""

    head: str
    parts: tuple[str, ...]
    keeps: tuple[int, ...]
    action: str
    cost: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Edge:
    """A span with a meaning. Leaves have no `parts` and carry the words they stand for."""

    category: str
    start: int
    end: int
    meaning: Any
    cost: float
    parts: tuple["Edge", ...] = ()

    def leaves(self) -> Iterable["Edge"]:
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


class _Node:
    """A place in the tree of all rules' parts: what may come next, and the rules that are complete here."""

    __slots__ = ("next", "rules")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.rules: list[Rule] = []


@dataclass(frozen=True, eq=False, slots=True)
class _Partial:
    node: _Node
    parts: tuple[Edge, ...]
    cost: float


def rules_of(head: str, body: str, action: str, cost: float = 0.0) -> list[Rule]:
    """The rules of one line of a grammar: `a|b` are alternatives, `a?` may be absent.

    Phrases (capitalised) and words marked with `@` hand their meaning to the action; other words only stand there.
    """
    bodies: list[tuple[str, ...]] = [()]
    for part in body.split():
        options: list[tuple[str, ...]] = [(o,) for o in part.rstrip("?").split("|")]
        if part.endswith("?"):
            options.append(())
        bodies = [b + o for b in bodies for o in options]
    return [
        Rule(
            head,
            tuple(part.removeprefix("@") for part in b),
            tuple(i for i, part in enumerate(b) if part[0].isupper() or part[0] == "@"),
            action,
            cost + 0.01 * len(b),
        )
        for b in bodies
        if b
    ]


class Grammar:
    """Rules as a tree over their parts, so that what many rules begin with is looked at once."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.root = _Node()
        for one in rules:
            node = self.root
            for part in one.parts:
                node = node.next.setdefault(part, _Node())
            if all((r.head, r.action, r.keeps) != (one.head, one.action, one.keeps) for r in node.rules):
                node.rules.append(one)


class Chart:
    """The parses of one question of `length` positions. `beam` is how many meanings a cell keeps per category."""

    def __init__(
        self, grammar: Grammar, actions: Mapping[str, Action], length: int, beam: int = 6, limit: int = 30_000
    ) -> None:
        self._grammar = grammar
        self._actions = actions
        self._length = length
        self._beam = beam
        self._left = limit
        self._made = 1_000
        self._by_start: dict[int, dict[str, list[Edge]]] = defaultdict(lambda: defaultdict(list))
        self._waiting: dict[tuple[int, int], list[_Partial]] = {}
        self._ends: dict[tuple[int, int], list[Edge]] = {}

    def parse(self, leaves: Iterable[Edge]) -> None:
        """Fill the chart from these leaves."""
        by_end: dict[int, dict[int, list[Edge]]] = defaultdict(lambda: defaultdict(list))
        for leaf in leaves:
            by_end[leaf.end][leaf.start].append(leaf)
        for end in range(1, self._length + 1):
            made: dict[int, list[Edge]] = by_end.get(end, {})
            # Starts from right to left: whatever begins later is finished before it is needed.
            for start in range(end - 1, -1, -1):
                self._cell(start, end, made.get(start, []))

    def _cell(self, start: int, end: int, leaves: list[Edge]) -> None:
        agenda = [(leaf.cost, number, leaf) for number, leaf in enumerate(leaves)]
        heapify(agenda)
        for middle in range(start + 1, end):
            waiting = self._waiting.get((start, middle))
            done = self._ends.get((middle, end)) if waiting else None
            if not waiting or not done:
                continue
            for edge in done:
                for partial in waiting:
                    node = partial.node.next.get(edge.category)
                    if node is not None:
                        self._advance(start, node, partial, edge, agenda)
        if not agenda:
            return
        kept: dict[str, dict[Any, Edge]] = defaultdict(dict)
        order: list[Edge] = []
        nothing = _Partial(self._grammar.root, (), 0.0)
        while agenda:
            edge = heappop(agenda)[2]
            cell = kept[edge.category]
            if len(cell) >= self._beam or edge.meaning in cell:
                continue
            cell[edge.meaning] = edge
            order.append(edge)
            node = self._grammar.root.next.get(edge.category)
            if node is not None:
                self._advance(start, node, nothing, edge, agenda)
        self._ends[start, end] = order
        for edge in order:
            self._by_start[start][edge.category].append(edge)

    def _advance(
        self, start: int, node: _Node, partial: _Partial, edge: Edge, agenda: list[tuple[float, int, Edge]]
    ) -> None:
        """`edge` leads from `partial` to `node`: rules complete there make edges, and what may follow is waited for."""
        parts = (*partial.parts, edge)
        cost = partial.cost + edge.cost
        if node.next and edge.end < self._length:
            self._waiting.setdefault((start, edge.end), []).append(_Partial(node, parts, cost))
        for one in node.rules:
            if self._left <= 0:
                return
            self._left -= 1
            for meaning, extra in self._actions[one.action](*(parts[i].meaning for i in one.keeps)):
                whole = cost + one.cost + extra
                self._made += 1
                heappush(agenda, (whole, self._made, Edge(one.head, start, edge.end, meaning, whole, parts)))

    def whole(self, category: str, start: int) -> list[Edge]:
        """Edges of `category` from `start` to the end of the question, cheapest first."""
        found = [e for e in self._by_start[start].get(category, ()) if e.end == self._length]
        return sorted(found, key=lambda e: e.cost)
