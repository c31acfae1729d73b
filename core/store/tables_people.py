"""Tables of people beside `people` itself: groups, attributes, invitations, second factors, other ways to sign in."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.store.tables import metadata, people, sessions


def _person(primary_key: bool = False) -> Column[object]:
    reference = ForeignKey("people.id", ondelete="CASCADE")
    return Column("person_id", Uuid, reference, nullable=False, primary_key=primary_key)


def _group() -> Column[object]:
    return Column("group_id", Uuid, ForeignKey("groups.id", ondelete="CASCADE"), nullable=False, primary_key=True)


def _moment(name: str, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _created() -> Column[object]:
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


# An empty `people.password_hash` is that of a person who has no password: they sign in elsewhere, or not at all.
people.append_column(_moment("erased_at"))

sessions.append_column(Column("address", Text, nullable=False, server_default=""))
sessions.append_column(Column("way", Text, nullable=False, server_default="password"))  # password, invitation or sso
# Half a sign-in: the password was right, the second factor is still to come. It opens nothing.
sessions.append_column(Column("pending", Boolean, nullable=False, server_default=text("false")))
sessions.append_column(Column("strong", Boolean, nullable=False, server_default=text("false")))  # by two factors

groups = Table(
    "groups",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    _created(),
    Column("name", Text, nullable=False, unique=True),
)

group_people = Table(
    "group_people",
    metadata,
    _group(),
    _person(primary_key=True),
    Index("ix_group_people_person_id", "person_id"),
)

group_attributes = Table(
    "group_attributes",
    metadata,
    _group(),
    Column("name", Text, primary_key=True),
    Column("values", ARRAY(Text), nullable=False),
)

person_attributes = Table(
    "person_attributes",
    metadata,
    _person(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("values", ARRAY(Text), nullable=False),
)

second_factors = Table(
    "second_factors",
    metadata,
    _person(primary_key=True),
    _created(),
    Column("sealed_secret", Text, nullable=False),  # for the row `second_factors:<person_id>`
    _moment("confirmed_at"),  # empty until the first code was right
    Column("last_step", BigInteger, nullable=False, server_default=text("0")),  # the 30 seconds of the last code used
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    _person(primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    _moment("used_at"),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),  # of an OpenID provider
    Column("subject", Text, primary_key=True),  # who this is there, for ever
    _person(),
    _created(),
    Index("ix_identities_person_id", "person_id"),
)

# Sign-ins by a provider that were turned into a session: each can be, once.
sign_ons_used = Table(
    "sign_ons_used",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    _created(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False),
    Column("invited_by", Uuid, nullable=False),  # no foreign key: the terminal is nobody's row
    _moment("expires_at", nullable=False),
    _moment("used_at"),
    _moment("revoked_at"),
)
