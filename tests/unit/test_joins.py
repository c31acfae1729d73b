"""Joins are found where keys lead, and are never guessed."""

import random

import pytest

from core.answering.instant.paths import Paths
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.joins import Ambiguous, Join, JoinGraph
from core.grounding.keys import Standing, UndeclaredKey, keyed


def table(name: str, *columns: str, keys: dict[str, str] | None = None, primary: str = "id") -> Table:
    """A table of integer columns; `keys` maps a column to `table.column`."""
    foreign = tuple(ForeignKey((c,), to.split(".")[0], (to.split(".")[1],)) for c, to in (keys or {}).items())
    names = dict.fromkeys((*((primary,) if primary else ()), *columns, *(keys or {})))
    return Table(
        name,
        tuple(Column(c, "integer", Kind.INTEGER) for c in names),
        primary_key=(primary,) if primary else (),
        foreign_keys=foreign,
    )


def graph(*tables: Table) -> JoinGraph:
    return JoinGraph(Schema(Dialect.POSTGRES, tables))


SHOP = (
    table("countries"),
    table("customers", keys={"country_id": "countries.id"}),
    table("orders", keys={"customer_id": "customers.id"}),
    table("lines", keys={"order_id": "orders.id", "product_id": "products.id"}),
    table("products", keys={"category_id": "categories.id", "country_id": "countries.id"}),
    table("categories"),
    table("weather"),
)


def steps(path: tuple[Join, ...] | Ambiguous | None) -> list[tuple[str, str]]:
    assert isinstance(path, tuple)
    return [(join.left, join.right) for join in path]


def test_one_table_needs_no_join() -> None:
    assert graph(*SHOP).path(["orders"]) == ()


def test_a_key_joins_two_tables_whichever_is_named_first() -> None:
    expected = Join("orders", ("customer_id",), "customers", ("id",))
    assert graph(*SHOP).path(["orders", "customers"]) == (expected,)
    assert graph(*SHOP).path(["customers", "orders"]) == (expected,)


def test_tables_in_between_are_found() -> None:
    path = graph(*SHOP).path(["customers", "categories"])
    assert steps(path) == [
        ("orders", "customers"),
        ("lines", "orders"),
        ("lines", "products"),
        ("products", "categories"),
    ]


def test_a_shared_country_does_not_relate_a_customer_to_a_product() -> None:
    path = graph(*SHOP).path(["customers", "products"])
    assert "countries" not in {name for step in steps(path) for name in step}


def test_three_tables_share_their_way() -> None:
    path = graph(*SHOP).path(["categories", "customers", "orders"])
    assert len(steps(path)) == 4


def test_tables_that_no_key_connects_have_no_path() -> None:
    assert graph(*SHOP).path(["orders", "weather"]) is None
    assert graph(*SHOP).path(["orders", "nowhere"]) is None


def test_two_keys_to_the_same_table_are_ambiguous() -> None:
    flights = table("flights", keys={"source": "airports.id", "target": "airports.id"})
    path = graph(flights, table("airports")).path(["flights", "airports"])
    assert isinstance(path, Ambiguous)
    assert {way[0].left_columns for way in path.paths} == {("source",), ("target",)}


def test_two_bridges_of_the_same_length_are_ambiguous_and_a_shorter_way_is_not() -> None:
    bridges = [table(n, keys={"a_id": "a.id", "b_id": "b.id"}) for n in ("owners", "renters")]
    path = graph(table("a"), table("b"), *bridges).path(["a", "b"])
    assert isinstance(path, Ambiguous)
    assert len(path.paths) == 2
    direct = table("b", keys={"a_id": "a.id"})
    assert steps(graph(table("a"), direct, *bridges).path(["a", "b"])) == [("b", "a")]


def test_naming_the_bridge_settles_which_one_is_meant() -> None:
    bridges = [table(n, keys={"a_id": "a.id", "b_id": "b.id"}) for n in ("owners", "renters")]
    path = graph(table("a"), table("b"), *bridges).path(["a", "b", "renters"])
    assert {left for left, _ in steps(path)} == {"renters"}


def test_a_key_of_two_columns_is_one_join() -> None:
    parts = Table(
        "parts",
        (Column("maker", "text", Kind.TEXT), Column("number", "text", Kind.TEXT)),
        primary_key=("maker", "number"),
    )
    stock = Table("stock", parts.columns, foreign_keys=(ForeignKey(("maker", "number"), "parts", ("maker", "number")),))
    assert graph(parts, stock).path(["stock", "parts"]) == (
        Join("stock", ("maker", "number"), "parts", ("maker", "number")),
    )


def test_every_join_touches_what_came_before() -> None:
    path = graph(*SHOP).path(["countries", "categories", "orders"])
    seen: set[str] = set()
    for left, right in steps(path):
        assert not seen or {left, right} & seen
        seen |= {left, right}


@pytest.mark.parametrize(
    ("column", "target", "key"),
    [
        ("customer_id", "customers", "id"),
        ("CustomerID", "Customers", "CustomerID"),
        ("billing_address_id", "addresses", "id"),
        ("stuid", "student", "stuid"),
        ("category_code", "dim_category", "category_code"),
    ],
)
def test_a_key_that_is_not_declared_is_inferred_from_names(column: str, target: str, key: str) -> None:
    path = graph(table("facts", column, "amount"), table(target, primary=key)).path(["facts", target])
    assert path == (Join("facts", (column,), target, (key,), inferred=True),)


def test_prefixed_columns_are_inferred_too() -> None:
    orders = table("orders", "o_custkey", "o_totalprice", primary="o_orderkey")
    customer = table("customer", "c_name", "c_phone", primary="c_custkey")
    path = graph(orders, customer).path(["orders", "customer"])
    assert path == (Join("orders", ("o_custkey",), "customer", ("c_custkey",), inferred=True),)


@pytest.mark.parametrize(("column", "target", "key"), [("id", "things", "id"), ("name", "people", "name")])
def test_equal_names_that_say_nothing_are_not_keys(column: str, target: str, key: str) -> None:
    assert graph(table("facts", column, primary=""), table(target, primary=key)).path(["facts", target]) is None


def test_kinds_must_agree_and_declared_keys_silence_guessing() -> None:
    text = Table("customers", (Column("id", "text", Kind.TEXT),), primary_key=("id",))
    assert graph(table("orders", "customer_id"), text).path(["orders", "customers"]) is None
    declared = table("orders", "product_id", keys={"customer_id": "customers.id"})
    assert graph(declared, table("customers"), table("products")).path(["orders", "products"]) is None


def test_a_chain_is_followed_as_far_as_makes_sense() -> None:
    chain = [table("t0"), *(table(f"t{n}", keys={"before": f"t{n - 1}.id"}) for n in range(1, 3000))]
    joins = graph(*chain)
    assert len(steps(joins.path(["t100", "t110"]))) == 10
    assert joins.path(["t0", "t2999"]) is None


def test_among_ten_thousand_tables_a_hub_leads_no_farther_than_what_is_asked() -> None:
    chance = random.Random(7)
    tables = [table("users")]
    for number in range(1, 10_000):
        parents = {f"p{i}": f"t{chance.randrange(max(1, number - 50), number)}.id" for i in range(2) if number > 2}
        tables.append(table(f"t{number}", keys={**parents, "created_by": "users.id"}))
    joins = graph(*tables)
    for _ in range(5):
        asked = [f"t{chance.randrange(1, 10_000)}" for _ in range(3)]
        assert joins.path(asked) is not None
        visited = joins._reach(asked[0], asked, 160).costs
        assert set(asked) <= {name for name, _ in visited}
        assert len(visited) < 1_000  # and not the ten thousand that the hub knows


def decided(*tables: Table, **states: Standing) -> JoinGraph:
    """The graph of these tables, in which orders' keys, named by column, have these standings."""
    known = {
        ("orders", ForeignKey((column,), column.removesuffix("_id") + "s", ("id",))): standing
        for column, standing in states.items()
    }
    return JoinGraph(keyed(Schema(Dialect.POSTGRES, tables), known))


def test_what_people_accept_is_preferred_to_names_and_what_they_reject_is_never_walked() -> None:
    bridges = [table(name, "boat_id", "club_id") for name in ("owners", "renters")]
    ends = (table("boats", primary="id"), table("clubs", primary="id"))
    known = {("renters", ForeignKey((f"{end}_id",), f"{end}s", ("id",))): Standing.ACCEPTED for end in ("boat", "club")}
    schema = Schema(Dialect.POSTGRES, (*ends, *bridges))
    assert isinstance(JoinGraph(schema).path(["boats", "clubs"]), Ambiguous)
    assert {left for left, _ in steps(JoinGraph(keyed(schema, known)).path(["boats", "clubs"]))} == {"renters"}
    rejected = {("owners", ForeignKey(("boat_id",), "boats", ("id",))): Standing.REJECTED}
    assert {left for left, _ in steps(JoinGraph(keyed(schema, rejected)).path(["boats", "clubs"]))} == {"renters"}


def test_a_declared_key_is_preferred_to_an_accepted_one() -> None:
    declared = table("loans", keys={"boat_id": "boats.id", "club_id": "clubs.id"})
    schema = Schema(Dialect.POSTGRES, (table("boats"), table("clubs"), declared, table("owners", "boat_id", "club_id")))
    known = {("owners", ForeignKey((f"{end}_id",), f"{end}s", ("id",))): Standing.ACCEPTED for end in ("boat", "club")}
    assert {left for left, _ in steps(JoinGraph(keyed(schema, known)).path(["boats", "clubs"]))} == {"loans"}


def test_a_key_that_values_refute_is_not_used_and_one_they_confirm_is_beside_declared_ones() -> None:
    orders = table("orders", "seller_id", keys={"customer_id": "customers.id"})
    tables = (orders, table("customers"), table("sellers"))
    assert decided(*tables).path(["orders", "sellers"]) is None
    assert steps(decided(*tables, seller_id=Standing.MET).path(["orders", "sellers"])) == [("orders", "sellers")]
    plain = (table("orders", "seller_id"), table("sellers"))
    assert steps(decided(*plain).path(["orders", "sellers"])) == [("orders", "sellers")]
    assert decided(*plain, seller_id=Standing.UNMET).path(["orders", "sellers"]) is None


def test_a_first_column_that_points_at_another_table_is_no_key_of_its_own() -> None:
    bridge = table("has_note", "note", keys={"stuid": "students.stuid"}, primary="")
    bridge = Table("has_note", tuple(reversed(bridge.columns)), foreign_keys=bridge.foreign_keys)
    found = keyed(Schema(Dialect.SQLITE, (bridge, table("students", "full_name", primary="stuid"))))
    assert found.by_key["has_note"].primary_key == ()


def test_the_instant_engine_walks_the_surest_of_equally_short_paths() -> None:
    orders = table("orders", keys={"buyer_id": "people.id", "seller_id": "people.id"})
    assert len(Paths(Schema(Dialect.POSTGRES, (orders, table("people")))).between("orders", "people")) == 2
    undeclared = UndeclaredKey(("seller_id",), "people", ("id",))
    mixed = Table("orders", orders.columns, primary_key=("id",), foreign_keys=(orders.foreign_keys[0], undeclared))
    (path,) = Paths(Schema(Dialect.POSTGRES, (mixed, table("people")))).between("orders", "people")
    assert path[0].left_columns == ("buyer_id",)
