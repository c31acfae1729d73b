"""Keys that a database does not declare: found in its data, decided by people, and used on the next question."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from core.connections.addresses import NewConnection
from core.connections.schema import Dialect, ForeignKey, Kind, Schema
from core.errors import InvalidInput, NotAllowed, NotFound
from core.grounding.join_keys import ACCEPTED, REJECTED, SUGGESTED, JoinKey, KeyShelf, KeySuggestions
from core.grounding.joins import Join, JoinGraph
from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from core.store.sessions import Store
from tests.doubles_grounding import PaperDatabases, table

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE suppliers (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, supplier_id INTEGER, note TEXT);
INSERT INTO customers SELECT value, 'c' || value FROM generate_series(1, 40);
INSERT INTO suppliers SELECT value + 5000, 's' || value FROM generate_series(1, 40);
INSERT INTO orders SELECT value, value % 40 + 1, value % 40 + 1, '' FROM generate_series(1, 200);
"""


@pytest.fixture
def connection_id(portal: Portal, tmp_path: Path) -> Iterator[UUID]:
    """A shop that declares no keys: orders have customers, and suppliers by name alone."""
    file = tmp_path / "shop.sqlite"
    line = sqlite3.connect(file)
    line.execute("CREATE TABLE numbers (value INTEGER)")
    line.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(1, 201)])
    for statement in SHOP.split(";"):
        plain = statement.replace("FROM generate_series(1, 40)", "FROM numbers WHERE value <= 40")
        line.execute(plain.replace("FROM generate_series(1, 200)", "FROM numbers"))
    line.execute("DROP TABLE numbers")
    line.commit()
    line.close()
    info = portal.connections.add(SYSTEM, NewConnection(name=str(uuid4()), kind="sqlite", file=str(file)))
    portal.knowledge.build(info.id)
    yield info.id
    portal.connections.remove(SYSTEM, info.id)


def found(portal: Portal, connection_id: UUID) -> dict[str, JoinKey]:
    """What is known, by the pointing column."""
    return {one.key.columns[0]: one for one in portal.joins.list(SYSTEM, connection_id)}


def joined(portal: Portal, connection_id: UUID, *tables: str) -> object:
    connection = portal.connections.open(SYSTEM, connection_id)
    return JoinGraph(portal.knowledge.keyed(connection)).path(tables)


def test_values_confirm_one_key_and_refute_another(portal: Portal, connection_id: UUID) -> None:
    keys = found(portal, connection_id)
    assert (keys["customer_id"].looked_at, keys["customer_id"].met) == (40, 40)
    assert (keys["supplier_id"].looked_at, keys["supplier_id"].met) == (40, 0)
    assert joined(portal, connection_id, "orders", "customers") == (
        Join("orders", ("customer_id",), "customers", ("id",), inferred=True),
    )
    assert joined(portal, connection_id, "orders", "suppliers") is None


def test_a_decision_holds_at_once_is_written_down_and_can_be_taken_back(portal: Portal, connection_id: UUID) -> None:
    supplier, customer = (found(portal, connection_id)[f"{name}_id"] for name in ("supplier", "customer"))
    portal.joins.decide(SYSTEM, supplier.id, ACCEPTED)
    portal.joins.decide(SYSTEM, customer.id, REJECTED)
    assert joined(portal, connection_id, "orders", "suppliers") == (
        Join("orders", ("supplier_id",), "suppliers", ("id",), accepted=True),
    )
    assert joined(portal, connection_id, "orders", "customers") is None
    portal.knowledge.build(connection_id)
    assert {one.state for one in found(portal, connection_id).values()} == {ACCEPTED, REJECTED}
    noted = [entry for entry in portal.audit.list(SYSTEM) if entry.action == "joins.decide"]
    assert {entry.detail["state"] for entry in noted} >= {ACCEPTED, REJECTED}
    for one in (supplier, customer):
        portal.joins.decide(SYSTEM, one.id, SUGGESTED)
    assert joined(portal, connection_id, "orders", "suppliers") is None
    assert joined(portal, connection_id, "orders", "customers") is not None
    with pytest.raises(InvalidInput):
        portal.joins.decide(SYSTEM, supplier.id, "perhaps")


def test_grounding_and_the_instant_engine_go_by_it(portal: Portal, connection_id: UUID) -> None:
    from datetime import UTC, datetime

    from core.answering.follow_up import resolve
    from core.answering.instant.interpret import Interpretation
    from core.answering.ladder import read

    def answered() -> bool:
        connection = portal.connections.open(SYSTEM, connection_id)
        asked = resolve("How many orders does each customer have?", datetime.now(UTC), ())
        outcome = read(portal.knowledge.keyed(connection), asked, portal.knowledge.values(connection))
        joins = portal.knowledge.ground(SYSTEM, asked.inquiry, connection).joins
        told = any({join.left, join.right} == {"orders", "customers"} for join in joins)
        is_read = isinstance(outcome, Interpretation) and "JOIN" in outcome.sql
        assert told == is_read
        return is_read

    assert answered()
    portal.joins.decide(SYSTEM, found(portal, connection_id)["customer_id"].id, REJECTED)
    assert not answered()


def test_who_may_not_change_a_connection_is_refused(portal: Portal, connection_id: UUID) -> None:
    key = found(portal, connection_id)["customer_id"]
    viewer = Actor(uuid4(), "Vic", Role.VIEWER)
    stranger = Actor(uuid4(), "Eve", Role.EDITOR)
    for who, error in ((viewer, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            portal.joins.list(who, connection_id)
        with pytest.raises(error):
            portal.joins.decide(who, key.id, ACCEPTED)
    assert found(portal, connection_id)["customer_id"].state == SUGGESTED


def test_a_suggestion_goes_with_what_suggested_it_and_a_decision_stays(store: Store) -> None:
    papers = PaperDatabases(store)
    pointing = table("orders", "id", "", {}, customer_id=Kind.INTEGER, seller_id=Kind.INTEGER)
    schema = Schema(Dialect.POSTGRES, (pointing, table("customers", "id"), table("sellers", "id")))
    place = papers.add(schema, {("orders", "customer_id"): ["1", "2", "3"], ("customers", "id"): ["1", "2", "3"]})
    suggestions, shelf = KeySuggestions(store), KeyShelf(store)
    suggestions.keep(papers.open(SYSTEM, place))
    keys = shelf.of(papers.open(SYSTEM, place)).by_key["orders"].foreign_keys
    assert [key.columns for key in keys] == [("customer_id",), ("seller_id",)]
    papers.alter(place, schema=replace(schema, tables=(table("orders", "id"), *schema.tables[1:])))
    suggestions.keep(papers.open(SYSTEM, place))
    assert shelf.of(papers.open(SYSTEM, place)).by_key["orders"].foreign_keys == ()


def test_beside_declared_keys_only_confirmed_ones_are_used(store: Store) -> None:
    papers = PaperDatabases(store)
    pointing = table("orders", "id", "", {"customer_id": "customers.id"}, seller_id=Kind.INTEGER, shop_id=Kind.INTEGER)
    others = (table(name, "id") for name in ("customers", "sellers", "shops"))
    values = {("orders", "seller_id"): ["1", "2", "3"], ("sellers", "id"): ["1", "2", "3", "4"]}
    place = papers.add(Schema(Dialect.POSTGRES, (pointing, *others)), values)
    KeySuggestions(store).keep(papers.open(SYSTEM, place))
    keys = KeyShelf(store).of(papers.open(SYSTEM, place)).by_key["orders"].foreign_keys
    assert {key.referred_table for key in keys} == {"customers", "sellers"}
    assert all(isinstance(key, ForeignKey) for key in keys)
