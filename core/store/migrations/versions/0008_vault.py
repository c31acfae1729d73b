"""The keys that secrets are sealed with."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    pass
