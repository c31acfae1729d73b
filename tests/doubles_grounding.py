"""Small real stand-ins for tests of grounding."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.grounding.names import singular, words_of
from core.models.embeddings import DIMENSIONS


class BagOfWords:
    """An embedding model without a model: texts that share words lie close. `calls` counts the texts it saw."""

    name = "bag-of-words"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def encode(self, texts: Sequence[str], is_query: bool) -> NDArray[np.float32]:
        self.calls.extend(texts)
        vectors = np.full((len(texts), DIMENSIONS), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words_of(text):
                vectors[row, int(hashlib.sha256(singular(word).encode()).hexdigest(), 16) % DIMENSIONS] += 1
        return vectors
