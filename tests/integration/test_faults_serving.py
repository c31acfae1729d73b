"""Real servers in trouble: two that start at once over nothing, and both told to stop in the midst of their work."""

import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psycopg
import pytest

from core.clock import utc_now
from core.portal import wire
from core.security.permissions import Actor
from core.settings import Settings
from core.store.sessions import open_url
from tests.browser.serving import Served, wait_for
from tests.openai_stub import OpenAIStub, Say

SLOW = (
    "SELECT COUNT(*) AS pairs FROM order_lines AS one CROSS JOIN order_lines AS two WHERE one.quantity > two.quantity"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="askwell-faults-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_two_servers_start_at_once_over_nothing_and_stop_under_load(folder: Path) -> None:
    with OpenAIStub(otherwise=Say(f"```sql\n{SLOW}\n```")) as model:
        told = {"ASKWELL_MODEL_URL": model.url, "ASKWELL_MODEL_NAME": "scripted", "ASKWELL_MODEL_KEY": "sk-stub"}
        first, second = both(folder, told)
        with psycopg.connect(first.database("askwell")) as line:
            assert line.execute("SELECT count(*) FROM people").fetchone() == (1,)
            assert line.execute("SELECT count(*) FROM connections").fetchone() == (1,)
            assert line.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        key = own_key(first)
        endings: list[object] = []
        asking = [
            threading.Thread(target=ask, args=(server.url, key, endings), daemon=True)
            for server in (first, second)
            for _ in range(3)
        ]
        for thread in asking:
            thread.start()
        wait_for(lambda: first.statements("CROSS JOIN order_lines") >= 2, "the statements to run", 30)
        codes: list[int] = []
        stopping = [threading.Thread(target=lambda one=one: codes.append(one.stop())) for one in (first, second)]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        assert codes == [0, 0], first.said()[-2000:] + second.said()[-2000:]
        for thread in asking:
            thread.join(10)
        assert len(endings) == 6
        assert first.left_running() == []


def both(folder: Path, told: dict[str, str]) -> tuple[Served, Served]:
    made: list[Served] = []
    starting = [threading.Thread(target=lambda: made.append(Served(folder, **told))) for _ in range(2)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert len(made) == 2, "a server did not start"
    first, second = made
    return first, second


def own_key(server: Served) -> str:
    settings = Settings(_env_file=None, demo=True, data_dir=server.folder)  # type: ignore[call-arg]
    store = open_url(server.database("askwell"))
    portal = wire(store, settings)
    admin: Actor = portal.people.first_admin()
    key = portal.keys.issue(admin, "load", ["ask"], utc_now() + timedelta(days=1)).key
    store.close()
    return key


def ask(url: str, key: str, endings: list[object]) -> None:
    """Ask what takes minutes; whatever comes, an answer or a line that ends, comes."""
    body = json.dumps({"question": "Can the board juggle?", "rung": "model"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    try:
        with urlopen(Request(f"{url}/api/v1/ask", body, headers), timeout=60) as answer:
            endings.append(answer.status)
    except HTTPError as error:
        endings.append(error.code)
        error.close()
    except (URLError, OSError) as error:
        endings.append(type(error).__name__)
