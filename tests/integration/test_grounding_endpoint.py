"""Embeddings from an OpenAI-compatible address, and all the ways in which it can fail."""

import json

import pytest

from core.errors import AskwellError, ModelBroken, ModelRateLimited, ModelRejectedKey, ModelTimedOut, ModelUnavailable
from core.models.embeddings import DIMENSIONS, Embedder, EndpointModel
from tests.openai_stub import Body, Hang, OpenAIStub, Refuse

KEY = "sk-a-key-of-the-test"


def vectors(*rows: list[float]) -> Body:
    """An answer as OpenAI gives it, the last text's vector first."""
    data = [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(rows)]
    answer = {"object": "list", "model": "m", "data": data[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    return Body(json.dumps(answer).encode(), "application/json")


def embedder(stub: OpenAIStub, seconds: float = 5.0) -> Embedder:
    return Embedder(EndpointModel(stub.url, "text-embedding", KEY, seconds))


def test_vectors_come_back_in_the_order_of_the_texts_and_the_key_is_sent() -> None:
    with OpenAIStub(vectors([3.0, 0.0], [0.0, 5.0])) as stub:
        first, second = embedder(stub).embed_passages(["a", "b"])
    assert (first[0], second[1], len(first)) == (1.0, 1.0, DIMENSIONS)
    assert stub.requests[0].body["input"] == ["a", "b"]
    assert stub.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Refuse(429), ModelRateLimited),
        (Refuse(401), ModelRejectedKey),
        (Refuse(403), ModelRejectedKey),
        (Refuse(500), ModelBroken),
        (Body(b"<html>not json</html>"), ModelBroken),
        (Body(b'{"data": []}', "application/json"), ModelBroken),
        (vectors([1.0]), ModelBroken),
        (Hang(5), ModelTimedOut),
    ],
)
def test_what_goes_wrong_is_named_without_the_key(answer: Refuse | Body | Hang, error: type[AskwellError]) -> None:
    with OpenAIStub(otherwise=answer) as stub, pytest.raises(error) as raised:
        embedder(stub, seconds=0.4).embed_passages(["a", "b"])
    assert type(raised.value) is error
    assert KEY not in f"{raised.value}{raised.value.detail}{raised.value.__cause__}"


def test_an_address_where_nobody_listens_is_unavailable() -> None:
    with OpenAIStub() as stub:
        url = stub.url
    with pytest.raises(ModelUnavailable):
        Embedder(EndpointModel(url, "m", KEY, 1.0)).embed_query("orders")


def test_the_model_and_its_address_name_its_vectors() -> None:
    one, other = EndpointModel("http://a/v1", "m", KEY), EndpointModel("http://b/v1", "m", KEY)
    assert one.name != other.name
    assert KEY not in repr(one)
