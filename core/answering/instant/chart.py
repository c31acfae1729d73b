"""A chart parser: all ways in which rules cover a question, cheapest first.

Bottom-up over spans, shortest first, so that every part is finished before a whole is made of it. A rule's action
sees only the meanings of its parts and gives the meanings of the whole, each with a cost; an action that gives
none refuses the combination. Costs add up; each cell keeps the cheapest few.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False, slots=True)
class _Partial:
    rule: Rule
    end: int
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


@dataclass(frozen=True)
class Grammar:
    """Rules by their first part."""

    by_first: Mapping[str, Sequence[Rule]]

    @staticmethod
    def of(rules: Iterable[Rule]) -> "Grammar":
        table: dict[str, list[Rule]] = defaultdict(list)
        for one in rules:
            table[one.parts[0]].append(one)
        return Grammar(dict(table))


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
        self._by_start: dict[int, dict[str, list[Edge]]] = defaultdict(lambda: defaultdict(list))
        self._waiting: dict[tuple[int, int], dict[str, list[_Partial]]] = {}
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
        agenda = list(leaves)
        for middle in range(start + 1, end):
            waiting = self._waiting.get((start, middle))
            if not waiting:
                continue
            for edge in self._ends.get((middle, end), ()):
                for partial in waiting.get(edge.category, ()):
                    agenda.extend(self._advance(start, partial, edge))
        kept: dict[str, dict[Any, Edge]] = defaultdict(dict)
        order: list[Edge] = []
        while agenda:
            agenda.sort(key=lambda e: -e.cost)
            edge = agenda.pop()
            cell = kept[edge.category]
            if edge.meaning in cell or len(cell) >= self._beam:
                continue
            cell[edge.meaning] = edge
            order.append(edge)
            for one in self._grammar.by_first.get(edge.category, ()):
                agenda.extend(self._advance(start, _Partial(one, start, (), 0.0), edge))
        if order:
            self._ends[start, end] = order
            for edge in order:
                self._by_start[start][edge.category].append(edge)

    def _advance(self, start: int, partial: _Partial, edge: Edge) -> list[Edge]:
        """`edge` is the next part of `partial`, begun at `start`: whole edges if that completes it, else it waits."""
        parts = (*partial.parts, edge)
        cost = partial.cost + edge.cost
        one = partial.rule
        if len(parts) < len(one.parts):
            waiting = self._waiting.setdefault((start, edge.end), {})
            waiting.setdefault(one.parts[len(parts)], []).append(_Partial(one, edge.end, parts, cost))
            return []
        if self._left <= 0:
            return []
        self._left -= 1
        made = self._actions[one.action](*(parts[i].meaning for i in one.keeps))
        return [Edge(one.head, start, edge.end, meaning, cost + one.cost + extra, parts) for meaning, extra in made]

    def whole(self, category: str, start: int) -> list[Edge]:
        """Edges of `category` from `start` to the end of the question, cheapest first."""
        found = [e for e in self._by_start[start].get(category, ()) if e.end == self._length]
        return sorted(found, key=lambda e: e.cost)

    def reach(self, start: int, categories: Iterable[str]) -> int:
        """How far any edge of these categories gets from `start`."""
        return max((e.end for c in categories for e in self._by_start[start].get(c, ())), default=start)
