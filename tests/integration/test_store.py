"""The embedded PostgreSQL, migrations, the vault, people and the queue on a real server."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import LiteralString, TypeVar

import psycopg
import pytest
import sqlalchemy as sa

from core.errors import InvalidInput, NotAllowed, SettingsInvalid, StoreUnreachable
from core.jobs import Jobs
from core.security.people import MOST_FAILURES, People
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import Settings
from core.store import embedded, keeper
from core.store.migrate import migrate
from core.store.sessions import Store, open_embedded
from core.store.shape import metadata
from tests.conftest import NOW, audit_over

T = TypeVar("T")
PASSWORD = "correct horse battery"


class MovingClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock(NOW)


@pytest.fixture
def people(store: Store, settings: Settings, clock: MovingClock) -> People:
    return People(store, audit_over(store), settings, clock)


@pytest.fixture
def person(people: People) -> Actor:
    made = people.invite(SYSTEM, "Ann@Example.org", "Ann", Role.ANALYST, PASSWORD)
    return Actor(made.id, made.name, made.role)


def test_a_path_with_spaces_works_and_the_last_user_stops_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces"
    first, second = embedded.start(folder), embedded.start(folder)
    assert first.pid == second.pid
    first.close()
    with psycopg.connect(second.url("postgres")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    second.close()
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_a_killed_program_leaves_no_server_and_loses_nothing(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from core.store import embedded; import psycopg\n"
        "server = embedded.start(Path(sys.argv[1]))\n"
        "with psycopg.connect(server.url('postgres')) as c: c.execute('CREATE TABLE kept AS SELECT 7 AS n')\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=Path(__file__).parents[2], check=False)
    patience = time.monotonic() + 20
    while (tmp_path / "postgres" / "postmaster.pid").exists() and time.monotonic() < patience:
        time.sleep(0.05)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    again = embedded.start(tmp_path)
    with psycopg.connect(again.url("postgres")) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    again.close()


def test_the_database_server_is_not_told_the_portals_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKWELL_SECRET_KEY", "canary of the operator's key")
    server = embedded.start(tmp_path)
    try:
        for process in (server.pid, server.keeper.pid):
            assert b"canary" not in Path(f"/proc/{process}/environ").read_bytes()
        with psycopg.connect(server.url("postgres")) as connection:
            row = connection.execute("SELECT pg_read_binary_file('/proc/self/environ')").fetchone()
        assert row is not None
        assert b"canary" not in row[0]
    finally:
        server.close()


def test_little_shared_memory_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = shutil.disk_usage(tmp_path).total
    monkeypatch.setattr(keeper, "SHARED_ROOM", used)
    assert keeper.shared_memory(tmp_path) == "posix"
    assert keeper.shared_memory(tmp_path / "none") == "posix"
    monkeypatch.setattr(keeper, "SHARED_ROOM", used + 1)
    assert keeper.shared_memory(tmp_path) == "mmap"
    program = "from core.store import keeper; keeper.shared_memory = lambda _: 'mmap'; keeper.main()"
    command = [sys.executable, "-c", program, str(embedded.binaries()), str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as kept:
        assert kept.stdin
        assert kept.stdout
        running = json.loads(kept.stdout.readline())
        place = psycopg.conninfo.make_conninfo(
            host=running["socket"], user=running["user"], password=running["password"], dbname="postgres"
        )
        with psycopg.connect(place, autocommit=True) as line:
            assert line.execute("SHOW dynamic_shared_memory_type").fetchone() == ("mmap",)
            line.execute("CREATE TABLE many AS SELECT n FROM generate_series(1, 200000) AS n")
            line.execute("ALTER TABLE many SET (parallel_workers = 2)")
            line.execute("SET parallel_setup_cost = 0")
            plan = line.execute("EXPLAIN (ANALYZE, COSTS OFF) SELECT sum(n) FROM many").fetchall()
            assert any("Workers Launched: 2" in step for (step,) in plan)
        kept.stdin.close()
        assert kept.wait(30) == 0


def test_a_wrong_password_does_not_open_the_embedded_server(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url("postgres").replace(":" + server.password + "@", ":wrong@"))
    server.close()


def test_migrations_make_the_tables_the_code_describes(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
        )
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    assert migrate(store) == migrate(store)


def test_a_newer_database_is_refused(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsInvalid, match="newer version"):
        migrate(store)


def test_signing_in_gives_a_session_that_ends_with_sign_out(people: People, person: Actor) -> None:
    signed = people.sign_in(" ANN@example.org ", PASSWORD)
    assert signed is not None
    found = people.identify(signed.token)
    assert found is not None
    assert found.id == person.id
    people.sign_out(signed.token)
    assert people.identify(signed.token) is None


def test_wrong_unknown_and_disabled_look_the_same(people: People, person: Actor) -> None:
    assert people.sign_in("ann@example.org", "wrong password") is None
    assert people.sign_in("nobody@example.org", PASSWORD) is None
    people.change(SYSTEM, people.invite(SYSTEM, "root@example.org", "Root", Role.ADMIN, PASSWORD).id, role=Role.ADMIN)
    people.change(SYSTEM, person.id, disabled=True)
    assert people.sign_in("ann@example.org", PASSWORD) is None


def test_disabling_and_a_new_password_end_sessions(people: People, person: Actor) -> None:
    people.invite(SYSTEM, "root@example.org", "Root", Role.ADMIN, PASSWORD)
    signed = people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    people.change_password(person, PASSWORD, "another good password")
    assert people.identify(signed.token) is None
    again = people.sign_in("ann@example.org", "another good password")
    assert again is not None
    people.change(SYSTEM, person.id, disabled=True)
    assert people.identify(again.token) is None


def test_an_idle_session_ends(people: People, person: Actor, clock: MovingClock, settings: Settings) -> None:
    signed = people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    clock.now += timedelta(hours=settings.session_idle_hours, minutes=1)
    assert people.identify(signed.token) is None


def test_too_many_failures_throttle_the_account_for_a_while(people: People, person: Actor, clock: MovingClock) -> None:
    for _ in range(MOST_FAILURES):
        people.sign_in("ann@example.org", "wrong password")
    assert people.sign_in("ann@example.org", PASSWORD) is None
    clock.now += timedelta(minutes=16)
    assert people.sign_in("ann@example.org", PASSWORD) is not None


def test_long_passwords_are_never_cut(people: People) -> None:
    people.invite(SYSTEM, "long@example.org", "Long", Role.VIEWER, "a word " * 12)
    assert people.sign_in("long@example.org", ("a word " * 12)[:-1]) is None
    assert people.sign_in("long@example.org", "a word " * 12) is not None


def test_the_last_administrator_stays(people: People) -> None:
    admin = people.invite(SYSTEM, "root@example.org", "Root", Role.ADMIN, PASSWORD)
    with pytest.raises(InvalidInput):
        people.change(SYSTEM, admin.id, role=Role.VIEWER)
    assert people.list(SYSTEM)[0].role is Role.ADMIN


def test_only_administrators_see_people_and_the_trail(people: People, person: Actor, store: Store) -> None:
    with pytest.raises(NotAllowed):
        people.list(person)
    with pytest.raises(NotAllowed):
        audit_over(store).list(person)
    assert any(row.action == "people.change" for row in audit_over(store).list(SYSTEM))


def test_the_same_job_waits_once_and_can_be_cancelled(store: Store) -> None:
    jobs = Jobs(store)
    first = jobs.defer("index", connection_id="1")
    assert first is not None
    assert jobs.defer("index", connection_id="1") is None
    jobs.cancel(SYSTEM, first)
    assert [job.status for job in jobs.list(SYSTEM)] == ["cancelled"]
    jobs.retry(SYSTEM, first)
    assert [job.status for job in jobs.list(SYSTEM)] == ["todo", "cancelled"]
    jobs.close()


def test_a_server_that_is_killed_comes_back_with_all_that_was_acknowledged(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    with psycopg.connect(server.url("postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(server.pid, signal.SIGKILL)
    assert answer(lambda: rows_of(server.url("postgres"), "SELECT n FROM kept")) == [(7,)]
    server.close()
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def rows_of(url: str, sql: LiteralString) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchall()


def answer(ask: Callable[[], T], seconds: float = 20) -> T:
    """What `ask` gives once it can, at the latest after so many seconds."""
    patience = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (psycopg.OperationalError, StoreUnreachable):
            if time.monotonic() > patience:
                raise
            time.sleep(0.1)


def test_a_lock_somebody_holds_is_waited_for_a_few_seconds_and_then_said(store: Store) -> None:
    with store.begin() as other:
        other.execute(sa.text("LOCK TABLE people IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StoreUnreachable, match="LockNotAvailable"), store.begin() as connection:
            connection.execute(sa.text("SELECT count(*) FROM people"))


def test_a_server_that_falls_silent_is_given_up_and_its_line_closed(store: Store) -> None:
    frozen: list[int] = []
    with pytest.raises(StoreUnreachable):
        ask_a_frozen_one(store, frozen)
    [backend] = frozen
    os.kill(backend, signal.SIGCONT)
    with store.begin() as connection:
        assert connection.scalar(sa.text("SELECT pg_backend_pid()")) != backend


def ask_a_frozen_one(store: Store, frozen: list[int]) -> None:
    with store.begin(patience=0.3) as connection:
        frozen.append(int(str(connection.scalar(sa.text("SELECT pg_backend_pid()")))))
        os.kill(frozen[0], signal.SIGSTOP)
        connection.execute(sa.text("SELECT 1"))


def test_a_line_that_was_lent_when_its_pool_was_let_go_is_closed_as_it_comes_back(store: Store) -> None:
    with store.reading() as lent:
        line = lent.connection.driver_connection
        store.engine.dispose()
        lent.execute(sa.text("SELECT 1"))
    assert line is not None
    assert line.closed
    with store.reading() as fresh:
        kept = fresh.connection.driver_connection
    assert kept is not None
    assert not kept.closed


def test_after_a_restart_of_the_server_the_next_statement_works(tmp_path: Path) -> None:
    store = open_embedded(tmp_path)
    assert store.server is not None
    with store.begin() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    os.kill(store.server.pid, signal.SIGINT)
    assert answer(lambda: one(store)) == 1
    store.close()


def one(store: Store) -> object:
    with store.begin() as connection:
        return connection.scalar(sa.text("SELECT 1"))
