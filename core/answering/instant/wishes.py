"""What the rules of a grammar do with wishes: columns, aggregates and counts, asked of rows.

The rows of an `Ask` are those that are counted or measured; what is shown is reached from them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from core.answering.instant.binding import Binder
from core.answering.instant.meaning import (
    Ask,
    Columns,
    Entity,
    Has,
    Want,
    WantAgain,
    WantCount,
    Wish,
    Wishes,
)
from core.answering.instant.naming import SUBJECTS, additive, counts_things, counts_whole, is_name, names_for
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    Best,
    ColumnRef,
    Expression,
    Field,
    Function,
    Portion,
    Share,
    Shared,
    Tally,
)
from core.answering.instant.schema_words import SchemaWords
from core.answering.instant.terms import measured

Made = Iterable[tuple[Any, float]]

# Words that ask for the sum of a column that is called so: "the total of all invoices".
_TOTALS = {"total", "total amount", "grand total", "总额", "总计", "合计", "总金额"}


class Wishing:
    """Actions on wishes over one schema, in one language."""

    def __init__(self, words: SchemaWords, binder: Binder, language: str) -> None:
        self._words = words
        self._bind = binder
        self._language = language

    def want(self, columns: Columns) -> Made:
        yield (Want(columns, columns.metric.function if columns.metric else None),), 0.0

    def want_distinct(self, columns: Columns) -> Made:
        yield (Want(columns, distinct=True),), 0.0

    def want_function(self, function: str, columns: Columns) -> Made:
        # "total revenue" is the revenue, if that is a sum; the average of a figure would be another figure.
        if columns.metric is not None and columns.metric.function is not Function(function):
            return
        yield (Want(columns, Function(function)),), 0.0

    def want_extreme(self, extreme: str, columns: Columns) -> Made:
        if columns.metric is not None:
            return
        yield (Want(columns, Function.MAX if extreme == "desc" else Function.MIN),), 0.0

    def want_again(self) -> Made:
        """ "… and the number": what is counted anyway."""
        yield (WantAgain(),), 0.0

    def functions(self, first: str, second: str) -> Made:
        yield (*first.split(), *second.split()), 0.0

    def more_functions(self, first: tuple[str, ...], second: str) -> Made:
        yield (*first, second), 0.0

    def want_functions(self, functions: tuple[str, ...], columns: Columns) -> Made:
        named = {"desc": "max", "asc": "min"}
        yield tuple(Want(columns, Function(named.get(f, f))) for f in functions), 0.0

    def want_count(self, entity: Entity) -> Made:
        if not entity.each:
            yield (WantCount(replace(entity, distinct=False), entity.distinct),), 0.0

    def want_count_distinct(self, columns: Columns) -> Made:
        plain = columns.metric is None
        if plain and all(not self._words.kind(ref).numeric or self._words.is_key(ref) for ref, _ in columns.options):
            yield (Want(columns, Function.COUNT, distinct=True),), 0.0

    def again_function(self, function: str) -> Made:
        """ "… show the title and the average": what is measured anyway."""
        yield (WantAgain(Function(function)),), 0.1

    def want_number(self, columns: Columns) -> Made:
        """ "the number of beds" where a column says it."""
        told = tuple((r, c) for r, c in columns.options if self._words.kind(r).numeric and not self._words.is_key(r))
        told = tuple((r, c) for r, c in told if not self._words.flag(r) and counts_whole(self._words, r))
        if told:
            yield (Want(replace(columns, options=told)),), 0.0

    def join(self, first: Wishes, second: Wishes) -> Made:
        if len(first) + len(second) <= 6:
            yield (*first, *second), 0.0

    def show(self, entity: Entity) -> Made:
        """ "show all the pets": the entity itself, or the values of a column."""
        if entity.each:
            return
        table = self._words.table(entity.table)
        if entity.kind is None and all(any(c.name in k.columns for k in table.foreign_keys) for c in table.columns):
            return  # rows that only tie others together are nothing to look at
        if entity.kind is not None:
            yield Ask(entity, (entity.kind,), distinct=self._listed_once(entity)), 0.1
        else:
            yield Ask(entity, (), named=False, distinct=entity.distinct), 0.1

    def _listed_once(self, entity: Entity) -> bool:
        """Values are listed once each, but "paragraph texts" are those of the paragraphs, one by one."""
        shared = any(isinstance(c, Shared) for c in entity.conditions)
        return (
            entity.kind is not None and self._repeats(entity.kind) and (entity.distinct or shared or not entity.owned)
        )

    def _repeats(self, kind: Field) -> bool:
        """Whether values of this column are listed once each: not where they say who a row is."""
        return not self._words.unique(kind.column) and not is_name(self._words, kind.column)

    def _kind_like(self, ask: Ask) -> bool:
        """Whether the one column shown is better read as things of their own, each once."""
        only = ask.show[0]
        return isinstance(only, Field) and only.kind in SUBJECTS and self._repeats(only)

    def counted_ask(self, ask: Ask) -> Made:
        """ "count the number of pets": what already counts, and amounts of things, but no sums of money."""
        shown = ask.show[0] if len(ask.show) == 1 else None
        if isinstance(shown, Tally) and (shown.field is None or counts_whole(self._words, shown.field.column)):
            yield ask, 0.0

    def everything(self, entity: Entity) -> Made:
        if entity.kind is None and not entity.each:
            columns = self._words.table(entity.table).columns
            yield Ask(entity, tuple(Field(ColumnRef(entity.table, c.name), c.kind) for c in columns)), 0.0

    def count(self, entity: Entity) -> Made:
        """ "how many singers": rows, or the different values of a column."""
        if entity.each or entity.best is not None:
            return
        if entity.kind is not None:
            rows = replace(entity, kind=None, distinct=False)
            if counts_things(self._words, entity.kind) and not entity.distinct and not entity.having:
                yield Ask(rows, (Tally(Function.SUM, entity.kind),)), 0.1
                return
            if entity.kind.kind.numeric and not entity.distinct and not self._words.is_key(entity.kind.column):
                return  # "how many cylinders" asks for a number, not for how many different ones there are
            if not entity.having:
                yield Ask(rows, (Tally(Function.COUNT, entity.kind, distinct=True),)), 0.15
        elif not entity.having:
            yield Ask(replace(entity, distinct=False), (Tally(Function.COUNT),)), 0.05 if entity.distinct else 0.0

    def wishes_alone(self, wishes: Wishes) -> Made:
        """ "average salary", "revenue": the table is the one the columns stand in."""
        tables = dict.fromkeys(ref.table for w in wishes if isinstance(w, Want) for ref, _ in w.columns.options)
        if any(not isinstance(w, Want) for w in wishes):
            return
        alone = len(wishes) == 1 and is_plain(wishes[0])
        for table in list(tables)[:6]:
            for ask, cost in self._alone(wishes, Entity(table)):
                only = ask.show[0]
                kind_like = isinstance(only, Field) and only.kind in SUBJECTS and not is_name(self._words, only.column)
                if not (alone and kind_like):
                    yield ask, cost + 0.3

    def _alone(self, wishes: Wishes, entity: Entity) -> Made:
        """Columns of this very table; bare amounts are totals."""
        for shown, cost in self._fields(wishes, entity.table):
            if shown and all(not f.path for f in shown):
                whole = tuple(self._summed(w, f) for w, f in zip(wishes, shown, strict=True))
                yield from self._asked(whole, shown, entity, cost)

    def _summed(self, wish: Wish, field: Field) -> Wish:
        """A bare amount is its total."""
        if isinstance(wish, Want) and wish.function is None and additive(self._words, field):
            return replace(wish, function=Function.SUM)
        return wish

    def _totals(self, wishes: Wishes, table: str) -> Wishes:
        """Amounts that stand in many rows for each of `table` are meant as totals: the revenue of a region."""
        out: list[Wish] = []
        for wish in wishes:
            near = self._bind.fields(wish.columns, table)[:1] if isinstance(wish, Want) and is_plain(wish) else []
            said = isinstance(wish, Want) and wish.columns.words.lower() in _TOTALS
            if isinstance(wish, Want) and any((said or many(f.path)) and additive(self._words, f) for f, _ in near):
                out.append(replace(wish, function=Function.SUM))
            else:
                out.append(wish)
        return tuple(out)

    def _fields(self, wishes: Wishes, table: str) -> Iterator[tuple[tuple[Field, ...], float]]:
        """The columns wished for, as seen from `table`, in all near ways (at most four)."""
        found: list[tuple[tuple[Field, ...], float]] = [((), 0.0)]
        for wish in wishes:
            if not isinstance(wish, Want):
                return
            near = self._bind.fields(wish.columns, table)
            # "names of the makers of cars": who is said to own the column is who is listed.
            foreign = 0.5 if wish.columns.owner not in ("", table) else 0.0
            near = [(f, c + foreign) for f, c in near]
            found = [((*f, g), cost + more) for f, cost in found for g, more in near][:4]
        yield from found

    def _all_names(self, wishes: Wishes, table: str) -> Wishes:
        """A wish for "the name" where a table has several, or one that is not called so: all that say who it is."""
        out: list[Wish] = []
        for wish in wishes:
            named = names_for(self._words, wish.columns, table) if isinstance(wish, Want) and is_plain(wish) else ()
            if isinstance(wish, Want) and named:
                out += [
                    replace(wish, columns=Columns(((ref, 0.05),), wish.columns.words, wish.columns.owner))
                    for ref in named
                ]
            else:
                out.append(wish)
        return tuple(out)

    def _asked(self, wishes: Wishes, shown: tuple[Field, ...], entity: Entity, cost: float) -> Made:
        wants = [w for w in wishes if isinstance(w, Want)]
        functions = [w.function for w in wants]
        if any(many(f.path) for f, w in zip(shown, wants, strict=True) if w.function):
            yield from self._measured_below(wants, shown, entity, cost)
            return
        show = tuple(expression_of(w, f) for w, f in zip(wants, shown, strict=True))
        if any(not self._fits(e) for e in show):
            return
        distinct = entity.distinct or any(w.distinct and not w.function for w in wants)
        if not any(functions) or all(functions):
            if all(functions) and entity.best is not None:
                return
            yield Ask(entity, show, distinct=distinct), cost + 0.2 * sum(many(f.path) for f in shown)
            return
        aggregates = [(f, w) for f, w in zip(shown, wants, strict=True) if w.function]
        if len(aggregates) == 1 and aggregates[0][1].function in (Function.MIN, Function.MAX) and not entity.best:
            # "the largest weight and what make is it": one row, not one per make.
            field, wish = aggregates[0]
            best = Best(field, wish.function is Function.MAX)
            yield Ask(replace(entity, best=best), shown), cost + 0.15
            return
        if entity.best is None:
            groups = tuple(f for f, w in zip(shown, wants, strict=True) if not w.function)
            yield Ask(entity, show, groups), cost + 0.2

    def _measured_below(self, wants: list[Want], shown: tuple[Field, ...], entity: Entity, cost: float) -> Made:
        """A measure of related rows: "total bonus of all employees" counts the bonuses, each once."""
        if not all(w.function for w in wants) or entity.best or entity.having or entity.kind:
            return
        tables = {f.column.table for f in shown}
        if len(tables) != 1:
            return
        table = tables.pop()
        inner = Entity(table)
        found = (
            self._bind.narrowed(inner, Has(replace(entity, distinct=False))) if entity.conditions else [(inner, 0.1)]
        )
        for rows, more in found:
            show = tuple(expression_of(w, replace(f, path=())) for w, f in zip(wants, shown, strict=True))
            if all(self._fits(e) for e in show):
                yield Ask(rows, show), cost + more

    def _fits(self, expression: Expression) -> bool:
        if isinstance(expression, Tally) and expression.metric is not None:
            return True
        if not isinstance(expression, Tally) or expression.field is None or expression.function is Function.COUNT:
            return True
        if self._words.is_key(expression.field.column):
            return False
        if expression.function in (Function.MIN, Function.MAX):
            return self._bind.measurable(expression.field)
        return expression.field.kind.numeric and not self._bind.yearly(expression.field)


def is_plain(wish: Wish) -> bool:
    """Whether a column is wished for as it stands, without an aggregate."""
    return isinstance(wish, Want) and wish.function is None


def plain_ask(ask: Ask) -> bool:
    """Whether nothing is counted or measured."""
    return not any(isinstance(e, Tally | Share | Portion) for e in ask.show)


def expression_of(want: Want, field: Field) -> Expression:
    if want.columns.metric is not None:
        return measured(want.columns.metric, field)
    return Tally(want.function, field, want.distinct) if want.function else field
