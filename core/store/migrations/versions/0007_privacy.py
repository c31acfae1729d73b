"""Which columns hold personal data, and what was sent to models."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    pass
