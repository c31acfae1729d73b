"""The demo shop in a whole portal: indexed in seconds, and every question we suggest is answered without a model."""

from datetime import UTC, datetime

import pytest

from core.answering.instant.interpret import Interpretation, interpret
from core.connections.opened import Connection
from core.connections.registry import NewConnection
from core.grounding.inquiry import Inquiry
from core.portal import Portal
from core.security.permissions import SYSTEM
from data import demo_shop
from tests.conftest import NOW


@pytest.fixture
def shop(portal: Portal) -> Connection:
    """The demo shop, connected and indexed by the bundled model."""
    at = demo_shop.create(portal.store.url, NOW.date())
    place = NewConnection("Shop", "postgresql", at.host, at.port, at.database, at.user, at.password, options=at.options)
    info = portal.connections.add(SYSTEM, place, own=True)
    portal.knowledge.build(info.id)
    return portal.connections.open(SYSTEM, info.id)


def test_the_shop_is_understood(portal: Portal, shop: Connection) -> None:
    """One test for all, because the shop takes seconds to make."""
    what_we_suggest_is_answered(portal, shop)
    questions_find_tables_and_values(portal, shop)


def what_we_suggest_is_answered(portal: Portal, shop: Connection) -> None:
    (info,) = portal.connections.list(SYSTEM)
    assert info.index.indexed
    assert not info.index.running
    values = portal.knowledge.values(shop)
    for language in ("en", "zh"):
        questions = portal.knowledge.starters(SYSTEM, shop, language)
        assert len(set(questions)) == 6
        for question in questions:
            read = interpret(Inquiry(question, language, NOW), shop.schema, values)
            assert isinstance(read, Interpretation), question
            assert shop.run(shop.check(read.sql)).rows, question
        assert len(portal.knowledge.can_ask(SYSTEM, shop, language)) == 13


def questions_find_tables_and_values(portal: Portal, shop: Connection) -> None:
    cases = {
        "How many orders did Gold customers place in New York?": (
            {"orders", "customers", "stores"},
            {"Gold", "New York"},
        ),
        "北美的退货金额": ({"returns", "regions"}, {"北美"}),
        "average salary of a Cashier": ({"employees"}, {"Cashier"}),
    }
    for text, (tables, values) in cases.items():
        inquiry = Inquiry(text, "zh" if "北" in text else "en", datetime.now(UTC))
        grounding = portal.knowledge.ground(SYSTEM, inquiry, shop)
        assert tables <= {hit.table for hit in grounding.tables[:6]}, text
        assert values <= {hit.value for hit in grounding.values}, text
