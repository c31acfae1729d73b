"""Schemas with a few values of each column, merged into one database, and the questions asked of them.

Read from a folder: `bird_minidev_schema_postgres.json` and `bird_minidev_questions_postgres.jsonl`, as published.
The databases are told apart by a hash of their names: of one half, nobody looked at questions while rules were made.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.connections.cells import kind_of_type
from core.connections.schema import Column, Dialect, ForeignKey, Kind, Schema, Table
from core.errors import InvalidInput
from core.i18n import Phrase

TUNED, UNTOUCHED = "tuned", "untouched"
_SCHEMA, _QUESTIONS = "bird_minidev_schema_postgres.json", "bird_minidev_questions_postgres.jsonl"


@dataclass(frozen=True)
class Asked:
    """One question: its text, the rules that belong to it, the tables it needs, and the half its database is in."""

    text: str
    evidence: str
    tables: frozenset[str]
    half: str


@dataclass(frozen=True)
class Merged:
    """All tables side by side, values by (table key, column), and the questions."""

    schema: Schema
    values: Mapping[tuple[str, str], tuple[str, ...]]
    questions: tuple[Asked, ...]


def read_merged(folder: Path) -> Merged:
    """What lies in `folder`. Raises `InvalidInput` where a file is missing or is not what it should be."""
    schemas = json.loads(_text(folder / _SCHEMA))
    tables = [(database, table) for database, one in schemas.items() for table in one["tables"].values()]
    values = {
        (table["name"], column["name"]): tuple(dict.fromkeys(v for v in column["value_samples"] if v))
        for _, table in tables
        for column in table["columns"]
    }
    schema = Schema(Dialect.POSTGRES, tuple(_table(table) for _, table in tables))
    if len(schema.by_key) != len(schema.tables):
        raise InvalidInput(problem=Phrase("terminal.unreadable_questions", {"file": _SCHEMA, "reason": "a name twice"}))
    asked = [json.loads(line) for line in _text(folder / _QUESTIONS).splitlines() if line.strip()]
    return Merged(schema, values, tuple(map(_asked, asked)))


def half_of(database: str) -> str:
    """Which half a database belongs to, by a hash of its name."""
    odd = int(hashlib.sha256(database.encode()).hexdigest(), 16) % 2
    return TUNED if odd else UNTOUCHED


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        values = {"file": str(file), "reason": error.strerror or "no such file"}
        raise InvalidInput(problem=Phrase("terminal.unreadable_questions", values)) from error


def _asked(entry: Mapping[str, Any]) -> Asked:
    tables = frozenset(name.lower() for name in entry["gold_tables"])
    return Asked(entry["question"], entry["evidence"], tables, half_of(entry["db"]))


def _table(entry: Mapping[str, Any]) -> Table:
    columns = tuple(
        Column(c["name"], c["type"].lower(), kind_of_type(c["type"].lower()), comment=c["description"])
        for c in entry["columns"]
    )
    foreign = tuple(
        ForeignKey((c["name"],), to["target_table"], (to["target_column"],))
        for c in entry["columns"]
        for to in c["foreign_keys"]
    )
    primary = tuple(c["name"] for c in entry["columns"] if c["primary_key"])
    return Table(entry["name"], columns, primary_key=primary, foreign_keys=foreign, comment=entry["description"])


_THINGS = """
    account asset batch branch budget campaign claim contract course delivery device employee flight goal hotel invoice
    journal lease machine member order patient payment policy product project ticket vehicle visit warehouse supplier
    customer shipment school player department loan event city sensor
"""
_PARTS = """
    archive audit category comment detail document forecast group history line location log master note option phase
    plan price region request review schedule status summary version
"""
_COPIES = ("", "_eu", "_us", "_asia", "_old", "_tmp", "_2022", "_2023", "_2024", "_stage")


def synthetic_tables(count: int) -> Iterator[Table]:
    """So many made-up tables of ten columns, each but the first pointing at one before it: what a business piles up."""
    things, parts = _THINGS.split(), _PARTS.split()
    names: list[str] = []
    for number in range(count):
        thing, rest = things[number % len(things)], number // len(things)
        part, copy = parts[rest % len(parts)], _COPIES[rest // len(parts) % len(_COPIES)]
        again = number // (len(things) * len(parts) * len(_COPIES))
        name = f"syn_{thing}_{part}{copy}{again or ''}"
        parent = (ForeignKey(("parent_id",), names[number // 2], ("id",)),) if names else ()
        kinds = {
            **{"id": Kind.INTEGER, "parent_id": Kind.INTEGER, f"{thing}_name": Kind.TEXT, f"{part}_code": Kind.TEXT},
            **{"amount": Kind.NUMBER, "quantity": Kind.INTEGER, "created_on": Kind.DATE, "is_active": Kind.BOOLEAN},
            **{f"{thing}_type": Kind.TEXT, "remark": Kind.TEXT},
        }
        columns = tuple(Column(called, kind.value, kind) for called, kind in kinds.items())
        names.append(name)
        yield Table(name, columns, primary_key=("id",), foreign_keys=parent)


def recall(questions: Iterable[tuple[frozenset[str], frozenset[str]]]) -> dict[str, float]:
    """Of pairs (needed tables, chosen tables): `whole`, the share of questions with all they need among those chosen,
    and `tables`, the mean share of needed tables found."""
    pairs = list(questions)
    whole = sum(needed <= chosen for needed, chosen in pairs) / max(1, len(pairs))
    mean = sum(len(needed & chosen) / len(needed) for needed, chosen in pairs) / max(1, len(pairs))
    return {"whole": round(whole, 4), "tables": round(mean, 4), "n": len(pairs)}
