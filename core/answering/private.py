"""What a language model may see of a question: the one place that decides it, and the one way to a model.

`Veil` turns what is known into what may be told, by the connection's level, its personal columns and the asker's
rights, the stricter of them first; and turns a model's reply back. `Line` is a lease that has a veil before it: all
that is sent passes it, and all that was sent and came back is written down for the person who asked.
"""

import contextlib
import re
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from core.answering.echo import Confidence, Held
from core.answering.events import Usage
from core.answering.literals_veiled import literals_to_hide, rewritten
from core.answering.prompting import Fence, harmless
from core.answering.replies import after_thinking
from core.answering.tokens import Stood, Tokens, without_tokens
from core.connections.guard.refusal import refusal
from core.connections.result import ResultTable
from core.connections.schema import Dialect, Schema
from core.grounding.ground import Grounding
from core.grounding.inquiry import Earlier, Inquiry
from core.grounding.names import words_of
from core.grounding.phrases import phrases_of, proper_names, quoted
from core.grounding.terms import NO_WORDS, TermFact
from core.grounding.values import ListedValues, ValueHit, ValueSource
from core.grounding.verified import Example
from core.models.listening import Message
from core.models.routing import ModelLease
from core.security.personal import (
    Level,
    PersonalKind,
    Place,
    PrivacyRules,
    find_personal,
    masked_form,
    shape,
)
from core.security.policies import EVERYTHING, Rights
from core.stop import Stop

WITHHELD = "(withheld: the reply repeated the instructions)"
_NEARLY = 0.95  # similarity from which a phrase is the stored value itself
_MOST_SHAPES = 2
_LONGEST_MESSAGE = 80_000  # characters
_QUOTED = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"|[=:] ?\(([^()]*)\)|“([^”]*)”|`([^`]*)`")
_LONG_NUMBER = re.compile(r"\d{4,}")
_BORN = re.compile(r"\bborn\b|\bbirth|\bdob\b|出生|生日|生于", re.IGNORECASE)
_DAY = re.compile(r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\d{4}年\d{1,2}月\d{1,2}[日号]?")
_NOTHING = ListedValues({})


@dataclass(frozen=True)
class Exchange:
    """One call of a model as it was: every message with its role, what came back, and what it took (seconds)."""

    level: Level
    model: str
    messages: tuple[Message, ...]
    reply: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


@dataclass(frozen=True)
class Known:
    """What a veil must know of a connection: its rules, its schema and its values, and what its asker may see."""

    rules: PrivacyRules = field(default_factory=PrivacyRules)
    schema: Schema = field(default_factory=lambda: Schema(Dialect.POSTGRES, ()))
    values: ValueSource = _NOTHING
    rights: Rights = EVERYTHING


class Veil:
    """For one question: what of it and of the database a model may see, and the way back."""

    def __init__(self, known: Known | None = None) -> None:
        self._known = known or Known()
        rules, rights = self._known.rules, self._known.rights
        self._masked = {(key, name) for key, table in rights.tables.items() for name in table.masks}
        tags = {} if rules.level is Level.FULL else dict(rules.tags)
        self._hidden: Mapping[Place, PersonalKind] = {
            **{place: rules.tags.get(place, PersonalKind.OTHER) for place in self._masked},
            **tags,
        }
        self._tokens = Tokens()

    @property
    def level(self) -> Level:
        return self._known.rules.level

    @cached_property
    def _names(self) -> frozenset[str]:
        """All words that tables and columns are called by; only looked for where something personal may be said."""
        return frozenset(word for t in self._known.schema.tables for word in _names_of(t.key, *t.by_name))

    @property
    def is_open(self) -> bool:
        """Whether a model may see everything that the asker sees."""
        return self.level is Level.FULL and not self._hidden

    def inquiry(self, inquiry: Inquiry) -> Inquiry:
        """The question and those before it, with tokens for what is personal in them."""
        ran = [self.sql(e.sql) for e in inquiry.follows]  # first, so that its values are known in the questions
        follows = tuple(Earlier(self.text(e.question), sql) for e, sql in zip(inquiry.follows, ran, strict=True))
        return replace(inquiry, text=self.text(inquiry.text), follows=follows, words=NO_WORDS)

    def grounding(self, grounding: Grounding) -> Grounding:
        """What was found for the question, as far as it may be told."""
        ran = [self.sql(e.sql) for e in grounding.examples]
        examples = tuple(
            Example(self.text(e.question), sql, e.distance) for e, sql in zip(grounding.examples, ran, strict=True)
        )
        grounding = replace(
            grounding, terms=tuple(map(self._fact, grounding.terms)), instructions=self.text(grounding.instructions)
        )
        if self.level is Level.NAMES:
            return replace(grounding, values=(), samples={}, examples=examples)
        samples = {place: self._sampled(place, values) for place, values in grounding.samples.items()}
        return replace(grounding, values=tuple(map(self._hit, grounding.values)), samples=samples, examples=examples)

    def _fact(self, fact: TermFact) -> TermFact:
        """A word of the business, with tokens for what is personal in what it stands for."""
        sql = self.sql(fact.sql)
        return TermFact(self.text(fact.words), self.text(fact.meaning), sql)

    def text(self, text: str) -> str:
        """A person's words with a token for each personal value in them."""
        text = without_tokens(harmless(text))
        if self.is_open:
            return text
        known = (span for value, token in self._tokens.values() if len(value) > 2 for span in _at(text, value, token))
        spans = [*known, *self._spoken(text), *self._patterns(text), *self._born(text)]
        return _with(text, spans)

    def sql(self, sql: str) -> str:
        """SQL that was run before, with a token for each personal value in it."""
        sql = without_tokens(harmless(sql))
        if self.is_open:
            return sql
        hidden = {column.casefold(): kind for (_, column), kind in self._hidden.items()}
        dialect = self._known.schema.dialect
        found = literals_to_hide(sql, dialect, hidden, every=self.level is Level.NAMES)
        if found is None:
            return _with(sql, [(m.start(), m.end(), f"'{self._tokens.of(PersonalKind.OTHER, m[1] or '')}'")
                               for m in re.finditer(r"'((?:[^']|'')*)'", sql)])  # fmt: skip
        looked_up = self._looked_up([text for text, kind in found.items() if kind is None])
        tokens = {
            text: self._tokens.of(kind, text.strip("%")) if kind else looked_up.get(text) or self.patterns(text)
            for text, kind in found.items()
        }
        return rewritten(sql, dialect, tokens)

    def error(self, reason: str, draft: str) -> str:
        """What a database said of a draft. Quoted pieces that neither the schema nor the draft holds may be cells."""
        reason = without_tokens(harmless(reason))
        for name in sorted(self._unseen(), key=len, reverse=True):
            reason = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "•••", reason, flags=re.IGNORECASE)
        if self.is_open:
            return reason
        for value, token in self._tokens.values():
            reason = re.sub(re.escape(value), token, reason, flags=re.IGNORECASE)
        known = draft.casefold()

        def hide(match: re.Match[str]) -> str:
            inside = next(group for group in match.groups() if group is not None)
            bare = inside.strip("'\"() ").casefold()
            if not bare or bare in known or "⟨" in inside or all(w in self._names for w in _names_of(bare)):
                return match[0]
            return match[0].replace(inside, "•••")

        reason = _QUOTED.sub(hide, reason)
        return self.patterns(_LONG_NUMBER.sub(lambda m: m[0] if m[0] in draft else "•••", reason))

    def _unseen(self) -> set[str]:
        """Names that the asker's rights hide, but for those that stand in what they may see as well."""
        rights = self._known.rights
        hidden = {name for table in rights.tables.values() for name in table.hidden_columns}
        hidden |= {part for key in rights.hidden_tables for part in (key, key.rpartition(".")[2])}
        seen = {name.casefold() for t in self._known.schema.tables for name in (t.key, t.name, *t.by_name)}
        return {name for name in hidden if name.casefold() not in seen}

    def patterns(self, text: str) -> str:
        """`text` with tokens for what is personal by its form alone."""
        return text if self.level is Level.FULL else _with(text, list(self._patterns(text)))

    def reveal(self, sql: str, dialect: Dialect) -> str:
        """A model's SQL with the values that its tokens stand for. Raises `QueryRefused` for tokens out of place."""
        return self._tokens.in_sql(sql, dialect)

    def shown(self, text: str) -> str:
        """A model's words for the person who asked: values where they may see them, else their masked form."""
        return self._tokens.spoken(text, self._say)

    def _say(self, stood: Stood) -> str:
        return masked_form(stood.kind, stood.value) if stood.place in self._masked else stood.value

    def _sampled(self, place: Place, values: Sequence[str]) -> Sequence[str]:
        """Samples of one column: forms only where it is personal."""
        if place in self._hidden:
            return list(dict.fromkeys(map(shape, values)))[:_MOST_SHAPES]
        return [self.patterns(without_tokens(value)) for value in values]

    def _hit(self, hit: ValueHit) -> ValueHit:
        """A value found in the data, with a token where it is personal."""
        kind = self._hidden.get((hit.table, hit.column))
        if kind is None:
            value, words = self.patterns(without_tokens(hit.value)), self.text(hit.words)
            return replace(hit, value=value, words=words)
        token = self._tokens.of(kind, hit.value, (hit.table, hit.column))
        words = token if hit.similarity >= _NEARLY else self._tokens.of(kind, hit.words)
        return replace(hit, value=token, words=words)

    def _spoken(self, text: str) -> Iterator["_Span"]:
        """Places of words that are values of personal columns, or people's names by their look."""
        if not self._hidden:
            return
        values = self._known.values
        names = [*quoted(text), *proper_names(text)]
        hits = [*values.matching(phrases_of(text)), *(values.matching(names, fuzzy=True) if names else ())]
        elsewhere = {hit.words for hit in hits if (hit.table, hit.column) not in self._hidden}
        for hit in hits:
            place = (hit.table, hit.column)
            if place in self._hidden and not self._is_name(hit.words):
                value = hit.value if hit.similarity >= _NEARLY else hit.words
                yield from _at(text, hit.words, self._tokens.of(self._hidden[place], value, place))
        if PersonalKind.PERSON in self._hidden.values():
            for name in proper_names(text):
                if " " in name and name not in elsewhere and not self._is_name(name):
                    yield from _at(text, name, self._tokens.of(PersonalKind.PERSON, name))

    def _looked_up(self, texts: Sequence[str]) -> Mapping[str, str]:
        """Tokens for those of the texts that are values of personal columns."""
        hits = self._known.values.matching(texts) if texts and self._hidden else []
        places = ((hit, (hit.table, hit.column)) for hit in hits)
        return {
            hit.words: self._tokens.of(self._hidden[place], hit.value, place)
            for hit, place in places
            if place in self._hidden
        }

    def _patterns(self, text: str) -> Iterator["_Span"]:
        if self.level is not Level.FULL:
            for found in find_personal(text):
                yield found.start, found.end, self._tokens.of(found.kind, text[found.start : found.end])

    def _born(self, text: str) -> Iterator["_Span"]:
        """Full days in a question that speaks of births."""
        if PersonalKind.BIRTH_DATE in self._hidden.values() and _BORN.search(text):
            for match in _DAY.finditer(text):
                yield *match.span(), self._tokens.of(PersonalKind.BIRTH_DATE, match[0])

    def _is_name(self, words: str) -> bool:
        """Whether these words are what tables and columns are called."""
        said = _names_of(words)
        return bool(said) and all(word in self._names for word in said)


class Line:
    """A lease with a veil before it. Nothing in answering reaches a model in another way."""

    def __init__(self, lease: ModelLease, veil: Veil | None = None) -> None:
        self._lease, self.veil, self.fence = lease, veil or Veil(), Fence()
        self._confidence: Confidence | None = None
        self.sent: tuple[Exchange, ...] = ()

    @property
    def name(self) -> str:
        """The model that is asked next, as people call it."""
        return self._lease.name

    @property
    def exhausted(self) -> bool:
        """Whether no further request is allowed."""
        return self._lease.exhausted

    @property
    def usage(self) -> Usage:
        """What was used so far, as an answer shows it."""
        used = self._lease.usage
        cost = None if used.cost is None else float(used.cost)
        return Usage(used.model, used.prompt_tokens, used.completion_tokens, cost, len(self.sent))

    def write(self, messages: Sequence[Message], stop: Stop) -> Generator[str, None, str]:
        """The reply in pieces as they come, without thinking aloud, and the whole of it at last; `WITHHELD` for one
        that repeats what the model was told in confidence. Raises as `ModelLease.write`."""
        # The boundary is drawn anew for every call; data was cleared of the one that stands in for it.
        boundary = Fence().boundary
        told = tuple((who, self._last_look(text).replace(self.fence.boundary, boundary)) for who, text in messages)
        instructions = "\n".join(text for who, text in told if who == "system")
        self._confidence = Confidence(instructions, boundary)
        held, given = Held(self._confidence), 0
        used, started, models, heard = self._lease.usage, time.monotonic(), [self._lease.name], ""
        try:
            with contextlib.closing(self._lease.write(told, stop)) as writing:
                while True:
                    try:
                        piece = next(writing)
                    except StopIteration as end:
                        heard = str(end.value)
                        break
                    heard += piece
                    if self._lease.name != models[-1]:
                        models.append(self._lease.name)
                    visible = after_thinking(heard)
                    yield held.take(visible[given:])
                    given = len(visible)
            yield held.take(after_thinking(heard)[given:]) + held.rest()
        finally:
            now = self._lease.usage
            took = (now.prompt_tokens - used.prompt_tokens, now.completion_tokens - used.completion_tokens)
            names = ", ".join(models)
            kept = Exchange(self.veil.level, names, told, heard, *took, time.monotonic() - started)
            self.sent = (*self.sent, kept)
        return WITHHELD if held.is_echo else heard

    def check_rows(self, table: ResultTable) -> None:
        """Nothing, unless rows say over what a model was told. Raises `QueryRefused`."""
        cells = " ".join(str(cell) for row in table.rows[:200] for cell in row if isinstance(cell, str))
        if self._confidence and self._confidence.repeated_in(cells):
            raise refusal("repeats_instructions")

    def _last_look(self, text: str) -> str:
        """What no step before has seen: personal data by its form, hidden characters, and no end of text."""
        return self.veil.patterns(harmless(text[:_LONGEST_MESSAGE]))


_Span = tuple[int, int, str]  # from, to, what stands there instead


def _with(text: str, spans: Sequence[_Span]) -> str:
    """`text` with these spans replaced; of two that overlap, the longer."""
    taken: list[_Span] = []
    for start, end, instead in sorted(spans, key=lambda s: s[0] - s[1]):
        if not any(t[0] < end and start < t[1] for t in taken):
            taken.append((start, end, instead))
    for start, end, instead in sorted(taken, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def _at(text: str, words: str, instead: str) -> Iterator[_Span]:
    """Everywhere that `words` stand in `text` as whole words."""
    edge = r"[A-Za-z0-9À-ɏ]"
    before = rf"(?<!{edge})" if re.match(edge, words) else ""
    after = rf"(?!{edge})" if re.search(rf"{edge}$", words) else ""
    for match in re.finditer(before + re.escape(words) + after, text, re.IGNORECASE):
        yield match.start(), match.end(), instead


def _names_of(*names: str) -> tuple[str, ...]:
    """The words of names, as they are looked for in a question."""
    return tuple(word for name in names for word in words_of(name))
