"""Evaluation on the Models page: start a question set against a rung, watch it, stop it, choose a run to read."""

from typing import Literal
from uuid import UUID

import streamlit as st

from core.answering.markdown import escape
from core.connections.registry import ConnectionInfo
from core.errors import AskwellError
from core.evaluation.runs import Wanted, databases_of
from core.evaluation.runs_kept import Run
from core.i18n import Words
from core.security.permissions import Action, Actor
from pages import _evaluation_report
from pages._confirm import do, show_done
from pages._frame import again, local, portal, show_error

_FILES = ["jsonl", "json", "txt"]
_UPLOAD, _VERIFIED = "upload", "verified"


def evaluation(actor: Actor, words: Words) -> None:
    """The whole section."""
    say = words.say
    st.subheader(say("evaluation.title"))
    st.caption(say("evaluation.lead"))
    show_done()
    connections = portal().connections.list(actor)
    if not connections:
        st.info(say("evaluation.no_connection"), icon=":material/database:")
        return
    with st.expander(say("evaluation.new"), icon=":material/play_circle:"):
        _new(actor, connections, words)
    runs = portal().evaluation.list(actor)
    if not runs:
        st.info(say("evaluation.empty"), icon=":material/science:")
        return
    for run in (run for run in runs if run.is_open):
        _progress(actor, run.id, words)
    _table(actor, runs, words)
    ended = {run.id: run for run in runs}
    chosen = st.selectbox(
        say("evaluation.choose"),
        list(ended),
        index=None,
        format_func=lambda run_id: _title(ended[run_id], words),
        placeholder=say("policies.choose"),
        key="evaluation.chosen",
    )
    if chosen is not None:
        _evaluation_report.report(actor, ended[chosen], runs, words)


def _new(actor: Actor, connections: list[ConnectionInfo], words: Words) -> None:
    """What to run, on what, how far up the ladder."""
    say = words.say
    names = {info.id: info.name for info in connections}
    place = st.selectbox(
        say("evaluation.connection"), list(names), format_func=names.__getitem__, key="evaluation.place"
    )
    sources = {_UPLOAD: say("evaluation.from_file"), _VERIFIED: say("evaluation.from_verified")}
    source = st.segmented_control(
        say("evaluation.source"),
        list(sources),
        format_func=sources.__getitem__,
        default=_UPLOAD,
        required=True,
        key=f"evaluation.source.{words.language}",
    )
    name, lines, database = say("evaluation.verified_name"), "", ""
    if source == _UPLOAD:
        file = st.file_uploader(say("evaluation.file"), _FILES, key="evaluation.file", help=say("evaluation.file_help"))
        if file is None:
            return
        try:
            name, lines = file.name, file.getvalue().decode("utf-8-sig")
            about = databases_of(lines, name)
        except UnicodeDecodeError:
            st.error(say("evaluation.not_text"), icon=":material/error:")
            return
        except AskwellError as error:
            show_error(error, words)
            return
        if len(about) > 1:
            database = st.selectbox(say("evaluation.database"), about, key="evaluation.database") or ""
    rung, model_id = _rung(actor, words)
    if st.button(say("evaluation.start"), type="primary", icon=":material/play_arrow:", key="evaluation.start"):
        wanted = Wanted(name, lines, database, rung, model_id)
        do(lambda: portal().evaluation.start(actor, place, wanted), say("evaluation.started", name=escape(name)), words)


def _rung(actor: Actor, words: Words) -> tuple[Literal["instant", "model"] | None, UUID | None]:
    """How far up the ladder, and which model is asked where one is."""
    say = words.say
    models = {model.id: model.name for model in portal().models.list(actor)}
    rungs = ["instant", "model", "ladder"] if models else ["instant"]
    chosen = st.segmented_control(
        say("evaluation.rung"),
        rungs,
        format_func=lambda rung: say(f"evaluation.rung_{rung}"),
        default="instant",
        required=True,
        key=f"evaluation.rung.{words.language}",
    )
    if chosen == "instant":
        return "instant", None
    model_id = st.selectbox(
        say("evaluation.model"), list(models), format_func=models.__getitem__, key="evaluation.model"
    )
    return ("model" if chosen == "model" else None), model_id


@st.fragment(run_every=1.0)
def _progress(actor: Actor, run_id: UUID, words: Words) -> None:
    """How far a run is; the page is drawn anew when it has ended."""
    now = again(actor, Action.EVALUATE)
    run = next((run for run in portal().evaluation.list(now) if run.id == run_id), None)
    if run is None or not run.is_open:
        st.rerun(scope="app")
        return
    left, right = st.columns([5, 1], vertical_alignment="center")
    key = "evaluation.waiting" if run.state == "waiting" else "evaluation.running"
    told = words.say(key, name=escape(run.name), done=run.done, n=run.total)
    left.progress(run.done / max(1, run.total), told)
    if right.button(words.say("evaluation.stop"), icon=":material/stop:", key=f"evaluation.stop.{run_id}"):
        portal().evaluation.stop(now, run_id)
        st.rerun(scope="app")


def _table(actor: Actor, runs: list[Run], words: Words) -> None:
    """All runs with their figures."""
    say = words.say
    figures = {run.id: portal().evaluation.open(actor, run.id).figures if run.done else {} for run in runs}

    def share(run: Run, figure: str) -> str:
        return _evaluation_report.percent(figures[run.id].get(figure), words)

    st.dataframe(
        {
            say("evaluation.set"): [run.name for run in runs],
            say("evaluation.connection"): [run.connection for run in runs],
            say("evaluation.rung"): [say(f"evaluation.rung_{run.rung or 'ladder'}") for run in runs],
            say("evaluation.state"): [say(f"evaluation.state_{run.state}") for run in runs],
            say("evaluation.questions"): [f"{run.done} / {run.total}" for run in runs],
            say("evaluation.accuracy"): [share(run, "accuracy") for run in runs],
            say("evaluation.precision"): [share(run, "precision") for run in runs],
            say("evaluation.coverage"): [share(run, "coverage") for run in runs],
            say("evaluation.at"): [words.show(local(run.at)) for run in runs],
        },
        hide_index=True,
        width="stretch",
        key="evaluation.table",
    )


def _title(run: Run, words: Words) -> str:
    rung = words.say(f"evaluation.rung_{run.rung or 'ladder'}")
    return f"{run.name} · {run.connection} · {rung} · {words.show(local(run.at))}"
