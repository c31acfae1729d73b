"""Whether a predicted query is right, judged on a connection of the portal: both queries pass its guard, and run as the
person who asks may see the rows."""

from dataclasses import dataclass
from uuid import UUID

from core.answering.needs import Opened
from core.errors import AskwellError, QueryRefused, Stopped
from core.evaluation.metric import Grid
from core.evaluation.questions import Exercise
from core.evaluation.yardstick import Verdict, weighed

MOST_ROWS = 100_000  # of a result that is compared


@dataclass(frozen=True)
class Asked:
    """The connection that a run asks."""

    connection_id: UUID
    dialect: str


class ConnectionJudge:
    """Judges the predictions of one run, and remembers the last gold result for the questions that share it."""

    def __init__(self, connection: Opened) -> None:
        self._connection = connection
        self._last: tuple[str, Grid | str] = ("", "")

    def judge(self, place: Asked, exercise: Exercise, predicted_sql: str) -> Verdict:
        """Compare with every accepted gold query; any one counts. What fails, or has too many rows, is wrong."""
        return weighed(exercise, place.dialect, self._gold, lambda rows: rows_of(self._connection, predicted_sql, rows))

    def _gold(self, sql: str) -> Grid | str:
        if self._last[0] != sql:
            self._last = (sql, rows_of(self._connection, sql, MOST_ROWS))
        return self._last[1]


def rows_of(connection: Opened, sql: str, rows: int) -> Grid | str:
    """The first `rows` rows of a query, or the reason why there are none."""
    try:
        return Grid.of(connection.run(connection.check(sql), row_cap=min(rows, MOST_ROWS)))
    except Stopped:
        raise
    except QueryRefused as error:
        return str(error)
    except AskwellError as error:
        return error.detail or str(error)
