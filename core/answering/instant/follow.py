"""Follow-up questions: "only in 2025", "and by region?" change one thing of the reading before.

The words of a follow-up are combined into a `Change` by the same chart; the change is then made to the earlier reading.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.answering.instant.asks import Asks
from core.answering.instant.before import (
    all_in,
    as_ask,
    has_figures,
    listed,
    only_figures,
    rows_shown,
    says_nothing,
    still_holding,
    with_names,
)
from core.answering.instant.binding import Binder
from core.answering.instant.change import (
    AsShare,
    Beside,
    BestOf,
    BestShown,
    Both,
    Change,
    CountAll,
    CountOf,
    CountThem,
    CountThose,
    Cut,
    EachOf,
    EachShows,
    Filter,
    Group,
    HavingShown,
    Named,
    Of,
    Reshow,
    Sort,
    Theirs,
    WhereFrom,
    Which,
)
from core.answering.instant.meaning import Ask, By, Columns, Entity, Has, Want, WantAgain
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    Best,
    Bucket,
    Course,
    Field,
    Function,
    Having,
    Order,
    Reading,
    Related,
    Share,
    Tally,
)

Ways = Iterator[tuple[Ask, float]]


def changed(reading: Reading, change: Change, asks: Asks, binder: Binder) -> Ways:
    """The earlier reading with one thing changed, in every way that makes sense."""
    if reading.offset or reading.outer or reading.per or any(isinstance(e, Course) for e in reading.show):
        return
    yield from _Changing(asks, binder).made(as_ask(reading), change)


class _Changing:
    """Makes changes, over one schema."""

    def __init__(self, asks: Asks, binder: Binder) -> None:
        self._asks, self._bind = asks, binder
        self._ways: dict[type, Any] = {
            Filter: self._filter, Which: self._which, Group: self._group, Sort: self._sort, Cut: self._cut,
            Reshow: self._reshow, Beside: self._beside, WhereFrom: self._where_from, CountThem: self._count,
            CountAll: self._count_all, Named: self._named, CountThose: self._count_those, CountOf: self._count_of,
            BestOf: self._best, BestShown: self._best_shown, HavingShown: self._having,
            AsShare: self._share, Theirs: self._theirs, EachShows: self._each_shows,
            EachOf: self._each_of, Both: self._both, Of: self._of,
        }  # fmt: skip

    def made(self, ask: Ask, change: Change) -> Ways:
        yield from self._ways[type(change)](ask, change)

    def _share(self, ask: Ask, _: AsShare) -> Ways:
        yield from self._asks.shares(ask)

    def _both(self, ask: Ask, change: Both) -> Ways:
        for first, cost in self.made(ask, change.first):
            for second, more in self.made(first, change.second):
                yield second, cost + more

    def _of(self, ask: Ask, change: Of) -> Ways:
        """The noun has to be what was shown: other rows are not "those"."""
        noun = change.noun
        shown = {e.column for e in (*ask.show, *ask.group_show, *ask.groups) if isinstance(e, Field)}
        if isinstance(noun, Columns):
            fits = any(ref in shown for ref, _ in noun.options)
        elif noun.kind is not None:
            fits = noun.bare and noun.kind.column in shown
        else:
            fits = noun.bare and (noun.table == ask.entity.table or noun.table in {ref.table for ref in shown})
        if fits:
            yield from self.made(ask, change.change)

    # -- which rows ----------------------------------------------------------------------------------------------------

    def _filter(self, ask: Ask, change: Filter) -> Ways:
        if change.keeps and ask.limit:
            return  # some of the first ten are not the first ten of some
        bare = replace(ask.entity, conditions=(), having=())
        ways: list[tuple[Ask, float]] = []
        again: list[tuple[Ask, float]] = []
        for found, cost in self._bind.narrowed(bare, change.predicate):
            added = found.conditions
            earlier = still_holding(ask.entity.conditions, added, change.keeps)
            if not added or says_nothing(change.predicate, added) or earlier is None:
                continue
            entity = replace(ask.entity, conditions=(*earlier, *(c for c in added if c not in earlier)))
            replaces = len(earlier) < len(ask.entity.conditions)
            (again if replaces else ways).append((replace(ask, entity=entity), cost))
        # "the same for Norway": where something was said of the column before, that is the one that is meant.
        yield from again or ways

    def _which(self, ask: Ask, change: Which) -> Ways:
        """Rows are asked for: those that were counted are listed."""
        if ask.limit:
            return
        yield from self._filter(listed(ask), Filter(change.predicate, keeps=True))

    def _count_those(self, ask: Ask, change: CountThose) -> Ways:
        again = replace(ask, show=()) if only_figures(ask) else ask
        for found, cost in self._filter(again, Filter(change.predicate, change.keeps)):
            for counted, more in self._count(found, CountThem()):
                yield counted, cost + more

    def _named(self, ask: Ask, change: Named) -> Ways:
        named = change.entity
        plain = named.kind is None and named.best is None and not named.having and named.conditions
        if not plain or named.table != ask.entity.table or ask.limit or ask.groups:
            return
        earlier = still_holding(ask.entity.conditions, named.conditions, keeps=True)
        if earlier is not None:
            entity = replace(ask.entity, conditions=(*earlier, *named.conditions))
            rows = listed(replace(ask, entity=entity))
            yield from self._count(rows, CountThem()) if change.counted else [(rows, 0.0)]

    def _best(self, ask: Ask, change: BestOf) -> Ways:
        ask = listed(ask)
        only = ask.show[0] if ask.groups and len(ask.show) == 1 else None
        measured = {ref for ref, _ in change.most.columns.options} if change.most.columns else set()
        if isinstance(only, Tally) and only.field is not None and only.field.column in measured and change.most.n == 1:
            yield from self._best_shown(ask, BestShown(change.most.descending))
        if ask.limit == 1 and ask.order and not ask.groups:
            ask = replace(ask, order=(), limit=None)  # "and the oldest?" after the youngest
        if ask.groups or ask.limit or ask.entity.having or has_figures(ask) or ask.distinct:
            return
        for entity, cost in self._bind.narrowed(ask.entity, change.most):
            yield replace(ask, entity=entity, order=()), cost

    def _best_shown(self, ask: Ask, change: BestShown) -> Ways:
        """The one figure of each group, or the one size that is shown of each row."""
        if ask.limit or not ask.groups:
            return
        figures = [e for e in ask.show if isinstance(e, Tally | Share)]
        if len(figures) == 1 and len(ask.show) == 1:
            yield replace(ask, order=(Order(figures[0], change.descending),), limit=1), 0.0

    def _having(self, ask: Ask, change: HavingShown) -> Ways:
        only = ask.show[0] if len(ask.show) == 1 else None
        if not ask.groups or not isinstance(only, Tally) or ask.limit:
            return
        earlier = tuple(h for h in ask.entity.having if h.tally != only)
        entity = replace(ask.entity, having=(*earlier, Having(only, change.op, change.value)))
        yield replace(ask, entity=entity), 0.0

    def _theirs(self, ask: Ask, change: Theirs) -> Ways:
        """Rows that belong to those of an answer which lists or counts them; to groups nothing belongs."""
        rows = rows_shown(ask)
        if rows is None or change.entity.table == ask.entity.table or change.entity.kind is not None:
            return
        if self._through(change.entity.table, rows):
            return
        for found, cost in self._bind.narrowed(change.entity, Has(rows)):
            shown = self._asks.wishes_of(change.wishes, found) if change.wishes else self._asks.show(found)
            for made, more in shown:
                if isinstance(made, Ask) and not made.groups:
                    yield made, cost + more

    def _through(self, table: str, rows: Entity) -> bool:
        """Whether what belongs to them belongs to what narrowed them: customers of late shipments, and "which carriers
        brought them?" may be said of the shipments or of all that those customers got."""
        narrowing = {
            link.right
            for c in rows.conditions
            if isinstance(c, Related) and (c.conditions or c.times or c.best)
            for link in c.path
        }
        return any(link.left in narrowing for path, _ in self._bind.reach(table, rows.table) for link in path)

    # -- what is shown -------------------------------------------------------------------------------------------------

    def _reshow(self, ask: Ask, change: Reshow) -> Ways:
        aggregated = [w for w in change.wishes if isinstance(w, Want) and w.function]
        if ask.groups:
            if len(aggregated) == len(change.wishes):
                yield from self._other_figures(ask, change)
            return
        if len(change.wishes) == 1 and isinstance(change.wishes[0], WantAgain):
            yield from self._again(ask, change.wishes[0].function)
            return
        if not aggregated:
            ask = listed(ask)
            if has_figures(ask):
                return
        best = ask.entity.best
        if ask.limit and ask.order:
            best = Best(ask.order[0].by, ask.order[0].descending, ask.limit)
        ways: list[tuple[Ask, float]] = []
        for found, cost in self._asks.wishes_of(change.wishes, replace(ask.entity, best=best)):
            if not isinstance(found, Ask):
                continue
            shown = (*ask.show, *found.show) if change.also and not aggregated else found.show
            if not aggregated and not change.also and not found.groups and not found.distinct:
                shown = with_names(ask, found.show)
            order = () if best or aggregated else ask.order
            distinct = (ask.distinct or found.distinct) and not aggregated
            ways.append((replace(found, show=shown, order=order, distinct=distinct), cost))
        # "their positions": of those that were shown, not of others that have one too.
        near = {(e.column.table, e.path) for e in ask.show if isinstance(e, Field)}
        yield from [way for way in ways if all_in(way[0].show, near)] or ways

    def _again(self, ask: Ask, function: Function) -> Ways:
        """ "what is the average?": of the one amount that was shown of each row."""
        shown = [e for e in ask.show if isinstance(e, Field) and e.kind.numeric]
        amounts = [e for e in shown if not self._bind.words.is_key(e.column) and not self._bind.yearly(e)]
        if len(amounts) == 1 and function is not Function.COUNT and not ask.limit and not many(amounts[0].path):
            yield Ask(replace(ask.entity, distinct=False), (Tally(function, amounts[0]),)), 0.0

    def _other_figures(self, ask: Ask, change: Reshow) -> Ways:
        base = replace(ask, show=ask.show if change.also else (), order=(), limit=None)
        for found, cost in self._asks.wishes_of(change.wishes, Entity(ask.entity.table)):
            if isinstance(found, Ask) and found.entity.table == ask.entity.table:
                yield replace(base, show=(*base.show, *found.show)), cost

    def _beside(self, ask: Ask, change: Beside) -> Ways:
        """What each row has one of, by its name."""
        if ask.groups or ask.limit or has_figures(ask) or change.entity.table == ask.entity.table:
            return
        for path, cost in self._bind.reach(ask.entity.table, change.entity.table):
            if path and not many(path):
                names = self._asks.names_at(change.entity.table, path)
                yield replace(ask, show=(*ask.show, *names)), cost

    def _where_from(self, ask: Ask, _: WhereFrom) -> Ways:
        rows = rows_shown(ask)
        for found, cost in self._asks.where_from(rows) if rows else ():
            yield replace(found, show=with_names(ask, found.show), order=() if rows and rows.best else ask.order), cost

    def _count(self, ask: Ask, change: CountThem) -> Ways:
        if not any(isinstance(e, Tally) and e.function is Function.COUNT for e in ask.show):
            ask = listed(ask)
        if ask.groups or ask.limit or has_figures(ask):
            return
        if change.of is not None and (change.of.table != ask.entity.table or not change.of.bare or change.of.kind):
            return
        if ask.distinct and len(ask.show) == 1 and isinstance(ask.show[0], Field):
            yield Ask(ask.entity, (Tally(Function.COUNT, ask.show[0], distinct=True),)), 0.0
        elif not ask.distinct:
            yield Ask(ask.entity, (Tally(Function.COUNT),)), 0.0

    def _count_all(self, ask: Ask, _: CountAll) -> Ways:
        only = ask.show[0] if len(ask.show) == 1 else None
        counts = isinstance(only, Tally) and only.function is Function.COUNT and only.field is None and not only.path
        if ask.groups and counts and not ask.entity.having and not ask.limit:
            yield Ask(ask.entity, (Tally(Function.COUNT),)), 0.0
        elif not ask.groups:
            yield from self._count(ask, CountThem())

    def _count_of(self, ask: Ask, change: CountOf) -> Ways:
        """How many belong to each row, or to the one row there is, or to all those that were counted."""
        rows = rows_shown(ask)
        if rows is None or change.entity.table == ask.entity.table or change.entity.kind is not None:
            return
        if change.each:
            if rows.best is None and not has_figures(ask):
                yield from self._asks.count_each(self._linked(rows.table, change.entity), rows)
            return
        if change.whole or rows.best is not None or has_figures(ask):
            for found, cost in self._bind.narrowed(change.entity, Has(rows)):
                for counted, more in self._asks.count(found):
                    yield counted, cost + more

    def _linked(self, table: str, counted: Entity) -> Entity:
        """The rows that say which of `counted` belong to which row: each of them has one of these."""
        ways = self._bind.reach(table, counted.table)
        path = ways[0][0] if len(ways) == 1 and counted.bare and counted.kind is None else ()
        while len(path) > 1 and not path[-1].many and many(path):
            path = path[:-1]
        return Entity(path[-1].right) if path else counted

    # -- groups and order ----------------------------------------------------------------------------------------------

    def _group(self, ask: Ask, change: Group) -> Ways:
        """Groups are added to a single figure, and take the place of earlier groups."""
        figures = tuple(e for e in ask.show if isinstance(e, Tally | Share))
        if not figures:
            if ask.groups or ask.entity.having:
                return
            figures = (Tally(Function.COUNT),)
        order = tuple(o for o in ask.order if isinstance(o.by, Tally | Share))
        base = replace(ask, show=figures, groups=(), group_show=(), order=(), limit=None, distinct=False)
        for found, cost in self._asks.grouped(base, change.by):
            keeps = order or found.order
            yield replace(found, order=keeps, limit=ask.limit if order else None), cost

    def _sort(self, ask: Ask, change: Sort) -> Ways:
        yield from self._asks.ordered(replace(ask, order=(), limit=None), change.sorting)

    def _cut(self, ask: Ask, change: Cut) -> Ways:
        number = int(change.number.value)
        if ask.order and not isinstance(ask.order[0].by, Bucket):
            yield replace(ask, limit=number), 0.0
        else:
            direction = "desc" if change.descending else "asc"
            yield from self._asks.top(replace(ask, order=(), limit=None), direction, change.number)

    def _each_shows(self, ask: Ask, change: EachShows) -> Ways:
        if ask.groups or ask.limit or ask.entity.having:
            return
        for found, cost in self._asks.wishes_of(change.wishes, replace(ask.entity, distinct=False)):
            if all(isinstance(e, Tally | Share) for e in found.show):
                for grouped, more in self._asks.grouped(found, change.by):
                    yield grouped, cost + more

    def _each_of(self, ask: Ask, change: EachOf) -> Ways:
        """Figures of each group; of each of the different values; of each row, from what belongs to it."""
        aggregated = all(isinstance(w, Want) and w.function for w in change.wishes)
        if ask.groups or not aggregated:
            yield from self._reshow(ask, Reshow(change.wishes))
            return
        only = ask.show[0] if len(ask.show) == 1 else None
        if ask.limit or has_figures(ask):
            return
        if ask.distinct and isinstance(only, Field):
            for found, cost in self._asks.wishes_of(change.wishes, replace(ask.entity, distinct=False)):
                if isinstance(found, Ask) and not found.groups and found.entity.table == ask.entity.table:
                    yield replace(found, groups=(only,), group_show=(only,), named_groups=True), cost
        elif not ask.distinct:
            yield from self._asks.for_each_wishes(By(ask.entity), change.wishes)
