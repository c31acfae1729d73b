"""The front door: one box, the conversation so far, and the answer as it comes."""

from dataclasses import replace

import streamlit as st

from core.answering.markdown import said
from core.answering.question import Question
from core.errors import AskwellError
from core.i18n import Phrase
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


def start(question: Question) -> None:
    """Begin to answer in the background, unless something runs already; the page then draws what there is."""
    if portal().running.current(actor, state.conversation_id) is not None:
        st.toast(say("ask.busy"), icon=":material/hourglass_top:")
        return
    if question.sql is None and question.of is None:
        question = replace(question, rung=state.rung, model_id=state.model_id)
    try:
        st.session_state[_ask_live.RUN] = portal().running.start(actor, question)
    except AskwellError as error:
        st.toast(said(words, Phrase(error.key, error.values)), icon=":material/hourglass_top:")
        return
    st.rerun()


def ask(text: str) -> None:
    """A question typed or picked, in this conversation."""
    start(Question(text, state.connection_id, state.conversation_id))


_, middle, _ = st.columns([1, 10, 1])
run = _ask_live.running(actor, state)
turns = state.turns()

stale = _ask_live.to_renew(turns) if run is None else None
if stale is not None:
    portal().running.start(
        actor, Question(stale.card.question, conversation_id=state.conversation_id, of=stale.answer_id)
    )
    st.rerun()

with st.bottom:
    _, bar, _ = st.columns([1, 10, 1])
    with bar:
        state.choose(connections, portal().models.list(actor), words)
        typed = st.chat_input(
            say("ask.box"), key="ask.box", max_chars=2000, submit_mode="stop" if run else "disable", disabled=False
        )

with middle:
    lost = _ask_live.unkept(actor, state) if run is None else None
    if not turns and run is None and lost is None:
        picked = _ask_empty.starters(actor, state.connection(connections), words)
        if picked:
            ask(picked)
    for turn in turns:
        shown = Shown(
            key=turn.answer_id.hex,
            card=turn.card,
            answer_id=turn.answer_id,
            connection_id=turn.connection_id,
            conversation_id=state.conversation_id,
            actor=actor,
            words=words,
            developer=state.developer,
            thumb=turn.thumb,
            newest=turn is turns[-1] and run is None,
        )
        _show_card.draw(shown, start)
    if lost is not None:
        card = Shown(lost.id.hex, lost.card, None, None, state.conversation_id, actor, words, state.developer)
        _show_card.draw(card, start)
        st.warning(say("ask.not_kept"), icon=":material/cloud_off:")
    if run is not None:
        _ask_live.live(actor, run.id, words)

if typed:
    ask(str(typed))
