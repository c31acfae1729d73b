"""What PostgreSQL's catalogue says of its tables."""

from core.connections.cells import kind_of_type
from core.connections.introspection import ListedKey, ListedTable, Listing, Naming, Place
from core.connections.routines import postgres_routines
from core.connections.schema import Column, Kind, Origin, Schema
from core.connections.session import Session

# All this login may read, but no system tables, no partitions (their parent stands for them), no parts of extensions.
_TABLES = """
    SELECT c.oid, CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname END, c.relname,
           c.relkind IN ('v', 'm'), coalesce(obj_description(c.oid, 'pg_class'), ''),
           CASE WHEN c.relkind = 'p' THEN (
               SELECT sum(part.reltuples) FROM pg_partition_tree(c.oid) tree
               JOIN pg_class part ON part.oid = tree.relid WHERE tree.isleaf AND part.reltuples >= 0)
           WHEN c.relkind = 'v' THEN NULL ELSE nullif(c.reltuples, -1) END::bigint
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
      AND NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
_COLUMNS = """
    SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod),
           format_type(coalesce(nullif(t.typbasetype, 0), t.oid), coalesce(nullif(a.atttypmod, -1), t.typtypmod)),
           t.typcategory, NOT a.attnotnull, coalesce(col_description(a.attrelid, a.attnum), '')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    ORDER BY a.attrelid, a.attnum
"""
_KEYS = """
    SELECT i.indrelid, i.indisprimary, i.indisunique, array_agg(a.attname::text ORDER BY k.place)
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = ANY(%s) AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
      AND k.place <= i.indnkeyatts
    GROUP BY i.indrelid, i.indexrelid, i.indisprimary, i.indisunique
"""
_FOREIGN_KEYS = """
    SELECT f.conrelid, array_agg(own.attname::text ORDER BY k.place),
           f.confrelid, array_agg(far.attname::text ORDER BY k.place)
    FROM pg_constraint f
    CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(own, far, place)
    JOIN pg_attribute own ON own.attrelid = f.conrelid AND own.attnum = k.own
    JOIN pg_attribute far ON far.attrelid = f.confrelid AND far.attnum = k.far
    WHERE f.conrelid = ANY(%s) AND f.contype = 'f' AND f.conparentid = 0
    GROUP BY f.conrelid, f.oid, f.confrelid
"""
# How views are made, and which tables show the rows of others as their own (partitions are not listed at all).
_ORIGINS = """
    SELECT c.oid, CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, c.relkind = 'm',
           ARRAY(SELECT i.inhparent::bigint FROM pg_inherits i WHERE i.inhrelid = c.oid)
    FROM pg_class c
    WHERE c.oid = ANY(%s)
      AND (c.relkind IN ('v', 'm') OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid))
"""
_BY_CATEGORY = {"S": Kind.TEXT, "E": Kind.TEXT, "B": Kind.BOOLEAN}
_NEVER = ("A", "V", "C", "R")  # arrays, bit strings, rows, ranges


def introspect_postgres(session: Session) -> Schema:
    """All that this login can read, the first schema of its search path as the default namespace."""
    listing = Listing()
    places: dict[int, Place] = {}
    for oid, namespace, name, is_view, comment, estimate in session.look(_TABLES):
        places[oid] = (namespace, name)
        listing.tables.append(ListedTable(places[oid], is_view, comment, estimate))
    readable = (list(places),)
    for oid, name, declared, base, category, nullable, comment in session.look(_COLUMNS, readable):
        listing.columns[places[oid]].append(Column(name, declared, _kind(base, category), nullable, comment))
    for oid, primary, unique, columns in session.look(_KEYS, readable):
        if primary:
            listing.primary_keys[places[oid]] = tuple(columns)
        else:
            (listing.unique_keys if unique else listing.indexes)[places[oid]].append(tuple(columns))
    for oid, columns, other, referred in session.look(_FOREIGN_KEYS, readable):
        if other in places:
            listing.foreign_keys.append(ListedKey(places[oid], tuple(columns), places[other], tuple(referred)))
    for oid, definition, stored, parents in session.look(_ORIGINS, readable):
        above = tuple(f"{place[0]}.{place[1]}".lstrip(".") for parent in parents if (place := places.get(parent)))
        listing.origins[places[oid]] = Origin(definition or "", stored, above)
    return listing.schema(session.dialect)


def _kind(base: str, category: str) -> Kind:
    """By the type's name, without its domain; by its category where the name is the database's own."""
    if category in _NEVER:
        return Kind.OTHER
    kind = kind_of_type(base)
    return _BY_CATEGORY.get(category, Kind.OTHER) if kind is Kind.OTHER else kind


def postgres_naming(session: Session) -> Naming:
    """The first schema of the search path, which names without a schema mean."""
    [(namespace,)] = session.look("SELECT current_schema()")
    return Naming(namespace or "", routines=postgres_routines(session))
