"""An answer as programs read it: one JSON object, the same from the terminal and from the API."""

from base64 import b64encode
from datetime import date, datetime, time
from decimal import Decimal

from core.answering.card import Card
from core.answering.events import CannotAnswer, Ending, Failed, NeedsDetail
from core.answering.markdown import plain
from core.i18n import Words


def as_json(card: Card, words: Words, most_rows: int | None = None) -> dict[str, object]:
    """Everything a program may want of an answer, with at most so many rows."""
    answered, table = card.answered, card.table
    return {
        "question": card.question,
        "outcome": card.outcome,
        "rung": card.rung.value if answered and card.rung else None,
        "answer": plain(answered.summary) if answered else said(card.ending, words),
        "sql": card.sql or None,
        "columns": [column.name for column in table.columns] if table else [],
        "rows": [[plain_cell(cell) for cell in row] for row in table.rows[:most_rows]] if table else [],
        "truncated": bool(table and (table.truncated or (most_rows is not None and len(table.rows) > most_rows))),
        "confidence": answered.evidence.confidence if answered else None,
        "sureness": answered.evidence.sureness.value if answered else None,
        "evidence": [words.show(reason) for reason in answered.evidence.reasons] if answered else [],
        "seconds": answered.seconds if answered else None,
        "model": card.usage.model or None,
        "prompt_tokens": card.usage.prompt_tokens,
        "completion_tokens": card.usage.completion_tokens,
        "cost": card.usage.cost,
    }


def plain_cell(cell: object) -> object:
    """A value as JSON has it; numbers stay exact as far as JSON's readers keep them."""
    match cell:
        case Decimal():
            return int(cell) if cell == cell.to_integral_value() else float(cell)
        case datetime() | date() | time():
            return cell.isoformat()
        case bytes():
            return b64encode(cell).decode()
        case float() if cell != cell or cell in (float("inf"), float("-inf")):
            return None
        case _:
            return cell


def said(ending: Ending | None, words: Words) -> str:
    """Why there is no answer, and what could be asked instead."""
    match ending:
        case NeedsDetail():
            # Where plainer words do not say it, the question is the same for each, and the label tells them apart.
            apart = len({choice.question for choice in ending.choices}) == len(ending.choices)
            ways = [choice.question if apart else choice.label for choice in ending.choices]
            return "\n".join([words.show(ending.question), *(f"- {way}" for way in ways)])
        case CannotAnswer():
            return "\n".join([words.show(ending.reason), *(f"- {text}" for text in ending.closest)])
        case Failed():
            return "\n".join([words.show(ending.message), *([ending.detail] if ending.detail else [])])
        case _:
            return ""
