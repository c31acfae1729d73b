"""SQL in words, for people who do not read it: what is looked at, kept, counted and ordered."""

from collections.abc import Iterator

from sqlglot import exp

from core.answering import limits
from core.answering.conditions import filters_of
from core.answering.events import Explanation
from core.answering.sql_parts import Order, SqlParts
from core.answering.wording import Wording
from core.connections.guard import CheckedQuery
from core.connections.schema import Schema
from core.i18n import Phrase


def explain(query: CheckedQuery, schema: Schema, language: str) -> Explanation:
    """The query in words: one phrase for each thing it does, in the order a person thinks of them."""
    wording = Wording(SqlParts(query.sql, query.dialect, schema), language)
    steps = (*_steps(wording), *limits.of_blanks(query, wording.parts))
    return Explanation(
        tables=query.tables, steps=steps, limits=limits.said(query, wording), limited=bool(query.limited)
    )


def _steps(wording: Wording) -> Iterator[Phrase]:
    parts, listed = wording.parts, wording.listed
    if parts.tables:
        yield Phrase("answering.step_tables", {"tables": listed(map(wording.table, parts.tables), most=12)})
    yield from _joins(wording)
    filters = filters_of(wording)
    for found in filters:
        if found.words:
            yield Phrase("answering.step_filter", {"condition": found.words})
    if any(not found.words for found in filters):
        yield Phrase("answering.step_filter_unsaid")
    yield from _results(wording)
    if isinstance(parts.tree, exp.SetOperation):
        yield Phrase(f"answering.step_{type(parts.tree).__name__.lower()}")
    by = wording.of(parts.order.by) if parts.order is not None else ""
    if parts.order is not None and by:
        yield Phrase(_direction(wording, parts.order), {"by": by})
    if parts.limit is not None:
        yield Phrase("answering.step_limit", {"n": parts.limit})


def _direction(wording: Wording, order: Order) -> str:
    """The key of how rows are sorted: by amount, in time, or by name."""
    place = wording.parts.place(order.by)
    if wording.parts.grain(order.by) or (place and place.column.kind.temporal):
        return "answering.step_latest_first" if order.descending else "answering.step_earliest_first"
    if place and not place.column.kind.numeric:
        return "answering.step_z_to_a" if order.descending else "answering.step_a_to_z"
    return "answering.step_descending" if order.descending else "answering.step_ascending"


def _joins(wording: Wording) -> Iterator[Phrase]:
    """Which columns tie which tables together, each pair once."""
    said = set()
    for join in wording.parts.tree.find_all(exp.Join):
        condition = join.args.get("on")
        for equal in condition.find_all(exp.EQ) if condition is not None else ():
            left, right = wording.parts.place(equal.left), wording.parts.place(equal.right)
            if left and right and (left.table.key, right.table.key) not in said:
                said.add((left.table.key, right.table.key))
                values = {"left": wording.table(left.table), "right": wording.table(right.table)}
                own = left.column.name if right.table.primary_key == (right.column.name,) else right.column.name
                key = "answering.step_left_join" if join.side == "LEFT" else "answering.step_join"
                yield Phrase(key, {**values, "column": own})


def _results(wording: Wording) -> Iterator[Phrase]:
    """What the columns hold: amounts, for each of which things."""
    parts = wording.parts
    top = parts.top
    if top is None or not parts.selects:
        return
    calculated = [i for i, s in enumerate(parts.selects) if parts.place(s) is None and parts.grain(s) is None]
    kept = [i for i in range(len(parts.selects)) if i not in calculated]
    labels = wording.labels
    if calculated:
        yield Phrase("answering.step_calculate", {"what": wording.listed(labels[i] for i in calculated)})
    group = top.args.get("group")
    if group is not None and kept:
        yield Phrase("answering.step_group", {"by": wording.listed(labels[i] for i in kept)})
    elif kept:
        yield Phrase("answering.step_show", {"what": wording.listed((labels[i] for i in kept), most=10)})
    if top.args.get("distinct"):
        yield Phrase("answering.step_distinct")
