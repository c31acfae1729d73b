"""What a server knows of its tables' rows by itself, asked for all tables at once: whether they changed, how many
distinct values a column has, the least and the greatest, and all values where they are few.

Nothing is counted for this. Where a server keeps no statistics, or shows them to others only, there are none.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from core.connections.schema import Dialect, Kind, Schema, Table
from core.connections.session import Session
from core.errors import QueryFailed

_LONGEST = 100  # characters of one value
_SAMPLED_PER_TARGET = 300  # rows that PostgreSQL looks at for each unit of its statistics target
_WHOLE = 0.9999  # share of rows that a list of all values must explain


@dataclass(frozen=True)
class ColumnStatistics:
    """What is known of one column; None where it is not. `null_share` in [0, 1], `least` and `greatest` as text.

    `values` are all of its values, the most frequent first, where the server knows them all.
    """

    null_share: float | None = None
    distinct: int | None = None
    least: str | None = None
    greatest: str | None = None
    values: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TableStatistics:
    """What is known of one table. `mark` is another after its rows changed; "" where that cannot be told."""

    mark: str = ""
    columns: Mapping[str, ColumnStatistics] = field(default_factory=dict)


Statistics = Mapping[str, TableStatistics]  # by Table.key

# Another file after TRUNCATE, and counters that go up with every row written; of partitions, the sums of theirs.
_POSTGRES_MARKS = """
    SELECT CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname END,
           c.relname, concat_ws(':', sum(pg_relation_filenode(p.relid)::bigint),
               sum(pg_stat_get_tuples_inserted(p.relid)), sum(pg_stat_get_tuples_updated(p.relid)),
               sum(pg_stat_get_tuples_deleted(p.relid))),
           coalesce(sum(pg_stat_get_mod_since_analyze(p.relid)), 0)::bigint,
           current_setting('default_statistics_target')::int
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT c.oid AS relid WHERE c.relkind IN ('r', 'm')
        UNION ALL SELECT t.relid::oid FROM pg_partition_tree(c.oid) t WHERE c.relkind = 'p' AND t.isleaf) p
    WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema'
      AND n.nspname NOT LIKE 'pg\\_%'
      AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
    GROUP BY n.nspname, c.oid, c.relname
"""
# `pg_stats` shows a login the columns that it may read, and none of tables whose rows are kept from it.
_POSTGRES_COLUMNS = """
    SELECT CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname END,
           s.tablename, s.attname, s.null_frac, s.n_distinct, v.found,
           (SELECT sum(f) FROM unnest(s.most_common_freqs) f), h.bounds[1], h.bounds[array_upper(h.bounds, 1)]
    FROM pg_stats s JOIN pg_namespace n ON n.nspname = s.schemaname
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.avg_width <= 100 THEN s.most_common_vals::text::text[] END AS found) v
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.avg_width <= 100 THEN s.histogram_bounds::text::text[] END AS bounds) h
    WHERE n.nspname <> 'information_schema'
      AND n.nspname NOT LIKE 'pg\\_%' ORDER BY s.inherited
"""
# When rows were last written, to the second; a second that is not over yet is no mark.
_MYSQL_MARKS = """
    SELECT TABLE_NAME, CASE WHEN UPDATE_TIME < NOW() - INTERVAL 2 SECOND
        THEN CONCAT_WS(' ', CREATE_TIME, UPDATE_TIME) ELSE '' END
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'VIEW'
"""
_MYSQL_INDEXES = """
    SELECT TABLE_NAME, COLUMN_NAME, MAX(CARDINALITY) FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() AND SEQ_IN_INDEX = 1 AND CARDINALITY IS NOT NULL AND COLUMN_NAME IS NOT NULL
    GROUP BY TABLE_NAME, COLUMN_NAME
"""
# MariaDB's own statistics, for those who may read them.
_MARIADB_COLUMNS = """
    SELECT table_name, column_name, min_value, max_value, nulls_ratio, avg_frequency
    FROM mysql.column_stats WHERE db_name = DATABASE()
"""


def statistics_of(session: Session, schema: Schema) -> Statistics:
    """What the server knows of the tables of `schema`. Raises `QueryFailed`."""
    return _BY_DIALECT[session.dialect](session, schema)


def _postgres(session: Session, schema: Schema) -> Statistics:
    marks: dict[str, tuple[str, int, int]] = {}
    for namespace, name, mark, modified, target in session.look(_POSTGRES_MARKS):
        marks[_key(namespace, name)] = (mark, modified, target)
    columns: dict[str, dict[str, ColumnStatistics]] = {}
    for namespace, name, column, nulls, distinct, values, share, first, last in session.look(_POSTGRES_COLUMNS):
        key = _key(namespace, name)
        table = schema.by_key.get(key)
        if table is None or column not in table.by_name:
            continue
        _, modified, target = marks.get(key, ("", 1, 0))
        sampled = target * _SAMPLED_PER_TARGET
        all_seen = modified == 0 and table.row_estimate is not None and table.row_estimate <= sampled
        kind = table.by_name[column].kind
        listed = tuple(values or ())
        whole = all_seen and not first and distinct > 0 and len(listed) >= distinct
        whole = whole and (share or 0.0) + nulls >= _WHOLE
        ends = _ends(kind, [*(listed if first or whole else ()), *(end for end in (first, last) if end is not None)])
        number = round(distinct if distinct >= 0 else -distinct * (table.row_estimate or 0)) or None
        found = listed if whole and kind is Kind.TEXT else None
        columns.setdefault(key, {})[column] = ColumnStatistics(round(nulls, 4), number, *ends, found)
    return {key: TableStatistics(mark, columns.get(key, {})) for key, (mark, _, _) in marks.items()}


def _mysql(session: Session, schema: Schema) -> Statistics:
    columns: dict[str, dict[str, ColumnStatistics]] = {}
    for name, column, number in session.look(_MYSQL_INDEXES):
        columns.setdefault(name, {})[column] = ColumnStatistics(distinct=int(number))
    for name, column, least, greatest, nulls, frequency in _if_allowed(session, _MARIADB_COLUMNS):
        table = schema.by_key.get(name)
        if table is None or column not in table.by_name:
            continue
        number = _distinct(table, nulls, frequency)
        ends = _ends(table.by_name[column].kind, [_text(end) for end in (least, greatest) if end is not None])
        columns.setdefault(name, {})[column] = ColumnStatistics(None if nulls is None else float(nulls), number, *ends)
    return {name: TableStatistics(str(mark or ""), columns.get(name, {})) for name, mark in session.look(_MYSQL_MARKS)}


def _if_allowed(session: Session, sql: str) -> Iterable[tuple[Any, ...]]:
    try:
        return session.look(sql)
    except QueryFailed:
        return ()


def _distinct(table: Table, nulls: object, frequency: object) -> int | None:
    """Rows by how often a value comes."""
    each = float(str(frequency)) if frequency is not None else 0.0
    if not each or table.row_estimate is None:
        return None
    return round(table.row_estimate * (1 - float(str(nulls or 0))) / each)


def _file(session: Session, schema: Schema) -> Statistics:
    """Files keep no statistics; when one was last written holds for all of its tables."""
    mark = ""
    for path in session.files():
        try:
            known = os.stat(path)
        except OSError:
            continue
        mark += f"{known.st_mtime_ns}:{known.st_size} "
    return {table.key: TableStatistics(mark) for table in schema.tables}


def _ends(kind: Kind, texts: Iterable[str]) -> tuple[str | None, str | None]:
    """The least and the greatest of some values written as text."""
    short = [text for text in texts if len(text) <= _LONGEST]
    if not short or kind in (Kind.OTHER, Kind.BOOLEAN):
        return None, None
    if not kind.numeric:
        return min(short), max(short)
    try:
        return min(short, key=Decimal), max(short, key=Decimal)
    except InvalidOperation:
        return None, None


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _key(namespace: str, name: str) -> str:
    return f"{namespace}.{name}" if namespace else name


_BY_DIALECT: Mapping[Dialect, Callable[[Session, Schema], Statistics]] = {
    Dialect.POSTGRES: _postgres,
    Dialect.MYSQL: _mysql,
    Dialect.SQLITE: _file,
    Dialect.DUCKDB: _file,
}
