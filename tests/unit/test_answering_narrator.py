"""The sentence about the rows, in both languages."""

import re
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.answering.markdown import plain
from core.answering.narrator import tell
from core.answering.sql_parts import SqlParts
from core.answering.wording import Wording
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind, Schema
from tests.doubles_answering import shop

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "answering_sentences.toml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    return shop(tmp_path_factory.mktemp("shop")).schema


def _table(case: dict[str, Any]) -> ResultTable:
    columns = tuple(ResultColumn(name, Kind(kind)) for name, kind in case["columns"])
    rows = tuple(
        tuple(_cell(cell, column.kind) for cell, column in zip(row, columns, strict=True)) for row in case["rows"]
    )
    return ResultTable(columns, rows, case.get("truncated", False), 0.01)


def _cell(cell: object, kind: Kind) -> object:
    if cell == "null":
        return None
    return Decimal(cell) if isinstance(cell, str) and kind is Kind.NUMBER else cell


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["name"])
def test_the_sentence_says_what_the_rows_mean(case: dict[str, Any], language: str, schema: Schema) -> None:
    wording = Wording(SqlParts(case["sql"], schema.dialect, schema), language)
    assert plain(tell(wording, _table(case), NOW)) == case[language]


def test_the_number_is_bold_and_data_is_escaped(schema: Schema) -> None:
    sql = (
        "SELECT country, COUNT(*) AS n FROM customers WHERE name <> '[a](http://b.c)' GROUP BY country ORDER BY n DESC"
    )
    wording = Wording(SqlParts(sql, schema.dialect, schema), "en")
    columns = (ResultColumn("country", Kind.TEXT), ResultColumn("n", Kind.INTEGER))
    table = ResultTable(columns, (("![x](http://evil.example/i.png)", 7), ("FR", 3)), False, 0.0)
    sentence = tell(wording, table, NOW)
    assert "**7**" in sentence
    assert not re.search(r"(?<!\\)[\[\]]", sentence)
    assert "http://" not in sentence
