"""The Ask page before the first question: what one could ask of this very database."""

import streamlit as st

from core.answering.markdown import escape, unlinked
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Actor
from pages._frame import portal, show_error


def no_connection(words: Words) -> None:
    """There is nothing to ask yet: say so, and where to begin."""
    st.title(words.say("ask.title"))
    st.info(words.say("ask.no_connection"), icon=":material/database_off:")
    st.write(words.say("ask.no_connection_help"))
    if st.button(words.say("ask.go_to_connections"), type="primary", icon=":material/database:"):
        st.switch_page("connections.py")


def starters(actor: Actor, connection: ConnectionInfo, words: Words) -> str | None:
    """Six questions made from this schema, as buttons; gives the one that was picked."""
    say = words.say
    st.title(say("ask.title"))
    st.markdown(say("ask.lead", connection=escape(connection.name)))
    if connection.index.total and connection.index.done < connection.index.total:
        st.caption(say("ask.indexing", done=connection.index.done, total=connection.index.total))
    try:
        opened = portal().connections.open(actor, connection.id)
        questions = portal().knowledge.starters(actor, opened, words.language)
    except AskwellError as error:
        show_error(error, words)
        return None
    picked = None
    columns = st.columns(2)
    for number, question in enumerate(questions):
        with columns[number % 2]:
            if st.button(escape(question), key=f"ask.starter.{number}", width="stretch", icon=":material/lightbulb:"):
                picked = question
    with st.expander(say("ask.what_can_i_ask"), icon=":material/help:"):
        for line in portal().knowledge.can_ask(actor, opened, words.language):
            st.markdown(f"- {unlinked(line)}")
    return picked
