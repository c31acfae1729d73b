"""A language model that answers at once, to measure everything around a model. It speaks OpenAI's chat protocol."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

NAME = "at-once"
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


class ModelFault(StrEnum):
    """What a model may do instead of answering: say that it is busy or broken, speak nonsense, stop half-way."""

    BUSY = "429"
    BROKEN = "500"
    NONSENSE = "nonsense"
    CUT = "half_a_stream"


@contextmanager
def quick_model(reply: Callable[[str], str], fault: Callable[[], ModelFault | None] = lambda: None) -> Iterator[str]:
    """The address of a model that says `reply(last message)`, or fails as `fault()` says, while the block lasts."""

    class Bound(_Conversation):
        replies: ClassVar[Callable[[str], str]] = staticmethod(reply)
        faults: ClassVar[Callable[[], ModelFault | None]] = staticmethod(fault)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


class _Conversation(BaseHTTPRequestHandler):
    """One client; its connection is kept for the next request."""

    protocol_version = "HTTP/1.1"
    replies: ClassVar[Callable[[str], str]]
    faults: ClassVar[Callable[[], ModelFault | None]]

    def log_message(self, *_: Any) -> None:
        """Nothing: what is measured is not to be printed."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        fault = type(self).faults()
        said = type(self).replies(str(asked["messages"][-1]["content"]))
        streamed = bool(asked.get("stream"))
        body = "".join(_events(said)) if streamed else json.dumps(_whole(said))
        payload = b"<html>busy</html>" if fault is ModelFault.NONSENSE else body.encode()
        self.send_response(int(fault) if fault in (ModelFault.BUSY, ModelFault.BROKEN) else 200)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if fault is ModelFault.CUT:  # the length that was promised never comes
            self.close_connection = True
            payload = payload[: len(payload) // 2]
        self.wfile.write(payload)


def _whole(said: str) -> Mapping[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    return {"id": NAME, "object": "chat.completion", "created": 0, "model": NAME, "choices": [choice], "usage": _USAGE}


def _events(said: str) -> Iterator[str]:
    """The reply as a stream of one piece, its end and its usage."""
    pieces: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": said}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": _USAGE},
    ]
    for piece in pieces:
        whole = {"id": NAME, "object": "chat.completion.chunk", "created": 0, "model": NAME, **piece}
        yield f"data: {json.dumps(whole)}\n\n"
    yield "data: [DONE]\n\n"
