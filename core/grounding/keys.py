"""Keys that a schema does not declare: suggested by names and types, confirmed by values, decided by people.

`keyed` is where everybody has them from: the graph of joins, and the instant engine.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache

from core.connections.schema import Column, ForeignKey, Schema, Table
from core.grounding.names import singular, words_of

KEY_WORDS = frozenset({"id", "key", "code", "no", "num", "number", "fk", "sk", "uuid", "编号", "号", "代码", "编码"})
_PREFIXES = frozenset({"tbl", "t", "dim", "fact", "fct", "stg", "tb", "d", "f", "raw"})


class Standing(StrEnum):
    """What speaks for or against a key that is not declared."""

    ACCEPTED = "accepted"  # by a person
    MET = "met"  # the values of the one column stand in the other
    UNMET = "unmet"  # they do not
    REJECTED = "rejected"  # by a person


@dataclass(frozen=True)
class UndeclaredKey(ForeignKey):
    """A key that names suggest or people accepted; the database knows nothing of it."""

    accepted: bool = False


@dataclass(frozen=True)
class KeyedSchema(Schema):
    """A schema with the keys that its tables leave unsaid."""


Known = dict[tuple[str, ForeignKey], Standing]  # by table key and key


def keyed(schema: Schema, known: Known | None = None) -> KeyedSchema:
    """The schema with the primary keys that first columns tell, and the undeclared keys that nothing speaks against.

    Those that names suggest are taken for tables that declare none, and others where values confirm them.
    """
    if isinstance(schema, KeyedSchema):
        return schema
    said = known or {}
    refused = {place for place, standing in said.items() if standing in (Standing.UNMET, Standing.REJECTED)}
    keys: dict[str, dict[ForeignKey, bool]] = defaultdict(dict)
    for place in inferred_keys(schema):
        if place not in refused:
            keys[place[0]][place[1]] = False
    for (table_key, key), standing in said.items():
        if standing in (Standing.ACCEPTED, Standing.MET) and _holds(schema, table_key, key):
            keys[table_key][key] = standing is Standing.ACCEPTED
    owners = {singular(t.name.lower()) + ending for t in schema.tables for ending in ("_id", "id")}
    tables = tuple(_with_keys(_with_primary(table, owners), keys.get(table.key, {})) for table in schema.tables)
    given = {field.name: getattr(schema, field.name) for field in fields(schema) if field.init}
    return KeyedSchema(**{**given, "tables": tables})


def _with_keys(table: Table, keys: dict[ForeignKey, bool]) -> Table:
    declared = {key.columns: key.referred_table for key in table.foreign_keys}
    more = tuple(
        UndeclaredKey(key.columns, key.referred_table, key.referred_columns, accepted)
        for key, accepted in keys.items()
        if declared.get(key.columns) != key.referred_table
    )
    return replace(table, foreign_keys=(*table.foreign_keys, *more)) if more else table


def _holds(schema: Schema, table_key: str, key: ForeignKey) -> bool:
    """Whether both ends are there, for whoever sees this schema."""
    ends = ((table_key, key.columns), (key.referred_table, key.referred_columns))
    return all(t in schema.by_key and set(columns) <= schema.by_key[t].by_name.keys() for t, columns in ends)


def _with_primary(table: Table, named: set[str]) -> Table:
    """A table without a key whose first column is its id; a bridge of ids alone has none, and a first column that is
    named after another table, or declared to, points there."""
    if table.primary_key or table.is_view or not table.columns or not _is_id(table.columns[0].name):
        return table
    first, own = table.columns[0].name.lower(), singular(table.name.lower())
    if (first in named and first not in (f"{own}_id", f"{own}id")) or all(_is_id(c.name) for c in table.columns):
        return table
    if any(table.columns[0].name in key.columns for key in table.foreign_keys):
        return table
    return replace(table, primary_key=(table.columns[0].name,))


def _is_id(name: str) -> bool:
    return name.lower().endswith(("id", "_key", "_code")) and name.lower() not in ("paid", "valid", "void", "bid")


@dataclass(frozen=True)
class _Target:
    """A table that could be referred to by one column of its own."""

    table: Table
    column: Column


def inferred_keys(schema: Schema, beside_declared: bool = False) -> Iterator[tuple[str, ForeignKey]]:
    """Likely keys as (table key, foreign key), for tables that declare none, or for all columns without a key.

    `customer_id` points at `customers.id` or `customers.customer_id`; `billing_address_id` at `addresses.id`;
    a column named as the only key column of exactly one other table points at it. Kinds must be equal, and a
    name that could mean two tables means none.
    """
    targets = _Targets(schema)
    for table in schema.tables:
        if table.is_view or (table.foreign_keys and not beside_declared):
            continue
        prefix = _common_prefix(table)
        known = {name for key in table.foreign_keys for name in key.columns}
        for column in table.columns:
            if column.name in known:
                continue
            target = targets.of(table, column, column.name.removeprefix(prefix))
            if target is not None:
                yield table.key, ForeignKey((column.name,), target.table.key, (target.column.name,))


class _Targets:
    """What could be referred to: by the table's name in the singular, and by the key column's name."""

    def __init__(self, schema: Schema) -> None:
        self._by_name: dict[tuple[str, ...], list[_Target]] = defaultdict(list)
        self._by_column: dict[str, list[_Target]] = defaultdict(list)
        for table in schema.tables:
            column = _key_column(table)
            if column is not None:
                target = _Target(table, column)
                self._by_name[_stem(table.name)].append(target)
                self._by_column[column.name.removeprefix(_common_prefix(table)).lower()].append(target)

    def of(self, table: Table, column: Column, name: str) -> _Target | None:
        """The one key that this column, called `name`, seems to point at."""
        words = words_of(name)
        is_own_key = table.primary_key == (column.name,)
        if _is_key_name(words) and not is_own_key:
            same = _nearest(self._by_column.get(name.lower(), ()), table)
            if len(same) == 1:
                return same[0] if same[0].column.kind == column.kind else None
        if len(words) < 2 or words[-1] not in KEY_WORDS:
            return None
        for start in range(1 if is_own_key else len(words) - 1):
            found = _nearest(self._by_name.get(_singulars(words[start:-1]), ()), table)
            if found:
                return found[0] if len(found) == 1 and found[0].column.kind == column.kind else None
        return None


def _nearest(targets: Iterable[_Target], table: Table) -> list[_Target]:
    """The targets outside `table`; those in its own namespace where there are any."""
    others = [target for target in targets if target.table.key != table.key]
    return [target for target in others if target.table.namespace == table.namespace] or others


def _is_key_name(words: tuple[str, ...]) -> bool:
    """Whether a name says that it identifies something in particular: `customer_id` and `stuid`, but not `id`."""
    if len(words) > 1:
        return words[-1] in KEY_WORDS
    return bool(words) and words[0] not in KEY_WORDS and words[0].endswith(("id", "no", "key", "code"))


def _key_column(table: Table) -> Column | None:
    """The one column that names a row: the primary key, or, where no key is known, a first `id` or `<table>_id`."""
    if len(table.primary_key) == 1:
        return table.by_name.get(table.primary_key[0])
    if table.primary_key or table.is_view or not table.columns:
        return None
    first, words = table.columns[0], words_of(table.columns[0].name)
    own = words and words[-1] in KEY_WORDS and (len(words) == 1 or _singulars(words[:-1]) == _stem(table.name))
    return first if own else None


@lru_cache(maxsize=16384)
def _prefix_of(names: tuple[str, ...]) -> str:
    prefix = names[0][: names[0].find("_") + 1]
    return prefix if all(name.startswith(prefix) for name in names) else ""


def _common_prefix(table: Table) -> str:
    """The prefix that all columns share (`o_` in TPC-H's orders), "" for tables of fewer than three columns."""
    return _prefix_of(tuple(c.name for c in table.columns)) if len(table.columns) > 2 else ""


def _stem(name: str) -> tuple[str, ...]:
    """A table's name in the singular without a prefix of its kind: `dim_customers` as ("customer",)."""
    words = words_of(name)
    return _singulars(words[1:] if len(words) > 1 and words[0] in _PREFIXES else words)


def _singulars(words: tuple[str, ...]) -> tuple[str, ...]:
    return (*words[:-1], singular(words[-1])) if words else ()
