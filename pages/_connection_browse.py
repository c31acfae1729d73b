"""One connection from the inside: its tables in business words, how they belong together, and what was vouched for."""

from collections.abc import Mapping

import streamlit as st

from core.answering.markdown import escape
from core.connections.registry import ConnectionInfo
from core.connections.samples import ROWS_READ
from core.connections.schema import Column, Kind, Table, business_name, language_part
from core.connections.statistics import ColumnStatistics
from core.errors import AskwellError
from core.grounding.ground import Browsed
from core.grounding.value_lists import ListedSize
from core.grounding.values import MOST_DISTINCT
from core.i18n import LANGUAGES, Words
from core.security.permissions import Action, Actor, may
from pages import (
    _connection_joins,
    _connection_login,
    _connection_policies,
    _connection_privacy,
    _connection_verified,
    _connection_words,
)
from pages._frame import portal, show_error
from pages._model_form import safe

MOST_TABLES = 40  # on one page; the search finds the others
LONGEST_END = 40  # characters of the least and the greatest value
Known = Mapping[tuple[str, str], ColumnStatistics]
DONE = "connections.done"


def browse(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    """Tables with their columns, the diagram of keys, and verified questions."""
    say = words.say
    try:
        found = portal().knowledge.browse(actor, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.subheader(safe(info.name))
    left.caption(escape(info.address))
    if found.listed is not None and found.listed.values:
        left.caption(_listed(found.listed, words))
    if may(actor, Action.INDEX) and right.button(
        say("connections.read_again"), icon=":material/sync:", key="connections.read_again"
    ):
        portal().knowledge.index(actor, info.id)
        st.toast(say("connections.reading_again"), icon=":material/sync:")
    names = [say(f"connections.{name}") for name in ("tables_tab", "diagram", "verified_tab")] + [say("words.tab")]
    more_names = [say("privacy.tab"), say("policies.tab")] if info.may_change else []
    if more_names and _connection_login.has_login(info.kind):
        more_names.append(say("login.tab"))
    tables, diagram, verified, terms, *more = st.tabs([*names, *more_names])
    with tables:
        _tables(actor, info, found, words)
    with diagram:
        _connection_joins.joins(actor, info, found.keyed, words)
    with verified:
        _connection_verified.verified(actor, info, words)
    with terms:
        _connection_words.words_of_business(actor, info, found.schema, words)
    if more and may(actor, Action.CHANGE_PRIVACY):
        with more[0]:
            _connection_privacy.privacy(actor, info, found.schema, words)
    if more and may(actor, Action.SEE_POLICIES):
        with more[1]:
            _connection_policies.policies(actor, info, words)
    if len(more) > 2:
        with more[2]:
            _connection_login.login(actor, info, found.schema, words)


def _listed(size: ListedSize, words: Words) -> str:
    """How many values are known by their text, and in how many columns not all of them."""
    said = {"values": f"{size.values:,}", "columns": f"{size.columns:,}", "size": f"{size.bytes / 1e6:,.1f}"}
    text = words.say("connections.listed", **said)
    more = words.say(
        "connections.listed_in_part", n=f"{size.in_part:,}", most=f"{MOST_DISTINCT:,}", rows=f"{ROWS_READ:,}"
    )
    return f"{text} {more}" if size.in_part else text


def _tables(actor: Actor, info: ConnectionInfo, found: Browsed, words: Words) -> None:
    say = words.say
    search = st.text_input(say("connections.search"), icon=":material/search:", key="connections.search").lower()
    tables = [table for table in found.schema.tables if search in _everything(table, words.language)]
    if not tables:
        st.info(say("connections.nothing_found"), icon=":material/search_off:")
    shown = tables[:MOST_TABLES]
    try:
        known: Known = portal().knowledge.statistics(actor, info.id, [table.key for table in shown])
    except AskwellError as error:
        show_error(error, words)
        return
    for table in shown:
        label = business_name(table.name, table.comment, table.descriptions, words.language)
        named = safe(label) if label.lower() == table.key.lower() else f"{safe(label)} · {escape(table.key)}"
        with st.expander(named, key=f"connections.table.{table.key}"):
            _table(actor, info, table, found, known, words)
    if len(tables) > MOST_TABLES:
        st.caption(say("connections.more_tables", n=len(tables) - MOST_TABLES))


def _everything(table: Table, language: str) -> str:
    """All the words of a table, for the search."""
    parts = [table.key, business_name(table.name, table.comment, table.descriptions, language)]
    parts += [text for c in table.columns for text in (c.name, c.comment, *c.descriptions.values())]
    return " ".join(parts).lower()


def _table(actor: Actor, info: ConnectionInfo, table: Table, found: Browsed, known: Known, words: Words) -> None:
    say = words.say
    if table.row_estimate is None:
        st.caption(say("connections.about_table_unknown", n=len(table.columns)))
    else:
        st.caption(say("connections.about_table", n=len(table.columns), rows=table.row_estimate))
    if meaning := _meaning(table, words):
        st.text(meaning)
    st.dataframe(
        {
            say("connections.called"): [
                business_name(c.name, c.comment, c.descriptions, words.language) for c in table.columns
            ],
            say("connections.column"): [c.name for c in table.columns],
            say("connections.type"): [c.type for c in table.columns],
            say("connections.key"): [_key(table, c) for c in table.columns],
            say("connections.values"): [", ".join(found.samples.get((table.key, c.name), ())) for c in table.columns],
            say("connections.known"): [_known(c, known.get((table.key, c.name)), words) for c in table.columns],
            say("connections.meaning"): [_meaning(c, words) for c in table.columns],
        },
        hide_index=True,
        width="stretch",
        key=f"connections.columns.{table.key}",
    )
    if may(actor, Action.DESCRIBE):
        _describe(actor, info, table, words)


def _known(column: Column, found: ColumnStatistics | None, words: Words) -> str:
    """How many different values there are, how many rows have none, and from where to where they go; texts have an
    order, but it tells nothing."""
    if found is None:
        return ""
    parts = []
    if found.distinct:
        parts.append(words.say("connections.known_distinct", n=found.distinct))
    if found.null_share:
        share = "< 1%" if found.null_share < 0.01 else f"{found.null_share:.0%}"
        parts.append(words.say("connections.known_nulls", share=share))
    if column.kind is not Kind.TEXT and found.least is not None and found.greatest is not None:
        ends = {"least": found.least[:LONGEST_END], "greatest": found.greatest[:LONGEST_END]}
        parts.append(words.say("connections.known_range", **ends))
    return " · ".join(parts)


def _meaning(thing: Table | Column, words: Words) -> str:
    """What people say it means; else the database's own comment, of a bilingual one the part in this language."""
    return thing.descriptions.get(words.language) or language_part(thing.comment, words.language) or thing.comment


def _key(table: Table, column: Column) -> str:
    """⚷ for the primary key, the table it points at for a foreign one."""
    target = next((key.referred_table for key in table.foreign_keys if column.name in key.columns), "")
    return f"→ {target}" if target else ("⚷" if column.name in table.primary_key else "")


def _describe(actor: Actor, info: ConnectionInfo, table: Table, words: Words) -> None:
    """Say what the table or one of its columns means, in either language."""
    say, place = words.say, f"connections.describe.{info.id}.{table.key}"
    with st.popover(say("connections.describe"), icon=":material/edit_note:"):
        column = st.selectbox(
            say("connections.describe_what"),
            ["", *table.by_name],
            format_func=lambda name: name or say("connections.the_table"),
            key=f"{place}.column",
        )
        thing = table.by_name[column] if column else table
        texts = {
            language: st.text_area(
                say(f"connections.describe_{language}"),
                thing.descriptions.get(language, ""),
                max_chars=2000,
                key=f"{place}.{column}.{language}",
            )
            for language in LANGUAGES
        }
        if st.button(say("connections.describe_save"), type="primary", key=f"{place}.save"):
            try:
                for language, text in texts.items():
                    if text.strip() != thing.descriptions.get(language, ""):
                        portal().knowledge.describe(actor, info.id, table.key, column or "", language, text)
            except AskwellError as error:
                show_error(error, words)
            else:
                st.session_state[DONE] = say("connections.described")
                st.rerun()
