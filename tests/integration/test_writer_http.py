"""Writing SQL over real HTTP: the model's server does what it likes, the person gets one plain ending."""

import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from core.answering.events import AnswerEvent, QueryTried, WritingSql
from core.answering.private import Line
from core.answering.writer import Cannot, Draft, write_query
from core.errors import AskwellError, ModelTimedOut, ModelUnavailable, QueryRefused, Stopped
from core.models.budgets import price_of
from core.models.providers import PROVIDERS, Endpoint
from core.models.routing import Candidate, ModelLease
from core.stop import Stop
from tests.doubles import finish, lease_on
from tests.doubles_writer import SmallShop, asking, grounded
from tests.openai_stub import Body, CallTool, Cut, Endless, Hang, OpenAIStub, Refuse, Say, Step

KEY = "sk-canary-of-this-test"
RIGHT = Say("Here it is:\n```sql\nSELECT count(*) FROM customers\n```", usage=(900, 30))
QUESTION = asking("How many customers are there?")


@pytest.fixture
def shop() -> Iterator[SmallShop]:
    small = SmallShop()
    yield small
    small.close()


def lease_at(stub: OpenAIStub, seconds: float = 5.0) -> ModelLease:
    endpoint = Endpoint(stub.url, "m", KEY, seconds)
    price = price_of("compatible", "m", False, None, None)
    return lease_on(Candidate(uuid4(), "House model", PROVIDERS["compatible"], endpoint, price), seconds=seconds)


def test_a_draft_is_mended_over_the_wire_and_no_secret_is_told(shop: SmallShop) -> None:
    with OpenAIStub(Say("```sql\nSELECT count(*) FROM clients\n```"), RIGHT) as stub:
        line = Line(lease_at(stub))
        events: list[AnswerEvent] = []
        draft = finish(write_query(QUESTION, grounded("customers"), shop, line, Stop()), events)
    assert isinstance(draft, Draft)
    assert draft.table.rows == ((3,),)
    assert [type(event) for event in events if not isinstance(event, WritingSql)] == [QueryTried]
    assert (draft.usage.prompt_tokens, draft.usage.completion_tokens, draft.usage.cost) == (1020, 50, None)
    told = "\n".join(asked.raw.decode() for asked in stub.requests)
    assert KEY not in told
    assert "127.0.0.1" not in told
    assert all(asked.text.startswith("You write one SQLite query") for asked in stub.requests)
    assert [[who for who, _ in one.messages] for one in line.sent] == [
        ["system", "user"],
        ["system", "user", "assistant", "user"],
    ]


MISDEEDS: dict[str, Step] = {
    "wrong key": Refuse(401),
    "no such model": Refuse(404),
    "busy": Refuse(429, "busy", {"Retry-After": "0"}),
    "busy for long": Refuse(429, "busy", {"Retry-After": "900"}),
    "down": Refuse(500, "x", {"Retry-After": "0"}),
    "moved": Refuse(302, "moved", {"Location": "http://127.0.0.1:1/"}),
    "silent": Hang(20),
    "reset in the middle": Cut("```sql\nSELECT count(*) FROM customers\n```", 30),
    "closed in the middle": Cut("SELECT count(*) FROM customers", 22, politely=True),
    "out of length": Say("SELECT count(*) FROM customers", finish="length"),
    "no reason to end": Say("SELECT count(*) FROM customers", finish=None),
    "a page": Body(b"<html>down</html>"),
    "an empty event": Body(b"data: {}\n\n", "text/event-stream"),
    "a list": Body(b"[]", "application/json"),
    "the role of a tool": Body(
        b'data: {"choices":[{"index":0,"delta":{"role":"tool","content":"SELECT 1"}}]}\n\n', "text/event-stream"
    ),
    "the role of a person": Body(
        b'data: {"choices":[{"index":0,"delta":{"role":"user","content":"SELECT 1"},"finish_reason":"stop"}]}\n\n',
        "text/event-stream",
    ),
    "no choices": Body(b'data: {"choices":null}\n\ndata: [DONE]\n\n', "text/event-stream"),
    "an endless stream": Endless(),
    "an endless text": Endless("x" * 20_000),
    "a megabyte": Say("x" * 1_000_000),
    "dripping": Say("word " * 500, pieces=500, delay=0.05),
    "a tool nobody offered": CallTool("run_shell", {"command": "id"}),
    "nothing": Say(""),
    "prose": Say("I would rather not."),
    "two queries": Say("```sql\nSELECT 1\n```\n```sql\nSELECT 2\n```"),
    "a write": Say("```sql\nDROP TABLE customers\n```"),
    "two statements": Say("SELECT 1; DELETE FROM customers"),
    "an unfinished text": Say("```sql\nSELECT '" + "x" * 150_000),
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_whatever_the_server_does_ends_in_one_plain_error_and_runs_nothing(shop: SmallShop, misdeed: str) -> None:
    started = time.monotonic()
    with OpenAIStub(MISDEEDS[misdeed]) as stub:
        line = Line(lease_at(stub, seconds=2.0))
        with pytest.raises(AskwellError) as ended:
            list(write_query(QUESTION, grounded("customers"), shop, line, Stop()))
        assert 1 <= len(stub.requests) <= 3
    assert time.monotonic() - started < 8
    assert isinstance(ended.value, ModelUnavailable | QueryRefused)
    assert shop.ran == []
    assert KEY not in str(ended.value) + str(line.usage) + str(line.sent)


def test_a_busy_server_is_waited_for_as_long_as_it_asked(shop: SmallShop) -> None:
    with OpenAIStub(Refuse(429, "busy", {"Retry-After": "1"}), RIGHT) as stub:
        started = time.monotonic()
        list(write_query(QUESTION, grounded("customers"), shop, Line(lease_at(stub)), Stop()))
    assert 1 <= time.monotonic() - started < 4
    assert shop.ran == ["SELECT count(*) FROM customers"]


def test_stop_reaches_a_server_that_is_still_thinking(shop: SmallShop) -> None:
    stop = Stop()
    with OpenAIStub(Hang(20)) as stub:
        threading.Timer(0.4, stop.ask).start()
        with pytest.raises(Stopped):
            list(write_query(QUESTION, grounded("customers"), shop, Line(lease_at(stub)), stop))
        assert stub.hung_up.wait(3)


def test_the_deadline_is_for_all_requests_of_a_question_together(shop: SmallShop) -> None:
    slow = Say("SELECT nothing_like_this FROM customers", pieces=6, delay=0.15)
    started = time.monotonic()
    with OpenAIStub(slow) as stub, pytest.raises(ModelTimedOut):
        list(write_query(QUESTION, grounded("customers"), shop, Line(lease_at(stub, seconds=1.4)), Stop()))
    assert time.monotonic() - started < 4


def test_a_server_may_decide_by_the_question(shop: SmallShop) -> None:
    with OpenAIStub(otherwise=Say("CANNOT: no weather.")).when("customers", RIGHT) as stub:
        assert list(write_query(QUESTION, grounded("customers"), shop, Line(lease_at(stub)), Stop()))
        rain = finish(write_query(asking("Will it rain?"), grounded(), shop, Line(lease_at(stub)), Stop()))
    assert isinstance(rain, Cannot)
    assert shop.ran == ["SELECT count(*) FROM customers"]


WHOLE = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    b'{"role":"assistant","content":"SELECT count(*) FROM customers"},"finish_reason":null}]}\n\n'
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    b'{"content":" WHERE id > 1"},"finish_reason":null}]}\n\n'
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    b'{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
SAID = WHOLE.rindex(b'"stop"')  # before this byte, nobody can know that the query is complete


def test_a_stream_cut_at_any_byte_never_runs_a_part_of_a_query(shop: SmallShop) -> None:
    lengths, left = [*range(0, SAID, 3), SAID], [0]
    with OpenAIStub(otherwise=lambda asked: Body(WHOLE[: left.pop()], "text/event-stream")) as stub:
        for length in lengths:
            left = [length] * 3  # it may be asked again twice
            with pytest.raises(ModelUnavailable):
                list(write_query(QUESTION, grounded("customers"), shop, Line(lease_at(stub)), Stop()))
            assert shop.ran == [], length
        left = [len(WHOLE)]
        draft = finish(write_query(QUESTION, grounded("customers"), shop, Line(lease_at(stub)), Stop()), [])
    assert isinstance(draft, Draft)
    assert draft.table.rows == ((2,),)
