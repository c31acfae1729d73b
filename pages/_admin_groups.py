"""Administration: groups, who is in them, and what they give."""

import streamlit as st

from core.answering.markdown import escape
from core.i18n import Words
from core.security.groups import Group
from core.security.permissions import Actor
from pages._admin_attributes import attributes
from pages._confirm import confirmed, do
from pages._frame import portal


def groups(actor: Actor, words: Words) -> None:
    """All groups, one to change, and a form for a new one."""
    say, known = words.say, portal().groups.list(actor)
    left, right = st.columns([3, 2], gap="large")
    with left:
        if not known:
            st.info(say("roster.no_groups"), icon=":material/groups:")
        else:
            _table(known, words)
            by_id = {group.id: group for group in known}
            chosen = st.selectbox(
                say("roster.group"),
                list(by_id),
                index=None,
                format_func=lambda group_id: by_id[group_id].name,
                placeholder=say("roster.choose_group"),
                key="admin.group",
            )
            if chosen in by_id:
                _entry(actor, by_id[chosen], words)
    with right, st.form("admin.make_group"):
        st.subheader(say("roster.make_group"))
        name = st.text_input(say("roster.group_name"), max_chars=80, key="admin.group_name")
        if st.form_submit_button(say("roster.make_group_do"), type="primary", key="admin.make_group_do"):
            do(lambda: portal().groups.make(actor, name), say("roster.saved"), words)


def _table(known: list[Group], words: Words) -> None:
    say = words.say
    st.dataframe(
        {
            say("roster.group"): [group.name for group in known],
            say("roster.members"): [len(group.people) for group in known],
            say("roster.attributes"): [
                [f"{name} = {', '.join(values)}" for name, values in group.attributes] for group in known
            ],
        },
        hide_index=True,
        width="stretch",
        key="admin.groups_table",
    )


def _entry(actor: Actor, group: Group, words: Words) -> None:
    say, names = words.say, {person.id: person.name for person in portal().people.list(actor)}
    with st.container(border=True):
        with st.form(f"admin.members.{group.id}", border=False):
            members = st.multiselect(
                say("roster.members"),
                list(names),
                [person_id for person_id in names if person_id in group.people],
                format_func=lambda person_id: names.get(person_id, ""),
                placeholder=say("roster.choose"),
                key=f"admin.members_of.{group.id}",
            )
            if st.form_submit_button(say("roster.save"), key="admin.save_members"):
                do(lambda: portal().groups.fill(actor, group.id, members), say("roster.saved"), words)
        attributes(actor, group.attributes, words, group_id=group.id, closed=actor.id in group.people)
        question = say("roster.remove_group_ask", name=escape(group.name), n=len(group.people))
        if confirmed(say("roster.remove_group"), question, "admin.remove_group", words):
            do(lambda: portal().groups.remove(actor, group.id), say("roster.removed"), words)
