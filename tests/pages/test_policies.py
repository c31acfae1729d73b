"""Policies on the Connections page, and the pages of somebody whom they bind."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.portal import Portal
from core.security.permissions import Role
from core.security.policies import Mask, MaskKind, Policy, Subject, SubjectKind
from tests.conftest import someone
from tests.pages.conftest import SHELL, said, sign_in
from tests.pages.test_ask import ask, settle
from tests.policies_shop import BELOW_ADMIN, CANARY, Shop, in_sqlite

Visit = Callable[..., AppTest]


@pytest.fixture
def shop(portal: Portal, tmp_path: Path) -> Shop:
    return in_sqlite(portal, tmp_path)


def everything(page: AppTest) -> str:
    """All that the page sends to a browser: texts, labels, options, tables."""
    tables = [frame.value.to_csv() for frame in page.dataframe]
    return "\n".join((said(page), *tables, str([element.proto for element in page.main]), str(page.main)))


def browse(page: AppTest, shop: Shop) -> AppTest:
    return page.button(key=f"connections.open.{shop.id}").click().run()


def test_a_policy_is_written_read_removed_and_brought_back(visit: Visit, shop: Shop, portal: Portal) -> None:
    page = browse(visit("connections", Role.ADMIN), shop)
    assert not page.exception
    assert "Nothing is kept from anybody" in said(page)
    page = page.button(key="policies.add").click().run()
    page = page.selectbox(key="policies.new.table").set_value("orders").run()
    rows = "policies.new.orders.rows"
    page = page.text_input(key=rows).set_value("region = {user.regio").run()
    assert "written like user.region, in braces" in said(page)
    page = page.text_input(key=rows).set_value("region = 1; DROP TABLE orders").run()
    assert "cannot be kept" in said(page)
    page = page.text_input(key=rows).set_value("region = {user.region}").run()
    assert "The condition can be kept." in said(page)
    page = page.multiselect(key="policies.new.orders.masked").set_value(["amount"]).run()
    assert "Example, made up: **1,234.56** is shown as **1,000**" in said(page)
    page = page.button(key="policies.save").click().run()
    assert not page.exception
    assert "Everyone below administrator sees only rows of **orders** where **region** is theirs." in said(page)
    assert "**orders.amount** is rounded down to multiples of 1000 for everyone below administrator." in said(page)
    what_is_removed_comes_back(page, shop, portal)


def what_is_removed_comes_back(page: AppTest, shop: Shop, portal: Portal) -> None:
    (kept,) = portal.policies.list(shop.admin, shop.id)
    assert (kept.rows, kept.masks["amount"]) == ("region = {user.region}", Mask(MaskKind.BUCKET, "1000"))
    page = page.button(key=f"policies.remove.{kept.id}").click().run()
    assert portal.policies.list(shop.admin, shop.id) == [kept]
    # The dialog's own run is a browser's; what it does is done here.
    assert kept.id is not None
    assert page.button(key="policies.remove_yes")
    portal.policies.remove(shop.admin, shop.id, kept.id)
    page.session_state["policies.removed"] = kept
    page = page.run()
    assert "is removed" in said(page)
    page = page.button(key="policies.undo").click().run()
    (back,) = portal.policies.list(shop.admin, shop.id)
    assert (back.rows, back.masks, back.name) == (kept.rows, kept.masks, kept.name)
    page = page.button(key=f"policies.edit.{back.id}").click().run()
    assert page.text_input(key=f"policies.{back.id}.orders.rows").value == "region = {user.region}"
    assert not page.exception


def test_a_preview_is_that_of_the_person(visit: Visit, shop: Shop, portal: Portal) -> None:
    shop.policies()
    page = browse(visit("connections", Role.ADMIN), shop)
    page = page.selectbox(key=f"policies.preview.{shop.id}").set_value(shop.analyst.id).run()
    assert not page.exception
    assert "This is what **Rita** sees of **Shop**" in said(page)
    assert page.selectbox(key=f"policies.preview_table.{shop.id}").options == ["customers", "orders", "products"]
    page.text_area(key=f"policies.preview_sql.{shop.id}").set_value("SELECT id, amount FROM orders")
    page = page.button(key=f"FormSubmitter:policies.ask_as.{shop.id}-Run as this person").click().run()
    assert "outside their rights were left out" in said(page)
    frames = [frame.value for frame in page.dataframe]
    assert any(list(frame.get("amount", ())) == [10, 20, 30, 5] for frame in frames)
    free = page.selectbox(key=f"policies.preview.{shop.id}").set_value(shop.admin.id).run()
    assert "No policy binds" in said(free)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.EDITOR])
def test_who_may_not_change_a_connection_sees_no_policies(visit: Visit, shop: Shop, portal: Portal, role: Role) -> None:
    shop.policies()
    page = browse(visit("connections", role), shop)
    assert not page.exception
    assert not any(str(button.key).startswith("policies.") for button in page.button)
    assert "user.region" not in said(page)


def test_no_page_shows_a_secret_to_whom_it_is_kept_from(shop: Shop, portal: Portal, visit: Visit) -> None:
    shop.policies()
    assert CANARY.search(everything(browse(visit("connections", Role.ADMIN), shop)))
    page = AppTest.from_file(SHELL, default_timeout=30)
    sign_in(portal, page, shop.analyst)
    page.run()
    seen = [everything(page)]
    for text in ("How many orders are there?", "orders by status", "What is the margin?", "客户列表"):
        page = ask(page, portal, text)
        assert not page.exception
        seen.append(everything(page))
    assert "(of the rows you may see)" in seen[-1]
    assert "Rows of orders that are outside your rights were left out." in seen[-1]
    page = page.switch_page("connections.py").run()
    seen.append(everything(page))
    page = browse(page, shop)
    seen.append(everything(page))
    page = page.switch_page("history.py").run()
    seen.append(everything(page))
    assert not page.exception
    assert [CANARY.search(text) for text in seen] == [None] * len(seen)


def test_an_old_answer_is_run_again_by_itself(shop: Shop, portal: Portal) -> None:
    page = AppTest.from_file(SHELL, default_timeout=30)
    sign_in(portal, page, shop.analyst)
    page.run()
    page = ask(page, portal, "How many orders are there?")
    assert "**7**" in said(page)
    shop.policies()
    page = settle(page.run(), portal)
    assert not page.exception
    assert "**4**" in said(page)
    assert "**7**" not in said(page)
    assert "What you may see has changed since this was first answered" in said(page)


def test_policies_are_told_in_both_languages(portal: Portal) -> None:
    from core.i18n import Words
    from pages._policy_words import Sentences

    anna = someone(portal, Role.VIEWER, "Anna")
    people = {str(anna.id): anna.name}
    place = anna.id
    told = [
        (Policy(place, "", Subject(SubjectKind.ROLE, "analyst"), "orders", rows="region = {user.region}"),
         "Analysts see only rows of **orders** where **region** is theirs."),
        (Policy(place, "", BELOW_ADMIN, "customers", masks={"email": Mask(MaskKind.PARTIAL, "4")}),
         "**customers.email** shows its last 4 characters to everyone below administrator."),
        (Policy(place, "", Subject(SubjectKind.PERSON, str(anna.id)), "orders", rows="shop IN ({user.shops})"),
         "Anna sees only rows of **orders** where **shop** is one of their shops."),
        (Policy(place, "", Subject(SubjectKind.GROUP, "Sales"), only=frozenset({"orders", "products"})),
         "Members of Sales see only these tables: **orders**, **products**."),
        (Policy(place, "", Subject(SubjectKind.EVERYONE), "orders", hidden=True),
         "**orders** is hidden from everyone."),
        (Policy(place, "", Subject(SubjectKind.EVERYONE), "orders", masks={"at": Mask(MaskKind.BUCKET, "month")}),
         "**orders.at** shows only the month to everyone."),
    ]  # fmt: skip
    for policy, sentence in told:
        assert [_bare(text) for text in Sentences(Words("en"), people).of(policy)] == [sentence]
        (chinese,) = Sentences(Words("zh"), people).of(policy)
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


def _bare(text: str) -> str:
    """The sentence without the invisible joiners that keep names from being read as markup."""
    return text.replace("\u2060", "").replace("\\", "")
