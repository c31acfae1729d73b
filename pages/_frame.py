"""What every page stands in: the portal, who is here, their language, and the guard at each page's door."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from core.api.sessions import COOKIE
from core.errors import AskwellError, StoreUnreachable
from core.i18n import LANGUAGES, Words
from core.portal import Portal, current_portal
from core.security.permissions import Action, Actor, may

TOKEN = "shell.token"  # noqa: S105  (the name of a place, not a token)
LANGUAGE = "shell.language"


def portal() -> Portal:
    """The portal of this process."""
    return current_portal()


def session_token() -> str:
    """The token of this browser's session: from the sign-in of this tab, else from the cookie; "" for none."""
    token = st.session_state.get(TOKEN)
    if token is None:
        token = st.context.cookies.get(COOKIE) if hasattr(st.context.cookies, "to_dict") else None
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
        st.info(say("shell.signed_out"), icon=":material/lock:")
        st.stop()
    if not may(actor, action):
        st.error(say("shell.forbidden"), icon=":material/block:")
        st.stop()
    return actor, words(actor)


def local(at: datetime) -> datetime:
    """A moment in the time zone of the person's browser."""
    try:
        return at.astimezone(ZoneInfo(str(st.context.timezone)))
    except (ZoneInfoNotFoundError, ValueError):
        return at


def show_error(error: AskwellError, words: Words) -> None:
    """One plain sentence; the technical text folded beneath it."""
    st.error(words.say(error.key, **error.values), icon=":material/error:")
    if error.detail:
        with st.expander(words.say("shell.technical")):
            st.code(error.detail, language=None, wrap_lines=True)
