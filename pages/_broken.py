"""What a page says when it breaks: one plain sentence, and the number under which the log has the rest."""

import logging

import streamlit as st

from core.i18n import LANGUAGES, Words
from core.observability import requests
from pages._frame import LANGUAGE

_log = logging.getLogger(__name__)


def broken(error: Exception) -> bool:
    """Say so in place of Streamlit's own box, which would name the error; True, since that is all there is to show."""
    number = requests.number() if requests.number() != "-" else requests.begin()
    _log.error("a page broke; its person was told the number %s", number, exc_info=error)
    st.error(Words(_language()).say("shell.broke", number=number), icon=":material/error:")
    return True


def _language() -> str:
    """The language of this tab, found without asking a database that may be what broke."""
    chosen = st.session_state.get(LANGUAGE) or str(st.context.locale or "")[:2].lower()
    return chosen if chosen in LANGUAGES else LANGUAGES[0]
