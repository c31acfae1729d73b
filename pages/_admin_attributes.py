"""Administration: what is true of a person or a group, as row rules ask for it."""

from uuid import UUID

import streamlit as st

from core.i18n import Words
from core.security.groups import Attributes
from core.security.permissions import Actor
from pages._confirm import do
from pages._frame import portal


def attributes(
    actor: Actor,
    known: Attributes,
    words: Words,
    *,
    person_id: UUID | None = None,
    group_id: UUID | None = None,
    closed: bool = False,
) -> None:
    """The attributes in a table, and a form that sets one of them; `closed` where they may only be looked at."""
    say, owner = words.say, person_id or group_id
    st.caption(say("roster.attributes_person" if person_id else "roster.attributes_group"))
    if known:
        st.dataframe(
            {
                say("roster.attribute"): [name for name, _ in known],
                say("roster.values"): [list(values) for _, values in known],
            },
            hide_index=True,
            width="stretch",
            key=f"admin.attributes.{owner}",
        )
    with st.form(f"admin.attribute.{owner}", border=False):
        left, right = st.columns([1, 2])
        name = left.selectbox(
            say("roster.attribute"),
            [name for name, _ in known],
            index=None,
            accept_new_options=True,
            placeholder=say("roster.attribute_hint"),
            key=f"admin.attribute_name.{owner}",
            disabled=closed,
        )
        values = right.multiselect(
            say("roster.values"),
            sorted({value for _, values in known for value in values}),
            accept_new_options=True,
            placeholder=say("roster.values_hint"),
            help=say("roster.values_help"),
            key=f"admin.attribute_values.{owner}",
            disabled=closed,
        )
        if st.form_submit_button(say("roster.set_attribute"), disabled=closed, key=f"admin.attribute_set.{owner}"):
            do(
                lambda: portal().groups.describe(
                    actor, str(name or "").strip(), values, person_id=person_id, group_id=group_id
                ),
                say("roster.saved"),
                words,
            )
