"""What the routes answer: JSON, with our own words for everything that went wrong, in the caller's language."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from core.errors import (
    AskwellError,
    InvalidInput,
    NotAllowed,
    NotFound,
    QueryLost,
    QueryRefused,
    QueryTimedOut,
    StoreUnreachable,
    TooMany,
)
from core.i18n import LANGUAGES, Phrase, Words
from core.observability import requests

_STATUS: tuple[tuple[type[AskwellError], int], ...] = (
    (NotAllowed, 403),
    (NotFound, 404),
    (InvalidInput, 400),
    (QueryRefused, 422),
    (TooMany, 429),
    (StoreUnreachable, 503),
    (QueryTimedOut, 504),
    (QueryLost, 503),
)


def language_of(request: Request) -> str:
    """The first language the caller asks for that we speak."""
    for part in request.headers.get("accept-language", "").split(","):
        if (wanted := part.split(";")[0].strip()[:2].lower()) in LANGUAGES:
            return wanted
    return LANGUAGES[0]


def problem(key: str, status: int, language: str = LANGUAGES[0], **values: object) -> JSONResponse:
    """`{"error": {"key", "message", "request"}}`: the key is for programs, the message for people."""
    message = Words(language).show(Phrase(key, values))
    found = {"key": key, "message": message, "request": requests.number()}
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="askwell"'
    if status == 429:
        headers["Retry-After"] = str(values.get("n", 60))
    return JSONResponse({"error": found}, status, headers)


def of_error(error: AskwellError, language: str) -> JSONResponse:
    """The answer to a request that ended in one of our errors. Its technical detail stays in the log."""
    return problem(error.key, status_of(type(error)), language, **error.values)


def status_of(kind: type[AskwellError]) -> int:
    """The HTTP status of a kind of error; what is nobody's fault here is a bad gateway."""
    return next((status for known, status in _STATUS if issubclass(kind, known)), 502)
