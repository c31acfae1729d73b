"""Administration: who did what, and what is being done in the background."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from core.errors import AskwellError
from core.i18n import Words, catalogue
from core.security.marks import ERASED
from core.security.permissions import SYSTEM, Action, Actor
from pages._admin_chain import download, newest, state, wanted
from pages._frame import again, local, portal, show_error

PAGE = 200  # rows of the trail at a time


def trail(actor: Actor, words: Words) -> None:
    """How the chain stands, and the audit list, newest first, with a search over all of it."""
    say = words.say
    state(actor, words)
    search = st.text_input(
        say("admin.search"),
        placeholder=say("admin.search_help"),
        icon=":material/search:",
        key="admin.audit_search",
        on_change=newest,
    )
    asked = wanted(words)
    before = st.session_state.get("admin.audit_before")
    rows = portal().audit.list(actor, search, limit=PAGE, before=before, wanted=asked)
    names = _connections(actor)
    if not rows:
        st.info(say("admin.audit_empty"), icon=":material/history:")
    else:
        st.dataframe(
            {
                say("trail.row"): [str(row.id) for row in rows],
                say("admin.at"): [_moment(row.at) for row in rows],
                say("admin.who"): [_who(row.actor, words) for row in rows],
                say("admin.action"): [_named("audit", row.action, words) for row in rows],
                say("admin.resource"): [names.get(row.resource, row.resource) for row in rows],
                say("admin.allowed"): [row.allowed for row in rows],
                say("admin.detail"): [_details(row.detail, names) for row in rows],
            },
            hide_index=True,
            width="stretch",
            height=520,
            column_config=_moments(words),
            key="admin.audit_table",
        )
    with st.container(horizontal=True):
        download(search, asked, words)
        if before is not None and st.button(say("admin.newest"), key="admin.audit_newest"):
            st.session_state.pop("admin.audit_before")
            st.rerun()
        if len(rows) == PAGE and st.button(say("admin.older"), key="admin.audit_older"):
            st.session_state["admin.audit_before"] = rows[-1].id
            st.rerun()


@st.fragment(run_every=3)
def jobs(actor: Actor, words: Words) -> None:
    """Jobs, newest first, drawn anew every three seconds; a waiting one can be cancelled, a failed one repeated."""
    actor, say = again(actor, Action.SEE_JOBS), words.say
    rows = portal().jobs.list(actor)
    if not rows:
        st.info(say("admin.jobs_empty"), icon=":material/task_alt:")
        return
    names = _connections(actor)
    st.dataframe(
        {
            say("admin.job"): [row.id for row in rows],
            say("admin.job_name"): [_named("admin.job_name", row.name, words) for row in rows],
            say("admin.state"): [say(f"admin.job_{row.status}") for row in rows],
            say("admin.attempts"): [row.attempts for row in rows],
            say("admin.at"): [_moment(row.at) for row in rows],
            say("admin.detail"): [_details(row.arguments, names) for row in rows],
        },
        hide_index=True,
        width="stretch",
        column_config=_moments(words),
        key="admin.jobs_table",
    )
    for status, action in (("todo", "cancel"), ("doing", "cancel"), ("failed", "retry"), ("cancelled", "retry")):
        for row in [row for row in rows if row.status == status][:5]:
            name = _named("admin.job_name", row.name, words)
            label = say(f"admin.job_{action}", job=f"{name} {row.id}")
            if st.button(label, key=f"admin.job_{action}_{row.id}", type="tertiary"):
                try:
                    getattr(portal().jobs, action)(actor, row.id)
                except AskwellError as error:
                    show_error(error, words)
                else:
                    st.rerun(scope="fragment")


def _connections(actor: Actor) -> dict[str, str]:
    """Names of connections by the numbers under which the trail knows them."""
    return {str(info.id): info.name for info in portal().connections.list(actor)}


def _moment(at: datetime | None) -> datetime | None:
    """A moment by the person's own clock, as a table sorts and shows it."""
    return None if at is None else local(at).replace(tzinfo=None)


def _moments(words: Words) -> dict[str, Any]:
    return {words.say("admin.at"): st.column_config.DatetimeColumn(format=words.say("admin.moment"))}


def _who(name: str, words: Words) -> str:
    if name == ERASED:
        return words.say("trail.erased")
    return words.say("admin.the_portal") if name == SYSTEM.name else name or "–"


def _named(area: str, name: str, words: Words) -> str:
    """What was done, in words; its own name for something that has none yet."""
    key = f"{area}{'.' if '.' not in area else '_'}{name.replace('.', '_')}"
    return words.say(key) if key in catalogue() else name


def _details(detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The particulars as "name: value", those that say nothing left out."""
    said = {key: names.get(str(value), str(value)) for key, value in detail.items() if value not in ("", None, [], {})}
    return " · ".join(f"{key}: {value}" for key, value in said.items())
