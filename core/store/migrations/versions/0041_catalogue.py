"""How far the index of each table is, what changed in schemas, and texts that are embedded once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.create_table(
        "indexed_tables",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("table_key", sa.Text(), nullable=False),
        sa.Column("documents_hash", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.Column("values_hash", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.Column("values_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("values_kept", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("statistics", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_indexed_tables_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "table_key", name=op.f("pk_indexed_tables")),
    )
    op.create_table(
        "schema_changes",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("change", postgresql.JSONB(), nullable=False),
        sa.Column("broken", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_schema_changes_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_changes")),
    )
    op.create_index("ix_schema_changes_connection_id", "schema_changes", ["connection_id", "at"])
    op.add_column("connections", sa.Column("schema_hash", sa.Text(), server_default="", nullable=False))
    op.add_column("connections", sa.Column("table_count", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute(
        "UPDATE connections SET schema_hash = md5(schema::text),"
        " table_count = coalesce(jsonb_array_length(schema -> 'tables'), 0) WHERE schema IS NOT NULL"
    )
    op.add_column("documents", sa.Column("text_mark", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_documents_text_mark"), "documents", ["text_mark"])
    # What still waits for its vector is written anew, with its mark.
    op.execute("UPDATE documents SET text_hash = ''::bytea WHERE embedding IS NULL")
