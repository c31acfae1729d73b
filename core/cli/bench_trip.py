"""`bench overhead` and `bench instant`: how long the trip of a question takes, step by step, on a portal of its own."""

import time
from collections.abc import Sequence
from itertools import cycle, islice

from sqlglot import exp

from core import demo
from core.answering.card import Card
from core.answering.events import RowsReady
from core.answering.question import Question
from core.cli.scratch_portal import own_person, scratch_portal
from core.cli.wide_schema import TABLES, wide_connection
from core.connections.opened import Connection
from core.connections.schema import Kind, Schema
from core.evaluation.quick_model import NAME, quick_model
from core.evaluation.scratch import Scratch
from core.evaluation.timing import spread, spread_of_steps
from core.i18n import LANGUAGES
from core.portal import Portal
from core.security.permissions import SYSTEM

TRIPS = 60
_WARMING = 4


def overhead(tables: int = TABLES, trips: int = TRIPS) -> dict[str, object]:
    """Seconds of each step with a model that answers at once: on the demo shop, and on a schema of so many tables.

    `total` is the whole trip, from the question to the end of the answer; it holds the database's own time and that
    of the HTTP exchange with the model, in `write`.
    """
    said = [""]
    with (
        Scratch() as scratch,
        quick_model(lambda _: said[0]) as url,
        scratch_portal(scratch.folder, url, NAME) as opened,
    ):
        opened.warm()
        found: dict[str, object] = {}
        for name, connection in (
            ("demo_shop", _demo_shop(opened)),
            (f"tables_{tables}", wide_connection(opened, scratch, tables)),
        ):
            said[0] = f"```sql\n{_small_query(connection.schema)}\n```"
            found[name] = _measured(opened, connection, trips)
        return found


def instant(trips: int = TRIPS) -> dict[str, object]:
    """Seconds from question to rows, and to the whole answer, without a model, on the demo shop's own starters."""
    with Scratch() as scratch, scratch_portal(scratch.folder) as opened:
        opened.warm()
        shop = _demo_shop(opened)
        asked = _questions(opened, shop)
        to_rows, whole, answered = [], [], 0
        for number, text in enumerate(islice(cycle(asked), _WARMING + max(trips, len(asked)))):
            rows, end, card = _timed(opened, Question(text, shop.id, rung="instant"))
            if number >= _WARMING:
                answered += card.answered is not None
                whole.append(end)
                to_rows += [rows] if rows is not None else []
        return {
            "questions": len(asked),
            "asked": len(whole),
            "answered": answered,
            "question_to_rows": spread(to_rows),
            "question_to_answer": spread(whole),
        }


def _measured(opened: Portal, connection: Connection, trips: int) -> dict[str, object]:
    """The spread of the steps and of whole trips, over questions that the model always answers."""
    asked = _questions(opened, connection)
    timings, totals, failed = [], [], 0
    for number, text in enumerate(islice(cycle(asked), _WARMING + trips)):
        # No two questions are the same, or their vectors would be remembered.
        _, seconds, card = _timed(opened, Question(f"{text} ({number})", connection.id, rung="model"))
        if number < _WARMING:
            continue
        totals.append(seconds)
        if card.answered is None:
            failed += 1
        else:
            timings.append(card.answered.timings)
    return {"total": spread(totals), "steps": spread_of_steps(timings), "failed": failed}


def _timed(opened: Portal, question: Question) -> tuple[float | None, float, Card]:
    """Seconds to the rows (None: there were none) and to the end, and the card."""
    actor, card, rows = own_person(opened), Card(question.text), None
    started = time.perf_counter()
    for event in opened.answers.ask(actor, question):
        if isinstance(event, RowsReady):
            rows = time.perf_counter() - started
        card = card.after(event)
    return rows, time.perf_counter() - started, card


def _questions(opened: Portal, connection: Connection) -> Sequence[str]:
    """The connection's own starter questions, in both languages."""
    found = (opened.knowledge.starters(SYSTEM, connection, language, 12) for language in LANGUAGES)
    return [text for starters in found for text in starters]


def _demo_shop(opened: Portal) -> Connection:
    demo.prepare(opened.store, opened.connections, own_person(opened), opened.clock().date())
    info = next(info for info in opened.connections.list(SYSTEM) if info.name == demo.NAME)
    opened.knowledge.build(info.id)
    return opened.connections.open(SYSTEM, info.id)


def _small_query(schema: Schema) -> str:
    """A query that takes the database no time to speak of: a count by a text column of a small table."""
    for table in sorted(schema.tables, key=lambda table: (table.row_estimate or float("inf"), table.key)):
        text = next((column.name for column in table.columns if column.kind is Kind.TEXT), None)
        if text is not None:
            column = exp.column(text, quoted=True)
            counted = exp.select(column, exp.alias_(exp.Count(this=exp.Star()), "n"))
            source = exp.table_(table.name, db=table.namespace or None, quoted=True)
            return counted.from_(source).group_by(column).order_by("n DESC").limit(10).sql(schema.dialect.value)
    return "SELECT 1 AS n"
