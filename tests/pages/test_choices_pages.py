"""A question with several readings on the Ask page: choices, what is remembered as a chip, and taking it off."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.connections.registry import ConnectionInfo
from core.portal import Portal
from core.security.permissions import Role
from tests.conftest import shared_file, someone
from tests.pages.conftest import said, sign_in
from tests.pages.test_ask import ask, settle

SHOP = Path(__file__).parent.parent / "cases" / "choices_shop.sql"
TEXT = "How many orders from Germany?"

Visit = Callable[..., AppTest]


@pytest.fixture
def countries(portal: Portal, tmp_path: Path) -> None:
    """A connection that everybody may ask, whose orders have two countries."""
    shared_file(portal, tmp_path / "choices.sqlite", SHOP, "Two countries")


def press(page: AppTest, portal: Portal, start: str, label: str = "") -> AppTest:
    """Press the last button whose key begins so and whose label has this in it."""
    found = [b for b in page.button if str(b.key).startswith(start) and label in b.label]
    assert found, [(b.key, b.label) for b in page.button]
    found[-1].click().run()
    return settle(page, portal)


def chips(page: AppTest) -> list[str]:
    return [button.label for button in page.button if str(button.key).startswith("ask.taken.")]


def test_a_choice_is_remembered_as_a_chip_that_can_be_taken_off(visit: Visit, portal: Portal, countries: None) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, TEXT)
    assert "Which of these do you mean?" in said(page)
    assert not [box for box in page.checkbox if str(box.key).startswith("ask.for_all")]
    press(page, portal, "ask.next.", "bill country")
    assert "**2**" in said(page)
    assert chips(page) == ["Germany = bill country Germany"]
    ask(page, portal, TEXT)
    assert chips(page) == ["Germany = bill country Germany"] * 2
    press(page, portal, "ask.taken.")
    assert [button.label for button in page.button if str(button.key).startswith("ask.pick.")] == [
        "Just pick for me"
    ] * 2
    press(page, portal, "ask.pick.")
    assert chips(page)[-1].endswith("(picked for you)")
    assert not page.exception


def test_whoever_may_change_the_connection_can_choose_for_all(visit: Visit, portal: Portal, countries: None) -> None:
    admin = AppTest.from_file(str(Path(__file__).resolve().parents[2] / "pages" / "_shell.py"), default_timeout=30)
    boss = someone(portal, Role.ADMIN, "Boss")
    sign_in(portal, admin, boss)
    page = ask(admin.run(), portal, TEXT)
    [box] = [box for box in page.checkbox if str(box.key).startswith("ask.for_all")]
    box.set_value(True).run()
    press(page, portal, "ask.next.", "ship country")
    other = ask(visit("ask", Role.VIEWER), portal, TEXT)
    assert "**3**" in said(other)
    assert chips(other) == ["Germany = ship country Germany (team default)"]
    assert not other.exception


def test_it_speaks_chinese(visit: Visit, portal: Portal, countries: None) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "德国的订单有多少？")
    assert [b.label for b in page.button if str(b.key).startswith("ask.next.")] == [
        "“德国”指ship country为德国",
        "“德国”指bill country为德国",
    ]
    press(page, portal, "ask.next.", "bill country")
    assert "**2**" in said(page)
    assert chips(page) == ["德国 = bill country为德国"]


def test_a_list_is_moved_and_taken_back(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "How many cities are there?")
    next(box for box in page.text_area if str(box.key).startswith("ask.sql.")).set_value(
        "SELECT name FROM cities WHERE country IN ('Germany', 'Spain') ORDER BY name LIMIT 2"
    ).run()
    press(page, portal, "ask.run_sql.")
    [listed] = [box for box in page.multiselect if str(box.key).startswith("ask.lever.")]
    assert listed.value == ["Germany", "Spain"]
    assert not [b for b in page.button if str(b.key).startswith("ask.original.")]
    listed.set_value(["Spain"]).run()
    press(page, portal, "ask.apply.")
    assert any("IN ('Spain')" in code.value for code in page.code)
    press(page, portal, "ask.original.")
    assert any("IN ('Germany', 'Spain')" in code.value for code in page.code)
    assert not any("IN ('Spain')" in code.value for code in page.code)
    assert not page.exception


def test_the_closest_word_is_a_button_that_asks(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    page = ask(visit("ask", Role.VIEWER), portal, "How many citties are there?")
    assert "Your data has no “citties”; the closest are cities" in said(page)
    press(page, portal, "ask.next.", "How many cities are there?")
    assert "**6**" in said(page)
    assert not page.exception
