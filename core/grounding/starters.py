"""Questions to begin with, made by rules from one schema: each asks for what its tables really hold."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.connections.schema import Column, Schema, Table
from core.grounding.joins import JoinGraph
from core.grounding.names import plural, singular, words_of
from core.grounding.roles import Role, is_bookkeeping, label_of, name_of, role_of
from core.i18n import Words

Samples = Mapping[tuple[str, str], Sequence[str]]
_MOST_FACTS = 24  # tables looked at closely
_MOST_QUESTIONS = 24
_MOST_TABLES = 12  # described in "what can I ask?"
_MOST_COLUMNS = 6
_LONGEST_VALUE = 30
_PLAIN_NAMES = frozenset({"name", "title", "label"})
_TRANSLATED = frozenset({"zh", "cn", "chinese", "en", "english"})
_BEST_GROUPS = ("region", "category", "country", "department", "segment", "channel", "type", "city", "status", "class")
# Amounts that are plainly summed, the most telling first; of others ("salary") a ranking might mean the single ones.
_BEST_MEASURES = (
    *("net", "revenue", "sale", "amount", "total", "turnover", "quantity", "profit", "income", "payment", "cost"),
    *("spend", "expense", "refund", "subtotal", "gross", "budget"),
)


@dataclass(frozen=True)
class _Reached:
    """A column of a fact's own table (`steps` 0) or of one that it refers to, over `steps` keys."""

    table: Table
    column: Column
    steps: int


@dataclass(frozen=True)
class _Fact:
    """A table of happenings with what can be asked of it, best first."""

    table: Table
    measures: tuple[Column, ...]
    levels: tuple[Column, ...]
    dates: tuple[Column, ...]
    groups: tuple[_Reached, ...]
    things: tuple[_Reached, ...]  # the names of what happened to, such as products


class Starters:
    """Makes questions for one schema in one language. `samples` are values of columns, the most frequent first."""

    def __init__(self, schema: Schema, graph: JoinGraph, samples: Samples, language: str) -> None:
        self._schema, self._graph, self._samples = schema, graph, samples
        self._language, self._words = language, Words(language)

    def questions(self, count: int = 6) -> list[str]:
        """At most `count` different questions (and at most 24), of as many kinds as the schema allows."""
        return self._made[:count]

    @cached_property
    def _made(self) -> list[str]:
        makers: tuple[Callable[[_Fact], Iterator[str]], ...] = (
            self._happened, self._total_by, self._top, self._by_month, self._share, self._filter,
            self._average_by, self._count_by, self._total_by_month, self._list, self._count,
        )  # fmt: skip
        made: dict[str, None] = {}
        # One of each kind from the best table that can give it; then what else there is.
        for maker in makers:
            first = next((text for fact in self._facts for text in maker(fact) if text not in made), None)
            if first:
                made[first] = None
        for fact in self._facts:
            for maker in makers:
                made.update((text, None) for text in maker(fact))
                if len(made) >= _MOST_QUESTIONS:
                    return list(made)
        return list(made)

    def summary(self) -> list[str]:
        """What can be asked, a line of Markdown for each of the most telling tables."""
        lines = [self._line(fact) for fact in self._facts[:_MOST_TABLES]]
        more = len(self._schema.tables) - len(lines)
        return [*lines, self._words.say("grounding.can_more", n=more)] if more > 0 else lines

    @cached_property
    def _facts(self) -> list[_Fact]:
        return [
            self._fact(table) for table in sorted(self._schema.tables, key=self._weight, reverse=True)[:_MOST_FACTS]
        ]

    def _weight(self, table: Table) -> tuple[float, str]:
        """How telling a table is: measures, the best ones above all, dates and keys to others, then its size."""
        roles = [self._role(table, column) for column in table.columns]
        measures = [c for c, role in zip(table.columns, roles, strict=True) if role is Role.MEASURE]
        best = min(map(_measure_rank, measures), default=len(_BEST_MEASURES))
        keys = len({j.right for j in self._graph.joins(table.key) if j.left == table.key})
        size = math.log10(max(1, table.row_estimate or 1))
        score = 2 * min(2, roles.count(Role.MEASURE)) + 2 * (Role.DATE in roles) + min(3, keys) + size
        score += 3 * (1 - best / len(_BEST_MEASURES))
        return score - (2 if table.is_view else 0), table.key

    def _fact(self, table: Table) -> _Fact:
        reached = list(self._reached(table))
        groups = [r for r in reached if self._role(r.table, r.column) is Role.DIMENSION]
        named = [r for r in reached if r.steps and name_of(r.table, self._language) is r.column]
        small = [r for r in named if 1 < len(self._samples.get((r.table.key, r.column.name), ())) <= 30]
        return _Fact(
            table,
            tuple(sorted(self._with(table, Role.MEASURE), key=_measure_rank)),
            tuple(self._with(table, Role.LEVEL)),
            tuple(sorted(self._with(table, Role.DATE), key=is_bookkeeping)),
            tuple(sorted(self._suited([*groups, *small]), key=_group_rank)),
            tuple(r for r in self._suited(named) if r not in small) or tuple(small),
        )

    def _with(self, table: Table, role: Role) -> list[Column]:
        return [column for column in table.columns if self._role(table, column) is role]

    def _role(self, table: Table, column: Column) -> Role:
        found = self._samples.get((table.key, column.name))
        return role_of(table, column, len(found) if found else None)

    def _reached(self, table: Table) -> Iterator[_Reached]:
        """The columns of a table and of those it refers to over up to three keys, if there is one way to each."""
        steps, frontier = {table.key: 0}, [table.key]
        for distance in (1, 2, 3):
            following = [j.right for key in frontier for j in self._graph.joins(key) if j.left == key]
            frontier = [key for key in dict.fromkeys(following) if key not in steps]
            steps.update((key, distance) for key in frontier)
        for key, distance in steps.items():
            if isinstance(self._graph.path([table.key, key]), tuple):
                for column in self._schema.by_key[key].columns:
                    yield _Reached(self._schema.by_key[key], column, distance)

    def _suited(self, reached: Sequence[_Reached]) -> list[_Reached]:
        """The nearest of each label, without the twins that hold the same in another language ("city_zh")."""
        labels: dict[str, _Reached] = {}
        for r in sorted(reached, key=lambda r: r.steps):
            is_name = self._role(r.table, r.column) is Role.NAME
            if is_name or not _TRANSLATED & set(words_of(r.column.name)):
                labels.setdefault(self._label(r), r)
        return list(labels.values())

    def _label(self, reached: _Reached) -> str:
        """What a person calls a column they group by: its own label, or its table's where it is that table's name."""
        if self._role(reached.table, reached.column) is Role.NAME:
            return self._one(reached.table)
        return self._low(label_of(reached.column, self._language))

    def _count(self, fact: _Fact) -> Iterator[str]:
        yield self._say("count", tables=self._many(fact.table))

    def _happened(self, fact: _Fact) -> Iterator[str]:
        """Counts of what has a day come first: orders rather than their lines."""
        if fact.dates:
            yield from self._count(fact)

    def _total_by(self, fact: _Fact) -> Iterator[str]:
        for measure in fact.measures[:2]:
            for group in fact.groups[:2]:
                yield self._say("total_by", measure=self._column(measure), dimension=self._label(group))

    def _average_by(self, fact: _Fact) -> Iterator[str]:
        for level in (*fact.levels, *fact.measures)[:1]:
            for group in fact.groups[:1]:
                yield self._say("average_by", measure=self._column(level), dimension=self._label(group))

    def _top(self, fact: _Fact) -> Iterator[str]:
        for measure in [m for m in fact.measures if _measure_rank(m) < len(_BEST_MEASURES)][:2]:
            for thing in fact.things[:1]:
                yield self._say("top", measure=self._column(measure), things=self._many(thing.table))

    def _by_month(self, fact: _Fact) -> Iterator[str]:
        if fact.dates and not is_bookkeeping(fact.dates[0]):
            yield self._say("by_month", tables=self._many(fact.table))

    def _total_by_month(self, fact: _Fact) -> Iterator[str]:
        if fact.dates and fact.measures:
            yield self._say("total_by_month", measure=self._column(fact.measures[0]))

    def _share(self, fact: _Fact) -> Iterator[str]:
        for measure in fact.measures[:1]:
            for group in fact.groups[1:2] or fact.groups[:1]:
                yield self._say("share", measure=self._column(measure), dimension=self._label(group))

    def _count_by(self, fact: _Fact) -> Iterator[str]:
        for group in fact.groups[:1]:
            yield self._say("count_by", tables=self._many(fact.table), dimension=self._label(group))

    def _filter(self, fact: _Fact) -> Iterator[str]:
        for group in fact.groups:
            found = self._samples.get((group.table.key, group.column.name), ())
            value = next((v for v in found[1:] if len(v) <= _LONGEST_VALUE and any(c.isalpha() for c in v)), None)
            if value and not group.steps:
                label = self._label(group)
                yield self._say("filter", tables=self._many(fact.table), dimension=label, value=value)

    def _list(self, fact: _Fact) -> Iterator[str]:
        if name_of(fact.table, self._language):
            yield self._say("list", tables=self._many(fact.table))

    def _line(self, fact: _Fact) -> str:
        """One table in "what can I ask?"."""
        comma, names = self._words.say("grounding.can_comma"), self._listed
        parts = [self._words.say("grounding.can_count", table=_plain(label_of(fact.table, self._language)))]
        for key, columns in (
            ("measure", names(fact.measures)),
            ("level", names(fact.levels)),
            ("group", [self._label(group) for group in fact.groups]),
            ("date", names(fact.dates)),
        ):
            if columns:
                shown = comma.join(_plain(c) for c in columns[:_MOST_COLUMNS])
                parts.append(self._words.say(f"grounding.can_{key}", columns=shown))
        return self._words.say("grounding.can_semicolon").join(parts)

    def _listed(self, columns: Sequence[Column]) -> list[str]:
        return [self._column(column) for column in columns]

    def _column(self, column: Column) -> str:
        return self._low(label_of(column, self._language))

    def _many(self, table: Table) -> str:
        label = self._low(label_of(table, self._language))
        return plural(label) if self._language == "en" else label

    def _one(self, table: Table) -> str:
        label = self._low(label_of(table, self._language))
        return " ".join(singular(word) for word in label.split(" ")) if self._language == "en" else label

    def _low(self, label: str) -> str:
        """A label inside a sentence: words that are not abbreviations lose their capital."""
        return " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in label.split())

    def _say(self, kind: str, **values: str) -> str:
        return self._words.say(f"grounding.starter_{kind}", **values)


def _group_rank(reached: _Reached) -> int:
    """Groups that people think in come first: those named so, then those of tables named so."""
    for names, later in ((words_of(reached.column.name), 0), (words_of(reached.table.name), 1)):
        words = {singular(word) for word in names}
        rank = next((rank for rank, word in enumerate(_BEST_GROUPS) if word in words), None)
        if rank is not None:
            return 2 * rank + (later if reached.column.name not in _PLAIN_NAMES else 0)
    return 2 * len(_BEST_GROUPS) + reached.steps


def _measure_rank(column: Column) -> int:
    words = {singular(word) for word in words_of(column.name)} | set(words_of(column.name))
    return next((rank for rank, word in enumerate(_BEST_MEASURES) if word in words), len(_BEST_MEASURES))


def _plain(label: str) -> str:
    """A label without what Markdown would read as a sign."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~$" else c for c in label)
