"""`evaluate` and `bench` as other programs call them: a set, a folder of databases, and the forms of what comes out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.commands import main
from core.evaluation.quick_model import quick_model
from tests.conftest import SHARED
from tests.doubles_evaluation import SHOP, shop_file

LINE = [
    "id", "outcome", "rung", "predicted_sql", "correct", "seconds", "prompt_tokens", "completion_tokens", "tables",
    "confidence", "attempts",
]  # fmt: skip
SUMMARY = [
    "questions", "answered", "correct", "accuracy", "precision", "coverage", "wilson", "seconds_p50", "seconds_p95",
    "prompt_tokens_mean",
]  # fmt: skip
QUESTIONS: list[dict[str, object]] = [
    {"id": "count", "question": "How many customers are there?", "gold_sql": "SELECT count(*) FROM customers"},
    {"id": "wrong", "question": "How many orders are there?", "gold_sql": "SELECT 99"},
    {"id": "odd", "question": "Which customers dream of unicorns?", "gold_sql": "SELECT name FROM customers"},
    {"id": "never", "question": "What is the meaning of life?", "unanswerable": True},
    {
        "id": "talk",
        "turns": [
            {"question": "Which customers dream of unicorns?", "gold_sql": "SELECT name FROM customers"},
            {"question": "How many customers are there?", "gold_sql": "SELECT count(*) FROM customers"},
        ],
    },
]
Figures = tuple[dict[str, object], list[dict[str, object]]]
Evaluate = Callable[..., Figures]


@pytest.fixture
def evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Runs the command on QUESTIONS in a dialect; gives the summary and the lines."""

    def run(*more: str, dialect: str = "sqlite") -> Figures:
        questions, details = tmp_path / "set.jsonl", tmp_path / "out.jsonl"
        lines = [json.dumps({"db": "shop", "dialect": dialect, "lang": "en", **question}) for question in QUESTIONS]
        questions.write_text("\n".join(lines))
        arguments = ["--databases", str(tmp_path), "--details", str(details), "--json", *more]
        assert main(["evaluate", str(questions), *arguments]) == 0
        return json.loads(capsys.readouterr().out), [json.loads(line) for line in details.read_text().splitlines()]

    return run


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_set_is_asked_and_measured_without_a_model(evaluate: Evaluate, tmp_path: Path, workers: str) -> None:
    file = shop_file(tmp_path)
    before = file.read_bytes()
    figures, lines = evaluate("--rung", "instant", "--workers", workers)
    assert list(figures) == SUMMARY
    assert all(list(line) == LINE for line in lines)
    assert [line["id"] for line in lines] == ["count", "wrong", "odd", "never", "talk#0", "talk#1"]
    assert [line["correct"] for line in lines] == [True, False, False, True, False, True]
    assert [line["outcome"] for line in lines[:2]] == ["answered", "answered"]
    assert {str(line["outcome"]) for line in lines[2:5]} <= {"abstained", "clarify"}
    assert (figures["questions"], figures["answered"], figures["correct"]) == (6, 3, 3)
    assert file.read_bytes() == before


def test_only_the_first_lines_are_asked_where_a_limit_is_given(evaluate: Evaluate, tmp_path: Path) -> None:
    shop_file(tmp_path)
    figures, _ = evaluate("--rung", "instant", "--limit", "2")
    assert figures["questions"] == 2


def test_a_dump_is_loaded_into_a_scratch_postgresql(evaluate: Evaluate, tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "shop.sql").write_text(SHOP)
    figures, lines = evaluate("--rung", "instant", "--limit", "1", dialect="postgres")
    assert (figures["correct"], lines[0]["tables"]) == (1, ["customers"])


def test_a_model_of_the_environment_is_asked_under_the_name_given(
    evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop_file(tmp_path)
    asked: list[str] = []

    def reply(text: str) -> str:
        asked.append(text)
        return "```sql\nSELECT count(*) AS n FROM customers\n```"

    with quick_model(reply) as url:
        monkeypatch.setenv("ASKWELL_MODEL_URL", url)
        figures, lines = evaluate("--rung", "model", "--model", "some-model", "--limit", "1")
    assert (lines[0]["rung"], lines[0]["correct"], lines[0]["attempts"]) == ("model", True, 1)
    assert figures["prompt_tokens_mean"] == 1.0
    assert "How many customers" in asked[0]


def test_a_model_that_is_wished_for_and_not_there_is_told_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ASKWELL_MODEL_URL", raising=False)
    shop_file(tmp_path)
    questions = tmp_path / "set.jsonl"
    questions.write_text(json.dumps({"db": "shop", "dialect": "sqlite", **QUESTIONS[0]}))
    assert main(["evaluate", str(questions), "--databases", str(tmp_path), "--rung", "model"]) == 2
    assert "no such language model" in capsys.readouterr().err


def test_a_missing_database_is_told_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "set.jsonl"
    questions.write_text(json.dumps({"db": "shop", "dialect": "sqlite", **QUESTIONS[0]}))
    assert main(["evaluate", str(questions), "--databases", str(tmp_path), "--json"]) == 2
    assert "shop" in capsys.readouterr().err


@pytest.mark.shared
def test_a_few_public_questions_are_measured() -> None:
    folder = SHARED / "eval"
    if not folder.is_dir():
        pytest.skip("the shared question sets are not on this machine")
    questions = folder / "questions" / "spider.jsonl"
    assert main(["evaluate", str(questions), "--databases", str(folder), "--rung", "instant", "--limit", "5"]) == 0
