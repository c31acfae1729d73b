"""What is personal in one connection: the columns with why and how sure, people's own word, and what models may see."""

import streamlit as st

from core.connections.registry import ConnectionInfo
from core.connections.schema import Schema
from core.errors import AskwellError
from core.grounding.privacy import NOT_PERSONAL, ConnectionPrivacy, PersonalColumn
from core.i18n import Words
from core.security.permissions import Action, Actor
from core.security.personal import Level, PersonalKind
from pages._frame import again, local, portal, show_error

DONE = "connections.done"
PLACE = "connections.privacy"


def privacy(actor: Actor, info: ConnectionInfo, schema: Schema, words: Words) -> None:
    """Level, table of personal columns, and the form for a person's word. For those who may change the connection."""
    actor = again(actor, Action.CHANGE_PRIVACY)
    try:
        found = portal().privacy.overview(actor, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    _level(actor, info, found, words)
    _columns(found, words)
    _word(actor, info, schema, found, words)


def _level(actor: Actor, info: ConnectionInfo, found: ConnectionPrivacy, words: Words) -> None:
    """How much of this connection a model may see."""
    say, levels = words.say, list(Level)
    chosen = st.radio(
        say("privacy.level"),
        levels,
        index=levels.index(found.level),
        format_func=lambda level: say(f"privacy.level_{level}"),
        captions=[say(f"privacy.level_{level}_means") for level in levels],
        key=f"{PLACE}.level.{info.id}",
    )
    if chosen == found.level:
        return
    if chosen is Level.FULL:
        st.warning(say("privacy.full_warning"), icon=":material/warning:")
    if st.button(
        say("privacy.level_save"), type="primary", icon=":material/save:", key=f"{PLACE}.level_save.{info.id}"
    ):
        try:
            portal().privacy.set_level(actor, info.id, Level(chosen))
        except AskwellError as error:
            show_error(error, words)
        else:
            st.session_state[DONE] = say("privacy.level_saved")
            st.rerun()


def _columns(found: ConnectionPrivacy, words: Words) -> None:
    """Every tagged column: what it holds, why that is thought, and how sure."""
    say = words.say
    st.markdown(f"**{say('privacy.columns')}**")
    if not found.columns:
        st.info(say("privacy.no_columns"), icon=":material/person_off:")
        return
    st.dataframe(
        {
            say("privacy.table"): [c.table for c in found.columns],
            say("privacy.column"): [c.column for c in found.columns],
            say("privacy.holds"): [say(f"privacy.kind_{c.kind or NOT_PERSONAL}") for c in found.columns],
            say("privacy.why"): [_why(c, words) for c in found.columns],
            say("privacy.sure"): [f"{c.sure:.0%}" for c in found.columns],
        },
        hide_index=True,
        width="stretch",
        key=f"{PLACE}.columns",
    )
    st.caption(say("privacy.not_kept"))


def _why(column: PersonalColumn, words: Words) -> str:
    """What a tag stands on."""
    if column.said_at is not None:
        return words.say("privacy.why_person", at=local(column.said_at))
    return words.say(f"privacy.why_{column.why}")


def _word(actor: Actor, info: ConnectionInfo, schema: Schema, found: ConnectionPrivacy, words: Words) -> None:
    """Say what a column holds, or that it holds nothing personal; it wins over what is detected, also later."""
    say, place = words.say, f"{PLACE}.{info.id}"
    with st.popover(say("privacy.say"), icon=":material/edit:"):
        table = st.selectbox(say("privacy.table"), [t.key for t in schema.tables], key=f"{place}.table")
        columns = list(schema.by_key[table].by_name) if table in schema.by_key else []
        column = st.selectbox(say("privacy.column"), columns, key=f"{place}.column.{table}")
        now = next((c for c in found.columns if (c.table, c.column) == (table, column)), None)
        options = ["", NOT_PERSONAL, *PersonalKind]
        said = (now.kind or NOT_PERSONAL) if now and now.said_at else ""
        word = st.selectbox(
            say("privacy.holds"),
            options,
            index=options.index(said),
            format_func=lambda kind: say(f"privacy.kind_{kind or 'detected'}"),
            key=f"{place}.word.{table}.{column}",
        )
        if st.button(say("privacy.say_save"), type="primary", key=f"{place}.save") and table and column:
            try:
                portal().privacy.tag(actor, info.id, table, column, word or "")
            except AskwellError as error:
                show_error(error, words)
            else:
                st.session_state[DONE] = say("privacy.said")
                st.rerun()
