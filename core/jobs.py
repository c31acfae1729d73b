"""Work for later: what a lower part wants from above is deferred here by name, and a worker does it.

The queue is procrastinate's, in the portal's own PostgreSQL: a job outlives the process that deferred it.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from core.errors import NotFound, StoreUnreachable
from core.security.permissions import Action, Actor, require
from core.store.sessions import Store

QUEUE = "askwell"


@dataclass(frozen=True)
class JobRow:
    """One job as an administrator sees it. `status`: todo, doing, succeeded, failed, cancelled, aborting, aborted."""

    id: int
    name: str
    status: str
    arguments: Mapping[str, Any]
    attempts: int
    at: datetime | None


class Jobs:
    """The queue's near end: defer, watch, cancel. The far end is `core/worker.py`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._app = App(connector=SyncPsycopgConnector(conninfo=conninfo(store)))
        self._open = False
        self._opening = threading.Lock()

    def defer(self, name: str, **arguments: Any) -> int | None:
        """Have the job `name` done with these arguments (JSON values); None if the very same one waits already.

        Raises `StoreUnreachable`.
        """
        lock = name + ":" + ",".join(f"{key}={value}" for key, value in sorted(arguments.items()))
        try:
            task = self._opened().configure_task(name, queue=QUEUE, lock=lock, queueing_lock=lock)
            return task.defer(**arguments)
        except AlreadyEnqueued:
            return None
        except ConnectorException as error:
            raise StoreUnreachable(type(error.__cause__ or error).__name__) from error

    def list(self, actor: Actor | None, limit: int = 100) -> list[JobRow]:
        """The newest jobs first, at most `limit`."""
        require(actor, Action.SEE_JOBS)
        query = sa.text(
            "SELECT job.id, job.task_name, job.status, job.args, job.attempts, max(event.at) AS at"
            " FROM procrastinate_jobs job LEFT JOIN procrastinate_events event ON event.job_id = job.id"
            " GROUP BY job.id ORDER BY job.id DESC LIMIT :limit"
        )
        with self._store.begin() as connection:
            rows = connection.execute(query, {"limit": limit}).all()
        return [JobRow(r.id, r.task_name, r.status, r.args, r.attempts, r.at) for r in rows]

    def cancel(self, actor: Actor | None, job_id: int) -> None:
        """Take a waiting job out, and ask a running one to end. Raises `NotFound` where there is nothing to cancel."""
        require(actor, Action.CHANGE_JOBS, job_id)
        if not self._opened().job_manager.cancel_job_by_id(job_id, abort=True):
            raise NotFound

    def retry(self, actor: Actor | None, job_id: int) -> None:
        """Do a failed or cancelled job again. Raises `NotFound`."""
        require(actor, Action.CHANGE_JOBS, job_id)
        query = sa.text(
            "SELECT task_name, args FROM procrastinate_jobs"
            " WHERE id = :id AND status IN ('failed', 'cancelled', 'aborted')"
        )
        with self._store.begin() as connection:
            row = connection.execute(query, {"id": job_id}).first()
        if row is None:
            raise NotFound
        self.defer(row.task_name, **row.args)

    def _opened(self) -> App:
        with self._opening:
            if not self._open:
                self._app.open()
                self._open = True
        return self._app

    def close(self) -> None:
        """Let the queue's connections go."""
        if self._open:
            self._app.close()
            self._open = False


def conninfo(store: Store) -> str:
    """The store's address as libpq reads it: the same URL, which need not name SQLAlchemy's driver there."""
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", store.url)
