"""People's databases: add one or upload a file, see whether it answers, and say what its tables and columns mean."""

import streamlit as st

from core.answering.markdown import escape
from core.connections.engines import ENGINES
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.security.permissions import Action, may
from pages import _connection_browse, _connection_changes, _connection_form
from pages._frame import again, enter, portal, show_error
from pages._model_form import safe

actor, words = enter(Action.SEE_CONNECTIONS)
say = words.say
OPEN, FORM, DONE = "connections.open", "connections.form", "connections.done"


@st.dialog(say("connections.remove_title"))
def confirm_removal(info: ConnectionInfo) -> None:
    """What goes with a connection cannot be brought back, so it is asked about."""
    again(actor, Action.CHANGE_CONNECTION)
    st.write(say("connections.remove_ask", name=escape(info.name)))
    if st.button(say("connections.remove"), type="primary", icon=":material/delete:", key="connections.remove_yes"):
        try:
            portal().connections.remove(actor, info.id)
        except AskwellError as error:
            show_error(error, words)
        else:
            st.session_state.pop(OPEN, None)
            st.session_state[DONE] = say("connections.removed", name=escape(info.name))
            st.rerun()


@st.fragment(run_every=2)
def reading(connection_id: object) -> None:
    """How far the reading of a connection has come; the page is drawn anew when it is done."""
    now = again(actor, Action.SEE_CONNECTIONS)
    info = next((info for info in portal().connections.list(now) if info.id == connection_id), None)
    if info is None or not info.index.running:
        st.rerun(scope="app")
    step = say(f"connections.index_{info.index.step}")
    if not info.index.total:
        st.progress(0.0, step)
        return
    text = say("connections.reading", step=step, done=info.index.done, total=info.index.total)
    if left := info.index.seconds_left:
        text = f"{text} · {time_left(left)}"
    st.progress(min(info.index.done / info.index.total, 1.0), text)


def time_left(seconds: float) -> str:
    """About how long, in words."""
    if seconds < 90:
        return say("connections.seconds_left", n=max(1, round(seconds)))
    return say("connections.minutes_left", n=round(seconds / 60))


def entry(info: ConnectionInfo) -> None:
    """One connection in the list."""
    with st.container(border=True):
        left, right = st.columns([3, 4], vertical_alignment="center")
        with left:
            shared = f" :blue-badge[{say('connections.shared')}]" if info.shared else ""
            st.markdown(f":material/database: {safe(info.name)}{shared}")
            kind = say("connections.kind_upload") if info.uploaded else ENGINES[info.kind].label
            st.caption(say("connections.about", kind=kind, n=info.tables))
        with right, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(say("connections.open"), icon=":material/table_view:", key=f"connections.open.{info.id}"):
                st.session_state[OPEN] = info.id
                st.rerun()
            if info.may_change:
                if st.button(say("connections.change"), icon=":material/edit:", key=f"connections.edit.{info.id}"):
                    st.session_state[FORM] = info.id
                    st.rerun()
                if st.button(say("connections.remove"), icon=":material/delete:", key=f"connections.del.{info.id}"):
                    confirm_removal(info)
        if info.index.error:
            st.warning(say("connections.index_failed"), icon=":material/sync_problem:")
        elif info.index.running:
            reading(info.id)
        _connection_changes.notices(actor, info, words)


st.title(say("shell.connections"))
if done := st.session_state.pop(DONE, None):
    st.success(done, icon=":material/check_circle:")
connections = portal().connections.list(actor)
opened = next((info for info in connections if info.id == st.session_state.get(OPEN)), None)
form = st.session_state.get(FORM)
if form is not None:
    edited = next((info for info in connections if info.id == form), None)
    if _connection_form.form(actor, edited, words):
        st.session_state.pop(FORM, None)
        st.rerun()
elif opened is not None:
    if st.button(say("connections.back"), icon=":material/arrow_back:", type="tertiary", key="connections.back"):
        st.session_state.pop(OPEN, None)
        st.rerun()
    _connection_browse.browse(actor, opened, words)
else:
    if may(actor, Action.ADD_CONNECTION):
        with st.container(horizontal=True):
            if st.button(say("connections.add"), icon=":material/add:", type="primary", key="connections.add"):
                st.session_state[FORM] = "new"
                st.rerun()
            with st.popover(say("connections.upload"), icon=":material/upload_file:"):
                if _connection_form.upload(actor, words):
                    st.rerun()
    if not connections:
        st.info(say("connections.empty"), icon=":material/database_off:")
    for info in connections:
        entry(info)
