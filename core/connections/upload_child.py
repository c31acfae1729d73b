"""The process that reads an uploaded file: `python -m core.connections.upload_child`.

Parsers of other people's files are where programs break, so this one has little memory, little time and no secrets. One
line of JSON says what to read and where to put the DuckDB file; one line comes back: the tables, or what is wrong.
"""

import json
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import sqlglot.expressions as exp

from core.connections.shapes import Guess, is_blank
from core.connections.sheets import (
    MOST_COLUMNS,
    Sheet,
    Unreadable,
    clean_name,
    clean_names,
    csv_sheets,
    excel_sheets,
)

_CHUNK = 20_000  # rows in memory at a time
_MOST_SHEETS = 100
_DUCKDB_MEMORY = "1GB"
_PARSERS_SAY = (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError)  # of a file that is broken


def main() -> None:
    """Read one job, do it, answer it."""
    job = json.loads(sys.stdin.buffer.readline())
    room = job["memory_megabytes"] * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    resource.setrlimit(resource.RLIMIT_CPU, (job["seconds"], job["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps(answer(job)), flush=True)


def answer(job: Mapping[str, Any]) -> dict[str, Any]:
    """The names of the tables made, or the problem."""
    import duckdb

    try:
        tables = read(job["kind"], Path(job["source"]), job["title"], job["target"], job["scratch"])
    except Unreadable as error:
        return {"problem": error.problem, "values": error.values}
    except (MemoryError, RecursionError):
        return {"problem": "upload_too_heavy", "values": {}}
    except (duckdb.Error, *_PARSERS_SAY) as error:
        return {"problem": "upload_broken", "values": {"reason": _words(error, job)}}
    return {"tables": tables} if tables else {"problem": "upload_no_table", "values": {}}


def _words(error: Exception, job: Mapping[str, Any]) -> str:
    """The parser's first line, without the names of folders."""
    text = str(error).split("\n", 1)[0].replace(job["source"], job["title"]).strip()
    return text[:200] or type(error).__name__


def read(kind: str, source: Path, title: str, target: str, scratch: str) -> list[str]:
    """Read the file into a new DuckDB file; gives the names of its tables."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
        "memory_limit": _DUCKDB_MEMORY,
        "temp_directory": scratch,
        "threads": 1,
    }
    with duckdb.connect(target, config=config) as database:
        readable = exp.array(exp.Literal.string(str(source)), dialect="duckdb")
        _run(
            database,
            exp.Set(expressions=[exp.SetItem(this=exp.EQ(this=exp.var("allowed_paths"), expression=readable))]),
        )
        database.execute("SET enable_external_access = false")
        if kind == "parquet":
            return [_parquet(database, source, clean_name(title) or "data")]
        made: list[str] = []
        with _sheets(kind, source, title) as sheets:
            for sheet in islice(sheets, _MOST_SHEETS):
                made.append(_unused(clean_name(sheet.title) or "data", made))
                _load(database, sheet, made[-1])
        return made


@contextmanager
def _sheets(kind: str, source: Path, title: str) -> Iterator[Iterator[Sheet]]:
    if kind == "csv":
        with csv_sheets(source, title) as sheets:
            yield sheets
    else:
        yield excel_sheets(source)


def _unused(name: str, taken: Sequence[str]) -> str:
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _parquet(database: Any, source: Path, name: str) -> str:
    incoming = database.read_parquet(str(source))
    labels = list(incoming.columns)
    if len(labels) > MOST_COLUMNS:
        raise Unreadable("upload_wide", most=MOST_COLUMNS)
    names = clean_names(labels)
    incoming.create_view("incoming")
    columns = [exp.alias_(exp.column(_name(label)), _name(name)) for label, name in zip(labels, names, strict=True)]
    _run(database, exp.Create(this=exp.Table(this=_name(name)), kind="TABLE", expression=_select(columns, "incoming")))
    database.unregister("incoming")
    _run(database, exp.Drop(tables=[exp.Table(this=_name("incoming"))], kind="VIEW", exists=True))
    _comment(database, name, labels, names)
    return name


def _load(database: Any, sheet: Sheet, name: str) -> None:
    """First all cells as text while their types are found, then once more with the types."""
    import pyarrow

    raw, columns = "askwell_raw", [f"c{place}" for place in range(len(sheet.names))]
    found = [Guess(name) for name in sheet.names]
    _run(
        database,
        exp.Create(
            this=exp.Schema(
                this=exp.Table(this=_name(raw)),
                expressions=[exp.ColumnDef(this=_name(column), kind=exp.DataType.build("TEXT")) for column in columns],
            ),
            kind="TABLE",
        ),
    )
    while chunk := list(islice(sheet.rows, _CHUNK)):
        cells = list(zip(*chunk, strict=True))
        for guess, seen in zip(found, cells, strict=True):
            guess.see(seen)
        arrays = [pyarrow.array(seen, pyarrow.string()) for seen in cells]
        database.from_arrow(pyarrow.table(arrays, names=columns)).insert_into(raw)
    typed = [
        exp.alias_(_value(database, raw, column, guess), _name(name))
        for column, guess, name in zip(columns, found, sheet.names, strict=True)
    ]
    _run(database, exp.Create(this=exp.Table(this=_name(name)), kind="TABLE", expression=_select(typed, raw)))
    _run(database, exp.Drop(tables=[exp.Table(this=_name(raw))], kind="TABLE"))
    _comment(database, name, sheet.labels, sheet.names)


def _value(database: Any, table: str, column: str, guess: Guess) -> exp.Expr:
    """What reads this column; text where a cell that only looked right would be lost, such as 30 February."""
    text = exp.column(_name(column))
    value = guess.value(column)
    if value is None:
        return text
    filled = exp.and_(text.copy().is_(exp.null()).not_(), is_blank(column).not_(), value.copy().is_(exp.null()))
    lost = exp.select("1").from_(exp.Table(this=_name(table))).where(filled).limit(1)
    return text if database.execute(lost.sql("duckdb")).fetchone() else value


def _comment(database: Any, table: str, labels: Sequence[str], names: Sequence[str]) -> None:
    """The headings as they were written, where the columns are called otherwise."""
    for label, name in zip(labels, names, strict=True):
        written = " ".join(label.split())
        if written and written != name:
            column = exp.Column(this=_name(name), table=_name(table))
            _run(database, exp.Comment(this=column, kind="COLUMN", expression=exp.Literal.string(written)))


def _select(columns: Sequence[exp.Expr], table: str) -> exp.Select:
    return exp.select(*columns).from_(exp.Table(this=_name(table)))


def _run(database: Any, statement: exp.Expr) -> None:
    database.execute(statement.sql("duckdb"))


def _name(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


if __name__ == "__main__":
    main()
