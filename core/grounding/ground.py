"""ground(inquiry, connection) -> Grounding: what the words of one question may mean in one schema."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.connections.schema import Schema
from core.errors import InvalidInput, ModelUnavailable, NotFound, QueryRefused
from core.grounding.indexer import Indexer, Watcher
from core.grounding.inquiry import Inquiry
from core.grounding.join_keys import KeyShelf
from core.grounding.joins import Ambiguous
from core.grounding.joins import Join as Join
from core.grounding.keys import KeyedSchema
from core.grounding.linking import Clues, Lexicons, is_small, link, rival_joins
from core.grounding.linking import TableHit as TableHit
from core.grounding.phrases import mask, phrases_of, proper_names, quoted
from core.grounding.sources import Databases, Readable
from core.grounding.starters import Starters
from core.grounding.values import SampleShelf, StoredValues, ValueHit
from core.grounding.vectors import SchemaIndex
from core.grounding.verified import Example as Example
from core.grounding.verified import VerifiedQuestion, VerifiedQuestions, may_be_offered
from core.grounding.visible import OwnShelf, Samples, Sight, VisibleValues, visible_samples
from core.i18n import LANGUAGES, Phrase
from core.jobs import Jobs
from core.models.embeddings import Embedder
from core.security.audit import Audit
from core.security.permissions import Action, Actor, require
from core.store.sessions import Store
from core.store.tables import connections, descriptions

_MOST_VALUES, _MOST_EXAMPLES = 24, 5
_LOOKED_AT = 40  # examples, where some may not be shown
_MOST_FUZZY = 4  # names that are looked for though nothing is spelled like them
_NEAR = 40  # documents taken from the search
_SAMPLES = 5  # values of a column
_STARTERS_KEPT = 32
_LONGEST_DESCRIPTION = 2_000  # characters


@dataclass(frozen=True)
class Grounding:
    """Everything a writer needs: tables best first, values found in cells, trusted examples, join steps.

    `samples` are a few values of a column, by `(table key, column name)`, the most frequent first. `rivals` are ways to
    join two of the nearest tables that cost the same.
    """

    tables: tuple[TableHit, ...]
    values: tuple[ValueHit, ...]
    examples: tuple[Example, ...]
    joins: tuple[Join, ...]
    samples: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    rivals: tuple[Ambiguous, ...] = ()


@dataclass(frozen=True)
class Browsed:
    """A schema with people's descriptions, and a few values of each column, by (table key, column name).

    `keyed` is the same with the keys that are used besides those declared.
    """

    schema: Schema
    samples: Mapping[tuple[str, str], Sequence[str]]
    keyed: Schema


class Knowledge:
    """What words mean in each connection. Every method but `build`, `values` and `keyed` names who acts; these two take
    a connection that was opened for them.

    All raise `NotAllowed`, `NotFound` and `StoreUnreachable` where that is due.
    """

    def __init__(self, store: Store, embedder: Embedder, databases: Databases, jobs: Jobs, audit: Audit) -> None:
        self._store, self._embedder, self._databases = store, embedder, databases
        self._jobs, self._audit = jobs, audit
        self._lexicons, self._documents, self._samples = Lexicons(), SchemaIndex(store), SampleShelf(store)
        self._verified, self._own, self._keys = VerifiedQuestions(store), OwnShelf(), KeyShelf(store)
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[UUID, str, str], tuple[Schema, object, object, Starters]] = OrderedDict()

    def ground(self, actor: Actor, inquiry: Inquiry, connection: Readable) -> Grounding:
        """Tables (all of a small schema, else at most some twelve), values, examples and joins for one question.

        Works from names alone while the index is not complete, and without vectors while no model can make them.
        """
        require(actor, Action.ASK, connection.id)
        lexicon = self._lexicons.of(self.keyed(connection))
        values = self._values_in(inquiry.text, connection)
        near = []
        if not is_small(lexicon):
            barred = Sight.of(connection).barred
            near = self._documents.search(connection.id, inquiry.text, self._embedded(inquiry.text), _NEAR, barred)
        linked = link(lexicon, Clues(inquiry.text, near, values))
        among = {hit.table for hit in linked.tables}
        listed = self._samples_of(connection)
        samples = {place: found[:_SAMPLES] for place, found in listed.items() if place[0] in among}
        examples = self._examples(inquiry.text, connection)
        rivals = rival_joins(lexicon.graph, linked)
        return Grounding(linked.tables, tuple(values), examples, linked.joins, samples, rivals)

    def recall(self, actor: Actor, connection: Readable, question: str) -> VerifiedQuestion | None:
        """The verified question that is this very one, if the schema has not changed since, and none that reads what
        a policy hides from the actor."""
        require(actor, Action.ASK, connection.id)
        found = self._verified.recall(connection.id, question, self._schema_version(connection.id))
        return found if found and (Sight.of(connection).is_whole or _passes(connection, found.sql)) else None

    def index(self, actor: Actor, connection_id: UUID) -> None:
        """Have the connection's index brought up to date in the background."""
        require(actor, Action.INDEX, connection_id)
        self._databases.open(actor, connection_id)
        self._defer(connection_id)
        self._audit.note(actor, Action.INDEX, connection_id)

    def build(self, connection_id: UUID, watch: Watcher | None = None) -> None:
        """Bring the index up to date here and now: what the job "index" does. See `Indexer.build`."""
        Indexer(self._store, self._embedder, self._databases, self._audit).build(connection_id, watch)

    def browse(self, actor: Actor, connection_id: UUID) -> Browsed:
        """The schema in people's words, with a few values of each column."""
        require(actor, Action.BROWSE, connection_id)
        connection = self._databases.open(actor, connection_id)
        listed = self._samples_of(connection)
        samples = {place: found[:_SAMPLES] for place, found in listed.items()}
        return Browsed(connection.schema, samples, self.keyed(connection))

    def describe(self, actor: Actor, connection_id: UUID, table: str, column: str, language: str, text: str) -> None:
        """Say what a table (`column` "") or column is, in "en" or "zh"; an empty text takes it back.

        "Label: explanation" gives it a name in business words. Raises `InvalidInput` for a text that is too long.
        """
        require(actor, Action.DESCRIBE, connection_id)
        found = self._databases.open(actor, connection_id).schema.by_key.get(table)
        if found is None or (column and column not in found.by_name) or language not in LANGUAGES:
            raise NotFound(f"{table}.{column}")
        said = text.strip()
        if len(said) > _LONGEST_DESCRIPTION:
            raise InvalidInput(problem=Phrase("grounding.description_too_long", {"n": _LONGEST_DESCRIPTION}))
        place = {"connection_id": connection_id, "table_key": table, "column_name": column, "language": language}
        self._write_description(place, said, actor.id)
        self._audit.note(actor, Action.DESCRIBE, connection_id, table=table, column=column, language=language)
        self._defer(connection_id)

    def verify(self, actor: Actor, connection_id: UUID, question: str, sql: str) -> UUID:
        """Vouch that this SQL answers this question; its id. Raises `InvalidInput` and `QueryRefused`."""
        require(actor, Action.VERIFY, connection_id)
        asked = question.strip()
        if not asked:
            raise InvalidInput(problem=Phrase("grounding.question_empty"))
        connection = self._databases.open(actor, connection_id)
        query = connection.check(sql)
        version, now = self._schema_version(connection_id), datetime.now(UTC)
        kept = VerifiedQuestion(uuid4(), connection_id, asked, query.sql, version, actor.id, now)
        verified_id = self._verified.add(kept, self._embedded(mask(asked)))
        self._audit.note(actor, Action.VERIFY, connection_id, question=asked, verified=str(verified_id))
        return verified_id

    def verified(self, actor: Actor, connection_id: UUID) -> list[VerifiedQuestion]:
        """What people have vouched for on this connection, as far as the actor may see what it reads, newest first."""
        require(actor, Action.BROWSE, connection_id)
        connection = self._databases.open(actor, connection_id)
        return [one for one in self._verified.vouched(connection_id) if _may_see(actor, connection, one)]

    def forget(self, actor: Actor, verified_id: UUID) -> None:
        """Vouch for a question no longer."""
        require(actor, Action.VERIFY, verified_id)
        kept = self._verified.find(verified_id)
        if not _may_see(actor, self._databases.open(actor, kept.connection_id), kept):
            raise NotFound
        self._verified.forget(verified_id)
        self._audit.note(actor, "knowledge.forget", kept.connection_id, question=kept.question)

    def keyed(self, connection: Readable) -> KeyedSchema:
        """The schema of a connection that was opened for somebody, with the keys that hold besides those declared."""
        return self._keys.of(connection)

    def values(self, connection: Readable) -> VisibleValues:
        """The cell values of a connection that the actor it was opened for may see."""
        stored = StoredValues(self._store, connection.id)
        return VisibleValues(stored, Sight.of(connection), self._own.of(connection).listed)

    def starters(self, actor: Actor, connection: Readable, language: str, count: int = 6) -> list[str]:
        """Questions to begin with, made from this very schema, in "en" or "zh"."""
        require(actor, Action.ASK, connection.id)
        return self._starters(connection, language).questions(count)

    def can_ask(self, actor: Actor, connection: Readable, language: str) -> list[str]:
        """What can be asked, as lines of Markdown, one for each of the most telling tables."""
        require(actor, Action.ASK, connection.id)
        return self._starters(connection, language).summary()

    def _starters(self, connection: Readable, language: str) -> Starters:
        """Made once for a schema and the values in it that people with these rights see: a big one takes a while."""
        schema, samples, own = self.keyed(connection), self._samples.of(connection.id), self._own.of(connection)
        place = (connection.id, connection.scope.rights.version, language)
        with self._lock:
            kept = self._made.get(place)
        if kept and kept[0] is schema and kept[1] is samples and kept[2] is own:
            return kept[3]
        made = Starters(schema, self._lexicons.of(schema).graph, self._samples_of(connection), language)
        with self._lock:
            self._made[place] = (schema, samples, own, made)
            while len(self._made) > _STARTERS_KEPT:
                self._made.popitem(last=False)
        return made

    def _samples_of(self, connection: Readable) -> Samples:
        """A few values of each column, of those that the actor may see."""
        listed = self._samples.of(connection.id)
        return visible_samples(listed, self._own.of(connection).samples, Sight.of(connection))

    def _values_in(self, text: str, connection: Readable) -> list[ValueHit]:
        """Values that the question names, the longest names first; near ones only for names that nothing equals."""
        source = self.values(connection)
        hits = _telling(source.matching(phrases_of(text)))
        explained = " ".join(hit.words for hit in hits)
        missing = [name for name in (*quoted(text), *proper_names(text)) if name not in explained]
        if missing:
            hits += source.matching(missing[:_MOST_FUZZY], fuzzy=True)[:_MOST_FUZZY]
        tables = connection.schema.by_key
        seen = [hit for hit in hits if hit.table in tables and hit.column in tables[hit.table].by_name]
        return seen[:_MOST_VALUES]

    def _embedded(self, text: str) -> list[float] | None:
        try:
            return self._embedder.embed_query(text)
        except ModelUnavailable:
            return None  # words alone still find most

    def _examples(self, text: str, connection: Readable) -> tuple[Example, ...]:
        shape = self._embedded(mask(text)) if self._verified.any(connection.id) else None
        if not shape:
            return ()
        if Sight.of(connection).is_whole:
            return tuple(self._verified.similar(connection.id, shape, _MOST_EXAMPLES))
        near = self._verified.similar(connection.id, shape, _LOOKED_AT)
        return tuple(one for one in near if _tells_nothing(connection, one.sql))[:_MOST_EXAMPLES]

    def _schema_version(self, connection_id: UUID) -> str:
        with self._store.reading() as line:
            found = line.scalar(sa.select(connections.c.schema_version).where(connections.c.id == connection_id))
        return str(found or "")

    def _write_description(self, place: Mapping[str, object], text: str, author: UUID) -> None:
        with self._store.begin() as line:
            if text:
                row = insert(descriptions).values(**place, text=text, author_id=author)
                fresh = {"text": text, "author_id": author}
                line.execute(row.on_conflict_do_update(index_elements=list(place), set_=fresh))
            else:
                where = [descriptions.c[name] == value for name, value in place.items()]
                line.execute(sa.delete(descriptions).where(*where))

    def _defer(self, connection_id: UUID) -> None:
        self._jobs.defer("index", connection_id=str(connection_id))


def _passes(connection: Readable, sql: str) -> bool:
    """Whether the guard lets the connection's actor run this."""
    try:
        connection.check(sql)
    except QueryRefused:
        return False
    return True


def _tells_nothing(connection: Readable, sql: str) -> bool:
    """Whether SQL that another wrote may be shown to this connection's actor."""
    try:
        return may_be_offered(connection.check(sql))
    except QueryRefused:
        return False


def _may_see(actor: Actor, connection: Readable, verified: VerifiedQuestion) -> bool:
    """Whether the actor may see this question and its SQL: with all rights, all; else their own that still pass, and
    others' that name no values of rows that may not be theirs."""
    if Sight.of(connection).is_whole:
        return True
    return (verified.author_id == actor.id and _passes(connection, verified.sql)) or _tells_nothing(
        connection, verified.sql
    )


def _telling(hits: Sequence[ValueHit]) -> list[ValueHit]:
    """Hits without those whose words are part of a longer phrase found in the same column."""
    longest = sorted(hits, key=lambda hit: (-len(hit.words), -hit.similarity))
    kept: list[ValueHit] = []
    for hit in longest:
        place = (hit.table, hit.column)
        if not any((k.table, k.column) == place and hit.words in k.words and hit.words != k.words for k in kept):
            kept.append(hit)
    return kept
