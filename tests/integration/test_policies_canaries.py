"""A person whom policies bind walks everything there is: no secret shows in any event, prompt, file, error or log."""

import io
import logging
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from core.answering.ask import Answers
from core.answering.card import Card
from core.answering.events import CannotAnswer, Failed
from core.answering.question import Question
from core.connections.langchain_sql import GuardedSQLDatabase
from core.errors import AskwellError, NotAllowed
from core.grounding.inquiry import Inquiry
from core.grounding.terms import Term, TermKind
from core.portal import Portal
from core.security.permissions import Actor, Role
from core.security.policies import Policy, Subject, SubjectKind
from core.settings import Settings
from core.store.embedded import EmbeddedServer
from tests.conftest import NOW, someone
from tests.doubles import ScriptedModel
from tests.doubles_answering import OneModel
from tests.policies_shop import CANARY, Shop, in_postgres, in_sqlite, leaks

QUESTIONS = (
    "How many orders are there?",
    "total amount by region",
    "orders by status",
    "list customers",
    "top 5 customers by amount",
    "average amount of orders by month",
    "How many customers are there by region?",
    "customers with phone",
    "orders with status closed",
    "How many orders had status lots?",
    "What is the pay of agents?",
    "highest margin",
    "How many salaries are there?",
    "list products",
    "customers without orders",
    "有多少订单？",
    "按地区统计订单金额",
    "客户列表",
    "订单状态为关闭的有多少？",
    "利润最高的订单",
    "工资是多少？",
)
# What a person may try by hand. None of these holds a secret itself.
STATEMENTS = (
    "SELECT * FROM orders",
    "SELECT * FROM customers ORDER BY id DESC",
    "SELECT count(*), sum(amount), max(amount), min(ordered_on) FROM orders",
    "SELECT region, count(*) FROM customers GROUP BY region",
    "SELECT * FROM customers c LEFT JOIN orders o ON o.customer_id = c.id",
    "SELECT * FROM customers NATURAL JOIN orders",
    "SELECT email || phone AS both FROM customers",
    "SELECT upper(email) FROM customers WHERE email LIKE '%x.example'",
    "SELECT (SELECT max(amount) FROM orders) AS m",
    "SELECT * FROM (SELECT * FROM orders) AS o UNION ALL SELECT * FROM orders",
    "WITH customers AS (SELECT 1 AS id) SELECT * FROM customers, orders",
    "SELECT count(*) FROM orders WHERE status = 'lost'",
    "SELECT * FROM orders WHERE region <> 'West'",
    "SELECT count(*) FROM orders WHERE region <> 'West'",
    "SELECT status, count(*) FROM orders WHERE amount > 1000 GROUP BY status",
    "SELECT nothing FROM orders",
    "SELECT * FROM nowhere",
    "SELECT o FROM orders AS o",
    "SELECT CAST(name AS INTEGER) FROM customers",
    "SELECT 1 / (amount - 5) FROM orders",
    "SELECT * FROM orders WHERE CAST(status AS INTEGER) = 1",
    "SELECT FROM orders WHERE",
    "EXPLAIN SELECT * FROM orders",
    "EXPLAIN QUERY PLAN SELECT * FROM orders",
    "EXPLAIN SELECT count(*) FROM customers",
    "SHOW TABLES",
    "SHOW ALL",
    "DESCRIBE orders",
    "PRAGMA table_info(orders)",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.columns",
    "SELECT relname FROM pg_class",
    "SELECT query_to_xml('select 1', true, true, '')",
    "SELECT row_to_json(o) FROM orders AS o",
    "SELECT o.* FROM orders AS o ORDER BY 8",
    "DELETE FROM orders",
)
# Words of the business by which somebody who sees everything names what is secret, and one that tells nothing.
WORDS = (
    Term("earnings", TermKind.COLUMN, "orders", "canary_margin", meaning={"en": "See canary_margin."}),
    Term("profit", TermKind.METRIC, "orders", sql="canary_margin", aggregation="sum", zh=("利润",)),
    Term("payroll", TermKind.TABLE, "canary_salaries", zh=("工资单",)),
    Term("the islanders", TermKind.VALUE, "customers", "region", "Canaria"),
    Term("anna", TermKind.VALUE, "customers", "email", "canary.anna@x.example"),
    Term("far order", TermKind.FILTER, "orders", sql="region = 'Canaria'"),
    Term("rich order", TermKind.FILTER, "orders", sql="canary_margin > 98765000"),
    Term("goods", TermKind.TABLE, "products", zh=("货品",)),
)
ASKED_IN_WORDS = (
    "What are the total earnings?", "profit by region", "How many payroll entries are there?", "按地区统计利润",
    "工资单有多少？", "How many customers are the islanders?", "orders of anna", "How many far orders are there?",
    "How many rich orders are there?", "How many goods are there?", "有多少货品？",
)  # fmt: skip


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Whoever walks everything asks more than a person does in a minute."""
    return settings.model_copy(update={"limit_questions": "100000/minute", "limit_exports": "100000/minute"})


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, portal: Portal, tmp_path: Path, server: EmbeddedServer) -> Shop:
    made = in_sqlite(portal, tmp_path) if request.param == "sqlite" else in_postgres(portal, server)
    vouched = {
        "What is paid to whom?": "SELECT employee, canary_pay FROM canary_salaries",
        "How much margin is there?": "SELECT sum(canary_margin) FROM orders",
        "What did the one customer order?": "SELECT sum(amount) FROM orders WHERE region = 'Canaria'",
        "Who writes mails?": "SELECT name FROM customers WHERE email = 'canary.anna@x.example'",
        "Which products are there?": "SELECT name FROM products",
    }
    for question, sql in vouched.items():
        portal.knowledge.verify(made.admin, made.id, question, sql)
    for term in WORDS:
        portal.terms.keep(made.admin, made.id, term)
    portal.terms.instruct(made.admin, made.id, "A year begins in May. canary_margin is in euros.")
    made.ask(made.admin, "How many orders are there?")
    made.ask(made.admin, sql="SELECT * FROM canary_salaries")
    portal.knowledge.starters(made.admin, portal.connections.open(made.admin, made.id), "en")
    made.heard.clear()
    made.policies()
    return made


def test_a_person_whom_policies_bind_finds_no_secret_anywhere(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """One test for all, because a portal with a shop takes seconds to make."""
    caplog.set_level(logging.DEBUG)
    there_are_secrets_to_find(shop)
    caplog.clear()
    shop.heard.clear()
    what_is_offered_before_a_question_shows_none(shop)
    a_vouched_question_is_recalled_only_where_one_may_see_what_it_reads(shop)
    words_of_the_business_show_none(shop)
    no_question_and_no_statement_shows_one(shop)
    a_model_is_told_none_whatever_it_asks_for(shop)
    history_and_files_show_none(shop)
    a_statement_that_fails_on_hidden_rows_says_nothing_of_them(shop)
    assert leaks(shop.heard) == []
    assert [record.getMessage() for record in caplog.records if CANARY.search(record.getMessage())] == []
    a_preview_shows_what_the_person_sees_and_is_in_the_trail(shop)
    a_hidden_name_is_refused_like_one_that_is_not_there(shop)


def there_are_secrets_to_find(shop: Shop) -> None:
    """What the walk below searches for is found where everything may be seen."""
    assert leaks(shop.ask(shop.admin, sql="SELECT * FROM orders").table)
    opened = shop.portal.connections.open(shop.admin, shop.id)
    assert leaks(opened.schema)
    assert leaks(shop.portal.knowledge.browse(shop.admin, shop.id))
    assert leaks(shop.portal.knowledge.verified(shop.admin, shop.id))
    assert leaks(shop.portal.terms.export(shop.admin, shop.id))
    assert leaks(shop.portal.knowledge.statistics(shop.admin, shop.id, list(opened.schema.by_key)))
    assert leaks(opened.run(opened.check("SELECT max(amount) FROM orders")))


def no_question_and_no_statement_shows_one(shop: Shop) -> None:
    conversation, cards = uuid4(), list[Card]()
    for text in QUESTIONS:
        card = shop.ask(shop.analyst, text, conversation)
        cards.append(card)
        if card.answered:
            cards += [shop.ask(shop.analyst, said, conversation) for said in card.answered.follow_ups]
            cards += [shop.ask(shop.analyst, text, conversation, sql=fix.sql) for fix in card.answered.fixes]
    for sql in STATEMENTS:
        cards.append(shop.ask(shop.analyst, "by hand", conversation, sql=sql))
    answered = [card for card in cards if card.answered]
    assert len(answered) >= 15
    for card in [card for card in answered if card.answered and card.answered.levers][:10]:
        assert card.answered is not None
        for lever in card.answered.levers:
            moved = dict.fromkeys([lever.id], lever.options[-1] if lever.options else lever.value)
            again = shop.portal.answers.rerun(shop.analyst, card.answered.answer_id, moved)
            shop.heard += list(again)
    assert leaks(shop.heard) == []


def what_is_offered_before_a_question_shows_none(shop: Shop) -> None:
    portal, analyst = shop.portal, shop.analyst
    opened = portal.connections.open(analyst, shop.id)
    knowledge = portal.knowledge
    offered: list[object] = [opened.schema, knowledge.browse(analyst, shop.id), knowledge.verified(analyst, shop.id)]
    everything = list(portal.connections.open(shop.admin, shop.id).schema.by_key)
    known = knowledge.statistics(analyst, shop.id, everything)
    assert {table for table, _ in known} <= {"products"}, "orders and customers they see in part"
    offered += [known, portal.connections.list(analyst), GuardedSQLDatabase(opened, sample_rows=5).get_table_info()]
    for language in ("en", "zh"):
        offered += [knowledge.starters(analyst, opened, language, 24), knowledge.can_ask(analyst, opened, language)]
    for text in QUESTIONS:
        asked = Inquiry(text, "zh" if text[0] > "z" else "en", NOW)
        offered.append(knowledge.ground(analyst, asked, opened))
        offered.append(knowledge.nearest(analyst, opened, text))
    values = knowledge.values(opened)
    offered.append(values.matching(["canary", "canaria", "chloe", "dmitri", "lots", "closed"], fuzzy=True))
    offered.append([values.of_column(t.key, c.name, 500) for t in opened.schema.tables for c in t.columns])
    offered.append([opened.sample(table.key) for table in opened.schema.tables])
    offered.append(portal.policies.rights(analyst, shop.id).version)
    assert leaks(offered) == []
    # Of what is theirs they are offered enough to work with.
    assert values.of_column("orders", "status") == ["completed", "open"]
    assert values.of_column("products", "category") == ["Tables", "Lamps"]
    assert [one.question.question for one in knowledge.verified(analyst, shop.id)] == ["Which products are there?"]
    assert {table.key: table.row_estimate for table in opened.schema.tables}["orders"] is None
    assert next(info.tables for info in portal.connections.list(analyst)) == 3


def words_of_the_business_show_none(shop: Shop) -> None:
    """Not on the page, not in the file, not to the engine, not to a model; and what tells nothing is there."""
    portal, analyst = shop.portal, shop.analyst
    opened = portal.connections.open(analyst, shop.id)
    glossary, in_force = portal.terms.browse(analyst, shop.id), portal.terms.in_force(analyst, opened)
    assert leaks(glossary, in_force) == []
    assert [term.word for term in in_force.terms] == [seen.term.word for seen in glossary.terms]
    assert "goods" in {term.word for term in in_force.terms}
    with pytest.raises(NotAllowed) as refused:
        portal.terms.export(analyst, shop.id)
    assert leaks(refused.value.values, str(refused.value)) == []
    for text in ASKED_IN_WORDS:
        shop.ask(analyst, text)
        asked = Inquiry(text, "zh" if text[0] > "z" else "en", NOW)
        assert leaks(portal.knowledge.ground(analyst, asked, opened)) == [], text
    assert leaks(shop.heard) == []
    (goods,) = [shop.ask(analyst, text).table for text in ("How many goods are there?",)]
    assert goods is not None


def a_vouched_question_is_recalled_only_where_one_may_see_what_it_reads(shop: Shop) -> None:
    recalled = {
        text: shop.ask(shop.analyst, text).recalled is not None
        for text in ("What is paid to whom?", "How much margin is there?", "Which products are there?")
    }
    assert list(recalled.values()) == [False, False, True]


def a_model_is_told_none_whatever_it_asks_for(shop: Shop) -> None:
    fence = "```sql\n{}\n```"
    portal = shop.portal
    for sql in STATEMENTS[::3]:
        model = ScriptedModel(fence.format(sql), fence.format("SELECT * FROM orders"), "CANNOT: no such thing")
        answers = Answers(
            portal.store, portal.connections, portal.knowledge, OneModel(model), portal.audit, lambda: NOW,
            portal.privacy,
        )  # fmt: skip
        for text in ("Which orders are odd?", "哪些客户的订单不寻常？", "Why did profit of rich orders fall?"):
            events = list(answers.ask(shop.analyst, Question(text, shop.id, uuid4(), rung="model")))
            assert leaks(events) == [], sql
        assert leaks([[str(message.text) for message in asked] for asked in model.asked]) == [], sql


def history_and_files_show_none(shop: Shop) -> None:
    conversation = uuid4()
    made = [
        shop.ask(shop.analyst, "by hand", conversation, sql="SELECT * FROM orders"),
        shop.ask(shop.analyst, "by hand", conversation, sql="SELECT * FROM customers"),
        shop.ask(shop.analyst, "orders by status", conversation),
        shop.ask(shop.analyst, "by hand", conversation, sql="SELECT count(*) FROM orders WHERE region <> 'West'"),
    ]
    answers = shop.portal.answers
    read: list[object] = [answers.history(shop.analyst), answers.open(shop.analyst, conversation)]
    for card in made:
        assert card.answered is not None
        answer_id = card.answered.answer_id
        read += [answers.rows(shop.analyst, answer_id), answers.export(shop.analyst, answer_id, "csv")]
        with zipfile.ZipFile(io.BytesIO(answers.export(shop.analyst, answer_id, "excel"))) as book:
            read += [book.read(name) for name in book.namelist()]
    assert leaks(read) == []
    sheets = b"".join(part for part in read if isinstance(part, bytes))
    assert b"outside your rights were left out" in sheets
    assert b"values are masked for you" in sheets
    assert b"user.region" not in sheets


def a_preview_shows_what_the_person_sees_and_is_in_the_trail(shop: Shop) -> None:
    policies = shop.portal.policies
    opened = policies.preview(shop.admin, shop.id, shop.analyst.id)
    query, table = policies.ask_as(shop.admin, shop.id, shop.analyst.id, "SELECT * FROM orders ORDER BY id")
    assert leaks(opened.schema, table, query, [opened.sample(key) for key in opened.schema.by_key]) == []
    assert [row[0] for row in table.rows] == [1, 2, 3, 4]
    assert query.limited == ("orders",)
    assert len(policies.list(shop.admin, shop.id, shop.analyst.id)) == 6
    assert policies.list(shop.admin, shop.id, shop.admin.id) == []
    trail = [entry for entry in shop.portal.audit.list(shop.admin) if entry.action == "policies.preview"]
    assert len(trail) == 2
    assert "SELECT * FROM orders ORDER BY id" in str(trail)


def a_hidden_name_is_refused_like_one_that_is_not_there(shop: Shop) -> None:
    for hidden, missing in (
        ("SELECT * FROM canary_salaries", "SELECT * FROM nowhere_at_all"),
        ("SELECT canary_margin FROM orders", "SELECT nothing_at_all FROM orders"),
        ("SELECT o.canary_margin FROM orders AS o", "SELECT o.nothing_at_all FROM orders AS o"),
        ("SELECT 1 FROM customers WHERE canary_notes IS NULL", "SELECT 1 FROM customers WHERE nothing_at_all IS NULL"),
    ):
        refused = [_ending(shop, sql) for sql in (hidden, missing)]
        words = [w for w in hidden.replace(".", " ").split() if w not in missing.replace(".", " ").split()]
        other = [w for w in missing.replace(".", " ").split() if w not in hidden.replace(".", " ").split()]
        assert refused[0].replace(words[0], "X") == refused[1].replace(other[0], "X")


def _ending(shop: Shop, sql: str) -> str:
    ending = shop.ask(shop.analyst, "by hand", sql=sql).ending
    assert isinstance(ending, Failed)
    return str(ending.message)


def a_statement_that_fails_on_hidden_rows_says_nothing_of_them(shop: Shop) -> None:
    opened = shop.portal.connections.open(shop.analyst, shop.id)
    for sql in ("SELECT CAST(name AS INTEGER) FROM customers", "SELECT 1 / (amount - 98765301) FROM orders"):
        told: list[object] = []
        try:
            told.append(opened.run(opened.check(sql)).rows)
        except AskwellError as error:
            told += [error.detail, list(error.values.values()), str(error)]
        assert leaks(told) == []


def test_what_is_kept_in_memory_for_one_person_is_not_given_to_another(portal: Portal, tmp_path: Path) -> None:
    """The same things asked by people one after the other, in both orders: each gets their own."""
    shop = in_sqlite(portal, tmp_path)
    shop.policies()
    viewer = someone(portal, Role.VIEWER, "Vera")
    viewers = Subject(SubjectKind.ROLE, "viewer")
    portal.policies.keep(shop.admin, shop.id, Policy(shop.id, "no orders", viewers, "orders", hidden=True))
    people = (shop.admin, shop.analyst, viewer)
    one = {person.name: _everything(shop, person) for person in people}
    other = {person.name: _everything(shop, person) for person in reversed(people)}
    assert one == other
    assert leaks(one[shop.admin.name])
    assert leaks(one[shop.analyst.name], one[viewer.name]) == []
    assert "How many orders are there?" in str(one[shop.admin.name][-1])
    assert "orders" not in str(one[viewer.name][-1])


def _everything(shop: Shop, person: Actor) -> list[object]:
    portal = shop.portal
    opened = portal.connections.open(person, shop.id)
    found: list[object] = [portal.knowledge.browse(person, shop.id).samples]
    for language in ("en", "zh"):
        found.append(portal.knowledge.starters(person, opened, language, 24))
        found.append(portal.knowledge.can_ask(person, opened, language))
    found.append(portal.knowledge.ground(person, Inquiry("orders by region of customers", "en", NOW), opened))
    for text in ("How many customers are there?", "customers by region", "products by category"):
        card = shop.ask(person, text)
        found.append((card.summary, card.sql, card.table.rows if card.table else None))
    cannot = shop.ask(person, "what is love?").ending
    assert isinstance(cannot, CannotAnswer)
    found.append(cannot.closest)
    return found
