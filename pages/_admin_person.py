"""Administration: one person; their role, groups and attributes, sessions, and the ways they sign in."""

import secrets

import streamlit as st

from core.answering.markdown import escape
from core.i18n import Words
from core.security.people import Person
from core.security.permissions import Actor, Role
from pages._account_sessions import list_of_sessions
from pages._admin_attributes import attributes
from pages._confirm import confirmed, do, hand_over, typed
from pages._frame import portal, provider_name, session_token


def person_entry(actor: Actor, person: Person, words: Words) -> None:
    """Everything an administrator can do about one person; about themselves, nothing but look."""
    say = words.say
    with st.container(border=True):
        if person.id == actor.id:
            st.info(say("roster.oneself"), icon=":material/person:")
        names = ("role", "attributes", "sessions", "ways")
        role, given, sessions, ways = st.tabs([say(f"roster.tab_{name}") for name in names])
        with role:
            _role(actor, person, words)
        with given:
            _groups(actor, person, words)
            attributes(actor, person.attributes, words, person_id=person.id, closed=person.id == actor.id)
        with sessions:
            _sessions(actor, person, words)
        with ways:
            _ways(actor, person, words)


def _role(actor: Actor, person: Person, words: Words) -> None:
    say = words.say
    role = st.selectbox(
        say("admin.role"),
        list(Role),
        index=list(Role).index(person.role),
        format_func=lambda role: say(f"shell.role_{role}"),
        key=f"admin.role.{person.id}.{words.language}",
        disabled=person.id == actor.id,
    )
    st.caption(f"{say(f'admin.explain_{role}')} {say('roster.role_ends')}")
    unchanged = role == person.role or person.id == actor.id
    if st.button(say("admin.save_role"), disabled=unchanged, type="primary", key="admin.save_role"):
        do(lambda: portal().people.change(actor, person.id, role=role), say("admin.changed"), words)


def _groups(actor: Actor, person: Person, words: Words) -> None:
    say, known = words.say, portal().groups.list(actor)
    if not known:
        st.caption(say("roster.no_groups"))
        return
    names = {group.id: group.name for group in known}
    with st.form(f"admin.person_groups.{person.id}", border=False):
        chosen = st.multiselect(
            say("roster.member_of"),
            list(names),
            [group.id for group in known if person.id in group.people],
            format_func=lambda group_id: names.get(group_id, ""),
            placeholder=say("roster.choose"),
            key=f"admin.member_of.{person.id}",
            disabled=person.id == actor.id,
        )
        if st.form_submit_button(say("roster.save"), disabled=person.id == actor.id, key="admin.save_groups"):
            do(lambda: portal().groups.belong(actor, person.id, chosen), say("roster.saved"), words)


def _sessions(actor: Actor, person: Person, words: Words) -> None:
    say = words.say
    rows = portal().sessions.list(actor, session_token(), person_id=person.id)
    if not rows:
        st.caption(say("roster.no_sessions"))
        return
    list_of_sessions(rows, words)
    question = say("roster.end_all_ask", name=escape(person.name))
    if confirmed(say("roster.end_all"), question, "admin.end_all", words):
        keep = session_token() if person.id == actor.id else ""
        do(lambda: portal().sessions.end_all(actor, keep, person_id=person.id), say("roster.saved"), words)


def _ways(actor: Actor, person: Person, words: Words) -> None:
    say, name = words.say, escape(person.name)
    if person.signs_on:
        st.caption(say("roster.signs_on", name=provider_name(words)))
    st.caption(say("roster.factor_on" if person.second_factor else "roster.factor_off"))
    if person.id == actor.id:
        return
    people, changed = portal().people, say("admin.changed")
    if person.second_factor and confirmed(
        say("roster.factor_reset"), say("roster.factor_reset_ask", name=name), "admin.factor_reset", words
    ):
        do(lambda: portal().second_factors.reset(actor, person.id), changed, words)
    if confirmed(say("admin.new_password"), say("roster.new_password_ask", name=name), "admin.new_password", words):
        password = secrets.token_urlsafe(12)
        given = say("admin.given_password", name=name, password=password)
        hand_over(lambda: people.change(actor, person.id, password=password), given, words)
    if person.disabled:
        if st.button(say("admin.enable"), key="admin.disable"):
            do(lambda: people.change(actor, person.id, disabled=False), changed, words)
    elif confirmed(say("admin.disable"), say("roster.disable_ask", name=name), "admin.disable", words):
        do(lambda: people.change(actor, person.id, disabled=True), changed, words)
    if typed(say("roster.erase"), say("roster.erase_ask", name=name), person.email, "admin.erase", words):
        do(lambda: people.erase(actor, person.id), say("roster.erased"), words)
