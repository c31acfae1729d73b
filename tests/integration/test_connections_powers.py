"""The script that makes a login which only reads and the check that says what a login may do besides: real servers."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest

from core.connections.engines import ENGINES
from core.connections.grants import LoginWish, grant_script
from core.connections.powers import Power
from core.connections.session import Limits, Target
from core.errors import ConnectionFailed, InvalidInput, QueryFailed
from core.evaluation.postgres import postgres_programs, private_postgres
from core.i18n import Words
from core.store.embedded import EmbeddedServer
from tests.integration.conftest import MariaServer

ODD = 'ta"b`le; drop'
TABLES = """
    CREATE TABLE orders (id int PRIMARY KEY, region text);
    INSERT INTO orders VALUES (1, 'North');
    CREATE TABLE "ta""b`le; drop" (a int);
    CREATE TABLE secrets (value text);
    CREATE SCHEMA hr;
    CREATE TABLE hr.salaries (pay int);
    CREATE VIEW seen AS SELECT id FROM orders;
    CREATE SEQUENCE numbers;
"""


@dataclass(frozen=True)
class Server:
    """A database of one's own on a PostgreSQL, and its superuser."""

    url: str
    owner: Target


@contextmanager
def fresh(address: str, owner: Target) -> Iterator[Server]:
    """A database on a server that runs; `address` is the superuser's, with {} for the database."""
    name = f"shop_{secrets.token_hex(3)}"
    with psycopg.connect(address.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        with psycopg.connect(address.format(name), autocommit=True) as connection:
            connection.execute(TABLES.encode())
        yield Server(address.format(name), replace(owner, database=name))
    finally:
        with psycopg.connect(address.format(name), autocommit=True) as connection:
            for role in ("askwell_reader", "somebody", "another"):
                if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                    connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
        with psycopg.connect(address.format("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def outside(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Target]]:
    programs = postgres_programs()
    if not programs:
        pytest.skip("no PostgreSQL server of version 15 or later is installed")
    with private_postgres(programs[0], tmp_path_factory.mktemp("outside")) as running:
        owner = Target("127.0.0.1", running.port, "", running.user, running.password, pinned="127.0.0.1")
        yield running.url("{}").replace("%7B%7D", "{}"), owner


@pytest.fixture(params=["embedded", "outside"])
def postgres(request: pytest.FixtureRequest, server: EmbeddedServer) -> Iterator[Server]:
    """PostgreSQL 18, then the one of this machine."""
    if request.param == "outside":
        address, owner = request.getfixturevalue("outside")
    else:
        owner = Target(host=server.socket, user=server.user, password=server.password)
        address = server.url("{}").replace("%7B%7D", "{}")
    with fresh(address, owner) as made:
        yield made


def run(server: Server, script: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(script.encode())


def powers(kind: str, target: Target) -> list[Power]:
    with closing(ENGINES[kind].open(target, Limits(seconds=10))) as session:
        return list(ENGINES[kind].powers(session))


def reads(kind: str, target: Target, table: str) -> bool:
    with closing(ENGINES[kind].open(target, Limits(seconds=10))) as session:
        try:
            session.read(f"SELECT * FROM {table}")
        except QueryFailed:
            return False
    return True


def test_the_script_makes_a_postgresql_login_that_can_only_read_and_the_check_finds_nothing_left(
    postgres: Server,
) -> None:
    wish = LoginWish(postgres.owner.database, seconds=7)
    script = grant_script("postgresql", wish)
    assert "PASSWORD '" not in script
    run(postgres, script)
    reader = replace(postgres.owner, user=wish.login, password="")
    with pytest.raises(ConnectionFailed):
        ENGINES["postgresql"].open(reader, Limits())
    reader = replace(reader, password="their own")
    run(postgres, f"ALTER ROLE {wish.login} PASSWORD 'their own'")
    assert powers("postgresql", reader) == []
    assert [reads("postgresql", reader, table) for table in ("orders", "seen", "secrets")] == [True, True, True]
    assert not reads("postgresql", reader, "hr.salaries")
    run(postgres, "CREATE TABLE later (a int)")
    assert reads("postgresql", reader, "later")
    with psycopg.connect(host=reader.host, port=reader.port or 5432, dbname=reader.database, user=reader.user,
                         password=reader.password, autocommit=True) as connection:  # fmt: skip
        limits = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in (
            "default_transaction_read_only", "statement_timeout", "lock_timeout", "temp_file_limit", "work_mem"
        )]  # fmt: skip
    assert limits == [("on",), ("7s",), ("1s",), ("2GB",), ("64MB",)]


def test_a_script_for_some_tables_gives_those_and_no_others(postgres: Server) -> None:
    wish = LoginWish(postgres.owner.database, tables=(("public", "orders"), ("public", ODD), ("hr", "salaries")))
    run(postgres, grant_script("postgresql", wish))
    run(postgres, f"ALTER ROLE {wish.login} PASSWORD 'x'")
    reader = replace(postgres.owner, user=wish.login, password="x")
    assert powers("postgresql", reader) == []
    allowed = [reads("postgresql", reader, table) for table in ("orders", '"ta""b`le; drop"', "hr.salaries", "secrets")]
    assert allowed == [True, True, True, False]


MORE = {
    "CREATE ROLE another; GRANT another TO somebody": ["becomes"],
    "ALTER ROLE somebody CREATEROLE": ["makes_roles"],
    "ALTER ROLE somebody CREATEDB": ["makes_databases"],
    "ALTER ROLE somebody REPLICATION": ["replicates"],
    "ALTER ROLE somebody BYPASSRLS": ["bypasses_row_security"],
    "GRANT pg_read_server_files TO somebody": ["reads_files"],
    "GRANT pg_write_server_files TO somebody": ["writes_files"],
    "GRANT pg_execute_server_program TO somebody": ["runs_programs"],
    "GRANT pg_signal_backend TO somebody": ["ends_sessions"],
    "GRANT pg_monitor, pg_read_all_data TO somebody": [],
    "GRANT INSERT ON orders TO somebody": ["may_write"],
    "GRANT UPDATE (region) ON orders TO somebody": ["may_write"],
    "GRANT USAGE ON SEQUENCE numbers TO somebody": ["may_count"],
    "GRANT CREATE ON SCHEMA hr TO somebody": ["may_create"],
    "ALTER TABLE secrets OWNER TO somebody": ["may_write", "owns"],
    "CREATE FUNCTION wipe() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'": ["borrows"],
    "GRANT ALTER SYSTEM ON PARAMETER work_mem TO somebody": ["sets_server"],
    "ALTER ROLE somebody SUPERUSER": ["superuser"],
}
GRAVE = {
    "makes_roles", "replicates", "reads_files", "writes_files", "runs_programs", "ends_sessions", "sets_server",
    "superuser",
}  # fmt: skip


def test_whatever_more_a_postgresql_login_may_do_is_said(postgres: Server) -> None:
    somebody = replace(postgres.owner, user="somebody", password="x")
    for grant, expected in MORE.items():
        run(postgres, "CREATE ROLE somebody LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA public TO somebody")
        run(postgres, grant)
        found = powers("postgresql", somebody)
        assert [power.said.key.removeprefix("powers.") for power in found] == expected, grant
        assert [power.grave for power in found] == [name in GRAVE for name in expected], grant
        for power in found:
            assert "{" not in Words("en").show(power.said) + Words("zh").show(power.said)
        run(postgres, "REASSIGN OWNED BY somebody TO CURRENT_USER; DROP OWNED BY somebody; DROP ROLE somebody")
        run(postgres, "DROP ROLE IF EXISTS another; DROP FUNCTION IF EXISTS wipe()")


@pytest.fixture
def shop(mariadb: MariaServer) -> Iterator[MariaServer]:
    mariadb.run(
        "CREATE DATABASE `sh_op`; CREATE DATABASE `shxop`; CREATE TABLE `sh_op`.orders (id int);"
        "CREATE TABLE `sh_op`.secrets (id int); CREATE TABLE `shxop`.other (id int);"
        "CREATE TABLE `sh_op`.`odd name` (id int);"
        "CREATE FUNCTION `sh_op`.one() RETURNS int RETURN 1"
    )
    yield mariadb
    mariadb.run("DROP DATABASE `sh_op`; DROP DATABASE `shxop`; DROP USER IF EXISTS 'askwell_reader'@'%'")


def test_the_script_makes_a_mariadb_login_that_can_only_read_and_the_check_finds_nothing_left(
    shop: MariaServer,
) -> None:
    script = grant_script("mariadb", LoginWish("sh_op", seconds=7))
    assert "IDENTIFIED BY '…'" in script
    shop.run(script)
    reader = shop.target("sh_op", "askwell_reader", "")
    with pytest.raises(ConnectionFailed, match=r"locked|Access denied"):
        ENGINES["mariadb"].open(reader, Limits())
    shop.run("ALTER USER 'askwell_reader'@'%' IDENTIFIED BY 'their own' ACCOUNT UNLOCK")
    reader = replace(reader, password="their own")
    assert powers("mariadb", reader) == []
    assert reads("mariadb", reader, "orders")
    # In a grant, _ would stand for any character.
    assert not reads("mariadb", reader, "shxop.other")
    [(limit,)] = shop.rows("SELECT max_statement_time FROM mysql.user WHERE User = 'askwell_reader'")
    assert float(limit) == 7


def test_a_script_for_some_tables_of_mariadb_gives_those_and_no_others(shop: MariaServer) -> None:
    shop.run(grant_script("mariadb", LoginWish("sh_op", tables=(("", "orders"),))))
    shop.run("ALTER USER 'askwell_reader'@'%' IDENTIFIED BY 'x' ACCOUNT UNLOCK")
    reader = shop.target("sh_op", "askwell_reader", "x")
    assert powers("mariadb", reader) == []
    assert [reads("mariadb", reader, table) for table in ("orders", "secrets")] == [True, False]


MORE_ON_MARIADB = {
    "GRANT INSERT, UPDATE ON sh_op.orders TO somebody": ["may_write_on"],
    "GRANT UPDATE (id) ON sh_op.orders TO somebody": ["may_write_on"],
    "GRANT INSERT ON `sh_op`.`odd name` TO somebody": ["may_write_on"],
    "GRANT CREATE, DROP ON sh_op.* TO somebody": ["may_create_on"],
    "GRANT TRIGGER ON sh_op.* TO somebody": ["may_program_on"],
    "GRANT EXECUTE ON sh_op.* TO somebody": ["may_execute_on"],
    "GRANT EXECUTE ON FUNCTION sh_op.one TO somebody": ["may_execute_on"],
    "GRANT LOCK TABLES ON sh_op.* TO somebody": ["may_lock_on"],
    "GRANT ALL ON sh_op.* TO somebody": ["may_do_all_on"],
    "GRANT PROCESS ON *.* TO somebody": ["sees_statements"],
    "GRANT SELECT ON *.* TO somebody": ["reads_accounts"],
    "GRANT FILE ON *.* TO somebody": ["uses_files"],
    "GRANT CREATE USER ON *.* TO somebody": ["makes_roles"],
    "GRANT SHUTDOWN ON *.* TO somebody": ["administers"],
    "GRANT SELECT ON sh_op.* TO somebody WITH GRANT OPTION": ["passes_on"],
    "CREATE ROLE another; GRANT another TO somebody": ["becomes"],
    "GRANT INSERT ON *.* TO somebody": ["superuser"],
    "GRANT INSERT ON mysql.* TO somebody": ["superuser"],
    "GRANT SUPER ON *.* TO somebody": ["superuser"],
    "GRANT ALL ON *.* TO somebody": ["superuser"],
}
GRAVE_ON_MARIADB = {"uses_files", "makes_roles", "administers", "passes_on", "superuser"}


def test_whatever_more_a_mariadb_login_may_do_is_said(shop: MariaServer) -> None:
    somebody = shop.target("sh_op", "somebody", "x")
    for grant, expected in MORE_ON_MARIADB.items():
        shop.run("CREATE USER somebody IDENTIFIED BY 'x'; GRANT SELECT ON sh_op.* TO somebody")
        shop.run(grant)
        found = powers("mariadb", somebody)
        assert [power.said.key.removeprefix("powers.") for power in found] == expected, grant
        assert [power.grave for power in found] == [name in GRAVE_ON_MARIADB for name in expected], grant
        shop.run("DROP USER somebody; DROP ROLE IF EXISTS another")


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "mariadb"])
def test_no_name_gets_out_of_its_quotes(kind: str) -> None:
    for wish in (
        LoginWish("shop", login="a'; DROP ROLE b; --"),
        LoginWish("shop", login="a b"),
        LoginWish("shop\n; DROP DATABASE shop"),
        LoginWish("shop", schemas=("a\x00b",)),
        LoginWish(""),
    ):
        with pytest.raises(InvalidInput):
            grant_script(kind, wish)
    with pytest.raises(InvalidInput):
        grant_script("sqlite", LoginWish("shop"))


def test_a_mysql_login_may_be_made_to_encrypt() -> None:
    assert "REQUIRE SSL" in grant_script("mysql", LoginWish("shop", encrypted=True))
