"""Addresses of models, as people paste them, made clean or refused."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from core.errors import InvalidInput
from core.i18n import Phrase
from core.security.networks import leads_to_metadata


def clean_address(address: str, endings: Sequence[str] = ()) -> str:
    """`address` without a slash or one of `endings` behind it. Raises `InvalidInput` unless it is plain http or https.

    No sign-in, query or fragment inside, and not where clouds hand out credentials. (Names that lead there are
    refused when the connection is made.)
    """
    address = address.strip()
    if not address:
        raise _wrong("address_needed")
    if "://" not in address:
        raise _wrong("address_scheme", address=_shown(address))
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _wrong("address_scheme", address=_shown(address)) from None
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() or not c.isprintable() for c in address):
        raise _wrong("address_scheme", address=_shown(address))
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _wrong("address_extras")
    if leads_to_metadata(host):
        raise _wrong("address_forbidden", host=host)
    clean = address.rstrip("/")
    return next((clean.removesuffix(ending) for ending in endings if clean.endswith(ending)), clean)


def _shown(address: str) -> str:
    """An address for a sentence, without what may be a password: before an @, or behind a question mark."""
    scheme, mark, rest = address.partition("://")
    if "@" in rest:
        rest = "…@" + rest.rpartition("@")[2]
    return re.split(r"[?#]", f"{scheme}{mark}{rest}", maxsplit=1)[0]


def _wrong(what: str, **values: object) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"models_core.{what}", values))
