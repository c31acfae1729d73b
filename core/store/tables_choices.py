"""Tables of choices: what words of questions were taken for where they could be several things."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, Uuid, func

from core.store.tables import metadata


def _of(table: str, name: str) -> Column[object]:
    return Column(name, Uuid, ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)


choices = Table(
    "choices",
    metadata,
    _of("connections", "connection_id"),
    _of("people", "person_id"),
    Column("word", Text, primary_key=True),  # folded, in the singular
    Column("table_key", Text, nullable=False),  # "" to be asked again, whatever the team takes it for
    Column("column_name", Text, nullable=False),  # "" for the table itself
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_choices_person_id", "person_id"),
)

team_choices = Table(
    "team_choices",
    metadata,
    _of("connections", "connection_id"),
    Column("word", Text, primary_key=True),
    Column("table_key", Text, nullable=False),
    Column("column_name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
