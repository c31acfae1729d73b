"""Administration: who is here, what they may do, and who no longer comes in."""

import secrets
from collections.abc import Sequence

import streamlit as st

from core.answering.markdown import escape
from core.i18n import Words
from core.security.people import Person
from core.security.permissions import Actor, Role
from pages._admin_groups import groups
from pages._admin_invitations import invitations
from pages._admin_person import person_entry
from pages._confirm import hand_over, show_done
from pages._frame import local, portal


def people(actor: Actor, words: Words) -> None:
    """Persons, invitations or groups."""
    chosen = st.segmented_control(
        words.say("admin.section"),
        list(PARTS),
        default="persons",
        format_func=lambda name: words.say(f"roster.{name}"),
        key="admin.people_part",
        label_visibility="collapsed",
        required=True,
    )
    show_done()
    PARTS[chosen or "persons"](actor, words)


def _persons(actor: Actor, words: Words) -> None:
    """Everybody in a table, an entry to change, and a form for a new person."""
    say, table = words.say, st.container()
    left, right = st.columns([3, 2], gap="large")
    with right:
        _add(actor, words)  # first, so that the table has whoever was just added
    everybody = portal().people.list(actor)
    with table:
        _table(everybody, words)
    with left:
        by_id = {person.id: person for person in everybody}
        chosen = st.selectbox(
            say("admin.person"),
            list(by_id),
            index=None,
            format_func=lambda person_id: f"{by_id[person_id].name} · {by_id[person_id].email}",
            placeholder=say("admin.choose_person"),
            key="admin.person",
        )
        if chosen in by_id:
            person_entry(actor, by_id[chosen], words)


def _table(everybody: Sequence[Person], words: Words) -> None:
    say = words.say
    st.dataframe(
        {
            say("admin.name"): [person.name for person in everybody],
            say("admin.email"): [person.email for person in everybody],
            say("admin.role"): [say(f"shell.role_{person.role}") for person in everybody],
            say("roster.groups"): [list(person.groups) for person in everybody],
            say("roster.ways"): [_ways(person, words) for person in everybody],
            say("admin.state"): [say("admin.disabled" if person.disabled else "admin.active") for person in everybody],
            say("roster.seen"): [
                words.show(local(person.seen_at)) if person.seen_at else say("roster.never") for person in everybody
            ],
            say("admin.since"): [words.show(local(person.created_at)) for person in everybody],
        },
        hide_index=True,
        width="stretch",
        key="admin.people_table",
    )


def _ways(person: Person, words: Words) -> str:
    """How a person signs in, in words."""
    password = words.say("roster.way_factor" if person.second_factor else "roster.way_password")
    ways = [password] if person.has_password else []
    if person.signs_on:
        ways.append(portal().settings.oidc_name or words.say("sign_in.sso_name"))
    return ", ".join(ways) or words.say("roster.way_none")


def _add(actor: Actor, words: Words) -> None:
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
            hand_over(
                lambda: portal().people.invite(actor, email, name, role or Role.VIEWER, password),
                say("admin.given_password", name=escape(name or email), password=password),
                words,
            )


PARTS = {"persons": _persons, "invitations": invitations, "groups": groups}
