"""Administration: who is here, what they may do, and who no longer comes in."""

import secrets

import streamlit as st

from core.answering.markdown import escape
from core.errors import AskwellError
from core.i18n import Words
from core.security.people import Person
from core.security.permissions import Actor, Role
from pages._frame import local, portal, show_error

DONE = "admin.done"  # what the last action did, shown once after the page is drawn anew


def people(actor: Actor, words: Words) -> None:
    """Everybody in a table, an entry to change, and a form for a new person."""
    say = words.say
    everybody = portal().people.list(actor)
    if said := st.session_state.pop(DONE, None):
        st.success(said, icon=":material/check_circle:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        _table(everybody, words)
        chosen = st.selectbox(
            say("admin.person"),
            everybody,
            index=None,
            format_func=lambda person: f"{person.name} · {person.email}",
            placeholder=say("admin.choose_person"),
            key="admin.person",
        )
        if chosen is not None:
            _change(actor, chosen, words)
    with right:
        _invite(actor, words)


def _table(everybody: list[Person], words: Words) -> None:
    say = words.say
    st.dataframe(
        {
            say("admin.name"): [person.name for person in everybody],
            say("admin.email"): [person.email for person in everybody],
            say("admin.role"): [say(f"shell.role_{person.role}") for person in everybody],
            say("admin.state"): [say("admin.disabled" if person.disabled else "admin.active") for person in everybody],
            say("admin.since"): [words.show(local(person.created_at)) for person in everybody],
        },
        hide_index=True,
        width="stretch",
        key="admin.people_table",
    )


def _change(actor: Actor, person: Person, words: Words) -> None:
    say = words.say
    with st.container(border=True):
        role = st.selectbox(
            say("admin.role"),
            list(Role),
            index=list(Role).index(person.role),
            format_func=lambda role: say(f"shell.role_{role}"),
            key=f"admin.role.{person.id}.{words.language}",
        )
        st.caption(say(f"admin.explain_{role}"))
        with st.container(horizontal=True):
            if st.button(say("admin.save_role"), disabled=role == person.role, type="primary", key="admin.save_role"):
                _do(lambda: portal().people.change(actor, person.id, role=role), say("admin.changed"), words)
            label = say("admin.enable" if person.disabled else "admin.disable")
            if st.button(label, key="admin.disable"):
                _do(
                    lambda: portal().people.change(actor, person.id, disabled=not person.disabled),
                    say("admin.changed"),
                    words,
                )
            if st.button(say("admin.new_password"), key="admin.new_password"):
                password = secrets.token_urlsafe(12)
                _do(
                    lambda: portal().people.change(actor, person.id, password=password),
                    say("admin.given_password", name=escape(person.name), password=password),
                    words,
                )


def _invite(actor: Actor, words: Words) -> None:
    say = words.say
    with st.form("admin.invite", clear_on_submit=False):
        st.subheader(say("admin.invite"))
        email = st.text_input(say("admin.email"), key="admin.invite_email")
        name = st.text_input(say("admin.name"), key="admin.invite_name")
        role = st.selectbox(
            say("admin.role"),
            list(Role),
            format_func=lambda role: say(f"shell.role_{role}"),
            key=f"admin.invite_role.{words.language}",
        )
        st.caption(say("admin.invite_help"))
        if st.form_submit_button(say("admin.invite_do"), type="primary"):
            password = secrets.token_urlsafe(12)
            _do(
                lambda: portal().people.invite(actor, email, name, role or Role.VIEWER, password),
                say("admin.given_password", name=escape(name or email), password=password),
                words,
            )


def _do(act: "object", done: str, words: Words) -> None:
    """Carry it out and say so on a fresh page, or say what was wrong and keep what was typed."""
    assert callable(act)
    try:
        act()
    except AskwellError as error:
        show_error(error, words)
    else:
        st.session_state[DONE] = done
        st.rerun()
