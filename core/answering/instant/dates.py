"""Which date column time words speak of that name none: the rows' own, or that of what they belong to."""

from core.answering.instant.fields import Fields, nearest
from core.answering.instant.reading import ColumnRef, Field, Path
from core.answering.instant.schema_words import plain_words
from core.answering.instant.word_tables import directions
from core.answering.instant.words import root

_TIMELY = {"date", "year", "time", "at", "on", "day", "timestamp", "month", "created", "datetime", "of", "is", "in"}
# What is written down of rows later on: their own date is the one they began with.
_LATER = {
    root(word)
    for word in (
        "birth", "due", "returned", "discharged", "ended", "closed", "shipped", "delivered", "updated", "modified",
        "expired", "expiry", "required", "arrived", "arrival", "cancelled", "paid", "left", "finished", "completed",
        "resolved", "deleted",
    )
}  # fmt: skip
_TELLING = {root(word) for word in ("born", "died")}


def nearest_dates(binder: Fields, table: str, hint: str = "") -> list[tuple[Field, float]]:
    """The date columns that time words without a column speak of: the table's own, else its parents'.

    `hint` is a verb: "hired in 1993" means the date of hiring.
    """
    ways: list[tuple[Field, float]] = []
    hints = {hint} if hint else binder.hints
    hints = {word for one in hints for word in directions().get(one, (one,))}
    frontier: list[Path] = [()]
    for depth in range(3):
        for path in frontier:
            key = path[-1].right if path else table
            for column in binder.words.table(key).columns:
                field = Field(ColumnRef(key, column.name), column.kind, path)
                if not (binder.dated(field) or binder.yearly(field)):
                    continue
                unsaid = _unsaid(column.name, binder.words.table(key).name)
                # The year in which a winery was founded is no year of its wines.
                if not depth or not unsaid or hints & {root(w) for w in plain_words(column.name)}:
                    ways.append((field, 0.3 * depth + unsaid))
        if ways:
            hinted = [(f, 0.0) for f, _ in ways if hints & {root(w) for w in plain_words(f.column.column)}]
            # Who was born in 1990 has no other date of that year.
            return hinted or ([] if hints & _TELLING else nearest(ways))
        frontier = [
            (*path, link) for path in frontier for link in binder.words.paths.parents(path[-1].right if path else table)
        ]
    return ways


def _unsaid(column: str, table: str) -> float:
    """The cost of what a date's name says beyond being the date of its rows: a birth date is no usual one."""
    said = set(plain_words(column)) - _TIMELY - set(plain_words(table))
    own = {root(w) for w in plain_words(table)}
    said = {w for w in said if root(w) not in own}
    return 0.2 * len(said) + (0.4 if {root(w) for w in said} & _LATER else 0.0)
