"""A question that leans on the one before it is told from a fresh one."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.answering.follow_up import resolve
from core.grounding.inquiry import Earlier

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "answering_follow_ups.toml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 21, tzinfo=UTC)
BEFORE = (Earlier("How many orders are there by country?", "SELECT 1"),)


@pytest.mark.parametrize("text", CASES["leaning"])
def test_a_follow_up_leans_on_what_was_asked_before(text: str) -> None:
    resolved = resolve(text, NOW, BEFORE)
    assert resolved.leans
    assert resolved.about == f"{BEFORE[0].question} → {text}"
    assert resolved.inquiry.follows == BEFORE


def test_a_chain_of_follow_ups_goes_back_to_the_question_it_began_with() -> None:
    chain = (Earlier("Something else?", "SELECT 0"), *BEFORE, Earlier("only in 2025", "SELECT 2"))
    assert resolve("by month", NOW, chain).about == f"{BEFORE[0].question} → only in 2025 → by month"


@pytest.mark.parametrize("text", CASES["fresh"])
def test_a_question_in_words_of_its_own_is_fresh_in_the_middle_of_a_conversation(text: str) -> None:
    resolved = resolve(text, NOW, BEFORE)
    assert not resolved.leans
    assert resolved.about == text


@pytest.mark.parametrize("text", CASES["leaning"])
def test_nothing_leans_on_nothing(text: str) -> None:
    resolved = resolve(text, NOW, ())
    assert not resolved.leans
    assert not resolved.may_lean


def test_a_follow_up_without_letters_keeps_the_language_of_the_conversation() -> None:
    chinese = (Earlier("2025年有多少订单？", "SELECT 1"),)
    assert resolve("2024?", NOW, chinese).inquiry.language == "zh"
    assert resolve("2024?", NOW, BEFORE).inquiry.language == "en"
