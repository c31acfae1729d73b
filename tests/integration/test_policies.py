"""Policies in the portal: who keeps them, what is checked first, what people then see, and what stays in the trail."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.connections.addresses import NewConnection
from core.connections.registry import Connection
from core.errors import InvalidInput, LimitedQueryFailed, NotAllowed, NotFound, QueryFailed, QueryRefused
from core.i18n import Phrase
from core.portal import Portal, wire
from core.security.permissions import SYSTEM, Actor, Role
from core.security.policies import Mask, MaskKind, Policy, Subject, SubjectKind
from tests.conftest import someone

SHOP = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, region TEXT, email TEXT, salary INTEGER, since DATE);
    INSERT INTO customers VALUES (1, 'north', 'ada@example.com', 100, '2024-01-05');
    INSERT INTO customers VALUES (2, 'south', 'bob@example.com', 200, '2024-02-06'), (3, 'north', NULL, 300, NULL);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), amount DECIMAL(10, 2));
    INSERT INTO orders VALUES (1, 1, 10), (2, 2, 20), (3, 2, 30), (4, 3, 40);
    CREATE TABLE secrets (id INTEGER PRIMARY KEY, value TEXT);
    INSERT INTO secrets VALUES (1, 'CANARY');
    CREATE VIEW totals AS SELECT c.region, sum(o.amount) AS total FROM customers c JOIN orders o ON o.customer_id = c.id
        GROUP BY c.region;
    CREATE VIEW revealed AS SELECT * FROM secrets;
    CREATE VIEW payroll AS SELECT id, salary FROM customers;
"""
BELOW_ADMIN = Subject(SubjectKind.BELOW, "admin")


@pytest.fixture
def admin(portal: Portal) -> Actor:
    return someone(portal, Role.ADMIN, "Ada")


@pytest.fixture
def viewer(portal: Portal) -> Actor:
    return someone(portal, Role.VIEWER, "Vera")


@pytest.fixture
def shop(portal: Portal, admin: Actor, tmp_path: Path) -> UUID:
    """A shop in a SQLite file, shared with everybody."""
    file = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(SHOP)
    info = portal.connections.add(admin, NewConnection("Shop", "sqlite", file=str(file)))
    portal.connections.share(admin, info.id, everyone=True)
    return info.id


def policy(shop: UUID, table: str = "customers", **taken: Any) -> Policy:
    given: dict[str, Any] = {"name": f"rule {uuid4().hex[:6]}", "subject": BELOW_ADMIN, "table": table}
    return Policy(connection_id=shop, **(given | taken))


def rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return sorted(connection.run(connection.check(sql)).rows, key=repr)


def problem(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    phrase = error.value.values["problem"]
    assert isinstance(phrase, Phrase)
    return phrase.key.removeprefix("policies_core.")


def test_a_rule_binds_from_the_next_question_on_and_until_it_is_removed(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    before = portal.connections.open(viewer, shop)
    kept = portal.policies.keep(admin, shop, policy(shop, rows="region = 'north'"))
    opened = portal.connections.open(viewer, shop)
    query = opened.check("SELECT count(*) AS n FROM customers")
    assert (query.limited, query.sql) == (("customers",), "SELECT count(*) AS n FROM customers")
    assert rows(opened, "SELECT count(*) AS n FROM customers") == [(2,)]
    assert rows(before, "SELECT count(*) AS n FROM customers") == [(3,)]
    assert rows(portal.connections.open(admin, shop), "SELECT count(*) AS n FROM customers") == [(3,)]
    assert (before.rights_version, opened.rights_version != "") == ("", True)
    assert portal.policies.rights(viewer, shop) == opened.scope.rights
    assert kept.id is not None
    portal.policies.remove(admin, shop, kept.id)
    assert rows(portal.connections.open(viewer, shop), "SELECT count(*) AS n FROM customers") == [(3,)]


def test_what_is_hidden_is_in_no_schema_and_in_no_words_about_it(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    portal.policies.keep(admin, shop, policy(shop, hidden_columns=frozenset({"salary", "id"})))
    portal.policies.keep(admin, shop, policy(shop, "secrets", hidden=True))
    schema = portal.connections.open(viewer, shop).schema
    assert set(schema.by_key) == {"customers", "orders", "totals"} - {"totals"}  # what reads the hidden is hidden
    assert list(schema.by_key["customers"].by_name) == ["region", "email", "since"]
    assert schema.by_key["customers"].primary_key == ()
    assert schema.by_key["orders"].foreign_keys == ()
    assert schema.by_key["customers"].row_estimate is None
    whole = portal.connections.open(SYSTEM, shop).schema
    assert {"secrets", "revealed", "payroll", "totals"} <= set(whole.by_key)


HIDDEN = (
    "SELECT * FROM secrets",
    "SELECT * FROM revealed",
    "SELECT salary FROM customers",
    "SELECT c.salary FROM customers AS c",
    "SELECT * FROM payroll",
    "SELECT count(*) FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE salary > 150)",
    "WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets",
)


def test_the_hidden_is_refused_as_if_it_were_not_there(portal: Portal, admin: Actor, viewer: Actor, shop: UUID) -> None:
    portal.policies.keep(admin, shop, policy(shop, hidden_columns=frozenset({"salary"})))
    portal.policies.keep(admin, shop, policy(shop, "secrets", hidden=True))
    opened = portal.connections.open(viewer, shop)
    for sql in HIDDEN:
        with pytest.raises(QueryRefused) as refused:
            opened.check(sql)
        reason = refused.value.values["reason"]
        assert isinstance(reason, Phrase), sql
        assert reason.values.get("near", "") not in ("salary", "secrets", "payroll"), sql


def test_an_allow_list_hides_every_other_table(portal: Portal, admin: Actor, viewer: Actor, shop: UUID) -> None:
    portal.policies.keep(admin, shop, policy(shop, "", only=frozenset({"orders"})))
    assert list(portal.connections.open(viewer, shop).schema.by_key) == ["orders"]
    portal.policies.keep(admin, shop, policy(shop, "orders", only_columns=frozenset({"amount"})))
    assert list(portal.connections.open(viewer, shop).schema.by_key["orders"].by_name) == ["amount"]


def test_an_attribute_of_the_person_stands_in_the_rule_and_its_lack_leaves_no_rows(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    portal.policies.keep(admin, shop, policy(shop, rows="region = {user.region} OR email = {user.email}"))
    count = "SELECT count(*) AS n FROM customers"

    def seen(**attributes: tuple[str, ...]) -> object:
        person = replace(viewer, email="nobody@example.org", attributes=tuple(attributes.items()))
        return rows(portal.connections.open(person, shop), count)[0][0]

    assert seen() == 0
    assert seen(region=("south",)) == 1
    assert seen(region=("north", "south")) == 0  # two values, where one is compared
    assert seen(region=("x' OR '1'='1",)) == 0
    assert seen(region=("\\' OR 1=1 --",)) == 0


def test_several_values_go_where_in_is_written(portal: Portal, admin: Actor, viewer: Actor, shop: UUID) -> None:
    portal.policies.keep(admin, shop, policy(shop, rows="region IN {user.regions} AND region IN ({user.regions})"))
    person = replace(viewer, attributes=(("regions", ("north", "south")),))
    assert rows(portal.connections.open(person, shop), "SELECT count(*) AS n FROM customers") == [(3,)]


def test_masked_values_are_all_that_is_sampled_listed_and_measured(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    masks = {"email": Mask(MaskKind.PARTIAL, "4"), "salary": Mask(MaskKind.BUCKET, "150")}
    portal.policies.keep(admin, shop, policy(shop, masks=masks, rows="region = 'north'"))
    opened = portal.connections.open(viewer, shop)
    assert opened.values_of("customers", ["email", "salary"]) == {"email": ["***.com"], "salary": ["0", "300"]}
    assert opened.column_range("customers", "salary") == (0, 300)
    assert {row[2] for row in opened.sample("customers").rows} == {"***.com", None}
    query = opened.check("SELECT region, email FROM customers")
    assert query.masked == ("customers.email",)


def test_a_view_shows_what_is_left_below_it(portal: Portal, admin: Actor, viewer: Actor, shop: UUID) -> None:
    portal.policies.keep(admin, shop, policy(shop, rows="region = 'south'"))
    opened = portal.connections.open(viewer, shop)
    query = opened.check("SELECT * FROM totals")
    assert (rows(opened, "SELECT * FROM totals"), query.limited) == ([("south", 50)], ("totals",))
    assert opened.scope.rights.tables["totals"].derived


def test_the_databases_own_words_about_a_limited_query_stay_inside(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    portal.policies.keep(admin, shop, policy(shop, rows="salary < 250 AND region <> 'hush'"))
    opened = portal.connections.open(viewer, shop)
    query = opened.check("SELECT json_extract(email, '$.x') FROM customers")
    with pytest.raises(LimitedQueryFailed) as failed:
        opened.run(query)
    told = f"{failed.value} {failed.value.detail} {failed.value.values} {failed.value.__cause__}"
    assert "hush" not in told
    assert "malformed" not in told
    free = portal.connections.open(admin, shop)
    with pytest.raises(QueryFailed, match="malformed"):
        free.run(free.check(query.sql))


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"table": "nowhere", "hidden": True}, "no_table"),
    ({"hidden_columns": frozenset({"shoe_size"})}, "no_column"),
    ({"masks": {"shoe_size": Mask(MaskKind.NULL)}}, "no_column"),
    ({}, "nothing_taken"),
    ({"table": "", "only": frozenset({"nowhere"})}, "no_table"),
    ({"table": "", "only": frozenset()}, "nothing_taken"),
    ({"name": " "}, "name_missing"),
    ({"masks": {"email": Mask(MaskKind.BUCKET, "10")}}, "mask_unfit"),
    ({"masks": {"salary": Mask(MaskKind.BUCKET, "0")}}, "mask_unfit"),
    ({"masks": {"salary": Mask(MaskKind.BUCKET, "1e400")}}, "mask_unfit"),
    ({"masks": {"salary": Mask(MaskKind.CONSTANT, "1 OR 1")}}, "mask_unfit"),
    ({"masks": {"email": Mask(MaskKind.PARTIAL, "-1")}}, "mask_unfit"),
    ({"hidden_columns": frozenset({"id", "region", "email", "salary", "since"})}, "hides_all"),
    ({"subject": Subject(SubjectKind.ROLE, "king"), "hidden": True}, "no_role"),
    ({"subject": Subject(SubjectKind.BELOW, "viewer"), "hidden": True}, "no_role"),
    ({"subject": Subject(SubjectKind.GROUP, ""), "hidden": True}, "no_group"),
    ({"subject": Subject(SubjectKind.PERSON, "me"), "hidden": True}, "no_person"),
    ({"rows": "region = '{user.region}'"}, "slot_in_quotes"),
    ({"rows": "region = {user.Region!}"}, "slot_form"),
    ({"rows": "region = {people.region}"}, "slot_form"),
    ({"rows": "region = 'north' -- {user.region}"}, "slot_in_quotes"),
    ({"rows": "region = 'nor"}, "unreadable_rule"),
    ({"rows": "region = 'north' -- but not today"}, "rule_refused"),
    ({"rows": "1 = 1) OR (1 = 1"}, "rule_refused"),
    ({"rows": "region = 'north' ORDER BY id"}, "rule_refused"),
    ({"rows": "region = 'north' LIMIT 1"}, "rule_refused"),
    ({"rows": "1 = 1 UNION SELECT 1 FROM secrets"}, "rule_refused"),
    ({"rows": "shoe_size > 3"}, "rule_refused"),
    ({"rows": "random() > 0"}, "rule_refused"),
    ({"rows": "load_extension('x') IS NULL"}, "rule_refused"),
    ({"rows": "id IN (SELECT id FROM nowhere)"}, "rule_refused"),
    ({"rows": "region = 'a'; DROP TABLE customers"}, "rule_refused"),
    ({"rows": "x" * 3000}, "rule_long"),
)


def test_what_cannot_hold_is_not_kept(portal: Portal, admin: Actor, shop: UUID) -> None:
    for taken, reason in WRONG:
        with pytest.raises(InvalidInput) as error:
            portal.policies.keep(admin, shop, policy(shop, **taken))
        assert problem(error) == reason, taken
    assert portal.policies.list(admin, shop) == []


def test_a_rule_may_ask_other_tables_and_no_named_query_takes_their_place(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    rule = "EXISTS (SELECT 1 FROM secrets WHERE value = 'CANARY' AND secrets.id = customers.id)"
    portal.policies.keep(admin, shop, policy(shop, rows=rule))
    portal.policies.keep(admin, shop, policy(shop, "secrets", hidden=True))
    opened = portal.connections.open(viewer, shop)
    assert rows(opened, "SELECT id FROM customers") == [(1,)]
    forged = "WITH secrets AS (SELECT id, 'CANARY' AS value FROM orders) SELECT c.id FROM customers c, secrets s"
    assert rows(opened, f"{forged} WHERE c.id = s.id") == [(1,)]


def test_groups_and_attributes_are_those_an_administrator_gave(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    group = portal.groups.make(admin, "Field")
    portal.groups.fill(admin, group, [viewer.id])
    portal.groups.describe(admin, "region", ["south"], person_id=viewer.id)
    bound = Subject(SubjectKind.GROUP, "Field")
    portal.policies.keep(admin, shop, policy(shop, subject=bound, rows="region = {user.region}"))
    seen = portal.policies.preview(admin, shop, viewer.id)
    assert rows(seen, "SELECT id FROM customers") == [(2,)]
    other = someone(portal, Role.VIEWER, "Otto")
    assert rows(portal.policies.preview(admin, shop, other.id), "SELECT count(*) FROM customers") == [(3,)]


def test_another_process_holds_a_new_policy_at_its_next_question(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    other = wire(portal.store, portal.settings)
    assert rows(other.connections.open(viewer, shop), "SELECT count(*) AS n FROM orders") == [(4,)]
    portal.policies.keep(admin, shop, policy(shop, "orders", rows="amount > 15"))
    assert rows(other.connections.open(viewer, shop), "SELECT count(*) AS n FROM orders") == [(3,)]


def test_masks_show_through_views_and_say_so(portal: Portal, admin: Actor, viewer: Actor, shop: UUID) -> None:
    portal.policies.keep(admin, shop, policy(shop, masks={"salary": Mask(MaskKind.CONSTANT, "7")}))
    opened = portal.connections.open(viewer, shop)
    query = opened.check("SELECT salary FROM payroll")
    assert ({row[0] for row in opened.run(query).rows}, query.masked, query.limited) == ({7}, ("payroll.salary",), ())
    assert list(opened.scope.rights.tables["payroll"].masks) == ["salary"]


def test_a_digest_is_another_in_each_connection_and_the_same_for_the_same_value(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID, tmp_path: Path
) -> None:
    file = tmp_path / "twin.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(SHOP)
    twin = portal.connections.add(admin, NewConnection("Twin", "sqlite", file=str(file))).id
    portal.connections.share(admin, twin, everyone=True)
    found = []
    for place in (shop, twin):
        portal.policies.keep(admin, place, policy(place, masks={"region": Mask(MaskKind.HASH)}))
        found.append(rows(portal.connections.open(viewer, place), "SELECT region, count(*) FROM customers GROUP BY 1"))
    assert sorted(count for _, count in found[0]) == [1, 2]
    assert not {digest for digest, _ in found[0]} & {digest for digest, _ in found[1]}


def test_only_those_who_may_change_the_connection_keep_its_policies(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    editor = someone(portal, Role.EDITOR, "Eddie")
    kept = portal.policies.keep(admin, shop, policy(shop, hidden=True))
    assert kept.id is not None
    for stranger in (viewer, editor, someone(portal, Role.ANALYST, "Ann"), None):
        for attempt in (
            lambda who: portal.policies.list(who, shop),
            lambda who: portal.policies.keep(who, shop, policy(shop, hidden=True)),
            lambda who: portal.policies.remove(who, shop, kept.id),
            lambda who: portal.policies.preview(who, shop, viewer.id),
        ):
            with pytest.raises(NotAllowed):
                attempt(stranger)
    assert portal.policies.list(admin, shop) == [kept]


def test_a_policy_of_one_connection_is_not_changed_through_another(
    portal: Portal, admin: Actor, shop: UUID, tmp_path: Path
) -> None:
    kept = portal.policies.keep(admin, shop, policy(shop, hidden=True))
    file = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(SHOP)
    other = portal.connections.add(admin, NewConnection("Other", "sqlite", file=str(file))).id
    assert kept.id is not None
    with pytest.raises(NotFound):
        portal.policies.remove(admin, other, kept.id)
    with pytest.raises(NotFound):
        portal.policies.keep(admin, other, kept)
    assert portal.policies.list(admin, shop) == [kept]


def test_a_preview_shows_what_the_person_sees_and_is_in_the_trail(
    portal: Portal, admin: Actor, viewer: Actor, shop: UUID
) -> None:
    kept = portal.policies.keep(admin, shop, policy(shop, rows="region = 'south'"))
    changed = portal.policies.keep(admin, shop, replace(kept, rows="region = 'north'"))
    seen = portal.policies.preview(admin, shop, viewer.id)
    assert rows(seen, "SELECT count(*) AS n FROM customers") == [(2,)]
    asked = [row for row in portal.audit.list(admin) if "SELECT count(*)" in str(row.detail)]
    assert {row.actor for row in asked} == {"Ada"}
    assert changed.id is not None
    portal.policies.remove(admin, shop, changed.id)
    trail = [row for row in portal.audit.list(admin) if row.action.startswith("policies.")]
    assert [row.action for row in reversed(trail)] == [
        "policies.keep", "policies.keep", "policies.preview", "policies.remove",
    ]  # fmt: skip
    assert "south" in str(trail[2].detail["before"])
    assert "north" in str(trail[2].detail["after"])
    portal.connections.share(admin, shop, everyone=False)
    with pytest.raises(InvalidInput):
        portal.policies.preview(admin, shop, viewer.id)
