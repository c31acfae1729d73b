"""The Words tab of a connection: a term is written, seen, removed and brought back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.portal import Portal
from core.security.permissions import Role
from tests.pages.conftest import said
from tests.policies_shop import Shop, in_sqlite

Visit = Callable[..., AppTest]


@pytest.fixture
def shop(portal: Portal, tmp_path: Path) -> Shop:
    return in_sqlite(portal, tmp_path)


def test_a_term_is_written_seen_removed_and_brought_back(visit: Visit, shop: Shop, portal: Portal) -> None:
    page = visit("connections", Role.ADMIN).button(key=f"connections.open.{shop.id}").click().run()
    assert not page.exception
    page = page.button(key="words.add").click().run()
    page.text_input(key="words.form.new.word").set_value("deal")
    page = page.selectbox(key="words.form.new.kind").set_value("table").run()
    page.selectbox(key="words.form.new.table").set_value("orders")
    page = page.button(key="words.form.new.save").click().run()
    assert not page.exception
    assert "deal" in said(page)
    [seen] = portal.terms.browse(shop.admin, shop.id).terms
    page = page.button(key=f"words.remove.{seen.term.id}").click().run()
    # The dialog's own run is a browser's; what it does is done here.
    assert page.button(key="words.remove_yes")
    assert seen.term.id is not None
    removed = portal.terms.remove(shop.admin, shop.id, seen.term.id)
    page.session_state["words.removed"] = (shop.id, removed)
    page = page.run()
    assert "was removed" in said(page)
    page = page.button(key="words.undo").click().run()
    assert [one.term.word for one in portal.terms.browse(shop.admin, shop.id).terms] == ["deal"]
    assert not page.exception
