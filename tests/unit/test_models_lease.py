"""A lease on scripted models: pieces, retries, fallback, stop, and what is written down."""

import threading
import time
from decimal import Decimal

import httpx2
import openai
import pytest

from core.breaker import Breaker
from core.errors import ModelBroken, ModelRateLimited, ModelTimedOut, ModelUnavailable, Stopped
from core.models.listening import Tokens
from core.models.routing import ModelLease
from core.stop import Stop
from tests.doubles import QuietLedger, Says, ScriptedModel, candidate, lease_on

QUESTION = [("system", "Be brief."), ("user", "How many?")]


def whole(lease: ModelLease, stop: Stop | None = None) -> str:
    return "".join(lease.write(QUESTION, stop or Stop()))


def busy(seconds: str = "0.05") -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://models.example.com/")
    response = httpx2.Response(429, request=request, headers={"retry-after": seconds})
    return openai.RateLimitError("busy", response=response, body=None)


def down() -> httpx2.ConnectError:
    return httpx2.ConnectError("refused")


def test_an_answer_comes_in_pieces_and_is_accounted_for() -> None:
    ledger = QuietLedger()
    lease = lease_on(ScriptedModel(Says("SELECT count(*)", usage=(1000, 100))), ledger=ledger)
    pieces = list(lease.write(QUESTION, Stop()))
    assert len(pieces) == 3
    assert "".join(pieces) == "SELECT count(*)"
    assert list(ledger.ends.values()) == [(Tokens(1000, 100), Decimal("0.0012"))]
    assert lease.usage.prompt_tokens == 1000
    assert lease.usage.cost == Decimal("0.0012")
    assert lease.usage.sent == ("system:\nBe brief.", "user:\nHow many?")


def test_a_busy_model_is_asked_again_after_the_wait_it_named() -> None:
    model = ScriptedModel(busy("0.3"), "SELECT 1")
    started = time.monotonic()
    assert whole(lease_on(model)) == "SELECT 1"
    assert 0.3 <= time.monotonic() - started < 3
    assert len(model.asked) == 2


def test_three_requests_are_the_most_for_one_question() -> None:
    model = ScriptedModel(busy("0"))
    ledger = QuietLedger()
    lease = lease_on(model, ledger=ledger)
    with pytest.raises(ModelRateLimited):
        whole(lease)
    assert len(model.asked) == 3
    assert lease.exhausted
    assert list(ledger.ends.values()) == [None, None, None]


def test_a_wait_longer_than_the_deadline_is_not_waited_for() -> None:
    model = ScriptedModel(busy("3600"))
    started = time.monotonic()
    with pytest.raises(ModelRateLimited):
        whole(lease_on(model))
    assert time.monotonic() - started < 1
    assert len(model.asked) == 1


def test_auto_goes_on_to_the_next_model_without_waiting() -> None:
    first, second = ScriptedModel(busy("3600")), ScriptedModel("SELECT 2")
    lease = lease_on(first, second)
    assert lease.name == "Scripted 1"
    assert whole(lease) == "SELECT 2"
    assert lease.name == "Scripted 2"
    assert lease.usage.model == "Scripted 2"


def test_a_stream_that_breaks_after_its_first_word_is_broken_and_not_repeated() -> None:
    ledger = QuietLedger()
    model = ScriptedModel(Says("SELECT id FROM ord", finish=None, usage=None))
    lease = lease_on(model, ScriptedModel("SELECT 2"), ledger=ledger)
    with pytest.raises(ModelBroken):
        whole(lease)
    assert len(model.asked) == 1
    [(tokens, cost)] = [end for end in ledger.ends.values() if end]
    assert tokens.completion > 0
    assert not tokens.reported
    assert cost is None


@pytest.mark.parametrize("finish", ["length", "max_tokens", "content_filter"])
def test_an_answer_that_is_not_whole_is_broken(finish: str) -> None:
    with pytest.raises(ModelBroken):
        whole(lease_on(ScriptedModel(Says("SELECT 1", finish=finish))))


def test_an_answer_without_an_end_is_broken() -> None:
    with pytest.raises(ModelBroken):
        whole(lease_on(ScriptedModel("x" * 300_000)))


def test_a_model_that_keeps_failing_rests_and_others_are_told_at_once() -> None:
    breaker = Breaker()
    failing = candidate(ScriptedModel(down()))
    with pytest.raises(ModelUnavailable):
        whole(lease_on(failing, breaker=breaker, seconds=30))
    model = ScriptedModel("SELECT 1")
    rested = lease_on(candidate(model), breaker=breaker)
    assert whole(rested) == "SELECT 1"
    with pytest.raises(ModelUnavailable, match="rests"):
        whole(lease_on(failing, breaker=breaker))


def test_a_model_that_says_nothing_times_out() -> None:
    release = threading.Event()

    def silent(messages: object) -> str:
        release.wait(5)
        return "too late"

    started = time.monotonic()
    with pytest.raises(ModelTimedOut):
        whole(lease_on(ScriptedModel(silent), seconds=0.3))
    assert time.monotonic() - started < 2
    release.set()


def test_stop_ends_the_wait_for_a_silent_model_at_once() -> None:
    release = threading.Event()
    stop = Stop()

    def silent(messages: object) -> str:
        threading.Timer(0.1, stop.ask).start()
        release.wait(5)
        return "too late"

    started = time.monotonic()
    with pytest.raises(Stopped):
        whole(lease_on(ScriptedModel(silent)), stop)
    assert time.monotonic() - started < 2
    release.set()


def test_stop_ends_a_pause_between_two_requests() -> None:
    stop = Stop()
    threading.Timer(0.2, stop.ask).start()
    started = time.monotonic()
    with pytest.raises(Stopped):
        whole(lease_on(ScriptedModel(busy("4"))), stop)
    assert time.monotonic() - started < 2


def test_closing_the_stream_early_still_settles_the_call() -> None:
    ledger = QuietLedger()
    lease = lease_on(ScriptedModel("SELECT count(*) FROM orders"), ledger=ledger)
    writing = lease.write(QUESTION, Stop())
    next(writing)
    writing.close()
    assert len(ledger.ends) == 1
    assert next(iter(ledger.ends.values()))


def test_a_conversation_is_recorded_once_and_in_order() -> None:
    lease = lease_on(ScriptedModel("one", "two"))
    list(lease.write(QUESTION, Stop()))
    list(lease.write([*QUESTION, ("assistant", "one"), ("user", "Again.")], Stop()))
    assert lease.usage.sent == ("system:\nBe brief.", "user:\nHow many?", "assistant:\none", "user:\nAgain.")


def test_a_provider_that_cannot_be_built_is_unavailable() -> None:
    broken = candidate(ScriptedModel("x"), key="hidden-key")

    def build(endpoint: object) -> ScriptedModel:
        raise ValueError("no such model with hidden-key")

    with pytest.raises(ModelUnavailable) as refused:
        whole(
            lease_on(broken.__class__(**{**vars(broken), "provider": type(broken.provider)("x", "", (), False, build)}))
        )
    assert "hidden-key" not in str(refused.value)
