"""`serve`: the portal's server on one port, until it is told to stop."""

import errno
import importlib
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress

import uvicorn

from core.errors import InvalidInput
from core.i18n import Phrase, Words
from core.observability import configure_logging
from core.portal import adopt, close_current_portal, open_portal
from core.settings import DEMO_EMAIL, DEMO_PASSWORD, ROOT, Settings, read_settings
from core.streamlit_options import MOST_MESSAGE_MEGABYTES, options, refuse_careless

_PORTS = 100  # how many are tried, from the wished one on
_BACKLOG = 2048
_PATIENCE = 2  # seconds that requests under way are given when the server stops
_PING = 20  # seconds
_EVERYWHERE = frozenset({"", "0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104  (names of addresses, not bound here)


def serve(host: str, port: int | None) -> None:
    """Serve until Ctrl-C or SIGTERM; both end it cleanly, the embedded PostgreSQL included.

    Raises `SettingsInvalid` and `StoreUnreachable` before a page is shown.
    """
    os.chdir(ROOT)  # Streamlit looks here for its .streamlit folder, uvicorn for app.py
    sys.path.insert(0, str(ROOT))
    settings = read_settings()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no memory, with keys in it, on the disk
    configure_logging(settings.log_level)
    for noisy in ("uvicorn.error", "uvicorn.access"):  # Streamlit gives them a level of its own; a filter stays
        logging.getLogger(noisy).addFilter(lambda record: record.levelno >= logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address, wished = host or settings.host, settings.port if port is None else port
    with closing(listen(address, wished)) as listening, suppress(KeyboardInterrupt):
        taken = listening.getsockname()[1]
        words = Words(settings.language)
        if wished not in (0, taken):
            print(words.say("terminal.port_taken", wished=str(wished), port=str(taken)), flush=True)
        try:
            _open(settings, words)
            _tell_streamlit(options(settings, address, taken))
            shown = "localhost" if address in _EVERYWHERE else address
            _Server(_config(), _welcome(settings, words, f"http://{shown}:{taken}")).run(sockets=[listening])
        finally:
            close_current_portal()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `port`, or on the next free one. Pages asked for early wait until there are some."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise InvalidInput(problem=Phrase("terminal.no_address", {"host": host})) from error
    for candidate in range(port, min(port + _PORTS, 65536)):
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address[0], candidate, *address[2:]))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                values = {"host": host, "port": str(candidate), "reason": error.strerror or ""}
                raise InvalidInput(problem=Phrase("terminal.cannot_listen", values)) from error
        else:
            return listening
    raise InvalidInput(problem=Phrase("terminal.no_port", {"port": str(port)}))


def _open(settings: Settings, words: Words) -> None:
    """The portal, opened while the pages' libraries load beside it."""
    if settings.embedded and not (settings.data_dir / "postgres").exists():
        print(words.say("terminal.first_start"), flush=True)
    loading = threading.Thread(target=importlib.import_module, args=("streamlit",), daemon=True)
    loading.start()
    adopt(open_portal(settings))
    loading.join()


def _tell_streamlit(told: Mapping[str, object]) -> None:
    """Set its options as its own command line would. Raises `SettingsInvalid` for a careless configuration."""
    config = importlib.import_module("streamlit.config")
    config.get_config_options(force_reparse=True, options_from_flags=dict(told))
    refuse_careless(config.get_option)


def _config() -> uvicorn.Config:
    """As Streamlit runs its own server, but quiet and with an end to waiting when it stops."""
    return uvicorn.Config(
        "app:app",
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE_MEGABYTES * 1024 * 1024,
        ws_ping_interval=_PING,
        ws_ping_timeout=_PING,
        timeout_graceful_shutdown=_PATIENCE,
        proxy_headers=False,  # who calls, and how, is read in core/api/edge.py, from proxies of the operator's only
        server_header=False,
    )


def _welcome(settings: Settings, words: Words, url: str) -> Sequence[str]:
    """What is printed once pages can be seen."""
    demo = words.say("terminal.demo_sign_in", email=DEMO_EMAIL, password=DEMO_PASSWORD)
    return [words.say("terminal.ready", url=url), *([demo] if settings.demo else []), words.say("terminal.how_to_stop")]


class _Server(uvicorn.Server):
    """A server that says where it is when it is there."""

    def __init__(self, config: uvicorn.Config, welcome: Sequence[str]) -> None:
        super().__init__(config)
        self._welcome = welcome

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print("\n".join(self._welcome), flush=True)
