"""How the tables of a connection belong together: the diagram, and keys that people accept or reject."""

import re
from collections.abc import Iterable, Sequence

import streamlit as st

from core.answering.markdown import escape
from core.connections.registry import ConnectionInfo
from core.connections.schema import Column, ForeignKey, Schema, Table, business_name
from core.errors import AskwellError
from core.grounding.join_keys import ACCEPTED, REJECTED, SUGGESTED, JoinKey
from core.grounding.keys import UndeclaredKey
from core.i18n import Words
from core.security.permissions import Action, Actor
from pages._frame import again, portal, show_error

DONE = "connections.done"
MOST_IN_DIAGRAM = 30
MOST_SUGGESTIONS = 20
_COLUMNS_DRAWN = 8


def joins(actor: Actor, info: ConnectionInfo, keyed: Schema, words: Words) -> None:
    """The diagram, and, for those who may change the connection, what is suggested and decided."""
    _diagram(info, keyed, words)
    if info.may_change:
        _keys(again(actor, Action.CHANGE_CONNECTION), info, keyed, words)


def _diagram(info: ConnectionInfo, schema: Schema, words: Words) -> None:
    """All joined tables, or, of many, those chosen with their neighbours."""
    say, keys = words.say, list(_keys_of(schema.tables, schema))
    linked = list(dict.fromkeys(name for table, key in keys for name in (table, key.referred_table)))
    if not linked:
        st.info(say("connections.diagram_none"), icon=":material/account_tree:")
        return
    called = {t.key: business_name(t.name, t.comment, t.descriptions, words.language) for t in schema.tables}
    chosen = st.multiselect(
        say("joins.tables"),
        sorted(linked),
        format_func=lambda key: key if called[key].lower() == key.lower() else f"{called[key]} ({key})",
        help=say("joins.tables_help"),
        placeholder=say("policies.choose"),
        key=f"connections.joins.tables.{info.id}",
    )
    if not chosen and len(linked) > MOST_IN_DIAGRAM:
        st.info(say("joins.choose", n=len(linked)), icon=":material/account_tree:")
        return
    pairs = [(table, key.referred_table) for table, key in keys]
    near = {name for pair in pairs if {*pair} & {*chosen} for name in pair}
    wanted = [*chosen, *(name for name in linked if name in near - {*chosen})] if chosen else linked
    st.mermaid_chart(drawn(schema, wanted[:MOST_IN_DIAGRAM]))
    st.caption(say("joins.legend"))
    if len(wanted) > MOST_IN_DIAGRAM:
        st.caption(say("joins.cut", n=len(wanted) - MOST_IN_DIAGRAM))


def drawn(schema: Schema, tables: Sequence[str]) -> str:
    """An entity-relationship diagram of these tables as Mermaid reads it.

    Tables go by numbers and their names are quoted labels without signs: nothing from data can be anything else there.
    """
    numbers = {key: f"t{number}" for number, key in enumerate(tables)}
    lines = ["erDiagram"]
    for key, number in numbers.items():
        table = schema.by_key[key]
        lines.append(f'  {number}["{_plain(key)}"] {{')
        lines += [f"    {_word(c.type)} {_word(c.name)}{_mark(table, c.name)}" for c in _telling(table)]
        lines.append("  }")
    for table_key, foreign in _keys_of((schema.by_key[key] for key in tables), schema):
        if foreign.referred_table in numbers:
            line = "||..o{" if isinstance(foreign, UndeclaredKey) else "||--o{"
            by = _plain(", ".join(foreign.columns))
            lines.append(f'  {numbers[foreign.referred_table]} {line} {numbers[table_key]} : "{by}"')
    return "\n".join(lines)


def _keys_of(tables: Iterable[Table], schema: Schema) -> Iterable[tuple[str, ForeignKey]]:
    return ((t.key, key) for t in tables for key in t.foreign_keys if key.referred_table in schema.by_key)


def _telling(table: Table) -> list[Column]:
    """The columns of a table that are drawn: those of keys first."""
    keys = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    return sorted(table.columns, key=lambda column: column.name not in keys)[:_COLUMNS_DRAWN]


def _mark(table: Table, column: str) -> str:
    marks = ["PK"] if column in table.primary_key else []
    marks += ["FK"] if any(column in key.columns for key in table.foreign_keys) else []
    return f" {', '.join(marks)}" if marks else ""


def _plain(name: str) -> str:
    """A name as a quoted label: letters, digits, blanks, dots and commas."""
    return re.sub(r"[^\w ., -]", "_", name) or "_"


def _word(name: str) -> str:
    """A name as one word of Mermaid's own, which begins with a letter and knows no others but these."""
    return "c_" + word if not (word := re.sub(r"\W", "_", name, flags=re.ASCII) or "_")[0].isalpha() else word


def _keys(actor: Actor, info: ConnectionInfo, keyed: Schema, words: Words) -> None:
    """What is suggested, with what speaks for it, and what was decided, with the way back."""
    say = words.say
    try:
        found = portal().joins.list(actor, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    st.subheader(say("joins.title"))
    st.caption(say("joins.explained"))
    if not found:
        st.info(say("joins.none"), icon=":material/link_off:")
    used = {(table, key.columns, key.referred_table) for table, key in _keys_of(keyed.tables, keyed)}
    for one in found[:MOST_SUGGESTIONS]:
        with st.container(border=True):
            _one(actor, one, (one.table, one.key.columns, one.key.referred_table) in used, words)
    if len(found) > MOST_SUGGESTIONS:
        st.caption(say("joins.more", n=len(found) - MOST_SUGGESTIONS))


def _one(actor: Actor, one: JoinKey, used: bool, words: Words) -> None:
    say = words.say
    left, right = st.columns([3, 2], vertical_alignment="center")
    points_at = f"{one.key.referred_table} ({', '.join(one.key.referred_columns)})"
    left.markdown(escape(f"{one.table} ({', '.join(one.key.columns)}) → {points_at}"))
    if one.looked_at:
        left.caption(say("joins.by_values", n=one.looked_at, met=one.met))
    else:
        left.caption(say("joins.by_names"))
    with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if one.state == SUGGESTED:
            st.badge(say("joins.used" if used else "joins.unused"), color="blue" if used else "gray")
            _button(actor, one, ACCEPTED, "accept", ":material/check:", words)
            _button(actor, one, REJECTED, "reject", ":material/close:", words)
        else:
            st.badge(say(f"joins.{one.state}"), color="green" if one.state == ACCEPTED else "red")
            _button(actor, one, SUGGESTED, "undo", ":material/undo:", words)


def _button(actor: Actor, one: JoinKey, state: str, called: str, icon: str, words: Words) -> None:
    if st.button(words.say(f"joins.{called}"), icon=icon, key=f"connections.joins.{called}.{one.id}"):
        try:
            portal().joins.decide(actor, one.id, state)
        except AskwellError as error:
            show_error(error, words)
        else:
            st.session_state[DONE] = words.say("joins.decided")
            st.rerun()
