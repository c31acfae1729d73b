"""Tables of join keys that a database does not declare: what suggests them, and what people decided."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Table, Text, UniqueConstraint, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.store.tables import metadata

join_keys = Table(
    "join_keys",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("table_key", Text, nullable=False),
    Column("columns", ARRAY(Text), nullable=False),
    Column("referred_table", Text, nullable=False),
    Column("referred_columns", ARRAY(Text), nullable=False),
    Column("types", Text, nullable=False),  # of both columns as they were when the values were compared
    Column("looked_at", Integer, nullable=False, server_default=text("0")),  # different values that were compared
    Column("met", Integer, nullable=False, server_default=text("0")),  # those of them that the other table has
    Column("state", Text, nullable=False, server_default="suggested"),  # suggested, accepted, rejected
    Column("decided_by", Uuid),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("connection_id", "table_key", "columns", "referred_table", "referred_columns"),
)
