"""What comes before the portal itself: the second step of a sign-in, an own password, an account, a second factor."""

import streamlit as st

from core.answering.markdown import escape
from core.api.sessions import TICKETS
from core.errors import AskwellError
from core.i18n import LANGUAGES, Words
from core.security.permissions import Actor
from core.security.sessions import SignIn
from pages import _browser
from pages._account_factor import second_factor
from pages._frame import LANGUAGE, TOKEN, portal, session_token, show_error, where, words

FORM = "sign_in.first"
INVITATION = "invitation"  # of the address bar


def remember(signed: SignIn) -> None:
    """This tab is signed in at once; the browser fetches the cookie for the next ones. Half a sign-in gets none."""
    st.session_state[TOKEN] = signed.token
    if not signed.second_factor:
        _browser.tell("start", ticket=TICKETS.issue(signed.token))


def language_choice(said: Words) -> None:
    """For whoever is not signed in."""

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


def code_page() -> None:
    """The second step: the password was right, and a code is awaited."""
    said = words(None)
    say = said.say
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        with st.form("sign_in.code_form"):
            st.subheader(say("sign_in.code_title"))
            st.write(say("sign_in.code_lead"))
            code = st.text_input(
                say("sign_in.code"), max_chars=40, autocomplete="one-time-code", key="sign_in.code_typed"
            )
            entered = st.form_submit_button(say("sign_in.code_enter"), type="primary", key="sign_in.code_enter")
        st.button(say("sign_in.back"), type="tertiary", key="sign_in.code_back", on_click=_give_up)
        if not entered:
            return
        signed = portal().second_factors.finish(session_token(), code, where()[0])
        if signed is None:
            st.error(say("sign_in.code_wrong"), icon=":material/lock:")
            return
        remember(signed)
        st.rerun()


def _give_up() -> None:
    portal().people.sign_out(session_token())
    st.session_state[TOKEN] = ""


def invitation_page() -> None:
    """For whoever has an invitation's link: an account of their own."""
    said = words(None)
    say, token = said.say, str(st.query_params.get(INVITATION, ""))
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        st.title(":material/forum: Askwell")
        language_choice(said)
        invitation = portal().invitations.look(token, where()[0])
        if invitation is None:
            st.error(say("people.bad_invitation"), icon=":material/link_off:")
            st.button(say("sign_in.back"), key="sign_in.invited_back", on_click=st.query_params.clear)
            return
        with st.form("sign_in.invited"):
            st.subheader(say("sign_in.invited_title"))
            st.write(say("sign_in.invited_lead", email=escape(invitation.email)))
            name = st.text_input(say("sign_in.name"), invitation.name, max_chars=120, key="sign_in.invited_name")
            password = st.text_input(say("sign_in.password"), type="password", key="sign_in.invited_password")
            again = st.text_input(say("sign_in.password_again"), type="password", key="sign_in.invited_again")
            if not st.form_submit_button(say("sign_in.invited_do"), type="primary", key="sign_in.invited_do"):
                return
        if password != again:
            st.error(say("sign_in.not_the_same"))
            return
        try:
            signed = portal().invitations.accept(token, name, password, *where())
            portal().people.change_self(signed.actor, language=said.language)
        except AskwellError as error:
            show_error(error, said)
            return
        remember(signed)
        st.query_params.clear()
        st.rerun()


def first_password_page(actor: Actor, said: Words) -> None:
    """Whoever was given a password chooses their own before anything else."""
    say = said.say
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle, st.form(FORM):
        st.subheader(say("sign_in.first_title"))
        st.write(say("sign_in.first_lead"))
        old = st.text_input(say("sign_in.old_password"), type="password")
        new = st.text_input(say("sign_in.new_password"), type="password")
        again = st.text_input(say("sign_in.new_password_again"), type="password")
        if st.form_submit_button(say("sign_in.change"), type="primary"):
            change_password(actor, actor.email, (old, new, again), said)


def change_password(actor: Actor, email: str, typed: tuple[str, str, str], said: Words) -> None:
    """Change one's own password, typed as old, new and new again: every session ends, and this tab gets a new one."""
    old, new, again = typed
    if new != again:
        st.error(said.say("sign_in.not_the_same"))
        return
    try:
        portal().people.change_password(actor, old, new)
    except AskwellError as error:
        show_error(error, said)
        return
    signed = portal().people.sign_in(email, new, *where())
    if signed:
        remember(signed)
    st.rerun()


def enrol_page(actor: Actor, said: Words) -> None:
    """An administrator without a second factor sets one up where the settings want it."""
    _, middle, _ = st.columns([1, 1.6, 1])
    with middle:
        st.subheader(said.say("account.factor"))
        st.info(said.say("sign_in.enrol_lead"), icon=":material/verified_user:")
        second_factor(actor, said)
        st.button(said.say("shell.sign_out"), type="tertiary", key="sign_in.enrol_out", on_click=_give_up)
