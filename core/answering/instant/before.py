"""What was shown before, as a follow-up speaks of it: rows that were listed or counted, and what was said of them."""

from dataclasses import replace

from core.answering.instant.meaning import Ask, Entity, Has, Predicate
from core.answering.instant.paths import many
from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    Best,
    Bucket,
    ColumnRef,
    Compare,
    Condition,
    Expression,
    Field,
    Like,
    Missing,
    Op,
    Path,
    Portion,
    Reading,
    Related,
    Share,
    Tally,
    Within,
)

_KEPT = 3  # columns that stay beside those asked for, so that one sees whose they are


def as_ask(reading: Reading) -> Ask:
    """A finished reading taken up again as a question."""
    plain = tuple(e for e in reading.show if isinstance(e, Field | Bucket))
    grouped = bool(reading.groups)
    entity = Entity(reading.table, conditions=reading.conditions, having=reading.having)
    return Ask(
        entity,
        tuple(e for e in reading.show if not grouped or not isinstance(e, Field | Bucket)),
        reading.groups,
        plain if grouped else (),
        reading.order,
        reading.limit,
        reading.distinct,
        named_groups=True,
    )


def has_figures(ask: Ask) -> bool:
    return any(isinstance(e, Tally | Share | Portion) for e in ask.show)


def only_figures(ask: Ask) -> bool:
    """Whether nothing but figures of all the rows was told: how many, their average."""
    return not ask.groups and bool(ask.show) and all(isinstance(e, Tally) for e in ask.show)


def listed(ask: Ask) -> Ask:
    """Rows of which only a figure was told, as a list."""
    return replace(ask, show=(), order=(), distinct=False) if only_figures(ask) else ask


def rows_shown(ask: Ask) -> Entity | None:
    """The rows that were listed or counted; None where groups or other figures were shown."""
    if ask.groups or ask.entity.having or (has_figures(ask) and not only_figures(ask)):
        return None
    if ask.limit:
        best = Best(ask.order[0].by, ask.order[0].descending, ask.limit) if ask.order else None
        return replace(ask.entity, best=best) if best else None
    return replace(ask.entity, distinct=False)


def with_names(ask: Ask, wanted: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """What was shown before, as far as there is room, and what is asked for now."""
    earlier = [e for e in ask.show if isinstance(e, Field) and not many(e.path) and e not in wanted]
    room = _KEPT - len([o for o in ask.order if ask.limit and o.by not in wanted])
    if not all(isinstance(e, Field) and not many(e.path) for e in wanted) or len(earlier) > room:
        return wanted
    return (*earlier, *wanted)


def all_in(show: tuple[Expression, ...], places: set[tuple[str, Path]]) -> bool:
    """Whether all that is shown stands in these rows."""
    return all(isinstance(e, Field) and (e.column.table, e.path) in places for e in show)


def says_nothing(predicate: Predicate, added: tuple[Condition, ...]) -> bool:
    """Whether every row meets it: each has a customer."""
    bare = isinstance(predicate, Has) and predicate.entity.bare and not (predicate.negated or predicate.times)
    return bare and all(isinstance(c, Related) and not many(c.path) for c in added)


def still_holding(
    earlier: tuple[Condition, ...], added: tuple[Condition, ...], keeps: bool
) -> tuple[Condition, ...] | None:
    """The earlier conditions that still hold beside those added; None where what was shown has no such rows."""
    about = {column for c in added for column in _about(c)}
    same = [c for c in earlier if set(_about(c)) and set(_about(c)) <= about]
    if not keeps:
        return tuple(c for c in earlier if c not in same)
    return None if any(_fixes(c) for c in same) and any(_fixes(c) for c in added) else earlier


def _fixes(condition: Condition) -> bool:
    """Whether it leaves one value, or one window: a second one holds for no row."""
    return isinstance(condition, Within) or (isinstance(condition, Compare) and condition.op is Op.EQ)


def _about(condition: Condition) -> tuple[ColumnRef, ...]:
    """The columns a condition fixes: a new value for them takes its place."""
    if isinstance(condition, Compare | Within | Like | Missing):
        return (condition.field.column,) if not (isinstance(condition, Compare) and condition.op is Op.NE) else ()
    if isinstance(condition, AnyOf):
        return tuple(c for o in condition.options for c in _about(o))
    if isinstance(condition, AllOf):
        return tuple(c for o in condition.parts for c in _about(o))
    if isinstance(condition, Related) and not condition.negated and not condition.times:
        return tuple(c for o in condition.conditions for c in _about(o))
    return ()
