"""The real server over the wire: who may open the pages' connection, what Streamlit is set to, and what headers say."""

import json
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from core.security.permissions import Role
from core.settings import ROOT
from core.streamlit_options import WANTED
from tests.browser.serving import Served
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]


def get(served: Served, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    line = HTTPConnection(urlsplit(served.url).netloc, timeout=10)
    line.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = line.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    line.close()
    return found


def opened(served: Served, host: str | None = None, origin: str | None = None) -> int:
    """The status with which the pages' connection is opened or refused."""
    place = urlsplit(served.url)
    said = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host or place.netloc}",
        *([f"Origin: {origin}"] if origin else []),
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==",
    ]
    with socket.create_connection((place.hostname, place.port), 20) as line:
        line.sendall("\r\n".join([*said, "", ""]).encode())
        return int(line.recv(64).split()[1])


def test_only_the_portals_own_pages_open_its_connection(served: Served) -> None:
    here = urlsplit(served.url).netloc
    port = urlsplit(served.url).port
    assert opened(served, origin=f"http://{here}") == 101
    assert opened(served, host=f"localhost:{port}", origin=f"http://localhost:{port}") == 101
    for host, origin in (
        (None, "http://evil:8599"),
        (None, "null"),
        (None, f"http://localhost:{port}"),
        (f"evil:{port}", f"http://evil:{port}"),
        (f"evil:{port}", None),
        ("evil", "http://evil"),
    ):
        assert opened(served, host, origin) == 403, (host, origin)


def test_a_foreign_name_gets_no_page_and_no_file(served: Served) -> None:
    for path in ("/", "/admin", "/healthz", "/api/v1/me", "/static/x", "/_stcore/health", "/_stcore/host-config"):
        assert get(served, path, Host="evil.example")[0] == 421, path
        assert get(served, path, Host="evil.example:8501")[0] == 421, path


def test_the_page_carries_careful_headers(served: Served) -> None:
    for path in ("/", "/admin", "/healthz", "/_stcore/health", "/api/none"):
        _, headers, _ = get(served, path)
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["img-src"] == "'self' data: blob:"
        assert policy["script-src"].split()[:2] == ["'self'", "'wasm-unsafe-eval'"]
        assert all(part.startswith("'sha256-") for part in policy["script-src"].split()[2:])
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-request-id"]
        assert "server" not in headers


def test_what_streamlit_would_give_everybody_is_closed(served: Served) -> None:
    for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/mcp", "/_stcore/agent/interact"):
        assert get(served, path)[0] == 404, path
    assert b"<html" not in get(served, "/api/nothing")[2].lower()
    status, _, body = get(served, "/app/static/x.txt")
    assert status == 404 or b"<!doctype html" in body.lower()
    refused = get(served, "/_stcore/upload_file/a/b", "PUT", Origin="http://evil.example")
    assert refused[0] == 403


def test_the_running_server_tells_its_pages_what_it_is_set_to(served: Served) -> None:
    place = urlsplit(served.url)
    with connect(
        f"ws://{place.netloc}/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
        max_size=None,
    ) as line:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        asked = BackMsg()
        asked.rerun_script.page_script_hash = ""
        line.send(asked.SerializeToString())
        for _ in range(20):
            message = ForwardMsg()
            message.ParseFromString(bytes(line.recv(20)))  # type: ignore[arg-type]
            if message.WhichOneof("type") == "new_session":
                break
        config = message.new_session.config
    assert config.gather_usage_stats is False
    assert config.toolbar_mode == config.ToolbarMode.VIEWER


def test_streamlit_is_set_as_it_must_be() -> None:
    options_of = f"[config.get_option(name) for name in {list(WANTED)!r}]"
    asked = f"import json; from streamlit import config; print(json.dumps({options_of}))"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, env=clean, capture_output=True, check=True)
    assert json.loads(told.stdout.splitlines()[-1]) == list(WANTED.values())
    options = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert options["server"]["maxUploadSize"] <= 100
    assert options["server"]["maxMessageSize"] <= 64


def test_no_server_for_others_starts_while_it_lets_other_sites_in(tmp_path: Path) -> None:
    given = {"ASKWELL_DEMO": "1", "ASKWELL_DATA_DIR": str(tmp_path)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ASKWELL_")}
    careless = ["--server.port", "0", "--server.address", "0.0.0.0", "--server.enableCORS", "false"]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *careless]
    ended = subprocess.run(command, cwd=ROOT, env={**clean, **given}, capture_output=True, timeout=120, check=False)
    assert ended.returncode != 0
    assert b"server.enableCORS must stay on" in ended.stderr + ended.stdout


def test_no_page_breaks_the_policy(visit: Visit) -> None:
    """The watch over the browser fails the test for any breach, error or request elsewhere."""
    person = visit(Role.ADMIN)
    card = person.ask("Number of orders by month in 2025")
    expect(person.plot(person.answered())).to_be_visible()
    expect(card).to_be_visible()
    for page in ("history", "models", "connections", "admin"):
        person.turn_to(page)
        person.at_rest()
    person.turn_to("connections")
    shop = person.page.get_by_test_id("stHorizontalBlock").filter(has_text="Demo shop")
    shop.get_by_role("button", name=person.said("connections.open")).first.click()
    person.page.get_by_role("tab", name=person.said("connections.diagram")).click()
    expect(person.page.get_by_role("img", name="Mermaid entity relationship diagram")).to_be_visible()


def test_a_script_or_an_image_from_elsewhere_is_stopped_by_the_policy(served: Served, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(served.url)
    stopped = page.evaluate(
        """async () => {
          const found = [];
          document.addEventListener("securitypolicyviolation", (event) => {
            event.stopImmediatePropagation(); found.push(event.effectiveDirective);
          }, true);
          const script = document.createElement("script"); script.textContent = "window.planted = 1";
          document.body.append(script);
          const image = new Image(); image.src = "http://127.0.0.1:9/planted.png"; document.body.append(image);
          await new Promise((done) => setTimeout(done, 500));
          return [found.sort(), window.planted || 0];
        }"""
    )
    assert stopped == [["img-src", "script-src-elem"], 0]
    page.close()
