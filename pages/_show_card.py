"""The answer card as a whole: sentence, badges, chart, levers, tabs, and what can be done with it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from uuid import UUID

import streamlit as st

from core import charts
from core.answering.events import Answered, Failed, NeedsDetail
from core.answering.markdown import escape, said
from core.answering.question import Question
from core.charts import ChartKind
from core.errors import AskwellError
from core.grounding.inquiry import language_of
from core.i18n import Words
from pages import _show, _show_choices, _show_levers, _show_sent, _show_tabs
from pages._frame import portal, session_token, show_error
from pages._show import Shown

REASONS = ("numbers", "misunderstood", "incomplete", "chart", "other")
Start = Callable[[Question], None]


def draw(shown: Shown, start: Start) -> None:
    """One question with its answer; `start` is what the page does with a next question."""
    _show.question(shown.card.question)
    with st.chat_message("assistant", avatar=":material/auto_awesome:"):
        answered = shown.card.answered
        if answered is None:
            _show.ending(shown)
            if shown.card.usage.calls:
                with st.expander(shown.words.say("privacy.sent_tab"), icon=":material/outbox:"):
                    _show_sent.sent(shown)
            _ways_on(shown, start)
            _retry(shown, start)
            return
        _show.status(shown, answered)
        st.markdown(answered.summary)
        _show.limits(shown)
        _show.badges(shown, answered)
        for finding in answered.findings:
            st.markdown(f"- {said(shown.words, finding)}")
        _fixes(shown, answered, start)
        _chart(shown)
        _levers(shown, answered, start)
        _tabs(shown, start)
        _foot(shown, answered, start)
        if shown.newest:
            _ways_on(shown, start)


def next_one(shown: Shown, text: str) -> Question:
    """A next question, on the connection of this card."""
    return Question(text, shown.connection_id, shown.conversation_id)


def again(shown: Shown, sql: str) -> Question:
    """This question once more with the SQL that a person gives."""
    return Question(shown.card.question, shown.connection_id, shown.conversation_id, sql=sql)


def without(shown: Shown, term: str) -> Question:
    """This question once more, where the word does not mean what the business means by it."""
    return replace(next_one(shown, shown.card.question), without=frozenset({term}))


def _chart(shown: Shown) -> None:
    """The chart chosen by the rows, and the others that suit them."""
    chart, table = shown.card.chart, shown.card.table
    if chart is None or table is None or not table.rows:
        return
    specs = [spec for spec in (chart.chosen, *chart.alternatives) if spec.kind is not ChartKind.TABLE]
    if not specs:
        _show_tabs.data(shown)
        return
    chosen = specs[0]
    if len(specs) > 1:
        positions = range(len(specs))
        picked = st.segmented_control(
            shown.words.say("ask.chart"),
            positions,
            default=0,
            format_func=lambda position: shown.words.say(f"charts.{specs[position].kind}"),
            key=f"ask.chart_kind.{shown.key}",
            label_visibility="collapsed",
            required=True,
        )
        chosen = specs[picked or 0]
    try:
        labels = chart.labels or None
        dark = st.context.theme.type == "dark"
        words = Words(language_of(shown.card.question))  # the labels are in the question's language
        figure = charts.draw(chosen, table, labels=labels, language=words.language, dark=dark)
        said = charts.describe(chosen, table, words, labels)
    except AskwellError as error:
        show_error(error, shown.words)
        return
    key = f"ask.chart.{shown.key}"
    st.plotly_chart(figure, width="stretch", config=charts.PLOT_CONFIG, key=key, theme=None, alt=said)


def _fixes(shown: Shown, answered: Answered, start: Start) -> None:
    if not answered.fixes:
        return
    st.caption(shown.words.say("ask.fix"))
    for number, fix in enumerate(answered.fixes):
        if st.button(escape(fix.label), icon=":material/build:", key=f"ask.fix.{shown.key}.{number}"):
            start(again(shown, fix.sql))


def _levers(shown: Shown, answered: Answered, start: Start) -> None:
    """Literals of the SQL as widgets: moving one runs the changed SQL through the same guard, with no model."""
    if not answered.levers:
        return
    with st.expander(shown.words.say("ask.levers"), icon=":material/tune:"):
        wanted = _show_levers.draw(shown, answered)
        if wanted is not None:
            start(wanted)


def _tabs(shown: Shown, start: Start) -> None:
    say = shown.words.say
    names = ["ask.tab_data", "ask.tab_sql", "ask.tab_how", "privacy.sent_tab"]
    tabs = st.tabs(list(map(say, ["ask.tab_answer", *names, *(["ask.tab_diagnostics"] if shown.developer else [])])))
    with tabs[0]:
        _exports(shown)
    with tabs[1]:
        _show_tabs.data(shown)
    with tabs[2]:
        _show_tabs.sql(shown, lambda sql: start(again(shown, sql)))
    with tabs[3]:
        _show_choices.chips(shown, start)
        _show_tabs.how(shown, lambda term: start(without(shown, term)))
    with tabs[4]:
        _show_sent.sent(shown)
    if shown.developer:
        with tabs[5]:
            _show_tabs.diagnostics(shown)


def _exports(shown: Shown) -> None:
    """CSV and Excel, made when they are asked for."""
    answer_id, table = shown.answer_id, shown.card.table
    if answer_id is None or table is None or not table.rows:
        return
    with st.container(horizontal=True):
        for form, mime, icon in (
            ("csv", "text/csv", ":material/csv:"),
            ("excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ":material/table_view:"),
        ):
            st.download_button(
                shown.words.say(f"ask.{form}"),
                data=partial(_export, session_token(), answer_id, form),
                file_name=f"askwell-{answer_id.hex[:8]}.{'csv' if form == 'csv' else 'xlsx'}",
                mime=mime,
                icon=icon,
                type="tertiary",
                on_click="ignore",
                key=f"ask.{form}.{shown.key}",
            )


def _export(token: str, answer_id: UUID, form: str) -> bytes:
    """The file, for whoever this session belongs to at the moment of the click."""
    return portal().answers.export(portal().people.identify(token), answer_id, form)


def _foot(shown: Shown, answered: Answered, start: Start) -> None:
    """A thumb, and the query once more."""
    say = shown.words.say
    with st.container(horizontal=True, vertical_alignment="center"):
        if shown.thumb is not None:
            st.session_state.setdefault(f"ask.thumb.{shown.key}", shown.thumb)
        thumb = st.feedback("thumbs", key=f"ask.thumb.{shown.key}")
        if shown.card.sql and st.button(
            say("ask.again"), icon=":material/refresh:", type="tertiary", key=f"ask.again.{shown.key}"
        ):
            start(again(shown, shown.card.sql))
    if thumb is not None and thumb != shown.thumb and st.session_state.get(f"ask.rated.{shown.key}") != thumb:
        portal().answers.rate(shown.actor, answered.answer_id, thumb, "", "")
        st.session_state[f"ask.rated.{shown.key}"] = thumb
        st.toast(say("ask.rate_thanks"))
    if thumb == 0 and st.session_state.get(f"ask.rated.{shown.key}") == 0:
        _complaint(shown, answered)


def _complaint(shown: Shown, answered: Answered) -> None:
    """What was wrong, after a thumb down."""
    say = shown.words.say
    with st.form(f"ask.complaint.{shown.key}"):
        reason = st.pills(say("ask.rate_why"), REASONS, format_func=lambda name: say(f"ask.rate_{name}"))
        comment = st.text_input(say("ask.rate_comment"), max_chars=1000)
        if st.form_submit_button(say("ask.rate_send")):
            portal().answers.rate(shown.actor, answered.answer_id, 0, reason or "", comment)
            st.session_state[f"ask.rated.{shown.key}"] = "told"
            st.toast(say("ask.rate_thanks"))
            st.rerun()


def _ways_on(shown: Shown, start: Start) -> None:
    """Choices, closest questions or follow-ups, as buttons."""
    if isinstance(shown.card.ending, NeedsDetail):
        _show_choices.ask_back(shown, shown.card.ending, start)
        return
    ways = _show.ways_on(shown.card)
    if not ways:
        return
    with st.container(horizontal=True):
        for number, (label, text) in enumerate(ways):
            if st.button(label, key=f"ask.next.{shown.key}.{number}", icon=":material/arrow_forward:"):
                start(next_one(shown, text))


def _retry(shown: Shown, start: Start) -> None:
    ended = shown.card.ending
    if (
        isinstance(ended, Failed)
        and ended.retry
        and st.button(
            shown.words.say("ask.retry"), icon=":material/refresh:", type="primary", key=f"ask.retry.{shown.key}"
        )
    ):
        sql = shown.card.sql
        start(again(shown, sql) if sql else next_one(shown, shown.card.question))
