"""The tabs of an answer card: the rows, the SQL and its editing, how it came about, and the developer's view."""

import difflib
from collections.abc import Callable

import streamlit as st

from core.answering.markdown import escape, said
from core.connections.result import ResultTable
from core.connections.schema import Kind
from core.errors import AskwellError
from core.security.permissions import Action, may
from pages._frame import portal, show_error
from pages._show import Shown

RunSql = Callable[[str], None]


def data(shown: Shown) -> None:
    """The rows, as the database gave them, under headings in words."""
    table = shown.card.table
    if table is None or not table.rows:
        key = "rights.no_rows" if shown.card.explanation.limited else "ask.no_rows"
        st.info(shown.words.say(key), icon=":material/table_rows:")
        return
    columns = as_columns(table)
    labels = [label[:1].upper() + label[1:] for label in shown.card.chart.labels] if shown.card.chart else []
    st.dataframe(
        columns,
        hide_index=True,
        width="stretch",
        column_config=dict(zip(columns, labels, strict=True)) if len(labels) == len(columns) else None,
        key=f"ask.data.{shown.key}",
    )


def as_columns(table: ResultTable) -> dict[str, list[object]]:
    """Columns by name, each name once; what a data frame cannot hold is shown as text."""
    columns: dict[str, list[object]] = {}
    for position, column in enumerate(table.columns):
        name = column.name
        while name in columns:
            name += "\u200a"
        cells = [row[position] for row in table.rows]
        columns[name] = [_cell(cell) for cell in cells] if column.kind in (Kind.OTHER, Kind.TIME) else cells
    return columns


def _cell(cell: object) -> object:
    return cell if cell is None or isinstance(cell, str) else str(cell)


def sql(shown: Shown, run_sql: RunSql) -> None:
    """The SQL, highlighted and in words; edited in place it passes the same guard and becomes a new answer."""
    say, ran = shown.words.say, shown.card.sql
    if not ran:
        return
    st.code(ran, language="sql", wrap_lines=True)
    for phrase in shown.card.explanation.steps:
        st.markdown(f"- {said(shown.words, phrase)}")
    with st.expander(say("ask.edit_sql"), icon=":material/edit:"):
        typed = st.text_area(
            say("ask.edit_sql"),
            ran,
            height="content",
            key=f"ask.sql.{shown.key}",
            help=say("ask.edit_help"),
            label_visibility="collapsed",
        )
        if st.button(say("ask.run_sql"), icon=":material/play_arrow:", key=f"ask.run_sql.{shown.key}"):
            if typed.strip() == ran.strip():
                st.info(say("ask.same_sql"))
            else:
                run_sql(typed)
        if typed.strip() != ran.strip():
            lines = difflib.unified_diff(ran.splitlines(), typed.splitlines(), lineterm="", n=1)
            st.code("\n".join(list(lines)[2:]), language="diff", wrap_lines=True)
    _verify(shown)


def _verify(shown: Shown) -> None:
    """Vouch for this question and SQL: from then on it answers without an engine or a model."""
    say, card = shown.words.say, shown.card
    if not may(shown.actor, Action.VERIFY) or shown.connection_id is None or card.answered is None:
        return
    if st.button(say("ask.verify"), icon=":material/verified:", key=f"ask.verify.{shown.key}"):
        text = card.understood.text if card.understood else card.question
        try:
            portal().knowledge.verify(shown.actor, shown.connection_id, text, card.sql)
        except AskwellError as error:
            show_error(error, shown.words)
        else:
            st.toast(say("ask.verified"), icon=":material/verified:")


def how(shown: Shown, leave_out: Callable[[str], None]) -> None:
    """What each word was taken for, the steps, the tables, and why the answer is as sure as it is."""
    say, card = shown.words.say, shown.card
    if card.understood and card.understood.rewritten:
        read_as = say("ask.rewritten", question=escape(card.understood.text, 400))
        st.markdown(f":material/subdirectory_arrow_right: {read_as}")
    if card.sql:
        _heading(say("ask.steps"))
        for phrase in card.explanation.steps:
            st.markdown(f"- {said(shown.words, phrase)}")
        if card.explanation.words:
            _heading(say("ask.words_taken"))
            with st.container(horizontal=True, gap="small"):
                for word, meaning in card.explanation.words:
                    st.badge(f"{escape(word)} → {escape(meaning)}", color="gray")
        if card.explanation.terms:
            _heading(say("ask.terms_used"))
            for number, (term, means) in enumerate(card.explanation.terms):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f"**{escape(term)}** — {said(shown.words, means)}")
                    if st.button(
                        say("ask.without_term"), icon=":material/close:", type="tertiary",
                        key=f"ask.without.{shown.key}.{number}",
                    ):  # fmt: skip
                        leave_out(term)
        if card.explanation.limits:
            _heading(say("ask.rights"))
            for limit in card.explanation.limits:
                st.markdown(f"- {said(shown.words, limit)}")
        _heading(say("ask.tables_used"))
        st.markdown(", ".join(f"**{escape(table)}**" for table in card.explanation.tables))
    if card.answered:
        _heading(say("ask.why_sure"))
        for reason in card.answered.evidence.reasons:
            st.markdown(f"- {said(shown.words, reason)}")


def _heading(text: str) -> None:
    st.caption(f"**{text}**")


def diagnostics(shown: Shown) -> None:
    """Each try, tokens, cost, and the seconds of each step."""
    say, answered, usage = shown.words.say, shown.card.answered, shown.card.usage
    for attempt in shown.card.tried:
        st.code(attempt.sql, language="sql", wrap_lines=True)
        st.text(attempt.reason)
    st.caption(say("ask.tokens", prompt=usage.prompt_tokens, completion=usage.completion_tokens))
    if answered is None:
        return
    st.dataframe(
        {
            say("ask.step"): [say(f"ask.timing_{name}") for name, _ in answered.timings],
            say("ask.seconds"): [round(seconds, 4) for _, seconds in answered.timings],
        },
        hide_index=True,
        width="content",
        key=f"ask.timings.{shown.key}",
    )
    st.caption(f"{answered.answer_id} · {answered.rung} · {answered.evidence.confidence:.2f}")
