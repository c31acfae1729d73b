"""What the rules of a grammar do with parts joined by "and", and with a second sentence that says what to list."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.groups import Grouping
from core.answering.instant.meaning import (
    Ask,
    Entity,
    Want,
    WantAgain,
    WantCount,
    Wishes,
)
from core.answering.instant.moving import expression_moved, field_moved, moved
from core.answering.instant.naming import display
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    Bucket,
    Field,
    Function,
    Having,
    Related,
    Tally,
)
from core.answering.instant.wishes import expression_of, is_plain, plain_ask

Made = Iterable[tuple[Any, float]]


class Joining(Grouping):
    """Actions that make one question of two parts."""

    def merged(self, first: Ask, second: Ask) -> Made:
        """ "names of teachers and the number of courses they teach", "teachers and the courses they teach"."""
        if first.order or first.limit or first.entity.best or second.entity.best:
            return
        if first.groups:
            if plain_ask(second):
                yield from self._named_groups(second, first)
            return
        measured = [e for e in second.show if isinstance(e, Tally)]
        if plain_ask(first) and measured and len(measured) == len(second.show) and not second.groups:
            yield from self._grouped_by(second, first)
        elif not plain_ask(first) and first.entity == second.entity and not (second.groups or second.order):
            yield replace(first, show=(*first.show, *second.show)), 0.0
        elif plain_ask(first) and plain_ask(second) and first.entity.table != second.entity.table:
            yield from self._side_by_side(first, second)
        elif second.groups and plain_ask(first):
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
            rows = self._of_groups(measured, entity, path)
            if rows is not None and not entity.having:
                yield (
                    replace(measured, entity=rows, groups=keys, group_show=fields, named_groups=bool(named.show)),
                    far + 0.1,
                )

    def _named_groups(self, named: Ask, grouped: Ask) -> Made:
        """ "show the stadium name and the number of concerts in each stadium": more columns of the group."""
        tables = {f.column.table for f in grouped.groups if isinstance(f, Field)}
        if named.entity.table not in tables or named.entity.conditions or named.entity.having:
            return
        home = next(f for f in grouped.groups if isinstance(f, Field) and f.column.table == named.entity.table)
        if named.show and not self._says_group(home):
            return
        show = tuple(expression_moved(e, home.path) for e in named.show)
        fields = tuple(e for e in show if isinstance(e, Field))
        kept = grouped.group_show if grouped.named_groups or not fields else ()
        shown = tuple(dict.fromkeys((*fields, *kept)))
        yield replace(grouped, group_show=shown, named_groups=bool(fields) or grouped.named_groups), 0.0

    def _side_by_side(self, first: Ask, second: Ask) -> Made:
        if first.entity.kind or second.entity.kind or first.entity.having or second.entity.having or second.limit:
            return
        for path, far in self._bind.reach(first.entity.table, second.entity.table):
            left = first.show or display(self._words, first.entity.table, self._language)
            right = tuple(
                expression_moved(e, path)
                for e in (second.show or display(self._words, second.entity.table, self._language))
            )
            conditions = (*first.entity.conditions, *(moved(c, path) for c in second.entity.conditions))
            order = tuple(replace(o, by=expression_moved(o.by, path)) for o in second.order)
            yield Ask(replace(first.entity, conditions=conditions), (*left, *right), order=order), far + 0.2

    def wishes_and(self, wishes: Wishes, ask: Ask) -> Made:
        """ "ids, names and the number of paragraphs in each document": the columns are the group's, or the rows'."""
        if not all(is_plain(w) for w in wishes):
            return
        home = next((f for f in ask.groups if isinstance(f, Field)), None)
        if home is None and not plain_ask(ask):
            return
        table = home.column.table if home else ask.entity.table
        if home is not None and not self._says_group(home):
            return
        wishes = self._all_names(wishes, table)
        for fields, cost in self._fields(wishes, table):
            if any(many(f.path) for f in fields):
                continue
            if home is None:
                yield replace(ask, show=(*fields, *(ask.show if ask.named else ())), named=True), cost
            else:
                shown = tuple(field_moved(f, home.path) for f in fields)
                kept = ask.group_show if ask.named_groups or any(isinstance(f, Bucket) for f in ask.group_show) else ()
                yield replace(ask, group_show=tuple(dict.fromkeys((*shown, *kept))), named_groups=True), cost

    def and_wishes(self, ask: Ask, wishes: Wishes) -> Made:
        if all(is_plain(w) for w in wishes):
            if not ask.named and not ask.show and not ask.groups:
                # "the ten dearest products and their prices": the products too
                ask = replace(ask, show=display(self._words, ask.entity.table, self._language), named=True)
            yield from self.wishes_and(wishes, ask)
            return
        for shown, cost in self._fields(wishes, ask.entity.table):
            if not plain_ask(ask) and all(isinstance(w, Want) and w.function for w in wishes) and not ask.groups:
                show = tuple(expression_of(w, f) for w, f in zip(wishes, shown, strict=True) if isinstance(w, Want))
                if all(self._fits(e) for e in show) and not any(many(f.path) for f in shown):
                    yield replace(ask, show=(*ask.show, *show)), cost

    def instead(self, ask: Ask, wishes: Wishes) -> Made:
        """A second sentence says what to list: "… List the name and id."."""
        counts = [w for w in wishes if isinstance(w, WantCount)]
        if plain_ask(ask) and len(counts) == 1 and counts[0].entity.bare:
            yield from self._times_shown(ask, counts[0].entity, tuple(w for w in wishes if w is not counts[0]))
            return
        counted = isinstance(ask.show[0], Tally) if ask.show else False
        again = [w for w in wishes if isinstance(w, WantCount) and counted and w.entity.table == ask.entity.table]
        best = (ask.entity.best.by,) if ask.entity.best else ()
        measured = {e.function for e in (*ask.show, *best) if isinstance(e, Tally)}
        if any(
            isinstance(w, WantAgain) and w.function is not Function.COUNT and w.function not in measured for w in wishes
        ):
            return
        plain = tuple(w for w in wishes if not isinstance(w, WantAgain) and w not in again)
        if (
            not plain
            or not all(is_plain(w) for w in plain)
            or (len(plain) < len(wishes) and plain_ask(ask) and not measured)
        ):
            return
        if ask.groups or plain_ask(ask):
            # What was asked for by name stays; an entity that was only pointed at is shown by what is listed now.
            yield from self.wishes_and(plain, ask if ask.named else replace(ask, show=ask.show if ask.groups else ()))

    def _times_shown(self, ask: Ask, counted: Entity, wishes: Wishes) -> Made:
        """ "which companies have at least 4 members? show the name and the number of members"."""
        times = [c for c in ask.entity.conditions if isinstance(c, Related) and c.times]
        plain = len(ask.entity.conditions) == 1 and not (ask.order or ask.limit or ask.entity.best or ask.groups)
        if len(times) != 1 or not plain or times[0].conditions or not all(is_plain(w) for w in wishes):
            return
        if counted.kind is not None or times[0].path[-1].right != counted.table:
            return
        for rows, cost in self.count(counted):
            for made, more in self._grouped(rows, replace(ask.entity, conditions=()), cost, wishes):
                having = tuple(Having(Tally(Function.COUNT), op, n) for op, n in times[0].times)
                yield replace(made, entity=replace(made.entity, having=having)), more

    def instead_of(self, ask: Ask, wishes: Wishes, entity: Entity) -> Made:
        return self.instead(ask, wishes) if entity.bare else ()
