"""Where somebody calls from: their address as far as it can be believed, and their device in two words."""

import ipaddress
import re
from collections.abc import Sequence

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("python", "Python"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def caller(peer: str, forwarded: Sequence[str] = (), proxies: int = 0) -> str:
    """The caller's address: what the outermost of `proxies` proxies of ours saw, else the socket's own `peer`.

    `forwarded` are the X-Forwarded-For headers in their order. Each proxy adds at the right whom it saw, so the entry
    that many places from the right is the last one that was not written by a stranger. An IPv6 address is given as its
    /64, since a caller has all of that.
    """
    said = [part.strip() for line in forwarded for part in line.split(",") if part.strip()]
    address = said[-proxies] if proxies and len(said) >= proxies else peer
    return _plain(address) or _plain(peer) or "local"


def _plain(address: str) -> str:
    """An address without port, brackets and zone; "" for what is none."""
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::\d+)?", address.strip())
    text = bracketed[1] if bracketed else re.sub(r"^(\d+(?:\.\d+){3}):\d+$", r"\1", address.strip())
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False)) if not found.is_loopback else str(found)
    return str(found)


def device(agent: str) -> str:
    """Browser and system of a User-Agent header, such as "Firefox, Windows"; "" where it names neither."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(filter(None, (browser, system)))
