"""Administration: who did what, and what is being done in the background."""

import json

import streamlit as st

from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Actor
from pages._frame import portal, show_error

PAGE = 200  # rows of the trail at a time


def trail(actor: Actor, words: Words) -> None:
    """The audit list, newest first, with a search over all of it."""
    say = words.say
    search = st.text_input(
        say("admin.search"), placeholder=say("admin.search_help"), icon=":material/search:", key="admin.audit_search"
    )
    before = st.session_state.get("admin.audit_before")
    rows = portal().audit.list(actor, search, limit=PAGE, before=before)
    if not rows:
        st.info(say("admin.audit_empty"), icon=":material/history:")
    else:
        st.dataframe(
            {
                say("admin.at"): [row.at for row in rows],
                say("admin.who"): [row.actor or "–" for row in rows],
                say("admin.action"): [row.action for row in rows],
                say("admin.resource"): [row.resource for row in rows],
                say("admin.allowed"): [row.allowed for row in rows],
                say("admin.detail"): [json.dumps(row.detail, ensure_ascii=False) for row in rows],
            },
            hide_index=True,
            width="stretch",
            height=520,
            key="admin.audit_table",
        )
    with st.container(horizontal=True):
        if before is not None and st.button(say("admin.newest"), key="admin.audit_newest"):
            st.session_state.pop("admin.audit_before")
            st.rerun()
        if len(rows) == PAGE and st.button(say("admin.older"), key="admin.audit_older"):
            st.session_state["admin.audit_before"] = rows[-1].id
            st.rerun()


@st.fragment(run_every=3)
def jobs(actor: Actor, words: Words) -> None:
    """Jobs, newest first, drawn anew every three seconds; a waiting one can be cancelled, a failed one repeated."""
    say = words.say
    rows = portal().jobs.list(actor)
    if not rows:
        st.info(say("admin.jobs_empty"), icon=":material/task_alt:")
        return
    st.dataframe(
        {
            say("admin.job"): [row.id for row in rows],
            say("admin.job_name"): [row.name for row in rows],
            say("admin.state"): [say(f"admin.job_{row.status}") for row in rows],
            say("admin.attempts"): [row.attempts for row in rows],
            say("admin.at"): [row.at for row in rows],
            say("admin.detail"): [json.dumps(row.arguments) for row in rows],
        },
        hide_index=True,
        width="stretch",
        key="admin.jobs_table",
    )
    for status, action in (("todo", "cancel"), ("doing", "cancel"), ("failed", "retry"), ("cancelled", "retry")):
        for row in [row for row in rows if row.status == status][:5]:
            label = say(f"admin.job_{action}", job=f"{row.name} {row.id}")
            if st.button(label, key=f"admin.job_{action}_{row.id}", type="tertiary"):
                try:
                    getattr(portal().jobs, action)(actor, row.id)
                except AskwellError as error:
                    show_error(error, words)
                else:
                    st.rerun(scope="fragment")
