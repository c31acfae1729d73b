"""The ladder: the cheapest rung that can prove its answer. Verified question, instant engine, model.

Each rung gives rows, or leaves the question to the next one. What a person wrote stands beside the ladder.
"""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from core.answering.choices import Remembered, nothing_chosen
from core.answering.events import (
    AnswerEvent,
    CannotAnswer,
    Choice,
    Evidence,
    Explanation,
    Grounded,
    ModelChosen,
    NeedsDetail,
    QueryReady,
    QueryTried,
    Recalled,
    Rung,
)
from core.answering.evidence import Facts
from core.answering.explain import explain
from core.answering.follow_up import Resolved
from core.answering.instant.interpret import Abstained, Interpretation, Outcome, Unclear, interpret
from core.answering.instant.reading import Reading
from core.answering.limits import Limits
from core.answering.nearest import Looking, Near
from core.answering.needs import Knowledge, Models, Opened, Privacy, Unlabelled, Vouched
from core.answering.private import Known, Line, Veil
from core.answering.reuse import Filled, Reuse
from core.answering.sql_parts import SqlParts
from core.answering.terms_used import terms_used
from core.answering.trip import Trip
from core.answering.writer import TASK, Ask, Cannot, Draft, Written, write_query
from core.connections.guard import CheckedQuery
from core.connections.result import ResultTable
from core.connections.schema import Schema, business_name
from core.errors import QueryCancelled, QueryFailed, QueryLost, QueryRefused, QueryTimedOut
from core.grounding.folding import fold_question
from core.grounding.ground import Grounding
from core.grounding.inquiry import Inquiry
from core.grounding.values import ValueSource
from core.i18n import Phrase, Words

_NEAREST = 3
_AGREEING = 3  # verified questions of one shape that are looked at
_STARTERS_SECONDS = 300.0
_MOST_STARTERS = 200


@dataclass(frozen=True)
class Found:
    """A query that ran, with its rows. `reading` is the instant engine's, for follow-ups; `evidence` is given where
    it was weighed before."""

    query: CheckedQuery
    table: ResultTable
    facts: Facts
    reading: Reading | None = None
    evidence: Evidence | None = None

    def parts(self, connection: Opened) -> SqlParts:
        """What the parts of the query stand for on its connection."""
        return SqlParts(self.query.sql, connection.dialect, connection.schema)


Climbing = Generator[AnswerEvent, None, Found | NeedsDetail | CannotAnswer]


@dataclass(frozen=True)
class Ladder:
    """Finds the query for an inquiry on one connection."""

    knowledge: Knowledge
    models: Models
    privacy: Privacy = field(default_factory=Unlabelled)
    chosen: Remembered = nothing_chosen
    # Made from a whole schema, which takes a while for a large one; the same for everybody who may see the same.
    _starters: dict[tuple[UUID, str, str, str], tuple[float, tuple[str, ...]]] = field(default_factory=dict)

    def climb(self, trip: Trip, connection: Opened, resolved: Resolved) -> Climbing:
        """The rows that answer the inquiry, or why there are none.

        Raises what the guard, the database and the models raise for the last rung that was tried.
        """
        question = trip.question
        # What was vouched for with a term does not hold without it.
        if question.rung is None and not resolved.leans and not question.without:
            recalled = yield from self._recalled(trip, connection, resolved.inquiry)
            if recalled is not None:
                return recalled
        unread = None
        if question.rung != "model":
            found = yield from self._instant(trip, connection, resolved)
            if not isinstance(found, Abstained):
                return found
            unread = found
        has_model = bool(self.models.list(trip.actor))
        if unread is not None and (question.rung == "instant" or not has_model):
            return self._cannot(trip, connection, resolved, unread, has_model)
        return (yield from self._model(trip, connection, resolved, unread.word if unread else ""))

    def given(
        self, trip: Trip, connection: Opened, sql: str, evidence: tuple[Rung, Evidence] | None
    ) -> Generator[AnswerEvent, None, Found]:
        """The rows of SQL that is there already; `evidence` is what an earlier answer with this SQL stood on."""
        rung = evidence[0] if evidence else Rung.PERSON
        with trip.step("check"):
            try:
                query = connection.check(sql)
            except QueryRefused:
                if not trip.renewed:
                    raise
                # It was written under other rights: its refusal could name what is hidden now.
                raise QueryRefused(reason=Phrase("rights.taken")) from None
            explanation = replace(explain(query, connection.schema, _language(trip)), taken=trip.taken)
            if trip.renewed:
                explanation = replace(explanation, limits=(*explanation.limits, Phrase("rights.renewed")))
        yield QueryReady(query, rung, explanation)
        with trip.step("run"):
            table = connection.run(query, trip.stop)
        facts = Facts(rung, trip.question.text, rows=len(table.rows))
        return Found(query, table, facts, evidence=evidence[1] if evidence else None)

    def _recalled(self, trip: Trip, connection: Opened, inquiry: Inquiry) -> Generator[AnswerEvent, None, Found | None]:
        """The rows of a verified question in these words, or in these but for other values, which are put in; None
        where there is none, or its SQL no longer holds."""
        with trip.step("recall"):
            found = self._vouched(trip, connection, inquiry)
        if found is None:
            return None
        vouched, filled = found
        try:
            query = connection.check(filled.sql)
        except QueryRefused as error:
            # The schema has changed since: the question goes up the ladder.
            yield QueryTried(filled.sql, error.detail or str(error))
            return None
        yield Recalled(vouched.id, filled.put_in)
        yield Grounded(query.tables)
        explanation = _explained(query, connection, inquiry)
        facts = Facts(Rung.VERIFIED, put_in=filled.put_in, vouched=(vouched.author, vouched.at.date()))
        return (yield from self._ran(trip, connection, query, facts, explanation))

    def _vouched(self, trip: Trip, connection: Opened, inquiry: Inquiry) -> tuple[Vouched, Filled] | None:
        """The verified question to answer with. Of those that are not in these very words, all have to agree."""
        reuse = Reuse(inquiry.text, inquiry.now, connection.schema, self.knowledge.values(connection))
        folded = fold_question(inquiry.text)
        found: list[tuple[Vouched, Filled]] = []
        for one in self.knowledge.alike(trip.actor, connection, inquiry.text, reuse.may_fit):
            filled = reuse.of(one)
            if filled is not None and fold_question(one.question) == folded:
                return one, filled
            found += [(one, filled)] if filled is not None else []
            if len(found) == _AGREEING:
                break
        return found[0] if len({filled.sql for _, filled in found}) == 1 else None

    def _instant(
        self, trip: Trip, connection: Opened, resolved: Resolved
    ) -> Generator[AnswerEvent, None, Found | NeedsDetail | Abstained]:
        """What the instant engine makes of it, by itself or as a change of what was asked before."""
        with trip.step("instant"):
            chosen = self.chosen(trip.actor, connection)
            inquiry = replace(resolved.inquiry, chosen=chosen, picks=trip.question.picks)
            asked = replace(resolved, inquiry=inquiry)
            outcome = read(self.knowledge.keyed(connection), asked, self.knowledge.values(connection))
        if isinstance(outcome, Abstained):
            return outcome
        if isinstance(outcome, Unclear):
            return NeedsDetail(outcome.question, outcome.choices)
        try:
            with trip.step("check"):
                query = connection.check(outcome.sql)
        except QueryRefused as error:
            yield QueryTried(outcome.sql, error.detail or str(error))
            return Abstained(Phrase(error.key, error.values))
        yield Grounded(query.tables)
        said = _explained(query, connection, resolved.inquiry)
        taken = outcome.explanation.taken
        explanation = replace(said, words=outcome.explanation.words, taken=taken)
        facts = Facts(Rung.INSTANT, resolved.about, outcome.confidence, leaning=outcome.follows, taken=taken)
        found = yield from self._ran(trip, connection, query, facts, explanation)
        if found is None:
            return Abstained(Phrase("answering.instant_failed"))
        return replace(found, reading=outcome.reading)

    def _ran(
        self, trip: Trip, connection: Opened, query: CheckedQuery, facts: Facts, explanation: Explanation
    ) -> Generator[AnswerEvent, None, Found | None]:
        """The rows of a query that no model wrote; None where the database would not run it."""
        yield QueryReady(query, facts.rung, explanation)
        try:
            with trip.step("run"):
                table = connection.run(query, trip.stop)
        except (QueryTimedOut, QueryCancelled, QueryLost):
            raise
        except QueryFailed as error:
            yield QueryTried(query.sql, error.detail or str(error))
            return None
        return Found(query, table, replace(facts, rows=len(table.rows)))

    def _model(self, trip: Trip, connection: Opened, resolved: Resolved, unread: str) -> Climbing:
        """What a model writes, told what the words may mean here; `unread` is the word that was no word of the data."""
        grounding = self._ground(trip, connection, resolved)
        yield Grounded(tuple(hit.table for hit in grounding.tables))
        written: Written
        with self.models.lease(trip.actor, TASK, trip.question.model_id) as lease:
            line = Line(lease, self._veil(connection))
            try:
                yield ModelChosen(lease.name, TASK)
                with trip.step("write"):
                    written = yield from write_query(resolved.inquiry, grounding, connection, line, trip.stop)
            finally:
                trip.usage, trip.sent = line.usage, line.sent
        match written:
            case Draft():
                explanation = _explained(written.query, connection, resolved.inquiry)
                yield QueryReady(written.query, Rung.MODEL, explanation)
                facts = Facts(
                    Rung.MODEL,
                    resolved.about,
                    mends=len(written.attempts),
                    rows=len(written.table.rows),
                    leaning=resolved.leans,
                )
                return Found(written.query, written.table, facts)
            case Cannot():
                near = (found.question for found in self._near(trip, connection, resolved, unread, has_model=True))
                closest = (*near, *self.closest(trip, connection, resolved))[:_NEAREST]
                return CannotAnswer(Phrase("answering.model_cannot", {"reason": written.reason}), closest, trip.usage)
            case Ask():
                asked = resolved.inquiry.text
                choices = tuple(Choice(option, _clearer(asked, option)) for option in written.options)
                return NeedsDetail(Phrase("answering.model_asks", {"question": written.question}), choices, trip.usage)

    def _veil(self, connection: Opened) -> Veil:
        """What a model may see of this connection."""
        values, rights = self.knowledge.values(connection), connection.scope.rights
        return Veil(Known(self.privacy.rules(connection.id), connection.schema, values, rights))

    def _ground(self, trip: Trip, connection: Opened, resolved: Resolved) -> Grounding:
        """What all the words mean, with those of the question it leans on."""
        with trip.step("ground"):
            return self.knowledge.ground(trip.actor, replace(resolved.inquiry, text=resolved.about), connection)

    def _cannot(
        self, trip: Trip, connection: Opened, resolved: Resolved, unread: Abstained, has_model: bool
    ) -> CannotAnswer:
        """Which word could not be placed, what comes nearest, and what to do."""
        language = resolved.inquiry.language
        key = "answering.cannot_instant" if has_model else "answering.cannot_without_model"
        if near := self._near(trip, connection, resolved, unread.word, has_model):
            closest = Words(language).say("answering.enumerated").join(found.name for found in near)
            nothing = Phrase("answering.no_such_word", {"word": unread.word, "closest": closest})
            ways = (*(found.question for found in near), *self.closest(trip, connection, resolved))
            return CannotAnswer(Phrase(key, {"reason": nothing}), ways[:_NEAREST])
        grounding = self._ground(trip, connection, resolved)
        tables = [
            connection.schema.by_key[hit.table] for hit in grounding.tables if hit.table in connection.schema.by_key
        ]
        names = [business_name(t.name, t.comment, t.descriptions, language) for t in tables[:_NEAREST]]
        said = Phrase(key, {"reason": unread.reason})
        if names:
            comma = "、" if language == "zh" else ", "
            said = Phrase("answering.cannot_nearest", {"said": said, "tables": comma.join(names)})
        return CannotAnswer(said, self.closest(trip, connection, resolved))

    def _near(self, trip: Trip, connection: Opened, resolved: Resolved, word: str, has_model: bool) -> tuple[Near, ...]:
        """What is close to a word that the data does not have, where the question can be answered with that."""
        if not word:
            return ()
        values, keyed = self.knowledge.values(connection), self.knowledge.keyed(connection)

        def answerable(text: str) -> bool:
            outcome = read(keyed, replace(resolved, inquiry=replace(resolved.inquiry, text=text)), values)
            return not isinstance(outcome, Abstained) or (has_model and not outcome.word)

        def meaning(asked: str) -> Sequence[tuple[str, str]]:
            return self.knowledge.nearest(trip.actor, connection, asked)

        with trip.step("ground"):
            masked = Limits.of(connection).columns
            return Looking(connection.schema, masked, values, meaning, answerable).near(word, resolved.inquiry.text)

    def closest(self, trip: Trip, connection: Opened, resolved: Resolved) -> tuple[str, ...]:
        """Questions that this connection does answer, in the question's language, other than this one."""
        asked, language = resolved.inquiry.text.casefold(), resolved.inquiry.language
        key = (connection.id, connection.schema.version, connection.scope.rights.version, language)
        made, found = self._starters.get(key, (0.0, ()))
        if time.monotonic() - made > _STARTERS_SECONDS:
            found = tuple(self.knowledge.starters(trip.actor, connection, language))
            if len(self._starters) >= _MOST_STARTERS:
                self._starters.clear()
            self._starters[key] = (time.monotonic(), found)
        return tuple(text for text in found if text.casefold() != asked)[:_NEAREST]


def read(schema: Schema, resolved: Resolved, values: ValueSource, previous: Reading | None = None) -> Outcome:
    """What the instant engine makes of a question, as a change of the one before where it is one.

    Words that only lean ("by status") say little when read alone: they must change something.
    """
    outcome = interpret(resolved.inquiry, schema, values, previous)
    alone = isinstance(outcome, Interpretation) and not outcome.follows
    if alone and resolved.leans and not resolved.asks:
        return Abstained(Phrase("answering.leans_on_unread"))
    return outcome


def _explained(query: CheckedQuery, connection: Opened, inquiry: Inquiry) -> Explanation:
    """How a query answers the inquiry, with the words of the business in it."""
    said = explain(query, connection.schema, inquiry.language)
    return replace(said, terms=terms_used(inquiry, connection.schema))


def _clearer(question: str, option: str) -> str:
    """The question with the meaning that a person chose."""
    return f"{question.rstrip(' ?？。.')} ({option})"


def _language(trip: Trip) -> str:
    return trip.card.understood.language if trip.card.understood else trip.actor.language
