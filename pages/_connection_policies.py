"""The policies of one connection: what is kept from whom, in sentences; added, changed, removed and brought back."""

from dataclasses import replace

import streamlit as st

from core.answering.markdown import escape
from core.connections.policies import Named
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Action, Actor, may
from core.security.policies import Policy
from pages import _policy_form, _policy_preview
from pages._frame import again, portal, show_error
from pages._policy_words import Sentences

FORM, REMOVED, DONE = "policies.form", "policies.removed", "policies.done"


def policies(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    """The list, or the form of one policy; and a look at what another person sees."""
    say = words.say
    try:
        kept = portal().policies.list(actor, info.id)
        named = portal().policies.named(actor, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    sentences = Sentences(words, {str(person): name for person, name in named.people})
    _news(actor, info, words)
    form = st.session_state.get(FORM)
    if form is not None and form[0] == info.id:
        edited = next((policy for policy in kept if policy.id == form[1]), None)
        done = _policy_form.form(actor, info, edited, named, words)
        if done is not None:
            st.session_state.pop(FORM, None)
            if done:
                st.session_state[DONE] = say("policies.kept", name=escape(done))
            st.rerun()
        return
    st.caption(say("policies.lead"))
    if not kept:
        st.info(say("policies.empty"), icon=":material/visibility:")
    for policy in kept:
        _entry(actor, info, policy, sentences, words)
    if may(actor, Action.CHANGE_POLICIES) and st.button(
        say("policies.add"), icon=":material/add:", type="primary", key="policies.add"
    ):
        st.session_state[FORM] = (info.id, None)
        st.rerun()
    if may(actor, Action.PREVIEW):
        _preview(actor, info, named, sentences, words)


def _preview(actor: Actor, info: ConnectionInfo, named: Named, sentences: Sentences, words: Words) -> None:
    st.divider()
    st.subheader(words.say("policies.preview"), anchor=False)
    _policy_preview.preview(actor, info, named, sentences, words)


def _entry(actor: Actor, info: ConnectionInfo, policy: Policy, sentences: Sentences, words: Words) -> None:
    """One policy in the list."""
    say = words.say
    with st.container(border=True):
        left, right = st.columns([5, 2], vertical_alignment="center")
        with left:
            st.markdown("  \n".join(sentences.of(policy)))
            st.caption(escape(policy.name))
        if not may(actor, Action.CHANGE_POLICIES):
            return
        with right, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(say("policies.edit"), icon=":material/edit:", key=f"policies.edit.{policy.id}"):
                st.session_state[FORM] = (info.id, policy.id)
                st.rerun()
            if st.button(say("policies.remove"), icon=":material/delete:", key=f"policies.remove.{policy.id}"):
                _confirm(actor, info, policy, sentences, words)


def _confirm(actor: Actor, info: ConnectionInfo, policy: Policy, sentences: Sentences, words: Words) -> None:
    """What is seen again is said before it is."""

    @st.dialog(words.say("policies.remove_title"))
    def ask() -> None:
        again(actor, Action.CHANGE_POLICIES)
        st.write(words.say("policies.remove_ask"))
        for sentence in sentences.of(policy):
            st.markdown(f"- {sentence}")
        yes = words.say("policies.remove")
        if st.button(yes, type="primary", icon=":material/delete:", key="policies.remove_yes") and policy.id:
            try:
                portal().policies.remove(actor, info.id, policy.id)
            except AskwellError as error:
                show_error(error, words)
            else:
                st.session_state[REMOVED] = policy
                st.rerun()

    ask()


def _news(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    """What was just done, and the way back from a removal."""
    say = words.say
    if done := st.session_state.pop(DONE, None):
        st.session_state.pop(REMOVED, None)
        st.success(done, icon=":material/check_circle:")
    removed = st.session_state.get(REMOVED)
    if not isinstance(removed, Policy) or removed.connection_id != info.id:
        return
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.success(say("policies.removed", name=escape(removed.name)), icon=":material/delete:")
    if right.button(say("policies.undo"), icon=":material/undo:", key="policies.undo"):
        try:
            portal().policies.keep(actor, info.id, replace(removed, id=None))
        except AskwellError as error:
            show_error(error, words)
        else:
            st.session_state[DONE] = say("policies.back_again", name=escape(removed.name))
            st.rerun()
