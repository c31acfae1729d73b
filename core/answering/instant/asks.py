"""What the rules of a grammar do with whole questions: wishes, counts, groups, order and limit.

The rows of an `Ask` are those that are counted or measured; groups and shown columns are reached from them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from core.answering.instant.binding import Binder
from core.answering.instant.meaning import (
    Ask,
    By,
    Columns,
    Entity,
    Has,
    Most,
    Number,
    Sorting,
    Want,
    WantAgain,
    WantCount,
    WantEntity,
    Wish,
    Wishes,
)
from core.answering.instant.moving import best_moved, expression_moved, having_moved, moved
from core.answering.instant.naming import SUBJECTS, additive, display, is_name, names_for
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    Best,
    Bucket,
    ColumnRef,
    Expression,
    Field,
    Function,
    Grain,
    Order,
    Path,
    Share,
    Shared,
    Tally,
)
from core.answering.instant.schema_words import SchemaWords
from core.connections.schema import Kind

Made = Iterable[tuple[Any, float]]


class Asks:
    """Actions on whole questions over one schema."""

    def __init__(self, words: SchemaWords, binder: Binder, language: str) -> None:
        self._words = words
        self._bind = binder
        self._language = language

    # -- wishes ----------------------------------------------------------------------------------------------------

    def want(self, columns: Columns) -> Made:
        yield (Want(columns),), 0.0

    def want_distinct(self, columns: Columns) -> Made:
        yield (Want(columns, distinct=True),), 0.0

    def want_function(self, function: str, columns: Columns) -> Made:
        yield (Want(columns, Function(function)),), 0.0

    def want_extreme(self, extreme: str, columns: Columns) -> Made:
        yield (Want(columns, Function.MAX if extreme == "desc" else Function.MIN),), 0.0

    def want_again(self) -> Made:
        """"… and the number": what is counted anyway."""
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
        if all(not self._words.kind(ref).numeric or self._words.is_key(ref) for ref, _ in columns.options):
            yield (Want(columns, Function.COUNT, distinct=True),), 0.0

    def join(self, first: Wishes, second: Wishes) -> Made:
        if len(first) + len(second) <= 6:
            yield (*first, *second), 0.0

    # -- questions -------------------------------------------------------------------------------------------------

    def show(self, entity: Entity) -> Made:
        """"show all the pets": the entity itself, or the values of a column."""
        if entity.each:
            return
        if entity.kind is not None:
            yield Ask(entity, (entity.kind,), distinct=self._listed_once(entity)), 0.1
        else:
            yield Ask(entity, (), named=False, distinct=entity.distinct), 0.1

    def _listed_once(self, entity: Entity) -> bool:
        """Values are listed once each, but "paragraph texts" are those of the paragraphs, one by one."""
        shared = any(isinstance(c, Shared) for c in entity.conditions)
        return entity.kind is not None and self._repeats(entity.kind) and (entity.distinct or shared or not entity.owned)

    def _repeats(self, kind: Field) -> bool:
        """Whether values of this column are listed once each: not where they say who a row is."""
        return not self._words.unique(kind.column) and not is_name(self._words, kind.column)

    def counted_ask(self, ask: Ask) -> Made:
        """"count the number of pets": what already counts."""
        if len(ask.show) == 1 and isinstance(ask.show[0], Tally):
            yield ask, 0.0

    def for_each_wishes(self, by: By, wishes: Wishes) -> Made:
        """"for each continent, its id, name and how many countries it has"."""
        if by.entity is not None:
            yield from self._for_each(wishes, replace(by.entity, each=True))

    def which_has(self, kind: Entity, entity: Entity) -> Made:
        """"in which years were cars produced": values of a column that such rows have."""
        if kind.kind is not None and not entity.each:
            for found, cost in self._bind.narrowed(kind, Has(replace(entity, distinct=False))):
                for ask, more in self.show(found):
                    yield ask, cost + more

    def value_before(self, columns: Columns, entity: Entity) -> Made:
        """"how many cylinders does the car have": the number that stands in the column."""
        numeric = tuple((r, c) for r, c in columns.options if self._words.kind(r).numeric and not self._words.is_key(r))
        return self.wishes_of((Want(Columns(numeric, columns.words)),), entity) if numeric else ()

    def value_of(self, entity: Entity, columns: Columns) -> Made:
        """"how much does the youngest dog weigh"."""
        return self.wishes_of((Want(columns),), entity)

    def everything(self, entity: Entity) -> Made:
        if entity.kind is None and not entity.each:
            columns = self._words.table(entity.table).columns
            yield Ask(entity, tuple(Field(ColumnRef(entity.table, c.name), c.kind) for c in columns)), 0.0

    def count(self, entity: Entity) -> Made:
        """"how many singers": rows, or the different values of a column."""
        if entity.each or entity.best is not None:
            return
        if entity.kind is not None:
            rows = replace(entity, kind=None, distinct=False)
            if entity.kind.kind.numeric and not entity.distinct and not self._words.is_key(entity.kind.column):
                return  # "how many cylinders" asks for a number, not for how many different ones there are
            if not entity.having:
                yield Ask(rows, (Tally(Function.COUNT, entity.kind, distinct=True),)), 0.15
        elif not entity.having:
            yield Ask(replace(entity, distinct=False), (Tally(Function.COUNT),)), 0.05 if entity.distinct else 0.0

    def wishes_of(self, wishes: Wishes, entity: Entity) -> Made:
        """"names and countries of singers", "average age of singers", "maximum weight for each type"."""
        counts = [w for w in wishes if isinstance(w, WantCount)]
        if entity.each:
            yield from self._for_each(wishes, entity)
            return
        if counts:
            yield from self._with_counts(wishes, counts, entity)
            return
        if entity.kind is not None:
            return
        wishes = self._totals(self._all_names(wishes, entity.table), entity.table)
        for shown, cost in self._fields(wishes, entity.table):
            yield from self._asked(wishes, shown, entity, cost)

    def wishes_alone(self, wishes: Wishes) -> Made:
        """"average salary", "revenue": the table is the one the columns stand in."""
        tables = dict.fromkeys(ref.table for w in wishes if isinstance(w, Want) for ref, _ in w.columns.options)
        if any(not isinstance(w, Want) for w in wishes):
            return
        alone = len(wishes) == 1 and _plain(wishes[0])
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
            near = self._bind.fields(wish.columns, table)[:1] if isinstance(wish, Want) and _plain(wish) else []
            if isinstance(wish, Want) and any(many(f.path) and additive(self._words, f) for f, _ in near):
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
            named = names_for(self._words, wish.columns, table) if isinstance(wish, Want) and _plain(wish) else ()
            if isinstance(wish, Want) and named:
                out += [replace(wish, columns=Columns(((ref, 0.05),), wish.columns.words, wish.columns.owner)) for ref in named]
            else:
                out.append(wish)
        return tuple(out)

    def _asked(self, wishes: Wishes, shown: tuple[Field, ...], entity: Entity, cost: float) -> Made:
        wants = [w for w in wishes if isinstance(w, Want)]
        functions = [w.function for w in wants]
        if any(many(f.path) for f, w in zip(shown, wants, strict=True) if w.function):
            yield from self._measured_below(wants, shown, entity, cost)
            return
        show = tuple(_expression(w, f) for w, f in zip(wants, shown, strict=True))
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
        found = self._bind.narrowed(inner, Has(replace(entity, distinct=False))) if entity.conditions else [(inner, 0.1)]
        for rows, more in found:
            show = tuple(_expression(w, replace(f, path=())) for w, f in zip(wants, shown, strict=True))
            if all(self._fits(e) for e in show):
                yield Ask(rows, show), cost + more

    def _fits(self, expression: Expression) -> bool:
        if not isinstance(expression, Tally) or expression.field is None or expression.function is Function.COUNT:
            return True
        if self._words.is_key(expression.field.column):
            return False
        if expression.function in (Function.MIN, Function.MAX):
            return self._bind.measurable(expression.field)
        return expression.field.kind.numeric and not self._bind.yearly(expression.field)

    # -- groups ----------------------------------------------------------------------------------------------------

    def _for_each(self, wishes: Wishes, entity: Entity) -> Made:
        """One row per entity: "number of concerts and name for each stadium", "average age for each type"."""
        group = replace(entity, each=False)
        wishes = self._totals(wishes, group.table)
        if all(isinstance(w, Want) and w.function is None for w in wishes):
            yield from self.wishes_of(wishes, group)
            return
        for ask, cost in self._measures(wishes, group.table):
            yield from self._grouped(ask, group, cost, tuple(w for w in wishes if _plain(w)))

    def _measures(self, wishes: Wishes, near: str) -> Made:
        """The counted or measured rows of these wishes, not yet grouped; one table only."""
        measured = tuple(w for w in wishes if not _plain(w))
        counts = [w for w in measured if isinstance(w, WantCount)]
        if len(counts) == len(measured) == 1:
            yield from self._count_of(counts[0])
        elif not counts:
            for shown, cost in self._fields(measured, near):
                tables = {f.column.table for f in shown}
                table = near if not any(f.path for f in shown) else tables.pop() if len(tables) == 1 else ""
                if table:
                    wants = [w for w in measured if isinstance(w, Want)]
                    show = tuple(_expression(w, replace(f, path=())) for w, f in zip(wants, shown, strict=True))
                    if all(self._fits(e) for e in show):
                        yield Ask(Entity(table), show), cost

    def _count_of(self, wish: WantCount) -> Made:
        for ask, cost in self.count(wish.entity):
            yield ask, cost

    def grouped(self, ask: Ask, by: By) -> Made:
        """"number of concerts by stadium", "revenue per month"."""
        if not ask.named and not ask.show and not ask.groups and not ask.distinct:
            # "orders per store": how many
            for counted, cost in self.count(ask.entity):
                for made, more in self.grouped(counted, by):
                    yield made, cost + more + 0.3
        elif by.grain is not None:
            yield from self._by_grain(ask, by.grain)
        elif by.entity is not None and not _plain_ask(ask):
            yield from self._grouped(ask, by.entity, 0.0, ())

    def for_each_ask(self, by: By, ask: Ask) -> Made:
        return self.grouped(ask, by)

    def _by_grain(self, ask: Ask, grain: Grain) -> Made:
        from core.answering.instant.binding import nearest_dates

        if _plain_ask(ask) or ask.entity.best:
            return
        for field, cost in nearest_dates(self._bind, ask.entity.table):
            group: Field | Bucket | None = Bucket(field, grain) if self._bind.dated(field) else None
            if group is None and grain is Grain.YEAR:
                group = field
            if group is not None:
                order = (*ask.order, Order(group)) if not ask.groups else ask.order
                groups, shown = (*ask.groups, group), (*ask.group_show, group)
                yield replace(ask, groups=groups, group_show=shown, order=order), cost

    def _grouped(self, ask: Ask, group: Entity, cost: float, wishes: Wishes) -> Made:
        """One row per `group` of what `ask` counts or measures; `wishes` are further columns of the group."""
        rows = ask.entity
        if group.having or rows.having or rows.best or len(ask.groups) >= 3:
            return
        goal = group.kind.column.table if group.kind else group.table
        if group.kind is None and group.table == rows.table and any(isinstance(e, Tally) and not e.field for e in ask.show):
            return  # one row each: nothing to count
        for path, far in self._bind.reach(rows.table, goal):
            if group.kind is not None and many(path) and not self._words.is_key(group.kind.column):
                continue  # a column of rows nobody spoke of, many for each
            show, more = self._group_show(group, path, wishes, rows.table)
            if show is None:
                continue
            fields = self._group_keys(group, path, show)
            conditions = (*rows.conditions, *(moved(c, path) for c in group.conditions if moved(c, path) not in rows.conditions))
            entity = replace(rows, conditions=conditions)
            best = best_moved(group.best, path) if group.best else None
            if best is not None:
                return
            yield (
                replace(
                    ask,
                    entity=entity,
                    groups=(*ask.groups, *fields),
                    group_show=(*ask.group_show, *show),
                    named_groups=ask.named_groups or bool(wishes) or group.kind is not None,
                ),
                cost + more + 0.5 * far,
            )

    def _group_show(
        self, group: Entity, path: Path, wishes: Wishes, table: str
    ) -> tuple[tuple[Field, ...] | None, float]:
        if wishes:
            home = group.kind.column.table if group.kind else group.table
            wishes = self._all_names(wishes, home)
            found = next(self._fields(wishes, home), None)
            if found is None or len(found[0]) != len(wishes) or any(many(f.path) for f in found[0]):
                return None, 0.0
            shown = tuple(_moved_field(f, path) for f in found[0])
            if group.kind is not None:
                shown = tuple(dict.fromkeys((_moved_field(group.kind, path), *shown)))
            return shown, found[1]
        if group.kind is not None:
            return (_moved_field(group.kind, path),), 0.0
        return tuple(_moved_field(f, path) for f in display(self._words, group.table, self._language)), 0.0

    def _group_keys(self, group: Entity, path: Path, show: tuple[Field, ...]) -> tuple[Field, ...]:
        if group.kind is not None:
            return (_moved_field(group.kind, path),)
        keys = self._words.table(group.table).primary_key
        owner = self._words.table(group.table)
        fields = tuple(_moved_field(Field(ColumnRef(group.table, k), owner.by_name[k].kind), path) for k in keys)
        return fields or show

    def _with_counts(self, wishes: Wishes, counts: list[WantCount], entity: Entity) -> Made:
        """"names and number of concerts of stadiums": one row per stadium."""
        plain = tuple(w for w in wishes if _plain(w))
        if len(counts) == 1 and plain and len(plain) + 1 == len(wishes):
            for ask, cost in self._count_of(counts[0]):
                yield from self._grouped(ask, entity, cost + 0.1, plain)

    def merged(self, first: Ask, second: Ask) -> Made:
        """"names of teachers and the number of courses they teach", "teachers and the courses they teach"."""
        if first.order or first.limit or first.entity.best or second.entity.best:
            return
        if first.groups:
            if _plain_ask(second):
                yield from self._named_groups(second, first)
            return
        measured = [e for e in second.show if isinstance(e, Tally)]
        if _plain_ask(first) and measured and len(measured) == len(second.show) and not second.groups:
            yield from self._grouped_by(second, first)
        elif not _plain_ask(first) and first.entity == second.entity and not second.groups:
            yield replace(first, show=(*first.show, *second.show)), 0.0
        elif _plain_ask(first) and _plain_ask(second) and first.entity.table != second.entity.table:
            yield from self._side_by_side(first, second)
        elif second.groups and _plain_ask(first):
            yield from self._named_groups(first, second)


    def _grouped_by(self, measured: Ask, named: Ask) -> Made:
        entity = named.entity
        for path, far in self._bind.reach(measured.entity.table, entity.table):
            if not path and entity.kind is None:
                continue
            inner = named.show or display(self._words, entity.table, self._language)
            show = tuple(expression_moved(e, path) for e in inner)
            if not all(isinstance(e, Field) for e in show):
                continue
            fields = tuple(e for e in show if isinstance(e, Field))
            keys = self._group_keys(entity, path, fields)
            conditions = (*measured.entity.conditions, *(moved(c, path) for c in entity.conditions))
            rows = replace(measured.entity, conditions=conditions)
            if not entity.having:
                yield replace(
                    measured, entity=rows, groups=keys, group_show=fields, named_groups=bool(named.show)
                ), far + 0.1

    def _named_groups(self, named: Ask, grouped: Ask) -> Made:
        """"show the stadium name and the number of concerts in each stadium": more columns of the group."""
        tables = {f.column.table for f in grouped.groups if isinstance(f, Field)}
        if named.entity.table not in tables or named.entity.conditions or named.entity.having:
            return
        home = next(f for f in grouped.groups if isinstance(f, Field) and f.column.table == named.entity.table)
        show = tuple(expression_moved(e, home.path) for e in named.show)
        fields = tuple(e for e in show if isinstance(e, Field))
        kept = grouped.group_show if grouped.named_groups or not fields else ()
        shown = tuple(dict.fromkeys((*fields, *kept)))
        yield replace(grouped, group_show=shown, named_groups=bool(fields) or grouped.named_groups), 0.0

    def _side_by_side(self, first: Ask, second: Ask) -> Made:
        if first.entity.kind or second.entity.kind or first.entity.having or second.entity.having:
            return
        for path, far in self._bind.reach(first.entity.table, second.entity.table):
            left = first.show or display(self._words, first.entity.table, self._language)
            right = tuple(expression_moved(e, path) for e in (second.show or display(self._words, second.entity.table, self._language)))
            conditions = (*first.entity.conditions, *(moved(c, path) for c in second.entity.conditions))
            yield Ask(replace(first.entity, conditions=conditions), (*left, *right)), far + 0.2

    def wishes_and(self, wishes: Wishes, ask: Ask) -> Made:
        """"ids, names and the number of paragraphs in each document": the columns are the group's, or the rows'."""
        if not all(_plain(w) for w in wishes):
            return
        home = next((f for f in ask.groups if isinstance(f, Field)), None)
        if home is None and not _plain_ask(ask):
            return
        table = home.column.table if home else ask.entity.table
        wishes = self._all_names(wishes, table)
        for fields, cost in self._fields(wishes, table):
            if any(many(f.path) for f in fields):
                continue
            if home is None:
                yield replace(ask, show=(*fields, *(ask.show if ask.named else ())), named=True), cost
            else:
                shown = tuple(_moved_field(f, home.path) for f in fields)
                kept = ask.group_show if ask.named_groups or _kinds(ask) else ()
                yield replace(ask, group_show=tuple(dict.fromkeys((*shown, *kept))), named_groups=True), cost

    def and_wishes(self, ask: Ask, wishes: Wishes) -> Made:
        if all(_plain(w) for w in wishes):
            yield from self.wishes_and(wishes, ask)
            return
        for shown, cost in self._fields(wishes, ask.entity.table):
            if not _plain_ask(ask) and all(isinstance(w, Want) and w.function for w in wishes) and not ask.groups:
                show = tuple(_expression(w, f) for w, f in zip(wishes, shown, strict=True) if isinstance(w, Want))
                if all(self._fits(e) for e in show) and not any(many(f.path) for f in shown):
                    yield replace(ask, show=(*ask.show, *show)), cost

    def instead(self, ask: Ask, wishes: Wishes) -> Made:
        """A second sentence says what to list: "… List the name and id."."""
        counted = isinstance(ask.show[0], Tally) if ask.show else False
        again = [w for w in wishes if isinstance(w, WantCount) and counted and w.entity.table == ask.entity.table]
        plain = tuple(w for w in wishes if not isinstance(w, WantAgain) and w not in again)
        if not plain or not all(_plain(w) for w in plain) or (len(plain) < len(wishes) and _plain_ask(ask)):
            return
        if ask.groups or _plain_ask(ask):
            yield from self.wishes_and(plain, replace(ask, show=() if _plain_ask(ask) else ask.show, named=False))

    # -- order and limit -------------------------------------------------------------------------------------------

    def sorting(self, columns: Columns, *direction: str) -> Made:
        yield Sorting(columns, direction[:1] == ("desc",)), 0.0

    def sorting_after(self, direction: str, columns: Columns) -> Made:
        yield Sorting(columns, direction == "desc"), 0.0

    def sorting_counts(self, entity: Entity, *direction: str) -> Made:
        yield Sorting(None, direction[:1] == ("desc",), Function.COUNT, entity), 0.0

    def sorting_counts_after(self, direction: str, entity: Entity) -> Made:
        yield Sorting(None, direction == "desc", Function.COUNT, entity), 0.0

    def sorting_function(self, function: str, columns: Columns, *direction: str) -> Made:
        yield Sorting(columns, direction[:1] == ("desc",), Function(function)), 0.0

    def sorting_shown(self, direction: str) -> Made:
        yield Sorting(None, direction == "desc"), 0.0

    def ordered(self, ask: Ask, sorting: Sorting) -> Made:
        if ask.order and not (len(ask.order) == 1 and isinstance(ask.order[0].by, Bucket)):
            return
        if ask.entity.best:
            return
        for by, cost in self._sorted_by(ask, sorting):
            yield replace(ask, order=(Order(by, sorting.descending),)), cost

    def ordered_before(self, sorting: Sorting, ask: Ask) -> Made:
        return self.ordered(ask, sorting)

    def _sorted_by(self, ask: Ask, sorting: Sorting) -> Made:
        tallies = [e for e in ask.show if isinstance(e, Tally | Share)]
        if sorting.counts is not None:
            counts = [t for t in tallies if isinstance(t, Tally) and t.function is Function.COUNT]
            if len(counts) == 1 and sorting.counts.table == ask.entity.table:
                yield counts[0], 0.0
            elif not tallies and sorting.counts.bare and not ask.groups and sorting.counts.table != ask.entity.table:
                for path, far in self._bind.reach(ask.entity.table, sorting.counts.table):
                    yield Tally(Function.COUNT, path=path), far
            return
        if sorting.columns is None:
            if len(tallies) == 1:
                yield tallies[0], 0.0
            elif not tallies and len(ask.show) == 1:
                yield ask.show[0], 0.1
            return
        shown = [e for e in (*ask.show, *ask.group_show, *ask.groups) if isinstance(e, Field)]
        meant = {ref for ref, _ in sorting.columns.options}
        again = next((f for f in shown if f.column in meant), None)
        if again is not None and sorting.function is None:
            yield again, 0.0
            return
        for field, cost in self._bind.fields(sorting.columns, ask.entity.table):
            matching = [t for t in tallies if isinstance(t, Tally) and t.field == field and sorting.function in (None, t.function)]
            if matching:
                yield matching[0], cost
            elif tallies and field in ask.groups:
                yield field, cost
            elif tallies and sorting.function and ask.groups:
                yield Tally(sorting.function, field), cost
            elif not tallies and not many(field.path) and self._orderly(field):
                yield field, cost

    def _orderly(self, field: Field) -> bool:
        return field.kind is not Kind.OTHER

    def top(self, ask: Ask, descending: str, number: Number) -> Made:
        """"revenue by region, top 5"."""
        tallies = [e for e in ask.show if isinstance(e, Tally | Share)]
        if ask.limit or not ask.groups or len(tallies) != 1 or number.value < 1:
            return
        if ask.order and not isinstance(ask.order[0].by, Bucket):
            return
        yield replace(ask, order=(Order(tallies[0], descending == "desc"),), limit=int(number.value)), 0.0

    def top_of(self, descending: str, number: Number, entity: Entity, ask: Ask) -> Made:
        """"top 5 regions by revenue"."""
        if _plain_ask(ask) or ask.groups:
            return
        for grouped, cost in self._grouped(ask, replace(entity, each=False, distinct=False), 0.0, ()):
            for cut, more in self.top(grouped, descending, number):
                yield cut, cost + more

    def limited(self, number: Number, ask: Ask) -> Made:
        if ask.order and not ask.limit:
            yield replace(ask, limit=int(number.value)), 0.0

    def shares(self, ask: Ask) -> Made:
        """"share of revenue by region": each group as a percentage of the whole."""
        tallies = [e for e in ask.show if isinstance(e, Tally)]
        if ask.groups and len(tallies) == 1 and tallies[0].function in (Function.COUNT, Function.SUM):
            show = tuple(Share(e) if e is tallies[0] else e for e in ask.show)
            order = tuple(Order(Share(tallies[0]), o.descending) if o.by == tallies[0] else o for o in ask.order)
            yield replace(ask, show=show, order=order), 0.0

    def narrowed_ask(self, ask: Ask, predicate: Any) -> Made:
        """A condition said apart: "in 1980, how many cars …", "revenue by region for the last 12 months"."""
        if isinstance(predicate, Most) or ask.entity.best or ask.limit:
            return
        for entity, cost in self._bind.narrowed(replace(ask.entity, kind=None), predicate):
            yield replace(ask, entity=replace(entity, kind=ask.entity.kind)), cost + 0.05

    def narrowed_ask_before(self, predicate: Any, ask: Ask) -> Made:
        return self.narrowed_ask(ask, predicate)

    def wishes_for(self, entity: Entity, wishes: Wishes) -> Made:
        return self.wishes_of(wishes, entity)

    def wishes_where(self, wishes: Wishes, predicate: Any) -> Made:
        """"names in France": the rows are those the columns stand in."""
        tables = dict.fromkeys(ref.table for w in wishes if isinstance(w, Want) for ref, _ in w.columns.options)
        if isinstance(predicate, Most) and predicate.entity is not None:
            return
        for table in list(tables)[:4]:
            for entity, cost in self._bind.narrowed(Entity(table), predicate):
                for ask, more in self._alone(wishes, entity):
                    if len(wishes) > 1 or not _plain(wishes[0]) or not self._kind_like(ask):
                        yield ask, cost + more + 0.25

    def _kind_like(self, ask: Ask) -> bool:
        """Whether the one column shown is better read as things of their own, each once."""
        only = ask.show[0]
        return isinstance(only, Field) and only.kind in SUBJECTS and self._repeats(only)

    def for_each_count(self, by: By, entity: Entity) -> Made:
        for ask, cost in self.count(entity):
            for grouped, more in self.grouped(ask, by):
                yield grouped, cost + more

    def count_each(self, counted: Entity, entity: Entity) -> Made:
        return self.for_each_count(By(entity), counted)

    def top_desc(self, ask: Ask, number: Number) -> Made:
        return self.top(ask, "desc", number)

    def top_of_desc(self, number: Number, entity: Entity, ask: Ask) -> Made:
        return self.top_of("desc", number, entity, ask)

    def top_of_asc(self, number: Number, entity: Entity, ask: Ask) -> Made:
        return self.top_of("asc", number, entity, ask)

    def instead_of(self, ask: Ask, wishes: Wishes, entity: Entity) -> Made:
        return self.instead(ask, wishes) if entity.bare else ()

    def where_from(self, entity: Entity) -> Made:
        """"Where is the youngest teacher from?": the column that says a place."""
        from core.answering.instant.spans import attribute

        for name in ("hometown", "location", "country", "city", "address"):
            columns = attribute(self._words, name)
            own = tuple((r, c) for r, c in columns.options if r.table == entity.table) if columns else ()
            if own:
                yield from self.wishes_of((Want(Columns(own, name)),), entity)
                return

    def by_entity(self, entity: Entity) -> Made:
        yield By(replace(entity, each=False, distinct=False)), 0.0

    def by_bare(self, entity: Entity) -> Made:
        if entity.bare:
            yield By(replace(entity, distinct=False)), 0.0

    def by_grain(self, grain: str) -> Made:
        yield By(grain=Grain(grain)), 0.0

    def commonest(self, most: str, entity: Entity) -> Made:
        """"most common hometown of teachers"."""
        if entity.kind is not None and entity.best is None and not entity.having:
            best = Best(Tally(Function.COUNT), most == "desc")
            yield Ask(replace(entity, best=best), (entity.kind,)), 0.0

    def commonest_of(self, most: str, columns: Columns, entity: Entity) -> Made:
        if entity.kind is not None or entity.best is not None or entity.each:
            return
        for field, cost in self._bind.fields(columns, entity.table):
            if not many(field.path):
                kind = replace(entity, kind=field, best=Best(Tally(Function.COUNT), most == "desc"))
                yield Ask(kind, (field,)), cost


def _plain(wish: Wish) -> bool:
    return isinstance(wish, WantEntity) or (isinstance(wish, Want) and wish.function is None)


def _plain_ask(ask: Ask) -> bool:
    return not any(isinstance(e, Tally | Share) for e in ask.show)


def _kinds(ask: Ask) -> bool:
    return any(isinstance(f, Bucket) for f in ask.group_show)


def _expression(want: Want, field: Field) -> Expression:
    return Tally(want.function, field, want.distinct) if want.function else field


def _moved_field(field: Field, path: Path) -> Field:
    moved_to = expression_moved(field, path)
    assert isinstance(moved_to, Field)
    return moved_to


__all__ = ["Asks", "having_moved"]
