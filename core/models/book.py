"""The models that are set up: who they are, which is the default, and a lease on one of them.

Keys go in and never come out: they are sealed, opened only to build a client, and forgotten when the address changes.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError

from core.breaker import Breaker
from core.errors import (
    InvalidInput,
    ModelRejectedKey,
    ModelUnavailable,
    NoModel,
    NotFound,
    SecretUnreadable,
    SettingsInvalid,
)
from core.i18n import Phrase
from core.models import budgets
from core.models.addresses import clean_address
from core.models.budgets import Spend, StoreLedger, price_of
from core.models.embeddings import Embedder
from core.models.providers import PROVIDERS, Endpoint, Provider
from core.models.routing import Candidate, Clients, ModelLease, Switchboard
from core.security.audit import Audit
from core.security.permissions import SYSTEM, Action, Actor, may, require
from core.security.vault import Vault
from core.settings import Settings
from core.stop import Stop
from core.store.sessions import Store
from core.store.tables import models

TEST_SECONDS = 20.0


@dataclass(frozen=True)
class NewModel:
    """A model as a person sets it up. `name` and `base_url` may stay empty for the usual ones.

    Prices are US dollars for a million tokens, both or none. A `key` of None keeps the one that is stored.
    """

    name: str
    provider: str
    base_url: str
    model: str
    key: SecretStr | str | None = field(default=None, repr=False)
    prompt_price: Decimal | float | None = None
    completion_price: Decimal | float | None = None


@dataclass(frozen=True)
class ModelInfo:
    """A model as people see it. `base_url` is empty for those who may not change models.

    Prices are US dollars for a million tokens: those given, or looked up where `prices_given` is False; None: unknown.
    """

    id: UUID
    name: str
    provider: str
    base_url: str
    model: str
    prompt_price: Decimal | None
    completion_price: Decimal | None
    prices_given: bool
    has_key: bool
    is_default: bool


@dataclass(frozen=True)
class Report:
    """How a test went: one sentence for a person, `detail` technical, `seconds` to the end of the answer."""

    ok: bool
    message: Phrase
    seconds: float
    detail: str = ""


class Models:
    """Every language model of the portal. Nothing is loaded or called before the first lease."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        audit: Audit,
        settings: Settings,
        providers: Mapping[str, Provider] = PROVIDERS,
    ) -> None:
        self._store, self._vault, self._audit, self._providers = store, vault, audit, providers
        self._board = Switchboard(StoreLedger(store), Clients(), Breaker(), settings.model_seconds)
        self._embedder = Embedder()

    def list(self, actor: Actor | None) -> list[ModelInfo]:
        """All models, the default first, then by name."""
        require(actor, Action.SEE_MODELS)
        rows = self._rows(sa.select(models).order_by(models.c.is_default.desc(), models.c.name))
        return [self._info(row, bool(actor and may(actor, Action.CHANGE_MODELS))) for row in rows]

    def connect(self, actor: Actor, new: NewModel, model_id: UUID | None = None) -> ModelInfo:
        """A model set up, or changed where `model_id` is given; the first one becomes the default.

        Raises `InvalidInput` that says what is wrong, `NotFound`.
        """
        require(actor, Action.CHANGE_MODELS, model_id or new.name)
        old = self._row(model_id) if model_id else None
        new = self._checked(new, old)
        row_id = model_id or uuid4()
        values = {
            "name": new.name,
            "provider": new.provider,
            "base_url": new.base_url,
            "model": new.model,
            "prompt_price": new.prompt_price,
            "completion_price": new.completion_price,
            "sealed_key": self._vault.seal(_plain(new.key), _identity(row_id)),
        }
        try:
            with self._store.begin() as connection:
                if old is None:
                    first = connection.scalar(sa.select(sa.func.count()).select_from(models)) == 0
                    connection.execute(models.insert().values(id=row_id, is_default=first, **values))
                else:
                    connection.execute(models.update().where(models.c.id == row_id).values(**values))
        except IntegrityError:
            raise InvalidInput(problem=Phrase("models_core.name_taken", {"name": new.name})) from None
        self._audit.note(
            actor, "models.connect", new.name, provider=new.provider, model=new.model, address=new.base_url
        )
        return self._info(self._row(row_id), True)

    def remove(self, actor: Actor, model_id: UUID) -> None:
        """Forget a model and its key; another one becomes the default if this was it. Raises `NotFound`."""
        require(actor, Action.CHANGE_MODELS, model_id)
        row = self._row(model_id)
        with self._store.begin() as connection:
            connection.execute(models.delete().where(models.c.id == model_id))
            if row["is_default"]:
                oldest = sa.select(models.c.id).order_by(models.c.created_at).limit(1).scalar_subquery()
                connection.execute(models.update().where(models.c.id == oldest).values(is_default=True))
        self._audit.note(actor, "models.remove", row["name"])

    def make_default(self, actor: Actor, model_id: UUID) -> None:
        """Ask this model unless a person chose another. Raises `NotFound`."""
        require(actor, Action.CHANGE_MODELS, model_id)
        row = self._row(model_id)
        with self._store.begin() as connection:
            connection.execute(models.update().values(is_default=models.c.id == model_id))
        self._audit.note(actor, "models.make_default", row["name"])

    def test(self, actor: Actor, what: NewModel | UUID, model_id: UUID | None = None) -> Report:
        """Ask the model for one word. `model_id` names the stored model whose key stands in for an empty one.

        Raises `InvalidInput`, `NotFound`; a model that does not answer is a report.
        """
        require(actor, Action.CHANGE_MODELS, model_id or "")
        started = time.monotonic()
        try:
            candidate = self._tried(what, model_id)
            board = replace(self._board, seconds=min(TEST_SECONDS, self._board.seconds), requests=2, breaker=Breaker())
            words = files(__package__).joinpath("probe.md").read_text(encoding="utf-8").strip()
            for _ in ModelLease([candidate], board, actor, "test").write([("user", words)], Stop()):
                pass
        except ModelUnavailable as error:
            message = Phrase(error.key, error.values)
            return Report(False, message, time.monotonic() - started, error.detail)
        self._board.breaker.succeeded(candidate.id)
        seconds = time.monotonic() - started
        return Report(True, Phrase("models_core.works", {"seconds": round(seconds, 1)}), seconds)

    @contextmanager
    def lease(self, actor: Actor, task: str, model_id: UUID | None = None) -> Iterator[ModelLease]:
        """The right to ask the chosen model for one `task`; without a choice the default, and others if it fails.

        Raises `NotFound`, and `NoModel` where none is set up.
        """
        require(actor, Action.ASK, task)
        yield ModelLease(self._candidates(model_id), self._board, actor, task)

    def spend(self, actor: Actor, days: int = 30) -> Sequence[Spend]:
        """What was used in the last `days`, dearest first: by everybody for an administrator, else by oneself."""
        require(actor, Action.SEE_MODELS)
        return budgets.spend(self._store, actor, days)

    def embedder(self) -> Embedder:
        """The model that turns texts into vectors; one for the whole portal."""
        return self._embedder

    def _rows(self, query: "sa.Select[Any]") -> Sequence[sa.RowMapping]:
        with self._store.begin() as connection:
            return connection.execute(query).mappings().all()

    def _row(self, model_id: UUID) -> sa.RowMapping:
        for row in self._rows(sa.select(models).where(models.c.id == model_id)):
            return row
        raise NotFound(str(model_id))

    def _candidates(self, model_id: UUID | None) -> Sequence[Candidate]:
        """The models to ask, best first; those that rest after failures come last."""
        if model_id:
            return [self._candidate(self._row(model_id))]
        rows = self._rows(sa.select(models).order_by(models.c.is_default.desc(), models.c.created_at))
        if not rows:
            raise NoModel
        found, unreadable = [], None
        for row in sorted(rows, key=lambda row: self._board.breaker.rests(row["id"])):
            try:
                found.append(self._candidate(row))
            except ModelRejectedKey as error:
                unreadable = error
        if unreadable and not found:
            raise unreadable
        return found

    def _candidate(self, row: sa.RowMapping) -> Candidate:
        endpoint = Endpoint(row["base_url"], row["model"], self._key(row), self._board.seconds)
        provider = self._providers[row["provider"]]
        price = price_of(row["provider"], row["model"], provider.free, row["prompt_price"], row["completion_price"])
        return Candidate(row["id"], row["name"], provider, endpoint, price)

    def _tried(self, what: NewModel | UUID, model_id: UUID | None) -> Candidate:
        """The candidate for a test: a stored model, or one that is being set up."""
        if isinstance(what, UUID):
            return self._candidate(self._row(what))
        new = self._checked(what, self._row(model_id) if model_id else None)
        endpoint = Endpoint(new.base_url, new.model, _plain(new.key), self._board.seconds)
        price = price_of(new.provider, new.model, False, None, None)
        return Candidate(uuid4(), new.name, self._providers[new.provider], endpoint, price)

    def _key(self, row: sa.RowMapping) -> str:
        try:
            return self._vault.open(row["sealed_key"], _identity(row["id"]))
        except SecretUnreadable as error:
            raise ModelRejectedKey(str(error)) from error

    def _checked(self, new: NewModel, old: sa.RowMapping | None) -> NewModel:
        """`new` with its gaps filled. Raises `InvalidInput` for the first thing that is wrong with it."""
        provider = self._providers.get(new.provider)
        if provider is None:
            raise _wrong("unknown_provider", provider=new.provider)
        if not new.model.strip():
            raise _wrong("model_needed")
        base_url = clean_address(new.base_url or provider.base_url, provider.endings)
        prices = [_price(price) for price in (new.prompt_price, new.completion_price)]
        if (prices[0] is None) != (prices[1] is None):
            raise _wrong("both_prices")
        key = _plain(new.key).strip()
        if new.key is None and old is not None and old["sealed_key"]:
            # A stored key goes only where it was meant to go.
            if (old["provider"], old["base_url"]) != (new.provider, base_url):
                raise _wrong("key_again")
            key = self._key(old)
        if not key.isascii() or not key.isprintable() or " " in key:
            raise _wrong("key_wrong")
        if provider.needs_key and not key:
            raise _wrong("key_needed", provider=provider.label)
        name = " ".join(new.name.split()) or f"{provider.label} {new.model.strip()}"
        return NewModel(name[:100], new.provider, base_url, new.model.strip(), SecretStr(key), *prices)

    def _info(self, row: sa.RowMapping, may_change: bool) -> ModelInfo:
        provider = self._providers[row["provider"]]
        price = price_of(row["provider"], row["model"], provider.free, row["prompt_price"], row["completion_price"])
        return ModelInfo(
            id=row["id"],
            name=row["name"],
            provider=row["provider"],
            base_url=row["base_url"] if may_change else "",
            model=row["model"],
            prompt_price=price.shown[0],
            completion_price=price.shown[1],
            prices_given=row["prompt_price"] is not None,
            has_key=bool(row["sealed_key"]),
            is_default=row["is_default"],
        )


def ensure_first_model(book: Models, settings: Settings) -> None:
    """Set up the model that the settings name, if there is none yet. Raises `SettingsInvalid`."""
    if not settings.model_url and not settings.model_name:
        return
    if not settings.model_url or not settings.model_name:
        raise SettingsInvalid(problem="ASKWELL_MODEL_URL and ASKWELL_MODEL_NAME belong together; one is missing")
    if book.list(SYSTEM):
        return
    address = settings.model_url.rstrip("/")
    provider = next((name for name, row in PROVIDERS.items() if row.base_url == address), "compatible")
    try:
        book.connect(SYSTEM, NewModel("", provider, address, settings.model_name, settings.model_key))
    except InvalidInput as error:
        raise SettingsInvalid(problem=f"ASKWELL_MODEL_URL: {error}") from error


def load_default(book: Models) -> None:
    """Load the default model's library and build its client now, so that the first question does not wait for it."""
    with contextlib.suppress(ModelUnavailable), book.lease(SYSTEM, "load") as lease:
        _ = lease.chat


def _identity(model_id: UUID) -> str:
    return f"models:{model_id}"


def _plain(key: SecretStr | str | None) -> str:
    return key.get_secret_value() if isinstance(key, SecretStr) else key or ""


def _price(price: Decimal | float | None) -> Decimal | None:
    if price is None:
        return None
    exact = Decimal(str(price))
    if not exact.is_finite() or exact < 0:
        raise _wrong("wrong_price")
    return exact


def _wrong(what: str, **values: object) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"models_core.{what}", values))
