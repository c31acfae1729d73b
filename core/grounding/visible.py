"""What of a connection's index one actor may see.

The index is made once, of all rows, for everybody. Of a table from which policies take rows, and of a masked column,
nothing of it is shown: values of such a table are read through the connection instead, which gives those of the
actor's own rows.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.connections.schema import Schema
from core.errors import ConnectionFailed, NotFound, QueryFailed, QueryRefused
from core.grounding.sources import Opened, Readable
from core.grounding.stored_values import StoredValues
from core.grounding.values import ListedValues, ValueHit, indexable, worth_listing
from core.security.policies import Rights, TableRights

_TABLES, _PER_COLUMN = 8, 500  # tables whose values are read for one actor, and values of each of their columns
_SECONDS, _TABLE_SECONDS = 3.0, 1.5  # a question does not wait longer for them
_FRESH = 600.0  # seconds
_KEPT = 64

Samples = Mapping[tuple[str, str], Sequence[str]]


@dataclass(frozen=True)
class Sight:
    """Tells what may be shown of the index under these rights. `schema` holds what the actor may see."""

    schema: Schema
    rights: Rights

    @classmethod
    def of(cls, connection: Opened) -> "Sight":
        """What this connection's actor may see."""
        return cls(connection.schema, connection.scope.rights)

    @property
    def is_whole(self) -> bool:
        """Whether no policy takes anything away."""
        return not self.rights.version

    @property
    def barred(self) -> frozenset[str]:
        """The tables whose documents tell of what this actor may not see: hidden ones, and those less than whole."""
        return self.rights.hidden_tables | frozenset(self.rights.tables)

    @property
    def withheld(self) -> frozenset[str]:
        """The tables of which no value that the index holds is shown: hidden ones, and those seen in part."""
        return self.rights.hidden_tables | {key for key, own in self.rights.tables.items() if own.limited}

    def is_limited(self, table: str) -> bool:
        """Whether the actor sees only some rows of a table."""
        return self._of(table).limited

    def shows(self, table: str, column: str) -> bool:
        """Whether the actor may see every value of a column as it is."""
        own = self._of(table)
        known = self.schema.by_key.get(table) if table not in self.rights.hidden_tables else None
        return known is not None and column in known.by_name and not own.limited and column not in own.masks

    def own_columns(self) -> dict[str, list[str]]:
        """The columns of limited tables whose values are worth reading for the actor, by table."""
        found: dict[str, list[str]] = {}
        for key, rights in self.rights.tables.items():
            table = self.schema.by_key.get(key)
            if table is not None and rights.limited and len(found) < _TABLES:
                worth = [c.name for c in table.columns if indexable(table, c) and c.name not in rights.masks]
                if worth:
                    found[key] = worth
        return found

    def _of(self, table: str) -> TableRights:
        return self.rights.tables.get(table) or TableRights()


class VisibleValues:
    """The values of one connection that its actor may see: what the index holds of columns that are theirs whole, and
    `own`, which was read for them."""

    def __init__(self, stored: StoredValues, sight: Sight, own: ListedValues) -> None:
        self._stored, self._sight, self._own = stored, sight, own

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        hits = [hit for hit in self._stored.matching(phrases, fuzzy) if self._sight.shows(hit.table, hit.column)]
        if self._sight.is_whole:
            return hits
        return sorted([*hits, *self._own.matching(phrases, fuzzy)], key=lambda hit: -hit.similarity)

    def of_column(self, table: str, column: str, limit: int = 50) -> list[str]:
        """The values of one column, the most frequent first, at most `limit`; [] if they are not listed."""
        if self._sight.shows(table, column):
            return self._stored.of_column(table, column, limit)
        return self._own.of_column(table, column, limit)

    def holds_all(self, table: str, column: str) -> bool:
        """Whether every value of a column that the actor may see is known."""
        if self._sight.shows(table, column):
            return self._stored.holds_all(table, column)
        return 0 < len(self._own.of_column(table, column, _PER_COLUMN)) < _PER_COLUMN


@dataclass(frozen=True)
class OwnValues:
    """Values of an actor's own rows: for looking up, and as samples."""

    listed: ListedValues
    samples: Samples
    schema_version: str = ""
    read_at: float = 0.0


class OwnShelf:
    """The values of limited tables as each kind of actor sees them, read through the connection now and then.

    Kept by the version of the rights: people who may see the same share them. Safe for many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[UUID, str], OwnValues] = OrderedDict()

    def of(self, connection: Readable) -> OwnValues:
        """What this connection's actor sees of the tables they see in part; nothing where that takes too long."""
        sight = Sight.of(connection)
        if sight.is_whole:
            return _NOTHING
        place = (connection.id, sight.rights.version)
        with self._lock:
            kept = self._kept.get(place)
        if kept and kept.schema_version == sight.schema.version and time.monotonic() - kept.read_at < _FRESH:
            return kept
        found = _read(connection, sight)
        made = OwnValues(ListedValues(found), found, sight.schema.version, time.monotonic())
        with self._lock:
            self._kept[place] = made
            self._kept.move_to_end(place)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def _read(connection: Readable, sight: Sight) -> dict[tuple[str, str], list[str]]:
    """The values of the actor's own rows, table by table, while there is time."""
    found: dict[tuple[str, str], list[str]] = {}
    deadline = time.monotonic() + _SECONDS
    for table, columns in sight.own_columns().items():
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            read = connection.values_of(table, columns, _PER_COLUMN, min(left, _TABLE_SECONDS))
        except (ConnectionFailed, NotFound, QueryFailed, QueryRefused):
            continue
        for column, values in read.items():
            kept = worth_listing(values)
            if kept:
                found[table, column] = kept
    return found


def visible_samples(samples: Samples, own: Samples, sight: Sight) -> Samples:
    """The samples that an actor may see, those of their own rows with them."""
    if sight.is_whole:
        return samples
    return {**{place: found for place, found in samples.items() if sight.shows(*place)}, **own}


_NOTHING = OwnValues(ListedValues({}), {})
