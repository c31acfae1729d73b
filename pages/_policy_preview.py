"""One connection as another person sees it: tables, columns, first rows, what binds them, and one query of theirs."""

from uuid import UUID

import streamlit as st

from core.answering.markdown import bold, escape
from core.connections.opened import Connection
from core.connections.policies import Named
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Action, Actor
from pages._frame import again, portal, show_error
from pages._policy_words import Sentences
from pages._show_tabs import as_columns

_ROWS = 10


@st.fragment
def preview(actor: Actor, info: ConnectionInfo, named: Named, sentences: Sentences, words: Words) -> None:
    """Choose a person and look. Every look is made anew, with the policies of this moment, and noted in the trail."""
    again(actor, Action.PREVIEW)
    people = dict(named.people)
    person = st.selectbox(
        words.say("policies.preview_choose"),
        list(people),
        index=None,
        format_func=lambda one: people[one],
        placeholder=words.say("policies.choose"),
        key=f"policies.preview.{info.id}",
    )
    if person is None:
        return
    try:
        opened = portal().policies.preview(actor, info.id, person)
        binding = portal().policies.list(actor, info.id, person)
    except AskwellError as error:
        show_error(error, words)
        return
    name, connection = bold(people[person]), bold(info.name)
    banner = words.say("policies.preview_banner", person=name, connection=connection)
    st.warning(banner, icon=":material/visibility_lock:")
    if binding:
        st.caption(words.say("policies.preview_rules", person=name))
        st.markdown("\n".join(f"- {sentence}" for policy in binding for sentence in sentences.of(policy)))
    else:
        st.caption(words.say("policies.preview_free", person=name))
    _tables(opened, words)
    _ask(actor, info, person, people[person], words)


def _tables(opened: Connection, words: Words) -> None:
    """The tables they see, and one of them from the inside."""
    say = words.say
    tables = opened.schema.by_key
    if not tables:
        st.info(say("policies.preview_no_tables"), icon=":material/visibility_off:")
        return
    key = st.selectbox(say("policies.preview_tables"), list(tables), key=f"policies.preview_table.{opened.id}")
    table, rights = tables[key], opened.rights.tables.get(key)
    masked = rights.masks if rights else {}
    st.dataframe(
        {
            say("policies.preview_column"): [column.name for column in table.columns],
            say("policies.preview_type"): [column.type for column in table.columns],
            say("policies.preview_as"): [
                say("policies.preview_masked" if column.name in masked else "policies.preview_plain")
                for column in table.columns
            ],
        },
        hide_index=True,
        width="stretch",
        key=f"policies.preview_columns.{opened.id}",
    )
    try:
        sample = opened.sample(key, _ROWS)
    except AskwellError as error:
        show_error(error, words)
        return
    st.caption(say("policies.preview_rows"))
    if not sample.rows:
        st.info(say("policies.preview_no_rows"), icon=":material/table_rows:")
        return
    st.dataframe(as_columns(sample), hide_index=True, width="stretch", key=f"policies.preview_rows.{opened.id}")


def _ask(actor: Actor, info: ConnectionInfo, person: UUID, name: str, words: Words) -> None:
    """One query in their place."""
    say = words.say
    with st.form(f"policies.ask_as.{info.id}", border=False):
        sql = st.text_area(say("policies.preview_sql", person=escape(name)), key=f"policies.preview_sql.{info.id}")
        asked = st.form_submit_button(say("policies.preview_run"), icon=":material/play_arrow:")
    if not asked or not sql.strip():
        return
    try:
        query, table = portal().policies.ask_as(actor, info.id, person, sql)
    except AskwellError as error:
        show_error(error, words)
        return
    if query.limited:
        st.caption(say("policies.preview_left_out", tables=escape(", ".join(query.limited))))
    if query.masked:
        st.caption(say("policies.preview_masks", columns=escape(", ".join(sorted(query.masked)))))
    if table.rows:
        st.dataframe(as_columns(table), hide_index=True, width="stretch", key=f"policies.preview_result.{info.id}")
    else:
        st.info(say("policies.preview_no_result" if query.limited else "ask.no_rows"), icon=":material/table_rows:")
