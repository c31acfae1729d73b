"""Streamlit's cookies of a sign-in through a provider: they last no longer than our sessions, and stay on TLS."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.api.sign_on_cookies import SignOnCookies
from core.settings import Settings


async def signed_on(_: Request) -> Response:
    response = JSONResponse({})
    for name in ("_streamlit_user", "_streamlit_user_tokens", "_streamlit_user_tokens_1", "other"):
        response.set_cookie(name, "x", max_age=30 * 24 * 3600, httponly=True, samesite="lax")
    response.delete_cookie("_streamlit_user_2")
    return response


@pytest.mark.parametrize(("scheme", "secure_cookies"), [("http", False), ("https", False), ("http", True)])
def test_their_cookies_end_with_our_sessions_and_are_secure_behind_tls(scheme: str, secure_cookies: bool) -> None:
    settings = Settings(_env_file=None, demo=True, data_dir=Path("unused"), secure_cookies=secure_cookies)  # type: ignore[call-arg]
    app = Starlette(
        routes=[Route("/", signed_on)],
        middleware=[Middleware(SignOnCookies, settings=lambda: settings)],
    )
    lines = TestClient(app, base_url=f"{scheme}://testserver").get("/").headers.get_list("set-cookie")
    theirs, other = [line for line in lines if line.startswith("_streamlit")], lines[3]
    assert len(theirs) == 4
    for line in theirs:
        assert ("; Secure" in line) == (scheme == "https" or secure_cookies)
    for line in theirs[:3]:
        assert f"Max-Age={settings.session_hours * 3600}" in line
        assert "HttpOnly" in line
    assert "Max-Age=0" in theirs[3]
    assert "Max-Age=2592000" in other
