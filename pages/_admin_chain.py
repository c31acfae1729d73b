"""Administration: whether the trail is as it was written, what is looked for in it, and the same as a file."""

from datetime import date, datetime, time
from functools import partial

import streamlit as st

from core.i18n import Words, catalogue
from core.security.audit import Wanted
from core.security.permissions import Action, Actor
from pages._frame import again, local, portal, session_token

_OUTCOMES = {"allowed": True, "refused": False}


def state(actor: Actor, words: Words) -> None:
    """How the chain stands: as last verified, or now when asked."""
    say = words.say
    left, right = st.columns([5, 1], vertical_alignment="center")
    audit = portal().audit
    if right.button(say("trail.verify"), key="admin.audit_verify", width="stretch"):
        with st.spinner(say("trail.verifying")):
            verdict = audit.verify(again(actor, Action.READ_AUDIT))
    else:
        verdict = audit.state(actor)
    if not verdict.ok:
        row = "–" if verdict.row is None else str(verdict.row)
        problem = say(f"audit.problem_{verdict.problem}")
        left.error(say("trail.broken", problem=problem, row=row), icon=":material/gpp_bad:")
        return
    said = [say("trail.sound", n=verdict.rows, last=str(verdict.last), at=local(verdict.at))]
    if verdict.erased:
        said.append(say("trail.sound_erased", n=verdict.erased))
    if verdict.first > 1:
        said.append(say("trail.sound_removed", first=str(verdict.first)))
    left.success((" " if words.language == "en" else "").join(said), icon=":material/verified_user:")
    with st.expander(say("trail.head_title"), icon=":material/link:"):
        st.caption(say("trail.head"))
        st.code(verdict.head, language=None, wrap_lines=True)
        days = portal().settings.audit_days
        st.caption(say("trail.kept_for", days=days) if days else say("trail.kept_for_good"))


def wanted(words: Words) -> Wanted:
    """What the fields above the list ask for; another wish begins at the newest row again."""
    say = words.say
    who, what, since, until, outcome = st.columns([2, 2, 1.4, 1.4, 1.4])
    person = who.text_input(say("trail.person"), key="admin.audit_person", on_change=newest)
    actions = sorted(
        (key.removeprefix("audit.") for key in catalogue() if key.startswith("audit.") and ".problem_" not in key),
        key=lambda name: say(f"audit.{name}"),
    )
    action = what.selectbox(
        say("trail.what"),
        actions,
        index=None,
        format_func=lambda name: say(f"audit.{name}"),
        placeholder=say("trail.any"),
        key="admin.audit_action",
        on_change=newest,
    )
    begin = since.date_input(say("trail.from"), value=None, key="admin.audit_since", on_change=newest)
    end = until.date_input(say("trail.until"), value=None, key="admin.audit_until", on_change=newest)
    chosen = outcome.selectbox(
        say("trail.outcome"),
        list(_OUTCOMES),
        index=None,
        format_func=lambda name: say(f"trail.outcome_{name}"),
        placeholder=say("trail.any"),
        key="admin.audit_outcome",
        on_change=newest,
    )
    # An action is `face.method`; its words have one underscore where the dot stands.
    named = action.replace("_", ".", 1) if action in actions else ""
    allowed = _OUTCOMES.get(chosen) if chosen else None
    return Wanted(person or "", named, _moment(begin, time.min), _moment(end, time.max), allowed)


def download(search: str, asked: Wanted, words: Words) -> None:
    """What the list shows, and all pages after it, as CSV."""
    st.download_button(
        words.say("trail.download"),
        data=partial(_export, session_token(), search, asked),
        file_name="askwell-trail.csv",
        mime="text/csv",
        icon=":material/csv:",
        on_click="ignore",
        key="admin.audit_csv",
    )


def newest() -> None:
    """Show the newest rows again."""
    st.session_state.pop("admin.audit_before", None)


def _export(token: str, search: str, asked: Wanted) -> bytes:
    """The file, for whoever this session belongs to now."""
    return portal().audit.export(portal().people.identify(token) if token else None, search, asked)


def _moment(day: object, at: time) -> datetime | None:
    """The beginning or the end of a day where the person is."""
    if not isinstance(day, date):
        return None
    here = local(datetime.now().astimezone()).tzinfo
    return datetime.combine(day, at, here)
