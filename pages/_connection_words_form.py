"""The form of one term: its words in both languages, and what it is bound to, checked as it is kept."""

from dataclasses import replace

import streamlit as st

from core.connections.registry import ConnectionInfo
from core.connections.schema import Schema
from core.errors import AskwellError
from core.grounding.terms import AGGREGATIONS, Term, TermKind
from core.i18n import LANGUAGES, Words
from core.security.permissions import Actor
from pages._frame import portal, show_error


def form(actor: Actor, info: ConnectionInfo, edited: Term | None, schema: Schema, words: Words) -> str | None:
    """The word of the term that was kept, "" when it was given up, None while it is being written."""
    say, place = words.say, f"words.form.{edited.id if edited else 'new'}"
    start = edited or Term("", TermKind.METRIC, "")
    st.subheader(say("words.change" if edited else "words.add"), anchor=False)
    word = st.text_input(say("words.word"), start.word, max_chars=60, key=f"{place}.word")
    left, right = st.columns(2)
    en = left.text_input(say("words.also_en"), ", ".join(start.en), help=say("words.also_help"), key=f"{place}.en")
    zh = right.text_input(say("words.also_zh"), "、".join(start.zh), help=say("words.also_help"), key=f"{place}.zh")
    kinds, tables = list(TermKind), [table.key for table in schema.tables]
    kind = left.selectbox(
        say("words.kind"), kinds, kinds.index(start.kind), lambda k: say(f"words.kind_{k}"), key=f"{place}.kind"
    )
    at = tables.index(start.table) if start.table in tables else 0
    table = right.selectbox(say("words.table"), tables, at, key=f"{place}.table") or ""
    bound = _bound(kind or start.kind, table, start, schema, words, place)
    columns = st.columns(2)
    meaning = {
        language: columns[number].text_area(
            say(f"words.meaning_{language}"),
            start.meaning.get(language, ""),
            max_chars=500,
            key=f"{place}.m.{language}",
        )
        for number, language in enumerate(LANGUAGES)
    }
    with st.container(horizontal=True):
        save = st.button(say("words.save"), type="primary", icon=":material/check:", key=f"{place}.save")
        if st.button(say("words.cancel"), key=f"{place}.cancel"):
            return ""
    if not save:
        return None
    term = replace(bound, word=word, en=_split(en), zh=_split(zh), meaning=meaning, id=start.id)
    try:
        return portal().terms.keep(actor, info.id, term).word
    except AskwellError as error:
        show_error(error, words)
        return None


def _bound(kind: TermKind, table: str, start: Term, schema: Schema, words: Words, place: str) -> Term:
    """What the term is bound to: the fields of its kind."""
    say, term = words.say, Term("", kind, table)
    known = list(schema.by_key[table].by_name) if table in schema.by_key else []
    if kind in (TermKind.COLUMN, TermKind.VALUE):
        at = known.index(start.column) if start.column in known else 0
        term = replace(term, column=st.selectbox(say("words.column"), known, at, key=f"{place}.column") or "")
    if kind is TermKind.VALUE:
        return replace(term, value=st.text_input(say("words.value"), start.value, key=f"{place}.value"))
    if kind is TermKind.FILTER:
        sql = st.text_area(say("words.condition"), start.sql, help=say("words.condition_help"), key=f"{place}.sql")
        return replace(term, sql=sql)
    if kind is TermKind.METRIC:
        options = ["", *AGGREGATIONS]
        left, right = st.columns([2, 1])
        sql = left.text_area(say("words.figure"), start.sql, help=say("words.figure_help"), key=f"{place}.figure")
        aggregation = right.selectbox(
            say("words.aggregation"),
            options,
            options.index(start.aggregation) if start.aggregation in options else 0,
            lambda name: say(f"words.aggregation_{name or 'none'}"),
            key=f"{place}.aggregation",
        )
        where = left.text_input(say("words.where"), start.where, help=say("words.where_help"), key=f"{place}.where")
        unit = right.text_input(say("words.unit"), start.unit, max_chars=20, key=f"{place}.unit")
        return replace(term, sql=sql, aggregation=aggregation or "", where=where, unit=unit)
    return term


def _split(text: str) -> tuple[str, ...]:
    """Words between commas of either script."""
    plain = text.replace("，", ",").replace("、", ",").replace("；", ",").replace(";", ",")
    return tuple(word.strip() for word in plain.split(",") if word.strip())
