"""The frame around every page: who is here, which pages they have, language and theme."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.answering.markdown import escape
from core.i18n import LANGUAGES, Words
from core.observability import requests
from core.security.permissions import Action, Actor, may
from pages import _browser
from pages._account import account_dialog
from pages._first_steps import INVITATION, code_page, enrol_page, first_password_page, invitation_page
from pages._frame import LANGUAGE, TOKEN, enter, portal, session_token, turned_away, waiting_for_the_store, who, words
from pages._sign_in import sign_in_page, signed_on

HERE = Path(__file__).resolve().parent
# Name, icon, and what a person must be allowed to do to have the page at all.
PAGES = (
    ("ask", ":material/forum:", Action.ASK),
    ("history", ":material/history:", Action.READ_HISTORY),
    ("models", ":material/neurology:", Action.SEE_MODELS),
    ("connections", ":material/database:", Action.SEE_CONNECTIONS),
    ("admin", ":material/shield_person:", Action.SEE_PEOPLE),
)


def main() -> None:
    """Runs on every interaction: a stranger gets the sign-in at every address, a person the pages of their role."""
    st.set_page_config(page_title="Askwell", page_icon=str(HERE / "icon.png"), layout="wide")
    token = session_token()
    standing = portal().sessions.standing(token) if token else None
    if standing is None:
        _stranger(token)
        return
    actor, said = standing.actor, words(standing.actor)
    if not standing.ready:
        first = first_password_page if standing.must_change_password else enrol_page
        _only(lambda: first(actor, said))
        return
    st.logo(str(HERE / "icon.png"), size="large")
    page = st.navigation([_page(name, icon, action, actor, said) for name, icon, action in PAGES])
    with st.sidebar:
        _account(actor, said)
    _browser.mount()
    page.run()


def _stranger(token: str) -> None:
    """The way in, whichever step of it comes next."""
    if token and portal().sessions.pending(token) is not None:
        _only(code_page)
    elif signed_on():
        st.rerun()
    elif INVITATION in st.query_params:
        _only(invitation_page)
    else:
        page = _only(sign_in_page, run=False)
        turned_away(None, next((action for name, _, action in PAGES if name == page.url_path), Action.ASK))
        page.run()


def _only(content: Callable[[], None], *, run: bool = True) -> "st.Page":
    """A page with nothing around it, at every address."""
    page = st.navigation(_everywhere(content), position="hidden")
    _browser.mount()
    if run:
        page.run()
    return page


def _everywhere(content: Callable[[], None]) -> list["st.Page"]:
    """The same content at the address of every page, so that the address survives the sign-in."""
    first, *others = (name for name, _, _ in PAGES)
    pages = [st.Page(content, title="Askwell", url_path=first, default=True)]
    return pages + [st.Page(content, title="Askwell", url_path=name) for name in others]


def _page(name: str, icon: str, action: Action, actor: Actor, said: Words) -> "st.Page":
    """The page, or in its place a closed door: typed into the address bar, it says so instead of running."""
    title = said.say(f"shell.{name}")
    if may(actor, action):
        return st.Page(HERE / f"{name}.py", title=title, icon=icon, url_path=name, default=name == "ask")
    return st.Page(lambda: _closed(action), title=title, url_path=name, visibility="hidden")


def _closed(action: Action) -> None:
    enter(action)


def _account(actor: Actor, said: Words) -> None:
    say = said.say
    _language_switch(actor, said)
    dark = st.context.theme.type == "dark"
    label = say("shell.light" if dark else "shell.dark")
    icon = ":material/light_mode:" if dark else ":material/dark_mode:"
    st.button(label, key="shell.theme", icon=icon, type="tertiary", on_click=_switch_theme, args=(not dark,))
    name, about = escape(actor.name), f"{escape(actor.email)} · {say(f'shell.role_{actor.role}')}"
    if st.button(name, key="shell.account", icon=":material/account_circle:", type="tertiary", help=about):
        account_dialog(actor, said)
    leave = ":material/logout:"
    st.button(say("shell.sign_out"), key="shell.sign_out", icon=leave, type="tertiary", on_click=_sign_out)


def _language_switch(actor: Actor, said: Words) -> None:
    def choose() -> None:
        chosen = st.session_state.get("shell.language_choice")
        person = who()
        if chosen in LANGUAGES and person is not None:
            portal().people.change_self(person, language=chosen)
            st.session_state[LANGUAGE] = chosen

    st.session_state["shell.language_choice"] = actor.language
    st.segmented_control(
        said.say("shell.language"),
        LANGUAGES,
        format_func={"en": "EN", "zh": "中文"}.__getitem__,
        key="shell.language_choice",
        on_change=choose,
        label_visibility="collapsed",
        required=True,
    )


def _switch_theme(dark: bool) -> None:
    person = who()
    if person is None:
        return
    portal().people.change_self(person, theme="dark" if dark else "light")
    _browser.tell("theme", theme="Dark" if dark else "Light")


def _sign_out() -> None:
    way = portal().people.sign_out(session_token())
    st.session_state[TOKEN] = ""
    _browser.tell("end", provider=way == "sso" and portal().settings.sso)


requests.begin()
with waiting_for_the_store():
    main()
