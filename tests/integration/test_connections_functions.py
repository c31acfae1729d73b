"""Functions of a database's people: nobody calls them before whoever answers for the connection has allowed them."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import pytest

from core.connections.addresses import NewConnection
from core.errors import InvalidInput, NotAllowed, NotFound, QueryRefused
from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from tests.conftest import someone


@pytest.fixture
def admin(portal: Portal) -> Actor:
    return someone(portal, Role.ADMIN, "Ada")


@pytest.fixture
def shop(portal: Portal, admin: Actor, tmp_path: Path) -> UUID:
    """A DuckDB file with a macro in it, shared with everybody."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute("CREATE TABLE orders (id int, amount int); INSERT INTO orders VALUES (1, 10)")
        database.execute("CREATE MACRO half(a) AS a / 2")
    info = portal.connections.add(admin, NewConnection("Shop", "duckdb", file=str(tmp_path / "shop.duckdb")))
    portal.connections.share(admin, info.id, everyone=True)
    return info.id


def test_a_made_function_is_called_once_it_is_allowed(portal: Portal, admin: Actor, shop: UUID) -> None:
    viewer = someone(portal, Role.VIEWER, "Vera")
    assert portal.functions.list(admin, shop).made == ("half",)
    sql = "SELECT half(amount) AS h FROM orders"
    with pytest.raises(QueryRefused) as refused:
        portal.connections.open(viewer, shop).check(sql)
    assert "made by people" in str(refused.value)
    assert portal.functions.allow(admin, shop, [" Half ", "half", ""]).allowed == ("half",)
    opened = portal.connections.open(viewer, shop)
    assert opened.run(opened.check(sql)).rows == ((5.0,),)
    assert "functions.allow" in [entry.action for entry in portal.audit.list(SYSTEM)]
    portal.functions.allow(admin, shop, [])
    with pytest.raises(QueryRefused):
        portal.connections.open(viewer, shop).check(sql)


def test_leave_goes_with_the_database_and_not_with_the_name(
    portal: Portal, admin: Actor, shop: UUID, tmp_path: Path
) -> None:
    portal.functions.allow(admin, shop, ["half"])
    given = portal.connections.list(admin)[0].given
    assert given is not None
    portal.connections.change(admin, shop, replace(given, name="Other name"))
    assert portal.functions.list(admin, shop).allowed == ("half",)
    with duckdb.connect(str(tmp_path / "other.duckdb")) as database:
        database.execute("CREATE TABLE orders (id int, amount int)")
    portal.connections.change(admin, shop, replace(given, file=str(tmp_path / "other.duckdb")))
    assert portal.functions.list(admin, shop).allowed == ()


@pytest.mark.parametrize("name", ["read_csv", "main.getenv", "query", "1x", "a b", "a.b.c", "x'y", "x" * 80])
def test_what_nobody_may_call_cannot_be_allowed(portal: Portal, admin: Actor, shop: UUID, name: str) -> None:
    with pytest.raises(InvalidInput):
        portal.functions.allow(admin, shop, [name])
    assert portal.functions.list(admin, shop).allowed == ()


def test_only_those_who_may_change_a_connection_say_what_it_may_call(portal: Portal, admin: Actor, shop: UUID) -> None:
    for role in (Role.VIEWER, Role.ANALYST, Role.EDITOR):
        stranger = someone(portal, role, role.value)
        with pytest.raises((NotAllowed, NotFound)):
            portal.functions.allow(stranger, shop, ["half"])
        with pytest.raises((NotAllowed, NotFound)):
            portal.functions.list(stranger, shop)
    with pytest.raises(NotFound):
        portal.functions.list(admin, uuid4())
