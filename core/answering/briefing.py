"""What a model is told of a database: tables as short DDL, the nearest ones first, as many as make sense."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from core.connections.schema import Column, Dialect, Schema, Table, language_part
from core.grounding.ground import Grounding

WHOLE_SCHEMA = 24_000  # characters, some 7,000 tokens: what is shorter is shown in full
NEAR_TABLES = 16_000  # characters for the nearest tables of a longer one
_MOST_COLUMNS = 60  # of one table in full
_LONGEST_NOTE, _LONGEST_SAMPLE, _SAMPLES = 160, 40, 5
_ALSO_RESERVED = frozenset((
    "ANALYSE", "ANALYZE", "AUTHORIZATION", "CHECK", "COLUMN", "CONDITION", "CONSTRAINT", "FUNCTION", "GROUPS",
    "LAG", "LEAD", "LINES", "OPTION", "OUT", "PLACING", "PRIMARY", "RANK", "READ", "RECURSIVE", "REFERENCES",
    "RELEASE", "ROW", "ROWS", "SYSTEM", "TRIGGER", "USAGE", "USER", "WHILE", "WRITE",
))  # fmt: skip
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_PLAIN_ANY_CASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Shown:
    """Tables as text. `is_whole` says that no table was left out."""

    text: str
    is_whole: bool


@dataclass(frozen=True)
class Outline:
    """Shows the tables of one schema to a model, for a question in `language` ("en", "zh")."""

    schema: Schema
    grounding: Grounding
    language: str

    def shown(self, share: float = 1.0) -> Shown:
        """The tables worth showing, nearest first: all in full, or the nearest in full and all others as one line
        each, or the nearest alone. `share` of the usual room is used, for models that read little."""
        whole, near = int(WHOLE_SCHEMA * share), int(NEAR_TABLES * share)
        ordered = list(self._ordered())
        full = _fill(map(self.in_full, ordered), whole)
        if len(full) == len(ordered):
            return Shown("\n".join(full), True)
        full = _fill(map(self.in_full, self._near), near)
        rest = [self.in_short(table) for table in ordered[len(full) :]]
        room = whole - sum(map(len, full))
        if sum(map(len, rest)) + len(rest) <= room:
            return Shown("\n".join((*full, *rest)), True)
        nearer = rest[: max(1, len(self._near)) - len(full)]
        return Shown("\n".join((*full, *(_fill(nearer, room) or nearer[:1]))), False)

    def in_full(self, table: Table) -> str:
        """One table as DDL with keys, descriptions and sample values."""
        chosen = self._chosen(table)
        lines = [self._line(table, column) for column in chosen]
        left = [column.name for column in table.columns if column not in chosen]
        note = self._note(table.comment, table.descriptions)
        head = f"CREATE {'VIEW' if table.is_view else 'TABLE'} {self._quoted(table)} ({f' -- {note}' if note else ''}"
        tail = [f"  -- and: {', '.join(self._name(name) for name in left)}"[:1000]] if left else []
        composite = [f"  PRIMARY KEY ({self._names(table.primary_key)})"] if len(table.primary_key) > 1 else []
        keys = [
            f"  FOREIGN KEY ({self._names(key.columns)}) REFERENCES {self._referred(key.referred_table)}"
            f"({self._names(key.referred_columns)})"
            for key in table.foreign_keys
            if len(key.columns) > 1
        ]
        return "\n".join((head, *lines, *tail, *composite, *keys, ")"))

    def in_short(self, table: Table) -> str:
        """One table as one line: its name and those of its columns."""
        return f"{self._quoted(table)}({self._names(column.name for column in table.columns[:_MOST_COLUMNS])})"

    def named(self, table_key: str, *columns: str) -> str:
        """Columns of one table as a query names them: `table.column`, or `(table.a, table.b)`."""
        table = self._referred(table_key)
        named = ", ".join(f"{table}.{self._name(column)}" for column in columns)
        return named if len(columns) == 1 else f"({named})"

    def mentioned(self, sql: str) -> list[Table]:
        """The tables that a draft speaks of, those of the grounding where none can be made out."""
        by_name = {name.lower(): table for table in self.schema.tables for name in (table.name, table.key)}
        try:
            tree = sqlglot.parse_one(sql, dialect=self.schema.dialect.value)
            names = [f"{t.db}.{t.name}" if t.db else t.name for t in tree.find_all(exp.Table)]
        except SqlglotError:
            names = re.findall(r"[\w.]+", sql)
        found = dict.fromkeys(by_name[n.lower()].key for n in names if n.lower() in by_name)
        return [self.schema.by_key[key] for key in found] or list(self._near[:3])

    def elsewhere(self, error: str, tables: Sequence[Table]) -> list[str]:
        """Columns that an error names and that stand in other tables than these, as `table.column`."""
        words = {word.lower() for word in re.findall(r"\w+", error)}
        here = {table.key for table in tables}
        known = {column.name.lower() for table in tables for column in table.columns}
        found = (
            f"{self._quoted(table)}.{self._name(column.name)}"
            for table in self.schema.tables
            if table.key not in here
            for column in table.columns
            if column.name.lower() in words - known
        )
        return list(found)[:10]

    @cached_property
    def _near(self) -> tuple[Table, ...]:
        """The grounded tables, those on the way between them, and their neighbours, each once."""
        hits = [hit.table for hit in self.grounding.tables]
        on_the_way = [key for join in self.grounding.joins for key in (join.left, join.right)]
        firm = dict.fromkeys(key for key in (*hits, *on_the_way) if key in self.schema.by_key)
        refers = {key.referred_table for hit in firm for key in self.schema.by_key[hit].foreign_keys}
        referring = [t.key for t in self.schema.tables if any(key.referred_table in firm for key in t.foreign_keys)]
        around = (key for key in (*sorted(refers), *referring) if key in self.schema.by_key)
        return tuple(self.schema.by_key[key] for key in dict.fromkeys((*firm, *around)))

    def _ordered(self) -> Iterator[Table]:
        """All tables, the nearest first."""
        near = {table.key for table in self._near}
        yield from self._near
        yield from (table for table in self.schema.tables if table.key not in near)

    def _chosen(self, table: Table) -> tuple[Column, ...]:
        """The columns of a table worth a line: all, or of very wide tables the keys and what the question touches."""
        if len(table.columns) <= _MOST_COLUMNS:
            return table.columns
        hits = {name for hit in self.grounding.tables if hit.table == table.key for name in hit.columns}
        hits |= {hit.column for hit in self.grounding.values if hit.table == table.key}
        hits |= {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
        others = [column.name for column in table.columns if column.name not in hits]
        kept = hits | set(others[: max(0, _MOST_COLUMNS - len(hits))])
        return tuple(column for column in table.columns if column.name in kept)

    def _line(self, table: Table, column: Column) -> str:
        parts = [f"  {self._name(column.name)} {_short(column.type.lower(), 120)}"]
        if table.primary_key == (column.name,):
            parts.append("PRIMARY KEY")
        parts += [
            f"REFERENCES {self._referred(key.referred_table)}({self._names(key.referred_columns)})"
            for key in table.foreign_keys
            if key.columns == (column.name,)
        ]
        note = self._note(column.comment, column.descriptions)
        if samples := self.grounding.samples.get((table.key, column.name)):
            shown = ", ".join(f"'{_short(sample, _LONGEST_SAMPLE)}'" for sample in samples[:_SAMPLES])
            note = f"{note}; e.g. {shown}" if note else f"e.g. {shown}"
        return " ".join(parts) + "," + (f" -- {note}" if note else "")

    def _note(self, comment: str, descriptions: Mapping[str, str]) -> str:
        said = descriptions.get(self.language) or language_part(comment, self.language)
        return _short(said or next(iter(descriptions.values()), "") or comment, _LONGEST_NOTE)

    def _referred(self, key: str) -> str:
        return self._quoted(self.schema.by_key[key]) if key in self.schema.by_key else key

    def _quoted(self, table: Table) -> str:
        return ".".join(self._name(name) for name in (table.namespace, table.name) if name)

    def _names(self, names: Iterable[str]) -> str:
        return ", ".join(self._name(name) for name in names)

    def _name(self, name: str) -> str:
        return quoted(name, self.schema.dialect)


@lru_cache(maxsize=65536)
def quoted(name: str, dialect: Dialect) -> str:
    """A name as this dialect wants it in a query: quoted only where it must be."""
    plain = _PLAIN if dialect is Dialect.POSTGRES else _PLAIN_ANY_CASE
    if plain.fullmatch(name) and name.upper() not in _keywords(dialect):
        return name
    return exp.to_identifier(name, quoted=True).sql(dialect=dialect.value)


@cache
def _keywords(dialect: Dialect) -> frozenset[str]:
    """Words that mean something in this dialect, those of `ORDER BY` one by one."""
    known = sqlglot.Dialect.get_or_raise(dialect.value).tokenizer_class.KEYWORDS
    return _ALSO_RESERVED.union(word for keyword in known for word in keyword.split())


def _fill(texts: Iterable[str], room: int) -> list[str]:
    """As many of the texts, from the first on, as have room (characters)."""
    taken: list[str] = []
    for text in texts:
        room -= len(text) + 1
        if room < 0:
            break
        taken.append(text)
    return taken


def _short(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
