"""A small OpenID provider on a free port: discovery, keys, the code flow with PKCE, signed ID tokens, and sign-out.

It is as strict as a real one: a code is worth one token, for the client, address and verifier it was made for.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "askwell-tests", "a-secret-of-the-client-for-tests-only"


@dataclass
class _Code:
    """What a code was given out for."""

    who: str
    redirect: str
    nonce: str
    challenge: str


@dataclass
class OidcProvider:
    """People sign in by picking themselves. `people` are their claims by subject; `changed` may spoil a token."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda claims: claims)
    signed_out: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __enter__(self) -> "OidcProvider":
        self._key = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._codes: dict[str, _Code] = {}
        provider = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._get(self)

            def do_POST(self) -> None:
                provider._post(self)

            def log_message(self, *_: Any) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def claims(self, who: str, nonce: str, now: float | None = None) -> dict[str, Any]:
        """What an ID token of this person says."""
        at = int(time.time() if now is None else now)
        standard = {"iss": self.issuer, "sub": who, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": nonce}
        return self.changed(standard | self.people[who])

    def _get(self, request: BaseHTTPRequestHandler) -> None:
        path, asked = _asked(request)
        if path == "/.well-known/openid-configuration":
            _json(request, self._discovery())
        elif path == "/keys":
            _json(request, {"keys": [self._key.as_dict(private=False)]})
        elif path == "/authorize":
            self._authorize(request, asked)
        elif path == "/end":
            self.signed_out.append(asked.get("id_token_hint", ""))
            _redirect(request, asked["post_logout_redirect_uri"])
        else:
            _json(request, {"error": "not found"}, 404)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def _authorize(self, request: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        """A page with a link for each person; the link of the one who is picked leads back with a code."""
        missing = [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        if missing or asked.get("client_id") != CLIENT or asked.get("code_challenge_method") != "S256":
            self.wrong.append(f"authorize: {missing} {asked.get('client_id')}")
            _json(request, {"error": "invalid_request"}, 400)
            return
        if who := asked.get("pick"):
            code = secrets.token_urlsafe(16)
            self._codes[code] = _Code(who, asked["redirect_uri"], asked["nonce"], asked["code_challenge"])
            _redirect(request, f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
            return
        links = []
        for each in self.people:
            target = html.escape("/authorize?" + urlencode(asked | {"pick": each}))
            links.append(f"<li><a href='{target}'>{html.escape(each)}</a>")
        head = "<!doctype html><title>Provider</title><link rel=icon href='data:,'><h1>Who are you?</h1>"
        page = head + "".join(links)
        _send(request, 200, page.encode(), "text/html; charset=utf-8")

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length", 0))
        asked = {name: values[0] for name, values in parse_qs(request.rfile.read(length).decode()).items()}
        client = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        code = self._codes.pop(asked.get("code", ""), None)
        proof = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if (
            code is None
            or code.redirect != asked.get("redirect_uri")
            or base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != code.challenge
            or client != f"{CLIENT}:{SECRET}"
        ):
            self.wrong.append("token: a wrong code, address, verifier or client")
            _json(request, {"error": "invalid_grant"}, 400)
            return
        header = {"alg": "RS256", "kid": self._key.kid}
        token = jwt.encode(header, self.claims(code.who, code.nonce), self._key)
        _json(request, {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": token})


def _asked(request: BaseHTTPRequestHandler) -> tuple[str, dict[str, str]]:
    parts = urlsplit(request.path)
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def _json(request: BaseHTTPRequestHandler, answer: dict[str, Any], status: int = 200) -> None:
    _send(request, status, json.dumps(answer).encode(), "application/json")


def _redirect(request: BaseHTTPRequestHandler, to: str) -> None:
    request.send_response(302)
    request.send_header("Location", to)
    request.send_header("Content-Length", "0")
    request.end_headers()


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
