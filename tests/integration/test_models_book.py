"""The models that are set up, over the portal's own store."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from core.errors import InvalidInput, ModelRejectedKey, ModelUnavailable, NoModel, NotAllowed, NotFound, SettingsInvalid
from core.models.book import Models, NewModel, ensure_first_model
from core.models.budgets import StoreLedger, spend
from core.models.listening import Tokens
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import Settings
from core.stop import Stop
from core.store.sessions import Store
from core.store.tables import audit, model_calls, models
from tests.conftest import audit_over, vault_over
from tests.openai_stub import Cut, Hang, OpenAIStub, Refuse, Say

ADMIN = Actor(UUID(int=1), "Ada", Role.ADMIN)
VIEWER = Actor(UUID(int=2), "Vera", Role.VIEWER)
KEY = "sk-canary-of-this-test"


@pytest.fixture
def book(store: Store, settings: Settings) -> Models:
    return Models(store, vault_over(store), audit_over(store), settings)


def new(name: str = "House model", url: str = "http://127.0.0.1:9/v1", **fields: object) -> NewModel:
    return NewModel(**{"name": name, "provider": "compatible", "base_url": url, "model": "m", **fields})  # type: ignore[arg-type]


def problem_of(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    return str(error.value.values["problem"].key)  # type: ignore[attr-defined]


def test_the_first_model_becomes_the_default_and_its_key_is_sealed(book: Models, store: Store) -> None:
    first = book.connect(ADMIN, new(key=KEY))
    second = book.connect(ADMIN, new("Other", key=SecretStr(KEY)))
    assert first.is_default
    assert not second.is_default
    assert first.has_key
    with store.begin() as connection:
        kept = str(connection.execute(sa.select(models)).all()) + str(connection.execute(sa.select(audit)).all())
    assert KEY not in kept
    assert KEY not in repr(book.list(ADMIN))
    assert KEY not in repr(new(key=KEY))


def test_everybody_sees_the_models_and_only_administrators_their_addresses(book: Models) -> None:
    book.connect(ADMIN, new())
    assert [model.base_url for model in book.list(ADMIN)] == ["http://127.0.0.1:9/v1"]
    assert [(model.name, model.base_url) for model in book.list(VIEWER)] == [("House model", "")]
    with pytest.raises(NotAllowed):
        book.list(None)


def test_only_administrators_change_models(book: Models) -> None:
    known = book.connect(ADMIN, new())
    for change in (
        lambda: book.connect(VIEWER, new("x")),
        lambda: book.remove(VIEWER, known.id),
        lambda: book.make_default(VIEWER, known.id),
        lambda: book.test(VIEWER, known.id),
    ):
        with pytest.raises(NotAllowed):
            change()


def test_another_model_takes_over_when_the_default_goes(book: Models) -> None:
    first, second = book.connect(ADMIN, new("One")), book.connect(ADMIN, new("Two"))
    book.make_default(ADMIN, second.id)
    assert [(m.name, m.is_default) for m in book.list(ADMIN)] == [("Two", True), ("One", False)]
    book.remove(ADMIN, second.id)
    assert [(m.name, m.is_default) for m in book.list(ADMIN)] == [("One", True)]
    book.remove(ADMIN, first.id)
    assert book.list(ADMIN) == []
    with pytest.raises(NotFound):
        book.remove(ADMIN, first.id)
    with pytest.raises(NoModel), book.lease(VIEWER, "write_query"):
        pass


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"provider": "nobody"}, "unknown_provider"),
        ({"model": " "}, "model_needed"),
        ({"base_url": ""}, "address_needed"),
        ({"base_url": "http://169.254.169.254/"}, "address_forbidden"),
        ({"provider": "openai", "base_url": ""}, "key_needed"),
        ({"key": "sk-密钥"}, "key_wrong"),
        ({"key": "sk-one\nX-Evil: two"}, "key_wrong"),
        ({"prompt_price": 1.0}, "both_prices"),
        ({"prompt_price": -1.0, "completion_price": 1.0}, "wrong_price"),
        ({"prompt_price": float("nan"), "completion_price": 1.0}, "wrong_price"),
        ({"name": "Taken"}, "name_taken"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(book: Models, fields: dict[str, object], problem: str) -> None:
    book.connect(ADMIN, new("Taken"))
    with pytest.raises(InvalidInput) as refused:
        book.connect(ADMIN, NewModel(**{**vars(new()), **fields}))
    assert problem_of(refused) == f"models_core.{problem}"
    assert len(book.list(ADMIN)) == 1


def test_usual_addresses_names_and_prices_are_filled_in(book: Models) -> None:
    made = book.connect(ADMIN, NewModel("", "openai", "", "gpt-5.5", KEY))
    assert made.name == "OpenAI gpt-5.5"
    assert made.base_url == "https://api.openai.com/v1"
    assert made.prompt_price
    assert not made.prices_given
    own = book.connect(ADMIN, new("Own", prompt_price=0.5, completion_price=Decimal("1.25")))
    assert (own.prompt_price, own.completion_price, own.prices_given) == (Decimal("0.5"), Decimal("1.25"), True)


def test_a_key_that_is_left_alone_stays_but_follows_no_new_address(book: Models) -> None:
    with OpenAIStub(Say("ready")) as stub, OpenAIStub(Say("ready")) as elsewhere:
        made = book.connect(ADMIN, new(url=stub.url, key=KEY))
        book.connect(ADMIN, new("Renamed", url=stub.url), made.id)
        assert book.test(ADMIN, made.id).ok
        assert stub.requests[-1].headers["authorization"] == f"Bearer {KEY}"
        assert book.test(ADMIN, new(url=stub.url), made.id).ok
        assert stub.requests[-1].headers["authorization"] == f"Bearer {KEY}"
        for attempt in (
            lambda: book.connect(ADMIN, new(url=elsewhere.url), made.id),
            lambda: book.test(ADMIN, new(url=elsewhere.url), made.id),
        ):
            with pytest.raises(InvalidInput) as refused:
                attempt()
            assert problem_of(refused) == "models_core.key_again"
        book.connect(ADMIN, new("Renamed", url=elsewhere.url, key=""), made.id)
        assert book.test(ADMIN, made.id).ok
        assert KEY not in str(elsewhere.requests)


def test_a_key_sealed_with_another_secret_is_to_be_entered_again(
    book: Models, store: Store, settings: Settings
) -> None:
    book.connect(ADMIN, new(key=KEY))
    other = Models(store, vault_over(store, "another secret, after a mishap"), audit_over(store), settings)
    with pytest.raises(ModelRejectedKey), other.lease(VIEWER, "write_query"):
        pass


def test_a_test_says_what_happened_and_how_long_it_took(book: Models) -> None:
    with OpenAIStub(Say("ready")) as stub:
        report = book.test(ADMIN, new(url=stub.url, key=KEY))
        assert report.ok
        assert report.message.key == "models_core.works"
        assert 0 < report.seconds < 10
        assert "ready" in stub.requests[0].question
    with OpenAIStub(Refuse(401, f"no such key {KEY}")) as stub:
        report = book.test(ADMIN, new(url=stub.url, key=KEY))
        assert (report.ok, report.message.key) == (False, "errors.model_rejected_key")
        assert KEY not in report.detail
    assert book.list(ADMIN) == []


def test_a_lease_answers_and_the_call_is_settled_with_its_cost(book: Models, store: Store) -> None:
    with OpenAIStub(Say("SELECT 1", usage=(1000, 500))) as stub:
        book.connect(ADMIN, new(url=stub.url, prompt_price=1, completion_price=2))
        with book.lease(VIEWER, "write_query") as lease:
            assert "".join(lease.write([("user", "How many?")], Stop())) == "SELECT 1"
    with store.begin() as connection:
        [row] = connection.execute(sa.select(model_calls)).all()
    assert (row.state, row.person_id, row.model_name, row.task) == ("settled", VIEWER.id, "House model", "write_query")
    assert (row.prompt_tokens, row.completion_tokens, row.cost) == (1000, 500, Decimal("0.002"))


def test_a_failed_call_is_released_and_a_cut_one_settled_with_what_was_used(book: Models, store: Store) -> None:
    with OpenAIStub(Refuse(401), Cut("SELECT id FROM orders", 16)) as stub:
        book.connect(ADMIN, new(url=stub.url))
        for _ in range(2):
            with book.lease(VIEWER, "write_query") as lease, pytest.raises(ModelUnavailable):
                list(lease.write([("user", "How many?")], Stop()))
    with store.begin() as connection:
        rows = connection.execute(sa.select(model_calls).order_by(model_calls.c.created_at)).all()
    assert [row.state for row in rows] == ["released", "settled"]
    assert rows[1].completion_tokens > 0
    assert rows[1].cost is None


def test_a_chosen_model_is_asked_alone_and_auto_has_the_others_behind_it(book: Models) -> None:
    with OpenAIStub(Refuse(500, "x", {"Retry-After": "0"})) as failing, OpenAIStub(Say("SELECT 2")) as working:
        first = book.connect(ADMIN, new("First", url=failing.url))
        book.connect(ADMIN, new("Second", url=working.url))
        with book.lease(VIEWER, "t", first.id) as lease, pytest.raises(ModelUnavailable):
            list(lease.write([("user", "?")], Stop()))
        assert working.requests == []
        with book.lease(VIEWER, "t") as lease:
            assert lease.name == "Second"  # three failures have just put the default to rest
            assert "".join(lease.write([("user", "?")], Stop())) == "SELECT 2"
        with pytest.raises(NotFound), book.lease(VIEWER, "t", uuid4()):
            pass


def test_a_hanging_test_ends_by_the_portals_own_deadline(store: Store, settings: Settings) -> None:
    patient = settings.model_copy(update={"model_seconds": 0.5})
    book = Models(store, vault_over(store), audit_over(store), patient)
    with OpenAIStub(Hang(20)) as stub:
        report = book.test(ADMIN, new(url=stub.url))
    assert (report.ok, report.message.key) == (False, "errors.model_timed_out")
    assert report.seconds < 3


def test_spend_shows_administrators_everybody_and_others_themselves(store: Store, book: Models) -> None:
    ledger = StoreLedger(store)
    for actor, tokens, cost in ((ADMIN, 10, Decimal("0.5")), (VIEWER, 20, Decimal("0.25")), (VIEWER, 30, None)):
        ledger.settle(ledger.reserve(actor, "House model", "t"), Tokens(tokens, tokens), cost)
    ledger.release(ledger.reserve(VIEWER, "House model", "t"))
    ledger.reserve(VIEWER, "House model", "t")
    everybody = book.spend(ADMIN)
    assert [(s.calls, s.prompt_tokens, s.cost, s.unpriced) for s in everybody] == [
        (1, 10, Decimal("0.5"), 0),
        (2, 50, Decimal("0.25"), 1),
    ]
    assert [s.calls for s in book.spend(VIEWER)] == [2]
    assert spend(store, ADMIN, days=0) == []


def test_the_settings_set_up_a_model_at_the_first_start_only(book: Models, settings: Settings) -> None:
    given = settings.model_copy(
        update={"model_url": "https://api.deepseek.com/", "model_name": "deepseek-chat", "model_key": SecretStr(KEY)}
    )
    ensure_first_model(book, settings)
    assert book.list(SYSTEM) == []
    ensure_first_model(book, given)
    ensure_first_model(book, given)
    [made] = book.list(SYSTEM)
    assert (made.provider, made.model, made.is_default, made.has_key) == ("deepseek", "deepseek-chat", True, True)
    assert made.prompt_price


@pytest.mark.parametrize(
    "update", [{"model_url": "http://127.0.0.1:9/v1"}, {"model_name": "m"}, {"model_url": "x", "model_name": "m"}]
)
def test_half_a_model_in_the_settings_stops_the_start(book: Models, settings: Settings, update: dict[str, str]) -> None:
    with pytest.raises(SettingsInvalid, match="ASKWELL_MODEL_URL"):
        ensure_first_model(book, settings.model_copy(update=update))
