"""Who may see which tables, columns and rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_policies_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("connection_id", "name", name=op.f("uq_policies_connection_id")),
    )
    salt = sa.text("replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')")
    op.add_column("connections", sa.Column("mask_salt", sa.Text(), server_default=salt, nullable=False))
    op.add_column("answers", sa.Column("rights_version", sa.Text(), server_default="", nullable=False))
