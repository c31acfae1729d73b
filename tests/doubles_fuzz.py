"""Statements made by chance, to set the guard's reading of names beside that of real databases."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from core.connections.guard import Scope
from core.connections.schema import Column, Dialect, Kind, Schema, Table

ALLOWED = ("orders", "items")
FORBIDDEN = "vault"
TABLES = (*ALLOWED, FORBIDDEN)
COLUMNS = ("id", "v")

_FRAGMENTS = (
    "'", '"', "`", "\\", "$$", "#", "--", "/*", "*/", "[", "]", "(", ")", ",", ";", "E'", "U&'", "''", "\\'", "||", ":",
    "@", "a$$", ".", "\n", "-- \n", "AS", "NOT", "LIMIT", "INTERSECT", "EXCEPT", "LATERAL", "RECURSIVE", "vault",
    "vault.v", ", vault", "FROM vault", "TABLE vault", "CROSS JOIN vault", "(SELECT v FROM vault)", "OR 1 IN vault",
    "OR EXISTS (SELECT 1 FROM vault)", "OR 1 IN (SELECT id FROM vault)", "UNION SELECT id, v FROM vault",
    "WITH vault AS (SELECT 1 AS id, 2 AS v)", "/*! UNION SELECT id, v FROM vault */",
)  # fmt: skip


def fuzz_scope(dialect: Dialect) -> Scope:
    columns = tuple(Column(name, "integer", Kind.INTEGER) for name in COLUMNS)
    return Scope(dialect, Schema(dialect, tuple(Table(name, columns) for name in ALLOWED)))


@dataclass(frozen=True)
class RandomQueries:
    """Queries with named queries, aliases and subqueries whose names collide as much as possible."""

    random: Random
    dialect: Dialect

    def query(self, depth: int = 3) -> str:
        text = self._arm(depth)
        while self.random.random() < 0.3:
            text += f" {self._one('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT')} {self._arm(depth)}"
        return self._with(depth) + text

    def splice(self, text: str) -> str:
        """The text with fragments of attacks put in at chance places."""
        for _ in range(self.random.choice([1, 1, 2, 3])):
            place = self.random.randrange(len(text) + 1)
            pieces = " ".join(self._one(*_FRAGMENTS) for _ in range(self.random.choice([1, 2, 3])))
            text = f"{text[:place]} {pieces} {text[place:]}"
        return text

    def _arm(self, depth: int) -> str:
        return f"({self.query(depth - 1)})" if depth > 0 and self.random.random() < 0.3 else self._select(depth)

    def _select(self, depth: int) -> str:
        given = self._one("*", "id, v", "1, 2", f"id, ({self._scalar(depth - 1)})") if depth > 0 else "id, v"
        text = f"SELECT {given} FROM {self._source(depth)}"
        return f"{text} WHERE {self._condition(depth)}" if self.random.random() < 0.4 else text

    def _scalar(self, depth: int) -> str:
        return f"{self._with(depth)}SELECT max(v) FROM {self._source(depth)}"

    def _source(self, depth: int) -> str:
        chance = self.random.random()
        if depth <= 0 or chance < 0.6:
            return self._table()
        if chance < 0.8:
            return f"({self.query(depth - 1)}) {self._one('a', 'b', FORBIDDEN)}"
        return f"{self._table()} {self._one('CROSS JOIN', 'NATURAL JOIN', ',')} {self._source(depth - 1)}"

    def _condition(self, depth: int) -> str:
        chance = self.random.random()
        if depth <= 0 or chance < 0.4:
            return self._one("id = 1", "v IS NULL")
        if chance < 0.6 and self.dialect is Dialect.SQLITE:
            return f"1 IN {self._name()}"
        return f"EXISTS ({self.query(depth - 1)})"

    def _with(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.6:
            return ""
        parts = [f"{self._name()}{self._one('', '(id, v)')} AS ({self.query(depth - 1)})" for _ in range(self._count())]
        return f"WITH {self._one('', 'RECURSIVE ')}{', '.join(parts)} "

    def _table(self) -> str:
        prefix = "main." if self.random.random() < 0.1 else ""
        alias = f" {self._one('a', 'b', *TABLES)}" if self.random.random() < 0.3 else ""
        return f"{prefix}{self._name()}{alias}"

    def _name(self) -> str:
        name = self._one(*["orders"] * 6, *["items"] * 5, *[FORBIDDEN] * 3, "x", "x", "VAULT", "Orders")
        styles = ["{}", "{}", '"{}"'] + (["[{}]", "'{}'"] if self.dialect is Dialect.SQLITE else [])
        return self._one(*styles).format(name)

    def _count(self) -> int:
        return self.random.choice([1, 1, 2])

    def _one(self, *choices: str) -> str:
        options: Sequence[str] = choices
        return self.random.choice(options)
