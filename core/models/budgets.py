"""What models cost: prices, a row for every call that is reserved before and settled after, and what was spent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from core.clock import Clock, utc_now
from core.models.listening import Tokens
from core.security.permissions import Action, Actor, may, require
from core.store.sessions import Store
from core.store.tables import model_calls, people

MILLION = 1_000_000
# Our providers as the price table calls them; what is not here has no public price list we could trust.
_PRICE_LISTS: Mapping[str, str] = {"openai": "openai", "anthropic": "anthropic", "deepseek": "deepseek"}


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens, as somebody gave them, or looked up in `price_list` for `model`."""

    prompt: Decimal | None = None
    completion: Decimal | None = None
    price_list: str = ""
    model: str = ""

    def cost(self, tokens: Tokens) -> Decimal | None:
        """US dollars for these tokens; None where the price or the count is unknown."""
        if self.prompt is not None and self.completion is not None:
            exact = (self.prompt * tokens.prompt + self.completion * tokens.completion) / MILLION
            return exact if tokens.reported or not exact else None
        return self._listed(tokens) if tokens.reported and self.price_list else None

    def _listed(self, tokens: Tokens) -> Decimal | None:
        from genai_prices import Usage, calc_price  # a table inside the package; nothing is fetched

        counted = Usage(
            input_tokens=tokens.prompt,
            output_tokens=tokens.completion,
            cache_read_tokens=min(tokens.cached, tokens.prompt),
        )
        try:
            found = calc_price(counted, self.model, provider_id=self.price_list)
        except (LookupError, ValueError):
            return None
        return Decimal(found.total_price)

    @property
    def shown(self) -> tuple[Decimal | None, Decimal | None]:
        """US dollars for a million tokens of prompt and of completion, for short prompts; None: unknown."""
        some = 1_000
        prompt, completion = self.cost(Tokens(prompt=some)), self.cost(Tokens(completion=some))
        return _per_million(prompt, some), _per_million(completion, some)


def _per_million(cost: Decimal | None, tokens: int) -> Decimal | None:
    return None if cost is None else (cost * MILLION / tokens).quantize(Decimal("0.0001"))


def price_of(provider: str, model: str, free: bool, prompt: Decimal | None, completion: Decimal | None) -> Price:
    """The price somebody gave; else nothing for a `free` provider; else that of the provider's public list."""
    if prompt is not None and completion is not None:
        return Price(prompt, completion)
    if free:
        return Price(Decimal(0), Decimal(0))
    return Price(price_list=_PRICE_LISTS.get(provider, ""), model=model)


class Ledger(Protocol):
    """Where calls are written down: `StoreLedger`, or a quiet one in tests."""

    def reserve(self, actor: Actor, model: str, task: str) -> UUID:
        """A row for a call that is about to be made."""
        ...

    def settle(self, call: UUID, tokens: Tokens, cost: Decimal | None) -> None:
        """What the call took in the end."""
        ...

    def release(self, call: UUID) -> None:
        """The call took nothing."""
        ...


class StoreLedger:
    """One row of `model_calls` for each request to a model."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reserve(self, actor: Actor, model: str, task: str) -> UUID:
        row = {"person_id": actor.id, "model_name": model, "task": task, "state": "reserved"}
        with self._store.begin() as connection:
            call: UUID = connection.execute(model_calls.insert().values(row).returning(model_calls.c.id)).scalar_one()
        return call

    def settle(self, call: UUID, tokens: Tokens, cost: Decimal | None) -> None:
        used = {"prompt_tokens": tokens.prompt, "completion_tokens": tokens.completion, "cost": cost}
        self._end(call, "settled", used)

    def release(self, call: UUID) -> None:
        self._end(call, "released", {})

    def _end(self, call: UUID, state: str, used: Mapping[str, object]) -> None:
        with self._store.begin() as connection:
            connection.execute(model_calls.update().where(model_calls.c.id == call).values(state=state, **used))


@dataclass(frozen=True)
class Spend:
    """What one person used of one model. `cost` in US dollars sums what is known; `unpriced` calls are not in it."""

    person: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal
    unpriced: int


def spend(store: Store, actor: Actor, days: int = 30, clock: Clock = utc_now) -> list[Spend]:
    """What was used in the last `days`, dearest first: by everybody for an administrator, else by the actor alone."""
    require(actor, Action.SEE_MODELS)
    calls = model_calls.c
    name = sa.func.coalesce(people.c.name, "")
    query = (
        sa.select(
            name.label("person"),
            calls.model_name,
            sa.func.count().label("calls"),
            sa.func.sum(calls.prompt_tokens).label("prompt_tokens"),
            sa.func.sum(calls.completion_tokens).label("completion_tokens"),
            sa.func.coalesce(sa.func.sum(calls.cost), 0).label("cost"),
            sa.func.count().filter(calls.cost.is_(None)).label("unpriced"),
        )
        .select_from(model_calls.outerjoin(people, people.c.id == calls.person_id))
        .where(calls.state == "settled", calls.created_at >= clock() - timedelta(days=days))
        .group_by(name, calls.person_id, calls.model_name)
        .order_by(sa.desc("cost"), sa.desc("calls"), name)
    )
    if not may(actor, Action.CHANGE_MODELS):
        query = query.where(calls.person_id == actor.id)
    with store.begin() as connection:
        rows = connection.execute(query).all()
    return [
        Spend(r.person, r.model_name, r.calls, r.prompt_tokens, r.completion_tokens, Decimal(r.cost), r.unpriced)
        for r in rows
    ]
