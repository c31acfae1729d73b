"""The session cookie: set, kept and taken away by routes, because a page's script cannot.

The sign-in form runs in a script. It hands the new session's token to this process under a one-time ticket; the
browser trades the ticket for the cookie. The cookie is HttpOnly and SameSite, and only names a row in the store.
"""

import secrets
import threading
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.portal import current_portal

COOKIE = "askwell_session"
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


async def start(request: Request) -> Response:
    """Trade a ticket for the cookie. The custom header makes a form on another site unable to send this."""
    ticket = request.headers.get("x-askwell-ticket", "")
    token = TICKETS.redeem(ticket)
    if token is None:
        return JSONResponse({"error": "this sign-in is over; sign in again"}, 401)
    settings = current_portal().settings
    response = JSONResponse({"ok": True})
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies or request.url.scheme == "https",
        path="/",
    )
    return response


async def end(request: Request) -> Response:
    """Sign out: the row ends, the cookie goes. A page of another site cannot send the header."""
    if "x-askwell-ticket" not in request.headers:
        return JSONResponse({"error": "not from this portal"}, 403)
    token = request.cookies.get(COOKIE)
    if token:
        current_portal().people.sign_out(token)
    response = JSONResponse({"ok": True})
    response.delete_cookie(COOKIE, path="/")
    return response


ROUTES = [
    Route("/session/start", start, methods=["POST"]),
    Route("/session/end", end, methods=["POST"]),
]
