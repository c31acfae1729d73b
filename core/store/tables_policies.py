"""Tables of the policies: who may see which tables, columns and rows of a connection."""

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from core.store.tables import metadata

policies = Table(
    "policies",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("definition", JSONB, nullable=False),  # whom it binds and what it takes away: `Policy.stored`
    UniqueConstraint("connection_id", "name"),
)
