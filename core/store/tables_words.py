"""Tables of the words of the business: terms, and what every model is told of a connection."""

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from core.store.tables import metadata

terms = Table(
    "terms",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("folded", Text, nullable=False),  # the word as compared
    Column("body", JSONB, nullable=False),  # `Term.stored`
    Column("uses", JSONB, nullable=False),  # the columns it reads, with their types when it was kept
    Column("author_id", Uuid, nullable=False),
    UniqueConstraint("connection_id", "folded"),
)

instructions = Table(
    "instructions",
    metadata,
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
