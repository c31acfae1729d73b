"""The instant engine beyond one row and one group: the best of each, figures over time, two columns, bosses."""

import sqlite3
from dataclasses import replace

import pytest

from core.answering.instant.interpret import Abstained, Interpretation, Outcome, interpret
from core.connections.guard import Scope, check
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.inquiry import Inquiry
from core.i18n import Words
from tests.doubles_values import ListedValues
from tests.unit.test_instant_rental import NOW, cases, plain

_KINDS = {"i": Kind.INTEGER, "t": Kind.TEXT, "n": Kind.NUMBER, "d": Kind.DATE}
_HOMES = {"people": "person_id", "teams": "team_id"}


def table(name: str, columns: str, **keys: str) -> Table:
    made = tuple(Column(c[2:], "", _KINDS[c[0]], nullable=False) for c in columns.split())
    foreign = tuple(ForeignKey((column,), target, (_HOMES[target],)) for column, target in keys.items())
    return Table(name, made, primary_key=(made[0].name,), foreign_keys=foreign)


WORKSHOP = Schema(
    Dialect.SQLITE,
    (
        table("teams", "i:team_id t:team_name"),
        table("people", "i:person_id t:first_name t:last_name n:salary d:birth_date i:manager_id i:team_id",
              manager_id="people", team_id="teams"),
        table("jobs", "i:job_id i:person_id t:title d:started_on d:due_on n:revenue n:cost i:quantity n:unit_price "
              "i:runtime_min",
              person_id="people"),
        replace(table("big_jobs", "i:job_id n:takings"), is_view=True),
    ),
)  # fmt: skip
VALUES = ListedValues({("people", "first_name"): ["Ada", "Max"], ("people", "last_name"): ["Byron", "Frisch"]})


def ask(question: str, schema: Schema = WORKSHOP) -> Outcome:
    return interpret(Inquiry(question, "en", NOW), schema, VALUES)


@pytest.mark.parametrize("case", cases("beyond_en"), ids=lambda c: c["question"])
def test_a_question_becomes_this_sql(case: dict[str, str]) -> None:
    out = ask(case["question"])
    assert isinstance(out, Interpretation)
    assert plain(out.sql) == case["sql"]
    assert len(out.labels) == len(out.reading.show)
    for language in ("en", "zh"):
        for step in out.explanation.steps:
            assert Words(language).say(step.key, **step.values)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_guard_passes_it_in_every_dialect(dialect: Dialect) -> None:
    schema = replace(WORKSHOP, dialect=dialect)
    for case in cases("beyond_en"):
        out = ask(case["question"], schema)
        assert isinstance(out, Interpretation), case["question"]
        assert check(out.sql, Scope(dialect, schema)).sql == out.sql


@pytest.mark.parametrize(
    "question",
    [
        "What are the takings?",  # only a view tells, and nobody spoke of it
        "Jobs with a revenue above 3 hours",  # money is not counted in hours
        "Cumulative revenue",  # over no time
        "Each team's people",
    ],
)
def test_it_keeps_silent(question: str) -> None:
    assert isinstance(ask(question), Abstained)


def rows(question: str) -> list[tuple[object, ...]]:
    """What the SQL of a question gives over four people of two teams and six jobs."""
    out = ask(question)
    assert isinstance(out, Interpretation), question
    with sqlite3.connect(":memory:") as db:
        for made in WORKSHOP.tables[:3]:
            db.execute(f"CREATE TABLE {made.name} ({', '.join(c.name for c in made.columns)})")
        db.executemany("INSERT INTO teams VALUES (?, ?)", [(1, "North"), (2, "South")])
        people = [(1, "Ada", "Byron", 90, "1970-01-01", None, 1), (2, "Max", "Frisch", 50, "1980-01-01", 1, 1),
                  (3, "Ida", "Kar", 95, "1960-01-01", 1, 2), (4, "Bo", "Lim", 40, "1990-01-01", 2, 2)]  # fmt: skip
        db.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", people)
        jobs = [(n, 1 + n % 4, f"job {n}", f"2026-0{1 + n // 2}-0{1 + n}", "2026-01-05", 10 * n, 3, n, 2.5, 30 * n)
                for n in range(6)]  # fmt: skip
        db.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", jobs)
        return db.execute(out.sql).fetchall()


def test_the_middle_of_an_even_number_of_rows_is_the_mean_of_the_two_middle_ones() -> None:
    assert rows("What is the median revenue of jobs?") == [(25.0,)]
    assert rows("Median salary of people by team") == [("North", 70.0), ("South", 67.5)]


def test_a_running_total_adds_up_and_a_change_starts_with_the_second_period() -> None:
    assert rows("Cumulative revenue by month") == [("2026-01", 10, 10), ("2026-02", 50, 60), ("2026-03", 90, 150)]
    assert rows("Change in revenue by month") == [("2026-01", 10, None), ("2026-02", 50, 40), ("2026-03", 90, 40)]


def test_each_group_has_its_own_best() -> None:
    assert rows("Who is the person with the highest salary in each team?") == [
        ("North", "Ada", "Byron", 90),
        ("South", "Ida", "Kar", 95),
    ]


def test_who_points_at_nobody_stays_in_the_list() -> None:
    assert ("Ada", "Byron", None, None) in rows("List people and their managers")
    assert sorted(rows("Which people report to Ada Byron?"), reverse=True) == [("Max", "Frisch"), ("Ida", "Kar")]
    assert rows("Who manages Max Frisch?") == [("Ada", "Byron")]
    assert rows("People who earn more than their manager") == [("Ida", "Kar")]


def test_a_number_is_taken_in_the_unit_that_the_column_counts_in() -> None:
    assert rows("How many jobs have a runtime above 2 hours?") == [(1,)]
    assert rows("How many jobs have a runtime above 120 minutes?") == [(1,)]


def test_a_near_word_is_read_only_where_one_name_alone_comes_near() -> None:
    crew = ask("How many crews are there?")
    assert isinstance(crew, Interpretation)
    assert plain(crew.sql) == "SELECT COUNT(*) AS count FROM teams"
    squads = table("squads", "i:squad_id t:squad_name")
    both = ask("How many crews are there?", replace(WORKSHOP, tables=(*WORKSHOP.tables, squads)))
    assert isinstance(both, Abstained)
    assert both.word == "crews"


def test_the_average_per_row_is_that_of_all_rows() -> None:
    assert rows("Average quantity per job") == [(2.5,)]
