"""Texts become unit vectors of one size, whatever the model."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelBroken
from core.models.embeddings import DIMENSIONS, Embedder
from tests.doubles_grounding import BagOfWords


class FixedModel:
    """Answers with the vectors it was given."""

    name = "fixed"

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors

    def encode(self, texts: Sequence[str], is_query: bool) -> NDArray[np.float32]:
        return self._vectors


def cosine(a: list[float], b: list[float]) -> float:
    return float(np.dot(a, b))


def test_the_bundled_model_gives_unit_vectors_and_ranks_across_languages() -> None:
    embedder = Embedder()
    question = embedder.embed_query("客户住在哪个城市")
    city, price = embedder.embed_passages(["the city where a customer lives", "unit price of a product, net"])
    assert len(question) == DIMENSIONS
    assert cosine(question, question) == pytest.approx(1, abs=1e-4)
    assert cosine(question, city) > cosine(question, price)


def test_a_question_and_a_passage_are_prefixed_differently() -> None:
    embedder = Embedder()
    assert cosine(embedder.embed_query("orders"), embedder.embed_passages(["orders"])[0]) < 0.999


def test_batches_give_the_same_vectors_as_single_texts() -> None:
    embedder = Embedder(batch=3)
    texts = [f"table number {n}" for n in range(7)]
    together = embedder.embed_passages(texts)
    assert len(together) == 7
    assert cosine(together[4], embedder.embed_passages([texts[4]])[0]) == pytest.approx(1, abs=1e-3)


def test_an_empty_list_and_odd_texts_do_no_harm() -> None:
    embedder = Embedder()
    assert embedder.embed_passages([]) == []
    assert all(len(v) == DIMENSIONS for v in embedder.embed_passages(["", "a\x00b", "\ud800", "x" * 100_000]))


def test_many_threads_get_the_same_vector() -> None:
    embedder = Embedder()
    found: list[list[float]] = []
    threads = [threading.Thread(target=lambda: found.append(embedder.embed_query("revenue"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(cosine(found[0], vector) == pytest.approx(1, abs=1e-4) for vector in found)


def test_the_same_question_is_embedded_once() -> None:
    model = BagOfWords()
    embedder = Embedder(model)
    assert embedder.embed_query("how many orders") == embedder.embed_query("how many orders")
    assert model.calls == ["how many orders"]


@pytest.mark.parametrize("size", [128, 384, 1024])
def test_vectors_of_other_sizes_are_fitted_and_keep_their_order(size: int) -> None:
    chance = np.random.default_rng(1)
    first = chance.standard_normal(size)
    near, far = first + 0.3 * chance.standard_normal(size), chance.standard_normal(size)
    vectors = Embedder(FixedModel(np.stack([first, near, far]).astype(np.float32))).embed_passages(["a", "b", "c"])
    assert {len(vector) for vector in vectors} == {DIMENSIONS}
    assert cosine(vectors[0], vectors[1]) > cosine(vectors[0], vectors[2]) + 0.3


@pytest.mark.parametrize("vectors", [np.zeros((1, 384)), np.full((1, 384), np.nan), np.ones((2, 384))])
def test_a_vector_that_cannot_be_used_is_said_to_be_broken(vectors: NDArray[np.float32]) -> None:
    with pytest.raises(ModelBroken):
        Embedder(FixedModel(vectors)).embed_query("orders")
