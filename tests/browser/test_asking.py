"""The main job: a question by click or by hand, and an answer with its sentence, chart, rows, SQL and evidence."""

from datetime import date

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.openai_stub import OpenAIStub, Say

pytestmark = pytest.mark.browser
LAST_YEAR = date.today().year - 1  # the demo shop holds three years up to today


def test_a_starter_is_answered_with_a_chart_at_a_click(visit: Visit) -> None:
    person = visit()
    starter = person.widget("ask.starter.1").get_by_role("button")
    expect(starter).to_contain_text(" by ")
    question = starter.locator("p").inner_text()
    starter.click()
    person.answer_to(question)
    card = person.answered()
    expect(person.plot(card)).to_be_visible()
    expect(card.locator(".js-plotly-plot .point, .js-plotly-plot .slice").first).to_be_visible()


def test_a_typed_question_is_answered_with_sentence_badges_chart_rows_and_sql(visit: Visit) -> None:
    person = visit()
    person.ask(f"number of orders per month in {LAST_YEAR}")
    card = person.answered()
    expect(card).to_contain_text(person.said("ask.sure_sure"))
    expect(card).to_contain_text(person.said("ask.rows", n=12))
    expect(card.locator(".js-plotly-plot .scatterlayer .js-line")).to_be_visible()
    card.get_by_text(person.said("charts.bar"), exact=True).click()
    expect(card.locator(".js-plotly-plot .barlayer .point")).to_have_count(12)
    card.get_by_role("tab", name=person.said("ask.tab_data")).click()
    expect(card.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
    card.get_by_role("tab", name=person.said("ask.tab_sql")).click()
    expect(card.get_by_role("tabpanel").locator("code").first).to_contain_text("GROUP BY")
    card.get_by_role("tab", name=person.said("privacy.sent_tab")).click()
    expect(card.get_by_text(person.said("privacy.sent_nothing"))).to_be_visible()


def test_a_follow_up_is_read_with_the_question_before_it(visit: Visit) -> None:
    person = visit()
    person.ask("how many orders are there?")
    before = person.answered()
    expect(before.locator(".js-plotly-plot")).to_be_visible()
    person.ask(f"only in {LAST_YEAR}")
    expect(person.page.get_by_test_id("stChatMessage")).to_have_count(4)
    after = person.answered()
    expect(after.get_by_test_id("stMarkdownContainer").filter(has_text=str(LAST_YEAR)).first).to_be_visible()
    after.get_by_role("tab", name=person.said("ask.tab_sql")).click()
    expect(after.get_by_role("tabpanel").locator("code").first).to_contain_text(f"{LAST_YEAR}-01-01")


def test_a_chinese_question_is_answered_in_chinese(visit: Visit) -> None:
    person = visit(language="zh")
    expect(person.page.get_by_text(person.said("ask.title"))).to_be_visible()
    person.ask(f"{LAST_YEAR}年每月的订单数量")
    card = person.answered()
    expect(card.locator(".js-plotly-plot .scatterlayer .js-line")).to_be_visible()
    expect(card.locator(".js-plotly-plot .xtick").first).to_contain_text("月")
    expect(card).to_contain_text("订单")


def test_a_model_answers_what_the_engine_cannot_and_its_sql_passes_the_guard(visit: Visit, model: OpenAIStub) -> None:
    model.when("parliament", Say("```sql\nSELECT name, segment FROM customers ORDER BY customer_id LIMIT 3\n```"))
    person = visit()
    person.ask("Which of our customers sit in parliament?")
    card = person.answered("model")
    expect(card).to_contain_text("scripted")
    expect(card).to_contain_text(person.said("ask.rows", n=3))
    card.get_by_role("tab", name=person.said("privacy.sent_tab")).click()
    expect(card.get_by_text(person.said("privacy.sent_show"))).to_be_visible()
    card.get_by_text(person.said("privacy.sent_show")).click()
    expect(card.get_by_text(person.said("privacy.sent_reply"))).to_be_visible()
    expect(card.get_by_text("Which of our customers sit in parliament?").last).to_be_visible()
    expect(card.get_by_text(person.said("privacy.sent_nothing"))).to_have_count(0)


def test_what_nobody_can_answer_is_said_so_with_questions_that_can_be(visit: Visit) -> None:
    person = visit()
    card = person.ask("Who composed the moonlight sonata?")
    expect(card.get_by_test_id("stAlert")).to_contain_text("nothing here speaks of that")
    card.locator('[class*="st-key-ask-next-"] button').first.click()
    expect(person.page.get_by_test_id("stChatMessage")).to_have_count(4)
    person.answered()
