"""Whether a predicted query is right: gold and prediction run on the same read-only database, and rows are compared.

Gold queries come from the question set, and the databases are scratch or read-only: they run in the product's
read-only sessions, but past its guard, which would otherwise measure itself.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

from sqlglot import exp, parse_one

from core.connections.engines import ENGINES
from core.connections.runner import watched
from core.connections.session import MEGABYTE, Limits
from core.errors import ConnectionFailed, QueryFailed
from core.evaluation.metric import Grid, is_ordered, right
from core.evaluation.questions import Exercise
from core.evaluation.scratch import Loaded

SECONDS = 15.0
_LIMITS = Limits(seconds=SECONDS, rows=1_000_000, bytes=512 * MEGABYTE)
_ALIAS_IN_ORDER = "not supported (reference to group function)"
_REMEMBERED = 32  # gold results; questions of one database stand together in a set


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right by EXr and by strict EX; `gold_error` where no gold query gave rows to compare."""

    right: bool
    strict: bool
    gold_error: str = ""


@dataclass(frozen=True)
class Place:
    """A database of a run: its connection in the portal, and where it is."""

    connection_id: UUID
    loaded: Loaded

    @property
    def dialect(self) -> str:
        return ENGINES[self.loaded.kind].dialect.value


def weighed(
    exercise: Exercise, dialect: str, gold: Callable[[str], Grid | str], predicted: Callable[[int], Grid | str]
) -> Verdict:
    """The verdict on a prediction: `gold` gives the rows of a gold query, `predicted` the first so many of the
    prediction, or each of them why there are none."""
    golds = [(sql, gold(sql)) for sql in exercise.gold]
    usable = [(sql, grid) for sql, grid in golds if isinstance(grid, Grid)]
    if not usable:
        return Verdict(False, False, next((error for _, error in golds if isinstance(error, str)), ""))
    # A row more than any gold has is enough to know that there are too many.
    found = predicted(max(len(grid.rows) for _, grid in usable) + 1)
    if isinstance(found, str):
        return Verdict(False, False)
    compared = [(grid, is_ordered(sql, dialect)) for sql, grid in usable]
    return Verdict(
        any(right(grid, found, ordered) for grid, ordered in compared),
        any(right(grid, found, ordered, extra=0) for grid, ordered in compared),
    )


class Yardstick:
    """Judges predictions, and remembers gold results for the questions that share them."""

    def __init__(self) -> None:
        self._gold: OrderedDict[tuple[UUID, str], Grid | str] = OrderedDict()

    def judge(self, place: Place, exercise: Exercise, predicted_sql: str) -> Verdict:
        """Compare with every accepted gold query; any one counts. A prediction that fails or times out is wrong."""
        return weighed(
            exercise,
            place.dialect,
            lambda sql: self._gold_grid(place, sql),
            lambda rows: _fetch(place, predicted_sql, rows),
        )

    def _gold_grid(self, place: Place, sql: str) -> Grid | str:
        key = (place.connection_id, sql)
        if key not in self._gold:
            self._gold[key] = _fetch_gold(place, sql)
            if len(self._gold) > _REMEMBERED:
                self._gold.popitem(last=False)
        return self._gold[key]


def _fetch_gold(place: Place, sql: str) -> Grid | str:
    """All rows of a gold query, or why there are none."""
    found = _fetch(place, sql, _LIMITS.rows)
    if place.loaded.kind == "mariadb" and isinstance(found, str) and _ALIAS_IN_ORDER in found:
        return _fetch(place, _with_aliases_told(sql), _LIMITS.rows)
    return found


def _with_aliases_told(sql: str) -> str:
    """The same MySQL query in which ORDER BY says what its aliases stand for: MariaDB knows them only by themselves."""
    tree = parse_one(sql, dialect="mysql")
    for select in list(tree.find_all(exp.Select)):
        meant = {shown.alias: shown.this for shown in select.expressions if isinstance(shown, exp.Alias)}
        for column in list(select.args["order"].find_all(exp.Column)) if select.args.get("order") else ():
            if not column.table and column.name in meant:
                column.replace(meant[column.name].copy())
    return tree.sql("mysql")


def _fetch(place: Place, sql: str, rows: int) -> Grid | str:
    """The first `rows` rows of a query, or why there are none."""
    engine = ENGINES[place.loaded.kind]
    try:
        with closing(engine.open(place.loaded.target, _LIMITS)) as session, watched(session):
            fetched = session.read(sql, rows)
    except (QueryFailed, ConnectionFailed) as error:
        return error.detail or str(error)
    return Grid(len(fetched.columns), fetched.rows)
