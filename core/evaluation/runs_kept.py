"""Runs of question sets as the store keeps them: each result is written as it comes, so that a run goes on after a
restart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from core.errors import NotFound
from core.evaluation.questions import Exercise
from core.evaluation.results import Examined, Result
from core.security.permissions import Actor
from core.store.sessions import Store
from core.store.tables import connections
from core.store.tables_evaluation import evaluation_results, evaluation_runs

WAITING, RUNNING, DONE, STOPPED, FAILED = "waiting", "running", "done", "stopped", "failed"
OPEN = (WAITING, RUNNING)
_r = evaluation_runs.c


@dataclass(frozen=True)
class Run:
    """One run: `done` of `total` questions so far; `rung` None is the whole ladder; `error` the key of its trouble."""

    id: UUID
    name: str
    connection_id: UUID
    connection: str
    rung: Literal["instant", "model"] | None
    model_id: UUID | None
    state: str
    error: str
    total: int
    done: int
    at: datetime
    ended_at: datetime | None
    schema_version: str

    @property
    def is_open(self) -> bool:
        """Whether there is more to come."""
        return self.state in OPEN


@dataclass(frozen=True)
class Question:
    """One question of a run and what became of it; `gold` are the queries that count as right."""

    text: str
    gold: tuple[str, ...]
    examined: Examined

    @property
    def id(self) -> str:
        return self.examined.result.id

    @property
    def failed(self) -> bool:
        return not self.examined.result.correct


@dataclass(frozen=True)
class Begun:
    """What a job needs to go on with a run: who for, the set, and how many dialogues of it are done."""

    run: Run
    person_id: UUID
    lines: str
    dialogues_done: int
    questions_done: int


class KeptRuns:
    """The memory of runs. Every statement that reads for a person asks for `person_id` itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, actor: Actor, fields: Mapping[str, Any]) -> UUID:
        """A run that waits to be begun."""
        with self._store.begin() as line:
            row = sa.insert(evaluation_runs).values(person_id=actor.id, state=WAITING, **fields)
            return UUID(str(line.scalar(row.returning(_r.id))))

    def list(self, actor: Actor, limit: int) -> list[Run]:
        """The person's runs, the newest first."""
        query = self._runs().where(_r.person_id == actor.id).order_by(_r.created_at.desc()).limit(limit)
        with self._store.reading() as line:
            return [_run(row) for row in line.execute(query)]

    def find(self, actor: Actor, run_id: UUID) -> Run:
        """One of the person's. Raises `NotFound`."""
        with self._store.reading() as line:
            row = line.execute(self._runs().where(_r.id == run_id, _r.person_id == actor.id)).first()
        if row is None:
            raise NotFound
        return _run(row)

    def questions(self, run_id: UUID) -> tuple[Question, ...]:
        """What is there of a run, in the set's order."""
        of = evaluation_results.c
        query = sa.select(of.body).where(of.run_id == run_id).order_by(of.place)
        with self._store.reading() as line:
            return tuple(_question(body) for body in line.scalars(query))

    def begin(self, run_id: UUID) -> Begun | None:
        """The run, which is running from now on; None where it was stopped, has ended, or is gone."""
        change = sa.update(evaluation_runs).where(_r.id == run_id, _r.state.in_(OPEN)).values(state=RUNNING)
        of = evaluation_results.c
        with self._store.begin() as line:
            if not line.execute(change).rowcount:
                return None
            row = line.execute(self._runs(_r.person_id, _r.lines).where(_r.id == run_id)).one()
            last = line.scalar(sa.select(sa.func.max(of.dialogue)).where(of.run_id == run_id))
        return Begun(_run(row), row.person_id, row.lines, 0 if last is None else last + 1, row.done)

    def keep(self, run_id: UUID, dialogue: int, place: int, asked: Sequence[tuple[Exercise, Examined]]) -> None:
        """Write down what became of a dialogue's questions, the first of which is at `place` in the set."""
        rows = [
            {"run_id": run_id, "place": place + number, "dialogue": dialogue, "body": _body(exercise, examined)}
            for number, (exercise, examined) in enumerate(asked)
        ]
        with self._store.begin() as line:
            line.execute(sa.insert(evaluation_results), rows)

    def is_open(self, run_id: UUID) -> bool:
        """Whether nobody has stopped it."""
        with self._store.reading() as line:
            return line.scalar(sa.select(_r.state).where(_r.id == run_id)) in OPEN

    def end(self, run_id: UUID, state: str, at: datetime, error: str = "") -> bool:
        """It is over, unless it was before; whether that is news."""
        change = sa.update(evaluation_runs).where(_r.id == run_id, _r.state.in_(OPEN))
        with self._store.begin() as line:
            return bool(line.execute(change.values(state=state, ended_at=at, error=error)).rowcount)

    def remove(self, run_id: UUID) -> None:
        """Forget it with its results."""
        with self._store.begin() as line:
            line.execute(sa.delete(evaluation_runs).where(_r.id == run_id))

    def _runs(self, *also: sa.ColumnElement[Any]) -> sa.Select[Any]:
        of = evaluation_results.c
        done = sa.select(sa.func.count()).where(of.run_id == _r.id).scalar_subquery().label("done")
        shown = [column for column in _r if column.name not in ("lines", "person_id")]
        joined = evaluation_runs.join(connections, connections.c.id == _r.connection_id)
        return sa.select(*shown, *also, connections.c.name.label("connection"), done).select_from(joined)


def _run(row: Any) -> Run:
    return Run(
        id=row.id,
        name=row.name,
        connection_id=row.connection_id,
        connection=row.connection,
        rung=row.rung or None,
        model_id=row.model_id,
        state=row.state,
        error=row.error,
        total=row.total,
        done=row.done,
        at=row.created_at,
        ended_at=row.ended_at,
        schema_version=row.schema_version,
    )


def _body(exercise: Exercise, examined: Examined) -> dict[str, Any]:
    body = {"question": exercise.question, "gold": list(exercise.gold), "examined": asdict(examined)}
    plain: dict[str, Any] = json.loads(json.dumps(body).replace("\\u0000", ""))  # PostgreSQL keeps no NUL
    return plain


def _question(body: Mapping[str, Any]) -> Question:
    told = dict(body["examined"])
    result = told.pop("result")
    result["tables"] = tuple(result["tables"])
    return Question(body["question"], tuple(body["gold"]), Examined(result=Result(**result), **told))
