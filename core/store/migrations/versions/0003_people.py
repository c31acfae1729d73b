"""People: groups, attributes, invitations, second factors, other ways to sign in."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
