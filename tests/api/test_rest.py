"""The API for programs: keys in either header, one question and its answer, and errors that are always JSON."""

import time
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.connections.addresses import NewConnection
from core.connections.registry import ConnectionInfo
from core.errors import NotAllowed
from core.portal import Portal, adopt, wire
from core.security.permissions import SYSTEM, Role, Scope
from core.settings import Settings
from core.store.sessions import Store
from tests.api.conftest import KeyFor, application
from tests.conftest import NOW, PASSWORD, someone

ME, ASK = "/api/v1/me", "/api/v1/ask"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def error_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["message"]
    assert error["request"] == answer.headers["x-request-id"]
    return str(error["key"])


def test_both_forms_of_the_header_are_worth_the_same(caller: TestClient, portal: Portal, key_for: KeyFor) -> None:
    ann = someone(portal, Role.ANALYST, "Ann")
    key = key_for(ann, "ask")
    found = [
        caller.get(ME, headers=headers)
        for headers in (bearer(key), {"X-API-Key": key}, {"authorization": f"bearer {key}"})
    ]
    assert [answer.status_code for answer in found] == [200] * 3
    assert found[0].json() == found[1].json() == found[2].json()
    me = found[0].json()
    assert (me["name"], me["role"], me["key"]["scopes"]) == ("Ann", "analyst", ["ask"])


def test_two_different_keys_at_once_are_none(caller: TestClient, portal: Portal, key_for: KeyFor) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    headers = {**bearer(key_for(ann)), "X-API-Key": key_for(ann)}
    assert error_of(caller.get(ME, headers=headers), 401) == "api.key_needed"


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "X-API-Key"])
def test_a_key_in_the_address_is_not_accepted(caller: TestClient, portal: Portal, key_for: KeyFor, name: str) -> None:
    key = key_for(someone(portal, Role.VIEWER, "Ann"))
    assert error_of(caller.get(ME, params={name: key}), 401) == "api.key_in_address"
    assert error_of(caller.get(ME, params={name: key}, headers=bearer(key)), 401) == "api.key_in_address"


@pytest.mark.parametrize("path", [ME, ASK])
def test_strangers_are_refused_and_noted(caller: TestClient, portal: Portal, key_for: KeyFor, path: str) -> None:
    ann = someone(portal, Role.VIEWER, "Ann")
    revoked, orphan = key_for(ann), key_for(someone(portal, Role.VIEWER, "Bob"))
    portal.keys.revoke(ann, portal.keys.list(ann)[0].id)
    portal.people.change(SYSTEM, portal.keys.everyones(SYSTEM)[0].person_id, disabled=True)
    signed = portal.people.sign_in("ann@example.org", PASSWORD)
    assert signed is not None
    call = caller.get if path == ME else caller.post
    tries: list[dict[str, str]] = [
        {},
        bearer("x"),
        bearer(revoked),
        bearer(orphan),
        bearer(signed.token),
        {"Cookie": f"askwell_session={signed.token}"},
        {"Authorization": f"Basic {revoked}"},
    ]
    for headers in tries:
        answer = call(path, headers=headers)
        assert error_of(answer, 401) == "api.key_needed"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    portal.refusals.flush()
    rows = [row for row in portal.audit.list(SYSTEM) if row.action == "keys.identify"]
    assert sum(int(str(row.detail["times"])) for row in rows) == len(tries)
    assert not any(row.allowed for row in rows)


def test_an_expired_key_is_refused(store: Store, settings: Settings, portal: Portal, key_for: KeyFor) -> None:
    key = key_for(someone(portal, Role.VIEWER, "Ann"))
    adopt(wire(store, settings, clock=lambda: NOW + timedelta(days=2)))
    assert error_of(TestClient(application(), "http://localhost").get(ME, headers=bearer(key)), 401) == "api.key_needed"


def test_a_question_is_answered_as_in_the_terminal(
    caller: TestClient, portal: Portal, shop: ConnectionInfo, key_for: KeyFor
) -> None:
    headers = bearer(key_for(someone(portal, Role.VIEWER, "Ann"), "ask"))
    for named in (shop.name, str(shop.id), ""):
        answer = caller.post(ASK, json={"question": "How many cities are there?", "connection": named}, headers=headers)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["outcome"] == "answered"
        assert told["rows"] == [[6]]
        assert "6" in told["answer"]
        assert told["sql"].upper().startswith("SELECT")
        assert told["evidence"]
        assert told["sureness"]


def test_rows_are_capped_as_the_caller_says(
    caller: TestClient, portal: Portal, shop: ConnectionInfo, key_for: KeyFor
) -> None:
    headers = bearer(key_for(someone(portal, Role.VIEWER, "Ann"), "ask"))
    told = caller.post(ASK, json={"question": "List all cities", "connection": shop.name, "rows": 2}, headers=headers)
    assert len(told.json()["rows"]) == 2
    assert told.json()["truncated"] is True


def test_a_key_without_the_scope_asks_nothing(
    caller: TestClient, portal: Portal, shop: ConnectionInfo, key_for: KeyFor
) -> None:
    scopes = [scope for scope in Scope if scope is not Scope.ASK]
    key = key_for(portal.people.first_admin(), *scopes)
    body = {"question": "How many cities?", "connection": shop.name}
    assert error_of(caller.post(ASK, json=body, headers=bearer(key)), 403) == "errors.not_allowed"
    portal.refusals.flush()
    newest = portal.audit.list(SYSTEM)[0]
    assert (newest.action, newest.allowed) == ("answers.ask", False)


def test_what_is_anothers_does_not_exist(
    caller: TestClient, portal: Portal, shop: ConnectionInfo, key_for: KeyFor
) -> None:
    owner, ann = portal.people.first_admin(), someone(portal, Role.VIEWER, "Ann")
    portal.connections.share(owner, shop.id, everyone=False)
    headers = bearer(key_for(ann))
    hidden = [shop.name, str(shop.id), "Nothing", "00000000-0000-0000-0000-000000000001"]
    found = [caller.post(ASK, json={"question": "How many?", "connection": named}, headers=headers) for named in hidden]
    assert [error_of(answer, 404) for answer in found] == ["errors.not_found"] * 4
    assert len({answer.json()["error"]["message"] for answer in found}) == 1
    portal.refusals.flush()
    assert [row.resource for row in portal.audit.list(SYSTEM) if row.actor == "Ann" and not row.allowed] == [
        str(shop.id)
    ]


@pytest.mark.parametrize(
    ("body", "kind", "key"),
    [
        (b"{}", "application/json", "errors.invalid_input"),
        (b"[]", "application/json", "errors.invalid_input"),
        (b"\xff", "application/json", "errors.invalid_input"),
        (b"[" * 60_000, "application/json", "errors.invalid_input"),
        (b'{"question": 7}', "application/json", "errors.invalid_input"),
        (b'{"question": "x", "rows": true}', "application/json", "errors.invalid_input"),
        (b'{"question": "x", "conversation": "mine"}', "application/json", "errors.invalid_input"),
        (b'{"question": "x", "rung": "person"}', "application/json", "errors.invalid_input"),
        (b'{"question": "' + b"x" * 70_000 + b'"}', "application/json", "errors.invalid_input"),
        (b"question=x", "application/x-www-form-urlencoded", "errors.invalid_input"),
    ],
)
def test_a_body_that_is_none_is_refused_in_words(
    caller: TestClient, portal: Portal, key_for: KeyFor, body: bytes, kind: str, key: str
) -> None:
    headers = {**bearer(key_for(someone(portal, Role.VIEWER, "Ann"))), "Content-Type": kind}
    assert error_of(caller.post(ASK, content=body, headers=headers), 400) == key


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v2/me", "/api/v1/me/", "/api/%2e%2e/admin", "/api/v1/askx"]
)
def test_an_unknown_path_of_the_api_is_json_and_never_a_page(caller: TestClient, path: str) -> None:
    assert error_of(caller.get(path), 404) == "api.no_such_path"


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("POST", ME, "GET"), ("GET", ASK, "POST"), ("DELETE", ASK, "POST")]
)
def test_a_wrong_method_is_told_the_right_one(caller: TestClient, method: str, path: str, allowed: str) -> None:
    answer = caller.request(method, path)
    assert error_of(answer, 405) == "api.wrong_method"
    assert answer.headers["allow"] == allowed


def test_errors_speak_the_callers_language(caller: TestClient) -> None:
    assert "密钥" in caller.get(ME, headers={"Accept-Language": "zh-CN,zh;q=0.9"}).json()["error"]["message"]


def test_requests_beyond_the_limit_are_told_when_to_come_back(store: Store, settings: Settings, portal: Portal) -> None:
    few = wire(
        store, settings.model_copy(update={"limit_api": "2/minute", "limit_wrong_keys": "1/minute"}), clock=lambda: NOW
    )
    adopt(few)
    client = TestClient(application(), "http://localhost")
    ann, bob = someone(few, Role.VIEWER, "Ann"), someone(few, Role.VIEWER, "Bob")
    mine, other = (few.keys.issue(who, "p", ["ask"], NOW + timedelta(days=1)).key for who in (ann, bob))
    assert [client.get(ME, headers=bearer(mine)).status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get(ME, headers=bearer(mine))
    assert error_of(answer, 429) == "errors.too_many"
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert client.get(ME, headers=bearer(other)).status_code == 200
    assert [client.get(ME, headers=bearer("wrong")).status_code for _ in range(2)] == [401, 429]
    assert client.get(ME, headers=bearer(other)).status_code == 200, "wrong keys of others do not shut a right one out"


def test_a_question_that_takes_too_long_is_stopped(
    store: Store, settings: Settings, portal: Portal, shop: ConnectionInfo
) -> None:
    hasty = wire(store, settings.model_copy(update={"api_seconds": 0.001}), clock=lambda: NOW)
    adopt(hasty)
    ann = someone(hasty, Role.VIEWER, "Ann")
    key = hasty.keys.issue(ann, "p", ["ask"], NOW + timedelta(days=1)).key
    served = application()
    with TestClient(served, "http://localhost") as client:
        answer = client.post(ASK, json={"question": "How many cities?", "connection": shop.name}, headers=bearer(key))
        assert error_of(answer, 504) == "api.late"
        until = time.monotonic() + 30
        while served.state.question_threads.borrowed_tokens and time.monotonic() < until:
            time.sleep(0.01)
        assert served.state.question_threads.borrowed_tokens == 0, "its thread is free again"
    hasty.close()


def test_a_key_adds_no_right_to_its_persons(portal: Portal, key_for: KeyFor) -> None:
    holder = portal.keys.identify(key_for(someone(portal, Role.VIEWER, "Ann")))
    assert holder is not None
    with pytest.raises(NotAllowed):
        portal.connections.add(holder.actor, NewConnection("x", "sqlite", file="/x"))
