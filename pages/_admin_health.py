"""Administration: how the portal is doing, in figures an administrator can act on."""

import resource
import sys

import streamlit as st

from core.i18n import Words
from core.security.audit import Wanted
from core.security.permissions import Action, Actor
from pages._frame import again, local, portal


@st.fragment(run_every=5)
def health(actor: Actor, words: Words) -> None:
    """The store, the embedding model, the queue and the memory of this process."""
    actor, say = again(actor, Action.SEE_HEALTH), words.say
    figures = portal().health(actor)
    cards = st.columns(4)
    store = say("admin.embedded" if figures.embedded else "admin.outside")
    version = f"PostgreSQL {figures.server_version}"
    cards[0].metric(
        say("admin.store"), store, version, delta_color="off", delta_arrow="off", border=True, height="stretch"
    )
    cards[1].metric(say("admin.store_size"), f"{figures.store_megabytes:,.0f} MB", border=True, height="stretch")
    cards[2].metric(say("admin.memory"), f"{_memory_megabytes():,.0f} MB", border=True, height="stretch")
    cards[3].metric(say("admin.ping"), f"{figures.ping_seconds * 1000:,.1f} ms", border=True, height="stretch")
    st.dataframe(
        {
            say("admin.figure"): [say(f"admin.count_{name}") for name in figures.counts],
            say("admin.count"): list(figures.counts.values()),
        },
        hide_index=True,
        width="content",
        key="admin.counts",
    )
    st.caption(say("admin.revision", revision=figures.revision))
    made = portal().audit.list(actor, limit=1, wanted=Wanted(action="portal.backup"))
    st.caption(say("trail.backup", at=local(made[0].at)) if made else say("trail.no_backup"))
    st.caption(say("trail.backup_hint"))


def _memory_megabytes() -> float:
    """The most memory this process has held, in megabytes; Linux counts in kilobytes, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 if sys.platform.startswith("linux") else 1024**2)
