"""The instant engine over the demo shop: what questions become, what changes them, and where it keeps silent."""

import tomllib
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.answering.instant.interpret import Abstained, Interpretation, Outcome, Unclear, interpret
from core.answering.instant.reading import Reading
from core.connections.guard import Scope, check
from core.connections.schema import Dialect, Schema
from core.grounding.inquiry import Earlier, Inquiry, language_of
from core.i18n import Words
from tests.doubles_values import ListedValues, shop_schema

CASES = Path(__file__).parent.parent / "cases" / "instant"
NOW = datetime(2026, 11, 21, 12)


def cases(name: str) -> list[dict[str, Any]]:
    return list(tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))["case"])


@cache
def shop() -> Schema:
    return shop_schema(Path(__file__).parent.parent.parent / "data")


@cache
def values() -> ListedValues:
    return ListedValues(
        {
            ("stores", "country"): ["Germany", "France"],
            ("stores", "city"): ["Shanghai", "Paris"],
            ("stores", "city_zh"): ["上海", "巴黎"],
            ("categories", "name"): ["Sofas", "Rugs"],
            ("orders", "channel"): ["Website", "Walk-in", "Phone"],
            ("orders", "status"): ["Completed", "Cancelled"],
            ("customers", "segment"): ["Consumer", "Corporate"],
        }
    )


def ask(question: str, schema: Schema | None = None, before: Reading | None = None) -> Outcome:
    return interpret(Inquiry(question, language_of(question), NOW), schema or shop(), values(), before)


def plain(sql: str) -> str:
    return " ".join(sql.split()).replace('"', "")


@pytest.mark.parametrize("case", [*cases("shop_en"), *cases("shop_zh")], ids=lambda c: c["question"])
def test_a_question_becomes_this_sql(case: dict[str, str]) -> None:
    out = ask(case["question"])
    assert isinstance(out, Interpretation)
    assert plain(out.sql) == case["sql"]
    assert len(out.labels) == len(out.reading.show)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_guard_passes_all_its_sql_in_every_dialect(dialect: Dialect) -> None:
    schema = replace(shop(), dialect=dialect)
    for case in [*cases("shop_en"), *cases("shop_zh")]:
        out = ask(case["question"], schema)
        assert isinstance(out, Interpretation)
        assert check(out.sql, Scope(dialect, schema)).sql == out.sql


@pytest.mark.parametrize("case", cases("abstains"), ids=lambda c: c["question"])
def test_it_keeps_silent_and_names_the_word_it_could_not_place(case: dict[str, str]) -> None:
    out = ask(case["question"])
    assert isinstance(out, Abstained)
    assert out.word == case.get("word", "")
    for language in ("en", "zh"):
        assert Words(language).say(out.reason.key, **out.reason.values)


def dialogues() -> list[list[dict[str, Any]]]:
    text = (CASES / "follow_ups.toml").read_text(encoding="utf-8")
    return [d["turns"] for d in tomllib.loads(text)["dialogue"]]


@pytest.mark.parametrize("turns", dialogues(), ids=lambda t: t[0]["question"])
def test_a_follow_up_changes_one_thing(turns: list[dict[str, Any]]) -> None:
    before: Reading | None = None
    for place, turn in enumerate(turns):
        out = ask(turn["question"], before=before)
        assert isinstance(out, Interpretation), turn["question"]
        assert out.follows is (place > 0)
        assert all(part in plain(out.sql) for part in turn["holds"]), (turn["question"], plain(out.sql))
        assert not any(part in plain(out.sql) for part in turn.get("lacks", ())), plain(out.sql)
        before = out.reading


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("Which stores are in Germany?", "Which of those are in France?"),  # no row is in both
        ("Top 5 products by revenue", "Which of them are cheaper than 20?"),  # some of the first five
        ("How many orders were placed in 2025?", "Which of them are the most colourful?"),
        ("Which stores are in Germany?", "How many of those regions are there?"),  # stores were shown, not regions
        ("Which stores are in Germany?", "How many orders were placed there?"),  # in each of them, or in all?
        ("哪些门店在德国？", "其中在法国的有哪些？"),
        ("2025年有多少订单？", "其中最蓝的是哪个？"),
    ],
)
def test_a_follow_up_that_does_not_fit_what_was_shown_is_left_alone(first: str, then: str) -> None:
    before = ask(first)
    assert isinstance(before, Interpretation)
    assert isinstance(ask(then, before=before.reading), Abstained)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("Which stores are in Germany?", "How many products are there?"),
        ("Top 5 products by revenue", "Which stores are in Germany?"),
        ("哪些门店在德国？", "有多少产品？"),
    ],
)
def test_a_question_in_words_of_its_own_takes_nothing_from_the_one_before(first: str, then: str) -> None:
    before, alone = ask(first), ask(then)
    assert isinstance(before, Interpretation)
    assert isinstance(alone, Interpretation)
    out = ask(then, before=before.reading)
    assert isinstance(out, Interpretation)
    assert not out.follows
    assert out.sql == alone.sql


def test_a_follow_up_says_which_word_it_could_not_place() -> None:
    before = ask("Which stores are in Germany?")
    assert isinstance(before, Interpretation)
    out = ask("Which of them are haunted?", before=before.reading)
    assert isinstance(out, Abstained)
    assert out.word == "haunted"


def test_a_conversation_is_read_again_from_what_was_asked() -> None:
    first = ask("Revenue by region")
    assert isinstance(first, Interpretation)
    follow = Inquiry("only in 2025", "en", NOW, (Earlier("Revenue by region", first.sql),))
    out = interpret(follow, shop(), values())
    assert isinstance(out, Interpretation)
    assert "2025-01-01" in out.sql
    assert "regions" in out.sql


def test_a_follow_up_to_what_a_model_answered_is_left_to_the_model() -> None:
    follow = Inquiry("only those in 2025", "en", NOW, (Earlier("Something clever about regions", "SELECT 1"),))
    out = interpret(follow, shop(), values())
    assert isinstance(out, Abstained)


def test_the_explanation_says_tables_joins_filters_and_words() -> None:
    out = ask("Revenue by region for the last 12 months, top 5")
    assert isinstance(out, Interpretation)
    said = [Words("en").say(step.key, **step.values) for step in out.explanation.steps]
    assert out.explanation.tables == ("order_lines", "regions", "orders", "stores")
    assert "Kept only rows where Order date is 22 Nov 2025 to 21 Nov 2026." in said
    assert "Sorted by Total Revenue, largest first." in said
    assert ("Revenue", "Revenue of Order lines") in out.explanation.words
    assert out.labels == ("Region", "Total Revenue")


def test_a_chinese_question_is_explained_in_chinese() -> None:
    out = ask("去年上海的销售额是多少？")
    assert isinstance(out, Interpretation)
    said = [Words("zh").say(step.key, **step.values) for step in out.explanation.steps]
    assert "只保留城市为上海的记录。" in said
    assert out.labels == ("销售额合计",)


def test_a_word_with_two_meanings_is_asked_about_in_plainer_words() -> None:
    out = ask("average weight and price")
    assert isinstance(out, Interpretation | Unclear)
    unclear = ask("What is the average name_zh?")
    assert isinstance(unclear, Abstained)


def test_the_same_question_gives_the_same_sql_every_time() -> None:
    assert ask("Revenue by region") == ask("Revenue by region")
