"""Doubles for measuring: a small shop in a file, and answers that say what a script says."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from core.answering.events import (
    Answered,
    AnswerEvent,
    CannotAnswer,
    Evidence,
    Explanation,
    Failed,
    ModelChosen,
    NeedsDetail,
    QueryReady,
    QueryTried,
    Rung,
    Sureness,
    Usage,
)
from core.answering.question import Question
from core.connections.guard import Scope, check
from core.connections.schema import Dialect
from core.connections.session import Target
from core.evaluation.scratch import Loaded
from core.evaluation.yardstick import Place
from core.i18n import Phrase
from core.security.permissions import Actor
from core.stop import Stop

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER, joined TEXT);
INSERT INTO customers VALUES (1, 'Ann', 'Paris', 30, '2024-01-02'), (2, 'Bo', 'Rome', 41, '2024-02-03'),
    (3, 'Cy', 'Paris', 25, '2025-03-04'), (4, 'Di', NULL, NULL, '2025-04-05');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), amount REAL);
INSERT INTO orders VALUES (1, 1, 10.5), (2, 1, 20), (3, 2, 7.25);
"""


def shop_file(folder: Path, name: str = "shop") -> Path:
    """A SQLite file with two tables."""
    file = folder / f"{name}.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SHOP)
    return file


def place(folder: Path) -> Place:
    return Place(uuid4(), Loaded("sqlite", Target(file=str(shop_file(folder)))))


Step = str | Exception | AnswerEvent


@dataclass
class ScriptedAnswers:
    """Answers each question as `script` has it: SQL is answered, an event ends the trip, an exception is raised.

    What a person writes as SQL is answered with it. All questions are kept in `asked`.
    """

    script: Mapping[str, Step]
    rung: Rung = Rung.INSTANT
    asked: list[Question] = field(default_factory=list)

    def ask(self, actor: Actor | None, question: Question, stop: Stop | None = None) -> Iterator[AnswerEvent]:
        self.asked.append(question)
        step = question.sql or self.script[question.text.split("\n")[0]]
        if isinstance(step, Exception):
            raise step
        if not isinstance(step, str):
            yield step
            return
        if self.rung is Rung.MODEL:
            yield ModelChosen("scripted", "write_query")
            yield QueryTried("SELECT", "not whole")
        yield QueryReady(
            check(step, Scope(Dialect.SQLITE, None)), self.rung, Explanation(tables=("main.customers", "orders"))
        )
        usage = Usage("scripted", 120, 20) if self.rung is Rung.MODEL else Usage()
        evidence = Evidence(Sureness.SURE, 0.91, ())
        yield Answered(uuid4(), "done", self.rung, evidence, usage, 0.1, datetime(2026, 11, 21, tzinfo=UTC))


ABSTAINED = CannotAnswer(Phrase("common.none"))
CLARIFIES = NeedsDetail(Phrase("common.none"), ())
BROKEN = Failed(Phrase("common.none"))
NOBODY = UUID(int=0)
