"""The Connections page's tab on how tables belong together: the diagram, and keys to accept, reject and take back."""

import re
import sqlite3
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.connections.addresses import NewConnection
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.join_keys import ACCEPTED, SUGGESTED
from core.i18n import Words
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from pages._connection_joins import drawn
from tests.pages.conftest import SHELL, said
from tests.pages.test_privacy_pages import Visit, open_tab

SAY = Words("en").say


def test_an_editor_accepts_a_suggestion_and_takes_it_back(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "joins.sqlite"
    line = sqlite3.connect(file)
    line.executescript(
        "CREATE TABLE boats (id INTEGER PRIMARY KEY); CREATE TABLE trips (id INTEGER PRIMARY KEY, boat_id INTEGER);"
        "INSERT INTO boats VALUES (1), (2), (3); INSERT INTO trips VALUES (1, 1), (2, 2), (3, 3);"
    )
    line.close()
    info = portal.connections.add(SYSTEM, NewConnection(name="Boats", kind="sqlite", file=str(file)))
    portal.knowledge.build(info.id)
    portal.connections.share(SYSTEM, info.id, everyone=True)
    (key,) = portal.joins.list(SYSTEM, info.id)
    signed = portal.people.sign_in("admin@example.org", "first admin's password")
    assert signed is not None
    page = AppTest.from_file(SHELL, default_timeout=60)
    page.session_state["shell.token"] = signed.token
    open_tab(portal, page.run(), info)
    assert not page.exception
    assert SAY("joins.by_values", n=3, met=3) in said(page)
    page.button(key=f"connections.joins.accept.{key.id}").click().run()
    assert not page.exception
    assert portal.joins.list(SYSTEM, info.id)[0].state == ACCEPTED
    page.button(key=f"connections.joins.undo.{key.id}").click().run()
    assert portal.joins.list(SYSTEM, info.id)[0].state == SUGGESTED
    viewer = open_tab(portal, visit("ask", Role.VIEWER, "Vic"), info)
    assert not viewer.exception
    assert SAY("joins.title") not in said(viewer)
    portal.connections.remove(SYSTEM, info.id)


def test_no_name_gets_out_of_its_label_in_the_diagram() -> None:
    bad = 'x"] {\n click t0 href "javascript:alert(1)" %% <img src=x>'
    id_column = Column("id", 'int"]', Kind.INTEGER)
    parent = Table(bad, (id_column,), primary_key=("id",))
    child = Table(
        "订单", (id_column, Column(bad, "integer", Kind.INTEGER)), foreign_keys=(ForeignKey((bad,), bad, ("id",)),)
    )
    lines = drawn(Schema(Dialect.SQLITE, (parent, child)), [bad, "订单"]).splitlines()
    shapes = (r"erDiagram", r'  t\d+\["[\w ., -]+"\] \{', r"    \w+ \w+(?: (?:PK|FK)(?:, FK)?)?", r"  \}")
    join = r'  t\d+ \|\|(?:--|\.\.)o\{ t\d+ : "[\w ., -]+"'
    assert all(any(re.fullmatch(shape, line) for shape in (*shapes, join)) for line in lines)
    assert '  t1["订单"] {' in lines
