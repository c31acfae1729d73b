"""Chinese questions over schemas whose names are Chinese, or English ones that only a translation finds."""

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.answering.instant.dictionary_zh import gloss_texts, name_parts, ways
from core.answering.instant.interpret import Abstained, Interpretation, Outcome, Unclear, interpret
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.inquiry import Inquiry
from tests.doubles_values import ListedValues

CASES = Path(__file__).parent.parent / "cases" / "instant" / "worlds_zh.toml"
NOW = datetime(2026, 11, 21, 12)
_KINDS = {"i": Kind.INTEGER, "t": Kind.TEXT, "n": Kind.NUMBER, "d": Kind.DATE, "b": Kind.BOOLEAN}


@cache
def worlds() -> dict[str, Any]:
    return tomllib.loads(CASES.read_text(encoding="utf-8"))


@cache
def schema(name: str) -> Schema:
    """Each table as "name: kind.column, …"; the first column is the key; "kind.column>table" points at another's.

    A table marked with * declares no key of its own.
    """
    lines = [line.partition(":") for line in worlds()["schema"][name]]
    keyless = {table for table, _, _ in lines if table.endswith("*")}
    keys = {table: rest.split(",")[0].strip()[2:] for table, _, rest in lines}
    tables = []
    for table, _, rest in lines:
        columns, foreign = [], []
        for part in rest.split(","):
            column, _, target = part.strip()[2:].partition(">")
            columns.append(Column(column, "", _KINDS[part.strip()[0]]))
            if target:
                foreign.append(ForeignKey((column,), target, (keys[target],)))
        own = () if table in keyless else (keys[table],)
        tables.append(Table(table.rstrip("*"), tuple(columns), primary_key=own, foreign_keys=tuple(foreign)))
    return Schema(Dialect.SQLITE, tuple(tables))


def ask(case: dict[str, str]) -> Outcome:
    listed = worlds()["values"][case["world"]]
    values = {(place.split(".")[0], place.split(".")[1]): found for place, found in listed.items()}
    return interpret(Inquiry(case["question"], "zh", NOW), schema(case["world"]), ListedValues(values))


@pytest.mark.parametrize("case", worlds()["case"], ids=lambda c: c["question"])
def test_a_chinese_question_becomes_this_sql(case: dict[str, str]) -> None:
    out = ask(case)
    assert isinstance(out, Interpretation), out
    assert " ".join(out.sql.split()).replace('"', "") == case["sql"]


@pytest.mark.parametrize("case", worlds()["silent"], ids=lambda c: c["question"])
def test_it_keeps_silent_or_asks(case: dict[str, str]) -> None:
    out = ask(case)
    assert isinstance(out, Abstained | Unclear), out
    assert case.get("word", "") in (out.word if isinstance(out, Abstained) else "")


@pytest.mark.parametrize(
    ("name", "parts"),
    [("出生日期", ("出生", "date")), ("是否上架", ("is", "上架")), ("姓名", ("name",)), ("药品名称", ("药品", "name")),
     ("楼层", ("楼层",))],
)  # fmt: skip
def test_a_chinese_name_is_put_as_an_english_one(name: str, parts: tuple[str, ...]) -> None:
    assert name_parts(name) == parts


def test_a_longer_gloss_does_not_stand_for_its_last_word() -> None:
    assert ("action", "movie") in [phrase for phrase, _ in ways("动作片")]
    assert ("movie",) not in [phrase for phrase, _ in ways("动作片")]


def test_no_chinese_word_has_two_lines_of_english() -> None:
    said = [word for text in gloss_texts() for words in tomllib.loads(text)["glosses"] for word in words.split()]
    assert len(said) == len(set(said)), sorted({word for word in said if said.count(word) > 1})


def test_who_does_something_is_called_by_what_they_do() -> None:
    assert ("reviewer",) in [phrase for phrase, _ in ways("评论者")]
    assert ways("的者") == ()
