"""The instant engine on public question sets, where they lie beside the project: how often right, how often silent."""

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.answering.instant.interpret import Interpretation, interpret
from core.evaluation.metric import Grid, is_ordered, right
from core.grounding.inquiry import Inquiry
from tests.doubles_values import schema_of, values_of

SHARED = Path(__file__).parent.parent.parent.parent / "shared" / "eval"
NOW = datetime(2026, 11, 21, 12)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (SHARED / "questions").is_dir(), reason="the shared question sets are not here"),
]


def rows_of(file: Path, sql: str) -> Grid:
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    db.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        cursor = db.execute(sql)
        return Grid(len(cursor.description), cursor.fetchall())
    finally:
        db.close()


def questions(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SHARED / "questions" / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ["spider.jsonl", "spider_zh.jsonl"])
def test_nine_of_ten_answers_are_right_and_a_quarter_is_answered(name: str) -> None:
    asked = questions(name)
    files = {db: SHARED / "sqlite" / f"{db}.sqlite" for db in {q["db"] for q in asked}}
    schemas = {db: schema_of(file) for db, file in files.items()}
    values = {db: values_of(file) for db, file in files.items()}
    answered = correct = 0
    for q in asked:
        out = interpret(Inquiry(q["question"], q["lang"], NOW), schemas[q["db"]], values[q["db"]])
        if isinstance(out, Interpretation):
            answered += 1
            predicted = rows_of(files[q["db"]], out.sql)
            golds = q["gold_sql_alternatives"]
            correct += any(right(rows_of(files[q["db"]], g), predicted, is_ordered(g, "sqlite")) for g in golds)
    assert correct / answered >= 0.9
    assert answered / len(asked) >= 0.25


def test_what_the_data_cannot_answer_is_not_answered() -> None:
    asked = questions("unanswerable.jsonl")
    answered = 0
    for q in asked:
        file = SHARED / "sqlite" / f"defog_{q['db']}.sqlite"
        schema = schema_of(file)
        out = interpret(Inquiry(q["question"], q["lang"], NOW), schema, values_of(file))
        answered += isinstance(out, Interpretation)
    assert answered <= 0.03 * len(asked)
