"""Tables of evaluation: runs of question sets, and what became of each question."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

from core.store.tables import metadata

evaluation_runs = Table(
    "evaluation_runs",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ended_at", DateTime(timezone=True)),
    Column("person_id", Uuid, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),  # of the set
    Column("rung", Text, nullable=False, server_default=""),  # instant, model, or "" for the whole ladder
    Column("model_id", Uuid),
    Column("state", Text, nullable=False),  # waiting, running, done, stopped, failed
    Column("error", Text, nullable=False, server_default=""),
    Column("lines", Text, nullable=False),  # the set as JSON, a dialogue a line
    Column("total", Integer, nullable=False),  # questions
    Column("schema_version", Text, nullable=False, server_default=""),
)

evaluation_results = Table(
    "evaluation_results",
    metadata,
    Column("run_id", Uuid, ForeignKey("evaluation_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, server_default=text("0")),  # of the question in the set
    Column("dialogue", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
)
