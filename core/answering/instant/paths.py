"""Join paths from one table to another over foreign keys, shortest first, ambiguity included.

A path between two tables is the one with the fewest steps, and of those the one with the surest keys: declared before
accepted by people before inferred from names. Several equally short paths are all given: who asks
decides whether words of the question prefer one, or whether it is an ambiguity.
"""

from collections import defaultdict, deque
from functools import lru_cache

from core.answering.instant.reading import Link, Path
from core.connections.schema import ForeignKey, Schema, Table
from core.grounding.joins import cost_of

FURTHEST = 5


class Paths:
    """The foreign-key graph of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._steps: dict[str, list[Link]] = defaultdict(list)
        self._schema = schema
        self._costs: dict[Link, int] = {}
        for table in schema.tables:
            for key in table.foreign_keys:
                target = schema.by_key.get(key.referred_table)
                if target is not None:
                    self._add(table, key, target)
        self.between = lru_cache(maxsize=4096)(self._between)

    def _add(self, child: Table, key: ForeignKey, parent: Table) -> None:
        columns, referred = key.columns, key.referred_columns
        alone = set(columns) in ({*child.primary_key}, *({*u} for u in child.unique_keys))
        up = Link(child.key, columns, parent.key, referred, False)
        down = Link(parent.key, referred, child.key, columns, not alone)
        self._steps[child.key].append(up)
        self._steps[parent.key].append(down)
        self._costs[up] = self._costs[down] = cost_of(key)

    def neighbours(self, table: str) -> frozenset[str]:
        """Tables one step away."""
        return frozenset(link.right for link in self._steps.get(table, ()))

    def parents(self, table: str) -> list[Link]:
        """Steps to tables of which each row of this one has at most one."""
        return [link for link in self._steps.get(table, ()) if not link.many]

    def children(self, table: str) -> list[Link]:
        """Steps to tables of which each row of this one may have many."""
        return [link for link in self._steps.get(table, ()) if link.many]

    def _between(self, start: str, goal: str) -> tuple[Path, ...]:
        """All shortest paths, at most `FURTHEST` steps; () if there is none, ((),) from a table to itself."""
        if start == goal:
            return ((),)
        depth = {start: 0}
        found: list[Path] = []
        queue: deque[tuple[str, Path]] = deque([(start, ())])
        while queue:
            table, path = queue.popleft()
            if len(path) >= (len(found[0]) if found else FURTHEST):
                continue
            for link in self._steps.get(table, ()):
                if depth.get(link.right, FURTHEST + 1) < len(path) + 1:
                    continue
                depth[link.right] = len(path) + 1
                if link.right == goal:
                    found.append((*path, link))
                else:
                    queue.append((link.right, (*path, link)))
        least = min((self._cost(path) for path in found), default=0)
        return tuple(path for path in found if self._cost(path) == least)

    def _cost(self, path: Path) -> int:
        return sum(self._costs[link] for link in path)


def reversed_path(path: Path) -> Path:
    """The same path walked back. A step back is taken to meet many rows: only the graph knows better."""
    return tuple(
        Link(link.right, link.right_columns, link.left, link.left_columns, not link.many) for link in reversed(path)
    )


def many(path: Path) -> bool:
    """Whether one row at the start may meet several at the end."""
    return any(link.many for link in path)
