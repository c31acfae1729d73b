"""Connections in the portal: who may add, see, change and open them, and what is never connected."""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from core.connections.addresses import NewConnection
from core.connections.registry import Connections
from core.errors import AskwellError, ConnectionFailed, InvalidInput, NotAllowed, NotFound
from core.i18n import Phrase, Words
from core.jobs import Jobs
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import Settings
from core.store import tables
from core.store.embedded import EmbeddedServer
from core.store.sessions import Store
from tests.conftest import audit_over, vault_over
from tests.integration.conftest import MariaServer, Place

SECRET = "reads %40 only"


def problem(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    phrase = error.value.values["problem"]
    assert isinstance(phrase, Phrase)
    return phrase.key.removeprefix("connections_core.")


def person(store: Store, role: Role, name: str) -> Actor:
    row = {"email": f"{name}@example.org", "name": name, "password_hash": "x", "role": role.value}
    with store.begin() as connection:
        found = connection.execute(tables.people.insert().values(row).returning(tables.people.c.id)).scalar_one()
    return Actor(UUID(str(found)), name, role)


@pytest.fixture
def admin(store: Store) -> Actor:
    return person(store, Role.ADMIN, "admin")


@pytest.fixture
def analyst(store: Store) -> Actor:
    return person(store, Role.EDITOR, "editor")


@pytest.fixture
def viewer(store: Store) -> Actor:
    return person(store, Role.VIEWER, "viewer")


@pytest.fixture
def jobs(store: Store) -> Iterator[Jobs]:
    opened = Jobs(store)
    yield opened
    opened.close()


def registry(store: Store, settings: Settings, jobs: Jobs, **changes: Any) -> Connections:
    return Connections(store, vault_over(store), audit_over(store), jobs, settings.model_copy(update=changes))


@pytest.fixture
def connections(store: Store, settings: Settings, jobs: Jobs) -> Iterator[Connections]:
    opened = registry(store, settings, jobs)
    yield opened
    opened.close()


@pytest.fixture
def shop(postgres_place: Place) -> NewConnection:
    """The place on PostgreSQL, as somebody would add it."""
    target = postgres_place.target
    return NewConnection("Shop", "postgresql", target.host, None, target.database, target.user, SecretStr(SECRET))


@pytest.fixture
def file(tmp_path: Path) -> NewConnection:
    path = tmp_path / "outside.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x');")
    return NewConnection("File", "sqlite", file=str(path))


def rows(store: Store, table: sa.Table) -> list[dict[str, Any]]:
    with store.begin() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_a_database_is_added_indexed_and_asked(
    connections: Connections, admin: Actor, shop: NewConnection, jobs: Jobs, store: Store
) -> None:
    info = connections.add(admin, shop)
    assert (info.name, info.kind, info.tables, info.may_change) == ("Shop", "postgresql", 2, True)
    assert info.index.running
    assert not info.index.indexed
    [job] = jobs.list(admin)
    assert (job.name, job.arguments) == ("index", {"connection_id": str(info.id)})
    connection = connections.open(admin, info.id)
    table = connection.run(connection.check("SELECT count(*) AS n FROM words"))
    assert table.rows == ((3,),)
    assert connection.values_of("words", ["word"]) == {"word": ["naïve", "中文 100%"]}
    assert [row["action"] for row in rows(store, tables.audit)] == ["connections.add", "audit.statement"]


def test_a_password_is_kept_only_sealed_and_shown_nowhere(
    connections: Connections, admin: Actor, shop: NewConnection, store: Store
) -> None:
    info = connections.add(admin, shop)
    [row] = rows(store, tables.connections)
    assert row["sealed_password"].startswith("v2.")
    everything = repr((row, info, connections.list(admin), connections.open(admin, info.id), rows(store, tables.audit)))
    assert SECRET not in everything
    assert info.given is not None
    assert info.given.secret == ""


def test_a_password_moved_to_another_row_opens_nothing(
    connections: Connections, admin: Actor, shop: NewConnection, store: Store
) -> None:
    first = connections.add(admin, shop)
    second = connections.add(admin, replace(shop, name="Other"))
    c = tables.connections.c
    with store.begin() as connection:
        sealed = connection.execute(sa.select(c.sealed_password).where(c.id == first.id)).scalar_one()
        connection.execute(sa.update(tables.connections).where(c.id == second.id).values(sealed_password=sealed))
    with pytest.raises(AskwellError, match="can no longer be opened"):
        connections.open(admin, second.id).sample("words")


def test_a_database_on_mariadb_is_added_and_asked(
    connections: Connections, admin: Actor, mariadb: MariaServer, mariadb_place: Place
) -> None:
    new = NewConnection("Maria", "mariadb", mariadb.socket, None, "place", "reader", SECRET)
    connection = connections.open(admin, connections.add(admin, new).id)
    query = connection.check("SELECT word FROM place.words WHERE word LIKE '%100%'")
    assert connection.run(query).rows == (("中文 100%",),)
    assert connection.scope.namespace == "place"
    ends = connection.column_range("words", "day")
    assert ends is not None
    assert [str(end) for end in ends] == ["2026-01-02", "2026-03-04"]


def test_names_are_unique_in_whatever_case(connections: Connections, admin: Actor, shop: NewConnection) -> None:
    connections.add(admin, shop)
    with pytest.raises(InvalidInput) as error:
        connections.add(admin, replace(shop, name=" SHOP "))
    assert problem(error) == "name_taken"


def test_a_database_that_does_not_answer_is_not_kept(
    connections: Connections, admin: Actor, shop: NewConnection
) -> None:
    with pytest.raises(ConnectionFailed) as error:
        connections.add(admin, replace(shop, password="the wrong one"))
    assert "the wrong one" not in f"{error.value}{error.value.detail}"
    assert connections.list(admin) == []


def test_owners_administrators_and_those_it_is_shared_with_see_a_connection(
    connections: Connections, store: Store, admin: Actor, analyst: Actor, viewer: Actor
) -> None:
    other = person(store, Role.EDITOR, "other")
    info = connections.upload(analyst, "Mine", "mine.csv", io.BytesIO(b"a,b\n1,2\n"))

    def seen() -> list[bool]:
        return [bool(connections.list(actor)) for actor in (analyst, admin, other, viewer)]

    assert seen() == [True, True, False, False]
    with pytest.raises(NotFound):
        connections.open(viewer, info.id)
    connections.share(analyst, info.id, everyone=False, people=[viewer.id])
    assert seen() == [True, True, False, True]
    assert connections.open(viewer, info.id).schema.by_key
    [shown] = connections.list(viewer)
    assert (shown.may_change, shown.people, shown.given) == (False, (), None)
    assert connections.list(analyst)[0].people == (viewer.id,)
    connections.share(admin, info.id, everyone=True)
    assert seen() == [True, True, True, True]
    connections.share(analyst, info.id, everyone=False)
    assert seen() == [True, True, False, False]
    with pytest.raises(InvalidInput) as error:
        connections.share(analyst, info.id, everyone=False, people=[uuid4()])
    assert problem(error) == "no_such_person"


def test_only_owners_and_administrators_change_a_connection(
    connections: Connections, store: Store, admin: Actor, analyst: Actor, viewer: Actor, file: NewConnection
) -> None:
    info = connections.add(admin, file)
    for actor, refusal in ((analyst, NotFound), (viewer, NotAllowed)):
        for act in (
            lambda who: connections.change(who, info.id, replace(file, name="Theirs")),
            lambda who: connections.remove(who, info.id),
            lambda who: connections.share(who, info.id, everyone=True),
        ):
            with pytest.raises(refusal):
                act(actor)
    connections.share(admin, info.id, everyone=True)
    with pytest.raises(NotAllowed):
        connections.remove(analyst, info.id)
    assert connections.list(viewer)[0].name == "File"


def test_nobody_may_do_nothing(connections: Connections, viewer: Actor, file: NewConnection) -> None:
    nobody: Any = None
    for act in (
        lambda: connections.add(nobody, file),
        lambda: connections.list(nobody),
        lambda: connections.open(nobody, uuid4()),
        lambda: connections.test(nobody, file),
        lambda: connections.upload(nobody, "x", "x.csv", io.BytesIO()),
        lambda: connections.refresh(nobody, uuid4()),
        lambda: connections.add(viewer, file),
        lambda: connections.upload(viewer, "x", "x.csv", io.BytesIO()),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_password_is_never_sent_to_another_place(connections: Connections, admin: Actor, shop: NewConnection) -> None:
    info = connections.add(admin, shop)
    renamed = connections.change(admin, info.id, replace(shop, name="Renamed", password=""))
    assert renamed.name == "Renamed"
    for change in ({"host": "db.example.com"}, {"port": 9999}, {"user": "other"}, {"options": {"sslmode": "disable"}}):
        new = replace(shop, password="", **change)
        with pytest.raises(InvalidInput) as error:
            connections.change(admin, info.id, new)
        assert problem(error) == "password_again"
        report = connections.test(admin, new, info.id)
        assert (report.ok, report.message.key) == (False, "connections_core.password_again")
    assert connections.test(admin, replace(shop, password=""), info.id).ok
    assert not connections.test(admin, replace(shop, password="")).ok


def test_a_test_says_what_is_there_and_what_the_sign_in_may_do(
    connections: Connections, admin: Actor, shop: NewConnection, postgres_place: Place
) -> None:
    report = connections.test(admin, shop)
    assert (report.ok, report.tables, report.warnings) == (True, 2, ())
    assert report.version.startswith("PostgreSQL 1")
    assert Words("zh").show(report.message) == f"已连接到 {report.version}：共 2 张表。"
    owner = postgres_place.owner
    report = connections.test(admin, replace(shop, user=owner.user, password=owner.password))
    assert [warning.key for warning in report.warnings] == ["powers.superuser"]
    assert report.too_much
    report = connections.test(admin, replace(shop, password="wrong secret"))
    assert (report.ok, report.message.key) == (False, "errors.connection_failed")
    assert "password authentication failed" in report.detail
    assert "wrong secret" not in report.detail
    assert connections.list(admin) == []


def test_the_portals_own_database_is_no_connection(
    connections: Connections, admin: Actor, server: EmbeddedServer, store: Store
) -> None:
    own = store.engine.url.database or ""
    new = NewConnection("Own", "postgresql", server.socket, None, own, server.user, server.password)
    for host in (server.socket, server.socket + "/", server.socket + "/../socket"):
        with pytest.raises(InvalidInput) as error:
            connections.add(admin, replace(new, host=host))
        assert problem(error) == "own_database"
    assert connections.test(SYSTEM, new).message.key == "connections_core.own_database"


def test_the_portals_own_database_is_known_by_its_identity_behind_any_address(
    connections: Connections, admin: Actor, server: EmbeddedServer, store: Store, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".s.PGSQL.6000").symlink_to(Path(server.socket) / ".s.PGSQL.5432")
    own = store.engine.url.database or ""
    new = NewConnection("Own", "postgresql", str(elsewhere), 6000, own, server.user, server.password)
    with pytest.raises(InvalidInput) as error:
        connections.add(admin, new)
    assert problem(error) == "own_database"


def test_an_embedded_server_gives_only_what_the_portal_made_there(
    store: Store, settings: Settings, jobs: Jobs, admin: Actor, server: EmbeddedServer, shop: NewConnection
) -> None:
    connections = registry(replace(store, server=server), settings, jobs)
    with pytest.raises(InvalidInput) as error:
        connections.add(admin, shop)
    assert problem(error) == "own_database"
    info = connections.add(admin, shop, own=True)
    assert connections.open(admin, info.id).sample("words").rows
    assert info.given is not None
    assert connections.test(admin, info.given, info.id).ok
    kept = connections.change(admin, info.id, replace(info.given, name="Still ours"))
    assert connections.open(admin, kept.id).sample("words").rows
    with pytest.raises(InvalidInput):
        connections.change(admin, info.id, replace(info.given, database="postgres", password="x"))


def test_private_addresses_are_refused_where_the_operator_says_so(
    store: Store, settings: Settings, jobs: Jobs, admin: Actor
) -> None:
    connections = registry(store, settings, jobs, allow_private_addresses=False)
    for host in ("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "0x7f000001"):
        new = NewConnection("Inside", "postgresql", host, 1, "d", "u", "p")
        with pytest.raises(InvalidInput) as error:
            connections.add(admin, new)
        assert problem(error) == ("forbidden_address" if host.startswith("169") else "private_address")


def test_files_on_the_server_are_for_administrators_where_the_operator_allows_them(
    store: Store, settings: Settings, jobs: Jobs, admin: Actor, analyst: Actor, file: NewConnection
) -> None:
    socket = NewConnection("Socket", "postgresql", "/var/run/postgresql", None, "d", "u", "p")
    allowing, refusing = registry(store, settings, jobs), registry(store, settings, jobs, allow_server_files=False)
    for connections, actor in ((allowing, analyst), (refusing, admin), (refusing, analyst)):
        for new, why in ((file, "server_files_off"), (socket, "socket_off")):
            with pytest.raises(InvalidInput) as error:
                connections.add(actor, new)
            assert problem(error) == why
    assert allowing.add(admin, file).tables == 1
    assert refusing.add(SYSTEM, replace(file, name="From the terminal")).owner_id == admin.id


def test_the_portals_own_files_are_no_connections(
    connections: Connections, settings: Settings, admin: Actor, tmp_path: Path
) -> None:
    inside = settings.data_dir / "uploads" / "somebody.sqlite"
    inside.parent.mkdir(parents=True)
    with closing(sqlite3.connect(inside)) as database:
        database.execute("CREATE TABLE t (a)")
    link = tmp_path / "link.sqlite"
    link.symlink_to(inside)
    for path in (inside, link, tmp_path / "data" / ".." / "data" / "uploads" / "somebody.sqlite"):
        with pytest.raises(InvalidInput) as error:
            connections.add(admin, NewConnection("Inside", "sqlite", file=str(path)))
        assert problem(error) == "portal_file"


def test_a_changed_schema_is_seen_after_a_refresh(connections: Connections, admin: Actor, file: NewConnection) -> None:
    info = connections.add(admin, file)
    with closing(sqlite3.connect(file.file)) as database:
        database.execute("CREATE TABLE later (a)")
    assert set(connections.open(admin, info.id).schema.by_key) == {"t"}
    assert set(connections.refresh(SYSTEM, info.id).schema.by_key) == {"t", "later"}
    assert set(connections.open(admin, info.id).schema.by_key) == {"t", "later"}
    assert connections.list(admin)[0].schema_version != info.schema_version


def test_a_refresh_that_fails_leaves_the_schema(connections: Connections, admin: Actor, file: NewConnection) -> None:
    info = connections.add(admin, file)
    Path(file.file).unlink()
    with pytest.raises(ConnectionFailed):
        connections.refresh(SYSTEM, info.id)
    connection = connections.open(admin, info.id)
    assert set(connection.schema.by_key) == {"t"}
    with pytest.raises(ConnectionFailed):
        connection.run(connection.check("SELECT a FROM t"))


def test_descriptions_are_merged_and_a_change_is_seen_at_once(
    connections: Connections, store: Store, admin: Actor, file: NewConnection
) -> None:
    info = connections.add(admin, file)
    first = connections.open(admin, info.id).schema
    assert connections.open(admin, info.id).schema is first
    words = {"connection_id": info.id, "table_key": "t", "column_name": "", "language": "zh", "text": "表：一"}
    with store.begin() as connection:
        connection.execute(tables.descriptions.insert().values(words))
    assert connections.open(admin, info.id).schema.by_key["t"].descriptions == {"zh": "表：一"}
    with store.begin() as connection:
        connection.execute(sa.update(tables.descriptions).values(text="表：二"))
    assert connections.open(admin, info.id).schema.by_key["t"].descriptions == {"zh": "表：二"}
    with store.begin() as connection:
        connection.execute(sa.delete(tables.descriptions))
    assert connections.open(admin, info.id).schema.by_key["t"].descriptions == {}


def test_the_progress_of_the_index_does_not_read_the_schema_again(
    connections: Connections, store: Store, admin: Actor, file: NewConnection
) -> None:
    info = connections.add(admin, file)
    first = connections.open(admin, info.id).schema
    with store.begin() as connection:
        connection.execute(sa.update(tables.connections).values(index_state={"step": "values", "done": 1, "total": 2}))
    assert connections.open(admin, info.id).schema is first
    assert connections.list(admin)[0].index.done == 1


def test_an_upload_is_a_file_of_our_own_naming_and_goes_with_its_connection(
    connections: Connections, settings: Settings, analyst: Actor
) -> None:
    content = "订单,客户,金额\n1,张三,5.5\n2,李四,7\n".encode("gbk")
    info = connections.upload(analyst, "", "../../销售 2024.csv", io.BytesIO(content))
    assert (info.name, info.address, info.uploaded, info.tables) == ("销售 2024", "销售 2024.csv", True, 1)
    [kept] = (settings.data_dir / "uploads").iterdir()
    assert len(kept.stem) == 32
    connection = connections.open(analyst, info.id)
    [table] = connection.schema.tables
    assert table.name == "销售_2024"
    query = connection.check('SELECT sum("金额") AS total FROM "销售_2024"')
    assert str(connection.run(query).rows[0][0]) == "12.5"
    assert info.given is not None
    assert connections.test(analyst, info.given, info.id).ok
    assert connections.change(analyst, info.id, NewConnection("Sales", "duckdb")).name == "Sales"
    with pytest.raises(InvalidInput) as error:
        connections.change(analyst, info.id, NewConnection("Sales", "duckdb", file="/etc/passwd"))
    assert problem(error) == "upload_stays"
    connections.remove(analyst, info.id)
    assert not kept.exists()
    assert connections.list(analyst) == []


def test_an_upload_that_cannot_be_read_leaves_nothing(
    connections: Connections, settings: Settings, analyst: Actor
) -> None:
    for filename, content in (("a.csv", b""), ("a.xlsx", b"PK nonsense"), ("a.csv", b"a,b\n1,2,3\n")):
        with pytest.raises(InvalidInput):
            connections.upload(analyst, "Broken", filename, io.BytesIO(content))
    connections.upload(analyst, "Good", "a.csv", io.BytesIO(b"a\n1\n"))
    with pytest.raises(InvalidInput) as error:
        connections.upload(analyst, "good", "a.csv", io.BytesIO(b"a\n1\n"))
    assert problem(error) == "name_taken"
    assert len(list((settings.data_dir / "uploads").iterdir())) == 1


def test_a_schema_of_a_thousand_tables_is_kept_at_hand(
    connections: Connections, admin: Actor, tmp_path: Path, server: EmbeddedServer
) -> None:
    path = tmp_path / "thousand.sqlite"
    columns = ", ".join(f"column_{n} TEXT" for n in range(20))
    with closing(sqlite3.connect(path)) as database:
        tables = (f"CREATE TABLE table_{number} (id INTEGER PRIMARY KEY, {columns});" for number in range(1000))
        database.executescript("BEGIN;" + "".join(tables) + "COMMIT;")
    info = connections.add(admin, NewConnection("Thousand", "sqlite", file=str(path)))
    opened = connections.open(admin, info.id).schema
    assert len(opened.tables) == 1000
    assert connections.open(admin, info.id).schema is opened
