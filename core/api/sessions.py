"""The session cookie: set, kept and taken away by routes, because a page's script cannot.

The sign-in form runs in a script. It hands the new session's token to this process under a one-time ticket; the
browser trades the ticket for the cookie. The cookie is HttpOnly and SameSite, and only names a row in the store.
"""

import secrets
import threading
import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.api.answers import language_of, of_error, problem
from core.errors import TooMany
from core.portal import current_portal
from core.settings import Settings

COOKIE = "askwell_session"
# Behind TLS: a browser takes such a cookie only from this very host, over HTTPS and for all its paths, so that no
# other site of the domain can plant one.
SECURE_COOKIE = "__Host-askwell_session"
TICKET_SECONDS = 60.0


class Tickets:
    """Tokens on their way from a script to the browser that signed in: each can be fetched once, and soon."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[str, float]] = {}

    def issue(self, token: str) -> str:
        """A ticket that is worth this token for a minute."""
        ticket, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._waiting = {key: kept for key, kept in self._waiting.items() if kept[1] > now}
            self._waiting[ticket] = (token, now + TICKET_SECONDS)
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """The token, once; None for a ticket that is unknown, used or late."""
        with self._lock:
            token, until = self._waiting.pop(ticket, ("", 0.0))
        return token if token and time.monotonic() < until else None


TICKETS = Tickets()


def token_of(cookies: Mapping[str, str], settings: Settings) -> str:
    """The session's token in a browser's cookies, "" for none. Behind TLS the plain name is worth nothing."""
    plain = "" if settings.secure_cookies else cookies.get(COOKIE, "")
    return cookies.get(SECURE_COOKIE, "") or plain


async def start(request: Request) -> Response:
    """Trade a ticket for the cookie. The custom header makes a form on another site unable to send this."""
    settings = current_portal().settings
    try:
        _count(request)
    except TooMany as error:
        return of_error(error, language_of(request))
    token = TICKETS.redeem(request.headers.get("x-askwell-ticket", ""))
    if token is None:
        return problem("api.ticket_over", 401, language_of(request))
    secure = settings.secure_cookies or request.url.scheme == "https"
    response = JSONResponse({"ok": True}, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=secure,
        path="/",
    )
    return response


async def end(request: Request) -> Response:
    """Sign out: the row ends, the cookie goes. A page of another site cannot send the header."""
    if "x-askwell-ticket" not in request.headers:
        return problem("api.other_site", 403, language_of(request))
    try:
        _count(request)
    except TooMany as error:
        return of_error(error, language_of(request))
    token = token_of(request.cookies, current_portal().settings)
    if token:
        current_portal().people.sign_out(token)
    response = JSONResponse({"ok": True}, headers={"Cache-Control": "no-store"})
    response.delete_cookie(COOKIE, path="/")
    response.delete_cookie(SECURE_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _count(request: Request) -> None:
    """Raise `TooMany` for an address that does this too often."""
    address = request.client.host if request.client else ""
    current_portal().limits.count("sign_ins", f"address:{address}")


ROUTES = [
    Route("/session/start", start, methods=["POST"]),
    Route("/session/end", end, methods=["POST"]),
]
