"""A word of a question meets the words of a schema inflected, shortened, written together and translated."""

import pytest

from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.grounding.lexicon import SchemaLexicon
from core.grounding.linking import Clues, link
from core.grounding.wordforms import Vocabulary, initials, skeleton, stem


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("publishes", "publisher"),
        ("published", "publisher"),
        ("transaction", "transact"),
        ("shipped", "shipping"),
        ("colour", "color"),
        ("organisation", "organization"),
    ],
)
def test_inflections_and_spellings_share_a_stem(first: str, second: str) -> None:
    assert stem(first) == stem(second)


@pytest.mark.parametrize(("first", "second"), [("order", "border"), ("state", "status"), ("user", "usage")])
def test_other_words_do_not(first: str, second: str) -> None:
    assert stem(first) != stem(second)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("qty", "quantity"),
        ("dept", "department"),
        ("cstmr", "customer"),
        ("trans", "transaction"),
        ("amt", "amount"),
        ("mngr", "manager"),
    ],
)
def test_short_forms_are_met_in_both_directions(short: str, long: str) -> None:
    assert long in Vocabulary([long, "other"]).forms(short)
    assert short in Vocabulary([short, "other"]).forms(long)


def test_a_form_is_less_sure_than_the_word_itself_and_what_merely_looks_alike_is_none() -> None:
    forms = Vocabulary(["customer", "cust", "custard", "order"]).forms("customer")
    assert forms["customer"] == 1 > forms["cust"]
    assert "custard" not in forms
    assert "order" not in forms


def test_words_written_together_are_met_by_their_parts() -> None:
    forms = Vocabulary(["yearmonth", "superpower", "year"]).forms("month")
    assert set(forms) == {"yearmonth"}
    assert forms["yearmonth"] < 0.6
    assert (initials(["date", "of", "birth"]), skeleton("customer")) == ("dob", "cstmr")


def lexicon(**tables: tuple[str, ...]) -> SchemaLexicon:
    """Many tables that say nothing, and these with their columns."""
    named = {**{f"zz_{letter}{n}": ("wert",) for letter in "abcd" for n in range(9)}, **tables}
    made = (Table(name, tuple(Column(c, "text", Kind.TEXT) for c in columns)) for name, columns in named.items())
    return SchemaLexicon(Schema(Dialect.SQLITE, tuple(made)))


@pytest.mark.parametrize(
    ("question", "table"),
    [
        ("How many gas stations are there?", "gasstations"),
        ("What is the date of birth of the youngest?", "folk"),
        ("dob of everyone", "vitals"),
        ("Show the cust no of each", "ledger"),
        ("Which firstname is the most common?", "names"),
        ("Total quantity sold", "lines"),
        ("有多少学生？", "student"),
        ("每个部门的平均工资是多少？", "dept"),
    ],
)
def test_a_table_is_found_by_any_of_these(question: str, table: str) -> None:
    known = lexicon(
        gasstations=("x1",),
        folk=("dob",),
        vitals=("date_of_birth",),
        ledger=("customer_number",),
        names=("first_name",),
        lines=("qty",),
        student=("x2",),
        dept=("x3",),
    )
    assert table in {hit.table for hit in link(known, Clues(question)).tables[:2]}


def test_digits_of_a_question_point_at_nothing_small() -> None:
    assert not list(lexicon(plan_2=("part_16",)).pointed_at("What was paid at 16:25 on 2/8?"))
