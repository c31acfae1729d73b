"""The question that is being answered: one status line with step and seconds, Stop, and what is there so far."""

from uuid import UUID

import streamlit as st

from core.answering.running import Run
from core.answering.turns import Turn
from core.errors import NotFound
from core.i18n import Words
from core.security.permissions import Action, Actor
from pages import _show
from pages._ask_state import AskState
from pages._frame import again, portal

POLL = 0.3  # seconds between two looks
RENEWED = "ask.renewed"
RUN = "ask.run"  # the one that this page began last


def running(actor: Actor, state: AskState) -> Run | None:
    """The run to draw: this page's own, or after a reload the one this conversation still has; None when none runs."""
    run_id = portal().running.current(actor, state.conversation_id)
    if run_id is None:
        return None
    try:
        run = portal().running.watch(actor, run_id)
    except NotFound:
        return None
    return None if run.finished else run


def unkept(actor: Actor, state: AskState) -> Run | None:
    """The answer that this page saw come and that could not be kept, as long as it is remembered at all."""
    try:
        run = portal().running.watch(actor, st.session_state[RUN]) if RUN in st.session_state else None
    except NotFound:
        return None
    if run is None or run.finished is None or run.question.conversation_id != state.conversation_id:
        return None
    return run if run.card.answered is not None and not run.card.answered.kept else None


def to_renew(turns: tuple[Turn, ...]) -> Turn | None:
    """The last answer of this conversation that was made under other rights and is run again, each once."""
    begun = st.session_state.setdefault(RENEWED, set())
    found = next((turn for turn in reversed(turns) if turn.renewable and turn.answer_id not in begun), None)
    if found is not None:
        begun.add(found.answer_id)
    return found


@st.fragment(run_every=POLL)
def live(actor: Actor, run_id: UUID, words: Words) -> None:
    """Drawn anew every third of a second until the answer is whole; then the page draws the card."""
    actor = again(actor, Action.ASK)
    try:
        run = portal().running.watch(actor, run_id)
    except NotFound:
        st.rerun(scope="app")
    if run.finished:
        st.rerun(scope="app")
    _show.question(run.card.question)
    with st.chat_message("assistant", avatar=":material/auto_awesome:"):
        left, right = st.columns([6, 1], vertical_alignment="center")
        line = words.say("ask.running", step=_show.step(run.card, words), seconds=round(run.seconds, 1))
        left.markdown(f":material/progress_activity: {line}")
        if right.button(words.say("ask.stop"), icon=":material/stop_circle:", key=f"ask.stop.{run_id}"):
            portal().running.stop(actor, run_id)
        if query := run.card.sql or _query_in(run.card.writing):
            st.code(query, language="sql", wrap_lines=True)
        if run.card.summary:
            st.markdown(run.card.summary)


def _query_in(writing: str) -> str:
    """The SQL in what a model has written so far, without the fence around it; "" while there is only prose."""
    _, fence, inside = writing.partition("```")
    if fence:
        return inside.partition("\n")[2].partition("```")[0]
    return writing if writing.lstrip().upper().startswith(("SELECT ", "WITH ")) else ""
