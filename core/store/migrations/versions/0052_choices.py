"""What words of questions were taken for where they could be several things."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    for table, owner in (("choices", "person"), ("team_choices", "")):
        own = [sa.Column("person_id", sa.Uuid(), nullable=False)] if owner else []
        people = sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"
        )
        keys = ["connection_id", *(column.name for column in own), "word"]
        op.create_table(
            table,
            sa.Column("connection_id", sa.Uuid(), nullable=False),
            *own,
            sa.Column("word", sa.Text(), nullable=False),
            sa.Column("table_key", sa.Text(), nullable=False),
            sa.Column("column_name", sa.Text(), nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
            sa.ForeignKeyConstraint(
                ["connection_id"], ["connections.id"], name=op.f(f"fk_{table}_connection_id"), ondelete="CASCADE"
            ),
            *([people] if owner else []),
            sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
        )
    op.create_index("ix_choices_person_id", "choices", ["person_id"])
