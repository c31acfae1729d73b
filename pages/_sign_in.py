"""The way in: a form, and the change of a first password."""

from typing import Any

import streamlit as st
from streamlit_authenticator import Authenticate

from core.api.sessions import TICKETS
from core.errors import AskwellError
from core.i18n import LANGUAGES, Words
from core.security.people import SignIn
from core.settings import DEMO_EMAIL, DEMO_PASSWORD
from pages import _browser
from pages._frame import LANGUAGE, TOKEN, portal, show_error, words

REFUSED = "sign_in.refused"
DONE = "sign_in.done"
FORM = "sign_in.first"


class SignInForm(Authenticate):  # type: ignore[misc]
    """streamlit-authenticator's form over our own people table; its cookie and its other features are not used."""

    def __init__(self) -> None:
        self.attrs = {"login_sleep_time": 0}
        self.secret_key = ""
        self.path = None
        self.cookie_controller = _NoCookie()
        self.authentication_controller = _OurPeople()


class _NoCookie:
    def get_cookie(self) -> None:
        return None

    def set_cookie(self) -> None:
        return None


class _OurPeople:
    """Answers the form's question, whether this is the person, from the portal's people."""

    def login(self, username: str = "", password: str = "", *_: Any, **__: Any) -> bool:
        signed = portal().people.sign_in(username or "", password or "", *_where())
        st.session_state[REFUSED] = signed is None
        if signed:
            remember(signed)
        return signed is not None


def _where() -> tuple[str, str]:
    address, agent = st.context.ip_address, st.context.headers.get("User-Agent", "")
    return (address if isinstance(address, str) else "local", agent if isinstance(agent, str) else "")


def remember(signed: SignIn) -> None:
    """This tab is signed in at once; the browser fetches the cookie for the next ones."""
    st.session_state[TOKEN] = signed.token
    st.session_state[DONE] = True
    _browser.tell("start", ticket=TICKETS.issue(signed.token))


def sign_in_page() -> None:
    """The page of a stranger, at whatever address."""
    said = words(None)
    say = said.say
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        st.title(":material/forum: Askwell")
        st.write(say("sign_in.lead"))
        _language_choice(said)
        fields = {
            "Form name": say("sign_in.title"),
            "Username": say("sign_in.email"),
            "Password": say("sign_in.password"),
            "Login": say("sign_in.enter"),
        }
        try:
            SignInForm().login(fields=fields, key="sign_in.form")
        except AskwellError as error:
            show_error(error, said)
        if st.session_state.pop(DONE, False):
            st.rerun()
        if st.session_state.get(REFUSED):
            st.error(say("sign_in.refused"), icon=":material/lock:")
        if portal().settings.demo:
            st.info(say("sign_in.demo", email=DEMO_EMAIL, password=DEMO_PASSWORD), icon=":material/key:")


def _language_choice(said: Words) -> None:
    def choose() -> None:
        if st.session_state["sign_in.language"] in LANGUAGES:
            st.session_state[LANGUAGE] = st.session_state["sign_in.language"]

    st.segmented_control(
        said.say("shell.language"),
        LANGUAGES,
        default=said.language,
        format_func={"en": "English", "zh": "中文"}.__getitem__,
        key="sign_in.language",
        on_change=choose,
        label_visibility="collapsed",
        required=True,
    )


def first_password_page(email: str, said: Words) -> None:
    """Whoever was given a password chooses their own before anything else."""
    say = said.say
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle, st.form(FORM):
        st.subheader(say("sign_in.first_title"))
        st.write(say("sign_in.first_lead"))
        old = st.text_input(say("sign_in.old_password"), type="password")
        new = st.text_input(say("sign_in.new_password"), type="password")
        again = st.text_input(say("sign_in.new_password_again"), type="password")
        if not st.form_submit_button(say("sign_in.change"), type="primary"):
            return
        if new != again:
            st.error(say("sign_in.not_the_same"))
            return
        change_password(email, old, new, said)


def change_password(email: str, old: str, new: str, said: Words) -> None:
    """Change one's own password: every session ends, and this tab is given a new one."""
    from pages._frame import who

    try:
        portal().people.change_password(who(), old, new)
    except AskwellError as error:
        show_error(error, said)
        return
    signed = portal().people.sign_in(email, new, *_where())
    if signed:
        remember(signed)
    st.rerun()
