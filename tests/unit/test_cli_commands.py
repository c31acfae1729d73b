"""The terminal's door: help in two languages, one sentence for whatever is wrong, and an exit code."""

import socket
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import typer

from core.answering import programs
from core.answering.card import Card
from core.answering.events import Answered, CannotAnswer, Choice, Evidence, Failed, NeedsDetail, Rung, Sureness, Usage
from core.cli import asking
from core.cli.commands import main, terminal
from core.cli.portal_door import model_named, rung_named
from core.cli.serving import listen
from core.connections.result import ResultColumn, ResultTable
from core.connections.schema import Kind
from core.errors import InvalidInput
from core.i18n import Phrase, Words

FORMS = {
    "guard": {"--dialect", "--connection"},
    "evaluate": {"--databases", "--rung", "--model", "--limit", "--workers", "--details", "--json"},
    "bench": {"--json", "--shared"},
    "ask": {"--connection", "--rung", "--model", "--json"},
    "connect": {"--name", "--accept-powers"},
    "index": set(),
    "serve": {"--port", "--host"},
    "rotate-key": {"--wrapping", "--lost", "--json"},
    "backup": {"--json"},
    "restore": {"--replace", "--json"},
    "audit verify": {"--head", "--json"},
    "audit let-go": {"--days"},
}


@pytest.mark.parametrize("command", FORMS)
def test_the_forms_that_programs_call_stay_as_they_are(command: str) -> None:
    called: Any = typer.main.get_command(terminal)
    for name in command.split():
        called = called.commands[name]
    options = {name for parameter in called.params for name in parameter.opts}
    assert {name for name in options if name.startswith("--")} - {"--help"} == FORMS[command]


@pytest.mark.parametrize("command", ["", *FORMS, "user", "user add", "audit"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_command_explains_itself_in_both_languages(
    command: str, language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASKWELL_LANGUAGE", language)
    assert main([*command.split(), "--help"]) == 0
    said = capsys.readouterr().out
    chinese = any("\u4e00" <= character <= "\u9fff" for character in said)
    assert chinese is (language == "zh" and command != "guard")


MISUSES = [
    (["evaluate", "absent.jsonl", "--databases", "."], "absent.jsonl"),
    (["evaluate", "absent.jsonl", "--databases", ".", "--rung", "psychic"], "psychic"),
    (["bench", "nothing"], "nothing"),
    (["user", "add", "a@example.org", "--role", "king"], "king"),
    (["connect", "oracle://host/db", "--name", "x"], "postgresql://"),
    (["evaluate"], "questions"),
    (["no-such-command"], "no-such-command"),
    (["guard"], "--dialect"),
]


@pytest.mark.parametrize(("arguments", "said"), MISUSES)
def test_a_wrong_call_is_told_on_standard_error_with_exit_code_two(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert said.lower() in output.err.lower()
    assert "Traceback" not in output.err
    assert output.out == ""


def test_settings_that_are_not_safe_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKWELL_DEMO", "0")
    monkeypatch.delenv("ASKWELL_SECRET_KEY", raising=False)
    assert main(["index", "shop"]) == 2
    assert "ASKWELL_SECRET_KEY" in capsys.readouterr().err


def test_a_taken_port_gives_the_next_free_one() -> None:
    with closing(listen("127.0.0.1", 0)) as first:
        taken = first.getsockname()[1]
        with closing(listen("127.0.0.1", taken)) as second:
            assert taken < second.getsockname()[1] <= taken + 100


def test_an_address_that_is_not_ours_is_one_sentence() -> None:
    with pytest.raises(InvalidInput, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 8501)
    with pytest.raises(InvalidInput, match="no address"):
        listen("no address", 8501)


def test_a_page_asked_for_early_waits_instead_of_being_refused() -> None:
    with closing(listen("127.0.0.1", 0)) as listening:
        socket.create_connection(listening.getsockname()[:2], timeout=5).close()


def test_rungs_and_models_go_by_name() -> None:
    assert [rung_named(name) for name in ("", "instant", "model")] == [None, "instant", "model"]
    with pytest.raises(InvalidInput, match="fourth"):
        rung_named("fourth")
    with pytest.raises(InvalidInput):
        model_named([], "gpt")


def answered(*rows: tuple[object, ...], truncated: bool = False) -> Card:
    columns = tuple(ResultColumn(name, Kind.TEXT) for name in ("name", "值")[: len(rows[0])])
    ending = Answered(
        uuid4(), "**4** rows\\.", Rung.INSTANT, Evidence(Sureness.SURE, 0.9, ()), Usage(), 0.2, datetime(2026, 1, 1)
    )
    return Card("?", sql="SELECT 1", rung=Rung.INSTANT, ending=ending, table=ResultTable(columns, rows, truncated, 0.1))


def test_an_answer_is_shown_as_sentence_rows_and_sql() -> None:
    lines = asking._as_text(answered(("Ann", Decimal("1234.5")), ("巴黎", None)), Words("en"))
    assert lines == ["4 rows.", "", "name  值", "----  -------", "Ann   1,234.5", "巴黎", "", "SELECT 1"]


def test_cells_cannot_steer_the_terminal() -> None:
    lines = asking._as_text(
        answered(
            ("\x1b[2Jred\r\nline",),
        ),
        Words("en"),
    )
    assert all(character.isprintable() for line in lines for character in line)


def test_long_results_say_that_there_is_more() -> None:
    lines = asking._as_text(answered(*[(str(number),) for number in range(60)]), Words("en"))
    assert "… the first 50 of 60 rows" in lines


def test_an_answer_for_programs_is_plain_json() -> None:
    card = answered((Decimal("2.50"), date(2024, 1, 2)), (Decimal("3"), float("nan")), truncated=True)
    found = programs.as_json(card, Words("en"))
    assert found["rows"] == [[2.5, "2024-01-02"], [3, None]]
    assert (found["answer"], found["outcome"], found["rung"], found["truncated"]) == (
        "4 rows.",
        "answered",
        "instant",
        True,
    )


def test_what_stands_instead_of_an_answer_is_told_with_what_to_ask() -> None:
    words, phrase = Words("en"), Phrase("common.none")
    assert programs.said(CannotAnswer(phrase, ("How many?",)), words) == "empty\n- How many?"
    assert programs.said(NeedsDetail(phrase, (Choice("a", "By a?"),)), words) == "empty\n- By a?"
    assert programs.said(Failed(phrase, "no such table"), words) == "empty\nno such table"
