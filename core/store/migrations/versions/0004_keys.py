"""API keys, and what rate limits count."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def _moment(name: str, nullable: bool = True, default: bool = False) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=nullable, server_default=sa.func.now() if default else None
    )


def upgrade() -> None:
    person = sa.ForeignKey("people.id", ondelete="CASCADE")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), primary_key=True, server_default=sa.text("gen_random_uuid()")),
        _moment("created_at", nullable=False, default=True),
        sa.Column("person_id", sa.Uuid(), person, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False, unique=True),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        _moment("expires_at", nullable=False),
        _moment("used_at"),
        _moment("revoked_at"),
    )
    op.create_index("ix_api_keys_person_id", "api_keys", ["person_id"])
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        _moment("expires_at", nullable=False),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_rate_limits_expires_at", "rate_limits", ["expires_at"])
