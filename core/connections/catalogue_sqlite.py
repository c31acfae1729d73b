"""What SQLite's catalogue says of its tables, and what their cells say where it is silent.

SQLite takes any value in any column, so a declared type is a wish. A few cells of each table show what is true.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlglot.expressions as exp

from core.connections.cells import kind_of_type
from core.connections.introspection import ListedKey, ListedTable, Listing, Naming, Place
from core.connections.routines import sqlite_routines
from core.connections.schema import Column, Kind, Origin, Schema
from core.connections.session import Session
from core.errors import QueryFailed

_SAMPLE = 200  # rows looked at in each table
_TABLES = """
    SELECT name, type FROM pragma_table_list
    WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
_COLUMNS = 'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)'
_COLUMNS_OF_ALL = """
    SELECT t.name, c.name, c.type, c."notnull", c.pk, c.hidden
    FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c
    WHERE t.schema = 'main' AND t.type IN ('table', 'virtual') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY t.name, c.cid
"""
_KEYS = """
    SELECT t.name, i.name, i."unique", c.name
    FROM pragma_table_list t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
    WHERE t.schema = 'main' AND t.type = 'table' AND NOT i.partial ORDER BY t.name, i.name, c.seqno
"""
_FOREIGN_KEYS = """
    SELECT t.name, f.id, f."table", f."from", f."to"
    FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f
    WHERE t.schema = 'main' AND t.type = 'table' ORDER BY t.name, f.id, f.seq
"""
_ORIGINS = """
    SELECT name, sql, type = 'table' FROM sqlite_master
    WHERE type = 'view' OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%')
"""
_HIDDEN = 1  # a virtual table's own; 2 and 3 are generated columns, which anybody may read
_FLAGS = {0, 1}


def introspect_sqlite(session: Session) -> Schema:
    """All tables and views of the file. A view that does not work any more is left out."""
    listing = Listing()
    kinds = dict(session.look(_TABLES))
    described: dict[str, list[Sequence[Any]]] = {}
    for table, *column in session.look(_COLUMNS_OF_ALL):
        described.setdefault(table, []).append(column)
    for view in (name for name, kind in kinds.items() if kind == "view"):
        described[view] = _columns_of_view(session, view)
    for name, rows in described.items():
        visible = [row for row in rows if row[4] != _HIDDEN]
        columns = [
            Column(column, declared, _declared_kind(declared), not wanted) for column, declared, wanted, *_ in visible
        ]
        is_view = kinds.get(name) == "view"
        # The rows of a view may take long to make; it is looked into only where nothing is declared.
        if not is_view or any(not column.type for column in columns):
            columns = _as_cells_say(session, name, columns)
        listing.columns["", name] = columns
        listing.tables.append(ListedTable(("", name), is_view, row_estimate=_rows(session, name, kinds.get(name))))
        if primary := tuple(row[0] for row in sorted((row for row in rows if row[3]), key=lambda row: row[3])):
            listing.primary_keys["", name] = primary
    _list_keys(session, listing)
    for name, definition, stored in session.look(_ORIGINS):
        listing.origins["", name] = Origin(definition or "", bool(stored))
    return listing.schema(session.dialect)


def _columns_of_view(session: Session, view: str) -> list[Sequence[Any]]:
    try:
        return list(session.look(_COLUMNS, (view,)))
    except QueryFailed:
        return []


def _declared_kind(declared: str) -> Kind:
    """SQLite's own rules where the name of the type says nothing (https://sqlite.org/datatype3.html, 3.1)."""
    kind = kind_of_type(declared)
    if kind is not Kind.OTHER:
        return kind
    upper = declared.upper()
    rules: tuple[tuple[tuple[str, ...], Kind], ...] = (
        (("INT",), Kind.INTEGER),
        (("CHAR", "CLOB", "TEXT"), Kind.TEXT),
        (("REAL", "FLOA", "DOUB", "NUM", "MONEY", "CURRENCY"), Kind.NUMBER),
    )
    return next((kind for parts, kind in rules if any(part in upper for part in parts)), Kind.OTHER)


def _as_cells_say(session: Session, table: str, columns: list[Column]) -> list[Column]:
    """The same columns with the kind that their cells have, where the two contradict."""
    names = [exp.column(exp.to_identifier(column.name, quoted=True)) for column in columns]
    query = exp.select(*names).from_(exp.to_table(exp.to_identifier(table, quoted=True).sql("sqlite"))).limit(_SAMPLE)
    try:
        sample = session.read(query.sql("sqlite"), _SAMPLE)
    except QueryFailed:
        return columns
    seen = []
    for place, (column, found) in enumerate(zip(columns, sample.columns, strict=True)):
        cells = [row[place] for row in sample.rows if row[place] is not None]
        seen.append(replace(column, kind=_true_kind(column.kind, found.kind, cells)) if cells else column)
    return seen


def _true_kind(declared: Kind, found: Kind, cells: Sequence[Any]) -> Kind:
    """What a column holds. Cells decide, but 0 and 1 may be true and false, whole numbers broken ones, "" nothing."""
    if declared is Kind.BOOLEAN and found is Kind.INTEGER and set(cells) <= _FLAGS:
        return Kind.BOOLEAN
    if declared is Kind.NUMBER and found is Kind.INTEGER:
        return Kind.NUMBER
    if declared is Kind.TIMESTAMP and found is Kind.DATE:
        return Kind.TIMESTAMP
    if declared.numeric and found is Kind.TEXT and all(_numeric(cell) for cell in cells if str(cell).strip()):
        return declared
    return found


def _numeric(cell: object) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return False
    return True


def _rows(session: Session, table: str, kind: str | None) -> int | None:
    """About how many rows: the largest row number, which SQLite finds without counting."""
    if kind != "table":
        return None
    query = exp.select(exp.func("max", exp.column("rowid"))).from_(exp.to_identifier(table, quoted=True))
    try:
        [(largest,)] = session.look(query.sql("sqlite"))
    except QueryFailed:
        return None  # a table WITHOUT ROWID
    return int(largest or 0) if largest is None or isinstance(largest, int) else None


def _list_keys(session: Session, listing: Listing) -> None:
    keys: dict[tuple[str, str, bool], list[str | None]] = {}
    for table, index, unique, column in session.look(_KEYS):
        keys.setdefault((table, index, bool(unique)), []).append(column)
    for (table, _, unique), columns in keys.items():
        names = tuple(name for name in columns if name is not None)
        if len(names) == len(columns):
            (listing.unique_keys if unique else listing.indexes)["", table].append(names)
    listing.foreign_keys.extend(_foreign_keys(session, listing))


def _foreign_keys(session: Session, listing: Listing) -> Iterator[ListedKey]:
    """Keys that lead to a table of this file; one that names no columns leads to its primary key."""
    places: dict[str, Place] = {table.place[1].lower(): table.place for table in listing.tables}
    pairs: dict[tuple[str, int, str], list[tuple[str, str | None]]] = {}
    for table, number, other, own, far in session.look(_FOREIGN_KEYS):
        pairs.setdefault((table, number, other), []).append((own, far))
    for (table, _, other), ends in pairs.items():
        if (referred := places.get(other.lower())) is None:
            continue
        far_names = tuple(far for _, far in ends if far is not None) or listing.primary_keys.get(referred, ())
        yield ListedKey(
            ("", table),
            tuple(_spelled(listing, ("", table), own) for own, _ in ends),
            referred,
            tuple(_spelled(listing, referred, far) for far in far_names),
        )


def _spelled(listing: Listing, place: Place, name: str) -> str:
    """A column's name as its table spells it: keys may write it in another case."""
    return next((column.name for column in listing.columns[place] if column.name.lower() == name.lower()), name)


def sqlite_naming(session: Session) -> Naming:
    """Names are read as everywhere; its functions are those of the library."""
    return Naming(routines=sqlite_routines(session))
