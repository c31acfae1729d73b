"""The way in: a form for name and password, and a button to the OpenID provider."""

from typing import Any

import streamlit as st
from streamlit_authenticator import Authenticate

from core.errors import AskwellError
from core.i18n import Words
from core.settings import DEMO_EMAIL, DEMO_PASSWORD
from pages._first_steps import language_choice, remember
from pages._frame import portal, provider_name, show_error, where, words

REFUSED = "sign_in.refused"
SSO_REFUSED = "sign_in.sso_refused"
DONE = "sign_in.done"


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
        signed = portal().people.sign_in(username or "", password or "", *where())
        st.session_state[REFUSED] = signed is None
        st.session_state[DONE] = signed is not None
        if signed:
            remember(signed)
        return signed is not None


def sign_in_page() -> None:
    """The page of a stranger, at whatever address."""
    said = words(None)
    say = said.say
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        st.title(":material/forum: Askwell")
        st.write(say("sign_in.lead"))
        language_choice(said)
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
        _other_ways(said)
        if st.session_state.get(REFUSED):
            st.error(say("sign_in.refused"), icon=":material/lock:")
        if portal().settings.demo:
            st.info(say("sign_in.demo", email=DEMO_EMAIL, password=DEMO_PASSWORD), icon=":material/key:")


def _other_ways(said: Words) -> None:
    """The button to the OpenID provider, where there is one."""
    if not portal().settings.sso:
        return
    label = said.say("sign_in.sso", name=provider_name(said))
    if st.button(label, key="sign_in.sso", icon=":material/key:", width="stretch"):
        st.login()
    if st.session_state.get(SSO_REFUSED):
        st.error(said.say("sign_in.sso_refused"), icon=":material/lock:")


def signed_on() -> bool:
    """Whether somebody has just come back from the OpenID provider and has a session of ours from now on.

    What Streamlit remembers of a sign-in opens a session once and soon; afterwards our session decides alone.
    """
    claims = st.user.to_dict() if portal().settings.sso else {}
    if not claims.get("is_logged_in") or not portal().single_sign_on.is_fresh(claims):
        return False
    signed = portal().single_sign_on.sign_in(claims, *where())
    st.session_state[SSO_REFUSED] = signed is None
    if signed:
        remember(signed)
    return signed is not None
