"""Question sets: one JSON object a line, a question or a dialogue of follow-up questions, with what counts as right."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.i18n import Phrase


@dataclass(frozen=True)
class Exercise:
    """One question of a set. Any of `gold` counts as right; none are needed where the data cannot answer it.

    `evidence` holds business rules the question needs; `gold_tables` are the tables a right answer uses, lower case.
    """

    id: str
    question: str
    language: str
    gold: tuple[str, ...]
    gold_tables: frozenset[str] = frozenset()
    evidence: str = ""
    unanswerable: bool = False


@dataclass(frozen=True)
class Dialogue:
    """Exercises asked one after the other in one conversation; a plain question is a dialogue of one.

    `database` and `dialect` say what it is asked of; the dialect "any" leaves the choice to what is there.
    """

    database: str
    dialect: str
    exercises: tuple[Exercise, ...]


def read_questions(file: Path, limit: int | None = None) -> tuple[Dialogue, ...]:
    """The dialogues of a set, in the file's order, at most `limit` lines of it.

    The turns of a dialogue get the ids "<id>#0", "<id>#1" and so on. Raises `InvalidInput` that names the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong("unreadable_questions", file=str(file), reason=_reason(error)) from error
    return questions_of(text, file.name, limit)


def questions_of(text: str, name: str, limit: int | None = None) -> tuple[Dialogue, ...]:
    """The dialogues of a set given as text, as `read_questions` reads them from the file `name`."""
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    dialogues = tuple(_dialogue(line, f"{name}:{number}") for number, line in numbered[:limit])
    if not dialogues:
        raise _wrong("no_questions", file=name)
    ids = [exercise.id for dialogue in dialogues for exercise in dialogue.exercises]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise _wrong("id_twice", id=twice, file=name)
    return dialogues


def _wrong(what: str, **values: object) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"terminal.{what}", values))


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "no such file") if isinstance(error, OSError) else "it is not UTF-8 text"


def _dialogue(line: str, where: str) -> Dialogue:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise _wrong("line_not_json", where=where) from error
    if not isinstance(entry, dict):
        raise _wrong("line_not_json", where=where)
    turns = entry.get("turns")
    if turns is None:
        exercises: tuple[Exercise, ...] = (_exercise(entry, str(_needed(entry, "id", where)), where),)
    elif isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns):
        name, shared = _needed(entry, "id", where), {k: v for k, v in entry.items() if k not in ("id", "turns")}
        exercises = tuple(
            _exercise({**shared, **turn}, f"{name}#{turn.get('turn', n)}", where) for n, turn in enumerate(turns)
        )
    else:
        raise _wrong("field_wrong", where=where, field="turns")
    return Dialogue(str(_needed(entry, "db", where)), str(entry.get("dialect") or "any").lower(), exercises)


def _exercise(entry: Mapping[str, Any], name: str, where: str) -> Exercise:
    gold = [entry.get("gold_sql") or "", *_texts(entry, "gold_sql_alternatives", where)]
    unanswerable = bool(entry.get("unanswerable"))
    if not any(gold) and not unanswerable:
        raise _wrong("field_missing", where=where, field="gold_sql")
    return Exercise(
        id=name,
        question=str(_needed(entry, "question", where)),
        language=str(entry.get("lang") or ""),
        gold=tuple(dict.fromkeys(sql for sql in gold if sql)),
        gold_tables=frozenset(table.lower() for table in _texts(entry, "gold_tables", where)),
        evidence=str(entry.get("evidence") or ""),
        unanswerable=unanswerable,
    )


def _needed(entry: Mapping[str, Any], name: str, where: str) -> object:
    if entry.get(name) in (None, ""):
        raise _wrong("field_missing", where=where, field=name)
    return entry[name]


def _texts(entry: Mapping[str, Any], name: str, where: str) -> Sequence[str]:
    texts = entry.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _wrong("field_wrong", where=where, field=name)
    return texts
