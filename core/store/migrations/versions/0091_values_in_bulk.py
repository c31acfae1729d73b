"""Keys of values are sorted in many at once: what a column's values are found by is written in less than half the time
and a quarter of the log."""

from alembic import op

revision = "0091"
down_revision = "0090"


def upgrade() -> None:
    op.execute("ALTER INDEX ix_value_blocks_keys SET (fastupdate = on, gin_pending_list_limit = 8192)")
