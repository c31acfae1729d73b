"""The API for programs, with keys: `GET /api/v1/me` and `POST /api/v1/ask`. `docs/api.md` describes it.

A key comes in a header, never in the address, where logs would keep it; a browser's cookie opens nothing here.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from core.answering.card import Card
from core.answering.events import Failed
from core.answering.programs import as_json
from core.answering.question import Question
from core.api.answers import language_of, of_error, problem, status_of
from core.errors import AskwellError, InvalidInput, NotFound
from core.i18n import Phrase, Words
from core.portal import Portal, current_portal
from core.security.api_keys import KeyHolder
from core.security.permissions import Actor
from core.stop import Stop

_log = logging.getLogger(__name__)
THREADS = 16  # questions of programs at a time; further ones wait, within their deadline
MOST_BYTES = 64 * 1024  # of a request
MOST_ROWS = 1000
_KEY_IN_ADDRESS = frozenset({"key", "api_key", "apikey", "api-key", "x-api-key", "access_token", "token"})
_BEARER = re.compile(r"bearer\s+(\S+)\s*", re.IGNORECASE)

Answer = Callable[[Request, Portal, KeyHolder], Awaitable[Response]]


@dataclass(frozen=True)
class Asked:
    """The body of a question."""

    question: str
    connection: str = ""
    conversation: UUID | None = None
    rung: Literal["instant", "model"] | None = None
    most_rows: int = MOST_ROWS


async def me(_: Request, __: Portal, holder: KeyHolder) -> Response:
    """Who the key speaks for, and what it may do."""
    actor = holder.actor
    return JSONResponse(
        {
            "id": str(actor.id),
            "name": actor.name,
            "email": actor.email,
            "role": actor.role.value,
            "key": {
                "id": str(holder.key_id),
                "name": holder.name,
                "scopes": sorted(actor.scopes or ()),
                "expires_at": holder.expires_at.isoformat(),
            },
        }
    )


async def ask(request: Request, portal: Portal, holder: KeyHolder) -> Response:
    """One question and its answer, or an error, within the deadline. A caller who hangs up stops it."""
    asked, stop, language = await _asked(request), Stop(), language_of(request)
    answering = asyncio.ensure_future(
        to_thread.run_sync(
            _answer, portal, holder.actor, asked, stop, limiter=_threads(request), abandon_on_cancel=True
        )
    )
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({answering, leaving}, timeout=portal.settings.api_seconds, return_when="FIRST_COMPLETED")
        if answering.done():
            card = answering.result()
            return _told(card, Words(card.understood.language if card.understood else language), asked.most_rows)
        late = not leaving.done()
        return problem("api.late" if late else "errors.stopped", 504 if late else 499, language)
    finally:
        stop.ask()
        leaving.cancel()
        answering.cancel()


def _answer(portal: Portal, actor: Actor, asked: Asked, stop: Stop) -> Card:
    """The whole card, in a thread."""
    card = Card(asked.question)
    place = _connection(portal, actor, asked.connection) if asked.connection else None
    question = Question(asked.question, place, asked.conversation or uuid4(), rung=asked.rung)
    for event in portal.answers.ask(actor, question, stop):
        card = card.after(event)
    return card


def _connection(portal: Portal, actor: Actor, named: str) -> UUID:
    """The connection of this name or number among those the actor may ask. Raises `NotFound` for any other."""
    for info in portal.connections.list(actor):
        if named.casefold() in (info.name.casefold(), str(info.id)):
            return info.id
    try:
        return portal.connections.open(actor, UUID(named)).id
    except ValueError:
        raise NotFound from None


def _told(card: Card, words: Words, most_rows: int) -> Response:
    """The card as JSON; where it failed, with the error and its status."""
    body: dict[str, Any] = as_json(card, words, most_rows)
    if not isinstance(card.ending, Failed):
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
    key = card.ending.message.key
    kind = next((kind for kind in _kinds(AskwellError) if kind.key == key), AskwellError)
    status = 499 if key == "errors.stopped" else status_of(kind)
    refusal = problem(key, status, words.language, **card.ending.message.values)
    error = json.loads(bytes(refusal.body))["error"]
    return JSONResponse({**body, "error": error}, status, {"Cache-Control": "no-store"})


def _kinds(root: type[AskwellError]) -> list[type[AskwellError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


async def _asked(request: Request) -> Asked:
    """The question in the body. Raises `InvalidInput` that says what is wrong with it."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise InvalidInput(problem=Phrase("api.json_needed"))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise InvalidInput(problem=Phrase("api.too_large", {"n": MOST_BYTES // 1024}))
    try:
        found = json.loads(body)
        conversation = found.get("conversation")
        asked = Asked(
            found["question"],
            found.get("connection") or "",
            UUID(conversation) if conversation else None,
            found.get("rung"),
            found.get("rows", MOST_ROWS),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidInput(problem=Phrase("api.bad_body")) from None
    right = isinstance(asked.question, str) and isinstance(asked.connection, str) and type(asked.most_rows) is int
    if not right or asked.rung not in (None, "instant", "model") or not 0 <= asked.most_rows <= MOST_ROWS:
        raise InvalidInput(problem=Phrase("api.bad_body"))
    return asked


async def _gone(request: Request) -> None:
    """Comes back when the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _threads(request: Request) -> CapacityLimiter:
    """The threads for questions, apart from those that everything else of the server runs in."""
    if not hasattr(request.app.state, "question_threads"):
        request.app.state.question_threads = CapacityLimiter(THREADS)
    limiter: CapacityLimiter = request.app.state.question_threads
    return limiter


def keyed(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """A route for whoever presents a key that is alive, and not more often than the limit."""

    async def route(request: Request) -> Response:
        language = language_of(request)
        try:
            portal = await asyncio.to_thread(current_portal)
            if _KEY_IN_ADDRESS & {name.lower() for name in request.query_params}:
                return problem("api.key_in_address", 401, language)
            holder = await asyncio.to_thread(_holder, portal, request)
            if holder is None:
                return problem("api.key_needed", 401, language)
            return await answer(request, portal, holder)
        except AskwellError as error:
            return of_error(error, language)
        except ClientDisconnect:
            return problem("errors.stopped", 499, language)
        except Exception:  # noqa: BLE001  (the outermost door)
            _log.exception("a request of the API broke")
            return problem("errors.askwell_error", 500, language)

    return route


def _holder(portal: Portal, request: Request) -> KeyHolder | None:
    """Who the presented key speaks for. Raises `TooMany` for too many requests with it, or too many wrong ones."""
    address = request.client.host if request.client else ""
    presented = presented_key(request)
    holder = portal.keys.identify(presented) if presented else None
    if holder is None:
        portal.refusals.note(None, "keys.identify", address, "wrong_key" if presented else "no_key")
        portal.limits.count("wrong_keys", f"address:{address}")
        return None
    portal.limits.count("api", f"key:{holder.key_id}")
    return holder


def presented_key(request: Request) -> str:
    """The key in `Authorization: Bearer …` or `X-API-Key: …`, which are worth the same; "" for none, or two."""
    bearer = _BEARER.fullmatch(request.headers.get("authorization", ""))
    given = {found for found in (bearer[1] if bearer else "", request.headers.get("x-api-key", "").strip()) if found}
    return given.pop() if len(given) == 1 else ""


async def nothing_here(request: Request) -> Response:
    """Whatever else is asked for below /api: never a page."""
    return problem("api.no_such_path", 404, language_of(request))


def only(method: str) -> Callable[[Request], Awaitable[Response]]:
    """The answer to any other method at a path that has one."""

    async def wrong_method(request: Request) -> Response:
        answer = problem("api.wrong_method", 405, language_of(request), method=method)
        answer.headers["Allow"] = method
        return answer

    return wrong_method


_EVERY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]

ROUTES = [
    Mount(
        "/api",
        routes=[
            Route("/v1/me", keyed(me), methods=["GET"]),
            Route("/v1/me", only("GET"), methods=_EVERY),
            Route("/v1/ask", keyed(ask), methods=["POST"]),
            Route("/v1/ask", only("POST"), methods=_EVERY),
            Route("/{path:path}", nothing_here, methods=_EVERY),
        ],
    ),
    Route("/api", nothing_here, methods=_EVERY),
]
