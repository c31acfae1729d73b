"""The words of the business of each connection: kept, checked, seen by whom they may be, in one file and back."""

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core.clock import Clock
from core.errors import InvalidInput, NotFound, QueryRefused
from core.grounding.discretion import discreet
from core.grounding.freshness import why_unfit
from core.grounding.sources import Databases, Opened, Readable
from core.grounding.stored_values import StoredValues
from core.grounding.term_checks import checked, query_of
from core.grounding.term_shelf import Instructions, KeptTerm, TermShelf
from core.grounding.terms import NO_WORDS, BusinessWords, Term
from core.grounding.verified import may_be_offered
from core.grounding.visible import Sight
from core.grounding.vouching import Vouching
from core.grounding.words_file import Vouched, Words, read, written
from core.grounding.words_taking import (
    LONGEST_INSTRUCTIONS,
    MOST_TERMS,
    Changes,
    Doing,
    Taking,
    descriptions_of,
    refuse_double,
)
from core.i18n import Phrase
from core.jobs import Jobs
from core.security.audit import Audit
from core.security.permissions import Action, Actor, require
from core.store.sessions import Store

_FRESH, _KEPT = 600.0, 8_192  # seconds; terms that are known to hold for people with the same rights


@dataclass(frozen=True)
class SeenTerm:
    """A term as an actor may see it, with who changed it when; `problem` says why it is not used, None while it is."""

    term: Term
    author: str
    changed_at: datetime
    problem: Phrase | None = None


@dataclass(frozen=True)
class Glossary:
    """All words of one connection as an actor may see them."""

    terms: tuple[SeenTerm, ...]
    instructions: Instructions


class Terms:
    """Terms, metrics and instructions of all connections. Who may change them sees at once what no longer holds.

    Every method raises `NotAllowed`, `NotFound` and `StoreUnreachable` where that is due.
    """

    def __init__(self, store: Store, databases: Databases, jobs: Jobs, audit: Audit, clock: Clock) -> None:
        self._store, self._databases, self._jobs, self._audit, self._clock = store, databases, jobs, audit, clock
        self._shelf = TermShelf(store)
        self._vouching = Vouching(store, _no_vector)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Term | None]] = OrderedDict()

    def in_force(self, actor: Actor, connection: Opened) -> BusinessWords:
        """What holds for a question on this connection: terms that hold and that its actor may know of."""
        require(actor, Action.ASK, connection.id)
        kept, told = self._shelf.all(connection.id), self._shelf.instructions(connection.id)
        if not kept and not told.text:
            return NO_WORDS
        terms = (self._seen(one, connection) for one in kept)
        return BusinessWords(tuple(term for term in terms if term), self._discreet(told.text, connection))

    def browse(self, actor: Actor, connection_id: UUID) -> Glossary:
        """The words of a connection, by name. Who sees all of it sees also the terms that no longer hold."""
        require(actor, Action.BROWSE, connection_id)
        connection = self._databases.open(actor, connection_id)
        whole = Sight.of(connection).is_whole
        seen = []
        for one in self._shelf.all(connection_id):
            problem = why_unfit(one.term, one.uses, connection) if whole else None
            term = one.term if whole else self._seen(one, connection)
            if term is not None:
                seen.append(SeenTerm(term, one.author, one.changed_at, problem))
        told = self._shelf.instructions(connection_id)
        return Glossary(tuple(seen), replace(told, text=self._discreet(told.text, connection)))

    def keep(self, actor: Actor, connection_id: UUID, term: Term) -> Term:
        """Keep a term, new where it has no id. Raises `InvalidInput` and `QueryRefused` that say what is wrong."""
        require(actor, Action.CHANGE_TERMS, connection_id)
        connection = self._databases.open(actor, connection_id)
        term = _tidy(term)
        uses = checked(term, connection)
        with self._store.begin() as line:
            others = self._shelf.lock(line, connection_id)
            before = next((other for other in others if other.id == term.id), None)
            if term.id is not None and (before is None or not self._may_change(before, connection)):
                raise NotFound
            others = [other for other in others if other.id != term.id]
            _refuse(term, others)
            kept = self._shelf.put(line, connection_id, term, uses, actor.id)
            was, now = _json(before), _json(term)
            self._audit.note_within(
                line, actor, Action.CHANGE_TERMS, connection_id, term=term.word, before=was, after=now
            )
        return kept

    def remove(self, actor: Actor, connection_id: UUID, term_id: UUID) -> Term:
        """Take a term away; it is given back, so that it can be kept again."""
        require(actor, Action.CHANGE_TERMS, connection_id)
        connection = self._databases.open(actor, connection_id)
        with self._store.begin() as line:
            before = next((t for t in self._shelf.lock(line, connection_id) if t.id == term_id), None)
            if before is None or not self._may_change(before, connection):
                raise NotFound
            self._shelf.drop(line, connection_id, [term_id])
            self._audit.note_within(line, actor, "terms.remove", connection_id, term=before.word, before=_json(before))
        return before

    def instruct(self, actor: Actor, connection_id: UUID, text: str) -> None:
        """Say what every model is told of this connection; "" takes it back. Raises `InvalidInput` for too long."""
        require(actor, Action.CHANGE_TERMS, connection_id)
        connection = self._databases.open(actor, connection_id)
        said, before = text.strip(), self._shelf.instructions(connection_id).text
        if len(said) > LONGEST_INSTRUCTIONS:
            raise InvalidInput(problem=Phrase("terms.instructions_long", {"limit": LONGEST_INSTRUCTIONS}))
        if self._discreet(before, connection) != before:
            raise InvalidInput(problem=Phrase("terms.instructions_partly"))
        with self._store.begin() as line:
            self._shelf.instruct(line, connection_id, said, actor.id)
            self._audit.note_within(line, actor, "terms.instruct", connection_id, before=before, after=said)

    def export(self, actor: Actor, connection_id: UUID) -> str:
        """All words that the actor may see, as one YAML file."""
        require(actor, Action.CHANGE_TERMS, connection_id)
        words = self._words(actor, self._databases.open(actor, connection_id))
        self._audit.note(actor, "terms.export", connection_id, terms=len(words.terms), verified=len(words.verified))
        return written(words)

    def compare(self, actor: Actor, connection_id: UUID, text: str) -> Changes:
        """What taking this file in would change, and what is wrong with it. Nothing is changed."""
        require(actor, Action.CHANGE_TERMS, connection_id)
        connection = self._databases.open(actor, connection_id)
        others = [one.term for one in self._shelf.all(connection_id)]
        return self._taking(actor, connection, text).changes(others)

    def take_in(self, actor: Actor, connection_id: UUID, text: str) -> Changes:
        """Take a file in, all of it or nothing: what it does not speak of stays. Raises `InvalidInput` for a file with
        problems; `compare` tells which."""
        require(actor, Action.CHANGE_TERMS, connection_id)
        connection = self._databases.open(actor, connection_id)
        with self._store.begin() as line:
            others = self._shelf.lock(line, connection_id)
            taking = self._taking(actor, connection, text)
            changes = taking.changes(others)
            if changes.problems:
                first = changes.problems[0]
                told = {"line": first.line, "what": first.what}
                raise InvalidInput(problem=Phrase("terms.file_wrong", told))
            taking.apply(line, actor, self._shelf, self._clock())
            counts = ", ".join(f"{doing.value} {changes.count(doing)}" for doing in Doing)
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._audit.note_within(line, actor, "terms.take_in", connection_id, file=digest, changes=counts)
        self._jobs.defer("index", connection_id=str(connection_id))
        return changes

    def _taking(self, actor: Actor, connection: Readable, text: str) -> Taking:
        return Taking(read(text), self._words(actor, connection), connection, self._vouching)

    def _words(self, actor: Actor, connection: Readable) -> Words:
        """All that the actor may see of what people wrote about a connection."""
        kept = self._shelf.all(connection.id)
        whole = Sight.of(connection).is_whole
        terms = [one.term if whole else self._seen(one, connection) for one in kept]
        told = self._discreet(self._shelf.instructions(connection.id).text, connection)
        with self._store.reading() as line:
            said = descriptions_of(line, connection.id)
        tables = connection.schema.by_key
        seen = [d for d in said if d.table in tables and (not d.column or d.column in tables[d.table].by_name)]
        vouched = [standing.question for standing in self._vouching.seen(actor, connection)]
        pairs = tuple(Vouched(one.question, one.sql) for one in sorted(vouched, key=lambda one: one.at))
        return Words(tuple(term for term in terms if term), told or None, tuple(seen), pairs)

    def _may_change(self, term: Term, connection: Opened) -> bool:
        """Whether an actor sees a term well enough to change it: all of it, for who sees all."""
        return Sight.of(connection).is_whole or _may_know(term, connection)

    def _seen(self, kept: KeptTerm, connection: Opened) -> Term | None:
        """A term as the connection's actor may know it; None where it does not hold, or they may not."""
        key = _key(kept, connection)
        now = time.monotonic()
        with self._lock:
            known = self._known.get(key)
        if known and now - known[0] < _FRESH:
            return known[1]
        fits = why_unfit(kept.term, kept.uses, connection) is None and _may_know(kept.term, connection)
        term = self._in_words_for(kept.term, connection) if fits else None
        with self._lock:
            self._known[key] = (now, term)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return term

    def _in_words_for(self, term: Term, connection: Opened) -> Term:
        meaning = {language: self._discreet(text, connection) for language, text in term.meaning.items()}
        return replace(term, meaning={language: text for language, text in meaning.items() if text})

    def _discreet(self, text: str, connection: Opened) -> str:
        return discreet(text, connection, StoredValues(self._store, connection.id).matching)


def _no_vector(_: str) -> None:
    """Vectors are made by the next build of the index."""


def _may_know(term: Term, connection: Opened) -> bool:
    """Whether what a term is bound to tells its actor nothing that policies keep from them."""
    try:
        return may_be_offered(query_of(term, connection))
    except (InvalidInput, QueryRefused, KeyError):
        return False


def _refuse(term: Term, others: Sequence[Term]) -> None:
    if len(others) >= MOST_TERMS:
        raise InvalidInput(problem=Phrase("terms.many", {"limit": MOST_TERMS}))
    if any(other.folded == term.folded for other in others):
        raise InvalidInput(problem=Phrase("terms.word_taken", {"word": term.word, "other": term.word}))
    refuse_double([term], others)


def _tidy(term: Term) -> Term:
    """Without blanks around what was typed, and no word twice."""
    word = " ".join(term.word.split())

    def calls(words: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tidy for one in words if (tidy := " ".join(one.split())) and tidy != word))

    meaning = {language: text.strip() for language, text in term.meaning.items() if text.strip()}
    return replace(
        term,
        word=word,
        value=term.value.strip(),
        sql=term.sql.strip(),
        where=term.where.strip(),
        unit=term.unit.strip(),
        en=calls(term.en),
        zh=calls(term.zh),
        meaning=meaning,
    )


def _key(kept: KeptTerm, connection: Opened) -> str:
    """Equal where a term is the same, on the same schema, for people with the same rights."""
    same = [str(connection.id), connection.schema.version, connection.scope.rights.version]
    written_down = json.dumps([*same, kept.term.stored(), dict(kept.uses)], sort_keys=True)
    return hashlib.sha256(written_down.encode()).hexdigest()


def _json(term: Term | None) -> str:
    return json.dumps(term.stored(), ensure_ascii=False) if term else ""
