"""What `app.py` gives Streamlit besides the pages: routes, the lifespan, and the headers of every answer."""

import asyncio
import base64
import gc
import hashlib
import hmac
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api import rest, sessions
from core.api.answers import problem
from core.api.edge import Edge
from core.api.sign_on_cookies import SignOnCookies
from core.errors import AskwellError
from core.observability import REGISTRY
from core.portal import Portal, close_current_portal, current_portal
from core.settings import Settings
from core.streamlit_options import refuse_careless
from core.worker import Worker

_log = logging.getLogger(__name__)
_WARMING = 10.0  # seconds that a server which is stopped right after its start waits for what it was loading


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """The portal is open and a worker runs for as long as the server does."""
    portal = await asyncio.to_thread(current_portal)
    worker = Worker(portal)
    worker.start()
    warming = asyncio.create_task(asyncio.to_thread(_warm, portal))
    try:
        yield {"portal": portal}
    finally:
        await asyncio.wait({warming}, timeout=_WARMING)  # a thread that still reads the store
        await asyncio.to_thread(worker.close)
        await asyncio.to_thread(close_current_portal)


def careful(option: Callable[[str], object]) -> Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]:
    """The lifespan, but no server that lets other sites in; `option` gives Streamlit's options."""

    @asynccontextmanager
    async def checked(app: Any) -> AsyncIterator[dict[str, Any]]:
        refuse_careless(option)
        async with lifespan(app) as state:
            yield state

    return checked


def _warm(portal: Portal) -> None:
    """Load what is needed, and keep it out of the collector's way.

    Streamlit has all objects of the process looked at after every run of a page. Libraries, dictionaries and schemas
    are hundreds of thousands that stay: looked at each time, they would cost more than the page itself.
    """
    portal.warm()
    gc.collect()
    gc.freeze()


async def healthz(_: Request) -> Response:
    """The process lives."""
    return JSONResponse({"status": "ok"})


async def readyz(_: Request) -> Response:
    """The process can answer: its store is there."""
    try:
        await asyncio.to_thread(current_portal().ping)
    except AskwellError as error:
        return JSONResponse({"status": "not ready", "why": error.key}, 503)
    return JSONResponse({"status": "ready"})


async def front_door(request: Request) -> Response:
    """The Ask page by its name: Streamlit gives the page that comes first no address but the portal's own."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/")


async def metrics(request: Request) -> Response:
    """Prometheus figures, for whoever holds the metrics token; without one there is no such page."""
    wanted = current_portal().settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not wanted or not hmac.compare_digest(wanted.encode(), given.encode()):
        return problem("api.no_such_path", 404)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


class SecurityHeaders:
    """Adds what keeps a browser careful: no foreign scripts, frames, forms or images, and no way back to HTTP."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app, self.policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in self._headers(scope) if name not in present),
                ]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        headers = [(b"content-security-policy", self.policy.encode()), *_CAREFUL]
        if scope.get("scheme") == "https":
            headers.append((b"strict-transport-security", b"max-age=31536000"))
        return headers


_CAREFUL = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), "
        b"microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
)


def content_security_policy() -> str:
    """A policy under which Streamlit's own page still works: its one inline script is allowed by its hash."""
    package = find_spec("streamlit")
    assert package is not None
    assert package.origin is not None
    page = (Path(package.origin).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in inline)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'wasm-unsafe-eval' {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws: wss:",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def _settings() -> Settings:
    return current_portal().settings


ROUTES = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
    Route("/ask", front_door),
    *sessions.ROUTES,
    *rest.ROUTES,
]


def middleware() -> list[Middleware]:
    """What wraps every answer of the server: the headers, and inside them the edge that turns requests away."""
    headers: Callable[..., Any] = SecurityHeaders
    edge: Callable[..., Any] = Edge
    cookies: Callable[..., Any] = SignOnCookies
    return [
        Middleware(headers, policy=content_security_policy()),
        Middleware(edge, settings=_settings),
        Middleware(cookies, settings=_settings),
    ]
