"""What every request passes first: which name it calls the portal by, from which site it comes, and from whom.

A page of another site can neither open the pages' connection nor send anything that changes something; a foreign name
for this portal (DNS rebinding) is turned away. Each request has a number, which is in its answer and in the log.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.answers import problem
from core.observability import requests
from core.settings import Settings
from core.streamlit_options import names

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CLOSED = re.compile(r"/_stcore/(metrics|agent)(/|$)", re.IGNORECASE)  # Streamlit's own, open to everybody
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Edge:
    """Looks at a request before any route or page does. `settings` are asked for when the first request comes."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings]) -> None:
        self.app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        settings = self._settings()
        if settings.trusted_proxies:
            _as_proxies_say(scope, settings.trusted_proxies)
        headers = Headers(scope=scope)
        with requests.numbered() as number:

            async def send_numbered(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)["X-Request-ID"] = number
                await send(message)

            refusal = _refusal(scope, headers, settings)
            if refusal is None:
                await self.app(scope, receive, send_numbered)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await refusal(scope, receive, send_numbered)


def _refusal(scope: Scope, headers: Headers, settings: Settings) -> JSONResponse | None:
    """Why this request goes no further; None if it does."""
    host = headers.get("host", "")
    if not host_allowed(host, names(settings)):
        return problem("api.wrong_host", 421)
    if _CLOSED.match(scope["path"]):
        return problem("api.no_such_path", 404)
    careful = scope["type"] == "websocket" or scope["method"] not in _SAFE
    if careful and not same_site(headers, host, scope["scheme"]):
        return problem("api.other_site", 403)
    return None


def host_allowed(host: str, allowed: Iterable[str]) -> bool:
    """Whether a Host header names this portal. An address in figures does: no name service can turn it elsewhere."""
    name = _name_and_port(host)
    if name is None:
        return False
    known = name[0].rstrip(".")
    try:
        ipaddress.ip_address(known)
    except ValueError:
        return any(known == one or (one.startswith("*.") and known.endswith(one[1:])) for one in allowed)
    return True


def same_site(headers: Headers, host: str, scheme: str) -> bool:
    """Whether a request comes from the portal's own pages, or from a program, which says no origin at all."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    parts = urlsplit(origin)
    theirs, ours = _name_and_port(parts.netloc), _name_and_port(host)
    if theirs is None or ours is None or parts.scheme not in ("http", "https"):
        return False
    return (theirs[0], theirs[1] or _PORTS[parts.scheme]) in (
        (ours[0], ours[1] or _PORTS[parts.scheme]),
        (ours[0], ours[1] or _PORTS[scheme]),
    )


def _name_and_port(host: str) -> tuple[str, int | None] | None:
    """The parts of a Host header; None for anything else than a name and perhaps a port."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or parts.netloc != host or "@" in host or not re.fullmatch(r"[\w.:%-]+", name):
        return None
    return name.lower(), port


def _as_proxies_say(scope: Scope, proxies: int) -> None:
    """Take over what so many proxies of the operator's say of the caller: each adds its word at the end."""
    headers = Headers(scope=scope)
    callers = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if callers:
        scope["client"] = (callers[-min(proxies, len(callers))], 0)
    schemes = [part.strip().lower() for part in headers.get("x-forwarded-proto", "").split(",") if part.strip()]
    said = schemes[-min(proxies, len(schemes))] if schemes else ""
    if said in ("http", "https"):
        secure = said == "https"
        scope["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else said
