"""Does the jobs: job name -> function. Runs in a thread of the server, or alone as `python -m core.worker`."""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException

from core.errors import Stopped, StoreUnreachable
from core.evaluation.runs import JOB as EVALUATE
from core.jobs import QUEUE, conninfo
from core.portal import Portal
from core.stop import Stop

_log = logging.getLogger(__name__)
_TRY_AGAIN = 2.0  # seconds, when the store is away
LOOK_AT_TRAIL = 3600.0  # seconds between two verifications of the whole trail
LOOK_FOR_STALLED = 20.0  # seconds between two looks for jobs whose worker died


def job_functions(portal: Portal, stop: Stop) -> dict[str, Callable[..., Any]]:
    """What each job name means. A job looks at `stop` between its steps; one that ends so is done again later."""

    def index(connection_id: str) -> None:
        stop.check()
        portal.knowledge.build(UUID(connection_id), lambda _: stop.check())

    def evaluate(run_id: str) -> None:
        stop.check()
        portal.evaluation.work(UUID(run_id), stop)

    return {"index": index, EVALUATE: evaluate}


class Worker:
    """A worker in a thread of its own; `close` lets running jobs end and comes back when they have."""

    def __init__(self, portal: Portal, concurrency: int = 2) -> None:
        self._portal, self._concurrency = portal, concurrency
        self._stop = Stop()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread.start()

    def close(self, patience: float = 10.0) -> None:
        """Take no more jobs; wait at most `patience` seconds for running ones. What is cut off is done again later."""
        self._stop.ask()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
            self._thread.join(patience)

    def _run(self) -> None:
        self._task = self._loop.create_task(self._work())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.close()

    async def _work(self) -> None:
        while True:
            try:
                await self._take_jobs()
            except (ConnectorException, psycopg.Error, OSError):
                _log.warning("the job queue does not answer; trying again")
                await asyncio.sleep(_TRY_AGAIN)

    async def _take_jobs(self) -> None:
        app = App(connector=PsycopgConnector(conninfo=conninfo(self._portal.store), min_size=1, max_size=4))
        again = RetryStrategy(max_attempts=1000, wait=0, retry_exceptions={Stopped})
        for name, function in job_functions(self._portal, self._stop).items():
            app.task(name=name, queue=QUEUE, retry=again)(function)
        async with app.open_async():
            looking = asyncio.create_task(_requeue_stalled(app))
            watching = asyncio.create_task(_watch_the_trail(self._portal))
            try:
                await app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self._concurrency,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=5,
                    fetch_job_polling_interval=5,
                )
            finally:
                looking.cancel()
                watching.cancel()


async def _requeue_stalled(app: App) -> None:
    """Give jobs back to the queue whose worker is gone: after `kill -9` they go on where they were."""
    while True:
        with contextlib.suppress(ConnectorException):
            for job in await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=LOOK_FOR_STALLED):
                await app.job_manager.retry_job(job)
        await asyncio.sleep(LOOK_FOR_STALLED / 2)


async def _watch_the_trail(portal: Portal) -> None:
    """Every hour: let rows go that are too old, and see whether all others are as they were written."""
    while True:
        with contextlib.suppress(StoreUnreachable):
            await asyncio.to_thread(portal.audit.let_go, portal.settings.audit_days)
            verdict = await asyncio.to_thread(portal.audit.examine)
            if not verdict.ok:
                _log.error("the trail is not as it was written: %s, row %s", verdict.problem, verdict.row)
        await asyncio.sleep(LOOK_AT_TRAIL)


def main() -> None:
    """A worker as a process of its own, until it is told to stop."""
    from core.observability import configure_logging
    from core.portal import open_portal
    from core.settings import read_settings

    settings = read_settings()
    configure_logging(settings.log_level)
    ended = threading.Event()
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, lambda *_: ended.set())
    with open_portal(settings) as portal:
        worker = Worker(portal)
        worker.start()
        ended.wait()
        worker.close()


if __name__ == "__main__":
    main()
