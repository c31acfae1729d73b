"""Each protocol over real HTTP: streams, counts, and every way a server can misbehave."""

import gzip
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from core.errors import ModelBroken, ModelRateLimited, ModelRejectedKey, ModelTimedOut, ModelUnavailable, Stopped
from core.models.budgets import price_of
from core.models.line import Line
from core.models.providers import PROVIDERS, Endpoint
from core.models.routing import Candidate, ModelLease
from core.stop import Stop
from tests.doubles import QuietLedger, lease_on
from tests.openai_stub import Asked, Body, CallTool, Cut, Endless, Hang, OpenAIStub, Refuse, Say, Step

KEY = "sk-secret-of-this-test"
PROTOCOLS = ("compatible", "openai", "anthropic", "ollama")
QUESTION = [("system", "Be brief."), ("user", "How many orders?")]


def candidate_at(stub: OpenAIStub, provider: str, model: str = "m", key: str = KEY) -> Candidate:
    address = stub.url if provider in ("compatible", "openai") else stub.root
    endpoint = Endpoint(address, model, key, 5.0)
    return Candidate(uuid4(), model, PROVIDERS[provider], endpoint, price_of(provider, model, False, None, None))


def lease_at(stub: OpenAIStub, provider: str, seconds: float = 5.0, ledger: QuietLedger | None = None) -> ModelLease:
    return lease_on(candidate_at(stub, provider), seconds=seconds, ledger=ledger)


def whole(lease: ModelLease, stop: Stop | None = None) -> str:
    return "".join(lease.write(QUESTION, stop or Stop()))


@pytest.mark.parametrize("provider", PROTOCOLS)
def test_a_stream_arrives_whole_with_its_token_counts(provider: str) -> None:
    with OpenAIStub(Say("SELECT count(*) -- 订单\nFROM orders", pieces=7, usage=(321, 45))) as stub:
        lease = lease_at(stub, provider)
        assert whole(lease) == "SELECT count(*) -- 订单\nFROM orders"
        assert (lease.usage.prompt_tokens, lease.usage.completion_tokens) == (321, 45)
        [asked] = stub.requests
        assert "How many orders?" in asked.question
        assert "Be brief." in asked.text


@pytest.mark.parametrize("provider", PROTOCOLS)
def test_pieces_come_as_they_are_said(provider: str) -> None:
    with OpenAIStub(Say("one two three four", pieces=4, delay=0.15)) as stub:
        started = time.monotonic()
        arrived = [time.monotonic() - started for _ in lease_at(stub, provider).write(QUESTION, Stop())]
    assert len(arrived) >= 3
    assert arrived[-1] - arrived[0] > 0.25


@pytest.mark.parametrize("provider", PROTOCOLS)
@pytest.mark.parametrize(
    ("step", "error", "requests"),
    [
        (Refuse(401, f"bad key {KEY}"), ModelRejectedKey, 1),
        (Refuse(403, "not allowed"), ModelRejectedKey, 1),
        (Refuse(404, "no such model"), ModelUnavailable, 1),
        (Refuse(429, "slow down", {"Retry-After": "0"}), ModelRateLimited, 3),
        (Refuse(500, "oops", {"Retry-After": "0"}), ModelBroken, 3),
        (Refuse(503, "overloaded", {"Retry-After": "0"}), ModelBroken, 3),
        (Cut("SELECT id FROM orders", 12), ModelBroken, 1),
        (Cut("SELECT id FROM orders", 12, politely=True), ModelBroken, 1),
        (Say("SELECT id FROM orders", finish=None, usage=None), ModelBroken, 1),
        (Say("SELECT id FROM ord", finish="length"), ModelBroken, 1),
        (Body(b"<html><body>502 Bad Gateway</body></html>"), ModelBroken, 1),
        (Body(b'{"choices": []}', "application/json"), ModelBroken, 1),
        (Body(b"data: not json\n\n", "text/event-stream"), ModelBroken, 1),
        (Body(b"\xff\xfe\x00", "text/event-stream"), ModelBroken, 1),
        (Body(b"", "text/event-stream"), ModelBroken, 1),
        (Endless("x" * 50_000), ModelBroken, 1),
    ],
    ids=lambda value: getattr(value, "__name__", None) or type(value).__name__,
)
def test_whatever_a_server_does_is_one_plain_error(
    provider: str, step: Step, error: type[ModelUnavailable], requests: int
) -> None:
    with OpenAIStub(step) as stub:
        with pytest.raises(error) as failed:
            whole(lease_at(stub, provider, seconds=8.0))
        assert type(failed.value) is error
        assert len(stub.requests) == requests
        assert KEY not in failed.value.detail
        assert len(failed.value.detail) < 400


@pytest.mark.parametrize("provider", PROTOCOLS)
def test_stop_hangs_up_on_a_server_that_has_said_nothing_yet(provider: str) -> None:
    with OpenAIStub(Hang(20)) as stub:
        lease, stop = lease_at(stub, provider), Stop()
        threading.Timer(0.4, stop.ask).start()
        started = time.monotonic()
        with pytest.raises(Stopped):
            whole(lease, stop)
        assert time.monotonic() - started < 3
        assert stub.hung_up.wait(3)


@pytest.mark.parametrize("provider", PROTOCOLS)
def test_stop_hangs_up_in_the_middle_of_a_slow_stream(provider: str) -> None:
    ledger = QuietLedger()
    with OpenAIStub(Say("word " * 200, pieces=200, delay=0.05)) as stub:
        stop = Stop()
        writing = lease_at(stub, provider, seconds=30, ledger=ledger).write(QUESTION, stop)
        next(writing)
        stop.ask()
        with pytest.raises(Stopped):
            list(writing)
        assert stub.hung_up.wait(3)
    assert all(end is not None for end in ledger.ends.values())


@pytest.mark.parametrize("provider", PROTOCOLS)
def test_leaving_the_stream_hangs_up(provider: str) -> None:
    with OpenAIStub(Say("word " * 200, pieces=200, delay=0.05)) as stub:
        writing = lease_at(stub, provider, seconds=30).write(QUESTION, Stop())
        next(writing)
        writing.close()
        assert stub.hung_up.wait(3)


@pytest.mark.parametrize("step", [Hang(20), Say("word " * 400, pieces=400, delay=0.05)], ids=["silent", "dripping"])
@pytest.mark.parametrize("provider", PROTOCOLS)
def test_the_deadline_holds_for_silence_and_for_dripping(provider: str, step: Step) -> None:
    with OpenAIStub(step) as stub:
        started = time.monotonic()
        with pytest.raises(ModelTimedOut):
            whole(lease_at(stub, provider, seconds=1.0))
        assert time.monotonic() - started < 3
        assert stub.hung_up.wait(3)
        assert len(stub.requests) == 1


@pytest.mark.parametrize("provider", PROTOCOLS)
def test_a_redirect_is_not_followed_and_no_key_goes_with_it(provider: str) -> None:
    with OpenAIStub(Say("SELECT 1")) as elsewhere:
        moved = Refuse(307, "moved", {"Location": f"{elsewhere.root}/v1/chat/completions"})
        with OpenAIStub(moved) as stub, pytest.raises(ModelUnavailable, match="redirects are not followed"):
            whole(lease_at(stub, provider))
        assert elsewhere.requests == []


@pytest.mark.parametrize("provider", PROTOCOLS)
def test_keys_of_the_environment_never_go_to_a_model(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OLLAMA_API_KEY"):
        monkeypatch.setenv(name, "canary-of-the-operator")
    with OpenAIStub(Say("SELECT 1")) as stub:
        whole(lease_on(candidate_at(stub, provider, key="")))
        [asked] = stub.requests
    assert "canary" not in str(asked.headers)
    assert "canary" not in asked.raw.decode()


def test_a_packed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"data: " + b"0" * 50_000_000)
    with OpenAIStub(Body(bomb, "text/event-stream", {"Content-Encoding": "gzip"})) as stub:
        started = time.monotonic()
        with pytest.raises(ModelBroken):
            whole(lease_at(stub, "compatible"))
        assert time.monotonic() - started < 2


def test_tokens_that_were_not_reported_are_counted_roughly_and_not_charged() -> None:
    with OpenAIStub(Say("SELECT count(*) FROM orders", usage=None)) as stub:
        lease = lease_at(stub, "compatible")
        whole(lease)
    assert lease.usage.completion_tokens > 0
    assert lease.usage.prompt_tokens > 0
    assert lease.usage.cost is None


def test_a_tool_call_nobody_offered_is_an_empty_answer() -> None:
    with OpenAIStub(CallTool("drop_everything", {"now": True})) as stub:
        assert whole(lease_at(stub, "compatible")) == ""


def test_parameters_that_a_server_refuses_are_left_out_from_then_on() -> None:
    def picky(asked: Asked) -> Step:
        extra = {"temperature", "stream_options"} & set(asked.body)
        return Refuse(400, f"Unsupported parameter: {sorted(extra)[0]}") if extra else Say("SELECT 1", usage=None)

    with OpenAIStub(otherwise=picky) as stub:
        known = candidate_at(stub, "compatible")
        first = lease_on(known)
        assert whole(first) == "SELECT 1"
        assert len(stub.requests) == 2


def test_models_that_take_no_temperature_are_sent_none() -> None:
    with OpenAIStub(Say("SELECT 1", usage=(9, 1))) as stub:
        lease = lease_on(candidate_at(stub, "openai", "gpt-5.5"))
        whole(lease)
        assert "temperature" not in stub.requests[0].body
        whole(lease_on(candidate_at(stub, "compatible", "gpt-oss")))
        assert stub.requests[1].body["temperature"] == 0
    assert lease.usage.prompt_tokens == 9
    assert lease.usage.cost


def test_nobody_there_is_said_within_seconds() -> None:
    with OpenAIStub(Say("x")) as stub:
        gone = candidate_at(stub, "compatible")
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        whole(lease_on(gone, seconds=10))
    assert time.monotonic() - started < 6


def test_auto_answers_from_the_next_server_when_the_first_is_down() -> None:
    with OpenAIStub(Say("x")) as stub:
        gone = candidate_at(stub, "compatible", "first")
    with OpenAIStub(Refuse(500)) as failing, OpenAIStub(Say("SELECT 2")) as working:
        lease = lease_on(gone, candidate_at(failing, "compatible", "second"), candidate_at(working, "ollama", "third"))
        assert whole(lease) == "SELECT 2"
        assert lease.name == "third"


def test_a_name_that_leads_to_a_metadata_service_is_refused_when_it_connects() -> None:
    class Opened:
        """A connection as the HTTP library shows it."""

        closed = False

        def get_extra_info(self, name: str) -> "Opened":
            return self

        def getpeername(self) -> tuple[str, int]:
            return ("169.254.169.254", 80)

        def close(self) -> None:
            self.closed = True

    opened = Opened()
    with pytest.raises(OSError, match="metadata"):
        Line().trace("connection.connect_tcp.complete", {"return_value": opened})
    assert opened.closed


def test_one_client_serves_many_threads() -> None:
    with OpenAIStub(otherwise=lambda asked: Say(asked.question[::-1])) as stub:
        one = candidate_at(stub, "compatible")
        board_of = lease_on(one)
        answers: dict[str, str] = {}

        def ask(word: str) -> None:
            lease = ModelLease([one], board_of._board, board_of._actor, "t")
            answers[word] = "".join(lease.write([("user", word)], Stop()))

        threads = [threading.Thread(target=ask, args=(f"question {n}",)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert answers == {word: word[::-1] for word in answers}
    assert len(answers) == 12


TRACED = """
import sys, time
from tests.doubles import finish
from tests.integration.test_models_wire import QUESTION, Candidate, Endpoint, PROVIDERS, lease_on, price_of
from core.stop import Stop
from uuid import uuid4
endpoint = Endpoint(sys.argv[1], "m", "", 5.0)
price = price_of("compatible", "m", False, None, None)
lease = lease_on(Candidate(uuid4(), "m", PROVIDERS["compatible"], endpoint, price))
assert finish(lease.write(QUESTION, Stop())) == "SELECT 1"
time.sleep(2)
"""


def test_a_tracing_service_in_the_environment_is_told_nothing() -> None:
    with OpenAIStub(Say("SELECT 1")) as stub, OpenAIStub(Say("")) as spy:
        tracing = {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "x", "LANGSMITH_ENDPOINT": spy.root}
        root = Path(__file__).resolve().parents[2]
        command = [sys.executable, "-c", TRACED, stub.url]
        subprocess.run(command, env={**os.environ, **tracing}, cwd=root, check=True, capture_output=True, timeout=60)
    assert len(stub.requests) == 1
    assert spy.requests == []
