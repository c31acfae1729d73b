"""The portal's own small questions to people's tables: a few values, a few rows, from when to when.

They are built as sqlglot trees for names that the schema has, and never read more of a large table than they need.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import sqlglot.expressions as exp

from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.errors import NotFound

ROWS_READ = 200_000  # of a large table, to find its values
_CAN_SAMPLE = (Dialect.POSTGRES, Dialect.DUCKDB)
_LONGEST = 300  # characters of one cell among many: enough to see that it is prose


@dataclass(frozen=True)
class ColumnRead:
    """A column to be read among others: its values, the most frequent first, or (`first`) the cells of its first rows,
    at most `limit` of either."""

    table: str
    column: str
    limit: int
    first: bool = False


def many_query(schema: Schema, reads: Sequence[ColumnRead]) -> str:
    """One query for many columns of any tables: rows of the read's place among `reads`, and a value as text."""
    return " UNION ALL ".join(_branch(schema, read, place) for place, read in enumerate(reads))


def weight(schema: Schema, read: ColumnRead) -> int:
    """About how many rows a read looks at. A view may look at any number, so it counts as much as may be."""
    table = _table(schema, read.table)
    if table.is_view or (table.row_estimate is None and not read.first):
        return ROWS_READ
    rows = table.row_estimate or 0
    return min(rows, read.limit if read.first else ROWS_READ) + 100


def _branch(schema: Schema, read: ColumnRead, place: int) -> str:
    """One read, in the words of the dialect. A tree for each of a hundred thousand columns would take minutes, so the
    tree is made once, with slots; a name is put in as the dialect quotes it."""
    table, found = _found(schema, read.table, read.column)
    dialect = schema.dialect
    source = _place(table) if read.first else _source(schema, table)
    words = {
        "n": str(place),
        "l": str(read.limit),
        "c": _quoted(dialect, found.name),
        "t": source.sql(dialect.value) if source.args.get("sample") else _quoted_place(dialect, table),
    }
    return _SLOT.sub(lambda slot: words[slot[1] or slot[2]], _branch_with_slots(dialect, read.first))


_SLOT = re.compile('["`]⟪(.)⟫["`]|⟪(.)⟫')


@cache
def _branch_with_slots(dialect: Dialect, first: bool) -> str:
    """Columns and tables are ⟪c⟫ and ⟪t⟫, the place and the limit ⟪n⟫ and ⟪l⟫."""
    value, limit = exp.column(_name("v")), exp.Literal.number("⟪l⟫")
    there = value.copy().is_(exp.null()).not_()
    rows = exp.select(exp.alias_(exp.column(_name("⟪c⟫")), _name("v"))).from_(exp.Table(this=_name("⟪t⟫")))
    if first:
        some = exp.select(value.copy()).from_(rows.limit(limit).subquery("r")).where(there)
    else:
        some = (
            exp.select(value.copy())
            .from_(rows.limit(ROWS_READ).subquery("r"))
            .where(there)
            .group_by(value.copy())
            .order_by(exp.Ordered(this=exp.Count(this=exp.Star()), desc=True), exp.Ordered(this=value.copy()))
            .limit(limit)
        )
    text = exp.cast(value.copy(), "text")
    cut = exp.Substring(this=text, start=exp.Literal.number(1), length=exp.Literal.number(_LONGEST))
    outer = exp.select(exp.alias_(exp.Literal.number("⟪n⟫"), _name("n")), exp.alias_(cut, _name("v")))
    return outer.from_(some.subquery("s")).sql(dialect.value)


def _quoted_place(dialect: Dialect, table: Table) -> str:
    name = _quoted(dialect, table.name)
    return f"{_quoted(dialect, table.namespace)}.{name}" if table.namespace else name


@lru_cache(maxsize=10_000)
def _quoted(dialect: Dialect, name: str) -> str:
    return _name(name).sql(dialect.value)


def values_query(schema: Schema, table_key: str, column: str, limit: int) -> str:
    """The values of a column, the most frequent first, at most `limit`, from at most `ROWS_READ` rows of its table."""
    table, found = _found(schema, table_key, column)
    value = exp.column(_name("v"))
    rows = exp.select(exp.alias_(_column(found), _name("v"))).from_(_source(schema, table)).limit(ROWS_READ)
    return (
        exp.select(value.copy())
        .from_(rows.subquery("rows_read"))
        .where(value.copy().is_(exp.null()).not_())
        .group_by(value.copy())
        .order_by(exp.Ordered(this=exp.Count(this=exp.Star()), desc=True), exp.Ordered(this=value.copy()))
        .limit(limit)
        .sql(schema.dialect.value)
    )


def rows_query(schema: Schema, table_key: str, count: int) -> str:
    """The first rows of a table, columns in the schema's order."""
    table = _table(schema, table_key)
    columns = [_column(column) for column in table.columns]
    return exp.select(*columns).from_(_place(table)).limit(count).sql(schema.dialect.value)


def range_query(schema: Schema, table_key: str, column: str) -> str:
    """One row: the least and the greatest value of a column."""
    table, found = _found(schema, table_key, column)
    ends = (exp.Min(this=_column(found)), exp.Max(this=_column(found)))
    return exp.select(*ends).from_(_place(table)).sql(schema.dialect.value)


def shared_query(schema: Schema, one: tuple[str, str], other: tuple[str, str], limit: int) -> str:
    """One row: how many different values of a column were looked at, at most `limit`, and how many of them another
    column holds too. Each place is (table key, column name)."""
    table, column = _found(schema, *one)
    referred, target = _found(schema, *other)
    value, key = exp.column(_name("v")), exp.column(_name("k"))
    rows = exp.select(exp.alias_(_column(column), _name("v"))).from_(_source(schema, table)).limit(ROWS_READ)
    seen = exp.select(value.copy()).distinct().from_(rows.subquery("rows_read"))
    seen = seen.where(value.copy().is_(exp.null()).not_()).limit(limit)
    keys = exp.select(exp.alias_(_column(target), _name("k"))).from_(_place(referred)).subquery("all_keys")
    mine = exp.column(_name("v"), table=exp.to_identifier("looked_at"))
    same = exp.select(exp.Literal.number(1)).from_(keys).where(exp.EQ(this=key, expression=mine))
    met = exp.Case().when(exp.Exists(this=same), exp.Literal.number(1)).else_(exp.Literal.number(0))
    counts = (exp.Count(this=exp.Star()), exp.Sum(this=met))
    return exp.select(*counts).from_(seen.subquery("looked_at")).sql(schema.dialect.value)


def has_values(column: Column) -> bool:
    """Whether a column's values can be compared and counted in every database."""
    return column.kind is not Kind.OTHER


def _table(schema: Schema, table_key: str) -> Table:
    if table_key not in schema.by_key:
        raise NotFound(table_key)
    return schema.by_key[table_key]


def _found(schema: Schema, table_key: str, column: str) -> tuple[Table, Column]:
    table = _table(schema, table_key)
    if column not in table.by_name:
        raise NotFound(f"{table_key}.{column}")
    return table, table.by_name[column]


def _source(schema: Schema, table: Table) -> exp.Table:
    """The table, thinned out where it is large and the database can do so: its first rows may be all alike."""
    place = _place(table)
    estimate = table.row_estimate or 0
    if estimate > 2 * ROWS_READ and not table.is_view and schema.dialect in _CAN_SAMPLE:
        percent = exp.Literal.number(round(100 * ROWS_READ / estimate, 4))
        place.set("sample", exp.TableSample(method=exp.var("SYSTEM"), percent=percent))
    return place


def _place(table: Table) -> exp.Table:
    return exp.Table(this=_name(table.name), db=_name(table.namespace) if table.namespace else None)


def _column(column: Column) -> exp.Column:
    return exp.column(_name(column.name))


def _name(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
