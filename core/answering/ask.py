"""answers.ask(Question) -> a stream of events: the trip of one question, on one screen in `_recipe`."""

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from uuid import UUID

from core.answering import suggestions
from core.answering.choosing import choose
from core.answering.events import (
    Answered,
    AnswerEvent,
    CannotAnswer,
    ChartReady,
    Ending,
    Evidence,
    Failed,
    LeverValue,
    RowsReady,
    Rung,
    SummaryText,
    Understood,
)
from core.answering.evidence import unknown_values, weigh
from core.answering.exports import Receipt, export
from core.answering.follow_up import Resolved, resolve
from core.answering.history import EVERYTHING, Conversation, Filter, History, Kept, OpenConversation, table_of
from core.answering.instant.interpret import Abstained, Outcome
from core.answering.kept import storable
from core.answering.ladder import Found, Ladder, read
from core.answering.levers import levers, move, same_but_for_literals
from core.answering.narrator import Story
from core.answering.needs import Audit, Connections, Knowledge, Models, Opened, Values
from core.answering.question import Question
from core.answering.sql_parts import SqlParts
from core.answering.trip import Trip
from core.answering.why_empty import Emptiness, is_empty, why_empty
from core.answering.wording import Wording
from core.charts import choose as choose_charts
from core.clock import Clock
from core.connections.result import ResultTable
from core.errors import (
    AskwellError,
    InvalidInput,
    NotAllowed,
    NotFound,
    QueryCancelled,
    QueryRefused,
    Stopped,
    StoreUnreachable,
)
from core.grounding.inquiry import Earlier, Inquiry
from core.i18n import Phrase
from core.observability import QUESTIONS
from core.security.permissions import Action, Actor, require
from core.stop import Stop
from core.store.sessions import Store

LONGEST_QUESTION = 4000
_NOT_ALLOWED = frozenset({QueryRefused.key, NotFound.key, NotAllowed.key})


class Answers:
    """Questions in, answers out, and the memory of both."""

    def __init__(
        self,
        store: Store,
        connections: Connections,
        knowledge: Knowledge,
        models: Models,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._connections, self._knowledge, self._audit, self._clock = connections, knowledge, audit, clock
        self._ladder = Ladder(knowledge, models)
        self._history = History(store)

    def ask(self, actor: Actor | None, question: Question, stop: Stop | None = None) -> Iterator[AnswerEvent]:
        """The events of one question, the last of which ends it; every expected trouble is an event too.

        Closing the iterator, or asking `stop` from any thread, stops whatever runs, in the database as well.
        """
        require(actor, Action.ASK, question.connection_id or "")
        assert actor is not None
        question = replace(question, text=storable(question.text).strip())
        return self._events(Trip(actor, question, stop or Stop(), self._clock()))

    def rerun(
        self, actor: Actor | None, answer_id: UUID, moved: Mapping[str, LeverValue], stop: Stop | None = None
    ) -> Iterator[AnswerEvent]:
        """One's own answer again, with levers moved (`Lever.id` -> value); no model. Raises `NotFound`."""
        require(actor, Action.ASK, answer_id)
        assert actor is not None
        turn = self._history.turn(actor, answer_id, frozenset())
        return self.ask(actor, Question(turn.card.question, of=answer_id, moved=moved), stop)

    def history(self, actor: Actor | None, wanted: Filter = EVERYTHING) -> list[Conversation]:
        """The actor's conversations, the one used last first."""
        require(actor, Action.READ_HISTORY)
        assert actor is not None
        return self._history.list(actor, wanted)

    def open(self, actor: Actor | None, conversation_id: UUID) -> OpenConversation:
        """One's own conversation with its cards; rows only where one may still see the connection.

        Raises `NotFound`.
        """
        require(actor, Action.READ_HISTORY, conversation_id)
        assert actor is not None
        return self._history.open(actor, conversation_id, self._readable(actor))

    def change(
        self,
        actor: Actor | None,
        conversation_id: UUID,
        title: str | None = None,
        favourite: bool | None = None,
        deleted: bool | None = None,
    ) -> None:
        """Rename, mark, delete or bring back one's own conversation. Raises `NotFound` and `InvalidInput`."""
        require(actor, Action.CHANGE_HISTORY, conversation_id)
        assert actor is not None
        self._history.change(actor, conversation_id, title, favourite, deleted)

    def rate(
        self, actor: Actor | None, answer_id: UUID, thumb: int | None, reason: str = "", comment: str = ""
    ) -> None:
        """Keep a thumb (1 up, 0 down, None takes it back) on one's own answer. Raises `NotFound`."""
        require(actor, Action.RATE, answer_id)
        assert actor is not None
        self._history.rate(actor, answer_id, thumb, storable(reason), storable(comment))

    def rows(self, actor: Actor | None, answer_id: UUID) -> ResultTable:
        """The rows of one's own answer as they were. Raises `NotFound`, also when the connection is out of sight."""
        require(actor, Action.READ_HISTORY, answer_id)
        assert actor is not None
        return table_of(self._history.turn(actor, answer_id, self._readable(actor)))

    def export(self, actor: Actor | None, answer_id: UUID, kind: str) -> bytes:
        """One's own answer as a file, "csv" or "excel". Raises `NotFound` and `InvalidInput`."""
        require(actor, Action.EXPORT, answer_id)
        assert actor is not None
        turn = self._history.turn(actor, answer_id, self._readable(actor))
        table = table_of(turn)
        understood = turn.card.understood
        receipt = Receipt(turn.card, understood.connection if understood else "", actor.language)
        data = export(receipt, kind)
        self._audit.note(actor, Action.EXPORT, answer_id, kind=kind, rows=len(table.rows))
        return data

    def _events(self, trip: Trip) -> Iterator[AnswerEvent]:
        """The recipe, with every expected trouble turned into its ending, and the end kept."""
        try:
            ending = yield from _noted(trip, self._recipe(trip))
        except AskwellError as error:
            ending = self._failed(trip, error)
        except GeneratorExit:
            trip.stop.ask()
            raise
        self._end(trip, ending)
        yield ending

    def _recipe(self, trip: Trip) -> Generator[AnswerEvent, None, Ending]:
        question = trip.question
        with trip.step("open"):
            connection, given = self._opened(trip)
        if connection is None:
            return CannotAnswer(Phrase("answering.no_connection"))
        with trip.step("understand"):
            resolved = resolve(question.text, trip.now, self._earlier(trip, connection))
        yield (
            Understood(
                question.text if given is not None else resolved.about,
                resolved.inquiry.language,
                resolved.leans and given is None,
                connection.name,
                connection.id,
                trip.conversation_id,
            )
        )
        if given is not None:
            found = yield from self._ladder.given(trip, connection, given[0], given[1])
        else:
            climbed = yield from self._ladder.climb(trip, connection, resolved)
            if not isinstance(climbed, Found):
                return climbed
            found = climbed
        yield (RowsReady(found.table))
        return (yield from self._tell(trip, connection, resolved, found))

    def _tell(
        self, trip: Trip, connection: Opened, resolved: Resolved, found: Found
    ) -> Generator[AnswerEvent, None, Answered]:
        """What the rows mean: chart, sentence, why there are none, evidence, levers and what to ask next."""
        wording = Wording(SqlParts(found.query.sql, connection.dialect, connection.schema), resolved.inquiry.language)
        story = Story(wording, found.table, trip.now)
        with trip.step("chart"):
            charts = choose_charts(found.table, resolved.inquiry.text)
        yield (ChartReady(charts[0], charts[1:], story.labels))
        with trip.step("narrate"):
            sentence = story.tell()
        yield (SummaryText(sentence))
        values = self._knowledge.values(connection)
        empty = Emptiness()
        if is_empty(found.table):
            with trip.step("why_empty"):
                empty = why_empty(wording, connection, values, trip.stop)
        with trip.step("weigh"):
            evidence = found.evidence or self._weigh(found, wording, values)
            handles = levers(wording, values)
        with trip.step("suggest"):
            reads = self._reader(connection, resolved.inquiry, found)
            next_ones = suggestions.follow_ups(story, reads)
        return Answered(
            trip.answer_id,
            sentence,
            found.facts.rung,
            evidence,
            trip.usage,
            trip.seconds,
            self._clock(),
            next_ones if len(next_ones) == suggestions.MOST else self._topped_up(trip, connection, resolved, next_ones),
            empty.findings,
            empty.fixes,
            handles,
            tuple(trip.timings),
        )

    def _weigh(self, found: Found, wording: Wording, values: Values) -> Evidence:
        """The evidence for an answer; a model's values are looked for among those that are known."""
        facts = found.facts
        if facts.rung is Rung.MODEL:
            facts = replace(facts, unknown=unknown_values(wording, values, facts.rows))
        return weigh(facts, wording)

    def _opened(self, trip: Trip) -> tuple[Opened | None, tuple[str, tuple[Rung, Evidence] | None] | None]:
        """The connection to ask, and the SQL that is there already, with what it stood on before."""
        question, actor = trip.question, trip.actor
        if question.of is not None:
            return self._moved(trip, question.of)
        if not question.text:
            raise InvalidInput(problem=Phrase("answering.empty_question"))
        if len(question.text) > LONGEST_QUESTION:
            raise InvalidInput(problem=Phrase("answering.long_question", {"n": LONGEST_QUESTION}))
        if not self._history.owns(actor, trip.conversation_id):
            raise NotFound
        if question.connection_id is None:
            last = self._history.connection_of(actor, trip.conversation_id)
            connection = choose(trip, self._connections, self._knowledge, last)
        else:
            connection = self._connections.open(actor, question.connection_id)
        trip.connection_id = connection.id if connection else None
        if question.sql is None:
            return connection, None
        before = self._history.with_sql(actor, trip.conversation_id, question.sql)
        if before is None or before.answered is None or before.rung is None:
            return connection, (question.sql, None)
        why = "because_same_sql" if before.sql == question.sql else "because_fixed"
        return connection, (question.sql, (before.rung, _because(before.answered.evidence, why)))

    def _moved(self, trip: Trip, answer_id: UUID) -> tuple[Opened, tuple[str, tuple[Rung, Evidence] | None]]:
        """The connection of an answer of one's own, and its SQL with levers moved."""
        turn = self._history.turn(trip.actor, answer_id, self._readable(trip.actor))
        card, answered = turn.card, turn.card.answered
        if turn.connection_id is None or answered is None or card.rung is None:
            raise NotFound
        trip.conversation_id, trip.connection_id = turn.conversation_id, turn.connection_id
        connection = self._connections.open(trip.actor, turn.connection_id)
        sql = move(card.sql, connection.dialect, trip.question.moved)
        if not same_but_for_literals(card.sql, sql, connection.dialect):
            raise QueryRefused(reason=Phrase("answering.no_such_lever"))
        return connection, (sql, (card.rung, _because(answered.evidence, "because_moved")))

    def _earlier(self, trip: Trip, connection: Opened) -> tuple[Earlier, ...]:
        """What was answered before in this conversation on this connection."""
        return self._history.earlier(trip.actor, trip.conversation_id, connection.id)

    def _reader(self, connection: Opened, inquiry: Inquiry, found: Found) -> Callable[[str], Outcome]:
        """Reads a follow-up of this answer as the instant engine will when it is asked."""
        values = self._knowledge.values(connection)
        follows = (*inquiry.follows, Earlier(inquiry.text, found.query.sql))

        def reads(text: str) -> Outcome:
            following = resolve(text, inquiry.now, follows)
            if following.leans and found.reading is None:
                return Abstained(Phrase("answering.leans_on_unread"))
            return read(connection, following, values, found.reading)

        return reads

    def _topped_up(self, trip: Trip, connection: Opened, resolved: Resolved, found: tuple[str, ...]) -> tuple[str, ...]:
        """Follow-ups, and questions that stand on their own where there are too few."""
        return (*found, *self._ladder.closest(trip, connection, resolved))[: suggestions.MOST]

    def _readable(self, actor: Actor) -> frozenset[UUID]:
        """The connections whose data the actor may see now."""
        return frozenset(info.id for info in self._connections.list(actor))

    def _failed(self, trip: Trip, error: AskwellError) -> Failed:
        """How an error ends a question: its own words, and whether asking again can help."""
        stopped = isinstance(error, Stopped | QueryCancelled) or trip.stop.asked
        message = Phrase("errors.stopped") if stopped else Phrase(error.key, error.values)
        retry = stopped or not isinstance(error, InvalidInput | NotFound | QueryRefused)
        return Failed(message, "" if stopped else error.detail, retry, trip.usage)

    def _end(self, trip: Trip, ending: Ending) -> None:
        """Keep the card, count it and leave a trace. An answer is shown even if it cannot be kept."""
        trip.note(ending)
        card = trip.card
        rung = card.rung.value if card.rung else ""
        QUESTIONS.labels(card.outcome, rung).inc()
        if not trip.actor.id.int:
            return
        kept = Kept(trip.answer_id, trip.conversation_id, trip.connection_id, card, trip.seconds)
        digest = hashlib.sha256(card.sql.encode()).hexdigest()[:16] if card.sql else ""
        trail = {"answer": trip.answer_id, "outcome": card.outcome, "rung": rung, "sql": digest}
        tables = ", ".join(card.explanation.tables)
        allowed = not (isinstance(ending, Failed) and ending.message.key in _NOT_ALLOWED)
        try:
            self._history.keep(trip.actor, kept)
            self._audit.note(trip.actor, Action.ASK, trip.connection_id or "", allowed, tables=tables, **trail)
        except (StoreUnreachable, NotFound):
            return


def _because(evidence: Evidence, why: str) -> Evidence:
    """Evidence weighed before, with the reason why it still holds."""
    return replace(evidence, reasons=(Phrase(f"answering.{why}"), *evidence.reasons))


def _noted(trip: Trip, recipe: Generator[AnswerEvent, None, Ending]) -> Generator[AnswerEvent, None, Ending]:
    """The events of the recipe, each written on the card before anybody else sees it."""
    with closing(recipe):
        while True:
            try:
                event = next(recipe)
            except StopIteration as end:
                ending: Ending = end.value
                return ending
            yield trip.note(event)
