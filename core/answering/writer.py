"""write_query(…): a model writes SQL for a question, and mends it while the guard or the database says no.

One call with everything in it, no tools, so that small models work too. Whatever comes back goes through the guard
and is run: only then is it known to be a query.
"""

import contextlib
import tomllib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from core.answering.briefing import Outline
from core.answering.events import AnswerEvent, ModelChosen, QueryTried, Usage, WritingSql
from core.answering.private import Line
from core.answering.prompting import Prompt, harmless, prompt
from core.answering.replies import Declined, Reply, Unreadable, Wondered, Wrote, read_reply
from core.connections.guard import CheckedQuery
from core.connections.result import ResultTable
from core.connections.schema import Dialect, Schema
from core.errors import (
    ModelBroken,
    ModelTooSmall,
    QueryCancelled,
    QueryFailed,
    QueryLost,
    QueryRefused,
    QueryTimedOut,
)
from core.grounding.ground import Grounding
from core.grounding.inquiry import Inquiry
from core.models.listening import Message
from core.stop import Stop

TASK = "write_query"
MENDS = 2
_UNREADABLE = 2  # replies in all that hold neither query nor answer
_LEAST_SHARE = 0.25  # of the usual room for the schema, for a model that reads little
_LONGEST_ERROR, _LONGEST_LIST, _LONGEST_PAIR = 1_000, 4_000, 2_000
_MOST_VALUES, _LONGEST_VALUE = 30, 200
_LANGUAGES = {"en": "English", "zh": "Chinese (简体中文)"}


class Asked(Protocol):
    """The connection a question is about, as much of it as a writer needs."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def schema(self) -> Schema: ...

    def check(self, sql: str) -> CheckedQuery: ...

    def run(self, query: CheckedQuery, stop: Stop | None = None) -> ResultTable: ...


@dataclass(frozen=True)
class Attempt:
    """A draft that did not make it, and the technical reason."""

    sql: str
    reason: str


@dataclass(frozen=True)
class Draft:
    """A query that the guard passed and the database ran, with its rows."""

    query: CheckedQuery
    table: ResultTable
    usage: Usage
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Cannot:
    """The model says that the data does not hold the answer. `reason` is its own sentence: data, not ours."""

    reason: str
    usage: Usage
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Ask:
    """The model asks back. `options` are two to four meanings in everyday words: data, not ours."""

    question: str
    options: tuple[str, ...]
    usage: Usage
    attempts: tuple[Attempt, ...] = ()


Written = Draft | Cannot | Ask


def write_query(
    inquiry: Inquiry, grounding: Grounding, connection: Asked, line: Line, stop: Stop
) -> Generator[AnswerEvent, None, Written]:
    """A query for the inquiry that ran, or why there is none.

    Yields the model's text as it comes and each draft that failed. Raises `Stopped`, `ModelUnavailable` and its
    kinds, `QueryTimedOut`, `QueryLost` and `QueryCancelled`, and `QueryRefused` or `QueryFailed` of the last draft when
    it could not be mended. What was used and what was sent is in `line` however it ends.
    """
    veil = line.veil
    desk = _Desk(veil.inquiry(inquiry), veil.grounding(grounding), connection, line, stop)
    while True:
        reply = yield from desk.hear()
        match reply:
            case Declined(reason):
                return Cannot(veil.shown(reason), line.usage, desk.attempts)
            case Wondered(question, options):
                return Ask(veil.shown(question), tuple(map(veil.shown, options)), line.usage, desk.attempts)
            case Unreadable(why):
                yield desk.reject(why)
            case Wrote(sql):
                try:
                    query = connection.check(veil.reveal(sql, connection.dialect))
                    table = connection.run(query, stop)
                    line.check_rows(table)
                except (QueryTimedOut, QueryCancelled, QueryLost):
                    raise
                except (QueryRefused, QueryFailed) as error:
                    yield from desk.mend(sql, error)
                else:
                    return Draft(query, table, line.usage, desk.attempts)


class _Desk:
    """One question's exchange with a model: what was said, what was tried, what may still be."""

    def __init__(self, inquiry: Inquiry, grounding: Grounding, connection: Asked, line: Line, stop: Stop) -> None:
        self._words: Prompt = prompt(TASK)
        self._outline = Outline(connection.schema, grounding, inquiry.language)
        self._inquiry, self._grounding, self._connection = inquiry, grounding, connection
        self._line, self._stop, self._fence = line, stop, line.fence
        self._share = 1.0
        self._messages: list[Message] = self._opening()
        self._unreadable = 0
        self.attempts: tuple[Attempt, ...] = ()

    def hear(self) -> Generator[AnswerEvent, None, Reply]:
        """The model's reply to all that was said so far. A model that reads little is told less, once or twice."""
        while True:
            try:
                text = yield from self._listen()
            except ModelTooSmall:
                if len(self._messages) > 2 or self._share <= _LEAST_SHARE or self._line.exhausted:
                    raise
                self._share /= 2
                self._messages = self._opening()
            else:
                self._stop.check()
                self._messages.append(("assistant", text))
                return read_reply(text)

    def reject(self, why: str) -> QueryTried:
        """Ask again after a reply that says nothing. Raises `ModelBroken` the second time."""
        self._unreadable += 1
        reason = self._words.say(why)
        tried = self._tried(self._messages[-1][1], reason)
        if self._unreadable >= _UNREADABLE or self._is_over:
            raise ModelBroken(f"the reply cannot be used: {reason}")
        self._messages.append(("user", self._words.say("unreadable", why=reason)))
        return tried

    def mend(self, sql: str, error: QueryRefused | QueryFailed) -> Generator[AnswerEvent, None, None]:
        """Ask for a better draft, with what the database said and the real columns. Raises `error` at the end."""
        reason = harmless(error.detail or str(error.values.get("reason") or error))[:_LONGEST_ERROR]
        yield self._tried(sql, reason)
        if self._is_over:
            raise error
        tables = self._outline.mentioned(sql)
        elsewhere = self._outline.elsewhere(reason, tables)
        values = {
            "reason": self._fence.around(self._line.veil.error(reason, sql)),
            "tables": self._fence.around("\n".join(self._outline.in_short(table) for table in tables), _LONGEST_LIST),
        }
        if elsewhere:
            values["elsewhere"] = self._fence.around("\n".join(elsewhere))
        self._messages.append(("user", self._words.say("mend_elsewhere" if elsewhere else "mend", **values)))

    @property
    def _is_over(self) -> bool:
        return len(self.attempts) > MENDS or self._line.exhausted

    def _tried(self, sql: str, reason: str) -> QueryTried:
        """A draft that failed, as the person may see it."""
        said = self._line.veil.shown(sql)
        self.attempts = (*self.attempts, Attempt(said, reason))
        return QueryTried(said, reason)

    def _listen(self) -> Generator[AnswerEvent, None, str]:
        """The whole reply; its pieces go on as they come."""
        self._stop.check()
        asked = self._line.name
        with contextlib.closing(self._line.write(tuple(self._messages), self._stop)) as writing:
            while True:
                try:
                    piece = next(writing)
                except StopIteration as end:
                    return str(end.value)
                if self._line.name != asked:
                    asked = self._line.name
                    yield ModelChosen(asked, TASK)
                if piece:
                    yield WritingSql(piece)

    def _opening(self) -> list[Message]:
        """System and question: all that the model is told before it writes."""
        rules = _rules()[self._connection.dialect]
        system = self._words.say(
            "system",
            dialect=rules["name"],
            rules="\n".join(f"- {rule}" for rule in rules["rules"]),
            today=f"{self._inquiry.now:%A, %Y-%m-%d}",
            language=_LANGUAGES[self._inquiry.language],
            boundary=self._fence.boundary,
        )
        return [("system", system), ("user", "\n\n".join(self._told()))]

    def _told(self) -> Sequence[str]:
        """The parts of the question's message; parts with nothing in them are left out."""
        shown = self._outline.shown(self._share)
        named = self._outline.named
        joins = [
            f"{named(join.left, *join.left_columns)} = {named(join.right, *join.right_columns)}"
            for join in self._grounding.joins
        ]
        rivals = [
            " OR ".join(
                " AND ".join(f"{named(j.left, *j.left_columns)} = {named(j.right, *j.right_columns)}" for j in way)
                for way in ambiguous.paths
            )
            for ambiguous in self._grounding.rivals
        ]
        values = [
            f"{named(hit.table, hit.column)} = '{hit.value[:_LONGEST_VALUE]}' ({hit.words})"
            for hit in self._grounding.values[:_MOST_VALUES]
        ]
        examples = [f"{e.question}\n{e.sql}"[:_LONGEST_PAIR] for e in self._grounding.examples[:5]]
        earlier = [f"{e.question}\n{e.sql}"[:_LONGEST_PAIR] for e in self._inquiry.follows[-5:]]
        terms = [
            f"{fact.words}: {fact.meaning}\n{fact.sql}" if fact.meaning else f"{fact.words}\n{fact.sql}"
            for fact in self._grounding.terms
        ]
        data = {
            "tables" if shown.is_whole else "some_tables": shown.text,
            "joins": "\n".join(joins),
            "rivals": "\n".join(rivals),
            "values": "\n".join(values),
            "terms": "\n\n".join(terms),
            "instructions": self._grounding.instructions,
            "examples": "\n\n".join(examples),
            "earlier": "\n\n".join(earlier),
        }
        parts = [
            self._words.say(part, **{part.removeprefix("some_"): self._fence.around(text)})
            for part, text in data.items()
            if text
        ]
        question = harmless(self._inquiry.text).replace(self._fence.boundary, "")
        if not self._line.veil.is_open and any("⟨" in part for part in (*parts, question)):
            parts.append(self._words.say("tokens"))
        return [*parts, self._words.say("question", question=question)]


@cache
def _rules() -> Mapping[str, Mapping[str, Any]]:
    """Name and rules of each dialect."""
    return tomllib.loads(files(__package__).joinpath("dialect_rules.toml").read_text(encoding="utf-8"))
