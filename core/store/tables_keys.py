"""Tables of the API keys that people make for programs, and of rate limits."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY

from core.store.tables import metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("person_id", Uuid, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True),  # the part of the key by which it is looked up
    Column("key_hash", LargeBinary, nullable=False),  # SHA-256 of the whole key, which is 256 random bits
    Column("scopes", ARRAY(Text), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),  # to the minute
    Column("revoked_at", DateTime(timezone=True)),
    Index("ix_api_keys_person_id", "person_id"),
)

# Not worth a write-ahead log: after a crash everybody begins to count anew.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("key", Text, primary_key=True),  # what is counted, how, and for whom
    Column("count", Integer, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_rate_limits_expires_at", "expires_at"),
    prefixes=["UNLOGGED"],
)
