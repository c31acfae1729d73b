"""The models page."""

import streamlit as st

from core.security.permissions import Action
from pages._frame import enter

actor, words = enter(Action.ASK)
st.title(words.say("shell.models"))
