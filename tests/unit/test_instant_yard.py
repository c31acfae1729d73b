"""The instant engine over a repair yard: conditions on one row of several, names cut to a letter, counts in columns."""

import pytest

from core.answering.instant.build_sql import sql_of
from core.answering.instant.canonical import simplified
from core.answering.instant.interpret import Abstained, Interpretation, Outcome, interpret
from core.answering.instant.reading import ColumnRef, Field, Function, Order, Reading, Related, Tally
from core.answering.instant.schema_words import words_of
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.inquiry import Inquiry
from tests.doubles_values import ListedValues
from tests.unit.test_instant_rental import NOW, cases, plain

_KINDS = {"i": Kind.INTEGER, "t": Kind.TEXT, "n": Kind.NUMBER, "d": Kind.DATE}
_HOMES = {"yards": "yard_id", "makers": "maker_id", "jobs": "job_id", "parts": "part_id"}


def table(name: str, columns: str, **keys: str) -> Table:
    made = tuple(Column(c[2:], "", _KINDS[c[0]], nullable=False) for c in columns.split())
    foreign = tuple(ForeignKey((column,), target, (_HOMES[target],)) for column, target in keys.items())
    return Table(name, made, primary_key=(made[0].name,), foreign_keys=foreign)


YARD = Schema(
    Dialect.SQLITE,
    (
        table("yards", "i:yard_id t:yname i:no_of_boats t:city"),
        table("makers", "i:maker_id t:maker_name i:no_of_jobs t:town"),
        table("jobs", "i:job_id i:maker_id i:yard_id t:state d:date_job_opened n:amount",
              maker_id="makers", yard_id="yards"),
        table("job_parts", "i:line_id i:job_id i:part_id", job_id="jobs", part_id="parts"),
        table("parts", "i:part_id t:part_name n:weight n:price"),
        table("visits", "i:visit_id i:job_id d:visit_date", job_id="jobs"),
    ),
)  # fmt: skip
VALUES = ListedValues({("jobs", "state"): ["Open", "Done"], ("parts", "part_name"): ["Hinge", "Keel"]})


def ask(question: str) -> Outcome:
    return interpret(Inquiry(question, "en", NOW), YARD, VALUES)


@pytest.mark.parametrize("case", cases("yard_en"), ids=lambda c: c["question"])
def test_a_question_becomes_this_sql(case: dict[str, str]) -> None:
    out = ask(case["question"])
    assert isinstance(out, Interpretation), out
    assert plain(out.sql) == case["sql"]


@pytest.mark.parametrize("case", cases("yard_abstains"), ids=lambda c: c["question"])
def test_it_leaves_these_alone(case: dict[str, str]) -> None:
    assert isinstance(ask(case["question"]), Abstained), case


def test_groups_of_what_is_counted_need_no_condition_that_there_is_some() -> None:
    path = words_of(YARD).paths.between("makers", "jobs")[0]
    key = Field(ColumnRef("makers", "maker_id"), Kind.INTEGER)
    count = Order(Tally(Function.COUNT, path=path))
    reading = simplified(Reading("makers", (key,), (Related(path),), (key,), order=(count,)))
    assert reading.table == "jobs"
    assert plain(sql_of(reading, YARD)).endswith("GROUP BY jobs.maker_id ORDER BY COUNT(*) ASC NULLS LAST")
