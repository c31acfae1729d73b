"""The demo shop: a database of an invented retailer, made from a seed, for people to ask before they connect their own.

`create` builds it beside the old one and swaps them when it is complete, so that a build that was cut short is never
seen. Its database comment says which version was built on which day.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.errors import ConnectionFailed
from data.demo_shop_rows import Columns, Period, cast
from data.demo_shop_trade import trade

DATABASE = "askwell_demo_shop"
READER = "askwell_demo_reader"
SEED = 7
FRESH_DAYS = 7
_VERSION = 2
_BUILDING = f"{DATABASE}_building"
_MARK = re.compile(r"Askwell demo shop, version (\d+), seed (\d+), built on (\d{4}-\d{2}-\d{2})")
_LOCK = 0x5A0B
_HERE = Path(__file__).parent
_PASSED_ON = ("sslmode", "sslrootcert")


@dataclass(frozen=True)
class Address:
    """Where the demo shop is, and the role that reads it. `host` is a folder where the server is on a unix socket."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


def create(admin_url: str, today: date, seed: int = SEED) -> Address:
    """Build the demo shop as it stands on `today`, in place of an older one, and give its reader a new password.

    `admin_url` is any database of the server, as a role that may create databases and roles. The same seed and day
    give the same rows. Takes a few seconds. A foreign database of this name is left alone. Raises `ConnectionFailed`.
    """
    period = Period(today, seed)
    people_and_goods = cast(period)
    tables = {**people_and_goods.tables, **trade(period, people_and_goods)}
    with _administrator(admin_url) as admin:
        # Two portals on one server build one after the other.
        admin.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        _refuse_a_foreign_one(admin)
        address = _new_reader(admin)
        _drop(admin, _BUILDING)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(_BUILDING))
        )
        _fill(admin_url, tables)
        _mark(admin, period)
        _drop(admin, DATABASE)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        admin.execute(rename.format(sql.Identifier(_BUILDING), sql.Identifier(DATABASE)))
    return address


def is_current(admin_url: str, today: date) -> bool:
    """Whether the demo shop is there, complete, of this version, and at most `FRESH_DAYS` days behind `today`.

    A shop from an earlier month is not current, so that "this month" and "last month" always have figures.
    """
    with _administrator(admin_url) as admin:
        mark = _MARK.fullmatch(_comment(admin) or "")
        reader = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone()
    if mark is None or reader is None or int(mark[1]) != _VERSION:
        return False
    built = date.fromisoformat(mark[3])
    return (built.year, built.month) == (today.year, today.month) and today - built <= timedelta(days=FRESH_DAYS)


def renew(admin_url: str) -> Address:
    """A new password for the reader of the shop that is there; the old one stops working. Raises `ConnectionFailed`."""
    with _administrator(admin_url) as admin:
        return _new_reader(admin)


@contextmanager
def _administrator(url: str, database: str = "") -> Iterator[psycopg.Connection]:
    """A connection that commits each statement, to the database in `url` or to another one of the same server."""
    address = make_conninfo(re.sub(r"^(postgres(?:ql)?)\+\w+:", r"\1:", url), connect_timeout="10")
    if database:
        address = make_conninfo(address, dbname=database)
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConnectionFailed(f"the demo shop needs a role that may create databases and roles: {error}") from error
    except psycopg.Error as error:
        raise ConnectionFailed(f"the demo shop could not be made: {error}") from error


def _comment(admin: psycopg.Connection) -> str | None:
    """The comment of the demo shop's database; "" if it has none, None if there is no such database."""
    row = admin.execute(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s", [DATABASE]
    ).fetchone()
    return str(row[0]) if row else None


def _refuse_a_foreign_one(admin: psycopg.Connection) -> None:
    comment = _comment(admin)
    if comment is not None and not _MARK.fullmatch(comment):
        raise ConnectionFailed(f'a database "{DATABASE}" is there that is not the demo shop; rename or drop it')


def _drop(admin: psycopg.Connection, database: str) -> None:
    """Drop it if it is there, also under those who read it."""
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _mark(admin: psycopg.Connection, period: Period) -> None:
    text = f"Askwell demo shop, version {_VERSION}, seed {period.seed}, built on {period.today.isoformat()}"
    admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(_BUILDING), sql.Literal(text)))


def _new_reader(admin: psycopg.Connection) -> Address:
    """The role that can only read, with a new password, which the server only ever sees as its SCRAM verifier."""
    password = secrets.token_urlsafe(24)
    verifier = admin.pgconn.encrypt_password(password.encode(), READER.encode(), b"scram-sha-256").decode()
    reader = sql.Identifier(READER)
    if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone():
        admin.execute(sql.SQL("CREATE ROLE {}").format(reader))
        # Whoever may create roles without being superuser can end the reader's sessions only as a member of it.
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(reader))
    admin.execute(
        sql.SQL("ALTER ROLE {} LOGIN NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {}").format(
            reader, sql.Literal(verifier)
        )
    )
    admin.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(reader))
    given = conninfo_to_dict(admin.info.dsn)
    options = {name: str(given[name]) for name in _PASSED_ON if given.get(name)}
    return Address(admin.info.host, admin.info.port, DATABASE, READER, password, options)


def _fill(admin_url: str, tables: Mapping[str, Columns]) -> None:
    """Tables, rows, keys and rights, in one transaction on the new database."""
    with _administrator(admin_url, _BUILDING) as building, building.transaction():
        building.execute((_HERE / "demo_shop_tables.sql").read_bytes())
        for name, columns in tables.items():
            _copy(building, name, columns)
        building.execute((_HERE / "demo_shop_keys.sql").read_bytes())
        _grant(building)
    with _administrator(admin_url, _BUILDING) as building:
        building.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.SQL(", ").join(map(sql.Identifier, tables))))


def _copy(building: psycopg.Connection, name: str, columns: Columns) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with building.cursor().copy(statement) as copy:
        for row in zip(*columns.values(), strict=True):
            copy.write_row(row)


def _grant(building: psycopg.Connection) -> None:
    """Nobody but the reader may connect, and the reader may only select."""
    statements = (
        sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC"),
        sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        sql.SQL("GRANT CONNECT ON DATABASE {database} TO {reader}"),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {reader}"),
        sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"),
    )
    for statement in statements:
        building.execute(statement.format(database=sql.Identifier(_BUILDING), reader=sql.Identifier(READER)))
