"""Which kind of network an address belongs to, in whatever notation it is written or wrapped."""

import ipaddress
import socket
from contextlib import suppress
from enum import StrEnum

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Where clouds hand out credentials; most are link-local besides.
_METADATA = tuple(
    map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"))
)
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data", "metadata.azure.internal"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.ip_network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


class Network(StrEnum):
    """`PRIVATE` is this machine and networks of one's own; `FORBIDDEN` no database or model ever lies in."""

    PUBLIC = "public"
    PRIVATE = "private"
    FORBIDDEN = "forbidden"


def network_of(address: str) -> Network:
    """The network of a numeric address. Raises `ValueError` for what is none."""
    parsed = _unwrapped(ipaddress.ip_address(address.strip("[]").split("%", 1)[0]))
    if is_metadata(parsed) or parsed.is_multicast or parsed.is_unspecified:
        return Network.FORBIDDEN
    if parsed.is_reserved or parsed == ipaddress.IPv4Address("255.255.255.255"):
        return Network.FORBIDDEN
    if isinstance(parsed, ipaddress.IPv4Address) and parsed in ipaddress.ip_network("0.0.0.0/8"):
        return Network.FORBIDDEN
    return Network.PUBLIC if parsed.is_global else Network.PRIVATE


def is_metadata(address: _Address) -> bool:
    """Whether clouds hand out credentials there; link-local addresses are for nothing else."""
    inner = _unwrapped(address)
    return inner.is_link_local or inner in _METADATA


def spelled(host: str) -> _Address | None:
    """The address that `host` spells, also in decimal, octal, hexadecimal or short; None for a name."""
    text = host.strip("[]").rstrip(".").split("%", 1)[0]
    with suppress(ValueError):
        return ipaddress.ip_address(text)
    with suppress(OSError, UnicodeError):
        # What the system's resolver takes for an IPv4 address: 127.1, 0x7f000001, 2130706433, 0177.0.0.1.
        return ipaddress.IPv4Address(socket.inet_aton(text)) if text[:1].isdigit() else None
    return None


def leads_to_metadata(host: str) -> bool:
    """Whether `host` is written as an address or a name where clouds hand out credentials."""
    address = spelled(host)
    return host.rstrip(".").lower() in _METADATA_NAMES if address is None else is_metadata(address)


def is_own_machine(host: str) -> bool:
    """Whether `host` is a name that means this machine everywhere."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _unwrapped(address: _Address) -> _Address:
    """The IPv4 address inside an IPv6 one that carries it, whichever way; else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    low = int(address) & 0xFFFFFFFF
    carried = address in _NAT64 or address in _NAT64_LOCAL or (address in _COMPATIBLE and low > 1)
    if inner is None and (carried or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP):
        inner = ipaddress.IPv4Address(low)
    return inner or address
