"""What policies leave to whom, without any database: subjects, how they combine, and what stands in their slots."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlglot

from core.connections.guard import Scope, check
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.errors import InvalidInput, QueryRefused
from core.security.permissions import SYSTEM, Actor, Role
from core.security.policies import (
    EVERYTHING,
    Mask,
    MaskKind,
    Policy,
    Rights,
    Subject,
    SubjectKind,
    TableRights,
    rights_of,
)
from core.security.slots import NOBODYS, filled, slots

SHOP = uuid4()
COLUMNS = {"customers": ("id", "email", "region"), "orders": ("id", "amount"), "secrets": ("value",)}
EVERYONE = Subject(SubjectKind.EVERYONE)


def person(role: Role = Role.VIEWER, **given: Any) -> Actor:
    return replace(Actor(uuid4(), "Vera", role), **given)


def policy(table: str = "customers", subject: Subject = EVERYONE, **taken: Any) -> Policy:
    return replace(Policy(SHOP, "a rule", subject, table), **taken)


def left(*policies: Policy, actor: Actor | None = None) -> Rights:
    return rights_of(policies, actor or person(), "postgres", COLUMNS)


@pytest.mark.parametrize(
    ("subject", "bound"),
    [
        (Subject(SubjectKind.EVERYONE), {"viewer", "analyst", "editor", "admin"}),
        (Subject(SubjectKind.BELOW, "admin"), {"viewer", "analyst", "editor"}),
        (Subject(SubjectKind.BELOW, "editor"), {"viewer", "analyst"}),
        (Subject(SubjectKind.ROLE, "analyst"), {"analyst"}),
        (Subject(SubjectKind.GROUP, "field"), set()),
        (Subject(SubjectKind.PERSON, str(UUID(int=7))), set()),
    ],
)
def test_a_subject_binds_exactly_these_roles(subject: Subject, bound: set[str]) -> None:
    assert {role.value for role in Role if subject.binds(person(role))} == bound


def test_groups_and_persons_are_bound_by_name_administrators_too() -> None:
    admin = person(Role.ADMIN, groups=frozenset({"field"}))
    assert Subject(SubjectKind.GROUP, "field").binds(admin)
    assert Subject(SubjectKind.PERSON, str(admin.id)).binds(admin)


def test_the_portal_itself_is_bound_by_nothing() -> None:
    assert left(policy(hidden=True), actor=SYSTEM) == EVERYTHING


def test_each_policy_takes_away_by_itself() -> None:
    rights = left(
        policy(rows="region = 'north'", hidden_columns=frozenset({"id"})),
        policy(rows="id > 3", masks={"email": Mask(MaskKind.PARTIAL, "4"), "id": Mask(MaskKind.NULL)}),
        policy(masks={"email": Mask(MaskKind.HASH)}),
        policy("secrets", hidden=True),
        policy("orders", only_columns=frozenset({"amount"})),
    )
    customers = rights.tables["customers"]
    assert customers.rows == ("region = 'north'", "id > 3")
    assert customers.hidden_columns == {"id"}
    assert customers.masks == {"email": Mask(MaskKind.HASH)}
    assert rights.hidden_tables == {"secrets"}
    assert rights.tables["orders"].hidden_columns == {"id"}


def test_the_stricter_mask_holds_in_whatever_order() -> None:
    ladder = (
        Mask(MaskKind.NULL),
        Mask(MaskKind.CONSTANT, "x"),
        Mask(MaskKind.HASH),
        Mask(MaskKind.BUCKET, "year"),
        Mask(MaskKind.BUCKET, "month"),
        Mask(MaskKind.PARTIAL, "2"),
        Mask(MaskKind.PARTIAL, "4"),
    )
    for place, strict in enumerate(ladder):
        for lax in ladder[place:]:
            for pair in ((strict, lax), (lax, strict)):
                found = left(*(policy(masks={"email": mask}) for mask in pair)).tables["customers"].masks["email"]
                assert found == strict
    wide, narrow = Mask(MaskKind.BUCKET, "1000"), Mask(MaskKind.BUCKET, "50")
    assert left(policy(masks={"id": narrow}), policy(masks={"id": wide})).tables["customers"].masks["id"] == wide


def test_lists_of_what_is_left_leave_what_all_of_them_name() -> None:
    one, other = (policy("", only=frozenset(tables)) for tables in ({"customers", "orders"}, {"orders", "secrets"}))
    assert left(one, other).hidden_tables == {"customers", "secrets"}


def test_equal_rights_have_one_version_and_others_another() -> None:
    whole, some = left(), left(policy(rows="id > 3"))
    assert whole.version == ""
    assert some.version == left(policy(rows="id > 3")).version != ""
    ruled = policy(rows="region = {user.region}")
    north, south = (person(attributes=(("region", (name,)),)) for name in ("north", "south"))
    assert left(ruled, actor=north).version != left(ruled, actor=south).version
    again = replace(north, id=uuid4(), name="Otto")
    assert left(ruled, actor=north).version == left(ruled, actor=again).version


def test_a_policy_comes_back_from_the_store_as_it_was() -> None:
    kept = policy(
        "orders",
        Subject(SubjectKind.GROUP, "field"),
        hidden_columns=frozenset({"id"}),
        masks={"amount": Mask(MaskKind.BUCKET, "10")},
        rows="amount > 3",
        id=uuid4(),
    )
    assert kept.id is not None
    assert Policy.of(kept.id, SHOP, kept.stored()) == kept


HOSTILE = ("x' OR '1'='1", "\\' OR 1=1 -- ", "\\", "a''b", 'b"c', "/* */", "$$", "{user.role}", "中文", "%_")


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_value_stays_one_literal_in_every_dialect(dialect: Dialect) -> None:
    for value in HOSTILE:
        actor = person(attributes=(("region", (value,)),))
        text = filled("region = {user.region} OR region IN ({user.region}) OR region IN {user.region}", actor, dialect)
        tree = sqlglot.parse_one(f"SELECT 1 FROM t WHERE {text}", dialect=dialect.value)
        found = [str(literal.this) for literal in tree.find_all(sqlglot.exp.Literal) if literal.is_string]
        assert found == [value] * 3
        assert len(list(tree.find_all(sqlglot.exp.Or))) == 2


def test_who_lacks_an_attribute_meets_no_condition() -> None:
    assert filled("region = {user.region} OR 1 = 1", person(), "postgres") == NOBODYS
    assert filled("NOT region = {user.region}", person(attributes=(("region", ("a", "b")),)), "postgres") == NOBODYS
    assert filled("region NOT IN {user.region}", person(), "postgres") == NOBODYS
    assert filled("email = {user.email}", person(email=""), "postgres") == NOBODYS


def test_what_everybody_has_can_be_asked() -> None:
    actor = person(email="v@example.org")
    assert (
        filled("owner = {user.id} AND role = {user.role}", actor, "mysql")
        == f"owner = '{actor.id}' AND role = 'viewer'"
    )


@pytest.mark.parametrize(
    "condition",
    ["a = '{user.x}'", 'a = "{user.x}"', "a = {user}", "a = {user.x", "a = {user.x.y}", "a = {user.1}", "a = {x.y}",
     "a = 1 -- {user.x}", "a = 1 /* {user.x} */", "a = {{user.x}}"],
)  # fmt: skip
def test_a_slot_that_is_not_one_is_refused(condition: str) -> None:
    with pytest.raises(InvalidInput):
        slots(condition, "postgres")


def test_rights_without_what_keeps_them_let_nothing_run() -> None:
    schema = Schema(Dialect.SQLITE, (Table("customers", (Column("id", "int", Kind.INTEGER),)),))
    rights = Rights(tables={"customers": TableRights(rows=("id > 3",))}, version="x")
    with pytest.raises(QueryRefused):
        check("SELECT id FROM customers", Scope(Dialect.SQLITE, schema, rights=rights))
