"""The routes beside the pages, in the real server application: the cookie, health, and the headers."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.api.asgi import ROUTES, lifespan, middleware
from core.api.sessions import COOKIE, TICKETS
from core.portal import Portal
from core.security.permissions import SYSTEM, Role
from tests.conftest import PASSWORD, someone


@pytest.fixture
def client(portal: Portal) -> Iterator[TestClient]:
    """The routes of the server; its lifespan is left out, since the portal is the test's own."""
    with TestClient(Starlette(routes=ROUTES, middleware=middleware()), "http://localhost") as client:
        yield client


def ticket(portal: Portal, email: str) -> str:
    signed = portal.people.sign_in(email, PASSWORD)
    assert signed is not None
    return TICKETS.issue(signed.token)


def test_a_ticket_becomes_an_http_only_cookie_once(client: TestClient, portal: Portal) -> None:
    someone(portal, Role.VIEWER, "Ann")
    given = ticket(portal, "ann@example.org")
    answer = client.post("/session/start", headers={"X-Askwell-Ticket": given})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 200
    assert cookie.startswith(COOKIE)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    again = TestClient(client.app, "http://localhost").post("/session/start", headers={"X-Askwell-Ticket": given})
    assert again.status_code == 401


def test_a_copied_cookie_is_dead_after_sign_out(client: TestClient, portal: Portal) -> None:
    someone(portal, Role.VIEWER, "Ann")
    client.post("/session/start", headers={"X-Askwell-Ticket": ticket(portal, "ann@example.org")})
    copied = client.cookies[COOKIE]
    assert portal.people.identify(copied) is not None
    assert client.post("/session/end", headers={"X-Askwell-Ticket": "end"}).status_code == 200
    assert portal.people.identify(copied) is None


def test_a_copied_cookie_is_dead_after_disabling(client: TestClient, portal: Portal) -> None:
    person = someone(portal, Role.VIEWER, "Ann")
    client.post("/session/start", headers={"X-Askwell-Ticket": ticket(portal, "ann@example.org")})
    portal.people.change(SYSTEM, person.id, disabled=True)
    assert portal.people.identify(client.cookies[COOKIE]) is None


def test_another_site_cannot_sign_a_person_out(client: TestClient, portal: Portal) -> None:
    someone(portal, Role.VIEWER, "Ann")
    client.post("/session/start", headers={"X-Askwell-Ticket": ticket(portal, "ann@example.org")})
    assert client.post("/session/end").status_code == 403
    assert portal.people.identify(client.cookies[COOKIE]) is not None


def test_an_unknown_ticket_gives_no_cookie(client: TestClient) -> None:
    answer = client.post("/session/start", headers={"X-Askwell-Ticket": "made up"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_health_says_that_the_store_is_there(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_the_ask_page_is_found_by_its_name_as_well(client: TestClient) -> None:
    answer = client.get("/ask?question=x", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "/?question=x"


def test_metrics_are_closed_without_a_token(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_every_answer_carries_careful_headers(client: TestClient) -> None:
    headers = client.get("/healthz").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_lifespan_opens_the_portal_and_runs_jobs(portal: Portal) -> None:
    with TestClient(Starlette(routes=ROUTES, lifespan=lifespan)) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
