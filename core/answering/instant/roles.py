"""Rows that point at others of their own table: employees and their managers, parts and the parts they belong to.

The words for such a pointing column stand in `roles.toml`, with those of its own name.
"""

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from core.answering.instant.asks import Asks
from core.answering.instant.binding import Binder
from core.answering.instant.chart import Edge
from core.answering.instant.meaning import Against, Ask, Blank, Columns, Entity, Pointed, Values, Wishes
from core.answering.instant.moving import expression_moved
from core.answering.instant.naming import display
from core.answering.instant.reading import Best, ColumnRef, Field, Function, Link, Op, Order, Related, Tally
from core.answering.instant.schema_words import SchemaWords, plain_words
from core.answering.instant.words import Token, root, singular

Made = Iterable[tuple[Any, float]]


@dataclass(frozen=True)
class Role:
    """The words around one pointing column: who is pointed at, who points, and the verbs of both."""

    columns: frozenset[str]
    above: tuple[str, ...]
    below: tuple[str, ...]
    points: tuple[str, ...]
    leads: tuple[str, ...]


@cache
def _roles() -> tuple[Role, ...]:
    text = files(__package__).joinpath("roles.toml").read_text(encoding="utf-8")
    return tuple(
        Role(frozenset(r["columns"]), *(tuple(r[part]) for part in ("above", "below", "points", "leads")))
        for r in tomllib.loads(text)["role"]
    )


@lru_cache(maxsize=16)
def pointing(words: SchemaWords) -> dict[tuple[str, Link], frozenset[str]]:
    """For each part of a sentence and each step inside one table the phrases that mean it; {} where there is none."""
    found: dict[tuple[str, Link], frozenset[str]] = {}
    for table in words.schema.tables:
        for key in table.foreign_keys:
            if key.referred_table != table.key or len(key.columns) != 1:
                continue
            up = Link(table.key, key.columns, table.key, key.referred_columns, False)
            down = Link(table.key, key.referred_columns, table.key, key.columns, True)
            said = plain_words(key.columns[0])
            noun = said[:-1] if len(said) > 1 and said[-1] in ("id", "number", "code", "key") else said
            for role in _roles():
                if role.columns & set(said):
                    found["role", up] = frozenset(role.above) | {" ".join(noun)}
                    found["below", down] = frozenset(role.below)
                    found["under", up] = frozenset(role.points)
                    found["above", down] = frozenset(role.leads)
    return found


def role_leaves(tokens: Sequence[Token], words: SchemaWords) -> Iterator[Edge]:
    """The leaves of words for pointing columns."""
    for (category, link), phrases in pointing(words).items():
        forms = {tuple(_form(w) for w in phrase.split()) for phrase in phrases}
        longest = max(map(len, forms), default=0)
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + longest, len(tokens)) + 1):
                if tuple(_form(t.lower) for t in tokens[start:end]) in forms:
                    yield Edge(category, start, end, link, 0.0)


def _form(word: str) -> str:
    return root(singular(word))


class Roles:
    """Actions on rows that point at others of their own table, over one schema in one language."""

    def __init__(self, words: SchemaWords, binder: Binder, asks: Asks, language: str) -> None:
        self._words = words
        self._bind = binder
        self._asks = asks
        self._language = language

    def pointed(self, link: Link, values: Values) -> Made:
        """ "who report to Nancy Edwards", "whose manager is Nancy"."""
        own = {f.column for f in display(self._words, link.right)}
        if any(ref in own for ref, _, _ in values.options):
            yield Pointed(link, values), 0.0

    def of_role(self, link: Link, values: Values) -> Made:
        """ "the manager of Nancy Edwards": who is pointed at by her."""
        down = Link(link.right, link.right_columns, link.left, link.left_columns, True)
        for predicate, _ in self.pointed(down, values):
            yield from self._bind.narrowed(Entity(link.right), predicate)

    def of_role_after(self, values: Values, link: Link) -> Made:
        return self.of_role(link, values)

    def who_leads(self, link: Link, values: Values) -> Made:
        """ "who manages Nancy Edwards": those pointed at by her."""
        for predicate, _ in self.pointed(link, values):
            yield from self._bind.narrowed(Entity(link.left), predicate)

    def leads_most(self, link: Link, entity: Entity) -> Made:
        """ "who manages the most employees"."""
        if entity.bare and entity.table == link.left:
            count = Tally(Function.COUNT, path=(link,))
            yield Entity(link.left, best=Best(count, descending=True)), 0.0

    def leads_most_counted(self, link: Link, extreme: str, entity: Entity) -> Made:
        if extreme == "desc":
            yield from self.leads_most(link, entity)

    def lead_by(self, values: Values, link: Link) -> Made:
        """ "who does Nancy Edwards manage": those who point at her."""
        up = Link(link.right, link.right_columns, link.left, link.left_columns, False)
        return self.who_leads(up, values)

    def pointing_nowhere(self, link: Link) -> Made:
        """ "employees without a manager"."""
        yield Blank(Columns(((ColumnRef(link.left, link.left_columns[0]), 0.0),), "")), 0.0

    def against_role(self, columns: Columns, op: str, link: Link) -> Made:
        """ "who earn more than their manager"."""
        own = tuple((ref, cost) for ref, cost in columns.options if ref.table == link.left)
        if own:
            yield Against(replace(columns, options=own), Op(op), link), 0.0

    def adjective_against_role(self, adjective: tuple[Columns, Op], link: Link) -> Made:
        return self.against_role(adjective[0], adjective[1].value, link)

    def with_role(self, ask: Ask, link: Link) -> Made:
        """ "employees and their managers": all of them, those who point at nobody too."""
        entity = ask.entity
        plain = not (ask.groups or ask.order or ask.limit or ask.distinct or entity.best or entity.having)
        if entity.table != link.left or entity.kind is not None or not plain:
            return
        if any(not isinstance(e, Field) or e.path for e in ask.show) or entity.conditions:
            return
        mine = ask.show or display(self._words, entity.table, self._language)
        theirs = tuple(expression_moved(f, (link,)) for f in display(self._words, link.right, self._language))
        yield replace(ask, show=(*mine, *theirs), named=True, outer=True), 0.0

    def wishes_of_role(self, wishes: Wishes, link: Link, entity: Entity) -> Made:
        """ "the name of the manager of the employee with the lowest wage"."""
        if entity.table != link.left or entity.kind is not None or entity.each:
            return
        for ask, cost in self._asks.wishes_of(wishes, Entity(link.right)):
            if all(isinstance(e, Field) and not e.path for e in ask.show):
                show = tuple(expression_moved(e, (link,)) for e in ask.show)
                yield replace(ask, entity=replace(entity, distinct=False), show=show), cost

    def each_with_role(self, entity: Entity, link: Link) -> Made:
        """ "every employee together with their manager"."""
        if entity.each:
            yield from self.with_role(Ask(replace(entity, each=False), (), named=False), link)

    def those_above(self, link: Link) -> Made:
        """ "managers": those at whom anybody points."""
        down = Link(link.right, link.right_columns, link.left, link.left_columns, True)
        yield Entity(link.right, conditions=(Related((down,)),)), 0.2

    def count_below(self, link: Link) -> Made:
        """ "how many employees report to each manager"."""
        up = Link(link.right, link.right_columns, link.left, link.left_columns, False) if link.many else link
        names = tuple(expression_moved(f, (up,)) for f in display(self._words, up.right, self._language))
        shown = tuple(f for f in names if isinstance(f, Field))
        key = Field(ColumnRef(up.left, up.left_columns[0]), self._words.kind(ColumnRef(up.left, up.left_columns[0])))
        count = Tally(Function.COUNT)
        yield Ask(Entity(up.left), (count,), (key,), shown, (Order(count, descending=True),), named_groups=True), 0.0

    def count_below_each(self, link: Link, entity: Entity) -> Made:
        """ "how many subordinates does each employee have"."""
        if entity.bare and entity.table == link.left:
            yield from self.count_below(link)

    def count_below_role(self, below: Link, role: Link) -> Made:
        if below.left == role.left and below.right_columns == role.left_columns:
            yield from self.count_below(below)

    def count_under(self, entity: Entity, under: Link, role: Link) -> Made:
        if entity.bare and entity.table == under.left == role.left and under == role:
            yield from self.count_below(under)
