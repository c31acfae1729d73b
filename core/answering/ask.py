"""answers.ask(Question) -> a stream of events: the trip of one question, on one screen in `_recipe`."""

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from core.answering import suggestions
from core.answering.choices import in_force
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
from core.answering.history import EVERYTHING, Conversation, Filter, History, Kept, OpenConversation
from core.answering.instant.interpret import Abstained, Outcome, Unclear
from core.answering.kept import storable
from core.answering.ladder import Found, Ladder, read
from core.answering.levers import levers, move, same_but_for_literals
from core.answering.limits import Limits, infers, seen
from core.answering.narrator import Story
from core.answering.needs import (
    Audit,
    Connections,
    Knowledge,
    Models,
    NoTerms,
    Opened,
    Privacy,
    Terms,
    Unlabelled,
    Values,
)
from core.answering.question import Question
from core.answering.read_only import asks_to_change, instead
from core.answering.sent import Sent, sent_for
from core.answering.trip import Trip
from core.answering.turns import Today, table_of
from core.answering.why_empty import Emptiness, is_empty, why_empty
from core.answering.wording import Wording
from core.charts import choose as choose_charts
from core.clock import Clock
from core.connections.result import ResultTable
from core.errors import AskwellError, InvalidInput, NotAllowed, NotFound, QueryCancelled, QueryRefused, Stopped
from core.grounding.inquiry import Earlier, Inquiry
from core.i18n import Phrase
from core.observability import QUESTIONS
from core.security.permissions import Action, Actor, require
from core.stop import Stop
from core.store.sessions import Store, patiently

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
        privacy: Privacy | None = None,
        terms: Terms | None = None,
    ) -> None:
        self._connections, self._knowledge, self._audit, self._clock = connections, knowledge, audit, clock
        self._terms = terms or NoTerms()
        self._ladder = Ladder(knowledge, models, privacy or Unlabelled(), partial(in_force, store))
        self._store, self._history, self._today = store, History(store), Today(connections)

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
        turn, _ = self._history.ran(actor, answer_id)
        return self.ask(actor, Question(turn.card.question, of=answer_id, moved=moved), stop)

    def history(self, actor: Actor | None, wanted: Filter = EVERYTHING) -> list[Conversation]:
        """The actor's conversations, the one used last first."""
        require(actor, Action.READ_HISTORY)
        assert actor is not None
        readable = self._today.everywhere(actor) if wanted.search.strip() else None
        return self._history.list(actor, wanted, readable)

    def open(self, actor: Actor | None, conversation_id: UUID) -> OpenConversation:
        """One's own conversation with its cards; rows only where one may still see what one saw then.

        Raises `NotFound`.
        """
        require(actor, Action.READ_HISTORY, conversation_id)
        assert actor is not None
        return self._history.open(actor, conversation_id, self._today.of(actor))

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
        """The rows of one's own answer as they were. Raises `NotFound`, also when the connection is out of sight, and
        `InvalidInput` where one may see something else of it now."""
        require(actor, Action.READ_HISTORY, answer_id)
        assert actor is not None
        return table_of(self._history.turn(actor, answer_id, self._today.of(actor)))

    def export(self, actor: Actor | None, answer_id: UUID, kind: str) -> bytes:
        """One's own answer as a file, "csv" or "excel". Raises `NotFound` and `InvalidInput`."""
        require(actor, Action.EXPORT, answer_id)
        assert actor is not None
        turn = self._history.turn(actor, answer_id, self._today.of(actor))
        table = table_of(turn)
        understood = turn.card.understood
        receipt = Receipt(turn.card, understood.connection if understood else "", actor.language)
        data = export(receipt, kind)
        self._audit.note(actor, Action.EXPORT, answer_id, kind=kind, rows=len(table.rows))
        return data

    def sent(self, actor: Actor | None, answer_id: UUID) -> Sent | None:
        """What was sent to models for one's own answer, or for anybody's to who may read the trail; None for nothing,
        and for an answer from a connection of which the actor may see less now."""
        require(actor, Action.READ_HISTORY, answer_id)
        assert actor is not None
        return sent_for(self._store, actor, answer_id, self._today.of(actor))

    def _events(self, trip: Trip) -> Iterator[AnswerEvent]:
        """The recipe, with every expected trouble turned into its ending, and the end kept."""
        try:
            ending = yield from _noted(trip, self._recipe(trip))
        except AskwellError as error:
            ending = self._failed(trip, error)
        except GeneratorExit:
            trip.stop.ask()
            raise
        kept = self._end(trip, ending)
        yield replace(ending, kept=False) if isinstance(ending, Answered) and not kept else ending

    def _recipe(self, trip: Trip) -> Generator[AnswerEvent, None, Ending]:
        question = trip.question
        with trip.step("open"):
            connection, given = self._opened(trip)
        if connection is None:
            return CannotAnswer(Phrase("answering.no_connection"))
        with trip.step("understand"):
            resolved = resolve(question.text, trip.now, self._earlier(trip, connection))
            words = self._terms.in_force(trip.actor, connection)
            resolved = resolved.with_words(words.without(question.without))
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
        if given is None and (refused := self._only_reads(trip, connection, resolved)) is not None:
            return refused
        if given is not None:
            found = yield from self._ladder.given(trip, connection, given[0], given[1])
        else:
            climbed = yield from self._ladder.climb(trip, connection, resolved)
            if not isinstance(climbed, Found):
                return climbed
            found = climbed
        trip.infers = infers(found.query)
        found = replace(found, table=seen(found.query, found.table, found.parts(connection)))
        yield (RowsReady(found.table))
        return (yield from self._tell(trip, connection, resolved, found))

    def _tell(
        self, trip: Trip, connection: Opened, resolved: Resolved, found: Found
    ) -> Generator[AnswerEvent, None, Answered]:
        """What the rows mean: chart, sentence, why there are none, evidence, levers and what to ask next."""
        wording = Wording(found.parts(connection), resolved.inquiry.language)
        story, limits = Story(wording, found.table, trip.now, bool(found.query.limited)), Limits.of(connection)
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
                empty = why_empty(wording, connection, values, trip.stop, limits.tables)
        with trip.step("weigh"):
            evidence = found.evidence or self._weigh(found, wording, values)
            handles = levers(wording, values)
        with trip.step("suggest"):
            reads = self._reader(connection, resolved.inquiry, found)
            next_ones = suggestions.follow_ups(story, reads, limits.columns)
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

    def _only_reads(self, trip: Trip, connection: Opened, resolved: Resolved) -> CannotAnswer | None:
        """What is said to somebody who asks to change data, with what only reads of it; None for a question."""
        wanted = asks_to_change(trip.question.text, connection.schema, resolved.leans)
        if wanted is None:
            return None

        schema, values = self._knowledge.keyed(connection), self._knowledge.values(connection)

        def is_read(text: str) -> bool:
            asked = resolve(text, trip.now, ()).with_words(resolved.inquiry.words)
            return not isinstance(read(schema, asked, values), Abstained | Unclear)

        ways = instead(wanted, resolved.inquiry.language, is_read)
        closest = (*ways, *self._ladder.closest(trip, connection, resolved))[: suggestions.MOST]
        return CannotAnswer(Phrase("answering.only_reads"), closest)

    def _weigh(self, found: Found, wording: Wording, values: Values) -> Evidence:
        """The evidence for an answer; a model's values are looked for among those that are known."""
        facts = replace(found.facts, limited=bool(found.query.limited))
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
        trip.rights = connection.scope.rights.version if connection else ""
        if question.sql is None:
            return connection, None
        before = self._history.with_sql(actor, trip.conversation_id, question.sql)
        if before is None or before.answered is None or before.rung is None:
            return connection, (question.sql, None)
        why = "answering.because_same_sql" if before.sql == question.sql else "answering.because_fixed"
        return connection, (question.sql, (before.rung, _because(before.answered.evidence, why)))

    def _moved(self, trip: Trip, answer_id: UUID) -> tuple[Opened, tuple[str, tuple[Rung, Evidence] | None]]:
        """The connection of an answer of one's own, and its SQL with levers moved."""
        turn, rights = self._history.ran(trip.actor, answer_id)
        while trip.question.original and turn.card.of is not None:
            turn, rights = self._history.ran(trip.actor, turn.card.of)
        card, answered = turn.card, turn.card.answered
        if turn.connection_id is None or answered is None or card.rung is None:
            raise NotFound
        trip.conversation_id, trip.connection_id = turn.conversation_id, turn.connection_id
        connection = self._connections.open(trip.actor, turn.connection_id)
        trip.rights = connection.scope.rights.version
        trip.renewed = trip.rights != rights
        trip.taken = () if trip.renewed else card.explanation.taken
        sql = move(card.sql, connection.dialect, trip.question.moved)
        if not same_but_for_literals(card.sql, sql, connection.dialect):
            raise QueryRefused(reason=Phrase("answering.no_such_lever"))
        why = "answering.because_same_sql" if not trip.question.moved else "answering.because_moved"
        return connection, (sql, (card.rung, _because(answered.evidence, why)))

    def _earlier(self, trip: Trip, connection: Opened) -> tuple[Earlier, ...]:
        """What was answered before in this conversation on this connection."""
        return self._history.earlier(trip.actor, trip.conversation_id, connection.id, connection.scope.rights.version)

    def _reader(self, connection: Opened, inquiry: Inquiry, found: Found) -> Callable[[str], Outcome]:
        """Reads a follow-up of this answer as the instant engine will when it is asked."""
        values, schema = self._knowledge.values(connection), self._knowledge.keyed(connection)
        follows = (*inquiry.follows, Earlier(inquiry.text, found.query.sql))

        def reads(text: str) -> Outcome:
            following = resolve(text, inquiry.now, follows).with_words(inquiry.words)
            if following.leans and found.reading is None:
                return Abstained(Phrase("answering.leans_on_unread"))
            return read(schema, following, values, found.reading)

        return reads

    def _topped_up(self, trip: Trip, connection: Opened, resolved: Resolved, found: tuple[str, ...]) -> tuple[str, ...]:
        """Follow-ups, and questions that stand on their own where there are too few."""
        return (*found, *self._ladder.closest(trip, connection, resolved))[: suggestions.MOST]

    def _failed(self, trip: Trip, error: AskwellError) -> Failed:
        """How an error ends a question: its own words, and whether asking again can help."""
        stopped = isinstance(error, Stopped | QueryCancelled) or trip.stop.asked
        message = Phrase("errors.stopped") if stopped else Phrase(error.key, error.values)
        retry = stopped or not isinstance(error, InvalidInput | NotFound | QueryRefused)
        return Failed(message, "" if stopped else error.detail, retry, trip.usage)

    def _end(self, trip: Trip, ending: Ending) -> bool:
        """Whether the card could be kept, with its trace. It is shown even if not."""
        trip.note(ending)
        card = trip.card
        rung = card.rung.value if card.rung else ""
        QUESTIONS.labels(card.outcome, rung).inc()
        place = (trip.answer_id, trip.conversation_id, trip.connection_id)
        kept = Kept(*place, card, trip.seconds, trip.sent, trip.rights)
        digest = hashlib.sha256(card.sql.encode()).hexdigest() if card.sql else ""
        trail: dict[str, Any] = {"question": card.question, "outcome": card.outcome, "rung": rung, "hash": digest}
        trail |= {"answer": trip.answer_id, "tables": ", ".join(card.explanation.tables)}
        trail |= {"inference": True} if trip.infers else {}
        allowed = not (isinstance(ending, Failed) and ending.message.key in _NOT_ALLOWED)
        said = (trip.actor, Action.ASK, trip.connection_id or "")

        def keep() -> None:
            try:
                if trip.actor.id.int:
                    self._history.keep(
                        trip.actor, kept, lambda line: self._audit.note_within(line, *said, allowed, **trail)
                    )
                else:  # the portal itself keeps no history
                    self._audit.note(*said, allowed, **trail)
            except NotFound:  # the conversation is another's
                self._audit.note(*said, False, **trail)

        return patiently(keep)


def _because(evidence: Evidence, why: str) -> Evidence:
    """Evidence weighed before, with the reason why it still holds."""
    return replace(evidence, reasons=(Phrase(why), *evidence.reasons))


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
