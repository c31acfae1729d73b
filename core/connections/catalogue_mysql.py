"""What MySQL's and MariaDB's catalogue says of its tables."""

from core.connections.cells import kind_of_type
from core.connections.introspection import ListedKey, ListedTable, Listing, Naming
from core.connections.routines import mysql_routines
from core.connections.schema import Column, Origin, Schema
from core.connections.session import Session

_TABLES = """
    SELECT TABLE_NAME, TABLE_TYPE = 'VIEW', TABLE_COMMENT, TABLE_ROWS FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')
"""
_COLUMNS = """
    SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE = 'YES', COLUMN_COMMENT FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION
"""
_KEYS = """
    SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
"""
_FOREIGN_KEYS = """
    SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
    FROM information_schema.KEY_COLUMN_USAGE
    WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE()
    ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
"""
# Empty for a login that may not see how a view is made.
_VIEWS = "SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"


def introspect_mysql(session: Session) -> Schema:
    """All tables and views of the one database that the session is on."""
    listing = Listing()
    for name, is_view, comment, estimate in session.look(_TABLES):
        # A view's comment is the word VIEW, and it has no rows of its own.
        listing.tables.append(ListedTable(("", name), bool(is_view), "" if is_view else comment or "", estimate))
    for table, name, declared, nullable, comment in session.look(_COLUMNS):
        column = Column(name, declared, kind_of_type(declared), bool(nullable), comment or "")
        listing.columns["", table].append(column)
    keys: dict[tuple[str, str, bool], list[str | None]] = {}
    for table, index, repeats, name in session.look(_KEYS):
        keys.setdefault((table, index, bool(int(repeats))), []).append(name)
    for (table, index, repeats), columns in keys.items():
        names = tuple(name for name in columns if name is not None)
        if len(names) < len(columns):
            continue  # over an expression, so not unique in its columns
        if index == "PRIMARY":
            listing.primary_keys["", table] = names
        else:
            (listing.indexes if repeats else listing.unique_keys)["", table].append(names)
    listing.foreign_keys.extend(_foreign_keys(session))
    for view, definition in session.look(_VIEWS):
        listing.origins["", view] = Origin(definition or "")
    return listing.schema(session.dialect)


def _foreign_keys(session: Session) -> list[ListedKey]:
    pairs: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for table, constraint, name, other, referred in session.look(_FOREIGN_KEYS):
        pairs.setdefault((table, constraint, other), []).append((name, referred))
    return [
        ListedKey(("", table), tuple(own for own, _ in columns), ("", other), tuple(far for _, far in columns))
        for (table, _, other), columns in pairs.items()
    ]


def mysql_naming(session: Session) -> Naming:
    """The database that the session is on, and whether the server's files tell capitals apart."""
    [(namespace, folded)] = session.look("SELECT DATABASE(), @@lower_case_table_names")
    return Naming(namespace or "", int(folded) != 0, mysql_routines(session))
