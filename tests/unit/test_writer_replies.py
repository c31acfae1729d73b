"""What a model's reply is taken for."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.answering.prompting import prompt
from core.answering.replies import Declined, Unreadable, Wondered, Wrote, read_reply

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "model_replies.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_reply_is_a_query_a_refusal_a_question_or_nothing(case: dict[str, Any]) -> None:
    reply = read_reply(case["reply"])
    if "sql" in case:
        assert reply == Wrote(case["sql"])
    elif "cannot" in case:
        assert reply == Declined(case["cannot"])
    elif "ask" in case:
        assert reply == Wondered(case["ask"], tuple(case["options"]))
    else:
        assert reply == Unreadable(case["unreadable"])
        assert prompt("write_query").say(case["unreadable"])


def test_what_a_model_says_to_a_person_is_one_short_line_without_anything_hidden() -> None:
    reply = read_reply("CANNOT: no\u200b \u202ere\x07funds\nat all" + " x" * 900)
    assert isinstance(reply, Declined)
    assert reply.reason.startswith("no refunds at all x")
    assert len(reply.reason) == 400


@pytest.mark.parametrize(
    "noise", ["x" * 3_000_000, "```" * 300_000, "'" * 300_000, "SELECT " * 100_000, "ASK\n" * 200_000]
)
def test_a_huge_reply_is_read_in_no_time(noise: str) -> None:
    read_reply(noise[:200_000])
