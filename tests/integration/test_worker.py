"""The worker on a real queue: it does jobs, goes down quickly in the middle of one, and the next one carries on."""

import time
from collections.abc import Callable
from dataclasses import replace

from core.grounding.ground import Knowledge
from core.portal import Portal
from core.security.permissions import SYSTEM
from core.worker import Worker


class SlowKnowledge(Knowledge):
    """Takes a hundred steps of a twentieth of a second to build anything, and counts how often it began and ended."""

    def __init__(self) -> None:
        self.began = self.ended = 0

    def build(self, connection_id: object, watch: Callable[..., None] | None = None) -> None:
        self.began += 1
        for _ in range(100):
            time.sleep(0.05)
            if watch:
                watch(None)
        self.ended += 1


def waits_for(seen: Callable[[], bool], seconds: float = 15) -> bool:
    patience = time.monotonic() + seconds
    while not seen() and time.monotonic() < patience:
        time.sleep(0.05)
    return seen()


def test_a_worker_goes_down_in_the_middle_of_a_job_and_the_next_one_does_it_again(portal: Portal) -> None:
    knowledge = SlowKnowledge()
    portal = replace(portal, knowledge=knowledge)
    portal.jobs.defer("index", connection_id="0" * 32)
    first = Worker(portal)
    first.start()
    assert waits_for(lambda: knowledge.began == 1)
    started = time.monotonic()
    first.close()
    assert time.monotonic() - started < 4
    assert [job.status for job in portal.jobs.list(SYSTEM)] == ["todo"]
    second = Worker(portal)
    second.start()
    assert waits_for(lambda: knowledge.began == 2)
    second.close()


def test_a_job_that_was_done_is_not_done_again(portal: Portal) -> None:
    portal.jobs.defer("index", connection_id="0" * 32)  # a connection that is gone: nothing to do, and no failure
    worker = Worker(portal)
    worker.start()
    assert waits_for(lambda: [job.status for job in portal.jobs.list(SYSTEM)] == ["succeeded"])
    worker.close()
