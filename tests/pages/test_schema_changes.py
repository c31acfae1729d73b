"""The Connections page tells analysts what changed in a schema, and forgets it when one of them says so."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from streamlit.testing.v1 import AppTest

from core.connections.registry import ConnectionInfo
from core.i18n import Words
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from pages._connection_changes import lines
from tests.pages.conftest import said

Visit = Callable[..., AppTest]


def change(portal: Portal, shop: ConnectionInfo, script: str) -> None:
    assert shop.given is not None
    with closing(sqlite3.connect(shop.given.file)) as database:
        database.executescript(script)
    portal.connections.refresh(SYSTEM, shop.id)


def test_an_analyst_reads_what_changed_and_dismisses_it(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    table = portal.connections.open(SYSTEM, shop.id).schema.tables[0].key
    admin = portal.people.first_admin()
    portal.knowledge.verify(admin, shop.id, "How many are there?", f'SELECT count(*) FROM "{table}"')
    change(portal, shop, f'CREATE TABLE gifts (id integer PRIMARY KEY); ALTER TABLE "{table}" RENAME TO old_things')
    page = visit("connections", Role.ANALYST, "Ann")
    assert not page.exception
    [notice] = portal.schema_changes.list(SYSTEM, shop.id)
    assert all(line in said(page) for line in lines(notice, Words("en")))
    assert "gifts" in said(page)
    assert "How many are there?" in said(page)
    assert "新增 2 张表" in "\n".join(lines(notice, Words("zh")))
    page.button(key=f"connections.change.{notice.id}").click().run()
    assert not page.exception
    assert "gifts" not in said(page)
    assert portal.schema_changes.list(SYSTEM, shop.id) == []


def test_a_viewer_is_not_told(visit: Visit, shop: ConnectionInfo, portal: Portal) -> None:
    change(portal, shop, "CREATE TABLE gifts (id integer PRIMARY KEY)")
    page = visit("connections", Role.VIEWER, "Vic")
    assert not page.exception
    assert "gifts" not in said(page)
