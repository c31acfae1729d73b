"""A real language model, small enough for a wheel, through our own provider row."""

import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from core.errors import ModelTooSmall, Stopped
from core.models.budgets import price_of
from core.models.providers import PROVIDERS, Endpoint
from core.models.routing import Candidate
from core.stop import Stop
from tests import small_model
from tests.doubles import lease_on


@pytest.fixture(scope="module")
def model() -> Iterator[Candidate]:
    with small_model.serving() as address:
        endpoint = Endpoint(address, small_model.MODEL, "", 60.0)
        price = price_of("compatible", small_model.MODEL, True, None, None)
        yield Candidate(uuid4(), small_model.MODEL, PROVIDERS["compatible"], endpoint, price)


def test_a_real_model_streams_and_its_tokens_are_counted(model: Candidate) -> None:
    lease = lease_on(model, seconds=60)
    asked = [("system", "You are a helpful assistant."), ("user", "What is the capital of France? One sentence.")]
    pieces = list(lease.write(asked, Stop()))
    assert len(pieces) > 2
    assert "".join(pieces).strip()
    assert 15 < lease.usage.prompt_tokens < 80
    assert len(pieces) - 5 <= lease.usage.completion_tokens <= len(pieces) + 5
    assert lease.usage.cost == 0


def test_a_real_model_is_stopped_while_it_talks(model: Candidate) -> None:
    stop = Stop()
    lease = lease_on(model, seconds=60)
    writing = lease.write([("user", "Count from 1 to 500, one number a line.")], stop)
    next(writing)
    asking = threading.Thread(target=stop.ask)
    asking.start()
    asking.join()  # however quick the model is, it has not said it all yet
    started = time.monotonic()
    with pytest.raises(Stopped):
        list(writing)
    assert time.monotonic() - started < 5
    assert lease.usage.completion_tokens > 0


def test_a_real_model_says_when_it_was_told_too_much(model: Candidate) -> None:
    with pytest.raises(ModelTooSmall):
        list(lease_on(model, seconds=60).write([("user", "order line customer " * 1500)], Stop()))
