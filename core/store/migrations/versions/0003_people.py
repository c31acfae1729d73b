"""People: groups, attributes, invitations, second factors, other ways to sign in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def _person(primary_key: bool = False) -> sa.Column:
    return sa.Column(
        "person_id", sa.Uuid(), sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key
    )


def _group() -> sa.Column:
    return sa.Column(
        "group_id", sa.Uuid(), sa.ForeignKey("groups.id", ondelete="CASCADE"), nullable=False, primary_key=True
    )


def _moment(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _created() -> sa.Column:
    return sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), primary_key=True, server_default=sa.text("gen_random_uuid()"))


def upgrade() -> None:
    op.add_column("people", _moment("erased_at"))
    op.add_column("sessions", sa.Column("address", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("way", sa.Text(), nullable=False, server_default="password"))
    for flag in ("pending", "strong"):
        op.add_column("sessions", sa.Column(flag, sa.Boolean(), nullable=False, server_default=sa.text("false")))

    op.create_table("groups", _id(), _created(), sa.Column("name", sa.Text(), nullable=False, unique=True))
    op.create_table("group_people", _group(), _person(primary_key=True))
    op.create_index("ix_group_people_person_id", "group_people", ["person_id"])
    for table, owner in (("group_attributes", _group()), ("person_attributes", _person(primary_key=True))):
        op.create_table(
            table,
            owner,
            sa.Column("name", sa.Text(), primary_key=True),
            sa.Column("values", postgresql.ARRAY(sa.Text()), nullable=False),
        )

    op.create_table(
        "second_factors",
        _person(primary_key=True),
        _created(),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        _moment("confirmed_at"),
        sa.Column("last_step", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "recovery_codes",
        _person(primary_key=True),
        sa.Column("code_hash", sa.LargeBinary(), primary_key=True),
        _moment("used_at"),
    )

    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        _person(),
        _created(),
    )
    op.create_index("ix_identities_person_id", "identities", ["person_id"])
    op.create_table(
        "sign_ons_used", sa.Column("digest", sa.LargeBinary(), primary_key=True), _moment("at", nullable=False)
    )
    op.create_index("ix_sign_ons_used_at", "sign_ons_used", ["at"])

    op.create_table(
        "invitations",
        _id(),
        _created(),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        _moment("expires_at", nullable=False),
        _moment("used_at"),
        _moment("revoked_at"),
    )
