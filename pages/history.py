"""Conversations: find, open, rename, mark, delete and bring back."""

from functools import partial
from typing import Any

import streamlit as st

from core.answering.history import Conversation, Filter
from core.answering.markdown import escape
from core.errors import AskwellError
from core.security.permissions import Action
from pages._ask_state import CONVERSATION
from pages._frame import again, enter, local, portal, show_error, who

actor, words = enter(Action.READ_HISTORY)
say = words.say


def change(conversation: Conversation, **values: Any) -> None:
    """Rename, mark, delete or bring back; a failure is said when the page is drawn."""
    try:
        portal().answers.change(who(), conversation.id, **values)
    except AskwellError as error:
        st.session_state["history.error"] = error


def rename(conversation: Conversation) -> None:
    """Take over the typed title."""
    change(conversation, title=st.session_state[f"history.title.{conversation.id}"])


@st.dialog(say("history.delete_title"))
def confirm(conversation: Conversation) -> None:
    """Deleting can be undone for a month; it is asked about all the same."""
    again(actor, Action.CHANGE_HISTORY)
    st.write(say("history.delete_ask", n=conversation.answers))
    st.text(conversation.title)
    with st.container(horizontal=True):
        away = partial(change, conversation, deleted=True)
        icon = ":material/delete:"
        if st.button(say("history.delete"), type="primary", icon=icon, key="history.delete_yes", on_click=away):
            st.rerun()
        if st.button(say("history.keep"), key="history.delete_no"):
            st.rerun()


def row(conversation: Conversation) -> None:
    """One conversation with what can be done with it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        star = ":material/star:" if conversation.favourite else ":material/star_border:"
        st.button(
            say("history.unmark" if conversation.favourite else "history.mark"),
            icon=star,
            type="tertiary",
            key=f"history.star.{conversation.id}",
            on_click=partial(change, conversation, favourite=not conversation.favourite),
        )
        with st.container():
            st.text(conversation.title)
            where = escape(conversation.connection) or say("history.no_connection")
            st.caption(
                say("history.about", connection=where, n=conversation.answers, at=local(conversation.changed_at))
            )
        if conversation.deleted:
            st.button(
                say("history.restore"),
                icon=":material/restore_from_trash:",
                key=f"history.restore.{conversation.id}",
                on_click=partial(change, conversation, deleted=False),
            )
            return
        if st.button(say("history.open"), icon=":material/open_in_new:", key=f"history.open.{conversation.id}"):
            st.switch_page("ask.py", query_params={CONVERSATION: conversation.id.hex})
        with st.popover(say("history.rename"), icon=":material/edit:"):
            st.text_input(
                say("history.new_title"),
                conversation.title,
                max_chars=200,
                key=f"history.title.{conversation.id}",
                on_change=partial(rename, conversation),
            )
        if st.button(say("history.delete"), icon=":material/delete:", key=f"history.delete.{conversation.id}"):
            confirm(conversation)


st.title(say("shell.history"))
if error := st.session_state.pop("history.error", None):
    show_error(error, words)
left, right = st.columns([3, 2], vertical_alignment="bottom")
search = left.text_input(
    say("history.search"), placeholder=say("history.search_help"), icon=":material/search:", key="history.search"
)
kind = right.segmented_control(
    say("history.show"),
    ["all", "favourites", "deleted"],
    default="all",
    format_func=lambda name: say(f"history.{name}"),
    key="history.kind",
    label_visibility="collapsed",
    required=True,
)
wanted = Filter(search=search, favourites=kind == "favourites", deleted=kind == "deleted")
conversations = portal().answers.history(actor, wanted)
for conversation in conversations:
    row(conversation)
if not conversations:
    st.info(say("history.nothing_found" if search or kind != "all" else "history.empty"), icon=":material/history:")
