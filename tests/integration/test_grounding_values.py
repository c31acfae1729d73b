"""The index of values on a real store: what is found, how sure it is, what a change writes, and who is not shown it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.evaluation.bench_values import measure
from core.grounding.stored_values import StoredValues
from core.grounding.value_lists import ListedSize, ValueLists
from core.grounding.values import Likeness
from core.store.migrate import migrate
from core.store.sessions import Store, open_embedded
from core.store.tables import connections, value_blocks, value_columns
from tests.doubles_grounding import SHOP, PaperDatabases


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("values")
    opened = open_embedded(folder)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def mine(store: Store) -> UUID:
    return PaperDatabases(store).add(SHOP)


def found(store: Store, mine: UUID, said: str, fuzzy: bool = True) -> list[tuple[str, Likeness]]:
    return [(hit.value, hit.likeness) for hit in StoredValues(store, mine).matching([said], fuzzy)]


def test_each_way_to_say_a_value_finds_it_and_says_how_sure_it_is(store: Store, mine: UUID) -> None:
    names = ["Sarah Anderson", "Sara Andrews", "New York", "Müller & Söhne GmbH", "臺灣電腦公司", "Algonquin Hotel"]
    ValueLists(store).keep(mine, "customers", "name", names)
    assert found(store, mine, "Sarah Anderson")[0] == ("Sarah Anderson", Likeness.SAME)
    assert found(store, mine, "SARAH ANDERSON", False) == [("Sarah Anderson", Likeness.FOLDED)]
    assert found(store, mine, "ｍｕｌｌｅｒ & sohne gmbh", False) == [("Müller & Söhne GmbH", Likeness.FOLDED)]
    assert found(store, mine, "台湾电脑公司", False) == [("臺灣電腦公司", Likeness.FOLDED)]
    assert ("Sarah Anderson", Likeness.PART) in found(store, mine, "anderson")
    assert ("Sarah Anderson", Likeness.PART) in found(store, mine, "Anderson Sarah")
    assert ("Sarah Anderson", Likeness.NEAR) in found(store, mine, "Sarah Andersn")
    assert ("Sarah Anderson", Likeness.PART) in found(store, mine, "Andersn")
    assert ("New York", Likeness.NEAR) in found(store, mine, "newyork")
    assert ("Algonquin Hotel", Likeness.PART) in found(store, mine, "gonquin")
    assert ("臺灣電腦公司", Likeness.PART) in found(store, mine, "電腦")
    assert found(store, mine, "Sarah Andersn", False) == []
    assert found(store, mine, "Copenhagen") == []
    hits = {hit.likeness: hit.similarity for said in ("Sarah Anderson", "sarah anderson", "anderson", "sarah andersn")
            for hit in StoredValues(store, mine).matching([said], True) if hit.value == "Sarah Anderson"}  # fmt: skip
    assert hits[Likeness.SAME] > hits[Likeness.FOLDED] > 0.9 > max(hits[Likeness.NEAR], hits[Likeness.PART])


@pytest.mark.parametrize(
    "said", ["Kanstantinople", "Ocnsantinople", "Constantnopel", "Constantynoble", "Conztantinoplle"]
)
def test_a_long_word_is_found_with_two_slips_wherever_they_are(store: Store, mine: UUID, said: str) -> None:
    ValueLists(store).keep(mine, "cities", "name", ["Constantinople", "Constanza", "Minneapolis"])
    assert found(store, mine, said) == [("Constantinople", Likeness.NEAR)]


def test_a_look_up_asks_the_store_once_and_a_misspelt_one_at_most_three_times(store: Store, mine: UUID) -> None:
    ValueLists(store).keep(mine, "customers", "name", ["Sarah Anderson", "Paul Constantinople"])
    asked = {
        said: statements(store, mine, said) for said in ("Sarah Anderson", "Sarah Andersn", "Mississippi Brzeziny")
    }
    assert [len(some) for some in asked.values()] == [2, 3, 3]
    assert len(statements(store, mine, "Sarah Anderson", fuzzy=False)) == 1
    # Of what is like nothing, each word is looked for by its beginning, by what holds it, and once by its end.
    sets = [given[f"{way}_sets"] for given in asked["Mississippi Brzeziny"] for way in ("any", "all")]
    assert sum(map(len, sets)) <= 8


def statements(store: Store, mine: UUID, said: str, fuzzy: bool = True) -> list[dict[str, list[str]]]:
    """What each statement is given that a look-up sends to the store."""
    sent: list[dict[str, list[str]]] = []

    def note(_line: object, _cursor: object, statement: str, given: dict[str, list[str]], *_: object) -> None:
        if "value_blocks" in statement:
            sent.append(given)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        StoredValues(store, mine).matching([said], fuzzy)
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)
    return sent


def test_another_name_finds_the_value_and_is_less_sure_than_its_text(store: Store, mine: UUID) -> None:
    ValueLists(store).keep(mine, "customers", "country_code", ["DE", "US", "CN"])
    for said in ("Germany", "德國"):
        (hit,) = StoredValues(store, mine).matching([said])
        assert (hit.column, hit.value, hit.words, hit.likeness) == ("country_code", "DE", said, Likeness.ALIAS)
        assert 0.9 <= hit.similarity < 0.95
    (near,) = StoredValues(store, mine).matching(["Germny"], fuzzy=True)
    assert (near.value, near.likeness) == ("DE", Likeness.ALIAS)
    assert near.similarity < 0.9


def test_a_word_that_two_columns_hold_is_a_hit_in_both(store: Store, mine: UUID) -> None:
    lists = ValueLists(store)
    lists.keep(mine, "customers", "name", ["Berlin", "Paul"])
    lists.keep(mine, "regions", "name", ["Berlin", "North"])
    hits = StoredValues(store, mine).matching(["berlin"])
    assert {(hit.table, hit.value) for hit in hits} == {("customers", "Berlin"), ("regions", "Berlin")}


def test_a_text_that_very_many_columns_hold_leaves_room_for_others(store: Store, mine: UUID) -> None:
    lists = ValueLists(store)
    with store.begin() as line:
        # As a thousand and more columns would leave it.
        lists.keep(mine, "t", "c0", ["active"])
        row = line.execute(sa.select(value_blocks.c.body, value_blocks.c["keys"], value_blocks.c.kind)).first()
        assert row is not None
    lists.keep(mine, "regions", "name", ["Zanzibar"])
    copies = sa.text(
        "INSERT INTO value_blocks (column_id, kind, digest, body, keys) SELECT b.column_id, b.kind, n, b.body, b.keys"
        " FROM value_blocks b JOIN value_columns c ON c.id = b.column_id, generate_series(1, 1200) n"
        " WHERE c.connection_id = :mine AND c.table_key = 't' AND b.kind = 0"
    )
    with store.begin() as line:
        line.execute(copies, {"mine": mine})
    hits = StoredValues(store, mine).matching(["active", "zanzibar"])
    assert {hit.value for hit in hits} == {"active", "Zanzibar"}


def test_only_blocks_that_differ_are_written(store: Store, mine: UUID) -> None:
    lists, values = ValueLists(store), [f"Customer {n:05}" for n in range(4_000)]
    lists.keep(mine, "customers", "name", values)
    before = blocks(store, mine)
    lists.keep(mine, "customers", "name", values)
    assert blocks(store, mine) == before
    lists.keep(mine, "customers", "name", ["Newcomer", *values[:-1]])
    after = blocks(store, mine)
    assert len(before - after) <= 4
    assert len(after - before) <= 6
    assert found(store, mine, "newcomer", False)
    assert not found(store, mine, "customer 03999", False)
    assert StoredValues(store, mine).of_column("customers", "name", 2) == ["Newcomer", "Customer 00000"]


def blocks(store: Store, mine: UUID) -> set[int]:
    query = sa.select(value_blocks.c.id).join(value_columns).where(value_columns.c.connection_id == mine)
    with store.reading() as line:
        return set(line.scalars(query))


def test_what_is_listed_in_part_is_told_apart_and_counted(store: Store, mine: UUID) -> None:
    lists, values = ValueLists(store), StoredValues(store, mine)
    assert lists.size(mine) == ListedSize()
    lists.keep(mine, "customers", "name", ["Ann", "Bob"])
    lists.keep(mine, "regions", "name", ["North"], complete=False)
    assert values.holds_all("customers", "name")
    assert not values.holds_all("regions", "name")
    assert not values.holds_all("regions", "nothing")
    size = lists.size(mine)
    assert (size.values, size.columns, size.in_part) == (3, 2, 1)
    assert size.bytes > 0


def test_all_values_of_a_long_column_can_be_listed(store: Store, mine: UUID) -> None:
    listed = [f"Name {n}" for n in range(400)]
    ValueLists(store).keep(mine, "customers", "name", listed)
    values = StoredValues(store, mine)
    assert values.of_column("customers", "name", 64) == listed[:64]
    assert sorted(values.of_column("customers", "name", 500)) == sorted(listed)


def test_values_of_barred_tables_are_not_found_and_take_nobodys_place(store: Store, mine: UUID) -> None:
    lists = ValueLists(store)
    lists.keep(mine, "secrets", "name", [f"Anderson {n}" for n in range(5_000)])
    lists.keep(mine, "customers", "name", ["Sarah Anderson"])
    seen = StoredValues(store, mine, {"secrets"})
    assert seen.matching(["Anderson 7"]) == []
    for said in ("anderson", "andersn", "Anderson 7"):
        assert {(hit.table, hit.value) for hit in seen.matching([said], True)} <= {("customers", "Sarah Anderson")}, (
            said
        )
    assert seen.matching(["andersn"], fuzzy=True)


def test_with_a_connection_its_values_are_gone(store: Store, mine: UUID) -> None:
    ValueLists(store).keep(mine, "customers", "name", ["Ann"])
    with store.begin() as line:
        line.execute(sa.delete(connections).where(connections.c.id == mine))
    assert blocks(store, mine) == set()


def test_the_bench_measures_every_way_to_look_values_up(store: Store, mine: UUID) -> None:
    with store.reading() as line:
        owner = line.scalar(sa.select(connections.c.owner_id).where(connections.c.id == mine))
    assert isinstance(owner, UUID)
    figures = measure(store, owner, values=20_000, queries=20)
    assert figures["values"] == 20_000
    lookups = figures["lookups"]
    assert isinstance(lookups, dict)
    assert lookups["exact"]["found"] == lookups["folded"]["found"] == lookups["question"]["found"] == 1
    assert lookups["fuzzy"]["found"] >= 0.9
    assert lookups["missing"]["found"] == 0
