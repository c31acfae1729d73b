"""The terminal on a real portal: connect, index, ask, guard by a connection, people."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli.commands import main
from core.cli.guarding import guard
from core.evaluation.quick_model import quick_model
from core.models.book import NewModel
from core.portal import Portal, open_portal
from core.security.permissions import SYSTEM
from core.settings import read_settings
from tests.doubles_evaluation import shop_file


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a shop in it, and an environment that describes a portal of its own there."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "SECRET_KEY": "a secret that is long enough for a test",
        "ADMIN_EMAIL": "admin@example.org",
        "ADMIN_PASSWORD": "first admin's password",
        "DATA_DIR": str(tmp_path / "data"),
        "DEMO": "0",
        "DATABASE_URL": "",
        "MODEL_URL": "",
        "LANGUAGE": "en",
    }.items():
        monkeypatch.setenv(f"ASKWELL_{name}", value)
    shop_file(tmp_path)
    return tmp_path


@pytest.fixture
def running(terminal: Path) -> Iterator[Portal]:
    """The same portal, running already: what the terminal joins."""
    with open_portal(read_settings()) as opened:
        yield opened


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints, on either stream; it must end with this code."""
    ended = main(arguments)
    output = capsys.readouterr()
    assert ended == code, output.err
    return output.out + output.err


def test_a_database_is_connected_indexed_and_asked(
    running: Portal, terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "2 tables" in said(capsys, "connect", f"sqlite:///{terminal / 'shop.sqlite'}", "--name", "Shop")
    assert "2 tables" in said(capsys, "index", "shop")
    answer = said(capsys, "ask", "How many customers are there?", "--connection", "SHOP", "--rung", "instant")
    assert "There are 4 customers." in answer
    assert "SELECT" in answer
    found = json.loads(said(capsys, "ask", "How many customers are there?", "--connection", "shop", "--json"))
    assert (found["outcome"], found["rung"], found["rows"]) == ("answered", "instant", [[4]])
    chinese = said(capsys, "ask", "有多少个customers？", "--connection", "shop", "--rung", "instant")
    assert "4" in chinese
    running.ping()


def test_what_is_not_answered_is_told_with_exit_code_one(
    running: Portal, terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "connect", f"sqlite:///{terminal / 'shop.sqlite'}", "--name", "Shop")
    text = said(capsys, "ask", "Who dreams of unicorns?", "--connection", "Shop", "--rung", "instant", code=1)
    assert text.strip()
    found = json.loads(
        said(capsys, "ask", "Who dreams of unicorns?", "--connection", "Shop", "--rung", "instant", "--json", code=1)
    )
    assert (found["outcome"], found["rows"], found["rung"]) == ("cannot", [], None)


def test_an_unknown_connection_is_told_with_those_there_are(
    running: Portal, terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "connect", f"sqlite:///{terminal / 'shop.sqlite'}", "--name", "Shop")
    assert "There are: Shop" in said(capsys, "ask", "How many?", "--connection", "Shap", code=2)


def test_a_file_that_is_not_there_is_not_connected(
    running: Portal, terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "connect", f"sqlite:///{terminal / 'absent.sqlite'}", "--name", "Shop", code=1)
    assert running.connections.list(SYSTEM) == []


def test_the_guard_resolves_names_by_a_connection(
    running: Portal, terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "connect", f"sqlite:///{terminal / 'shop.sqlite'}", "--name", "Shop")
    lines = [{"id": n, "sql": f"SELECT {column} FROM customers"} for n, column in enumerate(("name", "secret"))]
    output = io.StringIO()
    guard("sqlite", "Shop", [json.dumps(line).encode() for line in lines], output)
    answers = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [answer["allowed"] for answer in answers] == [True, False]
    assert "secret" in answers[1]["reason"]
    assert "sqlite" in said(capsys, "guard", "--dialect", "mysql", "--connection", "Shop", code=2)


def test_a_person_is_added_with_a_first_password_that_must_be_changed(
    running: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "user", "add", "Ann@Example.org", "--role", "analyst", "--name", "Ann")
    password = text.split()[-1]
    signed_in = running.people.sign_in("ann@example.org", password)
    assert signed_in is not None
    assert signed_in.must_change_password
    assert signed_in.actor.role == "analyst"
    assert "ann@example.org" in said(capsys, "user", "add", "ann@example.org", code=2)


def test_the_terminal_needs_no_running_portal_and_leaves_none_behind(
    terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "connect", f"sqlite:///{terminal / 'shop.sqlite'}", "--name", "Shop")
    said(capsys, "index", "Shop")
    assert not (terminal / "data" / "postgres" / "postmaster.pid").exists()


def test_lines_are_guarded_as_they_come() -> None:
    output = io.StringIO()

    def lines() -> Iterator[bytes]:
        yield b'{"id": 1, "sql": "SELECT 1"}'
        assert output.getvalue().count("\n") == 1
        yield b'{"id": 2, "sql": "SELECT 2"}'

    guard("sqlite", "", lines(), output)
    assert output.getvalue().count("\n") == 2


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_borrows_a_model_of_the_portal_and_is_booked_there(
    running: Portal, terminal: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    questions = [
        {"id": n, "db": "shop", "dialect": "sqlite", "question": f"How many, {n}?", "gold_sql": "SELECT 4"}
        for n in range(2)
    ]
    (terminal / "set.jsonl").write_text("\n".join(map(json.dumps, questions)))
    with quick_model(lambda _: "```sql\nSELECT count(*) FROM customers\n```") as url:
        running.models.connect(SYSTEM, NewModel("House model", "compatible", url, "small", "key"))
        run = ("evaluate", str(terminal / "set.jsonl"), "--databases", str(terminal), "--rung", "model", "--json")
        figures = json.loads(said(capsys, *run, "--model", "house model", "--workers", workers))
        assert "House model" in said(capsys, *run, "--model", "another", code=2)
    assert (figures["correct"], figures["prompt_tokens_mean"]) == (2, 1.0)
    assert sum(spent.prompt_tokens for spent in running.models.spend(SYSTEM)) == 2
    assert running.connections.list(SYSTEM) == []
