"""A lease on a model: one question's right to ask it, a few times and for so long, with every request accounted for.

A lease holds the models that may be asked, best first. With one of them chosen by a person it stays with that one;
with "Auto" it goes on to the next when one fails before its first word.
"""

import random
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from core.breaker import Breaker
from core.errors import ModelRejectedKey, ModelTooSmall, ModelUnavailable
from core.models.budgets import Ledger, Price
from core.models.failures import Failure, clean_detail, read_failure
from core.models.listening import Message, Meter, Tokens, listen
from core.models.providers import Endpoint, Provider
from core.observability import span
from core.security.permissions import Actor
from core.stop import Stop

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

MOST_REQUESTS = 3  # of one question, mends and retries together
_FIRST_WAIT = 0.5  # seconds, doubled with each request


@dataclass(frozen=True)
class Candidate:
    """A model that a lease may ask."""

    id: UUID
    name: str
    provider: Provider
    endpoint: Endpoint
    price: Price


@dataclass(frozen=True)
class LeaseUsage:
    """What a lease has used so far: tokens, US dollars (None: not known), and every text that was sent, once each."""

    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = Decimal(0)
    sent: tuple[str, ...] = ()

    def plus(self, model: str, tokens: Tokens, cost: Decimal | None) -> "LeaseUsage":
        return replace(
            self,
            model=model,
            prompt_tokens=self.prompt_tokens + tokens.prompt,
            completion_tokens=self.completion_tokens + tokens.completion,
            cost=None if self.cost is None or cost is None else self.cost + cost,
        )


class Clients:
    """Built clients, one for each model, made anew when its address, key or name changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built: dict[UUID, tuple[Endpoint, BaseChatModel]] = {}
        self._plain: set[tuple[str, str]] = set()

    def of(self, candidate: Candidate) -> "BaseChatModel":
        """The client of this model. Raises `ModelUnavailable` where its library will not have it."""
        wanted = candidate.endpoint
        if self._is_plain(wanted):
            wanted = replace(wanted, plain=True)
        with self._lock:
            endpoint, chat = self._built.get(candidate.id, (None, None))
        if chat is None or endpoint != wanted:
            try:
                chat = candidate.provider.build(wanted)
            except (ValueError, TypeError, ImportError) as error:
                raise ModelUnavailable(clean_detail(str(error), (wanted.key,))) from None
            with self._lock:
                self._built[candidate.id] = (wanted, chat)
        return chat

    def make_plain(self, endpoint: Endpoint) -> bool:
        """Leave optional parameters out for this model from now on; False if they are left out already."""
        if self._is_plain(endpoint):
            return False
        self._plain.add((endpoint.base_url, endpoint.model))
        return True

    def _is_plain(self, endpoint: Endpoint) -> bool:
        return endpoint.plain or (endpoint.base_url, endpoint.model) in self._plain


@dataclass(frozen=True)
class Switchboard:
    """What all leases of a process share. `seconds` is how long models may take for one question, all in all."""

    ledger: Ledger
    clients: Clients
    breaker: Breaker
    seconds: float
    requests: int = MOST_REQUESTS
    clock: Callable[[], float] = time.monotonic


class ModelLease:
    """The right to ask one of `candidates` (best first; one or more). For one thread."""

    def __init__(self, candidates: Sequence[Candidate], board: Switchboard, actor: Actor, task: str) -> None:
        self._candidates = list(candidates)
        self._board, self._actor, self._task = board, actor, task
        self._left = board.seconds
        self._requests = 0
        self._used = LeaseUsage(model=candidates[0].name)
        self._sent: list[Message] = []

    @property
    def name(self) -> str:
        """The model that is asked next, as people call it."""
        return self._candidates[0].name

    @property
    def chat(self) -> "BaseChatModel":
        """That model itself, for what `write` does not do. Whoever uses it calls `settle`."""
        return self._board.clients.of(self._candidates[0])

    @property
    def usage(self) -> LeaseUsage:
        """What was used so far, also by requests that failed."""
        return replace(self._used, sent=tuple(f"{who}:\n{text}" for who, text in self._sent))

    @property
    def exhausted(self) -> bool:
        """Whether no further request is allowed."""
        return self._requests >= self._board.requests or self._left <= 0

    def write(self, messages: Sequence[Message], stop: Stop) -> Generator[str, None, str]:
        """The model's answer in pieces as they come, and the whole of it at last.

        A request that fails before its first word is made again where that can help, by the next model under
        "Auto". Raises `Stopped`, or `ModelUnavailable` and its kinds.
        """
        self._sent += [message for message in messages if message not in self._sent]
        while True:
            meter = Meter(messages)
            failure = yield from self._ask(messages, meter, stop)
            if failure is None:
                return meter.text
            if meter.length or not self._can_go_on(failure, stop):
                raise failure.error

    def settle(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Account for a call that was made through `chat`."""
        candidate, tokens = self._candidates[0], Tokens(prompt_tokens, completion_tokens)
        self._account(self._board.ledger.reserve(self._actor, candidate.name, self._task), candidate, tokens)

    def _ask(self, messages: Sequence[Message], meter: Meter, stop: Stop) -> Generator[str, None, Failure | None]:
        """One request to the first candidate; what went wrong with it, if anything."""
        candidate, board = self._candidates[0], self._board
        if not board.breaker.admits(candidate.id):
            return Failure(
                ModelUnavailable(f"{candidate.name} failed several times just now and rests for some seconds")
            )
        try:
            chat = board.clients.of(candidate)
        except ModelUnavailable as unbuilt:
            return Failure(unbuilt)
        self._requests += 1
        call = board.ledger.reserve(self._actor, candidate.name, self._task)
        started = board.clock()
        try:
            with span("model"):
                error = yield from listen(chat, messages, meter, stop, self._left)
        finally:
            self._left -= board.clock() - started
            self._account(call, candidate, meter.tokens)
        if error is None:
            board.breaker.succeeded(candidate.id)
            return None
        failure = read_failure(error, meter.heard, (candidate.endpoint.key,))
        if not isinstance(failure.error, ModelRejectedKey | ModelTooSmall) and not failure.plainer:
            board.breaker.failed(candidate.id)
        return failure

    def _account(self, call: UUID, candidate: Candidate, tokens: Tokens) -> None:
        if tokens == Tokens():
            self._board.ledger.release(call)
            return
        cost = candidate.price.cost(tokens)
        self._used = self._used.plus(candidate.name, tokens, cost)
        self._board.ledger.settle(call, tokens, cost)

    def _can_go_on(self, failure: Failure, stop: Stop) -> bool:
        """Whether to ask again; if so, all is ready for it: fewer parameters, the next model, or a pause made."""
        if self.exhausted:
            return False
        if failure.plainer and self._board.clients.make_plain(self._candidates[0].endpoint):
            return True
        if len(self._candidates) > 1:
            self._candidates.pop(0)
            return True
        wait = self._pause_before(failure)
        if wait is None or wait >= self._left:
            return False
        self._left -= wait
        _pause(wait, stop)
        return True

    def _pause_before(self, failure: Failure) -> float | None:
        """Seconds to wait before the same model is asked again; None: not at all."""
        if not failure.again:
            return None
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - only so that not everybody comes back at once
        own: float = _FIRST_WAIT * 2 ** (self._requests - 1) * jitter
        return own if failure.wait is None else failure.wait + jitter / 10


def _pause(seconds: float, stop: Stop) -> None:
    """Sleep, unless somebody asks to stop. Raises `Stopped`."""
    woken = threading.Event()
    with stop.reaching(woken.set):
        woken.wait(seconds)
    stop.check()
