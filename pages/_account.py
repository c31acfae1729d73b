"""One's own account, for everyone: name, language, theme, password, second factor, sessions."""

from collections.abc import Callable

import streamlit as st

from core.answering.markdown import escape
from core.errors import AskwellError
from core.i18n import LANGUAGES, Words
from core.security.permissions import Action, Actor
from pages import _browser
from pages._account_factor import second_factor
from pages._account_keys import own_keys
from pages._account_sessions import own_sessions
from pages._first_steps import change_password
from pages._frame import LANGUAGE, again, portal, provider_name, show_error, words

DONE = "account.done"
THEMES = ("light", "dark")


def account_dialog(actor: Actor, said: Words) -> None:
    """Open the dialog over the page."""
    st.dialog(said.say("account.title"), width="medium")(_inside)(actor)


def _inside(actor: Actor) -> None:
    """Drawn anew at every step, and only as long as the same person is here."""
    actor = again(actor, Action.CHANGE_SELF)
    said = words(actor)
    chosen = st.segmented_control(
        said.say("account.section"),
        list(SECTIONS),
        default="profile",
        format_func=lambda name: said.say(f"account.{name}"),
        key="account.section",
        label_visibility="collapsed",
        required=True,
    )
    if done := st.session_state.pop(DONE, None):
        st.success(done, icon=":material/check_circle:")
    SECTIONS[chosen or "profile"](actor, said)


def _profile(actor: Actor, said: Words) -> None:
    say, me = said.say, portal().people.me(actor)
    st.caption(f"{escape(me.email)} · {say(f'shell.role_{me.role}')}")
    if me.groups:
        st.caption(say("account.groups", groups=escape(", ".join(me.groups))))
    with st.form("account.profile", border=False):
        name = st.text_input(say("account.name"), me.name, max_chars=120, key="account.name")
        left, right = st.columns(2)
        language = left.selectbox(
            say("account.language"),
            LANGUAGES,
            LANGUAGES.index(actor.language) if actor.language in LANGUAGES else 0,
            format_func={"en": "English", "zh": "中文"}.__getitem__,
            key="account.language",
        )
        now = "dark" if st.context.theme.type == "dark" else "light"
        theme = right.selectbox(
            say("account.theme"),
            THEMES,
            THEMES.index(now),
            format_func=lambda theme: say(f"account.theme_{theme}"),
            key=f"account.theme.{said.language}",
        )
        if not st.form_submit_button(say("account.save"), type="primary", key="account.save"):
            return
    try:
        portal().people.change_self(actor, name=name, language=language, theme=theme)
    except AskwellError as error:
        show_error(error, said)
        return
    st.session_state[LANGUAGE] = language
    if theme != now:
        _browser.tell("theme", theme=theme.title())
    st.rerun()


def _password(actor: Actor, said: Words) -> None:
    say, me = said.say, portal().people.me(actor)
    if not me.has_password:
        st.info(say("account.no_password", name=provider_name(said)), icon=":material/key:")
        return
    with st.form("account.password", border=False):
        old = st.text_input(say("sign_in.old_password"), type="password", key="account.old_password")
        new = st.text_input(say("sign_in.new_password"), type="password", key="account.new_password")
        again = st.text_input(say("sign_in.new_password_again"), type="password", key="account.new_password_again")
        st.caption(say("account.password_help"))
        if not st.form_submit_button(say("sign_in.change"), type="primary", key="account.change_password"):
            return
    change_password(actor, me.email, (old, new, again), said)


# Each section is a function of the actor and the words; `account.<name>` is its title.
SECTIONS: dict[str, Callable[[Actor, Words], None]] = {
    "profile": _profile,
    "password": _password,
    "factor": second_factor,
    "sessions": own_sessions,
    "keys": own_keys,
}
