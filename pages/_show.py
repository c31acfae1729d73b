"""Draws a question and what became of it: the status line while it runs, then the answer card."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st

from core.answering.card import Card
from core.answering.events import Answered, CannotAnswer, Failed, NeedsDetail, Rung, Sureness
from core.answering.markdown import escape, said
from core.errors import QueryCancelled, Stopped
from core.i18n import Words
from core.security.permissions import Actor
from pages._frame import local

BADGES: dict[Sureness, tuple[Literal["green", "blue", "orange"], str]] = {
    Sureness.VERIFIED: ("green", ":material/verified:"),
    Sureness.SURE: ("green", ":material/check_circle:"),
    Sureness.FAIRLY: ("blue", ":material/thumb_up:"),
    Sureness.UNSURE: ("orange", ":material/help:"),
}

STOPPED = (Stopped.key, QueryCancelled.key)  # what a person wished for is no error


@dataclass(frozen=True)
class Shown:
    """A card on a page, and what the page needs to act on it. `key` is unique on the page."""

    key: str
    card: Card
    answer_id: UUID | None
    connection_id: UUID | None
    conversation_id: UUID
    actor: Actor
    words: Words
    developer: bool = False
    thumb: int | None = None
    newest: bool = False


def step(card: Card, words: Words) -> str:
    """What is being done now, in words."""
    if card.step == "writing" and not card.writing and card.tables:
        return words.say("ask.step_found", tables=escape(", ".join(card.tables[:4])))
    return words.say(f"ask.step_{card.step}")


def question(text: str) -> None:
    """The person's own words, shown as they are."""
    with st.chat_message("user", avatar=":material/person:"):
        st.text(text)


def status(shown: Shown, answered: Answered) -> None:
    """The one line that says who answered and how fast."""
    say = shown.words.say
    if shown.card.recalled:
        label = say("ask.answered_verified", seconds=round(answered.seconds, 2))
    elif answered.rung is Rung.MODEL:
        label = say("ask.answered_model", seconds=round(answered.seconds, 2), model=escape(answered.usage.model))
    else:
        label = say(f"ask.answered_{answered.rung}", seconds=round(answered.seconds, 2))
    st.caption(f":material/check: {label}")


def badges(shown: Shown, answered: Answered) -> None:
    """Sureness, as of when, how many rows, and what it cost, in one row."""
    say, table = shown.words.say, shown.card.table
    color, icon = BADGES[answered.evidence.sureness]
    reasons = "\n".join(f"- {said(shown.words, reason)}" for reason in answered.evidence.reasons)
    with st.container(horizontal=True, gap="small"):
        st.badge(say(f"ask.sure_{answered.evidence.sureness}"), icon=icon, color=color, help=reasons or None)
        st.badge(say("ask.as_of", at=local(answered.as_of)), color="gray")
        if table is not None and (table.rows or not shown.card.explanation.limited):
            key = "ask.first_rows" if table.truncated else "ask.rows"
            st.badge(say(key, n=len(table.rows)), color="gray")
        if answered.rung is Rung.MODEL:
            cost = answered.usage.cost
            st.badge(say("ask.cost_unknown") if cost is None else f"${cost:.4f}", color="gray")
        else:
            st.badge(say("ask.no_model"), color="gray")


def limits(shown: Shown) -> None:
    """One line for what the person may not see of it: rows left out, values masked."""
    if phrases := shown.card.explanation.limits:
        line = " ".join(said(shown.words, phrase) for phrase in phrases)
        st.caption(f":material/visibility_lock: {line}")


def ending(shown: Shown) -> None:
    """What is said when there is no answer: why, and a way on. Never a stack trace."""
    words = shown.words
    match shown.card.ending:
        case Failed(message=message) if message.key in STOPPED:
            st.info(said(words, message), icon=":material/stop_circle:")
        case Failed(message=message, detail=detail):
            st.error(said(words, message), icon=":material/error:")
            if detail:
                with st.expander(words.say("shell.technical")):
                    st.code(detail, language=None, wrap_lines=True)
        case CannotAnswer(reason=reason):
            st.warning(said(words, reason), icon=":material/search_off:")
        case NeedsDetail(question=asked):
            st.info(said(words, asked), icon=":material/help:")
        case _:
            return
    if tried := shown.card.tried:
        with st.expander(words.say("ask.tried", n=len(tried))):
            for attempt in tried:
                st.code(attempt.sql, language="sql", wrap_lines=True)
                st.text(attempt.reason)


def ways_on(card: Card) -> list[tuple[str, str]]:
    """Buttons under a card: what they say and what they ask."""
    match card.ending:
        case CannotAnswer(closest=closest):
            return [(escape(question), question) for question in closest]
        case Answered(follow_ups=follow_ups):
            return [(escape(question), question) for question in follow_ups]
        case _:
            return []
