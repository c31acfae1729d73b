"""Question sets as they are read, and the databases that are found for them."""

import json
from pathlib import Path

import pytest

from core.connections.schema import Dialect
from core.errors import InvalidInput
from core.evaluation.databases import Found, shelve
from core.evaluation.questions import read_questions
from tests.conftest import SHARED


def written(folder: Path, *lines: object) -> Path:
    file = folder / "set.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return file


def question(name: str = "q1", **more: object) -> dict[str, object]:
    return {"id": name, "db": "shop", "dialect": "sqlite", "question": "How many?", "gold_sql": "SELECT 1", **more}


def test_a_question_is_read_with_all_that_counts_as_right(tmp_path: Path) -> None:
    line = question(
        gold_sql_alternatives=["SELECT 1", "SELECT 2"], gold_tables=["Orders"], evidence="why", lang="zh", other=1
    )
    (dialogue,) = read_questions(written(tmp_path, line))
    (exercise,) = dialogue.exercises
    assert (dialogue.database, dialogue.dialect) == ("shop", "sqlite")
    assert exercise.gold == ("SELECT 1", "SELECT 2")
    assert exercise.gold_tables == {"orders"}
    assert (exercise.evidence, exercise.language, exercise.unanswerable) == ("why", "zh", False)


def test_a_dialogue_becomes_turns_with_ids_of_their_own(tmp_path: Path) -> None:
    turns = [{"turn": n, "question": f"Turn {n}?", "gold_sql": "SELECT 1"} for n in range(2)]
    (dialogue,) = read_questions(written(tmp_path, {"id": "d", "db": "x", "dialect": "sqlite", "turns": turns}))
    assert [(turn.id, turn.question) for turn in dialogue.exercises] == [("d#0", "Turn 0?"), ("d#1", "Turn 1?")]


def test_an_unanswerable_question_needs_no_gold(tmp_path: Path) -> None:
    line = {"id": "n", "db": "x", "dialect": "any", "question": "Why?", "unanswerable": True}
    (dialogue,) = read_questions(written(tmp_path, line))
    assert dialogue.exercises[0].unanswerable
    assert dialogue.exercises[0].gold == ()


def test_only_as_many_lines_are_read_as_were_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path, question("a"), "", question("b"), "this line is not reached")
    assert [dialogue.exercises[0].id for dialogue in read_questions(file, limit=2)] == ["a", "b"]


WRONG = [
    (["{"], "set.jsonl:1 is not a JSON object"),
    (["[]"], "set.jsonl:1 is not a JSON object"),
    ([question(), {"id": "b", "db": "x", "gold_sql": "SELECT 1"}], 'set.jsonl:2 has no "question"'),
    ([{"db": "x", "question": "?", "gold_sql": "SELECT 1"}], 'has no "id"'),
    ([question(db="")], 'has no "db"'),
    ([question(gold_sql=None)], 'has no "gold_sql"'),
    ([question(turns=[])], '"turns" does not have the right form'),
    ([question(turns=["?"])], '"turns" does not have the right form'),
    ([question(gold_tables="orders")], '"gold_tables" does not have the right form'),
    ([question(), question()], "The id q1 stands in set.jsonl more than once"),
    ([""], "There are no questions in"),
]


@pytest.mark.parametrize(("lines", "said"), WRONG)
def test_a_wrong_line_is_named(tmp_path: Path, lines: list[object], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_questions(written(tmp_path, *lines))
    assert said in str(refused.value)


def test_a_missing_file_is_one_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        read_questions(tmp_path / "absent.jsonl")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for name in (
        "sqlite/shop.sqlite",
        "sqlite/defog_broker.sqlite",
        "postgres/shop.sql",
        "mysql/deep/broker.sql",
        "loose.sql",
        "Chinook_PostgreSql.sql",
        "plain.duckdb",
        "notes.txt",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


FINDS = [
    ("shop", "sqlite", Dialect.SQLITE, "sqlite/shop.sqlite", False),
    ("SHOP", "sqlite", Dialect.SQLITE, "sqlite/shop.sqlite", False),
    ("shop", "postgres", Dialect.POSTGRES, "postgres/shop.sql", True),
    ("shop", "postgresql", Dialect.POSTGRES, "postgres/shop.sql", True),
    ("broker", "sqlite", Dialect.SQLITE, "sqlite/defog_broker.sqlite", False),
    ("broker", "mysql", Dialect.MYSQL, "mysql/deep/broker.sql", True),
    ("broker", "any", Dialect.SQLITE, "sqlite/defog_broker.sqlite", False),
    ("chinook", "postgres", Dialect.POSTGRES, "Chinook_PostgreSql.sql", True),
    ("chinook", "any", Dialect.POSTGRES, "Chinook_PostgreSql.sql", True),
    ("plain", "duckdb", Dialect.DUCKDB, "plain.duckdb", False),
    ("loose", "mysql", Dialect.MYSQL, "loose.sql", True),
    ("loose", "any", Dialect.POSTGRES, "loose.sql", True),
]


@pytest.mark.parametrize(("name", "dialect", "spoken", "file", "dump"), FINDS)
def test_a_database_is_found_by_name_and_dialect(
    shelf: Path, name: str, dialect: str, spoken: Dialect, file: str, dump: bool
) -> None:
    assert shelve(shelf).find(name, dialect) == Found(name, spoken, shelf / file, dump)


def test_a_folder_that_is_itself_named_after_a_dialect_says_so(shelf: Path) -> None:
    assert shelve(shelf / "postgres").find("shop", "postgres").dump


@pytest.mark.parametrize(("name", "dialect"), [("shop", "mysql"), ("shop", "oracle"), ("gone", "any")])
def test_a_missing_database_is_named_with_where_it_was_looked_for(shelf: Path, name: str, dialect: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        shelve(shelf).find(name, dialect)
    assert dialect in str(refused.value)


def test_a_missing_folder_is_one_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a folder"):
        shelve(tmp_path / "absent")


@pytest.mark.shared
def test_every_public_set_can_be_read_and_its_databases_found() -> None:
    folder = SHARED / "eval"
    if not folder.is_dir():
        pytest.skip("the shared question sets are not on this machine")
    databases = shelve(folder)
    for file in sorted((folder / "questions").glob("*.jsonl")):
        for dialogue in read_questions(file):
            assert databases.find(dialogue.database, dialogue.dialect).file.is_file()
