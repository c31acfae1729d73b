"""Functions that people made in a database: whoever may change the connection says which of them questions may call."""

import streamlit as st

from core.connections.registry import ConnectionInfo
from core.i18n import Words
from core.security.permissions import Actor
from pages._frame import portal


def field(actor: Actor, info: ConnectionInfo | None, words: Words) -> list[str] | None:
    """The names that are to be allowed; None where there is nothing to allow yet."""
    if info is None or not info.may_change:
        return None
    say = words.say
    leave = portal().functions.list(actor, info.id)
    return st.multiselect(
        say("functions.field"),
        sorted({*leave.allowed, *leave.made}),
        default=list(leave.allowed),
        accept_new_options=True,
        help=say("functions.help"),
        placeholder=say("functions.placeholder"),
        key=f"connections.functions.{info.id}",
    )
