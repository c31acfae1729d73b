"""Streamlit's cookies of a sign-in through an OpenID provider, made to end with our sessions and to stay on TLS.

Streamlit sets them for thirty days and leaves out Secure. They open nothing here once they were turned into a session
of ours; that they carry the provider's word is reason enough to be careful with them.
"""

import re
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings

_THEIRS = re.compile(rb"_streamlit_user(_tokens)?(_+\d+)?=")
_LASTS = re.compile(rb"Max-Age=(\d+)", re.IGNORECASE)
_EXPIRES = re.compile(rb";\s*Expires=[^;]*", re.IGNORECASE)


class SignOnCookies:
    """Changes those cookies on their way out. `settings` are asked for when the first one comes."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings]) -> None:
        self.app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(name, self._careful(name, value, scope)) for name, value in message["headers"]]
            await send(message)

        await self.app(scope, receive, send_careful if scope["type"] == "http" else send)

    def _careful(self, name: bytes, value: bytes, scope: Scope) -> bytes:
        if name.lower() != b"set-cookie" or not _THEIRS.match(value):
            return value
        settings, lasts = self._settings(), _LASTS.search(value)
        longest = settings.session_hours * 3600
        if lasts and int(lasts[1]) > longest:
            value = _EXPIRES.sub(b"", _LASTS.sub(b"Max-Age=%d" % longest, value))
        secure = settings.secure_cookies or scope.get("scheme") == "https"
        return value + b"; Secure" if secure and b"secure" not in value.lower() else value
