"""What the Ask page remembers between runs: the conversation, where to ask, whom to ask, and what is running."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID, uuid4

import streamlit as st

from core.answering.history import Turn
from core.connections.registry import ConnectionInfo
from core.errors import NotFound
from core.i18n import Words
from core.models.book import ModelInfo
from core.security.permissions import Actor
from pages._frame import portal

CONVERSATION = "c"  # in the address, so that a reload and a bookmark come back here
CHOSEN_CONNECTION = "ask.connection"
CHOSEN_MODEL = "ask.model"
DEVELOPER = "ask.developer"
SAID = "ask.said"
AUTO, INSTANT = "auto", "instant"


class AskState:
    """The page's state for one person. What it names is checked again wherever it is used."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        if CONVERSATION not in st.query_params:
            st.query_params[CONVERSATION] = uuid4().hex

    @property
    def conversation_id(self) -> UUID:
        """The conversation of this page; a new one has no turns yet."""
        try:
            return UUID(st.query_params[CONVERSATION])
        except ValueError:
            st.query_params[CONVERSATION] = uuid4().hex
            return UUID(st.query_params[CONVERSATION])

    @property
    def developer(self) -> bool:
        """Whether the developer's view is on."""
        return bool(st.session_state.get(DEVELOPER))

    @property
    def connection_id(self) -> UUID | None:
        """The connection to ask; None: whichever fits."""
        chosen = st.session_state.get(CHOSEN_CONNECTION, AUTO)
        return None if chosen == AUTO else UUID(chosen)

    @property
    def rung(self) -> Literal["instant", "model"] | None:
        """The only rung to use, if one was chosen."""
        chosen = st.session_state.get(CHOSEN_MODEL, AUTO)
        return None if chosen == AUTO else ("instant" if chosen == INSTANT else "model")

    @property
    def model_id(self) -> UUID | None:
        """The only model to use, if one was chosen."""
        chosen = st.session_state.get(CHOSEN_MODEL, AUTO)
        return None if chosen in (AUTO, INSTANT) else UUID(chosen)

    def turns(self) -> tuple[Turn, ...]:
        """The questions of this conversation so far, oldest first."""
        try:
            return portal().answers.open(self._actor, self.conversation_id).turns
        except NotFound:
            return ()

    def connection(self, connections: Sequence[ConnectionInfo]) -> ConnectionInfo:
        """The connection whose starters are shown: the chosen one, else the first."""
        return next((info for info in connections if info.id == self.connection_id), connections[0])

    def choose(self, connections: Sequence[ConnectionInfo], models: Sequence[ModelInfo], words: Words) -> None:
        """The chips above the box: connection, model, developer's view, new conversation."""
        say = words.say
        named = {str(info.id): info.name for info in connections}
        if st.session_state.get(CHOSEN_CONNECTION) not in (None, AUTO, *named):
            st.session_state[CHOSEN_CONNECTION] = AUTO
        auto = say("ask.auto") + (f" · {connections[0].name}" if len(connections) == 1 else "")
        by_id = {str(model.id): model.name for model in models}
        if st.session_state.get(CHOSEN_MODEL) not in (None, AUTO, INSTANT, *by_id):
            st.session_state[CHOSEN_MODEL] = AUTO
        _say_again((words.language, auto))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.selectbox(
                say("ask.connection"),
                [AUTO, *named],
                format_func=lambda key: named.get(key, auto),
                key=CHOSEN_CONNECTION,
                label_visibility="collapsed",
                width=220,
            )
            st.selectbox(
                say("ask.model"),
                [AUTO, INSTANT, *by_id],
                format_func=lambda key: by_id.get(key) or say("ask.instant_only" if key == INSTANT else "ask.auto"),
                key=CHOSEN_MODEL,
                label_visibility="collapsed",
                width=180,
            )
            st.toggle(say("ask.developer"), key=DEVELOPER)
            if st.button(say("ask.new"), icon=":material/add_comment:", type="tertiary", key="ask.new"):
                st.query_params[CONVERSATION] = uuid4().hex
                st.rerun()


def _say_again(said: tuple[str, str]) -> None:
    """Have the boxes show what is chosen in the words of now: the browser keeps the words of before."""
    if st.session_state.get(SAID) != said:
        st.session_state[SAID] = said
        for key in (CHOSEN_CONNECTION, CHOSEN_MODEL):
            st.session_state[key] = st.session_state.get(key, AUTO)
