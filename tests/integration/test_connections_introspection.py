"""What the catalogues of real servers say, in one shape."""

import time
from contextlib import closing

import duckdb
import psycopg
import pytest

from core.connections.catalogue_duckdb import introspect_duckdb
from core.connections.catalogue_mysql import introspect_mysql, mysql_naming
from core.connections.catalogue_postgres import introspect_postgres, postgres_naming
from core.connections.schema import Column, ForeignKey, Kind, Schema, Table
from core.connections.session import Limits, Target
from core.connections.sessions_files import open_duckdb
from core.connections.sessions_mysql import open_mysql
from core.connections.sessions_postgres import open_postgres
from core.store.embedded import EmbeddedServer
from tests.integration.conftest import MariaServer

POSTGRES = """
    CREATE TYPE mood AS ENUM ('a', 'b');
    CREATE DOMAIN price AS numeric(10, 2);
    CREATE DOMAIN whole AS numeric(8, 0);
    CREATE SCHEMA "Odd.Schema";
    CREATE TABLE a (
        id serial PRIMARY KEY, "Mixed Case" text UNIQUE, m mood, p price NOT NULL, w whole, list int[], doc jsonb,
        span int4range,
        bits bit(3), u uuid, at timestamptz, twice int GENERATED ALWAYS AS (1 + 1) STORED, yes boolean, gone int);
    ALTER TABLE a DROP COLUMN gone;
    CREATE UNIQUE INDEX ON a (u) WHERE u IS NOT NULL;
    CREATE UNIQUE INDEX ON a (m, p) INCLUDE (w);
    CREATE TABLE "Odd.Schema"."T ""x""; drop" (x int, y int, PRIMARY KEY (y, x));
    CREATE TABLE c (x int, y int, a_id int REFERENCES a,
        FOREIGN KEY (y, x) REFERENCES "Odd.Schema"."T ""x""; drop" (y, x));
    CREATE TABLE part (id int, day date, a_id int REFERENCES a, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE part_2024 PARTITION OF part FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE part_2025 PARTITION OF part FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    INSERT INTO part SELECT g, '2024-05-05' FROM generate_series(1, 100) g;
    ANALYZE part, part_2024;
    CREATE MATERIALIZED VIEW stored AS SELECT count(*) AS n FROM a;
    CREATE VIEW seen AS SELECT id FROM a;
    COMMENT ON TABLE a IS 'A: things | 甲：东西';
    COMMENT ON COLUMN a.m IS 'Mood: of it';
    CREATE TABLE secret (a int);
    CREATE TABLE half (shown int, hidden int);
    GRANT USAGE ON SCHEMA "Odd.Schema" TO intro_reader;
    GRANT SELECT ON a, c, part, stored, seen, "Odd.Schema"."T ""x""; drop" TO intro_reader;
    GRANT SELECT (shown) ON half TO intro_reader;
"""


@pytest.fixture(scope="module")
def postgres(server: EmbeddedServer) -> Target:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE intro")
        connection.execute("CREATE ROLE intro_reader LOGIN PASSWORD 'x'")
    with psycopg.connect(server.url("intro"), autocommit=True) as connection:
        connection.execute(POSTGRES)
    return Target(host=server.socket, database="intro", user="intro_reader", password="x")


@pytest.fixture(scope="module")
def postgres_schema(postgres: Target) -> Schema:
    with closing(open_postgres(postgres, Limits())) as session:
        return introspect_postgres(session)


def kinds(table: Table) -> dict[str, Kind]:
    return {column.name: column.kind for column in table.columns}


def test_postgresql_shows_what_the_login_may_read(postgres_schema: Schema) -> None:
    assert list(postgres_schema.by_key) == ['Odd.Schema.T "x"; drop', "a", "c", "half", "part", "seen", "stored"]
    assert kinds(postgres_schema.by_key["half"]) == {"shown": Kind.INTEGER}


def test_postgresql_types_are_seen_through_domains_and_enumerations(postgres_schema: Schema) -> None:
    table = postgres_schema.by_key["a"]
    assert kinds(table) == {
        "id": Kind.INTEGER,
        "Mixed Case": Kind.TEXT,
        "m": Kind.TEXT,
        "p": Kind.NUMBER,
        "w": Kind.INTEGER,
        "list": Kind.OTHER,
        "doc": Kind.OTHER,
        "span": Kind.OTHER,
        "bits": Kind.OTHER,
        "u": Kind.TEXT,
        "at": Kind.TIMESTAMP,
        "twice": Kind.INTEGER,
        "yes": Kind.BOOLEAN,
    }
    assert table.by_name["m"] == Column("m", "mood", Kind.TEXT, comment="Mood: of it")
    assert not table.by_name["p"].nullable
    assert table.comment == "A: things | 甲：东西"


def test_postgresql_keys_keep_their_order_and_partial_ones_do_not_count(postgres_schema: Schema) -> None:
    a, odd, c = (postgres_schema.by_key[key] for key in ("a", 'Odd.Schema.T "x"; drop', "c"))
    assert (a.primary_key, a.unique_keys) == (("id",), (("Mixed Case",), ("m", "p")))
    assert odd.primary_key == ("y", "x")
    assert c.foreign_keys == (
        ForeignKey(("a_id",), "a", ("id",)),
        ForeignKey(("y", "x"), 'Odd.Schema.T "x"; drop', ("y", "x")),
    )


def test_partitions_are_one_table_and_views_are_views(postgres_schema: Schema) -> None:
    part = postgres_schema.by_key["part"]
    assert (part.row_estimate, part.is_view) == (100, False)
    assert part.foreign_keys == (ForeignKey(("a_id",), "a", ("id",)),)
    assert postgres_schema.by_key["seen"].is_view
    assert postgres_schema.by_key["stored"].is_view


def test_the_first_schema_of_the_search_path_is_the_default_one(server: EmbeddedServer, postgres: Target) -> None:
    with psycopg.connect(server.url("intro"), autocommit=True) as connection:
        connection.execute("""ALTER ROLE intro_reader SET search_path = "Odd.Schema", public""")
        try:
            with closing(open_postgres(postgres, Limits())) as session:
                assert 'T "x"; drop' in introspect_postgres(session).by_key
                assert "public.a" in introspect_postgres(session).by_key
                assert postgres_naming(session).namespace == "Odd.Schema"
        finally:
            connection.execute("ALTER ROLE intro_reader RESET search_path")


def test_a_thousand_tables_are_read_in_a_moment(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE thousand")
    with psycopg.connect(server.url("thousand")) as connection:
        for number in range(1000):
            connection.execute(
                f"CREATE TABLE t_{number} (id serial PRIMARY KEY, name text, amount numeric(10, 2), day date,"
                f" flag boolean, parent int REFERENCES t_{max(0, number - 1)}, a int, b int, c int, d text)".encode()
            )
    target = Target(host=server.socket, database="thousand", user=server.user, password=server.password)
    with closing(open_postgres(target, Limits())) as session:
        started = time.monotonic()
        schema = introspect_postgres(session)
        seconds = time.monotonic() - started
    assert len(schema.tables) == 1000
    assert sum(len(table.foreign_keys) for table in schema.tables) == 1000
    assert seconds < 3


MARIADB = """
    CREATE DATABASE `intro db` CHARACTER SET utf8mb4;
    USE `intro db`;
    CREATE TABLE `Grüße; x` (a INT, b INT, c VARCHAR(20) NOT NULL COMMENT 'Name: of it', PRIMARY KEY (b, a), UNIQUE (c))
        COMMENT 'Greetings: words';
    CREATE TABLE orders (
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a INT, b INT, flag BOOLEAN, price DECIMAL(10,2), at DATETIME(6),
        day DATE, kind ENUM('x','y'), doc JSON, raw BLOB, twice INT AS (a * 2) STORED, y YEAR,
        FOREIGN KEY (b, a) REFERENCES `Grüße; x` (b, a));
    CREATE TABLE part (id INT, day DATE) PARTITION BY HASH(id) PARTITIONS 3;
    CREATE VIEW seen AS SELECT id, price FROM orders;
    CREATE TABLE brief (a INT);
    CREATE VIEW broken AS SELECT a FROM brief;
    DROP TABLE brief;
    CREATE DATABASE elsewhere; CREATE TABLE elsewhere.hidden (a INT);
"""


@pytest.fixture(scope="module")
def mariadb_target(mariadb: MariaServer) -> Target:
    mariadb.run(MARIADB)
    mariadb.run("CREATE USER narrow@localhost IDENTIFIED BY 'n'; GRANT SELECT ON `intro db`.* TO narrow@localhost")
    return mariadb.target("intro db", "narrow", "n")


def test_mariadb_shows_the_one_database(mariadb_target: Target) -> None:
    with closing(open_mysql(mariadb_target, Limits())) as session:
        schema = introspect_mysql(session)
        assert mysql_naming(session).namespace == "intro db"
    assert set(schema.by_key) - {"broken"} == {"Grüße; x", "orders", "part", "seen"}
    odd, orders, seen = (schema.by_key[key] for key in ("Grüße; x", "orders", "seen"))
    assert (odd.comment, odd.primary_key, odd.unique_keys) == ("Greetings: words", ("b", "a"), (("c",),))
    assert odd.by_name["c"].comment == "Name: of it"
    assert not odd.by_name["c"].nullable
    assert orders.foreign_keys == (ForeignKey(("b", "a"), "Grüße; x", ("b", "a")),)
    assert (seen.is_view, seen.comment) == (True, "")
    assert kinds(orders) == {
        "id": Kind.INTEGER,
        "a": Kind.INTEGER,
        "b": Kind.INTEGER,
        "flag": Kind.BOOLEAN,
        "price": Kind.NUMBER,
        "at": Kind.TIMESTAMP,
        "day": Kind.DATE,
        "kind": Kind.TEXT,
        "doc": Kind.TEXT,
        "raw": Kind.OTHER,
        "twice": Kind.INTEGER,
        "y": Kind.INTEGER,
    }


def test_duckdb_shows_its_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("duck") / "a.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute("""
            CREATE SCHEMA s2;
            CREATE TYPE mood AS ENUM ('x', 'y');
            CREATE TABLE a (id INTEGER PRIMARY KEY, name VARCHAR UNIQUE, m mood, l INTEGER[],
                st STRUCT(a INT), seen_at TIMESTAMPTZ);
            CREATE TABLE s2.b (x INT, y INT, PRIMARY KEY (x, y));
            CREATE TABLE c (a_id INT REFERENCES a (id), "Odd ""n" TEXT, "中文" DATE);
            CREATE VIEW seen AS SELECT * FROM a;
            COMMENT ON TABLE a IS 'A: things'; COMMENT ON COLUMN a.name IS 'Name: x';
            INSERT INTO a (id) SELECT range FROM range(50);
        """)
    with closing(open_duckdb(Target(file=str(file)), Limits())) as session:
        schema = introspect_duckdb(session)
    assert set(schema.by_key) == {"a", "s2.b", "c", "seen"}
    a, c = schema.by_key["a"], schema.by_key["c"]
    assert kinds(a) == {
        "id": Kind.INTEGER,
        "name": Kind.TEXT,
        "m": Kind.TEXT,
        "l": Kind.OTHER,
        "st": Kind.OTHER,
        "seen_at": Kind.TIMESTAMP,
    }
    assert (a.comment, a.by_name["name"].comment, a.primary_key, a.unique_keys) == (
        "A: things", "Name: x", ("id",), (("name",),)
    )  # fmt: skip
    assert a.row_estimate == 50
    assert c.foreign_keys == (ForeignKey(("a_id",), "a", ("id",)),)
    assert list(kinds(c)) == ["a_id", 'Odd "n', "中文"]
    assert schema.by_key["seen"].is_view
