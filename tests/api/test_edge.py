"""Who gets past the edge: right names, the portal's own pages, and proxies only as many as the operator has."""

import json

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from core.api.edge import host_allowed
from core.api.sessions import COOKIE, SECURE_COOKIE, TICKETS, token_of
from core.errors import SettingsInvalid
from core.portal import Portal, adopt, wire
from core.security.permissions import Role
from core.settings import Settings
from core.store.sessions import Store
from core.streamlit_options import names, options, refuse_careless
from tests.api.conftest import application
from tests.conftest import NOW, PASSWORD, someone

FOREIGN = [
    "evil",
    "evil:8501",
    "localhost.evil.example",
    "localhost@evil",
    "evil.example/localhost",
    "",
    "a b",
    "[::1",
    "x:99999999",
]


def over(store: Store, settings: Settings, **changed: object) -> TestClient:
    """A client of a portal with changed settings."""
    adopt(wire(store, settings.model_copy(update=changed), clock=lambda: NOW))
    return TestClient(application(), "http://localhost")


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_is_turned_away(caller: TestClient, host: str) -> None:
    answer = caller.get("/healthz", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["key"] == "api.wrong_host"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "10.2.3.4", "LOCALHOST."]
)
def test_this_machine_and_addresses_in_figures_are_right(caller: TestClient, host: str) -> None:
    assert caller.get("/healthz", headers={"Host": host}).status_code == 200


def test_the_operators_names_are_right(store: Store, settings: Settings, portal: Portal) -> None:
    client = over(
        store, settings, allowed_hosts="ask.example.org, *.inner.example", public_url="https://www.example.org"
    )
    for host in ("ask.example.org:443", "a.inner.example", "www.example.org"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200, host
    for host in ("example.org", "inner.example", "xinner.example", "ask.example.org.evil"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 421, host


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://localhost.evil"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/session/start", "/session/end", "/api/v1/ask", "/_stcore/upload_file/x/y"])
def test_another_site_changes_nothing(caller: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = caller.post(path, headers={**headers, "X-Askwell-Ticket": "x"})
    assert answer.status_code == 403
    assert answer.json()["error"]["key"] == "api.other_site"


@pytest.mark.parametrize("origin", [None, "http://localhost", "http://localhost:80"])
def test_the_portals_own_pages_pass(caller: TestClient, origin: str | None) -> None:
    headers = {"X-Askwell-Ticket": "x"} | ({"Origin": origin, "Sec-Fetch-Site": "same-origin"} if origin else {})
    assert caller.post("/session/end", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil:1"}, {"Host": "evil", "Origin": "http://evil"}, {"Origin": "null"}]
)
def test_another_site_opens_no_connection(caller: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), caller.websocket_connect("/_stcore/stream", headers=headers):
        pass


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/interact", "/_STCORE/metrics"])
def test_streamlits_own_figures_are_closed(caller: TestClient, path: str) -> None:
    assert caller.get(path).status_code == 404


def test_without_proxies_nobody_is_believed_about_addresses_and_tls(caller: TestClient) -> None:
    answer = caller.get("/healthz", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4"})
    assert "strict-transport-security" not in answer.headers


def test_a_proxy_is_believed_and_what_came_before_it_is_not(store: Store, settings: Settings, portal: Portal) -> None:
    client = over(store, settings, trusted_proxies=1, limit_sign_ins="1/minute")
    assert "strict-transport-security" in client.get("/healthz", headers={"X-Forwarded-Proto": "https"}).headers
    assert (
        "strict-transport-security" not in client.get("/healthz", headers={"X-Forwarded-Proto": "https, http"}).headers
    )

    def end(callers: str) -> int:
        return client.post("/session/end", headers={"X-Askwell-Ticket": "x", "X-Forwarded-For": callers}).status_code

    assert [end("1.1.1.1"), end("9.9.9.9, 1.1.1.1"), end("2.2.2.2")] == [200, 429, 200]


def test_sign_in_routes_say_when_to_come_back(store: Store, settings: Settings, portal: Portal) -> None:
    client = over(store, settings, limit_sign_ins="1/minute")
    assert client.post("/session/start", headers={"X-Askwell-Ticket": "x"}).status_code == 401
    answer = client.post("/session/start", headers={"X-Askwell-Ticket": "x"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_behind_tls_the_cookie_is_of_this_host_alone(store: Store, settings: Settings, portal: Portal) -> None:
    client = over(store, settings, secure_cookies=True)
    client.base_url = client.base_url.copy_with(scheme="https")
    someone(portal, Role.VIEWER, "Ann")
    signed = portal.people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    cookie = client.post("/session/start", headers={"X-Askwell-Ticket": TICKETS.issue(signed.token)}).headers[
        "set-cookie"
    ]
    assert cookie.startswith(f"{SECURE_COOKIE}=")
    assert all(part in cookie for part in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=lax"))
    assert "Domain" not in cookie


def test_a_planted_plain_cookie_is_worth_nothing_behind_tls(settings: Settings) -> None:
    secure = settings.model_copy(update={"secure_cookies": True})
    assert token_of({COOKIE: "planted"}, secure) == ""
    assert token_of({COOKIE: "planted", SECURE_COOKIE: "own"}, secure) == "own"
    assert token_of({COOKIE: "own"}, settings) == "own"


def test_every_answer_is_numbered_and_careful(caller: TestClient) -> None:
    first, second = caller.get("/healthz"), caller.get("/api/nothing")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    for answer in (first, second, caller.get("/healthz", headers={"Host": "evil"})):
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert "unsafe-inline" not in policy["script-src"]
        assert "blob:" not in policy["script-src"]
        assert policy["img-src"] == "'self' data: blob:"
        assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
        for name in ("referrer-policy", "permissions-policy", "x-content-type-options", "cross-origin-opener-policy"):
            assert answer.headers[name]


@pytest.mark.parametrize("off", ["server.enableCORS", "server.enableXsrfProtection"])
@pytest.mark.parametrize(
    ("address", "refused"), [("0.0.0.0", True), ("10.0.0.8", True), (None, True), ("127.0.0.1", False), ("::1", False)]
)
def test_no_start_for_others_while_other_sites_are_let_in(off: str, address: str | None, refused: bool) -> None:
    given = {"server.enableCORS": True, "server.enableXsrfProtection": True, "server.address": address, off: False}
    if refused:
        with pytest.raises(SettingsInvalid, match=off):
            refuse_careless(given.__getitem__)
    else:
        refuse_careless(given.__getitem__)


def test_streamlit_is_told_the_names_too(settings: Settings) -> None:
    named = settings.model_copy(update={"allowed_hosts": "ask.example.org"})
    told = options(named, "127.0.0.1", 1)
    assert set(told["server.allowedHosts"]) >= {"localhost", "ask.example.org"}  # type: ignore[call-overload]
    assert "server.allowedHosts" not in options(named, "0.0.0.0", 1)
    assert settings.secret_key.get_secret_value() not in json.dumps(told)
    assert not host_allowed("evil", names(named))
