"""Join keys that a database does not declare, and what people decided about them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "join_keys",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("table_key", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("referred_table", sa.Text(), nullable=False),
        sa.Column("referred_columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("met", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default="suggested", nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_join_keys_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_keys")),
        sa.UniqueConstraint(
            "connection_id",
            "table_key",
            "columns",
            "referred_table",
            "referred_columns",
            name=op.f("uq_join_keys_connection_id"),
        ),
    )
    op.create_index(op.f("ix_join_keys_connection_id"), "join_keys", ["connection_id"], unique=False)

