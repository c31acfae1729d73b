"""Who may see which tables, columns and rows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("answers", sa.Column("rights_version", sa.Text(), server_default="", nullable=False))
