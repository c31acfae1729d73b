"""What changed in a connection's schema since an analyst last looked: added, gone, changed, and what that broke."""

from collections.abc import Iterable, Sequence

import streamlit as st

from core.answering.markdown import escape
from core.connections.differences import TableChange
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.grounding.changes import SchemaNotice
from core.i18n import Words
from core.security.permissions import Action, Actor, may
from pages._frame import again, local, portal, show_error

DONE = "connections.done"
MOST_NAMES = 12  # said of one kind of change


def notices(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    """The notices of one connection, each to be dismissed. Nothing for those who look after no connection."""
    if not may(actor, Action.INDEX):
        return
    try:
        found = portal().schema_changes.list(actor, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    for notice in found:
        _notice(actor, notice, words)


def _notice(actor: Actor, notice: SchemaNotice, words: Words) -> None:
    say = words.say
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.markdown(f":material/difference: **{escape(say('changes.title', at=local(notice.at)))}**")
        if right.button(say("changes.dismiss"), icon=":material/close:", key=f"connections.change.{notice.id}"):
            try:
                portal().schema_changes.dismiss(again(actor, Action.INDEX), notice.id)
            except AskwellError as error:
                show_error(error, words)
            else:
                st.session_state[DONE] = say("changes.dismissed")
                st.rerun()
        for line in lines(notice, words):
            st.markdown(f"- {line}")


def lines(notice: SchemaNotice, words: Words) -> Iterable[str]:
    """What changed, a line of Markdown for each table that is still there, and one for all that came or went."""
    say, change = words.say, notice.change
    for kind, tables in (("added", change.added), ("dropped", change.dropped)):
        if tables:
            yield say(f"changes.{kind}", n=len(tables), names=_names(tables, words))
    for table in change.changed[:MOST_NAMES]:
        yield say("changes.table", table=f"**{escape(table.table)}**", what="; ".join(_of_table(table, words)))
    if len(change.changed) > MOST_NAMES:
        yield say("changes.more", n=len(change.changed) - MOST_NAMES)
    if notice.broken:
        yield say("changes.broken", n=len(notice.broken), names=_names(notice.broken, words))


def _of_table(table: TableChange, words: Words) -> Iterable[str]:
    say = words.say
    if table.added:
        yield say("changes.column_added", names=_names(table.added, words))
    if table.dropped:
        yield say("changes.column_dropped", names=_names(table.dropped, words))
    for name, was, now in table.retyped[:MOST_NAMES]:
        yield say("changes.column_retyped", name=escape(name), was=escape(was), now=escape(now))
    if table.keys:
        yield say("changes.keys")


def _names(names: Sequence[str], words: Words) -> str:
    shown = [escape(name) for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        shown.append(words.say("changes.more", n=len(names) - MOST_NAMES))
    return ", ".join(shown)
