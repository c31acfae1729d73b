"""The instant engine over a bicycle rental: names cut short, flags, dates of deeds, two ways between two tables."""

import tomllib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.answering.instant.interpret import Abstained, Interpretation, Outcome, Unclear, interpret
from core.connections.guard import Scope, check
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.inquiry import Inquiry
from core.i18n import Words
from tests.doubles_values import ListedValues

CASES = Path(__file__).parent.parent / "cases" / "instant"
NOW = datetime(2026, 11, 21, 12)
_KINDS = {"i": Kind.INTEGER, "t": Kind.TEXT, "n": Kind.NUMBER, "d": Kind.DATE}


def cases(name: str) -> list[dict[str, Any]]:
    return list(tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))["case"])


def table(name: str, columns: str, **keys: str) -> Table:
    """A table whose first column is its key; `keys` lead from columns to tables, whose first column they hold."""
    made = tuple(Column(c[2:], "", _KINDS[c[0]]) for c in columns.split())
    foreign = tuple(ForeignKey((column,), target, (FIRST[target],)) for column, target in keys.items())
    return Table(name, made, primary_key=(made[0].name,), foreign_keys=foreign)


FIRST = {"tbl_stn": "stn_id", "bikes": "bike_id", "riders": "rider_id", "mechanics": "mech_id"}
RENTAL = Schema(
    Dialect.SQLITE,
    (
        table("tbl_stn", "i:stn_id t:stn_nm t:city d:opened_on i:is_open i:has_shelter i:floor_area_sqm i:docks"),
        table("bikes", "i:bike_id t:bike_typ n:wt_kg n:price d:bought_on i:stn_id t:colour", stn_id="tbl_stn"),
        table("riders", "i:rider_id t:full_name t:member_level d:birth_date i:credits"),
        table("rides", "i:ride_id i:rider_id i:bike_id i:orig_stn i:dest_stn d:hired_on d:returned_on n:fare i:paid",
              rider_id="riders", bike_id="bikes", orig_stn="tbl_stn", dest_stn="tbl_stn"),
        table("mechanics", "i:mech_id t:mech_name t:grade n:salary"),
        table("inspections", "i:inspection_id i:bike_id i:mech_id d:inspected_on i:faults_found",
              bike_id="bikes", mech_id="mechanics"),
    ),
)  # fmt: skip
VALUES = ListedValues(
    {
        ("tbl_stn", "stn_nm"): ["Harbour", "Mill Lane"],
        ("tbl_stn", "city"): ["Leiden"],
        ("bikes", "bike_typ"): ["cargo", "racing"],
        ("bikes", "colour"): ["red", "blue"],
        ("riders", "member_level"): ["gold", "student"],
        ("mechanics", "grade"): ["senior", "trainee"],
    }
)


def ask(question: str, schema: Schema = RENTAL) -> Outcome:
    return interpret(Inquiry(question, "en", NOW), schema, VALUES)


def plain(sql: str) -> str:
    return " ".join(sql.split()).replace('"', "")


@pytest.mark.parametrize("case", cases("rental_en"), ids=lambda c: c["question"])
def test_a_question_becomes_this_sql(case: dict[str, str]) -> None:
    out = ask(case["question"])
    assert isinstance(out, Interpretation)
    assert plain(out.sql) == case["sql"]
    assert len(out.labels) == len(out.reading.show)
    for step in out.explanation.steps:
        assert Words("en").say(step.key, **step.values)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_guard_passes_all_its_sql_in_every_dialect(dialect: Dialect) -> None:
    schema = replace(RENTAL, dialect=dialect)
    for case in cases("rental_en"):
        out = ask(case["question"], schema)
        assert isinstance(out, Interpretation)
        assert check(out.sql, Scope(dialect, schema)).sql == out.sql


@pytest.mark.parametrize("case", cases("rental_abstains"), ids=lambda c: c["question"])
def test_it_does_not_guess(case: dict[str, str]) -> None:
    out = ask(case["question"])
    assert isinstance(out, Abstained | Unclear)
    if isinstance(out, Abstained):
        assert out.word == case.get("word", "")
