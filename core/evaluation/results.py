"""What became of the questions of a set: a line for each, and one summary."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from core.evaluation.metric import wilson

ANSWERED, FAILED = "answered", "failed"
REFUSALS = frozenset({"abstained", "cannot", "clarify"})


@dataclass(frozen=True)
class Result:
    """One question's end, as its line of the details has it.

    `outcome` is answered, abstained, clarify, cannot or failed; what the data cannot answer is right when it is not
    answered. `seconds` from the question to the whole answer; `attempts` are the queries tried; `tables` those of
    the predicted query.
    """

    id: str
    outcome: str
    rung: str | None
    predicted_sql: str | None
    correct: bool
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    tables: tuple[str, ...]
    confidence: float | None
    attempts: int


@dataclass(frozen=True)
class Examined:
    """A result with what the line does not hold: of what kind the question was, and the stricter verdict.

    `gold_error` says why none of the gold queries ran, "" where one did or none was needed; `fault` is what broke
    while the question was answered, "" where nothing did.
    """

    result: Result
    dialect: str
    language: str
    unanswerable: bool
    strict: bool
    table_recall: float | None
    gold_error: str = ""
    fault: str = ""


def summary(results: Sequence[Result]) -> dict[str, object]:
    """The figures of a run: EXr with its Wilson 95 % interval, precision, coverage, seconds and tokens.

    Of an empty set, and of a precision with nothing answered, the figure is 0.
    """
    answered = [result for result in results if result.outcome == ANSWERED]
    correct = sum(result.correct for result in results)
    seconds = [result.seconds for result in results]
    low, high = wilson(correct, len(results))
    return {
        "questions": len(results),
        "answered": len(answered),
        "correct": correct,
        "accuracy": _share(correct, len(results)),
        "precision": _share(sum(result.correct for result in answered), len(answered)),
        "coverage": _share(len(answered), len(results)),
        "wilson": [round(low, 4), round(high, 4)],
        "seconds_p50": round(percentile(seconds, 50), 4),
        "seconds_p95": round(percentile(seconds, 95), 4),
        "prompt_tokens_mean": round(sum(result.prompt_tokens for result in results) / max(1, len(results)), 1),
    }


def further(examined: Sequence[Examined]) -> dict[str, float]:
    """What stands beside the summary, where it applies to the set.

    Strict EX, the share of refusals that were due and of those that were not, tokens written, and table recall.
    """
    answerable = [one for one in examined if not one.unanswerable]
    unanswerable = [one for one in examined if one.unanswerable]
    recalls = [one.table_recall for one in examined if one.table_recall is not None]
    written = [one.result.completion_tokens for one in examined]
    figures = {
        "strict_accuracy": (sum(one.strict for one in answerable), len(answerable)),
        "refusal_recall": (sum(_refused(one) for one in unanswerable), len(unanswerable)),
        "false_refusals": (sum(_refused(one) for one in answerable), len(answerable)),
        "table_recall": (sum(recalls), len(recalls)),
        "completion_tokens_mean": (sum(written), len(written)),
    }
    return {name: _share(part, whole) for name, (part, whole) in figures.items() if whole}


def by_kind(examined: Sequence[Examined]) -> Mapping[str, Sequence[Result]]:
    """The results of each dialect and each language, where the set has more than one."""
    kinds: Iterable[Callable[[Examined], str]] = (lambda one: one.dialect, lambda one: one.language)
    found: dict[str, list[Result]] = {}
    for kind in kinds:
        groups: dict[str, list[Result]] = defaultdict(list)
        for one in examined:
            groups[kind(one)].append(one.result)
        if len(groups) > 1:
            found.update(groups)
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed (nearest rank); 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


def _refused(one: Examined) -> bool:
    return one.result.outcome in REFUSALS


def _share(part: float, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
