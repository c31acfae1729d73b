"""`ask`: one question in the terminal, its answer as text or as one JSON object."""

import json
import sys
import unicodedata
from collections.abc import Sequence

from core.answering import programs
from core.answering.card import Card
from core.answering.events import Answered
from core.answering.markdown import plain
from core.answering.question import Question
from core.cli.portal_door import connection_named, model_named, portal, rung_named
from core.i18n import Words
from core.security.permissions import SYSTEM

_SHOWN_ROWS = 50
_WIDEST = 40  # characters of one cell on the screen


def ask(question: str, connection: str, rung: str, model: str, as_json: bool) -> int:
    """Print the answer; gives the exit code: 0 if there is one, else 1. Raises `InvalidInput` for unknown names."""
    wanted = rung_named(rung)
    with portal() as opened:
        place = connection_named(opened, connection)
        model_id = model_named(opened.models.list(SYSTEM), model) if model else None
        asked = Question(question, place.id, rung=wanted, model_id=model_id)
        card = Card(question)
        for event in opened.answers.ask(SYSTEM, asked):
            card = card.after(event)
        language = card.understood.language if card.understood else opened.settings.language
    words = Words(language)
    if as_json:
        print(json.dumps(programs.as_json(card, words), ensure_ascii=False))
    elif isinstance(card.ending, Answered):
        print("\n".join(_as_text(card, words)))
    else:
        print(programs.said(card.ending, words), file=sys.stderr)
    return 0 if isinstance(card.ending, Answered) else 1


def _as_text(card: Card, words: Words) -> Sequence[str]:
    """Sentence, rows and SQL."""
    lines = [plain(card.answered.summary) if card.answered else ""]
    if card.table and card.table.rows:
        heads = [column.name for column in card.table.columns]
        rows = [[_cell(words, cell) for cell in row] for row in card.table.rows[:_SHOWN_ROWS]]
        lines += ["", *_aligned([heads, *rows])]
        if len(card.table.rows) > _SHOWN_ROWS or card.table.truncated:
            lines.append(words.say("terminal.more_rows", shown=len(rows), n=len(card.table.rows)))
    return [*lines, "", card.sql]


def _cell(words: Words, cell: object) -> str:
    """One cell on the screen: one line, and nothing that steers the terminal."""
    text = "" if cell is None else words.show(cell)
    clean = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return clean if len(clean) <= _WIDEST else clean[: _WIDEST - 1] + "…"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(_width(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _width(text: str) -> int:
    """Columns on the screen: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
