"""What providers' exceptions are made into."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import openai
import pytest

from core.errors import ModelBroken, ModelRateLimited, ModelRejectedKey, ModelTimedOut, ModelTooSmall, ModelUnavailable
from core.models.failures import clean_detail, read_failure
from core.models.line import AddressRefused, BodyTooLarge

KEY = "correct-horse-battery"


def refusal(status: int, message: str = "refused", **headers: str) -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://models.example.com/v1/chat/completions")
    response = httpx2.Response(status, request=request, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return openai.APIStatusError(message, response=response, body={"message": message})


@pytest.mark.parametrize(
    ("status", "message", "kind", "again"),
    [
        (401, "bad key", ModelRejectedKey, False),
        (402, "Insufficient Balance", ModelUnavailable, False),
        (403, "no", ModelRejectedKey, False),
        (404, "no such model", ModelUnavailable, False),
        (408, "slow", ModelTimedOut, True),
        (413, "too big", ModelTooSmall, False),
        (400, "This model's maximum context length is 4096 tokens", ModelTooSmall, False),
        (400, "the request exceeds the available context size", ModelTooSmall, False),
        (429, "slow down", ModelRateLimited, True),
        (429, "You exceeded your current quota: insufficient_quota", ModelRateLimited, False),
        (500, "oops", ModelBroken, True),
        (503, "overloaded", ModelBroken, True),
        (504, "gateway", ModelTimedOut, True),
        (529, "overloaded", ModelBroken, True),
        (302, "moved", ModelUnavailable, False),
    ],
)
def test_a_status_becomes_one_of_our_errors(
    status: int, message: str, kind: type[ModelUnavailable], again: bool
) -> None:
    failure = read_failure(refusal(status, message), heard=False)
    assert type(failure.error) is kind
    assert failure.again == again
    assert str(status) in failure.error.detail


def test_a_provider_says_how_long_to_wait_in_seconds_or_by_the_clock() -> None:
    assert read_failure(refusal(429, retry_after="7"), heard=False).wait == 7
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < (read_failure(refusal(503, retry_after=later), heard=False).wait or 0) <= 60
    assert read_failure(refusal(429, retry_after="soon"), heard=False).wait is None
    assert read_failure(refusal(429, retry_after="-5"), heard=False).wait == 0


@pytest.mark.parametrize(
    "message", ["Unsupported value: 'temperature' does not support 0", "unknown field stream_options"]
)
def test_a_parameter_that_is_not_known_there_may_be_left_out(message: str) -> None:
    assert read_failure(refusal(400, message), heard=False).plainer


@pytest.mark.parametrize(
    ("error", "heard", "kind", "again"),
    [
        (httpx2.ConnectError("refused"), False, ModelUnavailable, True),
        (httpx2.ReadTimeout("slow"), True, ModelTimedOut, False),
        (httpx2.RemoteProtocolError("incomplete chunked read"), True, ModelBroken, False),
        (httpx2.RemoteProtocolError("Server disconnected"), False, ModelBroken, True),
        (AddressRefused("metadata"), False, ModelUnavailable, False),
        (BodyTooLarge("no end"), True, ModelBroken, False),
        (ValueError("No generation chunks were returned"), False, ModelBroken, False),
        (KeyError("choices"), True, ModelBroken, False),
    ],
)
def test_what_has_no_status_is_read_by_its_kind(
    error: Exception, heard: bool, kind: type[ModelUnavailable], again: bool
) -> None:
    wrapped = RuntimeError("the library's own wrapping")
    wrapped.__cause__ = error
    for raised in (error, wrapped):
        failure = read_failure(raised, heard)
        assert type(failure.error) is kind
        assert failure.again == again


def test_details_hold_no_key_no_markup_and_no_end_of_line() -> None:
    said = f"<html><b>Incorrect</b> key {KEY}, sk-proj-abc123def456, Bearer abc.def\n\x1b[31m" + "x" * 900
    detail = read_failure(refusal(401, said), heard=False, secrets=(KEY,)).error.detail
    assert detail.startswith("401 Incorrect key …, …, …")
    assert len(detail) <= 310
    assert not set(detail) & set("<>\n\x1b")
    assert clean_detail("plain") == "plain"
