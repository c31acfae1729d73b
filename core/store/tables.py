"""Every table of the portal's own PostgreSQL."""

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

DIMENSIONS = 384  # of the bundled embedding model

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid())


def _at(name: str = "created_at") -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _of(table: str, name: str, nullable: bool = False, primary_key: bool = False) -> Column[object]:
    reference = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(name, Uuid, reference, nullable=nullable, primary_key=primary_key, index=not primary_key)


people = Table(
    "people",
    metadata,
    _id(),
    _at(),
    Column("email", Text, nullable=False, unique=True),  # lower case: what a person signs in with
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),  # bcrypt
    Column("role", Text, nullable=False),
    Column("language", Text),
    Column("theme", Text),
    Column("must_change_password", Boolean, nullable=False, server_default=text("false")),
    Column("disabled_at", DateTime(timezone=True)),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    _at(),
    _at("seen_at"),
    _of("people", "person_id"),
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of the cookie
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("agent", Text, nullable=False, server_default=""),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("subject", Text, nullable=False, index=True),  # an e-mail address or a network address
    _at("at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    Column("actor_id", Uuid),  # no foreign key: the trail outlives the person
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False, index=True),
    Column("resource", Text, nullable=False, server_default=""),
    Column("allowed", Boolean, nullable=False, server_default=text("true")),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)

connections = Table(
    "connections",
    metadata,
    _id(),
    _at(),
    _of("people", "owner_id"),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # a key of ENGINES
    Column("address", JSONB, nullable=False),  # host, port, database, user, file; never a secret
    Column("sealed_password", Text, nullable=False, server_default=""),
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    Column("schema", JSONB),  # as last seen
    Column("schema_hash", Text, nullable=False, server_default=""),  # of the JSON, so that it need not be read
    Column("table_count", Integer, nullable=False, server_default=text("0")),
    Column("schema_version", Text, nullable=False, server_default=""),
    Column("indexed_version", Text, nullable=False, server_default=""),
    Column("index_state", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # step, done, total, error
    Column(  # what digests of masked values are made with, so that they cannot be looked up
        "mask_salt",
        Text,
        nullable=False,
        server_default=text("replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')"),
    ),
)

connection_people = Table(
    "connection_people",
    metadata,
    _of("connections", "connection_id", primary_key=True),
    _of("people", "person_id", primary_key=True),
)

descriptions = Table(
    "descriptions",
    metadata,
    _of("connections", "connection_id", primary_key=True),
    Column("table_key", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),  # "" for the table itself
    Column("language", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("author_id", Uuid),
)

documents = Table(
    "documents",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _of("connections", "connection_id"),
    Column("kind", Text, nullable=False),  # table or column
    Column("table_key", Text, nullable=False),
    Column("column_name", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False),
    Column("text_hash", LargeBinary, nullable=False),
    Column("text_mark", LargeBinary, index=True),  # equal for equal texts of one embedding model
    Column("embedding", HALFVEC(DIMENSIONS)),  # empty until the index has come this far
    Column("search", TSVECTOR, nullable=False),
    UniqueConstraint("connection_id", "table_key", "column_name"),
    Index(
        "ix_documents_embedding",
        "embedding",
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "halfvec_cosine_ops"},
    ),
    Index("ix_documents_search", "search", postgresql_using="gin"),
)

value_columns = Table(
    "value_columns",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    _of("connections", "connection_id"),
    Column("table_key", Text, nullable=False),
    Column("column_name", Text, nullable=False),
    Column("held", Integer, nullable=False),  # values in the blocks
    Column("complete", Boolean, nullable=False),  # they are all there are
    Column("digest", LargeBinary, nullable=False),  # of the list, so that the same one is not written again
    Column("most_frequent", ARRAY(Text), nullable=False),
    UniqueConstraint("connection_id", "table_key", "column_name"),
)

_SORTED_IN_BULK = {"fastupdate": True, "gin_pending_list_limit": 8192}  # kB

value_blocks = Table(
    "value_blocks",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("column_id", Integer, ForeignKey("value_columns.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", SmallInteger, nullable=False),  # values, words of values, other names of values
    Column("digest", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("keys", ARRAY(Integer), nullable=False),  # hashed: whole texts, words, grams
    # Sorted in many at once, and whoever writes has all of them sorted in: what waits is read through by every look-up.
    Index("ix_value_blocks_keys", "keys", postgresql_using="gin", postgresql_with=_SORTED_IN_BULK),
)

verified_questions = Table(
    "verified_questions",
    metadata,
    _id(),
    _at(),
    _of("connections", "connection_id"),
    Column("question", Text, nullable=False),
    Column("folded", Text, nullable=False),  # as compared: lower case, no punctuation
    Column("sql", Text, nullable=False),
    Column("schema_version", Text, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("embedding", HALFVEC(DIMENSIONS)),
    Column("uses", JSONB(none_as_null=True)),  # the columns it reads, with their types when it was vouched for
    Column("terms", JSONB(none_as_null=True)),  # the terms in its words, with what they were bound to then
    UniqueConstraint("connection_id", "folded"),
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _at(),
    _at("changed_at"),
    _of("people", "person_id"),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="SET NULL"), index=True),
    Column("title", Text, nullable=False),
    Column("favourite", Boolean, nullable=False, server_default=text("false")),
    Column("deleted_at", DateTime(timezone=True)),  # kept for a while so that a deletion can be undone
)

answers = Table(
    "answers",
    metadata,
    _id(),
    _at(),
    _of("conversations", "conversation_id"),
    _of("people", "person_id"),
    Column("connection_id", Uuid, ForeignKey("connections.id", ondelete="SET NULL")),
    Column("question", Text, nullable=False),
    Column("inquiry", Text, nullable=False, server_default=""),  # the question made to stand on its own
    Column("outcome", Text, nullable=False),  # answered, clarify, cannot, failed
    Column("rung", Text, nullable=False, server_default=""),
    Column("sql", Text, nullable=False, server_default=""),
    Column("summary", Text, nullable=False, server_default=""),
    Column("card", JSONB, nullable=False),  # the events as drawn, without rows
    Column("rows", LargeBinary),  # the capped rows, as an Arrow stream
    Column("rights_version", Text, nullable=False, server_default=""),  # of what the person might see of them then
    Column("confidence", Float),
    Column("seconds", Float, nullable=False, server_default=text("0")),
    Column("model", Text, nullable=False, server_default=""),
    Column("prompt_tokens", Integer, nullable=False, server_default=text("0")),
    Column("completion_tokens", Integer, nullable=False, server_default=text("0")),
    Column("cost", Numeric(14, 8)),
)

feedback = Table(
    "feedback",
    metadata,
    _of("answers", "answer_id", primary_key=True),
    _of("people", "person_id", primary_key=True),
    _at(),
    Column("thumb", Integer, nullable=False),  # 1 up, 0 down
    Column("reason", Text, nullable=False, server_default=""),
    Column("comment", Text, nullable=False, server_default=""),
)

models = Table(
    "models",
    metadata,
    _id(),
    _at(),
    Column("name", Text, nullable=False, unique=True),  # as people see it
    Column("provider", Text, nullable=False),  # a key of PROVIDERS
    Column("base_url", Text, nullable=False, server_default=""),
    Column("model", Text, nullable=False),
    Column("sealed_key", Text, nullable=False, server_default=""),
    Column("prompt_price", Numeric(14, 6)),  # US dollars for a million tokens; empty: looked up
    Column("completion_price", Numeric(14, 6)),
    Column("is_default", Boolean, nullable=False, server_default=text("false")),
)

model_calls = Table(
    "model_calls",
    metadata,
    _id(),
    _at(),
    Column("person_id", Uuid, index=True),
    Column("model_name", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("state", Text, nullable=False),  # reserved, settled, released
    Column("prompt_tokens", Integer, nullable=False, server_default=text("0")),
    Column("completion_tokens", Integer, nullable=False, server_default=text("0")),
    Column("cost", Numeric(14, 8)),
)
