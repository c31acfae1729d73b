"""What the rules of a grammar do with groups: one row per entity, per value, per month."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.binding import having_of
from core.answering.instant.dates import nearest_dates
from core.answering.instant.meaning import (
    Ask,
    By,
    Entity,
    Want,
    WantCount,
    Wishes,
)
from core.answering.instant.moving import best_moved, field_moved, moved
from core.answering.instant.naming import additive, display, is_name
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    Bucket,
    ColumnRef,
    Field,
    Function,
    Grain,
    Order,
    Path,
    Per,
    Related,
    Tally,
)
from core.answering.instant.schema_words import plain_words
from core.answering.instant.wishes import Wishing, expression_of, is_plain, plain_ask

Made = Iterable[tuple[Any, float]]

_AMOUNTS = {
    "payment", "sale", "donation", "expense", "expenditure", "deposit", "refund", "contribution", "fee", "fine",
    "budget", "grant", "cost", "spending", "purchase",
}  # fmt: skip


class Grouping(Wishing):
    """Actions that group what is counted or measured."""

    def wishes_of(self, wishes: Wishes, entity: Entity) -> Made:
        """ "names and countries of singers", "average age of singers", "maximum weight for each type"."""
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

    def wishes_with(self, entity: Entity, wishes: Wishes) -> Made:
        """ "venues with their city": who they are, and what is asked for."""
        if entity.kind is None and not entity.each and all(is_plain(w) for w in wishes):
            for ask, cost in self.wishes_of(wishes, entity):
                if any(isinstance(e, Field) and self._words.flag(e.column) for e in ask.show):
                    continue
                who = display(self._words, entity.table, self._language)
                yield replace(ask, show=tuple(dict.fromkeys((*who, *ask.show)))), cost

    def _for_each(self, wishes: Wishes, entity: Entity) -> Made:
        """One row per entity: "number of concerts and name for each stadium", "average age for each type"."""
        group = replace(entity, each=False)
        wishes = self._totals(wishes, group.table)
        if all(isinstance(w, Want) and w.function is None for w in wishes):
            figured = any(ref.sign for w in wishes if isinstance(w, Want) for ref, _ in w.columns.options)
            # A figure of two columns says nothing without whose it is.
            for ask, cost in self.wishes_with(group, wishes) if figured else self.wishes_of(wishes, group):
                yield self._with_names(ask, group), cost
            return
        for ask, cost in self._measures(wishes, group.table):
            yield from self._grouped(ask, group, cost, tuple(w for w in wishes if is_plain(w)))

    def _with_names(self, ask: Ask, group: Entity) -> Ask:
        """In Chinese "每种套餐的月费" is told with the name of each, unless a name is asked for."""
        fields = [e for e in ask.show if isinstance(e, Field)]
        if self._language != "zh" or group.kind is not None or any(is_name(self._words, f.column) for f in fields):
            return ask
        who = display(self._words, group.table, self._language)
        return ask if set(who) & set(fields) else replace(ask, show=(*who, *ask.show))

    def _measures(self, wishes: Wishes, near: str) -> Made:
        """The counted or measured rows of these wishes, not yet grouped; one table only."""
        measured = tuple(w for w in wishes if not is_plain(w))
        counts = [w for w in measured if isinstance(w, WantCount)]
        if len(counts) == len(measured) == 1:
            yield from self.count(counts[0].entity)
        elif not counts:
            for shown, cost in self._fields(measured, near):
                tables = {f.column.table for f in shown}
                table = near if not any(f.path for f in shown) else tables.pop() if len(tables) == 1 else ""
                if table:
                    wants = [w for w in measured if isinstance(w, Want)]
                    show = tuple(expression_of(w, replace(f, path=())) for w, f in zip(wants, shown, strict=True))
                    if all(self._fits(e) for e in show):
                        yield Ask(Entity(table), show), cost

    def grouped(self, ask: Ask, by: By) -> Made:
        """ "number of concerts by stadium", "revenue per month"."""
        if by.entity is not None and not by.also and (ask.limit or ask.entity.best):
            yield from self._best_in_each(ask, by.entity)
        elif not ask.named and not ask.show and not ask.groups and not ask.distinct:
            # "orders per store": how many; of payments nobody knows whether they are counted or added up
            if self._says_amounts(ask.entity.table):
                return
            for counted, cost in self.count(ask.entity):
                for made, more in self.grouped(counted, by):
                    yield made, cost + more + 0.3
        elif by.grain is not None:
            yield from self._by_grain(ask, by.grain)
        elif by.entity is not None and not plain_ask(ask):
            found: list[tuple[Ask, float]] = [(ask, 0.0)]
            for entity in (by.entity, *by.also):
                found = [(made, cost + more) for a, cost in found for made, more in self._grouped(a, entity, 0.0, ())][
                    :4
                ]
            yield from found

    def _says_amounts(self, table: str) -> bool:
        """Whether the table is called by amounts and holds some: "payments by month" may be counted or added up."""
        owner = self._words.table(table)
        held = any(additive(self._words, Field(ColumnRef(table, c.name), c.kind)) for c in owner.columns)
        return held and plain_words(owner.name)[-1] in _AMOUNTS

    def _says_group(self, home: Field) -> bool:
        """Whether a group is one row of its table: what differs among the rows of a group is no column of it."""
        key = self._words.table(home.column.table).primary_key
        return home.column.column in key or self._words.unique(home.column)

    def _best_in_each(self, ask: Ask, group: Entity) -> Made:
        """ "the most expensive product in each category", "top 3 products by revenue in each category"."""
        best = ask.entity.best
        goal = group.kind.column.table if group.kind else group.table
        if not group.bare or ask.per or (best is not None and best.skip) or (ask.limit and not ask.groups):
            return
        if group.kind is None and goal == ask.entity.table:
            return
        for path, far in self._bind.reach(ask.entity.table, goal):
            show, more = self._group_show(group, path, ())
            if show is None or any(field in ask.groups or field == ask.entity.kind for field in show):
                continue
            per = Per(self._group_keys(group, path, show), best.n if best else ask.limit or 1, show)
            if ask.groups:
                groups, shown = (*per.groups, *ask.groups), (*show, *ask.group_show)
                yield replace(ask, groups=groups, group_show=shown, limit=None, per=per), more + 0.5 * far
            elif plain_ask(ask):
                yield replace(ask, per=per), more + 0.5 * far

    def _by_grain(self, ask: Ask, grain: Grain) -> Made:
        if plain_ask(ask) or ask.entity.best or ask.limit:
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
        if wishes and group.kind is not None and not self._says_group(group.kind):
            return
        goal = group.kind.column.table if group.kind else group.table
        if group.kind is None and group.table == rows.table and any(e == Tally(Function.COUNT) for e in ask.show):
            return  # one row each: nothing to count
        if group.kind is None and group.table == rows.table and not wishes:
            if all(isinstance(e, Tally) and e.function is Function.AVG and e.metric is None for e in ask.show):
                yield ask, cost + 0.05  # "the average number of attendees per booking" is that of all of them
            if any(isinstance(e, Tally) and e.metric is None and not (e.field and e.field.path) for e in ask.show):
                return  # one row each: nothing to count or to add up
        for path, far in self._bind.reach(rows.table, goal):
            if group.kind is not None and many(path) and not self._words.is_key(group.kind.column):
                continue  # a column of rows nobody spoke of, many for each
            if path and all(step.many for step in path) and ask.show == (Tally(Function.COUNT),):
                continue  # each group has one of them
            show, more = self._group_show(group, path, wishes)
            if show is None:
                continue
            fields = self._group_keys(group, path, show)
            entity = self._of_groups(ask, group, path)
            if entity is None:
                continue
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

    def _of_groups(self, ask: Ask, group: Entity, path: Path) -> Entity | None:
        """The rows of `ask` that belong to the groups meant; None where what narrows those cannot be said of rows.

        How often a group has what is counted is a condition on its count: said of rows it would be that of each row.
        """
        told = [c for c in group.conditions if isinstance(c, Related) and c.times and many(path)]
        reached = {ask.entity.table, *(step.right for step in path[:-1])}
        counts = ask.show == (Tally(Function.COUNT),) and not ask.entity.conditions
        for condition in told:
            plain = not (condition.conditions or condition.negated or condition.best)
            if not (counts and plain and condition.path[-1].right in reached):
                return None
        others = [c for c in group.conditions if isinstance(c, Related) and c not in told]
        if many(path) and any(c.negated or c.best for c in others):
            return None
        seen = [moved(c, path) for c in group.conditions if c not in told]
        conditions = (*ask.entity.conditions, *(c for c in seen if c not in ask.entity.conditions))
        having = tuple(having_of(op, times) for c in told for op, times in c.times)
        return replace(ask.entity, conditions=conditions, having=having)

    def _group_show(self, group: Entity, path: Path, wishes: Wishes) -> tuple[tuple[Field, ...] | None, float]:
        if wishes:
            home = group.kind.column.table if group.kind else group.table
            wishes = self._all_names(wishes, home)
            found = next(self._fields(wishes, home), None)
            if found is None or len(found[0]) != len(wishes) or any(many(f.path) for f in found[0]):
                return None, 0.0
            shown = tuple(field_moved(f, path) for f in found[0])
            if group.kind is not None:
                shown = tuple(dict.fromkeys((field_moved(group.kind, path), *shown)))
            return shown, found[1]
        if group.kind is not None:
            return (field_moved(group.kind, path),), 0.0
        return tuple(field_moved(f, path) for f in display(self._words, group.table, self._language)), 0.0

    def _group_keys(self, group: Entity, path: Path, show: tuple[Field, ...]) -> tuple[Field, ...]:
        if group.kind is not None:
            return (field_moved(group.kind, path),)
        keys = self._words.table(group.table).primary_key
        owner = self._words.table(group.table)
        fields = tuple(field_moved(Field(ColumnRef(group.table, k), owner.by_name[k].kind), path) for k in keys)
        return fields or show

    def _with_counts(self, wishes: Wishes, counts: list[WantCount], entity: Entity) -> Made:
        """ "names and number of concerts of stadiums": one row per stadium."""
        plain = tuple(w for w in wishes if is_plain(w))
        if len(counts) == 1 and plain and len(plain) + 1 == len(wishes):
            for ask, cost in self.count(counts[0].entity):
                yield from self._grouped(ask, entity, cost + 0.1, plain)

    def by_entity(self, entity: Entity) -> Made:
        yield By(replace(entity, each=False, distinct=False)), 0.0

    def by_bare(self, entity: Entity) -> Made:
        if entity.bare:
            yield By(replace(entity, distinct=False)), 0.0

    def by_several(self, *entities: Entity) -> Made:
        """ "per branch and condition"."""
        first, *rest = (replace(e, each=False, distinct=False) for e in entities)
        if all(e.bare for e in (first, *rest)) and first not in rest:
            yield By(first, also=tuple(rest)), 0.0

    def by_grain(self, grain: str) -> Made:
        yield By(grain=Grain(grain)), 0.0
