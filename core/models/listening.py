"""Listens to a model: its answer piece by piece, with a deadline, a size, and an end that can be asked for at any time.

The model is read in a thread of its own, because none of the libraries can be interrupted while they wait for it.
Whoever listens is never blocked longer than the deadline, and hanging up reaches the socket.
"""

import contextlib
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

from core.errors import ModelBroken, ModelTimedOut
from core.models.line import Line, on_line
from core.stop import Stop

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Message = tuple[str, str]  # who ("system", "user" or "assistant"), what

LONGEST_REPLY = 200_000  # characters; a long query is a hundredth of this
_CUT_SHORT = frozenset({"length", "max_tokens", "model_context_window_exceeded", "model_length"})
_DECLINED = frozenset({"content_filter", "refusal", "sensitive", "safety"})
_REASONS = ("finish_reason", "stop_reason", "done_reason")


@dataclass(frozen=True)
class Tokens:
    """What one request cost in tokens. `cached` are part of `prompt`. Not `reported`: our own rough count."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reported: bool = True


class Meter:
    """Counts one request while it streams, so that what was used is known however it ends."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._asked = sum(rough_tokens(text) for _, text in messages)
        self._said: list[str] = []
        self._usage = Tokens()
        self._is_reported = False
        self.heard = False
        self.length = 0
        self.reason: str | None = None

    @property
    def text(self) -> str:
        return "".join(self._said)

    @property
    def tokens(self) -> Tokens:
        """As the provider reported it; otherwise estimated from the texts; nothing where nothing was heard."""
        if self._is_reported:
            return self._usage
        if not self.heard:
            return Tokens()
        return Tokens(self._asked, rough_tokens(self.text), reported=False)

    def take(self, chunk: Any) -> str:
        """One chunk of the stream; gives its text."""
        self.heard = True
        metadata: Mapping[str, Any] = chunk.response_metadata
        self.reason = next((str(metadata[name]) for name in _REASONS if metadata.get(name)), self.reason)
        if usage := chunk.usage_metadata:
            # Some report once, some again and again what it is so far: the largest is the whole.
            cached = (usage.get("input_token_details") or {}).get("cache_read") or 0
            seen = self._usage
            self._usage = Tokens(
                max(seen.prompt, usage["input_tokens"] or 0),
                max(seen.completion, usage["output_tokens"] or 0),
                max(seen.cached, cached),
            )
            self._is_reported = self._is_reported or self._usage.prompt + self._usage.completion > 0
        text = str(chunk.text)
        self._said.append(text)
        self.length += len(text)
        return text


def rough_tokens(text: str) -> int:
    """About how many tokens a text is: four characters of Latin letters each, or two Chinese ones in three."""
    chinese = sum(character > "\u2e7f" for character in text)
    return (len(text) - chinese + 3) // 4 + (chinese * 2 + 2) // 3


def listen(
    chat: "BaseChatModel", messages: Sequence[Message], meter: Meter, stop: Stop, seconds: float
) -> Generator[str, None, BaseException | None]:
    """The pieces of the model's answer to `messages` as they come, counted by `meter`; at last, what went wrong.

    That is None for a whole answer; `ModelTimedOut` after `seconds`; `ModelBroken` for one that is cut short or has
    no end; or whatever the provider's library raised. Raises only `Stopped`. Closing the generator hangs up.
    """
    until = time.monotonic() + seconds
    talk = _Talk(chat, messages)
    with contextlib.closing(talk), stop.reaching(talk.close):
        talk.start()
        while True:
            said = talk.next(until - time.monotonic())
            stop.check()
            if isinstance(said, _Over):
                return said.error or _incomplete(meter)
            if not str(said.type).lower().startswith("ai"):
                return ModelBroken(f"the answer came in the role of {said.type}")
            text = meter.take(said)
            if meter.length > LONGEST_REPLY:
                return ModelBroken("the answer had no end")
            if text:
                yield text


def _incomplete(meter: Meter) -> ModelBroken | None:
    """Nothing where the provider said that the answer is complete; else what it is instead."""
    if meter.reason is None:
        return ModelBroken("the stream ended before the answer did")
    if meter.reason.lower() in _CUT_SHORT:
        return ModelBroken("the answer was cut off at the model's length limit")
    if meter.reason.lower() in _DECLINED:
        return ModelBroken(f"the provider withheld the answer ({meter.reason})")
    return None


@dataclass(frozen=True)
class _Over:
    """The model has ended, by itself or with an error."""

    error: BaseException | None = None


class _Talk(threading.Thread):
    """The thread that reads one answer, and hands on every chunk and how it ended."""

    def __init__(self, chat: "BaseChatModel", messages: Sequence[Message]) -> None:
        super().__init__(name="model", daemon=True)
        self._chat, self._messages = chat, list(messages)
        self._line = Line()
        self._heard: SimpleQueue[Any] = SimpleQueue()
        self._closed = threading.Event()

    def run(self) -> None:
        from langsmith.run_helpers import tracing_context  # what is asked goes to the model and nowhere else

        with _Ending(self._heard), on_line(self._line), tracing_context(enabled=False):
            chunks: Any = self._chat.stream(self._messages)
            with contextlib.closing(chunks):
                for chunk in chunks:
                    if self._closed.is_set():
                        return
                    self._heard.put(chunk)

    def next(self, seconds: float) -> Any:
        """The next chunk, or `_Over`, also when none comes in time."""
        try:
            return self._heard.get(timeout=max(0.0, seconds))
        except Empty:
            return _Over(ModelTimedOut("no complete answer in time"))

    def close(self) -> None:
        """Hang up, and wake whoever listens. May be called from any thread, more than once."""
        self._closed.set()
        self._line.hang_up()
        self._heard.put(_Over())


class _Ending:
    """Hands whatever ends the thread to the one who listens; a thread has nobody else to tell."""

    def __init__(self, heard: "SimpleQueue[Any]") -> None:
        self._heard = heard

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self._heard.put(_Over(error))
        return True
