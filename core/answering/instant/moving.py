"""The same condition or expression seen from other rows: every join path in it begins with some more steps."""

from dataclasses import replace
from typing import TypeVar

from core.answering.instant.reading import (
    AllOf,
    AnyOf,
    Best,
    Bucket,
    ColumnRef,
    Compare,
    Condition,
    Course,
    Expression,
    Field,
    Having,
    Like,
    Link,
    Missing,
    OnDays,
    Path,
    Portion,
    Related,
    Share,
    Shared,
    Stated,
    Tally,
    Within,
)

C = TypeVar("C", bound=Condition)


def field_moved(field: Field, prefix: Path, drop: int = 0) -> Field:
    """The field reached over `prefix` first, after `drop` of its own steps are left out."""
    return replace(field, path=straight((*prefix, *field.path[drop:])))


def straight(path: Path) -> Path:
    """A path without going somewhere and at once back over the same to-one step."""
    out: list[Link] = []
    for link in path:
        if (
            out
            and not link.many
            and out[-1].many
            and link.right == out[-1].left
            and link.left_columns == out[-1].right_columns
        ):
            out.pop()
        else:
            out.append(link)
    return tuple(out)


def moved(condition: Condition, prefix: Path, drop: int = 0) -> Condition:
    """The condition for rows that lie before `prefix`; fields lose their first `drop` steps."""
    if isinstance(condition, Compare) and isinstance(condition.value, Field):
        other = field_moved(condition.value, prefix, drop)
        return replace(condition, field=field_moved(condition.field, prefix, drop), value=other)
    if isinstance(condition, Compare | Within | Like | Missing | OnDays):
        return replace(condition, field=field_moved(condition.field, prefix, drop))
    if isinstance(condition, Related):
        return replace(condition, path=(*prefix, *condition.path[drop:]))
    if isinstance(condition, Stated):
        return replace(condition, path=straight((*prefix, *condition.path[drop:])))
    if isinstance(condition, AnyOf):
        return AnyOf(tuple(moved(c, prefix, drop) for c in condition.options))
    if isinstance(condition, AllOf):
        return AllOf(tuple(moved(c, prefix, drop) for c in condition.parts))
    assert isinstance(condition, Shared)
    return replace(condition, field=field_moved(condition.field, prefix, drop))


def with_condition(conditions: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """The conditions with one more: said of rows that were spoken of already, it is said of those very rows.

    The president of a club in York is president of that club, and not of just any.
    """
    for place, old in enumerate(conditions):
        one = _of_one_row(old, new)
        if one is not None:
            return (*conditions[:place], one, *conditions[place + 1 :])
    return (*conditions, new)


def _of_one_row(first: Condition, second: Condition) -> Related | None:
    if not (isinstance(first, Related) and isinstance(second, Related)):
        return None
    if any(r.negated or r.times or r.best or not r.conditions for r in (first, second)):
        return None
    near, far = sorted((first, second), key=lambda r: len(r.path))
    rest = far.path[len(near.path) :]
    if far.path[: len(near.path)] != near.path:
        return None
    said = [_columns(r.conditions) for r in (near, far)]
    if None in said[0] | said[1] or said[0] & said[1]:
        return None  # one row has no two values in a column
    # The order on its way that has a screw in it: items are more rows, but of that very order.
    beyond = (Related(rest, far.conditions),) if any(step.many for step in rest) else None
    return replace(near, conditions=(*near.conditions, *(beyond or (moved(c, rest) for c in far.conditions))))


def _columns(conditions: tuple[Condition, ...]) -> frozenset[ColumnRef | None]:
    """The columns that conditions on one row speak of; None among them for what is said of other rows too."""
    found: set[ColumnRef | None] = set()
    for condition in conditions:
        if isinstance(condition, Compare | Within | Like | Missing | OnDays):
            found.add(condition.field.column)
        elif isinstance(condition, AnyOf | AllOf):
            found |= _columns(condition.options if isinstance(condition, AnyOf) else condition.parts)
        elif isinstance(condition, Related) and not (condition.negated or condition.times or condition.best):
            found |= _columns(condition.conditions)
        else:
            found.add(None)
    return frozenset(found)


def expression_moved(expression: Expression, prefix: Path) -> Expression:
    """The expression for rows that lie before `prefix`."""
    if isinstance(expression, Field):
        return field_moved(expression, prefix)
    if isinstance(expression, Bucket):
        return replace(expression, field=field_moved(expression.field, prefix))
    if isinstance(expression, Tally):
        if expression.field is not None:
            return replace(expression, field=field_moved(expression.field, prefix))
        return replace(expression, path=straight((*prefix, *expression.path)))
    if isinstance(expression, Share):
        inner = expression_moved(expression.of, prefix)
        assert isinstance(inner, Tally)
        return Share(inner)
    if isinstance(expression, Course):
        of, over = expression_moved(expression.of, prefix), expression_moved(expression.over, prefix)
        assert isinstance(of, Tally)
        assert isinstance(over, Bucket)
        return replace(expression, of=of, over=over)
    assert isinstance(expression, Portion)
    return replace(expression, conditions=tuple(moved(c, prefix) for c in expression.conditions))


def best_moved(best: Best, prefix: Path) -> Best:
    return replace(best, by=expression_moved(best.by, prefix))


def having_moved(having: Having, prefix: Path) -> Having:
    inner = expression_moved(having.tally, prefix)
    assert isinstance(inner, Tally)
    return replace(having, tally=inner)
