"""Tables of the keys that secrets are sealed with."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, func

from core.store.tables import metadata

data_keys = Table(
    "data_keys",
    metadata,
    Column("generation", BigInteger, Identity(), primary_key=True),  # the newest of a purpose is the current one
    Column("id", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),  # secrets, or the trail
    Column("wrapped", Text, nullable=False),  # the key itself, sealed with the operator's key
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("lost_at", DateTime(timezone=True)),  # the operator said that its key is gone for good
)
