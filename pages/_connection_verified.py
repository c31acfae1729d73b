"""The verified questions of one connection: what was vouched for, by whom and when, and what no longer holds."""

import streamlit as st

from core.answering.markdown import escape, said
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.grounding.vouching import Standing
from core.i18n import Words
from core.security.permissions import Action, Actor, may
from pages._frame import portal, show_error


def verified(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    """The list, the newest first; who may vouch confirms what no longer holds, or takes it back."""
    standings = portal().knowledge.verified(actor, info.id)
    if not standings:
        st.info(words.say("connections.verified_empty"), icon=":material/verified:")
    for standing in standings:
        with st.container(border=True):
            _entry(actor, info, standing, words)


def _entry(actor: Actor, info: ConnectionInfo, standing: Standing, words: Words) -> None:
    say, one = words.say, standing.question
    st.text(one.question)
    by = "connections.verified_by" if one.author else "connections.verified_at"
    st.caption(say(by, author=escape(one.author), at=one.at.date()))
    if standing.stale is not None:
        why = said(words, standing.stale)
        st.warning(say("connections.verified_stale", why=why), icon=":material/sync_problem:")
    st.code(one.sql, language="sql", wrap_lines=True)
    if not may(actor, Action.VERIFY):
        return
    with st.container(horizontal=True):
        if standing.stale is not None and st.button(
            say("connections.verify_again"), icon=":material/verified:", key=f"connections.verify.{one.id}"
        ):
            try:
                portal().knowledge.verify(actor, info.id, one.question, one.sql)
            except AskwellError as error:
                show_error(error, words)
            else:
                st.rerun()
        if st.button(say("connections.forget"), icon=":material/delete:", key=f"connections.forget.{one.id}"):
            try:
                portal().knowledge.forget(actor, one.id)
            except AskwellError as error:
                show_error(error, words)
            else:
                st.rerun()
