"""What destroys something is done in two steps, and the second says what will be gone; what was done is said once."""

from collections.abc import Callable

import streamlit as st

from core.answering.markdown import escape
from core.errors import AskwellError
from core.i18n import Words
from pages._frame import show_error

DONE = "admin.done"  # what the last action did, shown once after the page is drawn anew


def confirmed(label: str, question: str, key: str, said: Words) -> bool:
    """A button that opens a question; true in the run in which it was answered with yes."""
    with st.popover(label):
        st.markdown(question)
        return st.button(said.say("roster.do_it"), type="primary", key=key)


def typed(label: str, question: str, word: str, key: str, said: Words) -> bool:
    """As `confirmed`, for what cannot be undone: true only when `word` was typed in as well."""
    with st.popover(label):
        st.markdown(question)
        given = st.text_input(said.say("roster.type_it", word=escape(word)), key=f"{key}.typed", autocomplete="off")
        answered = st.button(said.say("roster.do_it"), type="primary", key=key)
        if answered and given.strip() != word:
            st.error(said.say("roster.typed_wrong"), icon=":material/error:")
        return answered and given.strip() == word


def do(act: Callable[[], object], done: str, said: Words) -> None:
    """Carry it out and say so on a fresh page, or say what was wrong and keep what was typed."""
    try:
        act()
    except AskwellError as error:
        show_error(error, said)
    else:
        st.session_state[DONE] = done
        st.rerun()


def hand_over(act: Callable[[], object], said_once: str, said: Words) -> None:
    """As `do`, for what holds a secret: it is shown in this very run and kept nowhere."""
    try:
        act()
    except AskwellError as error:
        show_error(error, said)
    else:
        st.success(said_once, icon=":material/key:")


def show_done() -> None:
    """What the last action did."""
    if done := st.session_state.pop(DONE, None):
        st.success(done, icon=":material/check_circle:")
