"""Where somebody calls from: their address as far as it can be believed, and their device in two words."""

import ipaddress

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


def place(peer: str | None) -> str:
    """An address as it is counted and shown: an IPv6 one as its /64, since a caller has all of that.

    `peer` is the caller as the edge of the server believes it: the socket's, or what proxies of ours say they saw.
    """
    try:
        found = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return "local"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return "local" if found.is_loopback else str(ipaddress.ip_network((found, 64), strict=False))
    return "local" if found.is_loopback else str(found)


def device(agent: str) -> str:
    """Browser and system of a User-Agent header, such as "Firefox, Windows"; "" where it names neither."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(filter(None, (browser, system)))
