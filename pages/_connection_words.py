"""The words of the business of one connection: terms, metrics and instructions, kept by those who may."""

from dataclasses import replace
from uuid import UUID

import streamlit as st

from core.answering.markdown import escape, said
from core.answering.terms_used import meaning
from core.connections.registry import ConnectionInfo
from core.connections.schema import Schema
from core.errors import AskwellError
from core.grounding.glossary import Glossary, SeenTerm
from core.grounding.terms import Term
from core.i18n import Words
from core.security.permissions import Action, Actor, may
from pages import _connection_words_file, _connection_words_form
from pages._frame import again, portal, show_error
from pages._model_form import safe

FORM, REMOVED, DONE = "words.form", "words.removed", "words.done"


def words_of_business(actor: Actor, info: ConnectionInfo, schema: Schema, words: Words) -> None:
    """The terms as everybody may see them; those who may change them add, change and remove, and take files in."""
    say = words.say
    try:
        glossary = portal().terms.browse(actor, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    changing = may(actor, Action.CHANGE_TERMS)
    _news(actor, info, words)
    form = st.session_state.get(FORM)
    if changing and form is not None and form[0] == info.id:
        edited = next((seen.term for seen in glossary.terms if seen.term.id == form[1]), None)
        done = _connection_words_form.form(actor, info, edited, schema, words)
        if done is not None:
            st.session_state.pop(FORM, None)
            if done:
                st.session_state[DONE] = say("words.kept", word=escape(done))
            st.rerun()
        return
    st.caption(say("words.lead"))
    if not glossary.terms:
        st.info(say("words.empty"), icon=":material/dictionary:")
    for seen in glossary.terms:
        _entry(actor, info, seen, schema, words)
    if changing and st.button(say("words.add"), icon=":material/add:", type="primary", key="words.add"):
        st.session_state[FORM] = (info.id, None)
        st.rerun()
    _instructions(actor, info, glossary, words)
    if changing:
        _connection_words_file.files(actor, info, words)


def _entry(actor: Actor, info: ConnectionInfo, seen: SeenTerm, schema: Schema, words: Words) -> None:
    """One term: its words, what it means, who said so, and what is wrong with it."""
    say, term = words.say, seen.term
    with st.container(border=True):
        left, right = st.columns([5, 2], vertical_alignment="center")
        with left:
            others = " · ".join(escape(call) for call in (*term.en, *term.zh))
            kind = say(f"words.kind_{term.kind}")
            st.markdown(f"{safe(term.word)} :gray-badge[{kind}]" + (f"  \n{others}" if others else ""))
            if term.table in schema.by_key:
                st.markdown(said(words, meaning(term, schema, words.language)))
            by = "words.by" if seen.author else "words.at"
            st.caption(say(by, author=escape(seen.author), at=seen.changed_at.date()))
            if seen.problem is not None:
                why = said(words, seen.problem)
                st.warning(say("words.stale", why=why), icon=":material/sync_problem:")
        if not may(actor, Action.CHANGE_TERMS) or term.id is None:
            return
        with right, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(say("words.edit"), icon=":material/edit:", key=f"words.edit.{term.id}"):
                st.session_state[FORM] = (info.id, term.id)
                st.rerun()
            if st.button(say("words.remove"), icon=":material/delete:", key=f"words.remove.{term.id}"):
                _confirm(actor, info, term, term.id, words)


def _confirm(actor: Actor, info: ConnectionInfo, term: Term, term_id: UUID, words: Words) -> None:
    """Questions read otherwise without the term, which is said before it goes."""

    @st.dialog(words.say("words.remove_title"))
    def ask() -> None:
        again(actor, Action.CHANGE_TERMS)
        st.write(words.say("words.remove_ask", word=escape(term.word)))
        yes = words.say("words.remove")
        if st.button(yes, type="primary", icon=":material/delete:", key="words.remove_yes"):
            try:
                removed = portal().terms.remove(actor, info.id, term_id)
            except AskwellError as error:
                show_error(error, words)
            else:
                st.session_state[REMOVED] = (info.id, removed)
                st.rerun()

    ask()


def _news(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    """What was just done, and the way back from a removal."""
    say = words.say
    if done := st.session_state.pop(DONE, None):
        st.session_state.pop(REMOVED, None)
        st.success(done, icon=":material/check_circle:")
    removed = st.session_state.get(REMOVED)
    if removed is None or removed[0] != info.id:
        return
    term: Term = removed[1]
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.success(say("words.removed", word=escape(term.word)), icon=":material/delete:")
    if right.button(say("words.undo"), icon=":material/undo:", key="words.undo"):
        try:
            portal().terms.keep(actor, info.id, replace(term, id=None))
        except AskwellError as error:
            show_error(error, words)
        else:
            st.session_state[DONE] = say("words.back_again", word=escape(term.word))
            st.rerun()


def _instructions(actor: Actor, info: ConnectionInfo, glossary: Glossary, words: Words) -> None:
    """What every model is told of this connection."""
    say, told = words.say, glossary.instructions
    st.subheader(say("words.instructions"), anchor=False)
    st.caption(say("words.instructions_lead"))
    if told.author and told.changed_at:
        st.caption(say("words.by", author=escape(told.author), at=told.changed_at.date()))
    if not may(actor, Action.CHANGE_TERMS):
        st.text(told.text or say("words.instructions_none"))
        return
    typed = st.text_area(
        say("words.instructions"), told.text, max_chars=4000, key=f"words.told.{info.id}", label_visibility="collapsed"
    )
    if st.button(say("words.instructions_save"), icon=":material/save:", key="words.told_save"):
        try:
            portal().terms.instruct(actor, info.id, typed)
        except AskwellError as error:
            show_error(error, words)
        else:
            st.session_state[DONE] = say("words.instructions_kept")
            st.rerun()
