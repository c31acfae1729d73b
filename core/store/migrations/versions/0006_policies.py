"""Who may see which tables, columns and rows."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    pass
