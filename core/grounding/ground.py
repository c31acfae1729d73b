"""ground(inquiry, connection) -> Grounding: what the words of one question may mean in one schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.grounding.joins import Join as Join
from core.grounding.values import ValueHit


@dataclass(frozen=True)
class TableHit:
    """A table that the question may be about. `score` in [0, 1], higher is nearer; `why` names the words or the key."""

    table: str
    score: float
    why: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Example:
    """A question a person vouched for, with its SQL; `distance` is cosine, in [0, 2]."""

    question: str
    sql: str
    distance: float


@dataclass(frozen=True)
class Grounding:
    """Everything a writer needs: tables best first, values found in cells, trusted examples, join steps.

    `samples` are a few values of a column, by `(table key, column name)`, the most frequent first.
    """

    tables: tuple[TableHit, ...]
    values: tuple[ValueHit, ...]
    examples: tuple[Example, ...]
    joins: tuple[Join, ...]
    samples: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
