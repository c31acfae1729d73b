"""One file brings everything back: equal to a moment, sealed secrets included, or nothing is touched at all."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from pydantic import SecretStr

from core.backup import archive, dump
from core.backup.dump import back_up
from core.backup.manifest import NAME, Manifest
from core.backup.restore import check, restore
from core.connections.addresses import NewConnection
from core.errors import InvalidInput, SecretUnreadable
from core.portal import Portal, wire
from core.security.permissions import SYSTEM, Role
from core.settings import Settings
from core.store.embedded import EmbeddedServer
from core.store.migrate import configuration, migrate
from core.store.sessions import Store, create_database, open_url
from core.store.tables import model_calls, sign_in_failures
from tests.conftest import NOW, PASSWORD, someone
from tests.integration.conftest import Place

ROOT = Path(__file__).parents[2]
CHANGED = {"sessions", "procrastinate_events", "audit", "audit_chain"}  # what a restored portal itself goes on with


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[Store]:
    """A database with nothing in it, on the same server."""
    name = f"empty_{uuid4().hex[:8]}"
    create_database(server.url("postgres"), name)
    made = open_url(server.url(name))
    yield made
    made.engine.dispose()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def full(portal: Portal, postgres_place: Place) -> Portal:
    """A portal with people, a connection with a password, an upload, a conversation, a key and a job."""
    target = postgres_place.target
    owner = portal.people.first_admin()
    reached = NewConnection("Sealed", "postgresql", target.host, None, target.database, target.user, target.password)
    portal.connections.add(owner, reached, own=True)
    portal.connections.upload(owner, "Sheet", "sheet.csv", io.BytesIO(b"city,n\nCairo,1\nLima,2\n"))
    ann = someone(portal, Role.ANALYST, "Ann")
    assert portal.people.sign_in("ann@example.org", PASSWORD) is not None
    portal.audit.note(ann, "answers.ask", question="canary-7131?")
    return portal


def rows_of(store: Store) -> dict[str, list[str]]:
    """Every row of every table, as COPY writes it, in an order of its own."""
    with store.begin(patience=None) as connection:
        found = {}
        driver = connection.connection.driver_connection
        assert driver is not None
        for name, columns in dump._tables(connection):
            with (
                driver.cursor() as cursor,
                cursor.copy(f'COPY "{name}" ({", ".join(map(repr_sql, columns))}) TO STDOUT') as out,
            ):
                found[name] = sorted(b"".join(map(bytes, out)).decode().splitlines())
        return found


def repr_sql(name: str) -> str:
    return '"' + name + '"'


def elsewhere(settings: Settings, folder: Path, **changed: object) -> Settings:
    return settings.model_copy(update={"data_dir": folder / "elsewhere", **changed})


def test_everything_comes_back_and_works(full: Portal, empty: Store, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "portal.askwell"
    manifest = back_up(full.store, settings, file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = rows_of(full.store)
    there = elsewhere(settings, tmp_path)
    done = restore(empty, there, file, "", replace=False)
    after = rows_of(empty)
    assert done.unreadable == ()
    assert {name: rows for name, rows in after.items() if name not in CHANGED} == {
        name: rows for name, rows in before.items() if name not in CHANGED
    }
    assert after["audit"] == before["audit"]
    assert sum(table.rows for table in manifest.tables) == sum(map(len, before.values()))
    assert len(manifest.uploads) == 1
    again = wire(empty, there, clock=lambda: NOW)
    assert again.audit.verify(SYSTEM).ok
    assert any("canary-7131?" in str(row.detail) for row in again.audit.list(SYSTEM))
    owner = again.people.first_admin()
    for info in again.connections.list(owner):
        connection = again.connections.open(owner, info.id)
        table = connection.schema.tables[0].name
        assert connection.run(connection.check(f"SELECT count(*) AS n FROM {table}")).rows[0][0] > 0
    assert again.people.sign_in("ann@example.org", PASSWORD) is not None
    added = again.jobs.defer("index", connection_id="new")
    assert added is not None
    again.audit.note(owner, "people.sign_in")
    assert again.audit.verify(SYSTEM).ok
    again.close()


def test_old_sessions_do_not_come_back_to_life(full: Portal, empty: Store, settings: Settings, tmp_path: Path) -> None:
    signed = full.people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    back_up(full.store, settings, tmp_path / "b")
    restore(empty, elsewhere(settings, tmp_path), tmp_path / "b", "", replace=False)
    again = wire(empty, elsewhere(settings, tmp_path), clock=lambda: NOW)
    assert again.people.identify(signed.token) is None
    again.close()


def test_a_backup_while_writes_go_on_is_one_moment(
    full: Portal, settings: Settings, empty: Store, tmp_path: Path
) -> None:
    ended, written = threading.Event(), [0]

    def write() -> None:
        while not ended.is_set():
            number = str(written[0])
            with full.store.begin() as connection:
                connection.execute(sign_in_failures.insert().values(subject=number))
                connection.execute(model_calls.insert().values(model_name="m", task=number, state="settled"))
                full.audit.note_within(connection, None, "people.sign_in", number)
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while written[0] < 20:
            time.sleep(0.01)
        acknowledged = written[0]
        back_up(full.store, settings, tmp_path / "b")
    finally:
        ended.set()
        writer.join()
    restore(empty, elsewhere(settings, tmp_path), tmp_path / "b", "", replace=False)
    with empty.begin() as connection:
        subjects = set(connection.scalars(sa.select(sign_in_failures.c.subject)))
        tasks = set(connection.scalars(sa.select(model_calls.c.task)))
    assert subjects == tasks == {str(number) for number in range(len(tasks))}
    assert len(tasks) >= acknowledged
    assert wire(empty, elsewhere(settings, tmp_path)).audit.verify(SYSTEM).ok


@pytest.mark.parametrize("passphrase", ["", "a passphrase of theirs"])
def test_one_wrong_bit_anywhere_is_found_before_anything_is_touched(
    full: Portal, settings: Settings, tmp_path: Path, passphrase: str
) -> None:
    file = tmp_path / "b"
    sealed = settings.model_copy(update={"backup_passphrase": SecretStr(passphrase)})
    back_up(full.store, sealed, file)
    whole = file.read_bytes()
    assert (b"canary-7131" in whole) is False  # compressed, and perhaps encrypted
    places = [*random.Random(7).sample(range(len(whole)), 60), 0, len(whole) - 1]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        with pytest.raises(InvalidInput):
            check(file, passphrase)
    for cut in (1, 40, len(whole) // 2, len(whole) - 10):
        file.write_bytes(whole[:-cut])
        with pytest.raises(InvalidInput):
            check(file, passphrase)
    file.write_bytes(whole)
    assert check(file, passphrase).tables
    if passphrase:
        for wrong in ("", "another passphrase"):
            with pytest.raises(InvalidInput, match="assphrase"):
                check(file, wrong)


def test_without_the_key_it_starts_and_says_what_cannot_be_opened(
    full: Portal, empty: Store, settings: Settings, tmp_path: Path
) -> None:
    back_up(full.store, settings, tmp_path / "b")
    keyless = elsewhere(settings, tmp_path, secret_key=SecretStr("another operator's key, long enough to be one"))
    done = restore(empty, keyless, tmp_path / "b", "", replace=False)
    assert done.unreadable == ("connections: Sealed",)
    again = wire(empty, keyless)
    owner = again.people.first_admin()
    sealed = next(info for info in again.connections.list(owner) if info.name == "Sealed")
    connection = again.connections.open(owner, sealed.id)
    with pytest.raises(SecretUnreadable):
        connection.run(connection.check("SELECT 1 AS one"))
    again.audit.note(owner, "people.sign_in")
    assert again.audit.verify(SYSTEM).problem == "no_key"
    both = keyless.model_copy(update={"previous_secret_keys": settings.secret_key})
    if "," not in settings.secret_key.get_secret_value():
        assert wire(empty, both).audit.verify(SYSTEM).ok
    again.close()


def test_a_portal_that_is_there_is_only_replaced_when_told_to(
    full: Portal, store: Store, settings: Settings, tmp_path: Path, server: EmbeddedServer
) -> None:
    back_up(store, settings, tmp_path / "b")
    before = rows_of(store)
    beside = open_url(store.url)
    with pytest.raises(InvalidInput, match="Stop it first"):
        restore(beside, settings, tmp_path / "b", "", replace=True)
    beside.engine.dispose()
    full.jobs.close()
    store.engine.dispose()
    alone = open_url(store.url)
    with pytest.raises(InvalidInput, match="--replace"):
        restore(alone, settings, tmp_path / "b", "", replace=False)
    assert rows_of(alone) == before
    alone.engine.dispose()
    uploads = settings.data_dir / "uploads"
    (uploads / "ffffffffffffffffffffffffffffffff.duckdb").write_bytes(b"of nobody any more")
    kept = {path.name for path in uploads.glob("*.duckdb")}
    restore(alone, settings, tmp_path / "b", "", replace=True)
    assert rows_of(alone)["people"] == before["people"]
    assert {path.name for path in uploads.glob("*.duckdb")} == kept - {"ffffffffffffffffffffffffffffffff.duckdb"}
    alone.engine.dispose()


def test_a_backup_of_an_older_shape_is_brought_up_to_date(
    empty: Store, store: Store, settings: Settings, tmp_path: Path, server: EmbeddedServer
) -> None:
    with empty.begin(patience=None) as connection:
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
        command.upgrade(configuration(connection), "0002")
        connection.execute(
            sa.text(
                "INSERT INTO people (email, name, password_hash, role) VALUES ('old@example.org', 'Old', 'x', 'admin')"
            )
        )
        connection.execute(sa.text("INSERT INTO audit (actor, action) VALUES ('Old', 'people.sign_in')"))
    file = tmp_path / "old"
    written_at(empty, file, "0002")
    empty.engine.dispose()
    store.engine.dispose()
    with psycopg.connect(server.url("postgres"), autocommit=True) as line:
        line.execute("CREATE DATABASE upgraded")
    fresh = open_url(server.url("upgraded"))
    done = restore(fresh, elsewhere(settings, tmp_path), file, "", replace=False)
    assert done.revision > "0005"
    assert migrate(fresh) == done.revision
    again = wire(fresh, elsewhere(settings, tmp_path))
    assert [person.email for person in again.people.list(SYSTEM)] == ["old@example.org"]
    assert (again.audit.verify(SYSTEM).ok, again.audit.verify(SYSTEM).rows) == (True, 1)
    again.close()
    with psycopg.connect(server.url("postgres"), autocommit=True) as line:
        line.execute("DROP DATABASE upgraded WITH (FORCE)")


def written_at(store: Store, file: Path, revision: str) -> None:
    """A backup as a program of that revision would have written it."""
    with file.open("wb") as out, archive.writing(out, "") as tar, store.begin(patience=None) as connection:
        tables = tuple(dump._table(connection, tar, name, columns) for name, columns in dump._tables(connection))
        manifest = Manifest("2026-01-01T00:00:00+00:00", "0.0.1", revision, tables, (), {}, ())
        dump._member(tar, NAME, manifest.json())


def test_a_newer_backup_is_refused(empty: Store, store: Store, settings: Settings, tmp_path: Path) -> None:
    written_at(store, tmp_path / "new", "9999")
    with pytest.raises(InvalidInput, match="newer version"):
        restore(empty, elsewhere(settings, tmp_path), tmp_path / "new", "", replace=False)
    with empty.begin() as connection:
        assert not sa.inspect(connection).has_table("people")


def test_only_a_backup_is_written_over(full: Portal, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "thesis.doc"
    file.write_text("years of work")
    with pytest.raises(InvalidInput, match="not a backup"):
        back_up(full.store, settings, file)
    assert file.read_text() == "years of work"
    file.unlink()
    back_up(full.store, settings, file)
    back_up(full.store, settings, file)
    with pytest.raises(InvalidInput, match="cannot be written"):
        back_up(full.store, settings, tmp_path / "no" / "such" / "folder")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_upload_that_goes_while_the_backup_is_made_is_in_it(
    full: Portal, settings: Settings, tmp_path: Path
) -> None:
    uploads = settings.data_dir / "uploads"
    with dump._moment(full.store, uploads) as (_, files):
        [name] = files
        (uploads / name).unlink()
        assert files[name].stat().st_size > 0


def test_a_restore_killed_at_any_moment_leaves_the_old_state_whole(
    full: Portal, store: Store, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    back_up(store, settings, file)
    full.people.invite(SYSTEM, "later@example.org", "Later", Role.VIEWER, PASSWORD)
    before = rows_of(store)
    full.jobs.close()
    store.engine.dispose()
    environment = environment_of(settings, store)
    for number in range(4):
        child = run("restore", str(file), "--replace", environment=environment)
        time.sleep(0.9 + 0.25 * number)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        wait_until_free(store)
        after = rows_of(store)
        whole = after["people"] == before["people"] or len(after["people"]) == len(before["people"]) - 1
        assert whole
        store.engine.dispose()
        if len(after["people"]) != len(before["people"]):
            break  # it was done before it was killed
    ended = run("restore", str(file), "--replace", "--json", environment=environment)
    said, complaint = ended.communicate()
    assert ended.returncode == 0, complaint
    assert json.loads(said)["unreadable"] == []
    assert "later@example.org" not in str(rows_of(store)["people"])
    store.engine.dispose()


def test_from_one_machine_to_another_with_an_embedded_database(
    full: Portal, store: Store, settings: Settings, tmp_path: Path
) -> None:
    file = str(tmp_path / "b")
    there = environment_of(settings, store) | {"ASKWELL_BACKUP_PASSPHRASE": "a passphrase of theirs"}
    made = run("backup", file, "--json", environment=there)
    said, complaint = made.communicate()
    assert made.returncode == 0, complaint
    assert json.loads(said)["uploads"] == 1
    assert full.audit.list(SYSTEM, limit=1)[0].action == "portal.backup"
    here = {name: value for name, value in there.items() if name != "ASKWELL_DATABASE_URL"}
    here["ASKWELL_DATA_DIR"] = str(tmp_path / "embedded")
    first = run("restore", file, environment=here)
    said, complaint = first.communicate()
    assert first.returncode == 0, complaint
    again = run("restore", file, environment=here)
    _, complaint = again.communicate()
    assert (again.returncode, "--replace" in complaint.decode()) == (2, True)
    verify = run("audit", "verify", "--json", environment=here)
    said, _ = verify.communicate()
    assert (verify.returncode, json.loads(said)["ok"]) == (0, True)
    assert len(list((tmp_path / "embedded" / "uploads").glob("*.duckdb"))) == 1


def environment_of(settings: Settings, store: Store) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ASKWELL_")},
        "ASKWELL_SECRET_KEY": settings.secret_key.get_secret_value(),
        "ASKWELL_ADMIN_EMAIL": settings.admin_email,
        "ASKWELL_ADMIN_PASSWORD": settings.admin_password.get_secret_value(),
        "ASKWELL_DATABASE_URL": store.url,
        "ASKWELL_DATA_DIR": str(settings.data_dir),
    }


def run(*arguments: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    command_line = [sys.executable, "-m", "core", *arguments]
    return subprocess.Popen(command_line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until_free(store: Store) -> None:
    """The server notices that a client was killed, and undoes what it was at."""
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    while True:
        with store.begin() as connection:
            if not connection.scalar(others):
                return
        time.sleep(0.05)


def test_a_key_that_the_backup_needs_is_named(full: Portal, settings: Settings, tmp_path: Path) -> None:
    manifest = back_up(full.store, settings, tmp_path / "b")
    assert len(manifest.keys) == 1
    assert settings.secret_key.get_secret_value() not in json.dumps(manifest.settings, default=str)
    assert "first admin's password" not in json.dumps(manifest.settings, default=str)
    assert check(tmp_path / "b", "").tables == manifest.tables
