"""ground(inquiry, connection) -> Grounding: what the words of one question may mean in one schema."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from core.connections.schema import Schema
from core.connections.statistics import ColumnStatistics
from core.errors import InvalidInput, ModelUnavailable, NotFound
from core.grounding.aliases import translations
from core.grounding.indexer import Indexer, Watcher
from core.grounding.inquiry import Inquiry, language_of
from core.grounding.join_keys import KeyShelf
from core.grounding.joins import Ambiguous
from core.grounding.joins import Join as Join
from core.grounding.keys import KeyedSchema
from core.grounding.linking import Clues, Lexicons, is_small, link, rival_joins
from core.grounding.linking import TableHit as TableHit
from core.grounding.nearness import names_of, nearest
from core.grounding.offered import may_see
from core.grounding.phrases import phrases_of, proper_names, quoted
from core.grounding.sources import Databases, Readable
from core.grounding.starters import Starters
from core.grounding.stored_values import StoredValues
from core.grounding.table_marks import TableMarks
from core.grounding.term_facts import term_facts, term_hits
from core.grounding.terms import TermFact
from core.grounding.value_lists import ListedSize, SampleShelf, ValueLists
from core.grounding.values import ValueHit, translated
from core.grounding.vectors import SchemaIndex
from core.grounding.verified import Example as Example
from core.grounding.verified import VerifiedQuestion, VerifiedQuestions
from core.grounding.visible import OwnShelf, Samples, Sight, VisibleValues, visible_samples
from core.grounding.vouching import Fits, Standing, Vouching
from core.grounding.words_file import Described
from core.grounding.words_taking import LONGEST_DESCRIPTION, write_description
from core.i18n import LANGUAGES, Phrase
from core.jobs import Jobs
from core.models.embeddings import Embedder
from core.security.audit import Audit
from core.security.permissions import Action, Actor, require
from core.store.sessions import Store

_MOST_VALUES = 24
_MOST_FUZZY = 4  # names that are looked for though nothing is spelled like them
_NEAR = 40  # documents taken from the search
_NEAREST = 4  # documents near one word alone
_SAMPLES = 5  # values of a column
_STARTERS_KEPT = 32


@dataclass(frozen=True)
class Grounding:
    """Everything a writer needs: tables best first, values found in cells, trusted examples, join steps.

    `samples` are a few values of a column, by `(table key, column name)`, the most frequent first. `rivals` are ways to
    join two of the nearest tables that cost the same. `terms` are words of the business, those of the question first,
    and `instructions` what people want every model to be told.
    """

    tables: tuple[TableHit, ...]
    values: tuple[ValueHit, ...]
    examples: tuple[Example, ...]
    joins: tuple[Join, ...]
    samples: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    rivals: tuple[Ambiguous, ...] = ()
    terms: tuple[TermFact, ...] = ()
    instructions: str = ""


@dataclass(frozen=True)
class Browsed:
    """A schema with people's descriptions, and a few values of each column, by (table key, column name).

    `keyed` is the same schema with the keys that are used besides those declared. `listed` is how much the index of
    values holds; None for those who may not see all of it.
    """

    schema: Schema
    samples: Mapping[tuple[str, str], Sequence[str]]
    keyed: Schema
    listed: ListedSize | None = None


class Knowledge:
    """What words mean in each connection. Every method but `build`, `values` and `keyed` names who acts; these two take
    a connection that was opened for them.

    All raise `NotAllowed`, `NotFound` and `StoreUnreachable` where that is due.
    """

    def __init__(self, store: Store, embedder: Embedder, databases: Databases, jobs: Jobs, audit: Audit) -> None:
        self._store, self._embedder, self._databases = store, embedder, databases
        self._jobs, self._audit = jobs, audit
        self._lexicons, self._documents, self._samples = Lexicons(), SchemaIndex(store), SampleShelf(store)
        self._vouching, self._own, self._keys = Vouching(store, self._embedded), OwnShelf(), KeyShelf(store)
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
        linked = link(lexicon, Clues(inquiry.text, near, values, term_hits(inquiry)))
        among = {hit.table for hit in linked.tables}
        listed = self._samples_of(connection)
        samples = {place: found[:_SAMPLES] for place, found in listed.items() if place[0] in among}
        examples = self._vouching.examples(connection, inquiry.text)
        rivals, told = rival_joins(lexicon.graph, linked), inquiry.words.instructions
        facts = term_facts(inquiry, connection.schema)
        return Grounding(linked.tables, tuple(values), examples, linked.joins, samples, rivals, facts, told)

    def nearest(self, actor: Actor, connection: Readable, word: str) -> tuple[tuple[str, str], ...]:
        """The few tables and columns (table key, name or "") that a word comes nearest to by what it means, the nearest
        first; none where no model can tell, and none of tables that the actor sees less than whole."""
        require(actor, Action.ASK, connection.id)
        barred, language = Sight.of(connection).barred, language_of(word)
        found = self._documents.search(connection.id, word, self._embedded(word), _NEAR, barred)
        tables = [(table.key, "") for table in connection.schema.tables[:_NEAR] if table.key not in barred]
        places = [(hit.table_key, hit.column_name) for hit in found]
        try:
            near = nearest(self._embedder, word, names_of(connection.schema, [*places, *tables], language))
        except ModelUnavailable:
            return ()
        return tuple(near[:_NEAREST])

    def recall(self, actor: Actor, connection: Readable, question: str) -> VerifiedQuestion | None:
        """The verified question that is this very one, if what it reads has not changed since, and none that reads
        what a policy hides from the actor."""
        require(actor, Action.ASK, connection.id)
        return self._vouching.recall(connection, question)

    def alike(self, actor: Actor, connection: Readable, question: str, fits: Fits) -> Iterator[VerifiedQuestion]:
        """Verified questions that still hold and tell the actor nothing new: the one in these very words, and of those
        like it in shape the ones that `fits` finds, best first."""
        require(actor, Action.ASK, connection.id)
        return self._vouching.alike(connection, question, fits)

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
        size = ValueLists(self._store).size(connection_id) if Sight.of(connection).is_whole else None
        return Browsed(connection.schema, samples, self.keyed(connection), size)

    def statistics(
        self, actor: Actor, connection_id: UUID, tables: Collection[str]
    ) -> dict[tuple[str, str], ColumnStatistics]:
        """What is known of the columns of these tables, by (table key, column name); nothing of a column of which the
        actor sees some rows only, or values that are masked."""
        require(actor, Action.BROWSE, connection_id)
        sight = Sight.of(self._databases.open(actor, connection_id))
        kept = TableMarks(self._store).statistics(connection_id, tables)
        return {place: known for place, known in kept.items() if sight.shows(*place)}

    def describe(self, actor: Actor, connection_id: UUID, table: str, column: str, language: str, text: str) -> None:
        """Say what a table (`column` "") or column is, in "en" or "zh"; an empty text takes it back.

        "Label: explanation" gives it a name in business words. Raises `InvalidInput` for a text that is too long.
        """
        require(actor, Action.DESCRIBE, connection_id)
        found = self._databases.open(actor, connection_id).schema.by_key.get(table)
        if found is None or (column and column not in found.by_name) or language not in LANGUAGES:
            raise NotFound(f"{table}.{column}")
        said = text.strip()
        if len(said) > LONGEST_DESCRIPTION:
            raise InvalidInput(problem=Phrase("grounding.description_too_long", {"n": LONGEST_DESCRIPTION}))
        with self._store.begin() as line:
            write_description(line, connection_id, Described(table, column, language, said), actor.id)
        self._audit.note(actor, Action.DESCRIBE, connection_id, table=table, column=column, language=language)
        self._defer(connection_id)

    def verify(self, actor: Actor, connection_id: UUID, question: str, sql: str) -> UUID:
        """Vouch that this SQL answers this question; its id. Raises `InvalidInput` and `QueryRefused`."""
        require(actor, Action.VERIFY, connection_id)
        connection = self._databases.open(actor, connection_id)
        vouched = self._vouching.vouch(actor, connection, question, sql, datetime.now(UTC))
        verified_id = self._vouching.keep(vouched)
        self._audit.note(actor, Action.VERIFY, connection_id, question=vouched.question, verified=str(verified_id))
        return verified_id

    def verified(self, actor: Actor, connection_id: UUID) -> list[Standing]:
        """What people have vouched for on this connection, as far as the actor may see what it reads, newest first,
        each with why it is not used any more."""
        require(actor, Action.BROWSE, connection_id)
        return self._vouching.seen(actor, self._databases.open(actor, connection_id))

    def forget(self, actor: Actor, verified_id: UUID) -> None:
        """Vouch for a question no longer."""
        require(actor, Action.VERIFY, verified_id)
        verified = VerifiedQuestions(self._store)
        kept = verified.find(verified_id)
        if not may_see(actor, self._databases.open(actor, kept.connection_id), kept):
            raise NotFound
        verified.forget(verified_id)
        self._audit.note(actor, "knowledge.forget", kept.connection_id, question=kept.question)

    def keyed(self, connection: Readable) -> KeyedSchema:
        """The schema of a connection that was opened for somebody, with the keys that hold besides those declared."""
        return self._keys.of(connection)

    def values(self, connection: Readable) -> VisibleValues:
        """The cell values of a connection that the actor it was opened for may see."""
        sight = Sight.of(connection)
        stored = StoredValues(self._store, connection.id, sight.withheld)
        return VisibleValues(stored, sight, self._own.of(connection).listed)

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
        said = phrases_of(text)
        hits = _telling(source.matching(said))
        hits += _translated(source, [phrase for phrase in said if not any(phrase in hit.words for hit in hits)])
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

    def _defer(self, connection_id: UUID) -> None:
        self._jobs.defer("index", connection_id=str(connection_id))


def _translated(source: VisibleValues, said: Sequence[str]) -> list[ValueHit]:
    """Values that Chinese phrases of a question name in English, no surer than an unsure alias."""
    meant = {english: phrase for phrase in reversed(said) for english in translations(phrase)}
    hits = source.matching(list(meant)) if meant else []
    return [translated(hit, meant[hit.words]) for hit in hits]


def _telling(hits: Sequence[ValueHit]) -> list[ValueHit]:
    """Hits without those whose words are part of a longer phrase found in the same column."""
    longest = sorted(hits, key=lambda hit: (-len(hit.words), -hit.similarity))
    kept: list[ValueHit] = []
    for hit in longest:
        place = (hit.table, hit.column)
        if not any((k.table, k.column) == place and hit.words in k.words and hit.words != k.words for k in kept):
            kept.append(hit)
    return kept
