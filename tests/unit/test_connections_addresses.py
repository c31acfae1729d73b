"""What may be given as the address of a database."""

import socket
from dataclasses import replace

import pytest
from pydantic import SecretStr

from core.connections.addresses import NewConnection, from_url, is_public, resolve, shown, tidy
from core.connections.engines import ENGINES
from core.connections.schema import Dialect
from core.connections.session import NOBODY
from core.errors import ConnectionFailed, InvalidInput
from core.i18n import Phrase

GOOD = NewConnection("Shop", "postgresql", "db.example.com", 5432, "shop", "reader", "secret")


def problem(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    phrase = error.value.values["problem"]
    assert isinstance(phrase, Phrase)
    return phrase.key.removeprefix("connections_core.")


def test_every_kind_has_one_row() -> None:
    assert {kind: engine.dialect for kind, engine in ENGINES.items()} == {
        "postgresql": Dialect.POSTGRES,
        "mysql": Dialect.MYSQL,
        "mariadb": Dialect.MYSQL,
        "sqlite": Dialect.SQLITE,
        "duckdb": Dialect.DUCKDB,
    }
    for engine in ENGINES.values():
        assert set(engine.needs) <= set(engine.fields)
        assert set(engine.options) <= set(engine.fields)
        assert engine.is_file == (engine.default_port is None)


def test_a_url_is_taken_apart_into_fields() -> None:
    new = from_url("postgresql://an%20alyst:p%40ss%2Fw@db.example.com/shop%20data?sslmode=require", " Shop ")
    assert new == NewConnection(
        "Shop", "postgresql", "db.example.com", 5432, "shop data", "an alyst", "p@ss/w", options={"sslmode": "require"}
    )
    assert "p@ss" not in repr(new)


def test_other_schemes_sockets_and_files_are_understood() -> None:
    assert from_url("mysql+pymysql://u:p@h:33/d", "n").port == 33
    assert from_url("mariadb://u:p@h/d", "n").kind == "mariadb"
    assert from_url("postgres://u@/d?host=/var/run/postgresql", "n").host == "/var/run/postgresql"
    assert from_url("sqlite:////srv/shop.sqlite", "n").file == "/srv/shop.sqlite"
    assert from_url("duckdb:///shop.duckdb", "n").file.endswith("/shop.duckdb")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mongodb://h/d", "unknown_scheme"),
        ("postgresql://u:p@h:99999/d", "bad_url"),
        ("postgresql://u:p@h/d?passfile=/etc/shadow", "bad_option"),
        ("postgresql://u:p@h/d?sslmode=allow", "bad_option"),
        ("mysql://u:p@h/d?init_command=SET+x", "bad_option"),
        ("postgresql://u:p@a,b/d", "bad_host"),
        ("postgresql://u:p@h/", "field_missing"),
        ("sqlite://host/file", "bad_url"),
        ("sqlite:///", "bad_url"),
        ("duckdb:///md:shared?motherduck_token=x", "bad_url"),
        ("shop", "unknown_scheme"),
    ],
)
def test_a_url_that_leads_elsewhere_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        from_url(url, "n")
    assert problem(error) == why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "  "}, "name_missing"),
        ({"name": "x" * 81}, "name_too_long"),
        ({"name": "a\u202eb"}, "strange_character"),
        ({"kind": "oracle"}, "unknown_kind"),
        ({"host": ""}, "field_missing"),
        ({"user": ""}, "field_missing"),
        ({"host": "db.example.com dbname=other"}, "bad_host"),
        ({"host": "user@db"}, "bad_host"),
        ({"host": "@abstract"}, "bad_host"),
        ({"host": "/run/one,db.example.com"}, "bad_host"),
        ({"host": "db.example.com,other.example.com"}, "bad_host"),
        ({"options": {"hostaddr": "10.0.0.1"}}, "bad_option"),
        ({"options": {"passfile": "/etc/passwd"}}, "bad_option"),
        ({"options": {"sslkey": "/etc/ssl/private/key.pem"}}, "bad_option"),
        ({"options": {"sslrootcert": "/tmp/mine.pem"}}, "bad_option"),
        ({"options": {"options": "-c session_preload_libraries=x"}}, "bad_option"),
        ({"kind": "mysql", "options": {"init_command": "SET x = 1"}}, "bad_option"),
        ({"kind": "mysql", "options": {"read_default_file": "/root/.my.cnf"}}, "bad_option"),
        ({"kind": "mysql", "options": {"local_infile": "1"}}, "bad_option"),
        ({"kind": "mysql", "options": {"unix_socket": "/run/mysqld/mysqld.sock"}}, "bad_option"),
        ({"kind": "sqlite", "file": "/srv/a.sqlite", "options": {"vfs": "unix-none"}}, "bad_option"),
        ({"kind": "sqlite", "file": "file:/srv/a.sqlite?mode=rwc"}, "file_not_absolute"),
        ({"kind": "duckdb", "file": "md:shared"}, "file_not_absolute"),
        ({"kind": "duckdb", "file": "postgres:host=db"}, "file_not_absolute"),
        ({"kind": "duckdb", "file": "https://example.com/a.duckdb"}, "file_not_absolute"),
        ({"host": "h\x00"}, "strange_character"),
        ({"port": 70000}, "bad_port"),
        ({"port": -1}, "bad_port"),
        ({"options": {"service": "x"}}, "bad_option"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(change: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        tidy(replace(GOOD, **change))  # type: ignore[arg-type]
    assert problem(error) == why
    assert len(str(error.value)) > 10


def test_fields_are_trimmed_and_the_usual_port_is_filled_in() -> None:
    new = tidy(replace(GOOD, host=" db.example.com ", port=None, file="/etc/passwd", password=SecretStr("s")))
    assert (new.host, new.port, new.file, new.secret) == ("db.example.com", 5432, "", "s")


def test_a_file_has_neither_host_nor_password_and_a_whole_path() -> None:
    new = tidy(NewConnection("f", "sqlite", host="h", port=1, user="u", password="p", file="/srv/a.sqlite"))
    assert new == NewConnection("f", "sqlite", file="/srv/a.sqlite")
    with pytest.raises(InvalidInput):
        tidy(NewConnection("f", "sqlite", file="a.sqlite"))


def test_an_address_is_shown_without_secrets() -> None:
    assert shown({"host": "h", "port": 5432, "database": "d", "user": "u"}) == "h:5432/d"
    assert shown({"host": "/run/pg", "port": 5432, "database": "d"}) == "/run/pg/d"
    assert shown({"file": "/srv/data/a.sqlite"}) == "a.sqlite"
    assert shown({"upload": "0f.duckdb", "uploaded": "sales.xlsx"}) == "sales.xlsx"


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::7f00:1",
        "::127.0.0.1",
        "fe80::5efe:10.0.0.1",
        "2002:a00:1::",
    ],
)
def test_an_address_of_a_private_network_is_not_public_in_any_notation(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "localhost", "127.0.0.1."]
)
def test_this_machine_is_refused_however_it_is_spelled_where_private_addresses_are(host: str) -> None:
    with pytest.raises((InvalidInput, ConnectionFailed)) as error:
        resolve(host, 1, allow_private=False)
    if isinstance(error.value, InvalidInput):
        assert error.value.values["problem"] == Phrase("connections_core.private_address")


FORBIDDEN = [
    "169.254.169.254", "169.254.1.2", "2852039166", "0xA9FEA9FE", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "metadata.google.internal",
    "metadata.google.internal.",
    "0.0.0.0", "0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", FORBIDDEN)
def test_no_database_lies_where_clouds_hand_out_credentials_even_where_private_addresses_are_allowed(host: str) -> None:
    with pytest.raises(InvalidInput) as error:
        resolve(host, 1, allow_private=True)
    assert problem(error) == "forbidden_address"


def test_what_names_there_are_inside_is_not_said_where_they_may_not_be_called() -> None:
    name = socket.gethostname()
    with pytest.raises(ConnectionFailed) as inside:
        resolve(name, 1, allow_private=False)
    with pytest.raises(ConnectionFailed) as nowhere:
        resolve("nowhere.invalid", 1, allow_private=False)
    assert inside.value.detail == nowhere.value.detail == NOBODY


def test_a_name_is_resolved_once_to_the_address_that_is_called() -> None:
    assert resolve("127.0.0.1", 1, allow_private=True) == "127.0.0.1"
    assert resolve("/var/run/postgresql", 5432, allow_private=False) == ""


def test_a_name_that_leads_nowhere_is_said_to() -> None:
    with pytest.raises(ConnectionFailed, match="no database answers"):
        resolve("nowhere.invalid", 5432, allow_private=True)
