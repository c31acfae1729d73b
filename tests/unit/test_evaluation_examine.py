"""Asking a set and judging what comes, with scripted answers on a real file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from core.answering.events import Rung
from core.answering.question import Question
from core.errors import StoreUnreachable
from core.evaluation.examine import Examiner
from core.evaluation.questions import Dialogue, Exercise
from core.evaluation.results import Examined, by_kind, further, percentile, summary
from core.evaluation.yardstick import Place, Yardstick
from core.security.permissions import SYSTEM
from tests.doubles_evaluation import ABSTAINED, BROKEN, CLARIFIES, ScriptedAnswers, Step, place

COUNT = "SELECT count(*) FROM customers"


@dataclass
class Examine:
    """Asks exercises of the shop, in one dialogue, of answers that go by a script; `asked` is what was asked last."""

    shop: Place
    asked: list[Question] = field(default_factory=list)

    def __call__(
        self, *exercises: Exercise, script: dict[str, Step], rung: Rung = Rung.INSTANT
    ) -> tuple[Examined, ...]:
        answers = ScriptedAnswers(script, rung)
        self.asked = answers.asked
        examiner = Examiner(answers, SYSTEM, {("shop", "sqlite"): self.shop}, Yardstick().judge)
        return examiner.examine(Dialogue("shop", "sqlite", exercises))


@pytest.fixture
def examine(tmp_path: Path) -> Examine:
    return Examine(place(tmp_path))


def exercise(*gold: str, name: str = "q", question: str = "How many?", **more: object) -> Exercise:
    return Exercise(name, question, "en", gold, **more)  # type: ignore[arg-type]


def test_a_right_answer_is_told_with_all_that_its_line_holds(examine: Examine) -> None:
    (one,) = examine(exercise(COUNT, gold_tables=frozenset({"customers"})), script={"How many?": COUNT})
    result = one.result
    assert (result.id, result.outcome, result.rung, result.correct) == ("q", "answered", "instant", True)
    assert (result.predicted_sql, result.confidence, result.attempts) == (COUNT, 0.91, 1)
    assert (result.prompt_tokens, result.completion_tokens) == (0, 0)
    assert result.tables == ("main.customers", "orders")
    assert result.seconds >= 0
    assert (one.strict, one.table_recall, one.gold_error, one.dialect) == (True, 1.0, "", "sqlite")


def test_a_model_s_tries_and_tokens_are_counted(examine: Examine) -> None:
    (one,) = examine(exercise(COUNT), script={"How many?": COUNT}, rung=Rung.MODEL)
    assert (one.result.rung, one.result.attempts) == ("model", 2)
    assert (one.result.prompt_tokens, one.result.completion_tokens) == (120, 20)


VERDICTS = [
    ("SELECT 4", True, True),
    ("SELECT 4, 'more'", True, False),
    ("SELECT 5", False, False),
    ("SELECT count(*) FROM customers GROUP BY city", False, False),
    ("SELECT no_such_column FROM customers", False, False),
]


@pytest.mark.parametrize(("predicted", "right", "strict"), VERDICTS)
def test_rows_decide_whether_an_answer_is_right(examine: Examine, predicted: str, right: bool, strict: bool) -> None:
    (one,) = examine(exercise(COUNT), script={"How many?": predicted})
    assert (one.result.correct, one.strict) == (right, strict)


def test_any_accepted_gold_counts(examine: Examine) -> None:
    gold = exercise("SELECT no_such FROM customers", "SELECT 9", COUNT)
    (one,) = examine(gold, script={"How many?": COUNT})
    assert one.result.correct
    assert one.gold_error == ""


def test_a_gold_that_does_not_run_is_told(examine: Examine) -> None:
    (one,) = examine(exercise("SELECT no_such FROM customers"), script={"How many?": COUNT})
    assert not one.result.correct
    assert "no_such" in one.gold_error


def test_the_order_of_rows_counts_where_the_gold_orders_them(examine: Examine) -> None:
    by_age = "SELECT name FROM customers WHERE age > 0 ORDER BY age"
    turned = "SELECT name FROM customers WHERE age > 0 ORDER BY age DESC"
    (wrong,) = examine(exercise(by_age), script={"How many?": turned})
    (right,) = examine(exercise("SELECT name FROM customers WHERE age > 0"), script={"How many?": turned})
    assert not wrong.result.correct
    assert right.result.correct


ENDS: list[tuple[Step, str]] = [(ABSTAINED, "abstained"), (CLARIFIES, "clarify"), (BROKEN, "failed")]


@pytest.mark.parametrize(("end", "outcome"), ENDS)
def test_every_other_end_has_its_outcome_and_no_answer(examine: Examine, end: Step, outcome: str) -> None:
    (one,) = examine(exercise(COUNT), script={"How many?": end})
    assert (one.result.outcome, one.result.correct, one.result.rung) == (outcome, False, None)
    assert (one.result.predicted_sql, one.result.confidence, one.result.tables) == (None, None, ())


@pytest.mark.parametrize(("end", "right"), [(ABSTAINED, True), (CLARIFIES, True), (BROKEN, False), (COUNT, False)])
def test_what_the_data_cannot_answer_is_right_when_it_is_refused(examine: Examine, end: Step, right: bool) -> None:
    (one,) = examine(exercise(unanswerable=True), script={"How many?": end})
    assert one.result.correct is right


def test_an_error_fails_its_question_and_not_the_run(examine: Examine) -> None:
    (known,) = examine(exercise(COUNT), script={"How many?": StoreUnreachable("gone")})
    (fault,) = examine(exercise(COUNT), script={"How many?": KeyError("measure")})
    assert (known.result.outcome, known.fault) == ("failed", "")
    assert (fault.result.outcome, fault.fault) == ("failed", "KeyError: 'measure'")


def test_the_turns_of_a_dialogue_share_a_conversation(examine: Examine) -> None:
    turns = [exercise(COUNT, name=f"d#{n}", question=f"Turn {n}?") for n in range(2)]
    examine(*turns, script={"Turn 0?": COUNT, "Turn 1?": COUNT})
    first, second = examine.asked
    assert first.conversation_id == second.conversation_id
    assert second.sql is None


def test_a_turn_that_was_not_answered_is_told_by_its_gold_before_the_next(examine: Examine) -> None:
    turns = [exercise(COUNT, name=f"d#{n}", question=f"Turn {n}?") for n in range(3)]
    results = examine(*turns, script={"Turn 0?": ABSTAINED, "Turn 1?": COUNT, "Turn 2?": ABSTAINED})
    asked = [(question.text, question.sql) for question in examine.asked]
    assert asked == [("Turn 0?", None), ("Turn 0?", COUNT), ("Turn 1?", None), ("Turn 2?", None)]
    assert [one.result.id for one in results] == ["d#0", "d#1", "d#2"]


@pytest.mark.parametrize(("wished", "told"), [("model", True), ("instant", False), (None, False)])
def test_business_rules_go_to_a_model_and_not_to_the_instant_engine(
    tmp_path: Path, wished: Literal["instant", "model"] | None, told: bool
) -> None:
    answers = ScriptedAnswers({"How many?": COUNT})
    examiner = Examiner(answers, SYSTEM, {("shop", "sqlite"): place(tmp_path)}, Yardstick().judge, wished)
    examiner.examine(Dialogue("shop", "sqlite", (exercise(COUNT, evidence="Customers are people."),)))
    assert answers.asked[0].rung == wished
    assert ("Customers are people." in answers.asked[0].text) is told


def test_the_summary_has_the_figures_that_programs_read(examine: Examine) -> None:
    turns = [exercise(COUNT, name=f"q{n}", question=f"{n}?") for n in range(4)]
    script: dict[str, Step] = {"0?": COUNT, "1?": "SELECT 5", "2?": ABSTAINED, "3?": COUNT}
    figures = summary([one.result for one in examine(*turns, script=script)])
    assert list(figures) == [
        "questions", "answered", "correct", "accuracy", "precision", "coverage", "wilson", "seconds_p50", "seconds_p95",
        "prompt_tokens_mean",
    ]  # fmt: skip
    assert (figures["questions"], figures["answered"], figures["correct"]) == (4, 3, 2)
    assert (figures["accuracy"], figures["precision"], figures["coverage"]) == (0.5, 0.6667, 0.75)
    assert figures["wilson"] == [0.15, 0.85]


def test_the_summary_of_nothing_answered_has_no_precision_to_speak_of(examine: Examine) -> None:
    figures = summary([one.result for one in examine(exercise(COUNT), script={"How many?": ABSTAINED})])
    assert (figures["precision"], figures["coverage"], figures["accuracy"]) == (0.0, 0.0, 0.0)


def test_further_figures_tell_refusals_apart(examine: Examine) -> None:
    turns = [
        exercise(COUNT, name="a", question="a?"),
        exercise(COUNT, name="b", question="b?"),
        exercise(name="c", question="c?", unanswerable=True),
        exercise(name="d", question="d?", unanswerable=True),
    ]
    examined = examine(*turns, script={"a?": "SELECT 4, 1", "b?": ABSTAINED, "c?": ABSTAINED, "d?": COUNT})
    figures = further(examined)
    assert (figures["refusal_recall"], figures["false_refusals"], figures["strict_accuracy"]) == (0.5, 0.5, 0.0)


def test_kinds_are_told_apart_only_where_there_are_several(examine: Examine) -> None:
    one = exercise(COUNT, name="a", question="a?")
    other = Exercise("b", "b?", "zh", (COUNT,))
    examined = examine(one, other, script={"a?": COUNT, "b?": ABSTAINED})
    assert {kind: len(results) for kind, results in by_kind(examined).items()} == {"en": 1, "zh": 1}
    assert by_kind(examined[:1]) == {}


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0
    assert percentile([], 95) == 0.0
