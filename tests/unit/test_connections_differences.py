"""What is told of two schemas of one database, and which tables an index touches again."""

from dataclasses import replace

from core.connections.differences import SchemaChange, TableChange, differences, table_hash
from core.connections.introspection import Naming
from core.connections.schema import Column, Kind, Schema, Table
from core.connections.seen import see
from core.connections.stored_schema import SeenSchema, dump, hash_of, load
from core.grounding.changes import SchemaNotice, _limited
from core.grounding.visible import Sight
from core.security.policies import Rights, TableRights
from tests.doubles_grounding import SHOP, table, wide


def with_table(schema: Schema, changed: Table) -> Schema:
    return replace(schema, tables=tuple(changed if t.key == changed.key else t for t in schema.tables))


ORDERS = SHOP.by_key["orders"]
STATUS = ORDERS.by_name["status"]
OTHERS = tuple(c for c in ORDERS.columns if c.name != "status")


def test_the_same_schema_read_twice_is_no_change() -> None:
    again = load(dump(SeenSchema(SHOP, Naming())))
    assert not differences(SHOP, again.schema)
    grown = with_table(SHOP, replace(ORDERS, row_estimate=1_000_000, comment="Orders: all of them"))
    assert not differences(SHOP, grown)


def test_tables_and_columns_that_came_went_or_changed_are_named() -> None:
    wider = replace(ORDERS, columns=(*OTHERS, Column("note", "text", Kind.TEXT)))
    retyped = replace(wider, columns=tuple(replace(c, type="bigint") if c.name == "id" else c for c in wider.columns))
    without = replace(SHOP, tables=tuple(t for t in SHOP.tables if t.key != "products"))
    now = replace(with_table(without, retyped), tables=(*with_table(without, retyped).tables, table("new", "id")))
    change = differences(SHOP, now)
    assert (change.added, change.dropped) == (("new",), ("products",))
    [orders] = [one for one in change.changed if one.table == "orders"]
    assert (orders.added, orders.dropped) == (("note",), ("status",))
    assert orders.retyped == (("id", "integer", "bigint"),)
    assert SchemaChange.of(change.stored()) == change


def test_a_key_that_is_gone_is_a_change_of_its_table_alone() -> None:
    change = differences(SHOP, with_table(SHOP, replace(ORDERS, foreign_keys=())))
    assert change == SchemaChange(changed=(TableChange("orders", keys=True),))


def test_the_hash_of_a_table_follows_all_that_documents_are_made_of_and_not_its_rows() -> None:
    others = (
        replace(ORDERS, comment="another"),
        replace(ORDERS, descriptions={"zh": "订单"}),
        replace(ORDERS, columns=OTHERS),
        replace(ORDERS, columns=(*OTHERS, replace(STATUS, comment="how far it is"))),
        replace(ORDERS, columns=(*OTHERS, replace(STATUS, descriptions={"en": "Stage"}))),
        replace(ORDERS, columns=(*OTHERS, replace(STATUS, type="varchar(9)"))),
        replace(ORDERS, foreign_keys=()),
        replace(ORDERS, indexes=(("status",),)),
    )
    hashes = {table_hash(one) for one in (ORDERS, *others)}
    assert len(hashes) == len(others) + 1
    assert table_hash(replace(ORDERS, row_estimate=7)) == table_hash(ORDERS)


def test_what_is_kept_of_a_schema_is_known_by_a_hash_and_loads_as_it_was() -> None:
    indexed = with_table(SHOP, replace(ORDERS, indexes=(("status", "ordered_on"),)))
    stored, other = dump(SeenSchema(indexed, Naming())), dump(SeenSchema(SHOP, Naming()))
    assert hash_of(stored) == hash_of(dump(SeenSchema(indexed, Naming()))) != hash_of(other)
    assert load(stored).schema.by_key["orders"].indexes == (("status", "ordered_on"),)
    before_indexes = {**other, "tables": [{k: v for k, v in t.items() if k != "indexes"} for t in other["tables"]]}
    assert load(before_indexes).schema.tables == SHOP.tables


def test_a_loaded_schema_keeps_each_name_once() -> None:
    first, second = load(dump(SeenSchema(wide(3, 4), Naming()))).schema.tables[:2]
    assert first.columns[0].type is second.columns[0].type
    assert first.columns[0].descriptions is second.columns[0].descriptions


def test_who_is_bound_by_policies_hears_only_of_what_is_there_and_theirs() -> None:
    change = SchemaChange(
        ("products", "salaries"),
        ("secret_plans",),
        (TableChange("orders", ("status", "margin"), ("cost",), (("hidden", "a", "b"), ("id", "a", "b")), True),),
    )
    seen = replace(SHOP, tables=tuple(t for t in SHOP.tables if t.key in ("orders", "products")))
    rights = Rights(frozenset({"salaries"}), {"orders": TableRights(hidden_columns=frozenset({"margin"}))}, "v")
    notice = SchemaNotice(id=None, connection_id=None, at=None, change=change, broken=("q",))  # type: ignore[arg-type]
    limited = _limited(notice, Sight(seen, rights))
    assert limited.change == SchemaChange(
        ("products",), (), (TableChange("orders", ("status",), (), (("id", "a", "b"),)),)
    )
    assert limited.broken == ()


def test_a_table_with_an_index_is_not_seen_by_columns_that_are_hidden() -> None:
    indexed = with_table(SHOP, replace(ORDERS, indexes=(("status",), ("ordered_on", "status"), ("id",))))
    rights = Rights(frozenset(), {"orders": TableRights(hidden_columns=frozenset({"status"}))}, "v")
    assert see(replace(indexed, origins={}), rights, Naming()).schema.by_key["orders"].indexes == (("id",),)
