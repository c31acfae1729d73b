"""A question with several readings: its choices as buttons, and what was chosen as chips that can be taken off."""

from collections.abc import Callable

import streamlit as st

from core.answering.events import Choice, NeedsDetail, Taken
from core.answering.markdown import escape
from core.answering.question import Question
from core.errors import AskwellError
from core.security.permissions import Action, may
from pages._frame import portal, show_error
from pages._show import Shown

Start = Callable[[Question], None]


def ask_back(shown: Shown, ended: NeedsDetail, start: Start) -> None:
    """The choices; the one taken is remembered, and the question is asked again."""
    say = shown.words.say
    remembers = shown.connection_id is not None and any(choice.word for choice in ended.choices)
    for_all = False
    with st.container(horizontal=True):
        for number, choice in enumerate(ended.choices):
            if st.button(escape(choice.label), key=f"ask.next.{shown.key}.{number}", icon=":material/arrow_forward:"):
                for_all = bool(st.session_state.get(f"ask.for_all.{shown.key}"))
                _take(shown, choice, for_all, start)
        if ended.choices and st.button(
            say("choices.pick"),
            key=f"ask.pick.{shown.key}",
            icon=":material/casino:",
            type="tertiary",
            help=say("choices.pick_help"),
        ):
            first = ended.choices[0]
            start(_asked(shown, shown.card.question, picks=True) if first.word else _asked(shown, first.question))
    if remembers:
        st.caption(say("choices.remembered"))
        if may(shown.actor, Action.CHANGE_CONNECTION):
            st.checkbox(say("choices.for_all"), key=f"ask.for_all.{shown.key}")


def _take(shown: Shown, choice: Choice, for_all: bool, start: Start) -> None:
    if not choice.word or shown.connection_id is None:
        start(_asked(shown, choice.question))
        return
    try:
        portal().choices.take(shown.actor, shown.connection_id, choice)
        if for_all:
            portal().choices.take_for_all(shown.actor, shown.connection_id, choice)
    except AskwellError as error:
        show_error(error, shown.words)
        return
    start(_asked(shown, shown.card.question))


def chips(shown: Shown, start: Start) -> None:
    """What words were taken for where they could be several things; taking one off asks again."""
    taken, say = shown.card.explanation.taken, shown.words.say
    if not taken:
        return
    st.caption(f"**{say('choices.taken')}**")
    with st.container(horizontal=True, gap="small"):
        for number, one in enumerate(taken):
            label = say(f"choices.chip{'' if one.by == 'person' else '_' + one.by}", word=one.word, meaning=one.meaning)
            key = f"ask.taken.{shown.key}.{number}"
            if st.button(escape(label), icon=":material/close:", key=key, help=say("choices.take_off")):
                _drop(shown, one, start)
            if one.by == "team" and may(shown.actor, Action.CHANGE_CONNECTION):
                label = say("choices.no_default", word=one.word)
                if st.button(escape(label), icon=":material/group_off:", key=f"{key}.team", type="tertiary"):
                    _drop(shown, one, start, for_all=True)


def _drop(shown: Shown, taken: Taken, start: Start, for_all: bool = False) -> None:
    if shown.connection_id is None:
        return
    try:
        if for_all:
            portal().choices.drop_for_all(shown.actor, shown.connection_id, taken.word)
        elif taken.by != "engine":
            portal().choices.drop(shown.actor, shown.connection_id, taken.word)
    except AskwellError as error:
        show_error(error, shown.words)
        return
    start(_asked(shown, shown.card.question))


def _asked(shown: Shown, text: str, picks: bool = False) -> Question:
    return Question(text, shown.connection_id, shown.conversation_id, picks=picks)
