"""Evaluation in the portal: a question set is run against a rung as a job, watched, stopped, opened and compared."""

import builtins
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, Protocol
from uuid import UUID, uuid5

from core.answering.history import History
from core.answering.needs import Audit, Connections, Opened
from core.answering.needs import Vouched as VouchedSql
from core.clock import Clock
from core.connections.result import ResultTable
from core.errors import AskwellError, InvalidInput, NotFound, QueryFailed, QueryRefused, Stopped
from core.evaluation.calibration import Bin, bins, calibration_error
from core.evaluation.connection_judge import Asked, ConnectionJudge
from core.evaluation.examine import Asks, Examiner
from core.evaluation.metric import Comparison, compare
from core.evaluation.questions import Dialogue, questions_of
from core.evaluation.results import further, summary
from core.evaluation.runs_kept import DONE, FAILED, STOPPED, Begun, KeptRuns, Question, Run
from core.i18n import Phrase
from core.jobs import Jobs
from core.security.permissions import Action, Actor, may, require
from core.stop import Stop
from core.store.sessions import Store

JOB = "evaluate"
LONGEST_SET = 5_000  # questions
LONGEST_NAME = 120
_SHOWN_ROWS = 200  # of each of two results side by side
_LOOKS = 1.0  # seconds between two looks whether a person has stopped the run


@dataclass(frozen=True)
class Wanted:
    """What to run: a set under a name, as the lines of its file ("" for what people vouched for on the connection),
    of these only the questions about `database` where it is given; how far up the ladder, and by which model."""

    name: str
    lines: str = ""
    database: str = ""
    rung: Literal["instant", "model"] | None = None
    model_id: UUID | None = None


@dataclass(frozen=True)
class Report:
    """A run with its figures: `summary` and `further` as the terminal prints them, calibration, every question."""

    run: Run
    figures: Mapping[str, object]
    more: Mapping[str, float]
    calibration: tuple[Bin, ...]
    calibration_error: float
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class SideBySide:
    """One question's gold query and the prediction, with the rows of both as they are now, or why there are none."""

    question: Question
    gold_sql: str
    gold: ResultTable | str
    predicted: ResultTable | str


@dataclass(frozen=True)
class Flips:
    """Two runs on the questions they share: McNemar's test, and the questions that only one of them got right."""

    first: Run
    second: Run
    shared: int
    comparison: Comparison
    won: tuple[tuple[Question, Question], ...]
    lost: tuple[tuple[Question, Question], ...]


class Vouched(VouchedSql, Protocol):
    """A verified question with its words."""

    @property
    def question(self) -> str: ...


class Standing(Protocol):
    """A verified question, and why it may no longer be used; None while it may."""

    @property
    def question(self) -> Vouched: ...
    @property
    def stale(self) -> Phrase | None: ...


class Knows(Protocol):
    """What people vouched for."""

    def verified(self, actor: Actor, connection_id: UUID) -> Sequence[Standing]: ...


@dataclass(frozen=True)
class Needs:
    """The parts that a run asks: answers past the door that counts questions, databases, people of today."""

    answers: Asks
    connections: Connections
    knowledge: Knows
    person: Callable[[UUID], Actor | None]
    audit: Audit
    jobs: Jobs
    clock: Clock


class Evaluation:
    """Question sets run against a rung of the ladder. A run is its person's own: it sees what they may see."""

    def __init__(self, store: Store, needs: Needs) -> None:
        self._needs, self._kept, self._history = needs, KeptRuns(store), History(store)

    def start(self, actor: Actor, connection_id: UUID, wanted: Wanted) -> UUID:
        """Begin a run as a job. Raises `InvalidInput` that names the line which is wrong, and `NotFound`."""
        require(actor, Action.EVALUATE, connection_id)
        connection = self._needs.connections.open(actor, connection_id)
        lines = wanted.lines or self._verified_lines(actor, connection_id)
        dialogues = _about(questions_of(lines, wanted.name), lines, wanted.database)
        total = sum(len(dialogue.exercises) for dialogue, _ in dialogues)
        if total > LONGEST_SET:
            raise InvalidInput(problem=Phrase("evaluation.long_set", {"n": LONGEST_SET}))
        fields = {
            "connection_id": connection_id,
            "name": wanted.name.strip()[:LONGEST_NAME],
            "rung": wanted.rung or "",
            "model_id": wanted.model_id,
            "lines": "\n".join(line for _, line in dialogues).replace("\x00", ""),
            "total": total,
            "schema_version": connection.schema.version,
        }
        run_id = self._kept.add(actor, fields)
        self._needs.audit.note(actor, Action.EVALUATE, connection_id, run=run_id, set=wanted.name, questions=total)
        self._needs.jobs.defer(JOB, run_id=str(run_id))
        return run_id

    def list(self, actor: Actor, limit: int = 50) -> builtins.list[Run]:
        """The actor's runs, the newest first."""
        require(actor, Action.EVALUATE)
        return self._kept.list(actor, limit)

    def open(self, actor: Actor, evaluation_id: UUID) -> Report:
        """One's own run with what there is of it. Raises `NotFound`, also where its connection is out of sight."""
        require(actor, Action.EVALUATE, evaluation_id)
        return self._report(self._own(actor, evaluation_id))

    def stop(self, actor: Actor, evaluation_id: UUID) -> None:
        """End one's own run; what there is of it stays. Raises `NotFound`."""
        require(actor, Action.EVALUATE, evaluation_id)
        run = self._kept.find(actor, evaluation_id)
        self._kept.end(run.id, STOPPED, self._needs.clock())

    def remove(self, actor: Actor, evaluation_id: UUID) -> None:
        """Forget one's own run. Raises `NotFound`."""
        require(actor, Action.EVALUATE, evaluation_id)
        run = self._kept.find(actor, evaluation_id)
        self._kept.remove(run.id)
        self._needs.audit.note(actor, "evaluation.remove", run.connection_id, run=run.id, set=run.name)

    def side_by_side(self, actor: Actor, evaluation_id: UUID, exercise: str) -> SideBySide:
        """One question of one's own run, both queries run anew through the guard. Raises `NotFound`."""
        require(actor, Action.EVALUATE, evaluation_id)
        run = self._own(actor, evaluation_id)
        question = next((one for one in self._kept.questions(run.id) if one.id == exercise), None)
        if question is None:
            raise NotFound
        connection = self._needs.connections.open(actor, run.connection_id)
        gold = question.gold[0] if question.gold else ""
        predicted = question.examined.result.predicted_sql or ""
        return SideBySide(question, gold, _shown(connection, gold), _shown(connection, predicted))

    def compare(self, actor: Actor, evaluation_id: UUID, other_id: UUID) -> Flips:
        """What changed from the first of one's own runs to the other. Raises `NotFound`."""
        require(actor, Action.EVALUATE, evaluation_id)
        first, second = self._own(actor, evaluation_id), self._own(actor, other_id)
        before, after = ({one.id: one for one in self._kept.questions(run.id)} for run in (first, second))
        shared = [name for name in before if name in after and before[name].text == after[name].text]
        right = [{name: not found[name].failed for name in shared} for found in (before, after)]
        flipped = [(before[name], after[name]) for name in shared if right[0][name] != right[1][name]]
        won = tuple(pair for pair in flipped if pair[0].failed)
        lost = tuple(pair for pair in flipped if pair[1].failed)
        return Flips(first, second, len(shared), compare(*right), won, lost)

    def work(self, run_id: UUID, stop: Stop) -> None:
        """The body of the job: ask what was not asked yet, a dialogue at a time.

        Raises `Stopped` where the server goes down; the job is then done again and goes on.
        """
        begun = self._kept.begin(run_id)
        if begun is None:
            return
        actor = self._needs.person(begun.person_id)
        if actor is None or not may(actor, Action.EVALUATE):
            self._kept.end(run_id, FAILED, self._needs.clock(), "errors.not_allowed")
            return
        try:
            with self._until_stopped(run_id, stop) as ended:
                self._ask(begun, actor, ended)
        except Stopped:
            stop.check()  # else a person has stopped it, and that is noted
        except AskwellError as error:
            self._kept.end(run_id, FAILED, self._needs.clock(), error.key)
        else:
            self._kept.end(run_id, DONE, self._needs.clock())

    def _ask(self, begun: Begun, actor: Actor, ended: Stop) -> None:
        run = begun.run
        connection = self._needs.connections.open(actor, run.connection_id)
        asked = Asked(run.connection_id, connection.dialect.value)
        judge = ConnectionJudge(connection).judge
        examiner = Examiner(self._needs.answers, actor, {("", ""): asked}, judge, run.rung, run.model_id, ended)
        place = begun.questions_done
        for number, dialogue in enumerate(questions_of(begun.lines, run.name)):
            if number < begun.dialogues_done:
                continue
            ended.check()
            talk = uuid5(run.id, str(number))
            self._history.drop(actor, talk)  # what a server that died in the midst of it left
            examined = examiner.examine(replace(dialogue, database="", dialect=""), talk)
            self._history.drop(actor, talk)
            ended.check()
            self._kept.keep(run.id, number, place, tuple(zip(dialogue.exercises, examined, strict=True)))
            place += len(examined)

    @contextmanager
    def _until_stopped(self, run_id: UUID, stop: Stop) -> Iterator[Stop]:
        """A stop that is asked when the server goes down, and when a person stops the run from any server."""
        ended, over = Stop(), threading.Event()

        def look() -> None:
            while not over.wait(_LOOKS):
                try:
                    if stop.asked or not self._kept.is_open(run_id):
                        ended.ask()
                        return
                except AskwellError:
                    continue  # the store is away for a moment

        watching = threading.Thread(target=look, name="evaluation watch", daemon=True)
        watching.start()
        try:
            with stop.reaching(ended.ask):
                yield ended
        finally:
            over.set()
            watching.join()

    def _own(self, actor: Actor, run_id: UUID) -> Run:
        """One's own run, whose connection one may still ask."""
        run = self._kept.find(actor, run_id)
        self._needs.connections.open(actor, run.connection_id)
        return run

    def _report(self, run: Run) -> Report:
        questions = self._kept.questions(run.id)
        examined = [question.examined for question in questions]
        results = [one.result for one in examined]
        found = bins(results)
        return Report(run, summary(results), further(examined), found, calibration_error(found), questions)

    def _verified_lines(self, actor: Actor, connection_id: UUID) -> str:
        standings = self._needs.knowledge.verified(actor, connection_id)
        vouched = [standing.question for standing in standings if standing.stale is None]
        if not vouched:
            raise InvalidInput(problem=Phrase("evaluation.no_verified"))
        entries = ({"id": str(one.id), "db": "-", "question": one.question, "gold_sql": one.sql} for one in vouched)
        return "\n".join(json.dumps(entry) for entry in entries)


def databases_of(lines: str, name: str) -> tuple[str, ...]:
    """The databases that the questions of a set are about, the first named first. Raises `InvalidInput`."""
    return tuple(dict.fromkeys(dialogue.database for dialogue in questions_of(lines, name)))


def _about(dialogues: tuple[Dialogue, ...], lines: str, database: str) -> builtins.list[tuple[Dialogue, str]]:
    """The dialogues about one database, each with its line."""
    told = [line for line in lines.splitlines() if line.strip()]
    pairs = zip(dialogues, told, strict=True)
    return [(dialogue, line) for dialogue, line in pairs if not database or dialogue.database == database]


def _shown(connection: Opened, sql: str) -> ResultTable | str:
    if not sql:
        return ""
    try:
        return connection.run(connection.check(sql), row_cap=_SHOWN_ROWS)
    except (QueryRefused, QueryFailed) as error:
        return error.detail or str(error)
