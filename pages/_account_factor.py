"""One's own second factor: the picture for the app, the first code, the recovery codes, and the way back."""

import streamlit as st

from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Actor
from core.security.second_factor import Enrolment
from pages._frame import local, portal, session_token, show_error

_FEW = 3  # recovery codes


def second_factor(actor: Actor, said: Words) -> None:
    """What can be done next, and nothing else: begin, confirm, or renew and remove."""
    factors = portal().second_factors
    state, enrolment = factors.state(actor), factors.enrolling(actor)
    place = st.empty()
    codes: tuple[str, ...] = ()
    with place.container():
        if state.active:
            since = local(state.since) if state.since else ""
            st.success(said.say("account.factor_on", since=since, n=state.codes_left), icon=":material/verified_user:")
            if state.codes_left < _FEW:
                st.warning(said.say("account.factor_few"), icon=":material/warning:")
            codes = _change(actor, said)
        elif enrolment is not None:
            codes = _confirm(actor, enrolment, said)
        else:
            _begin(actor, said)
    if codes:
        place.empty()
        _show_codes(codes, said)


def _begin(actor: Actor, said: Words) -> None:
    say, me = said.say, portal().people.me(actor)
    with st.form("account.factor_begin", border=False):
        st.write(say("account.factor_lead"))
        password = ""
        if me.has_password:
            password = st.text_input(say("sign_in.old_password"), type="password", key="account.factor_password")
        if not st.form_submit_button(say("account.factor_begin"), type="primary", key="account.factor_begin_do"):
            return
    try:
        portal().second_factors.begin(actor, password)
    except AskwellError as error:
        show_error(error, said)
    else:
        _again()


def _confirm(actor: Actor, enrolment: Enrolment, said: Words) -> tuple[str, ...]:
    say = said.say
    st.write(say("account.factor_scan"))
    left, right = st.columns([1, 1.4])
    left.image(enrolment.picture(), width=220)
    with right, st.form("account.factor_confirm", border=False):
        st.code(
            " ".join(enrolment.secret[at : at + 4] for at in range(0, len(enrolment.secret), 4)),
            language=None,
            wrap_lines=True,
        )
        code = st.text_input(say("sign_in.code"), max_chars=20, autocomplete="one-time-code", key="account.factor_code")
        if not st.form_submit_button(say("account.factor_confirm"), type="primary", key="account.factor_confirm_do"):
            return ()
    try:
        return portal().second_factors.confirm(actor, code, session_token())
    except AskwellError as error:
        show_error(error, said)
        return ()


def _change(actor: Actor, said: Words) -> tuple[str, ...]:
    say, factors = said.say, portal().second_factors
    with st.form("account.factor_change", border=False):
        code = st.text_input(say("sign_in.code"), max_chars=40, autocomplete="one-time-code", key="account.factor_use")
        with st.container(horizontal=True):
            renew = st.form_submit_button(say("account.factor_renew"), key="account.factor_renew")
            remove = st.form_submit_button(say("account.factor_remove"), key="account.factor_remove")
    try:
        if renew:
            return factors.renew_codes(actor, code)
        if remove:
            factors.remove(actor, code)
    except AskwellError as error:
        show_error(error, said)
        return ()
    if remove:
        st.session_state["account.done"] = said.say("account.factor_removed")
        _again()
    return ()


def _show_codes(codes: tuple[str, ...], said: Words) -> None:
    """Shown in this one run and kept nowhere."""
    st.warning(said.say("account.codes_lead"), icon=":material/save:")
    st.code("\n".join(codes), language=None)
    st.button(said.say("account.codes_kept"), type="primary", key="account.codes_kept")


def _again() -> None:
    """Draw the place anew: the dialog alone where this is one."""
    st.rerun(scope="fragment") if st.session_state.get("account.section") else st.rerun()
