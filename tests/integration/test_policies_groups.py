"""Groups that policies bind."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.connections.addresses import NewConnection
from core.errors import InvalidInput
from core.portal import Portal
from core.security.permissions import SYSTEM
from core.security.policies import Policy, Subject, SubjectKind


def test_a_group_that_a_policy_binds_is_not_removed_before_the_policy(portal: Portal, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        shop.execute("CREATE TABLE orders (id INTEGER, region TEXT)")
    boss = portal.people.first_admin()
    shop_id = portal.connections.add(boss, NewConnection("shop", "sqlite", file=str(tmp_path / "shop.db"))).id
    group = portal.groups.make(boss, "North")
    north = Policy(shop_id, "north only", Subject(SubjectKind.GROUP, "North"), "orders", rows="region = 'north'")
    kept = portal.policies.keep(boss, shop_id, north).id
    with pytest.raises(InvalidInput, match="north only"):
        portal.groups.remove(boss, group)
    assert [each.name for each in portal.groups.list(SYSTEM)] == ["North"]
    assert kept is not None
    portal.policies.remove(boss, shop_id, kept)
    portal.groups.remove(boss, group)
    assert portal.groups.list(SYSTEM) == []
