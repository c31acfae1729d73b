"""Dumps on real scratch servers: loaded, read, not written, and gone afterwards."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pymysql
import pytest

from core.connections.schema import Dialect
from core.errors import InvalidInput
from core.evaluation.databases import Found
from core.evaluation.scratch import Scratch

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(20));\n"
ROWS = "INSERT INTO t VALUES (1, 'a;b'), (2, '中文');\n"
needs_mariadb = pytest.mark.skipif(shutil.which("mariadbd") is None, reason="mariadbd is not installed")


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    with Scratch() as running:
        yield running
    assert not running.folder.exists()


def dump(folder: Path, dialect: Dialect, text: str, name: str = "shop") -> Found:
    file = folder / f"{name}.sql"
    file.write_text(text, encoding="utf-8")
    return Found(name, dialect, file, dump=True)


def postgres_rows(scratch: Scratch, found: Found, sql: str = "SELECT word FROM t ORDER BY id") -> list[object]:
    target = scratch.open(found).target
    with psycopg.connect(
        host=target.host, dbname=target.database, user=target.user, password=target.password
    ) as connection:
        return [row[0] for row in connection.execute(sql.encode()).fetchall()]


def test_a_postgresql_dump_is_loaded_and_cannot_be_written(scratch: Scratch, tmp_path: Path) -> None:
    copied = "COPY t (id, word) FROM stdin;\n3\tx\n\\.\n"
    found = dump(tmp_path, Dialect.POSTGRES, TABLE + ROWS + copied)
    assert postgres_rows(scratch, found) == ["a;b", "中文", "x"]
    with pytest.raises(psycopg.errors.DuplicateDatabase):
        scratch.open(found)


def test_the_login_for_questions_cannot_write(scratch: Scratch, tmp_path: Path) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        postgres_rows(scratch, dump(tmp_path, Dialect.POSTGRES, TABLE + ROWS), "DELETE FROM t RETURNING word")


def test_a_dump_can_neither_run_programs_nor_leave_its_database(scratch: Scratch, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    evil = f"\\! touch {mark}\nCOPY (SELECT 1) TO PROGRAM 'touch {mark}';\n\\c postgres\nCREATE TABLE u (a INT);\n"
    loaded = scratch.open(dump(tmp_path, Dialect.POSTGRES, TABLE + evil))
    assert not mark.exists()
    assert any("PROGRAM" in failure or "permission denied" in failure for failure in loaded.failures)


def test_a_dump_without_a_table_says_what_was_wrong(scratch: Scratch, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="syntax error"):
        scratch.open(dump(tmp_path, Dialect.POSTGRES, "CREATE TABEL t (id INT);"))


@needs_mariadb
def test_a_mysql_dump_is_loaded_and_cannot_be_written(scratch: Scratch, tmp_path: Path) -> None:
    loaded = scratch.open(dump(tmp_path, Dialect.MYSQL, "SET NAMES utf8mb4;\n" + TABLE + ROWS))
    target = loaded.target
    with closing(
        pymysql.connect(
            host=target.host, port=target.port or 0, user=target.user, password=target.password,
            database=target.database, charset="utf8mb4",
        )
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute("SELECT word FROM T ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == ["a;b", "中文"]
        with pytest.raises(pymysql.OperationalError):
            cursor.execute("DELETE FROM t")


@needs_mariadb
def test_a_mysql_dump_that_chooses_its_own_database_is_followed_there(scratch: Scratch, tmp_path: Path) -> None:
    text = "CREATE DATABASE elsewhere; USE elsewhere;\n" + TABLE
    assert scratch.open(dump(tmp_path, Dialect.MYSQL, text)).target.database == "elsewhere"


@needs_mariadb
def test_a_broken_mysql_dump_says_what_was_wrong(scratch: Scratch, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="syntax"):
        scratch.open(dump(tmp_path, Dialect.MYSQL, "CREATE TABEL t (id INT);"))


def test_a_sqlite_dump_becomes_a_file_and_reaches_no_other(scratch: Scratch, tmp_path: Path) -> None:
    file = scratch.open(dump(tmp_path, Dialect.SQLITE, TABLE + ROWS)).target.file
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
    with pytest.raises(InvalidInput, match="not authorized"):
        scratch.open(dump(tmp_path, Dialect.SQLITE, f"ATTACH '{tmp_path / 'other'}' AS other;"))


def test_a_file_is_used_where_it_lies(scratch: Scratch, tmp_path: Path) -> None:
    found = Found("shop", Dialect.SQLITE, tmp_path / "shop.sqlite", dump=False)
    assert scratch.open(found).target.file == str(found.file)
