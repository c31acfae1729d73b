"""What DuckDB's catalogue says of its tables."""

import json

from core.connections.cells import kind_of_type
from core.connections.introspection import ListedKey, ListedTable, Listing, Naming, Place
from core.connections.routines import duckdb_routines
from core.connections.schema import Column, Origin, Schema
from core.connections.session import Session

_TABLES = """
    SELECT schema_name, table_name, false, comment, estimated_size FROM duckdb_tables()
    WHERE database_name = current_database() AND NOT internal AND NOT temporary
    UNION ALL
    SELECT schema_name, view_name, true, comment, NULL FROM duckdb_views()
    WHERE database_name = current_database() AND NOT internal AND NOT temporary
"""
_COLUMNS = """
    SELECT schema_name, table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()
    WHERE database_name = current_database() AND NOT internal ORDER BY schema_name, table_name, column_index
"""
_KEYS = """
    SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names
    FROM duckdb_constraints()
    WHERE database_name = current_database() AND constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
"""
_INDEXES = """
    SELECT schema_name, table_name, expressions FROM duckdb_indexes()
    WHERE database_name = current_database() AND NOT is_unique
"""
_VIEWS = """
    SELECT schema_name, view_name, sql FROM duckdb_views()
    WHERE database_name = current_database() AND NOT internal AND NOT temporary
"""


def introspect_duckdb(session: Session) -> Schema:
    """All tables and views of the file, `main` as the default namespace."""
    listing = Listing()
    for namespace, name, is_view, comment, estimate in session.look(_TABLES):
        listing.tables.append(ListedTable(_place(namespace, name), is_view, comment or "", estimate))
    for namespace, table, name, declared, nullable, comment in session.look(_COLUMNS):
        column = Column(name, declared, kind_of_type(declared), nullable, comment or "")
        listing.columns[_place(namespace, table)].append(column)
    for namespace, table, constraint, columns, other, referred in session.look(_KEYS):
        place, names = _place(namespace, table), tuple(json.loads(columns))
        if constraint == "PRIMARY KEY":
            listing.primary_keys[place] = names
        elif constraint == "UNIQUE":
            listing.unique_keys[place].append(names)
        else:
            # A foreign key never leaves its own namespace in DuckDB.
            key = ListedKey(place, names, _place(namespace, other), tuple(json.loads(referred)))
            listing.foreign_keys.append(key)
    for namespace, table, expressions in session.look(_INDEXES):
        place = _place(namespace, table)
        known = {column.name for column in listing.columns[place]}
        named = [name.strip().strip("'\"") for name in (expressions or "").strip("[]").split(",")]
        if known.issuperset(named):
            listing.indexes[place].append(tuple(named))
    for namespace, view, definition in session.look(_VIEWS):
        listing.origins[_place(namespace, view)] = Origin(definition or "")
    return listing.schema(session.dialect)


def _place(namespace: str, table: str) -> Place:
    return ("" if namespace == "main" else namespace, table)


def duckdb_naming(session: Session) -> Naming:
    """Names are read as everywhere; what functions mean, the engine and the file's macros say."""
    return Naming(routines=duckdb_routines(session))
