"""The trail becomes a chain."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

REFUSE = """
CREATE FUNCTION askwell_trail_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('askwell.trail', true) = 'erasing' AND TG_OP <> 'TRUNCATE' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the trail is added to and never changed' USING ERRCODE = 'insufficient_privilege';
END
$$
"""


def upgrade() -> None:
    op.add_column("audit", sa.Column("salt", sa.LargeBinary(), nullable=True))
    op.add_column("audit", sa.Column("commitment", sa.LargeBinary(), nullable=True))
    op.add_column("audit", sa.Column("mark", sa.LargeBinary(), nullable=True))
    op.add_column("audit", sa.Column("key_id", sa.Text(), nullable=True))
    op.add_column("audit", sa.Column("erasure", sa.Text(), nullable=True))
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("first_mark", sa.LargeBinary(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("last_mark", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_chain_one"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
    )
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER askwell_trail_stands BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION askwell_trail_stands()"
    )
    op.execute(
        "CREATE TRIGGER askwell_trail_is_not_emptied BEFORE TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION askwell_trail_stands()"
    )
    op.execute(
        "CREATE TRIGGER askwell_chain_stands BEFORE DELETE ON audit_chain"
        " FOR EACH ROW EXECUTE FUNCTION askwell_trail_stands()"
    )
    op.execute(
        "CREATE TRIGGER askwell_chain_is_not_emptied BEFORE TRUNCATE ON audit_chain"
        " FOR EACH STATEMENT EXECUTE FUNCTION askwell_trail_stands()"
    )
