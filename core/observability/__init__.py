"""What is happening and how long it takes: spans, counters, and the log.

A span always works: with nobody listening it costs a few microseconds.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prometheus_client import CollectorRegistry, Counter, Histogram

from core.observability.requests import Numbers

REGISTRY = CollectorRegistry()
STEP_SECONDS = Histogram(
    "askwell_step_seconds",
    "Seconds of each step of a question",
    ["step"],
    registry=REGISTRY,
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60),
)
QUESTIONS = Counter("askwell_questions_total", "Questions by how they ended", ["outcome", "rung"], registry=REGISTRY)
REFUSALS = Counter("askwell_refusals_total", "Statements the guard refused", registry=REGISTRY)
HASHING = Counter("askwell_password_rounds_total", "Rounds of hashing spent on passwords", registry=REGISTRY)

_timings: ContextVar["list[tuple[str, float]] | None"] = ContextVar("timings", default=None)


@contextmanager
def span(name: str) -> Iterator[None]:
    """Measure the block as the step `name`, in seconds."""
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        STEP_SECONDS.labels(name).observe(seconds)
        collected = _timings.get()
        if collected is not None:
            collected.append((name, seconds))


@contextmanager
def timings() -> Iterator[list[tuple[str, float]]]:
    """Collects `(step, seconds)` of every span inside, in the order they ended. Spans of other threads are not seen."""
    collected: list[tuple[str, float]] = []
    token = _timings.set(collected)
    try:
        yield collected
    finally:
        _timings.reset(token)


def configure_logging(level: str) -> None:
    """One line an event on standard error, with time, level, the number of the request, and place."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(request)s %(name)s %(message)s")
    for handler in logging.getLogger().handlers:
        if not any(isinstance(known, Numbers) for known in handler.filters):
            handler.addFilter(Numbers())
    for noisy in ("httpx", "httpx2", "httpcore", "openai", "alembic", "procrastinate", "watchdog", "urllib3"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
