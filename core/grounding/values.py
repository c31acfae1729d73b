"""Real cell values that match the words of a question."""

import re
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from core.connections.schema import Column, Kind, Schema, Table
from core.grounding.folding import fold
from core.grounding.keys import KEY_WORDS
from core.grounding.names import words_of
from core.store.sessions import Store
from core.store.tables import cell_values, connections

MOST_DISTINCT = 5_000  # values of one column; a column of more is not a list of names
MOST_VALUES = 200_000  # of one connection
LONGEST = 100  # characters of one value
_SAME, _FOLDED, _NEAR = 1.0, 0.95, 0.89  # similarities: the very text; but for case; at most, when fuzzy
_LEAST_RATIO = 0.8  # of a fuzzy match, 1 is equal
_CANDIDATES = 4_000
_SCANNED = 20_000
_CHUNK = 5_000
_SHELVED = 32  # connections
_SECRET = frozenset({"password", "passwd", "pwd", "secret", "token", "salt", "hash", "credential", "ssn", "cvv", "pin"})
_FREE_TEXT = frozenset(
    {"comment", "comments", "note", "notes", "remark", "body", "message", "html", "json", "xml", "url", "uri", "link"}
    | {"path", "file", "image", "photo", "picture", "guid", "uuid", "checksum", "md5", "sha", "sql", "query", "备注"}
)


@dataclass(frozen=True)
class ValueHit:
    """A value that stands in a column. `words` are the question's words it explains.

    `similarity` in (0, 1]: 1 for the very same text, a little less when only case, accents or width differ,
    and below 0.9 for a fuzzy match.
    """

    table: str
    column: str
    value: str
    words: str
    similarity: float


class ValueSource(Protocol):
    """Whatever can look values up for one connection."""

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        """The stored values equal to one of these phrases (case folded), or near it when `fuzzy`; best first."""
        ...


class StoredValues:
    """The values of one connection as the index keeps them. Raises `StoreUnreachable`."""

    def __init__(self, store: Store, connection_id: UUID) -> None:
        self._store, self._connection_id = store, connection_id

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        """One query for all phrases; a second one for candidates when `fuzzy`."""
        asked = _by_folded(phrases)
        if not asked:
            return []
        v = cell_values.c
        stored = sa.select(v.table_key, v.column_name, v.value, v.folded).where(v.connection_id == self._connection_id)
        with self._store.reading() as connection:
            rows = [tuple(r) for r in connection.execute(stored.where(v.folded.in_(asked)).order_by(v.id))]
            if fuzzy:
                rows += [tuple(r) for r in connection.execute(self._near(asked))]
        return _matches(rows, asked, fuzzy)

    def _near(self, asked: Iterable[str]) -> sa.CompoundSelect[Any]:
        """Values worth comparing with what was asked: those that begin alike, found by the index however many there
        are, and of the first twenty thousand also those that end alike or hold it."""
        v = cell_values.c
        columns = (v.table_key, v.column_name, v.value, v.folded)
        mine = v.connection_id == self._connection_id
        begin = sa.select(*columns).where(mine, sa.or_(*[_begins_alike(v.folded, folded) for folded in asked]))
        some = sa.select(*columns).where(mine).limit(_SCANNED).subquery("some")
        other = sa.select(some).where(sa.or_(*[_is_alike(some.c.folded, folded) for folded in asked]))
        return sa.union_all(
            sa.select(begin.limit(_CANDIDATES).subquery()), sa.select(other.limit(_CANDIDATES).subquery())
        )

    def of_column(self, table: str, column: str, limit: int = 50) -> list[str]:
        """The values of one column, the most frequent first, at most `limit`; [] if they are not listed."""
        v = cell_values.c
        mine = (v.connection_id == self._connection_id, v.table_key == table, v.column_name == column)
        with self._store.reading() as connection:
            return list(connection.scalars(sa.select(v.value).where(*mine).order_by(v.id).limit(limit)))


class ListedValues:
    """Values given as lists, by (table key, column): for a database that no index knows."""

    def __init__(self, values: Mapping[tuple[str, str], Iterable[str]]) -> None:
        self._columns = {place: list(found) for place, found in values.items()}
        self._rows: dict[str, list[_Row]] = defaultdict(list)
        for (table, column), found in self._columns.items():
            for value in found:
                folded = fold(value)
                self._rows[folded].append((table, column, value, folded))

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        asked = _by_folded(phrases)
        rows = [row for folded in asked for row in self._rows.get(folded, ())]
        if fuzzy:
            rows += [row for rows in self._rows.values() for row in rows]
        return _matches(rows, asked, fuzzy)

    def of_column(self, table: str, column: str, limit: int = 50) -> list[str]:
        return self._columns.get((table, column), [])[:limit]


_Row = tuple[str, str, str, str]  # table, column, value, folded


def _by_folded(phrases: Sequence[str]) -> dict[str, str]:
    """What is looked up -> the phrase as it was said; the first of equal ones."""
    asked: dict[str, str] = {}
    for phrase in phrases:
        if folded := fold(phrase):
            asked.setdefault(folded, phrase)
    return asked


def _begins_alike(stored: sa.ColumnElement[str], folded: str) -> sa.ColumnElement[bool]:
    """Like length and the same two first letters."""
    start = re.sub(r"([\\%_])", r"\\\1", folded[:2])
    return sa.and_(stored.like(start + "%"), _like_length(stored, folded))


def _is_alike(stored: sa.ColumnElement[str], folded: str) -> sa.ColumnElement[bool]:
    """Like length with the same first or last letters, or holding the phrase."""
    same_end = sa.or_(sa.func.left(stored, 1) == folded[:1], sa.func.right(stored, 2) == folded[-2:])
    near = sa.and_(_like_length(stored, folded), same_end)
    return sa.or_(near, sa.func.strpos(stored, folded) > 0) if _can_be_part(folded) else near


def _like_length(stored: sa.ColumnElement[str], folded: str) -> sa.ColumnElement[bool]:
    slack = max(1, len(folded) // 4)
    return sa.func.length(stored).between(len(folded) - slack, len(folded) + slack)


def _can_be_part(folded: str) -> bool:
    """Whether a phrase says enough to be looked for inside values: four letters, or two Chinese characters."""
    return len(folded) >= (4 if folded.isascii() else 2)


def _matches(rows: Iterable[_Row], asked: Mapping[str, str], fuzzy: bool) -> list[ValueHit]:
    """Each stored value with the phrase that it matches best, best first, each once."""
    best: dict[tuple[str, str, str], ValueHit] = {}
    for table, column, value, folded in rows:
        for phrase, similarity in _similar(value, folded, asked, fuzzy):
            known = best.get((table, column, value))
            if known is None or similarity > known.similarity:
                best[table, column, value] = ValueHit(table, column, value, phrase, similarity)
    return sorted(best.values(), key=lambda hit: -hit.similarity)


def _similar(value: str, folded: str, asked: Mapping[str, str], fuzzy: bool) -> Iterable[tuple[str, float]]:
    if folded in asked:
        phrase = asked[folded]
        yield phrase, _SAME if phrase.strip() == value else _FOLDED
    elif fuzzy:
        from rapidfuzz import fuzz

        for wanted, phrase in asked.items():
            ratio = fuzz.ratio(wanted, folded) / 100 if len(wanted) > 3 else 0.0
            if _can_be_part(wanted) and _holds(folded, wanted):
                ratio = max(ratio, _LEAST_RATIO + 0.1 * len(wanted) / len(folded))
            if ratio >= _LEAST_RATIO:
                yield phrase, _NEAR * ratio


def _holds(folded: str, wanted: str) -> bool:
    """Whether `wanted` stands in a value as whole words; Chinese has no blanks, so anywhere."""
    return wanted in folded if not wanted.isascii() else f" {wanted} " in f" {folded} "


def indexable(table: Table, column: Column) -> bool:
    """Whether a column's values may be names that people say: text, and no key, secret, address or free text."""
    words = words_of(column.name)
    if column.kind is not Kind.TEXT or not words or (column.name in table.primary_key and words[-1] in KEY_WORDS):
        return False
    if _SECRET & set(words) or _FREE_TEXT & set(words[-1:]):
        return False
    return words[-1] not in {"id", "key", "fk", "sk"} and not _is_wide(column.type)


def worth_listing(values: Sequence[str]) -> list[str]:
    """The values of a column that are kept: [] where there are more than 5,000, or where they are prose."""
    short = [value for value in values if value and len(value) <= LONGEST and "\x00" not in value]
    prose = sum(1 for value in short if value.count(" ") > 11)
    if len(values) > MOST_DISTINCT or len(short) < 0.8 * len(values) or prose > 0.2 * len(values):
        return []
    return short


def _is_wide(declared: str) -> bool:
    """Whether the declared type is for documents rather than names."""
    bare = declared.lower().split("(")[0].strip()
    return bare in {"json", "jsonb", "xml", "bytea", "blob", "mediumtext", "longtext", "uuid", "tsvector", "geometry"}


class ValueLists:
    """Writes the values of connections. Every method raises `StoreUnreachable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, connection_id: UUID, table: str, column: str, values: Sequence[str]) -> None:
        """Make these the values of one column, the most frequent first, in place of what was there."""
        v = cell_values.c
        where = (v.connection_id == connection_id, v.table_key == table, v.column_name == column)
        place = {"connection_id": connection_id, "table_key": table, "column_name": column}
        with self._store.begin() as connection:
            there = connection.scalars(sa.select(v.value).where(*where).order_by(v.id)).all()
            if list(there) == list(values):
                return
            connection.execute(sa.delete(cell_values).where(*where))
            for start in range(0, len(values), _CHUNK):
                some = [{**place, "value": x, "folded": fold(x)} for x in values[start : start + _CHUNK]]
                connection.execute(sa.insert(cell_values), some)

    def keep_only(self, connection_id: UUID, schema: Schema) -> None:
        """Forget the values of columns that are no longer there or should not be listed."""
        v = cell_values.c
        mine = v.connection_id == connection_id
        listed = {(t.key, c.name) for t in schema.tables for c in t.columns if indexable(t, c)}
        with self._store.begin() as connection:
            known = connection.execute(sa.select(v.table_key, v.column_name).where(mine).distinct()).all()
            for table, column in {(r.table_key, r.column_name) for r in known} - listed:
                connection.execute(sa.delete(cell_values).where(mine, v.table_key == table, v.column_name == column))

    def samples(self, connection_id: UUID, each: int = 5) -> dict[tuple[str, str], list[str]]:
        """The most frequent values of every listed column, by (table key, column)."""
        v = cell_values.c
        mine = v.connection_id == connection_id
        columns = sa.select(v.table_key, v.column_name).where(mine).distinct().cte("columns")
        same = (mine, v.table_key == columns.c.table_key, v.column_name == columns.c.column_name)
        few = sa.select(v.id, v.value).where(*same).order_by(v.id).limit(each).lateral("few")
        query = sa.select(columns.c.table_key, columns.c.column_name, few.c.value)
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        with self._store.reading() as connection:
            for row in connection.execute(query.select_from(columns.join(few, sa.true())).order_by(few.c.id)):
                found[row.table_key, row.column_name].append(row.value)
        return dict(found)


class SampleShelf:
    """The first values of every column, read once for each state of a connection's index. Safe for many threads."""

    def __init__(self, store: Store, each: int = 64) -> None:
        self._store, self._lists, self._each = store, ValueLists(store), each
        self._lock = threading.Lock()
        self._kept: OrderedDict[UUID, tuple[str, _Samples]] = OrderedDict()

    def of(self, connection_id: UUID) -> "_Samples":
        """At most 64 values of each listed column, the most frequent first, by (table key, column)."""
        stamp = self._stamp(connection_id)
        with self._lock:
            kept = self._kept.get(connection_id)
        if kept and kept[0] == stamp:
            return kept[1]
        samples = self._lists.samples(connection_id, self._each)
        with self._lock:
            self._kept[connection_id] = (stamp, samples)
            self._kept.move_to_end(connection_id)
            while len(self._kept) > _SHELVED:
                self._kept.popitem(last=False)
        return samples

    def _stamp(self, connection_id: UUID) -> str:
        """Changes with each step of a build and with its end, but not with its progress within a step."""
        step = connections.c.index_state["step"].astext
        change = sa.case((step == "done", sa.literal_column("connections.xmin::text")), else_="")
        query = sa.select(step, change).where(connections.c.id == connection_id)
        with self._store.reading() as connection:
            return str(connection.execute(query).first())


_Samples = Mapping[tuple[str, str], Sequence[str]]
