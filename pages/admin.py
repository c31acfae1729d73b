"""Administration: people and roles, the trail, jobs, and how the portal is doing."""

import streamlit as st

from core.security.permissions import Action
from pages._account_keys import all_keys
from pages._admin_health import health
from pages._admin_people import people
from pages._admin_trail import jobs, trail
from pages._frame import enter

actor, words = enter(Action.SEE_PEOPLE)
say = words.say

st.title(say("shell.admin"))
SECTIONS = {"people": people, "keys": all_keys, "audit": trail, "jobs": jobs, "health": health}
chosen = st.segmented_control(
    say("admin.section"),
    list(SECTIONS),
    default="people",
    format_func=lambda name: say(f"admin.{name}"),
    key="admin.section",
    label_visibility="collapsed",
    required=True,
)
SECTIONS[chosen or "people"](actor, words)
