"""What Streamlit, which serves the pages, must be set to: `.streamlit/config.toml` says so, and starting checks it."""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from core.errors import SettingsInvalid
from core.settings import Settings

# Beside what config.toml also holds: colours, and what only makes the pages quicker.
WANTED: Mapping[str, object] = {
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "viewer",
    "browser.gatherUsageStats": False,
    "runner.magicEnabled": False,
}
MOST_MESSAGE_MEGABYTES = 64  # of one message between page and server
_KEEP_OUT = ("server.enableCORS", "server.enableXsrfProtection")
_LOCAL = ("localhost", "127.0.0.1", "::1")


def refuse_careless(option: Callable[[str], object]) -> None:
    """Nothing, if Streamlit keeps other sites out; `option` gives one of its options.

    Raises `SettingsInvalid` for a server that others can reach while it does not; without an address it listens
    everywhere.
    """
    off = [name for name in _KEEP_OUT if not option(name)]
    if off and not is_loopback(str(option("server.address") or "")):
        raise SettingsInvalid(problem=f"{' and '.join(off)} must stay on where others can reach the server")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens at this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def names(settings: Settings) -> frozenset[str]:
    """The names this portal may be called by; `*.` before one stands for all below it."""
    given = [
        *settings.allowed_hosts.split(","),
        settings.host,
        urlsplit(settings.public_url).hostname or "",
        "localhost",
    ]
    return frozenset(name.strip().lower().rstrip(".") for name in given if name.strip())


def options(settings: Settings, host: str, port: int) -> dict[str, object]:
    """What depends on the settings and on where the server listens.

    Where it listens for others, any of its addresses in figures is a right one, which Streamlit's list of names cannot
    say; there `core/api/edge.py` alone looks at the name, as it does everywhere.
    """
    found: dict[str, object] = {
        "server.port": port,
        "server.address": host,
        "server.maxUploadSize": settings.upload_megabytes,
    }
    if is_loopback(host):
        found["server.allowedHosts"] = sorted({*names(settings), *_LOCAL})
    if secret := settings.secret_key.get_secret_value():
        signed = hmac.new(secret.encode(), b"cookies that Streamlit signs", hashlib.sha256)
        found["server.cookieSecret"] = signed.hexdigest()
    return found
