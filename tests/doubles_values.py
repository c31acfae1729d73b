"""Stand-ins for the index of cell values: the text values of a SQLite file, or of a plain mapping, in memory."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.values import ValueHit


class ListedValues:
    """Finds whole values, case folded, among those listed by (table key, column name)."""

    def __init__(self, values: Mapping[tuple[str, str], Sequence[str]]) -> None:
        self._places: dict[str, list[tuple[str, str, str]]] = {}
        for (table, column), texts in values.items():
            for text in texts:
                self._places.setdefault(text.strip().casefold(), []).append((table, column, text))

    def matching(self, phrases: Sequence[str], fuzzy: bool = False) -> list[ValueHit]:
        """The values equal to a phrase; near ones are not looked for."""
        return [
            ValueHit(table, column, value, phrase, 1.0 if value == phrase else 0.97)
            for phrase in phrases
            for table, column, value in self._places.get(phrase.strip().casefold(), ())
        ]


_KINDS = (
    ("bool", Kind.BOOLEAN), ("int", Kind.INTEGER), ("real", Kind.NUMBER), ("floa", Kind.NUMBER), ("doub", Kind.NUMBER),
    ("num", Kind.NUMBER), ("dec", Kind.NUMBER), ("timestamp", Kind.TIMESTAMP), ("datetime", Kind.TIMESTAMP),
    ("date", Kind.DATE), ("time", Kind.TIME), ("char", Kind.TEXT), ("text", Kind.TEXT), ("clob", Kind.TEXT),
)  # fmt: skip


def _kind(declared: str) -> Kind:
    return next((kind for part, kind in _KINDS if part in declared.lower()), Kind.OTHER)


def schema_of(file: Path) -> Schema:
    """The schema of a SQLite file."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        names = [name for (name,) in db.execute(listed)]
        by_lower = {name.lower(): name for name in names}
        views = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
        tables = tuple(replace(_table(db, name, by_lower), is_view=name in views) for name in names)
        return Schema(Dialect.SQLITE, tables)


def _table(db: sqlite3.Connection, name: str, names: Mapping[str, str]) -> Table:
    rows = db.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
    columns = tuple(Column(column, declared, _kind(declared)) for column, declared, _ in rows)
    key = tuple(column for column, _, place in sorted(rows, key=lambda r: r[2]) if place)
    steps: dict[int, list[tuple[str, str, str]]] = {}
    sql = 'SELECT id, "from", "table", "to" FROM pragma_foreign_key_list(?)'
    for number, here, target, there in db.execute(sql, (name,)):
        steps.setdefault(number, []).append((here, names.get(target.lower(), target), there))
    own = {c.name.lower(): c.name for c in columns}
    keys = tuple(
        ForeignKey(tuple(own.get(h.lower(), h) for h, _, _ in pairs), pairs[0][1], tuple(str(t) for _, _, t in pairs))
        for pairs in steps.values()
        if all(there for _, _, there in pairs)
    )
    return Table(name, columns, primary_key=key, foreign_keys=keys)


def values_of(file: Path, most: int = 20_000) -> ListedValues:
    """The distinct texts of every text column of a SQLite file, at most `most` of each."""
    found: dict[tuple[str, str], list[str]] = {}
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        for table in schema_of(file).tables:
            for column in table.columns:
                if column.kind in (Kind.TEXT, Kind.OTHER):
                    sql = 'SELECT DISTINCT "{}" FROM "{}" LIMIT ?'.format(
                        column.name.replace('"', '""'), table.name.replace('"', '""')
                    )
                    rows = db.execute(sql, (most,)).fetchall()
                    found[table.key, column.name] = [v for (v,) in rows if isinstance(v, str) and 0 < len(v) <= 80]
    return ListedValues(found)


_TABLE = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\);", re.DOTALL)
_COMMENT = re.compile(r"COMMENT ON (?:TABLE|COLUMN) (\w+)(?:\.(\w+))? IS '((?:[^']|'')*)';")
_PRIMARY = re.compile(r"ALTER TABLE (\w+) ADD PRIMARY KEY \(([^)]*)\)((?:, ADD UNIQUE \([^)]*\))*)")
_FOREIGN = re.compile(r"ALTER TABLE (\w+) ADD FOREIGN KEY \((\w+)\) REFERENCES (\w+)")


def shop_schema(folder: Path) -> Schema:
    """The schema of the demo shop, read from its SQL files: as PostgreSQL would describe it, with no server."""
    text, keys = (folder / "demo_shop_tables.sql").read_text(), (folder / "demo_shop_keys.sql").read_text()
    comments = {(t, c): said for t, c, said in _COMMENT.findall(text)}
    primary = {t: tuple(k.split(", ")) for t, k, _ in _PRIMARY.findall(keys)}
    unique = {t: tuple((u,) for u in re.findall(r"UNIQUE \((\w+)\)", rest)) for t, _, rest in _PRIMARY.findall(keys)}
    foreign: dict[str, list[ForeignKey]] = {}
    for table, column, target in _FOREIGN.findall(keys):
        foreign.setdefault(table, []).append(ForeignKey((column,), target, primary[target]))
    tables = []
    for name, body in _TABLE.findall(text):
        columns = tuple(
            Column(column, declared, _kind(declared), comment=comments[name, column])
            for column, declared in (line.strip().rstrip(",").split(" ", 1) for line in body.strip().splitlines())
        )
        tables.append(
            Table(
                name, columns, primary_key=primary[name], foreign_keys=tuple(foreign.get(name, ())),
                unique_keys=unique[name], comment=comments[name, ""],
            )
        )  # fmt: skip
    return Schema(Dialect.POSTGRES, tuple(tables))
