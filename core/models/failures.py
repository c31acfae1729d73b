"""How a model can fail, told in our own errors: the one place where providers' exceptions are read.

Providers' libraries share no tree of exceptions, but nearly all of them carry an HTTP status, and langchain-core
names the common conditions; where both are silent, what arrived could not be read.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.errors import (
    ModelBroken,
    ModelRateLimited,
    ModelRejectedKey,
    ModelTimedOut,
    ModelTooSmall,
    ModelUnavailable,
)
from core.models.line import AddressRefused, BodyTooLarge

_LONGEST_DETAIL = 300
_TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size)|too many tokens|prompt is too long|maximum context|exceeds? the context",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient[_ ](quota|balance|funds|credit)|billing|arrears|欠费|余额不足", re.IGNORECASE)
_PARAMETER = re.compile(r"temperature|stream_options|include_usage", re.IGNORECASE)
_KEY_LIKE = re.compile(r"\b(sk|pk|api|key|tok|gsk|xai)[-_][\w.*-]{6,}|\bBearer\s+\S+|\beyJ[\w.-]{20,}", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,500}>")
_CONNECT = ("ConnectError", "ConnectTimeout", "ConnectionRefusedError", "gaierror", "UnsupportedProtocol")


@dataclass(frozen=True)
class Failure:
    """One failed request: the error a person sees, and what follows from it.

    `again` says that the same request may succeed later, after `wait` seconds where the provider named them;
    `plainer` that it may succeed with fewer parameters.
    """

    error: ModelUnavailable
    again: bool = False
    wait: float | None = None
    plainer: bool = False


def read_failure(error: BaseException, heard: bool, secrets: tuple[str, ...] = ()) -> Failure:
    """What this exception of a provider's library means. `heard` says that a part of the answer had arrived.

    Details never hold `secrets`, nor anything that looks like a key.
    """
    status, detail = _status(error), _detail(error, secrets)
    if isinstance(error, ModelUnavailable):
        return Failure(error)
    chain = list(_causes(error))
    names = {type(e).__name__ for e in chain}
    if status:
        return _by_status(status, detail, error)
    if _TOO_LONG.search(detail):
        return Failure(ModelTooSmall(detail))
    if any(isinstance(e, AddressRefused) for e in chain):
        return Failure(ModelUnavailable("this address belongs to a metadata service"))
    if any(isinstance(e, BodyTooLarge) for e in chain):
        return Failure(ModelBroken("the answer had no end"))
    if any(isinstance(e, ssl.SSLError) for e in chain):
        return Failure(ModelUnavailable(f"no secure connection: {detail}"))
    if names.intersection(_CONNECT):
        return Failure(ModelUnavailable("the address cannot be reached"), again=True)
    if any("Timeout" in name for name in names):
        return Failure(ModelTimedOut("no answer in time"))
    if names.intersection(("RemoteProtocolError", "ReadError", "ConnectionResetError", "IncompleteRead")):
        return Failure(
            ModelBroken("the connection broke" + (" in the middle of the answer" if heard else "")), again=not heard
        )
    return Failure(ModelBroken(f"the answer could not be read: {detail}"))


_BY_STATUS: Mapping[int, Callable[[str], Failure]] = {
    401: lambda detail: Failure(ModelRejectedKey(detail)),
    402: lambda detail: Failure(ModelUnavailable(detail)),
    403: lambda detail: Failure(ModelRejectedKey(detail)),
    408: lambda detail: Failure(ModelTimedOut(detail), again=True),
    413: lambda detail: Failure(ModelTooSmall(detail)),
    429: lambda detail: Failure(ModelRateLimited(detail), again=not _NO_CREDIT.search(detail)),
    504: lambda detail: Failure(ModelTimedOut(detail), again=True),
}


def _by_status(status: int, detail: str, error: BaseException) -> Failure:
    detail = f"{status} {detail}".strip()
    if status < 500 and status != 429 and _TOO_LONG.search(detail):
        return Failure(ModelTooSmall(detail))
    if status in (400, 422) and _PARAMETER.search(detail):
        return Failure(ModelUnavailable(detail), plainer=True)
    if status in _BY_STATUS:
        failure = _BY_STATUS[status](detail)
    elif status >= 500:
        failure = Failure(ModelBroken(detail), again=True)
    else:
        failure = Failure(ModelUnavailable(f"{detail} (redirects are not followed)" if status < 400 else detail))
    return Failure(failure.error, failure.again, _retry_after(error))


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and status >= 300 else None


def _causes(error: BaseException | None) -> "list[BaseException]":
    """An exception and all that led to it, nearest first."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _detail(error: BaseException, secrets: tuple[str, ...]) -> str:
    """What the provider said, on one short line without markup and secrets."""
    body = getattr(error, "body", None) or getattr(error, "error", None)
    inner = body.get("error", body) if isinstance(body, dict) else body
    said = inner.get("message") if isinstance(inner, dict) else None
    return clean_detail(str(said or getattr(error, "message", "") or error or type(error).__name__), secrets)


def clean_detail(text: str, secrets: tuple[str, ...] = ()) -> str:
    """`text` fit for a folded box: one line of at most 300 characters, no markup, no control characters, no keys."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    text = _KEY_LIKE.sub("…", _TAG.sub(" ", text))
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"


def _retry_after(error: BaseException) -> float | None:
    """Seconds that the provider asked to wait (RFC 9110, section 10.2.3: a number, or a date)."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    value = str(headers.get("retry-after", "")).strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
