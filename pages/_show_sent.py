"""What was sent to a model for one answer: every message as it was, and what came back."""

import streamlit as st

from core.answering.markdown import escape
from core.answering.private import Exchange
from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Action
from pages._frame import again, portal, show_error
from pages._show import Shown


def sent(shown: Shown) -> None:
    """The tab: nothing, or a switch that fetches the texts."""
    say = shown.words.say
    usage = shown.card.usage
    if not (usage.calls or usage.prompt_tokens) or shown.answer_id is None:
        st.caption(say("privacy.sent_nothing"))
        return
    # Fetched on request: they are long, and not everybody who looks at an answer should read them over a shoulder.
    if st.toggle(say("privacy.sent_show"), key=f"ask.sent.{shown.key}"):
        _exchanges(shown)


@st.fragment
def _exchanges(shown: Shown) -> None:
    """Each request with its messages, copyable."""
    actor = again(shown.actor, Action.READ_HISTORY)
    assert shown.answer_id is not None
    try:
        found = portal().answers.sent(actor, shown.answer_id)
    except AskwellError as error:
        show_error(error, shown.words)
        return
    if found is None:
        st.info(shown.words.say("privacy.sent_gone"), icon=":material/visibility_off:")
        return
    for number, one in enumerate(found.exchanges, 1):
        _exchange(number, one, shown.words)


def _exchange(number: int, one: Exchange, words: Words) -> None:
    say = words.say
    line = say(
        "privacy.sent_one",
        number=number,
        model=escape(one.model),
        prompt=one.prompt_tokens,
        completion=one.completion_tokens,
        seconds=round(one.seconds, 1),
        level=say(f"privacy.level_{one.level}"),
    )
    st.caption(f"**{line}**")
    for who, text in one.messages:
        with st.expander(say(f"privacy.sent_{who}"), expanded=who == "user"):
            st.code(text, language=None, wrap_lines=True)
    with st.expander(say("privacy.sent_reply"), expanded=True):
        st.code(one.reply, language=None, wrap_lines=True)
