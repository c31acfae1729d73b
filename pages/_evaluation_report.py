"""One evaluation run: its figures, how sure it was, the questions that failed, and another run beside it."""

import streamlit as st

from core.answering.markdown import escape
from core.connections.result import ResultTable
from core.evaluation.runs import Flips, Report
from core.evaluation.runs_kept import Question, Run
from core.i18n import Words
from core.security.permissions import Actor
from pages._confirm import confirmed, do
from pages._frame import portal
from pages._show_tabs import as_columns


def percent(share: object, words: Words) -> str:
    """A share as people read it; a dash where there is none."""
    return (
        words.say("evaluation.percent", share=round(float(share) * 100, 1)) if isinstance(share, int | float) else "–"
    )


def report(actor: Actor, run: Run, runs: list[Run], words: Words) -> None:
    """Everything about one run."""
    say, told = words.say, portal().evaluation.open(actor, run.id)
    if run.error:
        st.error(say("evaluation.failed", reason=say(run.error)), icon=":material/error:")
    if not told.questions:
        st.info(say("evaluation.nothing_yet"), icon=":material/hourglass_empty:")
    else:
        _figures(told, words)
        tabs = st.tabs([say("evaluation.failures"), say("evaluation.calibration"), say("evaluation.compare")])
        with tabs[0]:
            _failures(actor, told, words)
        with tabs[1]:
            _calibration(told, words)
        with tabs[2]:
            _comparison(actor, run, runs, words)
    name = escape(run.name)
    if confirmed(
        say("evaluation.remove"), say("evaluation.remove_ask", name=name), f"evaluation.remove.{run.id}", words
    ):
        done = say("evaluation.removed", name=name)
        do(lambda: portal().evaluation.remove(actor, run.id), done, words)


def _figures(told: Report, words: Words) -> None:
    say, figures, more = words.say, told.figures, told.more
    low, high = figures["wilson"] if isinstance(figures["wilson"], list) else (0.0, 1.0)
    interval = say("evaluation.interval", low=percent(low, words), high=percent(high, words))
    shown = [
        ("accuracy", percent(figures["accuracy"], words), interval),
        (
            "precision",
            percent(figures["precision"], words),
            say("evaluation.of_answered", n=int(str(figures["answered"]))),
        ),
        ("coverage", percent(figures["coverage"], words), say("evaluation.of_asked", n=int(str(figures["questions"])))),
        ("seconds", f"{figures['seconds_p50']:.2f} / {figures['seconds_p95']:.2f}", say("evaluation.p50_p95")),
        ("calibration_error", percent(told.calibration_error, words), say("evaluation.calibration_help")),
    ]
    if "refusal_recall" in more:
        shown.append(("refusal_recall", percent(more["refusal_recall"], words), say("evaluation.refusal_help")))
    if "table_recall" in more:
        shown.append(("table_recall", percent(more["table_recall"], words), say("evaluation.recall_help")))
    with st.container(horizontal=True):
        for name, value, help_text in shown:
            st.metric(say(f"evaluation.{name}"), value, help=help_text, border=True)
    st.caption(interval)


def _failures(actor: Actor, told: Report, words: Words) -> None:
    """Every question that was not answered right, the wrong answers first; one of them side by side."""
    say = words.say
    failed = [question for question in told.questions if question.failed]
    if not failed:
        st.success(say("evaluation.none_failed"), icon=":material/check_circle:")
        return
    failed.sort(key=lambda question: question.examined.result.outcome != "answered")
    by_id = {question.id: question for question in failed}

    def title(name: str) -> str:
        outcome = say(f"evaluation.outcome_{by_id[name].examined.result.outcome}")
        return f"{outcome} · {by_id[name].text}"

    st.caption(say("evaluation.failed_count", n=len(failed)))
    chosen = st.selectbox(
        say("evaluation.choose_question"),
        list(by_id),
        index=None,
        format_func=title,
        placeholder=say("policies.choose"),
        key=f"evaluation.question.{told.run.id}",
    )
    if chosen is not None:
        _side_by_side(actor, told.run, chosen, words)


def _side_by_side(actor: Actor, run: Run, exercise: str, words: Words) -> None:
    say = words.say
    with st.spinner(say("evaluation.running_both")):
        both = portal().evaluation.side_by_side(actor, run.id, exercise)
    result, told = both.question.examined.result, both.question.examined
    st.markdown(f"**{escape(both.question.text)}**")
    if told.gold_error:
        st.warning(say("evaluation.gold_error"), icon=":material/warning:")
        st.code(told.gold_error, language=None, wrap_lines=True)
    if result.confidence is not None:
        st.caption(say("evaluation.was_sure", share=percent(result.confidence, words)))
    left, right = st.columns(2, gap="medium")
    with left:
        _half(say("evaluation.expected"), both.gold_sql, both.gold, "gold", words)
    with right:
        _half(say("evaluation.given"), result.predicted_sql or "", both.predicted, "given", words)


def _half(title: str, sql: str, rows: ResultTable | str, key: str, words: Words) -> None:
    st.markdown(f"**{title}**")
    if not sql:
        st.caption(words.say("evaluation.no_sql"))
        return
    st.code(sql, language="sql", wrap_lines=True)
    if isinstance(rows, str):
        st.code(rows, language=None, wrap_lines=True)
        return
    st.caption(words.say("evaluation.rows_cut" if rows.truncated else "evaluation.rows", n=len(rows.rows)))
    st.dataframe(as_columns(rows), hide_index=True, width="stretch", height=300, key=f"evaluation.rows.{key}")


def _calibration(told: Report, words: Words) -> None:
    """Of answers that were about as sure: how many were right."""
    say = words.say
    if not told.calibration:
        st.info(say("evaluation.no_answers"), icon=":material/info:")
        return
    st.caption(say("evaluation.calibration_lead"))
    st.dataframe(
        {
            say("evaluation.sure_from"): [f"{one.low * 100:.0f} – {one.high * 100:.0f} %" for one in told.calibration],
            say("evaluation.answers"): [one.count for one in told.calibration],
            say("evaluation.sure_mean"): [percent(one.sure, words) for one in told.calibration],
            say("evaluation.right"): [percent(one.right, words) for one in told.calibration],
            say("evaluation.between"): [
                " – ".join(percent(end, words) for end in one.interval) for one in told.calibration
            ],
        },
        hide_index=True,
        width="stretch",
        key="evaluation.calibration_table",
    )


def _comparison(actor: Actor, run: Run, runs: list[Run], words: Words) -> None:
    """Another run on the same questions: what it lost and won, and whether that is more than chance."""
    say = words.say
    others = {other.id: other for other in runs if other.id != run.id and other.connection_id == run.connection_id}
    if not others:
        st.info(say("evaluation.no_other"), icon=":material/compare_arrows:")
        return

    def title(other_id: object) -> str:
        other = others[other_id]  # type: ignore[index]
        rung = say(f"evaluation.rung_{other.rung or 'ladder'}")
        return f"{other.name} · {rung} · {words.show(other.at)}"

    chosen = st.selectbox(
        say("evaluation.compare_with"),
        list(others),
        index=None,
        format_func=title,
        placeholder=say("policies.choose"),
        key=f"evaluation.other.{run.id}",
    )
    if chosen is not None:
        _flips(portal().evaluation.compare(actor, chosen, run.id), words)


def _flips(flips: Flips, words: Words) -> None:
    say, test = words.say, flips.comparison
    if not flips.shared:
        st.info(say("evaluation.none_shared"), icon=":material/compare_arrows:")
        return
    p_value = f"{test.p_value:.4f}"
    st.markdown(
        say("evaluation.flips", shared=flips.shared, won=test.only_second, lost=test.only_first, p=p_value)
        + " "
        + say("evaluation.significant" if test.p_value < 0.05 else "evaluation.by_chance")
    )
    for name, pairs in (("lost", flips.lost), ("won", flips.won)):
        if pairs:
            st.markdown(f"**{say(f'evaluation.{name}')}**")
            _pairs(pairs, name, words)


def _pairs(pairs: tuple[tuple[Question, Question], ...], name: str, words: Words) -> None:
    say = words.say
    st.dataframe(
        {
            say("evaluation.question"): [before.text for before, _ in pairs],
            say("evaluation.sql_before"): [before.examined.result.predicted_sql or "" for before, _ in pairs],
            say("evaluation.sql_after"): [after.examined.result.predicted_sql or "" for _, after in pairs],
        },
        hide_index=True,
        width="stretch",
        key=f"evaluation.flips.{name}",
    )
