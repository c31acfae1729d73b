"""The demo shop on a real PostgreSQL: loaded, described, replaced, and read by a role that cannot write."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from core.connections.schema import language_part
from core.errors import ConnectionFailed
from core.store import embedded
from core.store.embedded import EmbeddedServer
from data import demo_shop
from data.demo_shop import Address

DAY = date(2026, 11, 21)


Reading = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A server of these tests' own, because roles belong to a whole server and they drop and change them.

    Its folder is not pytest's: another run that starts meanwhile would take away the server's right to enter that.
    """
    with tempfile.TemporaryDirectory(prefix="askwell-demo-") as folder:
        running = embedded.start(Path(folder))
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(server: EmbeddedServer) -> Address:
    return demo_shop.create(server.url("postgres"), DAY)


@pytest.fixture
def reader(server: EmbeddedServer, address: Address) -> Iterator[Reading]:
    if not demo_shop.is_current(server.url("postgres"), DAY):
        demo_shop.create(server.url("postgres"), DAY)
    with connected(demo_shop.renew(server.url("postgres"))) as connection:
        yield connection


def connected(address: Address) -> Reading:
    return psycopg.connect(
        host=address.host,
        port=address.port,
        dbname=address.database,
        user=address.user,
        password=address.password,
        autocommit=True,
    )


def one(connection: Reading, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_the_reader_sees_a_dozen_related_tables_with_their_rows(
    reader: Reading,
) -> None:
    assert one(reader, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 13
    assert one(reader, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated") == 14
    assert (
        one(reader, "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace")
        == 13
    )
    lines = one(reader, "SELECT count(*) FROM order_lines")
    assert isinstance(lines, int)
    assert lines > 100_000
    assert one(reader, "SELECT max(order_date) FROM orders") == DAY
    assert one(reader, "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT FROM order_lines l "
                       "WHERE l.order_id = o.order_id)") == 0  # fmt: skip
    assert one(reader, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
                       "AND reltuples < 0") == 0, "the planner knows its sizes"  # fmt: skip


def test_every_table_and_column_has_a_comment_in_both_languages(
    reader: Reading,
) -> None:
    rows = reader.execute(
        """
        SELECT c.relname, coalesce(a.attname, ''), coalesce(col_description(c.oid, a.attnum), '')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT c.relname, '', coalesce(obj_description(c.oid, 'pg_class'), '')
        FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        """
    ).fetchall()
    assert len(rows) > 90
    bare = [(t, c) for t, c, comment in rows if not all(language_part(str(comment), way) for way in ("en", "zh"))]
    assert bare == []


def test_revenue_has_growth_and_a_season(reader: Reading) -> None:
    months = reader.execute(
        "SELECT extract(year FROM order_date)::int, extract(month FROM order_date)::int, sum(sales)::float "
        "FROM order_lines JOIN orders USING (order_id) GROUP BY 1, 2"
    ).fetchall()
    revenue = {(int(str(year)), int(str(month))): float(str(amount)) for year, month, amount in months}
    assert len(revenue) == 47
    for month in range(1, 13):
        assert revenue[2025, month] > revenue[2023, month], month
    assert revenue[2025, 11] > 1.4 * revenue[2025, 2]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO regions VALUES (99, 'Nowhere', '无')",
        "UPDATE products SET price = 0",
        "DELETE FROM order_lines",
        "TRUNCATE order_lines",
        "DROP TABLE regions",
        "CREATE TABLE mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
        "CREATE SCHEMA mine",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "COPY regions TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_authid",
    ],
)
def test_the_reader_cannot_write_even_when_it_asks_for_a_writing_transaction(reader: Reading, statement: str) -> None:
    assert one(reader, "SHOW default_transaction_read_only") == "on"
    reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement.encode())


def test_the_reader_starts_read_only(reader: Reading) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("DELETE FROM order_lines")


def test_nobody_else_may_connect(server: EmbeddedServer, address: Address) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE ROLE passer_by LOGIN PASSWORD 'anything at all'")
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            connected(replace(address, user="passer_by", password="anything at all"))
        admin.execute("DROP ROLE passer_by")


def test_a_shop_is_current_for_some_days_of_its_month(server: EmbeddedServer, address: Address) -> None:
    url = server.url("postgres")
    assert demo_shop.is_current(url, DAY)
    assert demo_shop.is_current(url, DAY + timedelta(days=demo_shop.FRESH_DAYS))
    assert not demo_shop.is_current(url, DAY + timedelta(days=demo_shop.FRESH_DAYS + 1))
    assert not demo_shop.is_current(url, date(2026, 12, 1))


def test_a_rebuild_replaces_the_shop_under_its_readers_and_clears_a_half_built_one(server: EmbeddedServer) -> None:
    url = server.url("postgres")
    old = demo_shop.create(url, DAY - timedelta(days=40))
    with psycopg.connect(url, autocommit=True) as admin, connected(old) as held:
        assert one(held, "SELECT max(order_date) FROM orders") == DAY - timedelta(days=40)
        assert not demo_shop.is_current(url, DAY)
        admin.execute("CREATE DATABASE askwell_demo_shop_building")
        new = demo_shop.create(f"{url.replace('postgresql:', 'postgresql+psycopg:')}", DAY)
        assert one(admin, "SELECT count(*) FROM pg_database WHERE datname LIKE 'askwell_demo_shop%'") == 1
    with connected(new) as connection:
        assert one(connection, "SELECT max(order_date) FROM orders") == DAY
    assert demo_shop.is_current(url, DAY)


def test_a_new_password_ends_the_old_one(server: EmbeddedServer, address: Address) -> None:
    fresh = demo_shop.renew(server.url("postgres"))
    assert len(fresh.password) >= 32
    connected(fresh).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(address)


def test_a_foreign_database_of_the_same_name_is_left_alone(server: EmbeddedServer, address: Address) -> None:
    url, name = server.url("postgres"), sql.Identifier(demo_shop.DATABASE)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("COMMENT ON DATABASE {} IS 'ours since 1999'").format(name))
        assert not demo_shop.is_current(url, DAY)
        with pytest.raises(ConnectionFailed, match="not the demo shop"):
            demo_shop.create(url, DAY)
        assert one(admin, f"SELECT count(*) FROM pg_database WHERE datname = '{demo_shop.DATABASE}'") == 1
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_a_role_without_rights_is_told_what_is_missing(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE ROLE modest LOGIN PASSWORD 'modest'")
    rest = server.url("postgres").partition("@")[2]
    with pytest.raises(ConnectionFailed, match="create databases and roles"):
        demo_shop.create(f"postgresql://modest:modest@{rest}", DAY)


def test_a_role_that_is_no_superuser_may_build_and_rebuild(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(demo_shop.DATABASE)))
        admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(demo_shop.READER)))
        admin.execute("CREATE ROLE builder LOGIN CREATEDB CREATEROLE PASSWORD 'builder'")
    rest = server.url("postgres").partition("@")[2]
    url = f"postgresql://builder:builder@{rest}"
    with connected(demo_shop.create(url, DAY)) as held:
        assert one(held, "SELECT current_user") == demo_shop.READER
        again = demo_shop.create(url, DAY)
    with connected(again) as connection:
        assert one(connection, "SELECT count(*) FROM regions") == 5


def test_a_server_that_is_away_is_a_plain_error() -> None:
    with pytest.raises(ConnectionFailed):
        demo_shop.is_current("postgresql://nobody:secret@127.0.0.1:9/postgres", DAY)
