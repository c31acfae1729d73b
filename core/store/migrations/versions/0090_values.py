"""Values in blocks that are found by keys, in place of a row for each. Every connection is read anew."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0090"
down_revision = "0052"

_READ_ANEW = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
    SELECT 'askwell', 'index', name, name, jsonb_build_object('connection_id', id::text)
    FROM (SELECT id, 'index:connection_id=' || id::text AS name FROM connections) AS known
    WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.queueing_lock = known.name AND j.status = 'todo')
"""


def upgrade() -> None:
    op.create_table(
        "value_columns",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("table_key", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("most_frequent", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_value_columns_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_columns")),
        sa.UniqueConstraint("connection_id", "table_key", "column_name", name=op.f("uq_value_columns_connection_id")),
    )
    op.create_index(op.f("ix_value_columns_connection_id"), "value_columns", ["connection_id"])
    op.create_table(
        "value_blocks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("column_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.ForeignKeyConstraint(
            ["column_id"], ["value_columns.id"], name=op.f("fk_value_blocks_column_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_blocks")),
    )
    op.create_index(op.f("ix_value_blocks_column_id"), "value_blocks", ["column_id"])
    op.create_index(
        "ix_value_blocks_keys", "value_blocks", ["keys"], postgresql_using="gin", postgresql_with={"fastupdate": False}
    )
    op.drop_table("cell_values")
    op.execute("""UPDATE connections SET indexed_version = '',
        index_state = '{"step": "waiting", "done": 0, "total": 0, "error": ""}'""")
    op.execute("UPDATE indexed_tables SET values_hash = '', values_at = NULL, values_kept = 0")
    op.execute(_READ_ANEW)
