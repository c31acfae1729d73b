"""One's own API keys: made, shown once, seen with their last use, and revoked."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import streamlit as st

from core.answering.markdown import escape
from core.errors import AskwellError
from core.i18n import Words
from core.security.api_keys import KeyInfo
from core.security.permissions import PERMISSIONS, Action, Actor, Scope, may
from pages._frame import local, portal, show_error, who

DAYS = (7, 30, 90, 365)


def own_keys(actor: Actor, said: Words) -> None:
    """A form for a new one, and those there are."""
    say = said.say
    st.caption(say("keys.lead"))
    _new(actor, said)
    list_of_keys(portal().keys.list(actor), said)


def list_of_keys(keys: Sequence[KeyInfo], said: Words, whose: bool = False) -> None:
    """Each key in two lines, those that still open something with a button to revoke them; `whose` adds the person."""
    say, now = said.say, portal().clock()
    if not keys:
        st.info(say("keys.none"), icon=":material/key_off:")
    for info in keys:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            person = f"{escape(info.person)} · " if whose else ""
            state = (
                "" if info.alive(now) else f" :gray-badge[{say('keys.revoked' if info.revoked_at else 'keys.ended')}]"
            )
            used = say("keys.used", at=local(info.used_at)) if info.used_at else say("keys.unused")
            until = say("keys.until", at=local(info.expires_at))
            scopes = say("keys.comma").join(say(f"permissions.scope_{scope}") for scope in info.scopes)
            st.markdown(f"{person}**{escape(info.name)}**{state}  \n`{info.prefix}…` · {until} · {used}  \n{scopes}")
            if info.alive(now):
                st.button(say("keys.revoke"), key=f"keys.revoke.{info.id}", on_click=_revoke, args=(info.id, said))


def _new(actor: Actor, said: Words) -> None:
    say = said.say
    useful = [scope for scope in Scope if any(may(actor, a) for a, p in PERMISSIONS.items() if scope in p.scopes)]
    with st.form("keys.new"):
        name = st.text_input(say("keys.name"), max_chars=80, key="keys.name", placeholder=say("keys.name_help"))
        scopes = st.pills(
            say("keys.scopes"),
            useful,
            selection_mode="multi",
            default=[Scope.ASK],
            format_func=lambda scope: say(f"permissions.scope_{scope}"),
            key="keys.scopes",
        )
        days = st.selectbox(
            say("keys.days"),
            [n for n in DAYS if n <= portal().settings.api_key_days] or [portal().settings.api_key_days],
            format_func=lambda n: say("keys.n_days", n=n),
            key="keys.days",
        )
        if not st.form_submit_button(say("keys.make"), type="primary", key="keys.make"):
            return
    try:
        made = portal().keys.issue(who(), name, list(scopes), portal().clock() + timedelta(days=days or DAYS[0]))
    except AskwellError as error:
        show_error(error, said)
        return
    st.success(say("keys.made"), icon=":material/key:")
    st.code(made.key, language=None, wrap_lines=True)


def _revoke(key_id: UUID, said: Words) -> None:
    try:
        portal().keys.revoke(who(), key_id)
    except AskwellError as error:
        show_error(error, said)


def all_keys(actor: Actor, said: Words) -> None:
    """Everybody's keys, for administrators."""
    st.caption(said.say("keys.all_lead"))
    if may(actor, Action.SEE_KEYS):
        list_of_keys(portal().keys.everyones(actor), said, whose=True)
