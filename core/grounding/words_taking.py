"""Taking in a file of words: what would change, and all of it or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.errors import InvalidInput, QueryRefused
from core.grounding.folding import fold_question
from core.grounding.mentions import as_said
from core.grounding.sources import Readable
from core.grounding.term_checks import checked
from core.grounding.term_shelf import TermShelf
from core.grounding.terms import Term
from core.grounding.verified import VerifiedQuestions
from core.grounding.vouching import Vouching
from core.grounding.words_file import Described, FileWords, Problem, Vouched, Words, key_of
from core.i18n import Phrase
from core.security.permissions import Actor
from core.store.tables import descriptions

Entry = Term | Described | Vouched
LONGEST_INSTRUCTIONS, MOST_TERMS, LONGEST_DESCRIPTION = 4_000, 1_000, 2_000


class Doing(StrEnum):
    """What taking an entry in does."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True)
class Change:
    """One entry of a file: its kind (term, description, verified, instructions), its name, and what becomes of it."""

    kind: str
    name: str
    doing: Doing
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Changes:
    """What a file would change, in its order; with problems, nothing of it can be taken in. What a file does not speak
    of stays as it is."""

    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()

    def count(self, doing: Doing) -> int:
        """How many entries are added, changed or the same."""
        return sum(change.doing is doing for change in self.changes)


def refuse_double(terms: Iterable[Term], others: Sequence[Term]) -> None:
    """Nothing, if no word calls two of these. Raises `InvalidInput` that names the word."""
    taken = {as_said(call): other for other in others for call in other.calls()}
    for term in terms:
        for call in term.calls():
            other = taken.setdefault(as_said(call), term)
            if other.folded != term.folded:
                raise InvalidInput(problem=Phrase("terms.word_taken", {"word": call, "other": other.word}))


class Taking:
    """One file and what is there already, as its taker sees it."""

    def __init__(self, file: FileWords, kept: Words, connection: Readable, vouching: Vouching) -> None:
        self._file, self._connection, self._vouching = file, connection, vouching
        self._kept = kept
        entries: tuple[Entry, ...] = (*kept.terms, *kept.descriptions)
        self._known: dict[object, Entry] = {key_of(one): one for one in entries}
        self._known |= {("verified", fold_question(one.question)): one for one in kept.verified}

    def changes(self, others: Sequence[Term]) -> Changes:
        """What would change. `others` are all terms of the connection, also those that the taker may not see."""
        words = self._file.words
        problems = [*self._file.problems, *self._wrong(others)]
        changes = [self._of_term(term) for term in words.terms]
        changes += [self._change("description", f"{d.table}.{d.column}".strip("."), key_of(d), d.text) for d in
                    words.descriptions]  # fmt: skip
        changes += [
            self._change("verified", v.question, ("verified", fold_question(v.question)), v.sql) for v in words.verified
        ]
        if words.instructions is not None:
            before = self._kept.instructions or ""
            doing = Doing.SAME if before == words.instructions else Doing.CHANGED if before else Doing.ADDED
            changes.insert(0, Change("instructions", "", doing, before, words.instructions))
        return Changes(tuple(changes), tuple(sorted(problems, key=lambda problem: problem.line)))

    def apply(self, line: sa.Connection, actor: Actor, shelf: TermShelf, now: datetime) -> None:
        """Write every change, as part of a transaction."""
        words, place = self._file.words, self._connection.id
        known = {term.folded: term.id for term in self._kept.terms}
        for term in words.terms:
            kept = replace(term, id=known.get(term.folded))
            shelf.put(line, place, kept, checked(term, self._connection), actor.id)
        if words.instructions is not None:
            shelf.instruct(line, place, words.instructions, actor.id)
        for said in words.descriptions:
            write_description(line, place, said, actor.id)
        for pair in words.verified:
            before = self._known.get(("verified", fold_question(pair.question)))
            if not isinstance(before, Vouched) or before.sql != pair.sql:
                vouched = self._vouching.vouch(actor, self._connection, pair.question, pair.sql, now, words.terms)
                VerifiedQuestions.add_within(line, vouched, None)

    def _of_term(self, term: Term) -> Change:
        before = self._known.get(key_of(term))
        was = replace(before, id=None).stored() if isinstance(before, Term) else None
        now = replace(term, id=None).stored()
        doing = Doing.ADDED if was is None else Doing.SAME if was == now else Doing.CHANGED
        return Change("term", term.word, doing, _said(before) if isinstance(before, Term) else "", _said(term))

    def _change(self, kind: str, name: str, key: object, after: str) -> Change:
        found = self._known.get(key)
        before = found.text if isinstance(found, Described) else found.sql if isinstance(found, Vouched) else ""
        doing = Doing.SAME if before == after else Doing.CHANGED if before else Doing.ADDED
        return Change(kind, name, doing, before, after)

    def _wrong(self, others: Sequence[Term]) -> Iterable[Problem]:
        """What the schema, the guard and the other terms say against entries of the file."""
        words, mine = self._file.words, {term.folded for term in self._file.words.terms}
        seen = {term.folded for term in self._kept.terms}
        before = [other for other in others if other.folded not in mine & seen]
        if len(before) + len(mine) > MOST_TERMS:
            yield Problem(1, "", Phrase("terms.many", {"limit": MOST_TERMS}))
        if words.instructions and len(words.instructions) > LONGEST_INSTRUCTIONS:
            yield Problem(1, "instructions", Phrase("terms.instructions_long", {"limit": LONGEST_INSTRUCTIONS}))
        for term in words.terms:
            try:
                checked(term, self._connection)
                refuse_double([term], before)
                if term.folded in {other.folded for other in before}:
                    raise InvalidInput(problem=Phrase("terms.word_taken", {"word": term.word, "other": term.word}))
            except (InvalidInput, QueryRefused) as error:
                yield Problem(self._line(term), term.word, Phrase(error.key, error.values))
            before.append(term)
        for said in words.descriptions:
            table = self._connection.schema.by_key.get(said.table)
            name = f"{said.table}.{said.column}".strip(".")
            if table is None or (said.column and said.column not in table.by_name):
                yield Problem(self._line(said), name, Phrase("terms.nothing_there", {"name": name}))
            elif len(said.text) > LONGEST_DESCRIPTION:
                yield Problem(
                    self._line(said), name, Phrase("grounding.description_too_long", {"n": LONGEST_DESCRIPTION})
                )
        for pair in words.verified:
            try:
                self._connection.check(pair.sql)
            except QueryRefused as error:
                yield Problem(self._line(pair), pair.question, Phrase(error.key, error.values))

    def _line(self, one: Term | Described | Vouched) -> int:
        return self._file.lines.get(key_of(one), 1)


def write_description(line: sa.Connection, connection_id: UUID, said: Described, author: UUID) -> None:
    """Keep what a person says of a table or column; an empty text takes it back."""
    place = {"connection_id": connection_id, "table_key": said.table, "column_name": said.column,
             "language": said.language}  # fmt: skip
    if not said.text:
        line.execute(sa.delete(descriptions).where(*(descriptions.c[name] == value for name, value in place.items())))
        return
    fresh = {"text": said.text, "author_id": author}
    row = insert(descriptions).values(**place, **fresh)
    line.execute(row.on_conflict_do_update(index_elements=list(place), set_=fresh))


def descriptions_of(line: sa.Connection, connection_id: UUID) -> list[Described]:
    """All that people said of one connection's tables and columns."""
    d = descriptions.c
    rows = line.execute(
        sa.select(d.table_key, d.column_name, d.language, d.text).where(d.connection_id == connection_id)
    )
    return [Described(*row) for row in rows]


def _said(term: Term) -> str:
    """A term's binding in short, for a list of changes."""
    sql = " ".join(part for part in (term.aggregation, term.sql) if part)
    where = f" WHERE {term.where}" if term.where else ""
    value = f" = {term.value}" if term.value else ""
    return f"{term.kind}: {'.'.join(part for part in (term.table, term.column) if part)}{value} {sql}{where}".strip()
