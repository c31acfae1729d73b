"""Words of the business: what people mean by a word here, bound to a table, column, value, filter or metric."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.grounding.folding import fold


class TermKind(StrEnum):
    """What a term is bound to."""

    TABLE = "table"
    COLUMN = "column"
    VALUE = "value"  # a column, and what stands in it
    FILTER = "filter"  # a condition on the rows of a table
    METRIC = "metric"  # a figure made of the rows of a table


AGGREGATIONS = ("sum", "avg", "min", "max", "count", "count_distinct")


@dataclass(frozen=True)
class Term:
    """A word with what it means, as a person wrote it.

    `sql` is a filter's condition, or a metric's expression: over columns of `table`, in the connection's dialect. A
    metric's is aggregated by `aggregation`, one of `AGGREGATIONS`, or by itself where that is ""; only rows that meet
    `where` count in it. `en` and `zh` are further words for the same; `meaning` says in both languages what it is.
    """

    word: str
    kind: TermKind
    table: str
    column: str = ""
    value: str = ""
    sql: str = ""
    aggregation: str = ""
    where: str = ""
    unit: str = ""
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()
    meaning: Mapping[str, str] = field(default_factory=dict)
    id: UUID | None = None

    def calls(self) -> Iterator[str]:
        """Every way of saying it, the word itself first."""
        yield from (self.word, *self.en, *self.zh)

    @property
    def binding(self) -> tuple[str, ...]:
        """What it is bound to: two terms with the same binding mean the same."""
        return (self.kind.value, self.table, self.column, self.value, self.sql, self.aggregation, self.where, self.unit)

    @property
    def folded(self) -> str:
        return fold(self.word)

    def stored(self) -> dict[str, Any]:
        """It as JSON, without its identity."""
        body = asdict(self) | {"kind": self.kind.value, "en": list(self.en), "zh": list(self.zh)}
        del body["id"]
        return {name: value for name, value in body.items() if value}

    @staticmethod
    def of(term_id: UUID | None, stored: Mapping[str, Any]) -> "Term":
        """What `stored` wrote."""
        known = {name: stored.get(name, "") for name in ("column", "value", "sql", "aggregation", "where", "unit")}
        return Term(
            word=stored["word"],
            kind=TermKind(stored["kind"]),
            table=stored["table"],
            en=tuple(stored.get("en", ())),
            zh=tuple(stored.get("zh", ())),
            meaning=dict(stored.get("meaning", {})),
            id=term_id,
            **known,
        )

    def __hash__(self) -> int:
        return hash((self.word, *self.binding))


@dataclass(frozen=True)
class TermFact:
    """A term as a model is told of it: its words, what people say it means, and the query that it stands for."""

    words: str
    meaning: str
    sql: str


@dataclass(frozen=True)
class BusinessWords:
    """The terms that hold for one question, and what people want every model to be told of this connection."""

    terms: tuple[Term, ...] = ()
    instructions: str = ""

    def without(self, words: "frozenset[str]") -> "BusinessWords":
        """The same but for these terms, by their words."""
        dropped = {fold(word) for word in words}
        return BusinessWords(tuple(term for term in self.terms if term.folded not in dropped), self.instructions)


NO_WORDS = BusinessWords()
