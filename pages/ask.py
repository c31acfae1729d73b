"""The front door: one box, the conversation so far, and the answer as it comes."""

import streamlit as st
from core.answering.ask import Question

from core.security.permissions import Action
from pages import _ask_empty, _ask_live, _show_card
from pages._ask_state import AskState
from pages._frame import enter, portal
from pages._show import Shown

actor, words = enter(Action.ASK)
say = words.say
state = AskState(actor)
connections = portal().connections.list(actor)

if not connections:
    _ask_empty.no_connection(words)
    st.stop()


def ask(shown: Shown | None, text: str) -> None:
    """Ask in this conversation; a button on a card asks on that card's connection."""
    connection_id = shown.connection_id if shown else state.connection_id
    start(Question(text, connection_id, state.conversation_id, rung=state.rung, model_id=state.model_id))


def ask_sql(shown: Shown, sql: str) -> None:
    """Run SQL that a person edited, under the question it came from."""
    start(Question(shown.card.question, shown.connection_id, state.conversation_id, sql=sql))


def start(question: Question) -> None:
    """Begin to answer in the background, unless something runs already; the page then draws what there is."""
    if portal().running.current(actor) is not None:
        st.toast(say("ask.busy"), icon=":material/hourglass_top:")
        return
    state.run_id = portal().running.start(actor, question)
    st.rerun()


_, middle, _ = st.columns([1, 10, 1])
run = _ask_live.running(actor, state)
turns = state.turns()

with st.bottom:
    _, bar, _ = st.columns([1, 10, 1])
    with bar:
        state.choose(connections, portal().models.list(actor), words)
        typed = st.chat_input(
            say("ask.box"), key="ask.box", max_chars=2000, submit_mode="stop" if run else "disable", disabled=False
        )

with middle:
    if not turns and run is None:
        picked = _ask_empty.starters(actor, state.connection(connections), words)
        if picked:
            ask(None, picked)
    for turn in turns:
        shown = Shown(
            key=turn.answer_id.hex,
            card=turn.card,
            answer_id=turn.answer_id,
            connection_id=turn.connection_id,
            actor=actor,
            words=words,
            developer=state.developer,
            thumb=turn.thumb,
            newest=turn is turns[-1] and run is None,
        )
        _show_card.draw(shown, ask, ask_sql)
    if run is not None:
        _ask_live.live(actor, run.id, words)

if typed:
    ask(None, str(typed))
