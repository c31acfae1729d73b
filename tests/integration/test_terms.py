"""Words of the business over the real store: kept, checked, seen by whom they may be, in one file and back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa

from core.connections.schema import Kind, Schema
from core.errors import InvalidInput, NotAllowed, NotFound, QueryRefused
from core.grounding.glossary import Terms
from core.grounding.ground import Knowledge
from core.grounding.terms import NO_WORDS, Term, TermKind
from core.grounding.words_taking import Doing
from core.jobs import Jobs
from core.models.embeddings import Embedder
from core.security.permissions import Actor, Role
from core.store.sessions import Store
from core.store.tables import audit
from tests.conftest import audit_over
from tests.doubles_grounding import SHOP, SHOP_VALUES, BagOfWords, PaperDatabases, table

EDITOR = Actor(uuid4(), "an editor", Role.EDITOR)
ANALYST = Actor(uuid4(), "an analyst", Role.ANALYST)
VIEWER = Actor(uuid4(), "a viewer", Role.VIEWER)

REVENUE = Term(
    "revenue", TermKind.METRIC, "order_lines", sql="net_amount", aggregation="sum", unit="EUR", zh=("营收",),
    meaning={"en": "What customers pay, without tax.", "zh": "不含税的客户付款。"},
)  # fmt: skip
ACTIVE = Term("live order", TermKind.FILTER, "orders", sql="status IN ('open', 'completed')", en=("running order",))
BIG = Term("the Smith account", TermKind.VALUE, "customers", column="name", value="Alice Smith")


class House:
    """Terms and knowledge over databases on paper."""

    def __init__(self, store: Store) -> None:
        self.store, self.databases, trail = store, PaperDatabases(store), audit_over(store)
        jobs = Jobs(store)
        self.terms = Terms(store, self.databases, jobs, trail, lambda: datetime.now(UTC))
        self.knowledge = Knowledge(store, Embedder(BagOfWords(), batch=4), self.databases, jobs, trail)
        self.shop = self.databases.add(SHOP, SHOP_VALUES)

    def in_force(self) -> list[str]:
        return [t.word for t in self.terms.in_force(VIEWER, self.databases.open(VIEWER, self.shop)).terms]

    def noted(self, action: str) -> list[dict[str, object]]:
        query = sa.select(audit.c.detail).where(audit.c.action == action, audit.c.resource == str(self.shop))
        with self.store.begin() as line:
            return list(line.scalars(query.order_by(audit.c.id)))


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def test_a_term_is_kept_changed_and_removed_and_the_trail_knows_of_it(house: House) -> None:
    kept = house.terms.keep(EDITOR, house.shop, REVENUE)
    assert house.in_force() == ["revenue"]
    changed = house.terms.keep(EDITOR, house.shop, replace(kept, sql="net_amount * quantity", en=("turnover",)))
    [seen] = house.terms.browse(VIEWER, house.shop).terms
    assert (seen.term, seen.problem) == (changed, None)
    assert changed.id is not None
    removed = house.terms.remove(EDITOR, house.shop, changed.id)
    assert house.in_force() == []
    house.terms.keep(EDITOR, house.shop, replace(removed, id=None))
    assert house.in_force() == ["revenue"]
    assert len(house.noted("terms.keep")) == 3
    assert len(house.noted("terms.remove")) == 1


@pytest.mark.parametrize(
    ("term", "problem"),
    [
        (replace(REVENUE, table="nowhere"), "terms.no_table"),
        (replace(BIG, column="nickname"), "terms.no_column"),
        (replace(BIG, value=""), "terms.no_value"),
        (replace(REVENUE, sql="net_amount", aggregation="median"), "terms.no_aggregation"),
        (replace(REVENUE, sql="SUM(net_amount)"), "terms.aggregated_twice"),
        (replace(REVENUE, sql="net_amount", aggregation=""), "terms.no_aggregate"),
        (replace(REVENUE, sql="SUM(net_amount) + quantity", aggregation=""), "terms.column_outside"),
        (replace(REVENUE, sql="net_amount) FROM order_lines UNION SELECT (1"), "terms.sql_unread"),
        (replace(REVENUE, sql="(SELECT max(price) FROM products)"), "terms.sql_more_than_one_table"),
        (replace(REVENUE, sql="1"), "terms.no_columns"),
        (replace(ACTIVE, sql="status = 'open'; DROP TABLE orders"), "terms.sql_unread"),
        (replace(ACTIVE, sql="status = 'open' LIMIT 3"), "terms.sql_unread"),
        (replace(ACTIVE, sql="count(*) > 3"), "terms.sql_more_than_one_table"),
        (replace(ACTIVE, sql="max(status) = 'open'"), "terms.aggregate_in_filter"),
        (replace(ACTIVE, word="the"), "terms.word_empty"),
        (replace(ACTIVE, word="x" * 61), "terms.word_length"),
    ],
)
def test_what_is_no_term_is_refused_and_says_why(house: House, term: Term, problem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        house.terms.keep(EDITOR, house.shop, term)
    assert str(refused.value.values["problem"].key) == problem  # type: ignore[attr-defined]


@pytest.mark.parametrize("sql", ["pg_sleep(9) IS NULL AND status = 'open'", "nobody = 1", "status = version()"])
def test_a_term_passes_the_guard_or_is_refused(house: House, sql: str) -> None:
    with pytest.raises(QueryRefused):
        house.terms.keep(EDITOR, house.shop, replace(ACTIVE, sql=sql))


def test_one_word_has_one_meaning(house: House) -> None:
    house.terms.keep(EDITOR, house.shop, REVENUE)
    for other in (replace(ACTIVE, word="Revenues"), replace(ACTIVE, zh=("营收",)), replace(ACTIVE, word="REVENUE")):
        with pytest.raises(InvalidInput):
            house.terms.keep(EDITOR, house.shop, other)
    assert house.in_force() == ["revenue"]


def test_a_changed_schema_marks_what_no_longer_holds(house: House) -> None:
    house.terms.keep(EDITOR, house.shop, REVENUE)
    house.terms.keep(EDITOR, house.shop, ACTIVE)
    retyped = table(
        "order_lines", "id", "", {"order_id": "orders.id", "product_id": "products.id"},
        quantity=Kind.INTEGER, net_amount=Kind.TEXT,
    )  # fmt: skip
    house.databases.alter(house.shop, schema=Schema(SHOP.dialect, (*SHOP.tables[:4], retyped)))
    assert house.in_force() == ["live order"]
    problems = {seen.term.word: seen.problem for seen in house.terms.browse(EDITOR, house.shop).terms}
    assert problems["live order"] is None
    assert str(problems["revenue"]) == "order_lines.net_amount is gone or has another type than it had."
    house.databases.alter(house.shop, schema=Schema(SHOP.dialect, SHOP.tables[:3]))
    assert house.in_force() == []


def test_a_verified_question_stands_until_what_it_uses_changes(house: House) -> None:
    kept = house.terms.keep(EDITOR, house.shop, ACTIVE)
    asked, sql = "How many live orders?", "SELECT count(*) FROM orders WHERE status IN ('open', 'completed')"
    house.knowledge.verify(ANALYST, house.shop, asked, sql)
    opened = house.databases.open(VIEWER, house.shop)
    assert house.knowledge.recall(VIEWER, opened, asked) is not None
    house.terms.keep(EDITOR, house.shop, replace(kept, meaning={"en": "Not cancelled."}))
    assert house.knowledge.recall(VIEWER, opened, asked) is not None, "it means the same"
    house.terms.keep(EDITOR, house.shop, replace(kept, sql="status = 'open'"))
    assert house.knowledge.recall(VIEWER, opened, asked) is None
    [standing] = house.knowledge.verified(ANALYST, house.shop)
    assert str(standing.stale) == "The term “live order” means something else now than when it was vouched for."
    house.knowledge.verify(ANALYST, house.shop, asked, "SELECT count(*) FROM orders WHERE status = 'open'")
    assert house.knowledge.recall(VIEWER, opened, asked) is not None
    shape = "SELECT count(*) FROM customers"
    house.knowledge.verify(ANALYST, house.shop, "How many customers?", shape)
    fewer = Schema(SHOP.dialect, tuple(t for t in SHOP.tables if t.key != "products"))
    house.databases.alter(house.shop, schema=fewer)
    assert house.knowledge.recall(VIEWER, house.databases.open(VIEWER, house.shop), "how many customers") is not None


def test_everything_goes_into_one_file_and_comes_back(house: House) -> None:
    for term in (REVENUE, ACTIVE, BIG):
        house.terms.keep(EDITOR, house.shop, term)
    house.terms.instruct(EDITOR, house.shop, "Years begin in April.\n财年从四月开始。")
    house.knowledge.describe(ANALYST, house.shop, "orders", "status", "zh", "状态")
    house.knowledge.verify(ANALYST, house.shop, "How many orders?", "SELECT count(*)\nFROM orders")
    file = house.terms.export(EDITOR, house.shop)
    same = house.terms.compare(EDITOR, house.shop, file)
    assert (same.count(Doing.SAME), len(same.changes), same.problems) == (6, 6, ())
    other = house.databases.add(SHOP, SHOP_VALUES)
    planned = house.terms.compare(EDITOR, other, file)
    assert planned.count(Doing.ADDED) == 6
    assert house.terms.browse(VIEWER, other).terms == (), "comparing changes nothing"
    assert house.terms.take_in(EDITOR, other, file) == planned
    assert house.terms.export(EDITOR, other) == file
    recalled = house.knowledge.recall(VIEWER, house.databases.open(VIEWER, other), "how many orders")
    assert recalled is not None
    assert recalled.author_id == EDITOR.id


def test_a_file_is_taken_in_whole_or_not_at_all(house: House) -> None:
    file = """askwell: 1
terms:
  - word: revenue
    is: metric
    table: order_lines
    sql: SUM(net_amount)
  - word: odd
    is: filter
    table: orders
    sql: nobody = 1
  - {word: worse, is: colour, table: orders}
verified:
  - question: How many?
    sql: DELETE FROM orders
descriptions:
  - {table: nowhere, en: x}
"""
    changes = house.terms.compare(EDITOR, house.shop, file)
    assert [(problem.line, problem.entry) for problem in changes.problems] == [
        (7, "odd"), (11, "worse"), (13, "How many?"), (16, "nowhere"),
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="Line 7"):
        house.terms.take_in(EDITOR, house.shop, file)
    assert house.in_force() == []
    assert house.noted("terms.take_in") == []


def test_strangers_and_viewers_change_nothing(house: House) -> None:
    opened, t = house.databases.open(VIEWER, house.shop), house.terms
    reading: list[Callable[[Actor], object]] = [
        lambda actor: t.in_force(actor, opened),
        lambda actor: t.browse(actor, house.shop),
    ]
    writing: list[Callable[[Actor], object]] = [
        lambda actor: t.keep(actor, house.shop, REVENUE),
        lambda actor: t.remove(actor, house.shop, uuid4()),
        lambda actor: t.instruct(actor, house.shop, "x"),
        lambda actor: t.export(actor, house.shop),
        lambda actor: t.compare(actor, house.shop, "askwell: 1"),
        lambda actor: t.take_in(actor, house.shop, "askwell: 1"),
    ]
    for call in (*reading, *writing):
        with pytest.raises(NotAllowed):
            call(None)  # type: ignore[arg-type]
    for call in writing:
        for actor in (VIEWER, ANALYST):
            with pytest.raises(NotAllowed):
                call(actor)
    assert t.in_force(VIEWER, opened) == NO_WORDS
    with pytest.raises(NotFound):
        t.remove(EDITOR, house.shop, uuid4())
