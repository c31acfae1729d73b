"""The instant engine over rows that tie others together, and over words that the schema itself uses."""

import sqlite3

import pytest

from core.answering.instant.interpret import Abstained, Interpretation, Outcome, interpret
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.inquiry import Inquiry
from tests.doubles_values import ListedValues
from tests.unit.test_instant_rental import NOW, cases, plain

_KINDS = {"i": Kind.INTEGER, "t": Kind.TEXT, "n": Kind.NUMBER, "d": Kind.DATE}


def table(name: str, columns: str, key: str = "", **points: str) -> Table:
    made = tuple(Column(c[2:], "", _KINDS[c[0]]) for c in columns.split())
    foreign = tuple(ForeignKey((column,), *_end(target)) for column, target in points.items())
    return Table(name, made, primary_key=(key,) if key else (), foreign_keys=foreign)


def _end(target: str) -> tuple[str, tuple[str, ...]]:
    name, column = target.split(".")
    return name, (column,)


CHOIRS = Schema(
    Dialect.SQLITE,
    (
        table("Choir", "i:ChoirID t:ChoirName t:Hall", "ChoirID"),
        table("Singer", "i:SingerID t:Name i:Age t:Town n:Fee", "SingerID"),
        table("Singer_of_choir", "i:SingerID i:ChoirID t:Voice", SingerID="Singer.SingerID", ChoirID="Choir.ChoirID"),
        table("Song_type", "t:Song t:SongType", "Song"),
        table("Has_song", "i:SingerID t:Song", SingerID="Singer.SingerID", Song="Song_type.Song"),
        table("Conductor", "i:ConductorID t:Name t:Rank t:isMaster", "ConductorID"),
        table("Visits", "i:ChoirID i:ConductorID d:Visit_Date", ChoirID="Choir.ChoirID",
              ConductorID="Conductor.ConductorID"),
    ),
)  # fmt: skip
VALUES = ListedValues(
    {
        ("Singer_of_choir", "Voice"): ["Alto", "Soprano", "Singer"],
        ("Choir", "Hall"): ["North", "South"],
        ("Song_type", "SongType"): ["hymn", "shanty"],
        ("Singer", "Town"): ["Bergen", "Oslo"],
    }
)


def ask(question: str) -> Outcome:
    return interpret(Inquiry(question, "en", NOW), CHOIRS, VALUES)


@pytest.mark.parametrize("case", cases("bridges_en"), ids=lambda c: c["question"])
def test_a_question_over_bridges_becomes_this_sql(case: dict[str, str]) -> None:
    out = ask(case["question"])
    assert isinstance(out, Interpretation)
    assert plain(out.sql) == case["sql"]
    empty = sqlite3.connect(":memory:")
    for made in CHOIRS.tables:
        empty.execute(f"CREATE TABLE {made.name} ({', '.join(c.name for c in made.columns)})")
    empty.execute(out.sql)


@pytest.mark.parametrize(
    "question",
    [
        "How many choirs are visited in each hall?",  # a table of visits, and none of it looked at
        "Which conductors are not masters?",  # a text column that says so in words nobody knows
        "What are all the different shanty songs of the choir?",
    ],
)
def test_words_left_unsaid_are_not_passed_over(question: str) -> None:
    assert isinstance(ask(question), Abstained)
