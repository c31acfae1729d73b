"""`bench start`: how long the server takes to its first page, from nothing and again, and what it holds when idle.

The server runs as `make run` starts it, in a process of its own over a temporary folder. The first page is the
sign-in as a browser shows it, where Chromium and Playwright are there; otherwise the page's HTML.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from core.errors import InvalidInput
from core.i18n import Phrase
from core.settings import ROOT

_PATIENCE = 180.0  # seconds
_IDLE = 8.0  # seconds after which a server that nobody asks anything is at rest
_ADDRESS = re.compile(r"http://[\w.:\[\]-]+:(\d+)")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class _Start:
    """Seconds from the command to its address, to `/healthz`, and to the first page."""

    address: float
    healthy: float
    page: float

    def figures(self) -> dict[str, float]:
        return {name: round(seconds, 3) for name, seconds in vars(self).items()}


def start() -> dict[str, object]:
    """A cold start (no database yet), a warm one, and memory in megabytes after it."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="askwell bench ")))
        how, see = ends.enter_context(_browser())
        with _server(folder, see) as (_, cold):
            pass
        with _server(folder, see) as (process, warm):
            time.sleep(_IDLE)
            memory = memory_of(process.pid, folder)
        return {"cold": cold.figures(), "warm": warm.figures(), "page_by": how, "memory_megabytes": memory}


@contextmanager
def _server(
    folder: Path, see: Callable[[str], None], told: Mapping[str, str] | None = None
) -> Iterator[tuple["subprocess.Popen[str]", _Start]]:
    """The server with the seconds it took; told to stop as the block ends, and waited for."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ASKWELL_")},
        "ASKWELL_DEMO": "1",
        "ASKWELL_LANGUAGE": "en",
        "ASKWELL_DATA_DIR": str(folder / "data"),
        **(told or {}),
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "serve", "--port", "0"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = _address(process)
        at_address = time.perf_counter() - started
        _fetch(f"{url}/healthz")
        at_health = time.perf_counter() - started
        see(url)
        yield process, _Start(at_address, at_health, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(_PATIENCE)
        if process.stdout:
            process.stdout.close()


@contextmanager
def running_server(
    folder: Path, told: Mapping[str, str] | None = None
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A server of its own over `folder`, demo shop and all, with its address; told to stop as the block ends.

    `told` are further settings of its environment.
    """
    found: list[str] = []
    with _server(folder, found.append, told) as (process, _):
        yield process, found[0]


def _address(process: "subprocess.Popen[str]") -> str:
    """Where it says it is ready. Raises `InvalidInput` with its last words if it ends before."""
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.strip())
        if found := _ADDRESS.search(line):
            return f"http://127.0.0.1:{found[1]}"
    raise InvalidInput(problem=Phrase("terminal.server_ended", {"said": " ".join(said[-3:]) or "—"}))


def _fetch(url: str) -> None:
    """Come back when there is an answer."""
    patience = time.monotonic() + _PATIENCE
    while True:
        try:
            with urlopen(url, timeout=10) as answer:  # noqa: S310  (an address of our own server)
                answer.read()
                return
        except URLError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.02)


@contextmanager
def _browser() -> Iterator[tuple[str, Callable[[str], None]]]:
    """What shows the page, and how to have it shown; it is there before the clock runs."""
    program = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if program is None or find_spec("playwright") is None:
        yield "http", _fetch
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield "chromium", lambda url: _see(browser, url)
        finally:
            browser.close()


def _see(browser: Any, url: str) -> None:
    """Come back when the sign-in can be filled in."""
    page = browser.new_page()
    page.goto(url)
    page.locator("input[type=password]").wait_for(timeout=_PATIENCE * 1000)
    page.close()


def memory_of(server: int, folder: Path) -> dict[str, float]:
    """What is held, by process tree: resident, and proportional, which counts shared pages once.

    Where the system does not tell (no /proc), nothing.
    """
    if not Path("/proc").is_dir():
        return {}
    postgres = int((folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
    found = {}
    for name, root in (("server", server), ("postgres", postgres)):
        tree = [root, *(_below(root) if name == "postgres" else [])]
        found[f"{name}_resident"] = round(sum(_field(pid, "status", "VmRSS") for pid in tree) / 1024, 1)
        found[f"{name}_proportional"] = round(sum(_field(pid, "smaps_rollup", "Pss") for pid in tree) / 1024, 1)
    return found


def _below(root: int) -> list[int]:
    """The children of a process."""
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == root:
            children.append(int(folder.name))
    return children


def _field(pid: int, file: str, name: str) -> int:
    """Kilobytes under this name; 0 where they may not be read."""
    try:
        text = Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
