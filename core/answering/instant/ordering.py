"""What the rules of a grammar do with order, limit and shares."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.joining import Joining
from core.answering.instant.meaning import (
    Ask,
    Columns,
    Entity,
    Number,
    Sorting,
)
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    Bucket,
    Field,
    Function,
    Grain,
    Metric,
    Order,
    Share,
    Tally,
    Trend,
    Within,
)
from core.answering.instant.terms import measured
from core.answering.instant.wishes import plain_ask
from core.connections.schema import Kind

Made = Iterable[tuple[Any, float]]


class Ordering(Joining):
    """Actions on the order and the cut of a question."""

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

    def sorting_again(self, *direction: str) -> Made:
        yield from self.sorting_shown(*(direction or ("asc",)))

    def sorting_shown(self, direction: str) -> Made:
        yield Sorting(None, direction == "desc"), 0.0

    def ordered(self, ask: Ask, sorting: Sorting) -> Made:
        if ask.order and not (len(ask.order) == 1 and isinstance(ask.order[0].by, Bucket)):
            return
        if ask.entity.best or ask.trend or ask.per:
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
            else:
                sizes = [e for e in ask.show if isinstance(e, Field) and self._bind.measurable(e)]
                if not tallies and len(sizes) == 1:
                    yield sizes[0], 0.1
            return
        shown = [e for e in (*ask.show, *ask.group_show, *ask.groups) if isinstance(e, Field)]
        meant = {ref for ref, _ in sorting.columns.options}
        again = next((f for f in shown if f.column in meant), None)
        if again is not None and sorting.function is None:
            yield again, 0.0
            return
        if sorting.columns.metric is not None:
            yield from self._sorted_by_metric(ask, sorting.columns, sorting.columns.metric)
            return
        for field, cost in self._bind.fields(sorting.columns, ask.entity.table):
            matching = [
                t
                for t in tallies
                if isinstance(t, Tally) and t.field == field and sorting.function in (None, t.function)
            ]
            if matching:
                yield matching[0], cost
            elif tallies and field in ask.groups:
                yield field, cost
            elif tallies and sorting.function and ask.groups:
                yield Tally(sorting.function, field), cost
            elif not tallies and not many(field.path) and self._orderly(field):
                yield field, cost

    def with_zero(self, ask: Ask) -> Made:
        """ "including those without any": groups of nothing count 0."""
        if ask.groups and not ask.entity.conditions and not ask.limit and not plain_ask(ask):
            yield replace(ask, zero=True), 0.0

    def with_zero_of(self, ask: Ask, group: Entity, counted: Entity) -> Made:
        """ "… including branches without copies"."""
        tables = {g.column.table for g in ask.groups if isinstance(g, Field)}
        if group.bare and counted.bare and counted.table == ask.entity.table and group.table in tables:
            yield from self.with_zero(ask)

    def _sorted_by_metric(self, ask: Ask, columns: Columns, metric: Metric) -> Made:
        """The figure that is shown, or that of each group or row."""
        shown = [e for e in ask.show if isinstance(e, Tally)]
        for field, cost in self._bind.fields(columns, ask.entity.table):
            by = measured(metric, field)
            if by in shown or (shown and ask.groups) or not shown:
                yield by, cost

    def _orderly(self, field: Field) -> bool:
        return field.kind is not Kind.OTHER

    def top(self, ask: Ask, descending: str, number: Number) -> Made:
        """ "revenue by region, top 5"."""
        tallies = [e for e in ask.show if isinstance(e, Tally | Share)]
        if ask.limit or not ask.groups or len(tallies) != 1 or number.value < 1:
            return
        if ask.order and not isinstance(ask.order[0].by, Bucket):
            return
        yield replace(ask, order=(Order(tallies[0], descending == "desc"),), limit=int(number.value)), 0.0

    def top_of(self, descending: str, number: Number, entity: Entity, ask: Ask) -> Made:
        """ "top 5 regions by revenue"."""
        if plain_ask(ask) or ask.groups:
            return
        for grouped, cost in self._grouped(ask, replace(entity, each=False, distinct=False), 0.0, ()):
            for cut, more in self.top(grouped, descending, number):
                yield cut, cost + more

    def limited(self, number: Number, ask: Ask) -> Made:
        if ask.order and not ask.limit:
            yield replace(ask, limit=int(number.value)), 0.0

    def shares(self, ask: Ask) -> Made:
        """ "share of revenue by region": each group as a percentage of the whole."""
        tallies = [e for e in ask.show if isinstance(e, Tally)]
        counted = any(t.function is Function.COUNT for t in tallies)
        if counted and any(not isinstance(c, Within) for c in ask.entity.conditions):
            return  # "what share of orders is cancelled, by region": of those of the region
        if ask.groups and len(tallies) == 1 and tallies[0].function in (Function.COUNT, Function.SUM):
            show = tuple(Share(e) if e is tallies[0] else e for e in ask.show)
            order = tuple(Order(Share(tallies[0]), o.descending) if o.by == tallies[0] else o for o in ask.order)
            yield replace(ask, show=show, order=order), 0.0

    def running(self, ask: Ask) -> Made:
        """ "cumulative revenue by month"."""
        return self._told(ask, Trend.RUNNING)

    def change(self, ask: Ask) -> Made:
        """ "change in revenue by month": against the month before."""
        return self._told(ask, Trend.CHANGE)

    def growth(self, ask: Ask) -> Made:
        """ "revenue growth by month": as a percentage of the month before."""
        return self._told(ask, Trend.GROWTH)

    def _told(self, ask: Ask, trend: Trend) -> Made:
        if ask.trend is None and len(ask.show) == 1 and not plain_ask(ask) and not ask.limit and ask.per is None:
            yield replace(ask, trend=trend), 0.0

    def period_growth(self, grain: str, ask: Ask) -> Made:
        """ "month over month revenue growth"."""
        return self._by_period(grain, ask, Trend.GROWTH)

    def period_change(self, grain: str, ask: Ask) -> Made:
        """ "revenue by month compared with the previous month"."""
        return self._by_period(grain, ask, Trend.CHANGE)

    def period_change_after(self, ask: Ask, grain: str) -> Made:
        return self.period_change(grain, ask)

    def _by_period(self, grain: str, ask: Ask, trend: Trend) -> Made:
        """The trend over periods of this length, which the question may have said before."""
        cut = [g.grain for g in ask.groups if isinstance(g, Bucket)]
        if cut:
            if cut == [Grain(grain)]:
                yield from self._told(ask, trend)
            return
        for grouped, cost in self._by_grain(ask, Grain(grain)):
            for told, more in self._told(grouped, trend):
                yield told, cost + more

    def top_desc(self, ask: Ask, number: Number) -> Made:
        return self.top(ask, "desc", number)

    def top_of_desc(self, number: Number, entity: Entity, ask: Ask) -> Made:
        return self.top_of("desc", number, entity, ask)

    def top_of_asc(self, number: Number, entity: Entity, ask: Ask) -> Made:
        return self.top_of("asc", number, entity, ask)
