"""Tables of personal data: which columns hold it, and what was sent to models."""

from sqlalchemy import Column, DateTime, Float, ForeignKey, Index, Integer, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

from core.store.tables import metadata


def _of_connection() -> Column[object]:
    return Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True)


personal_columns = Table(
    "personal_columns",
    metadata,
    _of_connection(),
    Column("table_key", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("kind", Text, nullable=False, server_default=""),  # as detected; "" where nothing was
    Column("why", Text, nullable=False, server_default=""),  # values, inside, name, table
    Column("sure", Float, nullable=False, server_default=text("0")),
    Column("word", Text, nullable=False, server_default=""),  # a person's: a kind, "none", or "" for no word
    Column("word_by", Uuid),
    Column("word_at", DateTime(timezone=True)),
)

connection_privacy = Table(
    "connection_privacy",
    metadata,
    _of_connection(),
    Column("level", Text, nullable=False),  # names, masked, full
)

model_exchanges = Table(
    "model_exchanges",
    metadata,
    Column(
        "answer_id",
        Uuid,
        ForeignKey("answers.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),  # within one answer, from 1
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("person_id", Uuid, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="SET NULL")),
    Column("rights_version", Text, nullable=False, server_default=""),  # what the asker could see then
    Column("level", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("messages", JSONB, nullable=False),  # [[role, text], …] as sent
    Column("reply", Text, nullable=False, server_default=""),
    Column("prompt_tokens", Integer, nullable=False, server_default=text("0")),
    Column("completion_tokens", Integer, nullable=False, server_default=text("0")),
    Column("seconds", Float, nullable=False, server_default=text("0")),
    Index("ix_model_exchanges_person_id", "person_id"),
)
