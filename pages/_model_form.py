"""Setting a model up: from a preset, tested before it is kept."""

from decimal import Decimal

import streamlit as st

from core.answering.markdown import bold, escape, said
from core.errors import AskwellError
from core.i18n import Words
from core.models.book import ModelInfo, NewModel, Report
from core.models.providers import PROVIDERS
from core.security.permissions import Actor
from pages._frame import portal, show_error

safe = bold


def show_report(report: Report, words: Words) -> None:
    """How a test went, in one sentence; the technical text folded."""
    text = said(words, report.message)
    if report.ok:
        st.success(text, icon=":material/check_circle:")
        return
    st.error(text, icon=":material/error:")
    if report.detail:
        with st.expander(words.say("shell.technical")):
            st.code(report.detail, language=None, wrap_lines=True)


def form(actor: Actor, model: ModelInfo | None, provider: str, words: Words) -> bool:
    """The form for a new or changed model; True when it is done with, kept or given up."""
    say = words.say
    new = _fields(model, provider, words)
    with st.container(horizontal=True):
        save = st.button(say("models.save"), type="primary", icon=":material/save:", key="models.form_save")
        test = st.button(say("models.test"), icon=":material/network_check:", key="models.form_test")
        if st.button(say("models.cancel"), key="models.form_cancel"):
            return True
    try:
        if test:
            with st.spinner(say("models.testing", name=escape(new.model))):
                show_report(portal().models.test(actor, new, model.id if model else None), words)
        if save:
            kept = portal().models.connect(actor, new, model.id if model else None)
            st.session_state["models.done"] = say("models.saved", name=escape(kept.name))
            return True
    except AskwellError as error:
        show_error(error, words)
    return False


def _fields(model: ModelInfo | None, provider: str, words: Words) -> NewModel:
    say, row = words.say, PROVIDERS[provider]
    place = f"models.form.{model.id if model else provider}"
    st.subheader(say("models.form_change" if model else "models.form_new", provider=row.label))
    chosen = st.selectbox(
        say("models.model"),
        list(dict.fromkeys([*([model.model] if model else []), *row.suggestions])),
        index=0 if model or row.suggestions else None,
        accept_new_options=True,
        placeholder=say("models.model_help"),
        key=f"{place}.model",
    )
    base_url = st.text_input(
        say("models.address"),
        model.base_url if model else row.base_url,
        key=f"{place}.address",
        help=say("models.address_help"),
    )
    key = st.text_input(
        say("models.key") if row.needs_key else say("models.key_optional"),
        type="password",
        key=f"{place}.key",
        placeholder=say("models.key_kept") if model and model.has_key else "",
        help=say("models.key_help"),
    )
    name = st.text_input(
        say("models.name"), model.name if model else "", key=f"{place}.name", help=say("models.name_help")
    )
    left, right = st.columns(2)
    given = model if model and model.prices_given else None
    prompt = left.number_input(
        say("models.prompt_price"),
        min_value=0.0,
        value=_number(given.prompt_price if given else None),
        key=f"{place}.prompt_price",
        placeholder=say("models.price_help"),
    )
    completion = right.number_input(
        say("models.completion_price"),
        min_value=0.0,
        value=_number(given.completion_price if given else None),
        key=f"{place}.completion_price",
        placeholder=say("models.price_help"),
    )
    return NewModel(name, provider, base_url, chosen or "", key or None, prompt, completion)


def _number(price: Decimal | None) -> float | None:
    return None if price is None else float(price)
