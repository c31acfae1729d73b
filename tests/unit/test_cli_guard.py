"""`guard`, as other programs call it: lines in, lines out, at once, and whatever goes wrong is a no."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli.commands import main
from core.cli.guarding import guard
from core.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]


def answers(*lines: object, dialect: str = "postgres") -> list[dict[str, object]]:
    given = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    output = io.StringIO()
    guard(dialect, "", given, output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_query_is_allowed_with_the_text_that_would_run() -> None:
    assert answers({"id": 7, "sql": "SELECT 1"}) == [{"id": 7, "allowed": True, "reason": "", "sql": "SELECT 1"}]


def test_a_refusal_has_a_reason_and_no_sql() -> None:
    (answer,) = answers({"id": "x", "sql": "DROP TABLE t"})
    assert (answer["id"], answer["allowed"], answer["sql"]) == ("x", False, None)
    assert "DROP" in str(answer["reason"])


def test_names_are_not_resolved_without_a_connection() -> None:
    (answer,) = answers({"id": 1, "sql": "SELECT nobody FROM nowhere"})
    assert answer["allowed"] is True


BROKEN = [
    b"not JSON",
    b"[1]",
    b"{}",
    b'{"id": 1}',
    b'{"id": 1, "sql": null}',
    b'{"id": 1, "sql": 5}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"id": 1, "sql": ""}',
    json.dumps({"id": 1, "sql": "SELECT " + "(" * 20_000}).encode(),
]


@pytest.mark.parametrize("line", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_line_is_answered_with_no(line: bytes) -> None:
    (answer,) = answers(line)
    assert (answer["allowed"], answer["sql"]) == (False, None)
    assert answer["reason"]


def test_every_line_is_answered_in_turn_and_blank_ones_are_not() -> None:
    found = answers({"id": 1, "sql": "SELECT 1"}, b"", b"  \n", b"?", {"id": 3, "sql": "SELECT 3"})
    assert [answer["id"] for answer in found] == [1, None, 3]


@pytest.mark.parametrize("dialect", ["postgres", "PostgreSQL", "mysql", "mariadb", "sqlite", "duckdb"])
def test_each_dialect_goes_by_its_usual_names(dialect: str) -> None:
    assert answers({"id": 1, "sql": "SELECT 1"}, dialect=dialect)[0]["allowed"] is True


def test_an_unknown_dialect_is_refused_before_any_line_is_read() -> None:
    with pytest.raises(InvalidInput, match="oracle"):
        answers({"id": 1, "sql": "SELECT 1"}, dialect="oracle")


def test_it_answers_at_once_and_loads_neither_a_database_nor_a_model_nor_a_page() -> None:
    program = (
        "import sys; from core.cli.commands import main; code = main(['guard', '--dialect', 'sqlite']);"
        "heavy = {'streamlit', 'langchain', 'langchain_core', 'sqlalchemy', 'psycopg', 'pandas'};"
        "print(code, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    lines = b'{"id": 1, "sql": "SELECT 1"}\n{"id": 2, "sql": "DELETE FROM t"}\n'
    done = subprocess.run([sys.executable, "-c", program], input=lines, capture_output=True, cwd=ROOT, timeout=30)
    assert done.stderr.decode().strip() == "0 []"
    assert [json.loads(line)["allowed"] for line in done.stdout.splitlines()] == [True, False]


def test_a_wrong_call_is_one_sentence_and_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guard", "--dialect", "oracle"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip().count("\n") == 0
    assert "oracle" in said.err
