"""Rows that stand between two others: what is said of the far ones may be said of the row that leads there.

"Enzymes in a medicine that serve as inhibitors": the kind of effect stands in the row that ties the one to the other,
and it is that very row which is meant, not any other one of the same medicine.
"""

from core.answering.instant.meaning import Entity
from core.answering.instant.moving import moved
from core.answering.instant.paths import many
from core.answering.instant.reading import Condition, Field, Link, Path, Related


def crossed(path: Path, conditions: tuple[Condition, ...]) -> tuple[Path, tuple[Condition, ...]] | None:
    """The path to the rows in between, and all conditions as those of them; the same where none is said of them.

    None where it is counted or denied how many such rows there are: they would not be those on the way.
    """
    last = path[-1] if path else None
    back = [c for c in conditions if last is not None and _returns(c, last)]
    if last is None or last.many or not back:
        return path, conditions
    if len(path) == 1 or any(c.times or c.negated or c.best for c in back if isinstance(c, Related)):
        return None
    own = tuple(moved(c, (last,)) for c in conditions if c not in back)
    there = tuple(inner for c in back if isinstance(c, Related) for inner in c.conditions)
    return path[:-1], (*own, *there)


def _returns(condition: Condition, last: Link) -> bool:
    """Whether a condition goes back over the step that led here, and no further."""
    if not isinstance(condition, Related) or len(condition.path) != 1:
        return False
    step = condition.path[0]
    return (step.right, step.right_columns, step.left_columns) == (last.left, last.left_columns, last.right_columns)


def of_counted(entity: Entity, field: Field) -> bool:
    """Whether the column is one of rows of which it is told how many there are: "with two films at the top rate"."""
    counted = {c.path[-1].right for c in entity.conditions if isinstance(c, Related) and c.times}
    return many(field.path) and field.column.table in counted
