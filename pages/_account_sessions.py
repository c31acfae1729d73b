"""Open sessions as a list: one's own, or, for administrators, another person's."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.answering.markdown import escape
from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Actor
from core.security.sessions import OpenSession
from pages._frame import local, portal, provider_name, session_token, show_error, who


def own_sessions(actor: Actor, said: Words) -> None:
    """One's own, with a way to end each, and all the others at once."""
    say, token = said.say, session_token()
    rows = portal().sessions.list(actor, token)
    st.caption(say("account.sessions_lead"))
    list_of_sessions(rows, said)
    if len(rows) > 1:
        st.button(say("account.end_others"), key="account.end_others", icon=":material/logout:", on_click=_end_others)


def list_of_sessions(rows: Sequence[OpenSession], said: Words) -> None:
    """Each session in two lines, with a button to end it; the one looked from is marked."""
    say = said.say
    for row in rows:
        with st.container(border=True):
            left, right = st.columns([5, 1], vertical_alignment="center")
            device = escape(row.device) or say("account.unknown_device")
            mark = f" :blue-badge[{say('account.this_session')}]" if row.this else ""
            address = say("account.here") if row.address in ("", "local") else escape(row.address)
            through = f" · {say('account.way_sso', name=provider_name(said))}" if row.way == "sso" else ""
            line = say("account.session_line", address=address, seen=local(row.seen_at), since=local(row.created_at))
            left.markdown(f"**{device}**{mark}  \n{line}{through}")
            if not row.this:
                right.button(say("account.end"), key=f"account.end.{row.id}", on_click=_end, args=(row.id, said))


def _end(session_id: UUID, said: Words) -> None:
    try:
        portal().sessions.end(who(), session_id)
    except AskwellError as error:
        show_error(error, said)


def _end_others() -> None:
    actor = who()
    if actor is not None:
        portal().sessions.end_all(actor, session_token())
