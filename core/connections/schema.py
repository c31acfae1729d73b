"""What a database looks like: its tables, columns and keys, as finished, frozen values.

Only this module knows how a schema is described; `engines` knows how to ask each kind of database for it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property


class Dialect(StrEnum):
    """The SQL a connection speaks, named as sqlglot names it."""

    POSTGRES = "postgres"
    MYSQL = "mysql"
    SQLITE = "sqlite"
    DUCKDB = "duckdb"


class Kind(StrEnum):
    """What a column's values are, whatever the database calls the type."""

    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    OTHER = "other"

    @property
    def numeric(self) -> bool:
        return self in (Kind.INTEGER, Kind.NUMBER)

    @property
    def temporal(self) -> bool:
        return self in (Kind.DATE, Kind.TIMESTAMP)


# Hundreds of thousands of columns have no descriptions: they share having none.
_UNDESCRIBED: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `comment` is the database's own; `descriptions` are people's, by language ("en", "zh")."""

    name: str
    type: str
    kind: Kind
    nullable: bool = True
    comment: str = ""
    descriptions: Mapping[str, str] = field(default_factory=lambda: _UNDESCRIBED)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of this table point at `referred_columns` of `referred_table` (a `Table.key`), pairwise."""

    columns: tuple[str, ...]
    referred_table: str
    referred_columns: tuple[str, ...]

    def as_words(self) -> Mapping[str, object]:
        """Its parts by name."""
        return {
            "columns": self.columns,
            "referred_table": self.referred_table,
            "referred_columns": self.referred_columns,
        }


@dataclass(frozen=True)
class Table:
    """One table or view. `namespace` is the schema it lies in, "" where the dialect has none or it is the default.

    `indexes` are the columns of each index that stands for no key, in its order.
    """

    name: str
    columns: tuple[Column, ...]
    namespace: str = ""
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    comment: str = ""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    is_view: bool = False
    row_estimate: int | None = None

    @property
    def key(self) -> str:
        """How this table is named everywhere in the portal: `namespace.name`, or `name` in the default one."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


@dataclass(frozen=True)
class Origin:
    """Where else the rows of a table come from. Nobody is shown this: policies need it.

    `definition` is a view's SQL as the database keeps it, "" where it may not be read. `stored` says that the rows were
    copied when the table was made (a materialized view), or are kept elsewhere (SQLite's virtual tables). `parents` are
    the `Table.key`s of tables that show these rows as theirs.
    """

    definition: str = ""
    stored: bool = False
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schema:
    """All tables of one connection that its actor may see. `version` changes when names, types or keys do.

    `origins`, by `Table.key`, is None where a schema was kept before views were understood.
    """

    dialect: Dialect
    tables: tuple[Table, ...]
    origins: Mapping[str, Origin] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def by_key(self) -> Mapping[str, Table]:
        return {table.key: table for table in self.tables}

    @cached_property
    def version(self) -> str:
        shape = [
            (t.key, t.primary_key, [k.as_words() for k in t.foreign_keys], [(c.name, c.type) for c in t.columns])
            for t in sorted(self.tables, key=lambda t: t.key)
        ]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16]

    def with_descriptions(self, descriptions: Mapping[tuple[str, str], Mapping[str, str]]) -> "Schema":
        """The same schema, described by people: keys are `(table key, column name)`, column "" for the table."""

        spoken_of = {key for key, _ in descriptions}

        def described(table: Table) -> Table:
            if table.key not in spoken_of:
                return table
            columns = tuple(
                replace(c, descriptions={**c.descriptions, **descriptions[table.key, c.name]})
                if (table.key, c.name) in descriptions
                else c
                for c in table.columns
            )
            own = {**table.descriptions, **descriptions.get((table.key, ""), {})}
            return replace(table, columns=columns, descriptions=own)

        return replace(self, tables=tuple(described(t) for t in self.tables))


def business_name(name: str, comment: str, descriptions: Mapping[str, str], language: str) -> str:
    """What a person calls a table or column: the short part of its description, else its name in plain words.

    A description reads "Label: explanation"; a comment may hold both languages, "Label: … | 标签：…".
    """
    text = descriptions.get(language) or language_part(comment, language)
    label = text.replace("：", ":").split(":", 1)[0].strip()
    if 0 < len(label) <= 40:
        return label
    return humanise(name)


def language_part(comment: str, language: str) -> str:
    """The part of a two-language comment ("English | 中文") in `language`; "" where it has none."""
    for part in comment.split("|"):
        chinese = any("\u4e00" <= character <= "\u9fff" for character in part)
        if part.strip() and chinese == (language == "zh"):
            return part.strip()
    return ""


def humanise(name: str) -> str:
    """`orderLine_total` as "order line total"."""
    spaced = "".join(f" {c}" if c.isupper() and i and not name[i - 1].isupper() else c for i, c in enumerate(name))
    return " ".join(spaced.replace("_", " ").replace("-", " ").lower().split())


def tables_named(schema: Schema, keys: Iterable[str]) -> tuple[Table, ...]:
    """The tables of `schema` with these keys, in the order given; unknown keys are left out."""
    return tuple(schema.by_key[key] for key in keys if key in schema.by_key)
