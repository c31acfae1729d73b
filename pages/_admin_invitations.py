"""Administration: invitation links, made, shown once, and withdrawn."""

from urllib.parse import urlencode, urlsplit

import streamlit as st

from core.answering.markdown import escape
from core.errors import AskwellError
from core.i18n import Words
from core.security.invitations import Invitation
from core.security.permissions import Actor, Role
from pages._confirm import confirmed, do
from pages._first_steps import INVITATION
from pages._frame import local, portal, show_error


def invitations(actor: Actor, words: Words) -> None:
    """Open invitations, and a form for a new one, whose link is shown in the run that made it and never again."""
    left, right = st.columns([3, 2], gap="large")
    link = left.container()
    with right:
        made = _invite(actor, words)
    if made is not None:
        link.success(words.say("roster.invite_made", email=escape(made.email)), icon=":material/link:")
        link.code(f"{_address()}/?{urlencode({INVITATION: made.token})}", language=None, wrap_lines=True)
    with left:
        _open(actor, words)


def _invite(actor: Actor, words: Words) -> Invitation | None:
    say = words.say
    with st.form("admin.invitation"):
        st.subheader(say("roster.invite"))
        st.caption(say("roster.invite_lead", hours=portal().settings.invitation_hours))
        email = st.text_input(say("admin.email"), key="admin.invitation_email")
        name = st.text_input(say("admin.name"), key="admin.invitation_name")
        role = st.selectbox(
            say("admin.role"),
            list(Role),
            format_func=lambda role: say(f"shell.role_{role}"),
            key=f"admin.invitation_role.{words.language}",
        )
        if not st.form_submit_button(say("roster.invite_do"), type="primary", key="admin.invitation_do"):
            return None
    try:
        return portal().invitations.make(actor, email, name, role or Role.VIEWER)
    except AskwellError as error:
        show_error(error, words)
        return None


def _address() -> str:
    """Where people open the portal: as the settings say, else as this administrator opened it."""
    given = portal().settings.public_url.rstrip("/")
    here = urlsplit(st.context.url if isinstance(st.context.url, str) else "")
    return given or f"{here.scheme or 'http'}://{here.netloc}"


def _open(actor: Actor, words: Words) -> None:
    say = words.say
    known = {invitation.id: invitation for invitation in portal().invitations.list(actor)}
    st.subheader(say("roster.open_invitations"))
    if not known:
        st.info(say("roster.no_invitations"), icon=":material/mail:")
        return
    st.dataframe(
        {
            say("admin.email"): [invitation.email for invitation in known.values()],
            say("admin.name"): [invitation.name for invitation in known.values()],
            say("admin.role"): [say(f"shell.role_{invitation.role}") for invitation in known.values()],
            say("roster.until"): [words.show(local(invitation.expires_at)) for invitation in known.values()],
        },
        hide_index=True,
        width="stretch",
        key="admin.invitations_table",
    )
    chosen = st.selectbox(
        say("roster.choose_invitation"),
        list(known),
        index=None,
        format_func=lambda invitation_id: known[invitation_id].email,
        placeholder=say("roster.choose_invitation"),
        key="admin.invitation_chosen",
    )
    if chosen in known:
        question = say("roster.withdraw_ask", email=escape(known[chosen].email))
        if confirmed(say("roster.withdraw"), question, "admin.withdraw", words):
            do(lambda: portal().invitations.revoke(actor, chosen), say("roster.withdrawn"), words)
