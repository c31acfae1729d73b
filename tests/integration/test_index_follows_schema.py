"""A connection's index follows its database: only what changed is touched, what is gone is gone at once, and analysts
are told; on real servers and files."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from core.connections.engines import ENGINES
from core.connections.registry import NewConnection
from core.connections.samples import ColumnRead
from core.connections.session import Limits, Target
from core.connections.statistics import statistics_of
from core.errors import NotAllowed, NotFound
from core.grounding.ground import Knowledge
from core.grounding.stored_values import StoredValues
from core.grounding.table_marks import TableMarks
from core.grounding.value_lists import ValueLists
from core.models.embeddings import Embedder
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from core.store.embedded import EmbeddedServer
from core.store.tables import documents, value_blocks, value_columns
from core.store.tables_catalogue import indexed_tables
from core.store.tables_privacy import personal_columns
from tests.conftest import someone
from tests.doubles_grounding import BagOfWords
from tests.integration.conftest import MariaServer
from tests.integration.killed_builds import HELD, killed_when

SCRIPT = """
    CREATE TABLE regions (id integer PRIMARY KEY, name varchar(40));
    CREATE TABLE orders (id integer PRIMARY KEY, region_id integer, status varchar(20), maker varchar(60));
    CREATE TABLE visits (id integer PRIMARY KEY, colour varchar(20), email varchar(60));
    CREATE INDEX orders_by_region ON orders (region_id);
    INSERT INTO regions VALUES (1, 'North'), (2, 'South');
    INSERT INTO orders VALUES (1, 1, 'open', 'alpha'), (2, 2, 'open', 'beta'), (3, 2, 'closed', 'beta');
    INSERT INTO visits VALUES (1, 'green', 'ann@example.org'), (2, 'green', 'bob@example.org'), (3, 'blue', NULL);
"""
KINDS = ("postgresql", "mariadb", "sqlite", "duckdb")


@dataclass(frozen=True)
class Place:
    """A database, how it is connected, and a way to change it."""

    new: NewConnection
    run: Callable[[str], None]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    kind = str(request.param)
    name = f"follows_{os.urandom(4).hex()}"
    if kind == "postgresql":
        server: EmbeddedServer = request.getfixturevalue("server")
        return _postgres(server, name)
    if kind == "mariadb":
        maria: MariaServer = request.getfixturevalue("mariadb")
        maria.run(f"CREATE DATABASE {name}; USE {name}; {SCRIPT}")
        new = NewConnection(name, kind, maria.socket, None, name, "reader", "reads %40 only")
        return Place(new, lambda script: maria.run(script, name))
    file = tmp_path / name

    def change(script: str) -> None:
        if kind == "sqlite":
            with closing(sqlite3.connect(file)) as lite:
                lite.executescript(script)
        else:
            with duckdb.connect(str(file)) as duck:
                duck.execute(script)

    change(SCRIPT)
    return Place(NewConnection(name, kind, file=str(file)), change)


def _postgres(server: EmbeddedServer, name: str) -> Place:
    def run(script: str, database: str = name) -> None:
        with psycopg.connect(server.url(database), autocommit=True) as line:
            line.execute(script.encode())

    run(f"CREATE DATABASE {name}", "postgres")
    run(SCRIPT + "; ANALYZE")
    new = NewConnection(name, "postgresql", server.socket, None, name, server.user, server.password)
    return Place(replace(new, accepts_powers=True), run)


@dataclass
class Desk:
    """A portal's knowledge of one database, with a model that notes what it embeds."""

    portal: Portal
    id: UUID
    model: BagOfWords
    knowledge: Knowledge

    def build(self) -> list[str]:
        """What was embedded for it."""
        self.model.calls.clear()
        self.knowledge.build(self.id)
        return list(self.model.calls)

    def documents(self) -> dict[tuple[str, str], str]:
        """Each document with PostgreSQL's mark of its last change."""
        d = documents.c
        query = sa.select(d.table_key, d.column_name, sa.literal_column("xmin::text")).where(d.connection_id == self.id)
        with self.portal.store.begin() as line:
            return {(table, column): mark for table, column, mark in line.execute(query)}

    def touched(self, before: dict[tuple[str, str], str]) -> set[str]:
        """Tables with a document that was written since."""
        return {place[0] for place, mark in self.documents().items() if before.get(place) != mark}


def desk_over(portal: Portal, new: NewConnection) -> Desk:
    info, model = portal.connections.add(SYSTEM, new), BagOfWords()
    knowledge = Knowledge(portal.store, Embedder(model, batch=4), portal.connections, portal.jobs, portal.audit)
    return Desk(portal, info.id, model, knowledge)


@pytest.mark.parametrize("place", KINDS, indirect=True)
def test_only_the_table_that_changed_is_touched(place: Place, portal: Portal) -> None:
    desk = desk_over(portal, place.new)
    assert len(desk.build()) == 3 + 9
    values = StoredValues(portal.store, desk.id)
    assert sorted(values.of_column("orders", "status")) == ["closed", "open"]
    before = desk.documents()
    assert desk.build() == []
    assert desk.touched(before) == set()
    place.run("ALTER TABLE orders ADD COLUMN remark varchar(40)")
    embedded = desk.build()
    assert desk.touched(before) == {"orders"}
    assert sum("remark" in text for text in embedded) == len(embedded) == 2  # the table's own text, and the column's
    assert values.of_column("visits", "colour")[0] == "green"


@pytest.mark.parametrize("place", KINDS, indirect=True)
def test_a_dropped_column_is_gone_from_every_index_as_soon_as_it_is_seen(place: Place, portal: Portal) -> None:
    desk = desk_over(portal, place.new)
    desk.build()
    assert StoredValues(portal.store, desk.id).of_column("orders", "maker") == ["beta", "alpha"]
    place.run("ALTER TABLE orders DROP COLUMN maker" if place.new.kind != "duckdb" else _DUCK_DROP)
    portal.connections.refresh(SYSTEM, desk.id)
    assert "maker" not in portal.connections.open(SYSTEM, desk.id).schema.by_key["orders"].by_name
    assert StoredValues(portal.store, desk.id).of_column("orders", "maker") == []
    assert ("orders", "maker") not in desk.documents()
    assert ("orders", "maker") not in ValueLists(portal.store).samples(desk.id)
    assert ("orders", "maker") not in TableMarks(portal.store).statistics(desk.id, ["orders"])
    assert ("orders", "maker") not in desk.knowledge.browse(SYSTEM, desk.id).samples
    assert ("orders", "status") in desk.documents()


# DuckDB drops no column before the end of a table that has an index.
_DUCK_DROP = "DROP INDEX orders_by_region; ALTER TABLE orders DROP COLUMN maker"


@pytest.mark.parametrize("place", ["postgresql", "sqlite"], indirect=True)
def test_a_dropped_table_takes_its_findings_along(place: Place, portal: Portal) -> None:
    desk = desk_over(portal, place.new)
    desk.build()
    found = sa.select(personal_columns.c.column_name).where(personal_columns.c.table_key == "visits")
    with portal.store.begin() as line:
        assert list(line.scalars(found)) == ["email"]
    place.run("DROP TABLE visits")
    portal.connections.refresh(SYSTEM, desk.id)
    assert {table for table, _ in desk.documents()} == {"regions", "orders"}
    assert set(TableMarks(portal.store).of(desk.id)) == {"regions", "orders"}
    with portal.store.begin() as line:
        assert list(line.scalars(found)) == []


@pytest.mark.parametrize("place", KINDS, indirect=True)
def test_rows_that_changed_are_read_again(place: Place, portal: Portal) -> None:
    desk = desk_over(portal, place.new)
    desk.build()
    if place.new.kind == "mariadb":
        time.sleep(2.2)  # it says when rows were written to the second only
    place.run("INSERT INTO regions VALUES (3, 'Westmark')")
    if place.new.kind == "mariadb":
        time.sleep(3.2)
    before = desk.documents()
    desk.build()
    assert "Westmark" in StoredValues(portal.store, desk.id).of_column("regions", "name")
    assert desk.touched(before) == {"regions"}


@pytest.mark.parametrize("place", ["postgresql", "sqlite"], indirect=True)
def test_analysts_are_told_what_changed_and_what_that_broke_until_one_of_them_dismisses_it(
    place: Place, portal: Portal
) -> None:
    desk, analyst = desk_over(portal, place.new), someone(portal, Role.ANALYST, "Ann")
    admin = portal.people.first_admin()
    portal.connections.share(admin, desk.id, everyone=True)
    desk.build()
    changes = portal.schema_changes
    assert changes.list(analyst, desk.id) == []
    portal.knowledge.verify(analyst, desk.id, "How many notes?", "SELECT count(maker) FROM orders")
    portal.knowledge.verify(analyst, desk.id, "How many regions?", "SELECT count(*) FROM regions")
    place.run("ALTER TABLE orders DROP COLUMN maker; CREATE TABLE extras (id integer PRIMARY KEY); DROP TABLE visits")
    desk.build()
    [notice] = changes.list(analyst, desk.id)
    assert (notice.change.added, notice.change.dropped) == (("extras",), ("visits",))
    assert [(one.table, one.dropped) for one in notice.change.changed] == [("orders", ("maker",))]
    assert notice.broken == ("How many notes?",)
    desk.build()
    assert len(changes.list(analyst, desk.id)) == 1
    with pytest.raises(NotAllowed):
        changes.list(someone(portal, Role.VIEWER, "Vic"), desk.id)
    changes.dismiss(analyst, notice.id)
    assert changes.list(admin, desk.id) == []
    with pytest.raises(NotFound):
        changes.dismiss(analyst, desk.id)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_notice_of_a_connection_that_is_not_ones_own_cannot_be_seen_or_dismissed(
    place: Place, portal: Portal
) -> None:
    desk, stranger = desk_over(portal, place.new), someone(portal, Role.ANALYST, "Stan")
    place.run("DROP TABLE visits")
    portal.connections.refresh(SYSTEM, desk.id)
    [notice] = portal.schema_changes.list(SYSTEM, desk.id)
    for attempt in (
        lambda: portal.schema_changes.list(stranger, desk.id),
        lambda: portal.schema_changes.dismiss(stranger, notice.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert portal.schema_changes.list(SYSTEM, desk.id) == [notice]


def test_the_same_text_is_embedded_once_for_all_connections(portal: Portal, server: EmbeddedServer) -> None:
    first = desk_over(portal, _postgres(server, "follows_first").new)
    assert len(first.build()) == 12
    second = desk_over(portal, _postgres(server, "follows_second").new)
    assert second.build() == []
    with portal.store.begin() as line:
        waiting = sa.select(sa.func.count()).where(documents.c.embedding.is_(None))
        assert line.scalar(waiting) == 0


def test_postgresql_tells_what_it_knows_of_columns_without_reading_them(server: EmbeddedServer) -> None:
    place = _postgres(server, "follows_statistics")
    place.run("CREATE ROLE follows_reader LOGIN PASSWORD 'x'; GRANT SELECT ON orders, visits TO follows_reader;")
    place.run("ALTER TABLE visits ENABLE ROW LEVEL SECURITY")
    target = Target(server.socket, database="follows_statistics", user="follows_reader", password="x")
    with closing(ENGINES["postgresql"].open(target, Limits())) as session:
        schema = ENGINES["postgresql"].introspect(session)
        known = statistics_of(session, schema)
    orders = known["orders"].columns
    assert (orders["id"].distinct, orders["id"].least, orders["id"].greatest) == (3, "1", "3")
    assert orders["maker"].null_share == 0
    assert schema.by_key["orders"].indexes == (("region_id",),)
    assert known["visits"].columns == {}  # rows are kept from this login, and so is what is known of them
    assert "regions" not in known


def test_few_values_that_a_server_knows_are_not_read(server: EmbeddedServer, portal: Portal) -> None:
    place = _postgres(server, "follows_known")
    # A value that stands once is none of the frequent ones, and what is written with ANALYZE comes after it.
    place.run("INSERT INTO orders SELECT n, 1, (ARRAY['lost', 'open', 'closed'])[n % 3 + 1], n FROM"
              " generate_series(10, 500) n")  # fmt: skip
    place.run("ANALYZE orders")
    desk = desk_over(portal, place.new)
    source = portal.connections.open(SYSTEM, desk.id)
    known = source.statistics()["orders"].columns
    assert known["status"].values is not None
    assert known["maker"].values is None
    desk.build()
    values = StoredValues(portal.store, desk.id)
    assert set(values.of_column("orders", "status")) == {"open", "lost", "closed"}
    assert len(values.of_column("orders", "maker", 1000)) == 493


@pytest.mark.parametrize("place", KINDS, indirect=True)
def test_many_columns_are_read_at_once_and_one_that_fails_spoils_no_other(place: Place, portal: Portal) -> None:
    place.run("CREATE VIEW broken AS SELECT id AS gone_soon, colour FROM visits")
    desk = desk_over(portal, place.new)
    source = portal.connections.open(SYSTEM, desk.id)
    reads = [
        ColumnRead("orders", "status", 10),
        ColumnRead("broken", "colour", 10),
        ColumnRead("regions", "name", 1),
        ColumnRead("visits", "email", 2, first=True),
    ]
    place.run("DROP VIEW broken")
    found = {read.column: sorted(values) for batch, some in source.read_columns(reads)
             for read, values in zip(batch, some, strict=True)}  # fmt: skip
    assert found["status"] == ["closed", "open"]
    assert found["colour"] == []
    assert len(found["name"]) == 1
    assert found["email"] == ["ann@example.org", "bob@example.org"]


def test_a_build_that_is_killed_goes_on_where_it_was(portal: Portal, server: EmbeddedServer, tmp_path: Path) -> None:
    place = _postgres(server, "follows_killed")
    tables = (f"CREATE TABLE sheet_{n} (id integer PRIMARY KEY, word_{n} text); INSERT INTO sheet_{n} VALUES"
              f" (1, 'value {n}')" for n in range(120))  # fmt: skip
    place.run("; ".join(tables))
    desk = desk_over(portal, place.new)
    d, t = documents.c, indexed_tables.c
    data, finished = portal.settings.data_dir, sa.select(t.table_key, t.values_at).where(t.values_at.is_not(None))
    read = sa.select(sa.func.count(t.values_at)).where(t.connection_id == desk.id)
    killed_when(portal, data, desk.id, read, 50)
    with portal.store.begin() as line:
        done = {row.table_key: row.values_at for row in line.execute(finished)}
    written = desk.documents()
    assert 50 <= len(done) < 123
    embedded = sa.select(sa.func.count(d.embedding)).where(d.connection_id == desk.id)
    killed_when(portal, data, desk.id, embedded, 20)
    with portal.store.begin() as line:
        after = {row.table_key: row.values_at for row in line.execute(finished)}
        have = line.scalar(embedded) or 0
    assert {key: after[key] for key in done} == done
    assert len(after) == 123
    assert set(written) == set(desk.documents())
    calls = desk.build()
    assert 0 < len(calls) <= len(written) - have
    assert len(set(calls)) == len(calls)
    with portal.store.begin() as line:
        assert line.scalar(embedded) == len(written)


def test_values_that_were_being_written_at_a_kill_are_whole_or_not_there_and_none_is_written_twice(
    portal: Portal, server: EmbeddedServer
) -> None:
    place, sizes = _postgres(server, "follows_torn"), {"roll_long": 25_000, **{f"roll_{n}": 200 for n in range(5)}}
    rows = "INSERT INTO {0} SELECT g, 'Holder ' || g || ' of {0}' FROM generate_series(1, {1}) g"
    makes = {name: f"CREATE TABLE {name} (id integer PRIMARY KEY, holder text); " + rows.format(name, size)
             for name, size in sizes.items()}  # fmt: skip
    long = makes.pop("roll_long")
    place.run("DROP TABLE regions, orders, visits; " + "; ".join(makes.values()))
    desk = desk_over(portal, place.new)
    mine = value_columns.c.connection_id == desk.id
    desk.build()
    place.run(long)
    portal.connections.refresh(SYSTEM, desk.id)
    killed_when(portal, portal.settings.data_dir, desk.id, HELD, 1)
    held = sa.select(value_columns.c.table_key, value_columns.c.held).where(mine)
    blocks = sa.select(value_blocks.c.id).join(value_columns).where(mine)
    marked = sa.select(indexed_tables.c.table_key).where(
        indexed_tables.c.connection_id == desk.id, indexed_tables.c.values_at.is_not(None)
    )
    with portal.store.begin() as line:
        before, whole = set(line.scalars(blocks)), {row.table_key: row.held for row in line.execute(held)}
        assert "roll_long" not in set(line.scalars(marked))  # it is not said to be read yet
    assert whole == {name: 200 for name in sizes if name != "roll_long"}
    values = StoredValues(portal.store, desk.id)
    for table in whole:
        assert len(values.of_column(table, "holder", 1_000)) == 200
    assert values.of_column("roll_long", "holder") == []
    desk.build()
    with portal.store.begin() as line:
        assert before < set(line.scalars(blocks))
        assert {row.table_key: row.held for row in line.execute(held)} == sizes
    for table in sizes:
        assert [hit.table for hit in values.matching([f"holder 200 of {table}"])] == [table]
    assert values.matching(["holdr 199 of roll_long"], fuzzy=True)[0].table == "roll_long"
