"""Small stand-ins for what is slow, costs money or lies outside: a scripted model, and a lease on it."""

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID, uuid4

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field, PrivateAttr

from core.breaker import Breaker
from core.models.budgets import Price
from core.models.listening import Tokens
from core.models.providers import Endpoint, Provider
from core.models.routing import Candidate, Clients, ModelLease, Switchboard
from core.security.permissions import Actor, Role

Event = TypeVar("Event")
Result = TypeVar("Result")
SOMEONE = Actor(UUID(int=7), "Someone", Role.ANALYST)


@dataclass(frozen=True)
class Says:
    """A reply of the scripted model. `finish` None is a stream that breaks off; `usage` None: tokens not reported."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    usage: tuple[int, int] | None = (100, 10)
    finish: str | None = "stop"


Reply = str | Says | Exception
Script = Reply | Callable[[list[BaseMessage]], Reply]


class ScriptedModel(BaseChatModel):
    """Says what it was told to, in turn: texts, tool calls, exceptions, or what a function makes of the messages.

    The last reply is repeated. What it was asked is kept in `asked`, one list of messages for each request.
    """

    model_name: str = "scripted"
    pieces: int = 3
    asked: list[list[BaseMessage]] = Field(default_factory=list)
    _replies: list[Script] = PrivateAttr(default_factory=list)

    def __init__(self, *replies: Script, **fields: Any) -> None:
        super().__init__(**fields)
        self._replies = list(replies)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def told(self) -> str:
        """All that was sent in the last request, as one text."""
        return "\n".join(str(message.text) for message in self.asked[-1])

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=[getattr(tool, "name", str(tool)) for tool in tools], **kwargs)

    def _next(self, messages: list[BaseMessage]) -> Says:
        self.asked.append(list(messages))
        step = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        reply = step(messages) if callable(step) else step
        if isinstance(reply, Exception):
            raise reply
        return Says(reply) if isinstance(reply, str) else reply

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        says = self._next(messages)
        message = AIMessage(
            content=says.text,
            tool_calls=list(says.calls),
            usage_metadata=_usage(says),
            response_metadata={"model_name": self.model_name, "finish_reason": says.finish},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        says = self._next(messages)
        size = max(1, -(-len(says.text) // self.pieces))
        for at in range(0, len(says.text), size):
            yield ChatGenerationChunk(message=AIMessageChunk(content=says.text[at : at + size]))
        for index, call in enumerate(says.calls):
            piece = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
            chunk = AIMessageChunk(content="", tool_call_chunks=[piece])
            yield ChatGenerationChunk(message=chunk)
        metadata: dict[str, Any] = {"model_name": self.model_name}
        if says.finish:
            metadata["finish_reason"] = says.finish
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", usage_metadata=_usage(says), response_metadata=metadata)
        )


def _usage(says: Says) -> UsageMetadata | None:
    if says.usage is None:
        return None
    prompt, completion = says.usage
    return UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)


def finish(steps: Generator[Event, None, Result], events: list[Event] | None = None) -> Result:
    """What a generator returned at its end; all that it yielded is added to `events`."""
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        if events is not None:
            events.append(event)


@dataclass
class QuietLedger:
    """A ledger that only remembers: for each call its model, and how it ended."""

    calls: dict[UUID, str] = field(default_factory=dict)
    ends: dict[UUID, tuple[Tokens, Decimal | None] | None] = field(default_factory=dict)

    def reserve(self, actor: Actor, model: str, task: str) -> UUID:
        call = uuid4()
        self.calls[call] = model
        return call

    def settle(self, call: UUID, tokens: Tokens, cost: Decimal | None) -> None:
        self.ends[call] = (tokens, cost)

    def release(self, call: UUID) -> None:
        self.ends[call] = None


def candidate(model: BaseChatModel, name: str = "Scripted", key: str = "") -> Candidate:
    """A model that a lease may ask, at one and two dollars for a million tokens."""
    provider = Provider("Scripted", "", (), False, lambda endpoint: model)
    endpoint = Endpoint("http://models.example.com/v1", name, key, 5.0)
    return Candidate(uuid4(), name, provider, endpoint, Price(Decimal(1), Decimal(2)))


def lease_on(
    *models: BaseChatModel | Candidate,
    seconds: float = 5.0,
    ledger: QuietLedger | None = None,
    breaker: Breaker | None = None,
) -> ModelLease:
    """A lease on these models, best first; the second and later ones are what "Auto" falls back to."""
    candidates = [m if isinstance(m, Candidate) else candidate(m, f"Scripted {i}") for i, m in enumerate(models, 1)]
    board = Switchboard(ledger or QuietLedger(), Clients(), breaker or Breaker(), seconds)
    return ModelLease(candidates, board, SOMEONE, "write_query")
