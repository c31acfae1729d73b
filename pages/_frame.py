"""What every page stands in: the portal, who is here, their language, and the guard at each page's door."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from core.answering.markdown import escape, said
from core.api.sessions import token_of
from core.errors import AskwellError, StoreUnreachable
from core.i18n import LANGUAGES, Phrase, Words
from core.portal import Portal, current_portal
from core.security.permissions import Action, Actor, may
from core.security.whereabouts import place

TOKEN = "shell.token"  # noqa: S105  (the name of a place, not a token)
LANGUAGE = "shell.language"


def portal() -> Portal:
    """The portal of this process."""
    return current_portal()


def session_token() -> str:
    """The token of this browser's session: from the sign-in of this tab, else from the cookie; "" for none."""
    token = st.session_state.get(TOKEN)
    if token is None:
        token = token_of(st.context.cookies, portal().settings) if hasattr(st.context.cookies, "to_dict") else None
    return token if isinstance(token, str) else ""


def who() -> Actor | None:
    """The person of this session, read anew on every run: an ended session is a stranger's at once."""
    token = session_token()
    return portal().people.identify(token) if token else None


@contextmanager
def waiting_for_the_store() -> Iterator[None]:
    """Around a whole page: while the portal's database is away the page says so, and goes on by itself afterwards."""
    try:
        yield
    except StoreUnreachable as error:
        show_error(error, words(None))
        _look_again()


@st.fragment(run_every=2.0)
def _look_again() -> None:
    st.caption(words(None).say("shell.looking_again"))
    try:
        portal().ping()
    except StoreUnreachable:
        return
    st.rerun(scope="app")


def words(actor: Actor | None) -> Words:
    """Strings in the person's language; before sign-in, in the one chosen here, the browser's, or the portal's."""
    if actor is not None:
        return Words(actor.language)
    chosen = st.session_state.get(LANGUAGE)
    if chosen in LANGUAGES:
        return Words(chosen)
    locale = st.context.locale
    if isinstance(locale, str) and locale[:2].lower() in LANGUAGES:
        return Words(locale[:2].lower())
    return Words(portal().settings.language)


def enter(action: Action) -> tuple[Actor, Words]:
    """First line of every page: who is here, in which language. Whoever may not be here gets no further."""
    actor = who()
    say = words(actor).say
    if actor is None:
        turned_away(None, action)
        st.info(say("shell.signed_out"), icon=":material/lock:")
        st.stop()
    if not may(actor, action):
        turned_away(actor, action)
        st.error(say("shell.forbidden"), icon=":material/block:")
        st.stop()
    return actor, words(actor)


def again(actor: Actor, action: Action) -> Actor:
    """First line of every fragment and dialog: they run on their own, long after the page was drawn.

    The person as they are now. If their session has ended or they may no longer, the page is drawn anew and says so.
    """
    now = who()
    if now is None or now.id != actor.id or not may(now, action):
        turned_away(now, action)
        st.rerun(scope="app")
    return now


def turned_away(actor: Actor | None, action: Action) -> None:
    """Leave a trace of somebody at the door of a page that is not theirs."""
    portal().refusals.note(actor, action, "page")


def where() -> tuple[str, str]:
    """From which address, as far as the edge of the server believes it, and with which browser."""
    address, agent = st.context.ip_address, st.context.headers.get("User-Agent", "")
    return place(address if isinstance(address, str) else None), agent if isinstance(agent, str) else ""


def provider_name(words: Words) -> str:
    """What people call the OpenID provider, as Markdown."""
    return escape(portal().settings.oidc_name) or words.say("sign_in.sso_name")


def local(at: datetime) -> datetime:
    """A moment in the time zone of the person's browser."""
    try:
        return at.astimezone(ZoneInfo(str(st.context.timezone)))
    except (ZoneInfoNotFoundError, ValueError):
        return at


def show_error(error: AskwellError, words: Words) -> None:
    """One plain sentence; the technical text folded beneath it."""
    st.error(said(words, Phrase(error.key, error.values)), icon=":material/error:")
    if error.detail:
        with st.expander(words.say("shell.technical")):
            st.code(error.detail, language=None, wrap_lines=True)
