"""A language model's HTTP server, scripted: it speaks OpenAI's chat protocol, and Anthropic's and Ollama's own.

    with OpenAIStub(Say("```sql\\nSELECT 1\\n```")) as stub:
        … ASKWELL_MODEL_URL=stub.url …

Every request takes the next step: first a step that `when` bound to words in the question, then the scripted ones
in turn, then `otherwise`. What was asked is kept in `stub.requests`, headers and all, to look for secrets in.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Say:
    """Stream `text` in `pieces`, `delay` seconds apart. `usage` is (prompt, completion) tokens; None: not reported."""

    text: str
    pieces: int = 4
    delay: float = 0.0
    usage: tuple[int, int] | None = (120, 20)
    finish: str | None = "stop"


@dataclass(frozen=True)
class Cut:
    """Stream the first `after` characters of `text`, then drop the connection: by a reset, or politely."""

    text: str
    after: int
    politely: bool = False


@dataclass(frozen=True)
class Refuse:
    """Answer with an HTTP error."""

    status: int
    message: str = "refused"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """Say nothing for `seconds`, not even a header; or until the client goes away."""

    seconds: float = 30.0


@dataclass(frozen=True)
class Body:
    """Answer 200 with this body, whatever it is."""

    body: bytes
    content_type: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Endless:
    """Stream `text` over and over until the client goes away."""

    text: str = "SELECT "


@dataclass(frozen=True)
class CallTool:
    """Call a tool instead of saying something."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request as it came in. `left_early`: the client hung up before the answer was complete."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    raw: bytes

    @property
    def text(self) -> str:
        """All that the model was told, as one text."""
        told = [self.body.get("system", "")] + [m.get("content") or "" for m in self.body.get("messages", [])]
        return "\n".join(t if isinstance(t, str) else json.dumps(t, ensure_ascii=False) for t in told if t)

    @property
    def question(self) -> str:
        """What the person asked: what stands behind "The question:", else the last message of their side."""
        said = [m.get("content") or "" for m in self.body.get("messages", []) if m.get("role") == "user"]
        texts = [text if isinstance(text, str) else json.dumps(text, ensure_ascii=False) for text in said]
        asked = [text.rpartition("The question:\n")[2] for text in texts if "The question:\n" in text]
        return (asked or texts or [""])[-1]


Step = Say | Cut | Refuse | Hang | Body | Endless | CallTool
Script = Step | Callable[[Asked], Step]


class OpenAIStub:
    """The server, on a free port of this machine, while its `with` lasts."""

    def __init__(self, *steps: Script, otherwise: Script | None = None) -> None:
        self._steps = list(steps)
        self._otherwise: Script = otherwise or (steps[-1] if steps else Say("CANNOT: nothing was scripted."))
        self._bound: list[tuple[str, Script]] = []
        self._lock = threading.Lock()
        self.requests: list[Asked] = []
        self.hung_up = threading.Event()
        self._ending = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.stub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """The address for OpenAI-compatible clients."""
        return f"{self.root}/v1"

    @property
    def root(self) -> str:
        """The address for Anthropic's and Ollama's clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def when(self, words: str, step: Script) -> Self:
        """Take `step` whenever the question holds `words`."""
        self._bound.append((words, step))
        return self

    def then(self, *steps: Script) -> Self:
        """More steps, after those already scripted."""
        with self._lock:
            self._steps.extend(steps)
        return self

    def step_for(self, asked: Asked) -> Step:
        with self._lock:
            self.requests.append(asked)
            bound = next((step for words, step in self._bound if words in asked.question), None)
            step = bound or (self._steps.pop(0) if self._steps else self._otherwise)
        return step(asked) if callable(step) else step

    def wait(self, seconds: float) -> bool:
        """Sleep, but not longer than the server lives; False when it ends."""
        return not self._ending.wait(seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stub: OpenAIStub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what many tests are about; nothing to print."""


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: `stub.requests` is the log."""

    def do_GET(self) -> None:
        self._whole(200, json.dumps({"object": "list", "data": [{"id": "stub", "object": "model"}]}).encode())

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body: dict[str, Any] = {}
        with contextlib.suppress(ValueError):
            body = json.loads(raw)
        with contextlib.suppress(ConnectionError):
            self._take(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body, raw))

    def _take(self, asked: Asked) -> None:
        step = self.server.stub.step_for(asked)
        match step:
            case Refuse():
                error = {"error": {"message": step.message, "type": "stub", "code": None}}
                self._whole(step.status, json.dumps(error).encode(), headers=step.headers)
            case Body():
                self._whole(200, step.body, step.content_type, step.headers)
            case Hang():
                self._hang(step.seconds)
            case _ if asked.body.get("stream", True) is False:
                self._whole(200, json.dumps(_completion(step, asked)).encode())
            case _:
                self._stream(asked, step)

    def _whole(
        self, status: int, body: bytes, content_type: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang(self, seconds: float) -> None:
        """Wait, and notice when the client hangs up."""
        until = time.monotonic() + seconds
        self.connection.settimeout(0.02)
        while time.monotonic() < until and self.server.stub.wait(0):
            with contextlib.suppress(TimeoutError):
                if self.connection.recv(1, socket.MSG_PEEK) == b"":
                    self.server.stub.hung_up.set()
                    break
        self.close_connection = True

    def _stream(self, asked: Asked, step: Step) -> None:
        speak = next(speak for path, speak in _PROTOCOLS.items() if self.path.endswith(path))
        polite_cut = isinstance(step, Cut) and step.politely
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection" if polite_cut else "Transfer-Encoding", "close" if polite_cut else "chunked")
        self.end_headers()
        try:
            for line in speak(step, asked):
                piece = line.encode()
                self.wfile.write(piece if polite_cut else b"%x\r\n%s\r\n" % (len(piece), piece))
                if isinstance(step, Say) and step.delay and not self.server.stub.wait(step.delay):
                    break
            if isinstance(step, Cut):
                self.close_connection = True
                return
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.stub.hung_up.set()
            self.close_connection = True


def _texts(step: Step) -> Iterator[str]:
    """The pieces of text a step says."""
    match step:
        case Say(text=text, pieces=pieces):
            size = max(1, -(-len(text) // max(1, pieces)))
            yield from (text[i : i + size] for i in range(0, len(text), size))
        case Cut(text=text, after=after):
            yield from (text[i : min(i + 8, after)] for i in range(0, after, 8))
        case Endless(text=text):
            while True:
                yield text


def _openai(step: Step, asked: Asked) -> Iterator[str]:
    def event(choices: list[dict[str, Any]], **more: Any) -> str:
        whole = {
            "id": "stub-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": asked.body.get("model"),
            "choices": choices,
            **more,
        }
        return f"data: {json.dumps(whole, ensure_ascii=False)}\n\n"

    def delta(finish: str | None = None, **what: Any) -> str:
        return event([{"index": 0, "delta": what, "finish_reason": finish}])

    yield delta(role="assistant", content="")
    for text in _texts(step):
        yield delta(content=text)
    if isinstance(step, CallTool):
        call = {"index": 0, "id": "call-1", "type": "function"}
        yield delta(tool_calls=[{**call, "function": {"name": step.name, "arguments": json.dumps(step.arguments)}}])
        yield delta("tool_calls")
    elif isinstance(step, Say):
        if step.finish:
            yield delta(step.finish)
        if step.usage and asked.body.get("stream_options", {}).get("include_usage"):
            yield event([], usage=_usage(step.usage))
    if not isinstance(step, Cut):
        yield "data: [DONE]\n\n"


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


def _completion(step: Step, asked: Asked) -> dict[str, Any]:
    """The same step for a client that does not stream (OpenAI's protocol)."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(_texts(step))}
    if isinstance(step, CallTool):
        function = {"name": step.name, "arguments": json.dumps(step.arguments)}
        message["content"] = None
        message["tool_calls"] = [{"id": "call-1", "type": "function", "function": function}]
    usage = _usage(step.usage) if isinstance(step, Say) and step.usage else None
    finish = step.finish if isinstance(step, Say) else "tool_calls"
    return {
        "id": "stub-1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.body.get("model"),
        "usage": usage,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }


def _anthropic(step: Step, asked: Asked) -> Iterator[str]:
    def event(kind: str, **what: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **what}, ensure_ascii=False)}\n\n"

    prompt, completion = (step.usage if isinstance(step, Say) else None) or (0, 0)
    message: dict[str, Any] = {
        "id": "stub-1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": asked.body.get("model"),
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": prompt, "output_tokens": 1},
    }
    yield event("message_start", message=message)
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for text in _texts(step):
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
    if isinstance(step, Say):
        yield event("content_block_stop", index=0)
        reason = {"stop": "end_turn", "length": "max_tokens"}.get(step.finish or "")
        yield event(
            "message_delta",
            delta={"stop_reason": reason, "stop_sequence": None},
            usage={"input_tokens": prompt, "output_tokens": completion},
        )
        yield event("message_stop")


def _ollama(step: Step, asked: Asked) -> Iterator[str]:
    def line(text: str, **more: Any) -> str:
        whole = {
            "model": asked.body.get("model"),
            "created_at": "2026-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": text},
            "done": False,
            **more,
        }
        return json.dumps(whole, ensure_ascii=False) + "\n"

    for text in _texts(step):
        yield line(text)
    if isinstance(step, Say) and step.finish:
        prompt, completion = step.usage or (0, 0)
        counts = {"prompt_eval_count": prompt, "eval_count": completion} if step.usage else {}
        yield line("", done=True, done_reason=step.finish, total_duration=1, **counts)


_PROTOCOLS: Mapping[str, Callable[[Step, Asked], Iterator[str]]] = {
    "/chat/completions": _openai,
    "/messages": _anthropic,
    "/api/chat": _ollama,
}
