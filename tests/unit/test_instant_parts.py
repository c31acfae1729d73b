"""The parts of the instant engine, each alone: words, times, join paths, the chart, what a bare schema yields."""

import tomllib
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from core.answering.instant.chart import Chart, Edge, Grammar, rules_of
from core.answering.instant.interpret import Abstained, Interpretation, Outcome, Unclear, interpret
from core.answering.instant.lexicon import lexicon
from core.answering.instant.moving import with_condition
from core.answering.instant.paths import Paths
from core.answering.instant.reading import ColumnRef, Compare, Field, Link, Op, Related
from core.answering.instant.schema_words import words_of
from core.answering.instant.times import chinese_times, english_times
from core.answering.instant.words import root, singular, tokens_of
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.grounding.inquiry import Inquiry, language_of
from tests.doubles_values import ListedValues

NOW = datetime(2026, 11, 21, 12)
TIMES = Path(__file__).parent.parent / "cases" / "instant" / "times.toml"


@pytest.mark.parametrize("case", tomllib.loads(TIMES.read_text(encoding="utf-8"))["case"], ids=lambda c: c["text"])
def test_a_time_phrase_is_this_window(case: dict[str, Any]) -> None:
    text: str = case["text"]
    if language_of(text) == "zh":
        found = list(chinese_times(text, NOW))
        length = len(text)
    else:
        words = [t.lower for t in tokens_of(text) if t.lower != "in"]
        found = list(english_times(words, NOW))
        length = len(words)
    start, end, when = max(found, key=lambda f: f[1] - f[0])
    assert (start, end) == (0, length)
    assert (when.start and when.start.date(), when.end and when.end.date()) == (case["start"], case["end"])


@pytest.mark.parametrize(
    ("many", "one"),
    [("countries", "country"), ("boxes", "box"), ("people", "person"), ("status", "status"), ("buses", "bus"),
     ("cities", "city"), ("sales", "sale"), ("class", "class"), ("ids", "id")],
)  # fmt: skip
def test_a_plural_has_its_singular(many: str, one: str) -> None:
    assert singular(many) == one


def test_forms_of_a_verb_share_their_root() -> None:
    assert len({root(w) for w in ("hire", "hires", "hired", "hiring")}) == 1


def test_quotations_and_possessives_are_told_apart() -> None:
    tokens = [(t.text, t.kind) for t in tokens_of("the teacher's name is 'Little Lever' and it isn’t “old”")]
    assert ("Little Lever", "quoted") in tokens
    assert ("old", "quoted") in tokens
    assert ("'s", "owner") in tokens


def test_the_chart_finds_the_cheapest_way_first() -> None:
    rules = [
        *rules_of("Sum", "Number", "same"),
        *rules_of("Sum", "Sum plus Sum", "add"),
        *rules_of("Sum", "Sum times Sum", "multiply", 0.1),
    ]
    actions: dict[str, Any] = {
        "same": lambda n: [(n, 0.0)],
        "add": lambda a, b: [(a + b, 0.0)],
        "multiply": lambda a, b: [(a * b, 0.0)],
    }
    leaves = [
        Edge("Number", 0, 1, 2, 0.0), Edge("plus", 1, 2, None, 0.0), Edge("Number", 2, 3, 3, 0.0),
        Edge("times", 3, 4, None, 0.0), Edge("Number", 4, 5, 4, 0.0),
    ]  # fmt: skip
    chart = Chart(Grammar(rules), actions, 5)
    chart.parse(leaves)
    assert {edge.meaning for edge in chart.whole("Sum", 0)} == {14, 20}
    assert [leaf.start for leaf in chart.whole("Sum", 0)[0].leaves()] == [0, 1, 2, 3, 4]


def test_optional_and_alternative_parts_are_written_out() -> None:
    bodies = {rule.parts for rule in rules_of("M", "who? in|on @W", "in_time")}
    assert bodies == {("in", "W"), ("on", "W"), ("who", "in", "W"), ("who", "on", "W")}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_rule_of_a_grammar_names_an_action_that_takes_its_parts(language: str) -> None:
    from inspect import Parameter, signature

    from core.answering.instant import grammar_en, grammar_en_follow, grammar_zh, grammar_zh_follow
    from core.answering.instant.asks import Asks
    from core.answering.instant.change import Changes
    from core.answering.instant.figuring import Figuring
    from core.answering.instant.phrases import Phrases
    from core.answering.instant.turned import Turned

    chinese = (*grammar_zh._LINES, *grammar_zh_follow.LINES)
    lines = chinese if language == "zh" else (*grammar_en._LINES, *grammar_en_follow.LINES)
    for line in lines:
        owner = next((o for o in (Phrases, Asks, Turned, Changes, Figuring) if hasattr(o, line[2])), None)
        assert owner is not None, line
        parameters = list(signature(getattr(owner, line[2])).parameters.values())[1:]
        least = sum(p.kind is not Parameter.VAR_POSITIONAL and p.default is Parameter.empty for p in parameters)
        most = 99 if any(p.kind is Parameter.VAR_POSITIONAL for p in parameters) else len(parameters)
        for rule in rules_of(*line):
            assert least <= len(rule.keeps) <= most, (line, rule.parts)


def test_every_small_part_of_a_grammar_is_in_the_lexicon_or_made_by_a_rule() -> None:
    from core.answering.instant import grammar_en, grammar_en_follow, grammar_zh, grammar_zh_follow

    made = {"C", "adj", "common", "verb", "grain", "grain_adverb", "each_grain", "ask_attribute", "attr_verb"}
    english = (*grammar_en._LINES, *grammar_en_follow.LINES)
    chinese = (*grammar_zh._LINES, *grammar_zh_follow.LINES)
    for language, lines in (("en", english), ("zh", chinese)):
        known = (
            {w.category for found in _words(lexicon(language).tree) for w in found} | {line[0] for line in lines} | made
        )
        parts = {p for line in lines for r in rules_of(*line) for p in r.parts}
        assert {p for p in parts if p[0].islower()} <= known


def _words(tree: Any) -> Any:
    for key, node in tree.items():
        if key == "":
            yield node
        else:
            yield from _words(node)


def table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = (), primary: str = "id") -> Table:
    kinds = {"i": Kind.INTEGER, "t": Kind.TEXT, "n": Kind.NUMBER, "d": Kind.DATE}
    made = tuple(Column(c[2:], "", kinds[c[0]]) for c in columns)
    return Table(name, made, primary_key=(primary,), foreign_keys=keys)


SCHOOL = Schema(
    Dialect.SQLITE,
    (
        table("pupil", "i:id", "t:name", "i:age", "n:height", "i:house_id",
              keys=(ForeignKey(("house_id",), "house", ("id",)),)),
        table("house", "i:id", "t:name", "t:colour"),
        table("match", "i:id", "i:home_id", "i:guest_id", "d:played_on",
              keys=(ForeignKey(("home_id",), "house", ("id",)), ForeignKey(("guest_id",), "house", ("id",)))),
    ),
)  # fmt: skip
NAMES = ListedValues({("house", "colour"): ["Red", "Blue"], ("house", "name"): ["Falcon"]})


def ask(question: str) -> Outcome:
    return interpret(Inquiry(question, language_of(question), NOW), SCHOOL, NAMES)


def test_two_equally_short_join_paths_are_both_told() -> None:
    assert len(Paths(SCHOOL).between("match", "house")) == 2
    assert [link.left for link in Paths(SCHOOL).between("pupil", "house")[0]] == ["pupil"]


def test_two_ways_to_join_are_no_answer() -> None:
    assert isinstance(ask("How many matches are there for each house?"), Abstained | Unclear)


def test_negation_asks_for_rows_without_any_such_row() -> None:
    out = ask("Which houses have no pupils?")
    assert isinstance(out, Interpretation)
    assert "NOT EXISTS" in out.sql


def test_comparing_with_the_average_looks_at_the_whole_table() -> None:
    out = ask("names of pupils older than average")
    assert isinstance(out, Interpretation)
    assert 'SELECT AVG("pupil_2"."age")' in " ".join(out.sql.replace("\n", " ").split())


def test_a_value_is_found_in_the_column_that_holds_it() -> None:
    out = ask("How many pupils are in the red house?")
    assert isinstance(out, Interpretation)
    assert '"house"."colour" = \'Red\'' in out.sql


def test_a_text_that_no_cell_holds_may_be_compared_with_a_named_column_only() -> None:
    named = ask("pupils whose name is 'Zoë'")
    assert isinstance(named, Interpretation)
    assert "'Zoë'" in named.sql
    assert isinstance(ask("pupils from Atlantis"), Abstained)


def test_a_quote_in_a_text_stays_text() -> None:
    out = ask("pupils whose name is \"O'Neil'; DROP TABLE pupil\"")
    assert isinstance(out, Interpretation)
    assert "'O''Neil''; DROP TABLE pupil'" in out.sql


def test_numbers_with_an_adjective_mean_the_column_it_speaks_of() -> None:
    out = ask("How many pupils are taller than 1.5?")
    assert isinstance(out, Interpretation)
    assert '"pupil"."height" > 1.5' in out.sql


def test_an_empty_schema_answers_nothing() -> None:
    out = interpret(Inquiry("How many pupils?", "en", NOW), Schema(Dialect.SQLITE, ()), NAMES)
    assert isinstance(out, Abstained)


def test_dates_are_tested_as_half_open_windows() -> None:
    out = ask("How many matches were played in March 2026?")
    assert isinstance(out, Interpretation)
    assert "\"played_on\" >= '2026-03-01'" in out.sql
    assert "\"played_on\" < '2026-04-01'" in out.sql
    assert date(2026, 3, 1) < date(2026, 4, 1)


def test_the_words_of_a_schema_that_is_gone_are_never_taken_for_anothers() -> None:
    number_column, text_column = Column("id", "int", Kind.INTEGER), Column("name", "text", Kind.TEXT)
    lines = Table("orders", (Column("customer_id", "int", Kind.INTEGER),))
    keyless = (lines, Table("customers", (number_column, text_column)))
    for number in range(40):  # a new schema may stand where one that was let go stood
        dialect = list(Dialect)[number % 4]
        assert words_of(Schema(dialect, keyless)).schema.dialect is dialect


def test_what_is_said_twice_of_related_rows_is_said_of_the_same_ones() -> None:
    posts = Link("people", ("id",), "posts", ("person_id",), many=True)
    clubs = Link("posts", ("club_id",), "clubs", ("id",), many=False)
    in_york = Compare(Field(ColumnRef("clubs", "city"), Kind.TEXT), Op.EQ, "York")
    head = Compare(Field(ColumnRef("posts", "position"), Kind.TEXT), Op.EQ, "head")
    clerk = replace(head, value="clerk")
    there = Related((posts, clubs), (in_york,))
    moved = replace(in_york, field=replace(in_york.field, path=(clubs,)))
    assert with_condition((there,), Related((posts,), (head,))) == (Related((posts,), (head, moved)),)
    both = (Related((posts,), (head,)), Related((posts,), (clerk,)))
    assert with_condition(both[:1], both[1]) == both
    never = (there, Related((posts,), (head,), negated=True))
    assert with_condition(never[:1], never[1]) == never
