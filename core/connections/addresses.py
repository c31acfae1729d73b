"""What a person may give as the address of a database, and which addresses are never connected to.

Addresses are made from fields; a URL is only ever taken apart into them. Parameters come from a closed list, because
drivers know many that read files, run programs or lead elsewhere.
"""

import os
import re
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from core.connections.engines import ENGINES, Engine
from core.connections.session import CONNECT_SECONDS, NOBODY
from core.errors import ConnectionFailed, InvalidInput
from core.i18n import Phrase
from core.security.networks import Network, is_own_machine, leads_to_metadata, network_of, spelled

_LONGEST_NAME = 80
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
# One host name or address: no list of several, no user part, no abstract socket.
_HOST = re.compile(r"[^\s,;@/\\?#%'\"\[\]()<>=]+")
# A socket's folder or file: one, since drivers take several with commas between.
_SOCKET = re.compile(r"/[^,\x00]*")


@dataclass(frozen=True)
class NewConnection:
    """A database as a person describes it. `port` None is the usual one; `options` come from the engine's list.

    `accepts_powers`: the person knows that the login may do far more than read, and wants it all the same.
    """

    name: str
    kind: str
    host: str = ""
    port: int | None = None
    database: str = ""
    user: str = ""
    password: str | SecretStr = field(default="", repr=False)
    file: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    accepts_powers: bool = False

    @property
    def secret(self) -> str:
        """The password in the open."""
        return self.password.get_secret_value() if isinstance(self.password, SecretStr) else self.password

    @property
    def engine(self) -> Engine:
        """The kind's row. Raises `InvalidInput` for a kind there is not."""
        if self.kind not in ENGINES:
            raise _problem("unknown_kind", kind=self.kind, known=", ".join(ENGINES))
        return ENGINES[self.kind]


def tidy(new: NewConnection) -> NewConnection:
    """The same connection, spaces trimmed and every field checked. Raises `InvalidInput` that names the field."""
    engine = new.engine
    texts = {name: str(getattr(new, name)).strip() for name in ("name", "host", "database", "user", "file")}
    if not texts["name"]:
        raise _problem("name_missing")
    if len(texts["name"]) > _LONGEST_NAME:
        raise _problem("name_too_long", most=_LONGEST_NAME)
    for name, text in texts.items():
        if _CONTROL.search(text):
            raise _problem("strange_character", field=_field(name))
    for name in engine.needs:
        if not texts[name]:
            raise _problem("field_missing", field=_field(name))
    given = {name: text if name in ("name", *engine.fields) else "" for name, text in texts.items()}
    if engine.is_file and not Path(given["file"]).is_absolute():
        raise _problem("file_not_absolute")
    if given["host"] and not _SOCKET.fullmatch(given["host"]) and not _HOST.fullmatch(given["host"]):
        raise _problem("bad_host")
    port = (new.port or engine.default_port) if "port" in engine.fields else None
    if port is not None and not 1 <= port <= 65535:
        raise _problem("bad_port")
    for name, value in new.options.items():
        if value not in engine.options.get(name, ()):
            raise _problem("bad_option", option=name)  # never the value: it may be a password
    secret = new.password if "password" in engine.fields else ""
    options = dict(new.options)
    return NewConnection(
        **given, kind=new.kind, port=port, password=secret, options=options, accepts_powers=new.accepts_powers
    )


def from_url(url: str, name: str) -> NewConnection:
    """The connection that a URL describes, as the terminal takes it.

    `postgresql://user:password@host:5432/database?sslmode=require`, likewise `mysql://` and `mariadb://`; a socket is
    given as `?host=/folder`; `sqlite:////folder/file` and `duckdb:////folder/file`, with three slashes for a file of
    the current folder. Raises `InvalidInput`.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _problem("bad_url") from None
    engine = next((engine for engine in ENGINES.values() if parts.scheme.lower() in engine.schemes), None)
    if engine is None:
        schemes = ", ".join(f"{engine.schemes[0]}://" for engine in ENGINES.values())
        raise _problem("unknown_scheme", known=schemes)
    path = unquote(parts.path)
    if engine.is_file:
        if parts.netloc or parts.query or parts.fragment or not path.strip("/"):
            raise _problem("bad_url")
        file = path[1:] if path.startswith("//") else os.path.abspath(path[1:])
        return tidy(NewConnection(name, engine.kind, file=file))
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    socket_folder = options.pop("host", "")
    return tidy(
        NewConnection(
            name,
            engine.kind,
            host=unquote(parts.hostname or "") or socket_folder,
            port=port,
            database=path.removeprefix("/"),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            options=options,
        )
    )


def shown(address: Mapping[str, object]) -> str:
    """An address as a person reads it: host, port and database, or the name of the file. Never a password."""
    if upload := address.get("uploaded"):
        return str(upload)
    if file := address.get("file"):
        return os.path.basename(str(file))
    host = str(address.get("host") or "")
    return f"{host}{'' if host.startswith('/') else ':' + str(address.get('port'))}/{address.get('database')}"


def resolve(host: str, port: int, allow_private: bool) -> str:
    """The network address to connect to, so that what was checked is what is called; "" for a socket's folder.

    Raises `InvalidInput` for an address that no database has, and for one of this machine or a private network unless
    they are allowed; `ConnectionFailed` where a name leads nowhere, or inside where that is not allowed: what names
    there are inside is nobody's business.
    """
    if host.startswith("/"):
        return ""
    literal = spelled(host)
    if leads_to_metadata(host):
        raise _problem("forbidden_address")
    addresses = _looked_up(host, port)
    if literal is None and not is_own_machine(host) and not allow_private and not all(map(is_public, addresses)):
        raise ConnectionFailed(NOBODY)
    networks = {network_of(address) for address in addresses}
    if Network.FORBIDDEN in networks:
        raise _problem("forbidden_address")
    if not allow_private and Network.PRIVATE in networks:
        raise _problem("private_address")
    return _answering(addresses, port)


def _looked_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, in as much time as a connection has. Raises `ConnectionFailed` if there are none."""
    found: list[str] = []

    def look() -> None:
        with suppress(OSError, UnicodeError):
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            # The first part alone: a scope ("%eth0") belongs to this machine's own links.
            found.extend(dict.fromkeys(str(entry[4][0]).split("%", 1)[0] for entry in entries))

    looking = threading.Thread(target=look, name="name lookup", daemon=True)
    looking.start()
    looking.join(CONNECT_SECONDS)
    if looking.is_alive() or not found:
        raise ConnectionFailed(NOBODY)
    return found


def _answering(addresses: Sequence[str], port: int) -> str:
    """The first address that takes a call, where a name has several ("localhost" has two); else the first."""
    deadline = time.monotonic() + CONNECT_SECONDS / 2
    for address in addresses if len(addresses) > 1 else ():
        try:
            socket.create_connection((address, port), max(0.1, deadline - time.monotonic())).close()
        except OSError:
            continue
        return address
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether this is an address on the open internet, in whichever notation an IPv4 address is wrapped."""
    return network_of(address) is Network.PUBLIC


def _problem(name: str, **values: object) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"connections_core.{name}", values))


def _field(name: str) -> Phrase:
    return Phrase(f"connections_core.field_{name}")
