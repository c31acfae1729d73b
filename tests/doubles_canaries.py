"""Secrets that are unlike any other text, and a search for them in all their usual disguises."""

import base64
import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus


@dataclass(frozen=True)
class Canary:
    """One secret. `text` has characters that addresses, JSON and shells write in another way."""

    name: str
    text: str = field(repr=False)

    def forms(self) -> Iterator[bytes]:
        """The secret as it is, as part of an address, inside JSON and a Python literal, in hexadecimal and base64."""
        raw = self.text.encode()
        yield raw
        yield raw.hex().encode()
        yield from (shown.encode() for shown in (quote(self.text), quote(self.text, safe=""), quote_plus(self.text)))
        yield from (shown[1:-1].encode() for shown in (json.dumps(self.text), repr(self.text)))
        for shift in range(3):  # base64 of a longer text that holds the secret, wherever it begins
            for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
                whole = alphabet(b"\0" * shift + raw)
                yield whole[4 if shift else 0 : -4]


def found(canaries: Mapping[str, str], where: str, text: str | bytes) -> list[str]:
    """Every canary that is in `text`, as "name in where"."""
    hay = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    hits = []
    for name, secret in canaries.items():
        for form in Canary(name, secret).forms():
            if form in hay:
                at = hay.index(form)
                hits.append(f"{name} in {where}: …{hay[max(0, at - 60) : at]!r}")
                break
    return hits


class Everything(logging.Handler):
    """Keeps every record of every logger, with its traceback, as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def told(error: BaseException) -> str:
    """All that an error says: itself, what it carries, and what caused it, as a log would show it."""
    parts = [repr(error), str(error), str(getattr(error, "detail", "")), repr(getattr(error, "values", ""))]
    return "\n".join([*parts, *traceback.format_exception(error)])
