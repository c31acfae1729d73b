"""Whether two conditions leave each other anything, and the condition that all other rows meet."""

from dataclasses import replace

from core.answering.instant.reading import Compare, Condition, Extreme, Op, Related, Within

_NEGATED = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}


def excludes(first: Condition, second: Condition) -> bool:
    """Whether no row can meet both: one column with two values, or two windows said one after the other."""
    if isinstance(first, Within) and isinstance(second, Within):
        return first.field == second.field
    if isinstance(first, Compare) and isinstance(second, Compare):
        same = first.field == second.field and first.op is second.op is Op.EQ
        return same and first.value != second.value
    return False


def opposite(condition: Condition) -> Condition | None:
    """The condition that the others meet, where it is one for sure."""
    if isinstance(condition, Related) and not condition.times and not condition.best:
        return replace(condition, negated=not condition.negated)
    if isinstance(condition, Compare) and not isinstance(condition.value, Extreme):
        return replace(condition, op=_NEGATED[condition.op])
    return None
