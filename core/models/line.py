"""The wire to a model: HTTP clients that never follow a redirect, never swallow an endless body, and can be hung up.

Providers' libraries bring two HTTP libraries of one shape (`httpx2`, and `httpx` under Ollama's), so that all of this
hangs on what both offer: request hooks and the `trace` extension, which shows each socket as it is connected.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from types import ModuleType
from typing import Any

from core.security.networks import leads_to_metadata

LARGEST_BODY = 8_000_000  # bytes of one answer, events and all
CONNECT_SECONDS = 10.0


class AddressRefused(OSError):
    """The address of a cloud's metadata service, which answers with credentials and is no model."""


class BodyTooLarge(OSError):
    """An answer without an end."""


class Line:
    """The sockets of one request, so that another thread can hang up while this one waits for the model."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._down = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by the HTTP library at every step; a step that opened a connection shows it in `return_value`."""
        if not event.startswith("connection.") or not event.endswith(".complete"):
            return
        opened = info["return_value"].get_extra_info("socket")
        if event == "connection.connect_tcp.complete" and leads_to_metadata(opened.getpeername()[0]):
            opened.close()
            raise AddressRefused("this address belongs to a metadata service")
        with self._lock:
            self._sockets.append(opened)
            down = self._down
        if down:
            _shut(opened)

    def hang_up(self) -> None:
        """Shut every socket, now and later; whoever reads from one wakes up. May be called from any thread."""
        with self._lock:
            self._down = True
            sockets = list(self._sockets)
        for open_socket in sockets:
            _shut(open_socket)


def _shut(open_socket: socket.socket) -> None:
    """Shut below TLS, whose own shutdown is not made for two threads."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(open_socket, socket.SHUT_RDWR)


_line: ContextVar[Line | None] = ContextVar("line", default=None)


@contextlib.contextmanager
def on_line(line: Line) -> Iterator[None]:
    """Requests that this thread makes inside go over `line`."""
    token = _line.set(line)
    try:
        yield
    finally:
        _line.reset(token)


@cache
def trust(http: ModuleType) -> ssl.SSLContext:
    """Which servers are trusted, by `http`: read from the machine once, because that takes a tenth of a second."""
    context: ssl.SSLContext = http.create_ssl_context()
    return context


def client_options(http: ModuleType, seconds: float) -> dict[str, Any]:
    """How to make a client of `http` (httpx or httpx2): no redirects, no reuse, a limit on bodies, a line to hang up.

    A connection of its own for each request costs a handshake, and is what lets a stop reach the model at once.
    """

    def attach(request: Any) -> None:
        request.extensions["trace"] = (_line.get() or Line()).trace

    def limit(response: Any) -> None:
        response.headers.pop("content-encoding", None)  # none was asked for; what comes packed stays unread
        response.stream = _Limited(response.stream)

    class _Limited(http.SyncByteStream):  # type: ignore[name-defined, misc]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            received = 0
            for piece in self._stream:
                received += len(piece)
                if received > LARGEST_BODY:
                    raise BodyTooLarge("the answer has no end")
                yield piece

        def close(self) -> None:
            self._stream.close()

    return {
        "verify": trust(http),
        "follow_redirects": False,
        "timeout": http.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        "limits": http.Limits(max_keepalive_connections=0),
        "headers": {"Accept-Encoding": "identity"},
        "event_hooks": {"request": [attach], "response": [limit]},
    }
