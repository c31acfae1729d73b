"""The words of one connection as a file: taken away, and taken in after what it would change was shown."""

import streamlit as st

from core.answering.markdown import escape, said
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.grounding.words_taking import Changes, Doing
from core.i18n import Words
from core.security.permissions import Actor
from pages._frame import portal, show_error

DONE = "words.done"
_MOST_SHOWN = 200


def files(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    """Export and import."""
    say = words.say
    with st.expander(say("words.file"), icon=":material/upload_file:"):
        st.caption(say("words.file_lead"))
        if st.button(say("words.export"), icon=":material/download:", key="words.export"):
            _exported(actor, info, words)
        sent = st.file_uploader(say("words.import"), type=["yaml", "yml"], key=f"words.import.{info.id}")
        if sent is not None:
            _taken(actor, info, sent.getvalue(), words)


def _exported(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    try:
        text = portal().terms.export(actor, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    st.download_button(
        words.say("words.download"),
        data=text,
        file_name="askwell-words.yaml",
        mime="application/yaml",
        icon=":material/save:",
        on_click="ignore",
        key="words.download",
    )


def _taken(actor: Actor, info: ConnectionInfo, data: bytes, words: Words) -> None:
    """What the file would change, and then the change."""
    say = words.say
    try:
        text = data.decode("utf-8-sig")
        changes = portal().terms.compare(actor, info.id, text)
    except UnicodeDecodeError:
        st.error(say("words.no_text"), icon=":material/error:")
        return
    except AskwellError as error:
        show_error(error, words)
        return
    for problem in changes.problems[:_MOST_SHOWN]:
        place = {"line": problem.line, "entry": escape(problem.entry), "what": said(words, problem.what)}
        st.error(say("words.problem_of" if problem.entry else "words.problem", **place), icon=":material/error:")
    if changes.problems:
        return
    _preview(changes, words)
    counts = {doing.value: changes.count(doing) for doing in Doing}
    if counts["added"] + counts["changed"] == 0:
        st.info(say("words.nothing_new"), icon=":material/check:")
        return
    if st.button(say("words.take_in"), type="primary", icon=":material/check:", key="words.take_in"):
        try:
            portal().terms.take_in(actor, info.id, text)
        except AskwellError as error:
            show_error(error, words)
        else:
            st.session_state[DONE] = say("words.taken_in", **counts)
            st.rerun()


def _preview(changes: Changes, words: Words) -> None:
    say = words.say
    shown = [change for change in changes.changes if change.doing is not Doing.SAME][:_MOST_SHOWN]
    if not shown:
        return
    st.dataframe(
        {
            say("words.what"): [say(f"words.entry_{change.kind}") for change in shown],
            say("words.word"): [change.name for change in shown],
            say("words.doing"): [say(f"words.doing_{change.doing}") for change in shown],
            say("words.before"): [change.before for change in shown],
            say("words.after"): [change.after for change in shown],
        },
        hide_index=True,
        width="stretch",
        key="words.changes",
    )
