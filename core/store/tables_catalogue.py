"""Tables of what was read of people's catalogues: how far the index of each table is, and what changed in a schema."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

from core.store.tables import metadata

indexed_tables = Table(
    "indexed_tables",
    metadata,
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("table_key", Text, primary_key=True),
    Column("documents_hash", LargeBinary, nullable=False, server_default=text("''::bytea")),  # what they were made of
    Column("values_hash", LargeBinary, nullable=False, server_default=text("''::bytea")),  # the columns read, and when
    Column("values_at", DateTime(timezone=True)),
    Column("values_kept", Integer, nullable=False, server_default=text("0")),
    # Column name -> share of nulls, distinct values, least, greatest.
    Column("statistics", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)

schema_changes = Table(
    "schema_changes",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("change", JSONB, nullable=False),  # tables added, dropped and changed
    Column("broken", JSONB, nullable=False, server_default=text("'[]'::jsonb")),  # verified questions that fail now
    Column("dismissed_at", DateTime(timezone=True)),
    Column("dismissed_by", Uuid),
    Index("ix_schema_changes_connection_id", "connection_id", "at"),
)
