"""Watches a browser for what a careful portal never causes: errors, breaches of its policy, requests elsewhere."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError, WebSocket

# Streamlit's page looks for its server beneath the address it was opened at before it looks at the root.
_LOOKING_FOR_ITS_SERVER = re.compile(r"/\w+/_stcore/(health|host-config)$")
_HERE = frozenset({"127.0.0.1", ""})  # "" is that of data: and blob:
_TELL_OF_BREACHES = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`the policy forbids ${event.violatedDirective}: ${event.blockedURI || "inline"}`));
"""


@dataclass
class Watch:
    """What went wrong in one browser context, in the order it happened."""

    wrong: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Look at every page of this context from now on."""
        context.add_init_script(_TELL_OF_BREACHES)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("page", self._page)

    def _console(self, message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        if message.type == "error" and not ("404" in message.text and _LOOKING_FOR_ITS_SERVER.search(url)):
            self.wrong.append(f"console: {message.text} ({url})")

    def _error(self, error: WebError) -> None:
        self.wrong.append(f"error: {error.error}")

    def _request(self, request: Request) -> None:
        self._went_to(request.url)

    def _page(self, page: Page) -> None:
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        self._went_to(socket.url)

    def _went_to(self, url: str) -> None:
        if (urlsplit(url).hostname or "") not in _HERE:
            self.wrong.append(f"a request left this machine: {url}")
