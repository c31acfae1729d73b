"""Tables around the trail: what keeps its chain verifiable."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, Table, Text, Uuid

from core.store.tables import audit, metadata

audit.append_column(Column("salt", LargeBinary))  # gone with a person's erasure: then nothing leads back to the content
audit.append_column(Column("commitment", LargeBinary))  # SHA-256 of salt and content
audit.append_column(Column("mark", LargeBinary))  # HMAC over the row and the mark before it
audit.append_column(Column("key_id", Text))  # of the data key that made the mark
audit.append_column(Column("erasure", Text))  # HMAC over what stands there instead, when the content was erased

# Where the chain begins and ends: one row. `seal` is an HMAC over all the others.
audit_chain = Table(
    "audit_chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("chain", Uuid, nullable=False),  # another one for each chain that was ever begun
    Column("first_id", BigInteger, nullable=False),  # the oldest row that is left
    Column("first_mark", LargeBinary, nullable=False),  # the mark before it: that of the last row that was let go
    Column("last_id", BigInteger, nullable=False),
    Column("last_mark", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),  # of the key that the next row is marked with
    Column("seal", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="ck_audit_chain_one"),
)
