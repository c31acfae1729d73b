"""The best of some rows as a condition on them: "two films at the highest rate" may all have that rate."""

from dataclasses import replace

from core.answering.instant.meaning import Entity
from core.answering.instant.reading import Compare, Extreme, Field, Function, Op


def as_condition(entity: Entity) -> Entity:
    """The rows that are as good as the best of their whole table, where several of them may be meant; else as it is."""
    best = entity.best
    if best is None or not isinstance(best.by, Field) or best.by.path or best.n != 1 or best.skip:
        return entity
    if entity.conditions or entity.having or entity.kind is not None:
        return entity
    top = Extreme(Function.MAX if best.descending else Function.MIN, best.by)
    return replace(entity, best=None, conditions=(Compare(best.by, Op.EQ, top),))
