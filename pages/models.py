"""Language models: which there are, what they cost, which is asked first, and whether they answer."""

import streamlit as st

from core.answering.markdown import escape
from core.errors import AskwellError
from core.models.book import ModelInfo
from core.models.budgets import Spend
from core.models.providers import PROVIDERS
from core.security.permissions import Action, may
from pages import _evaluation, _model_form
from pages._frame import again, enter, portal, show_error

actor, words = enter(Action.SEE_MODELS)
say = words.say
may_change = may(actor, Action.CHANGE_MODELS)
FORM, DONE, REPORT = "models.form", "models.done", "models.report"


def price(model: ModelInfo) -> str:
    """What a million tokens cost, in and out."""
    if PROVIDERS[model.provider].free:
        return say("models.free")
    if model.prompt_price is None or model.completion_price is None:
        return say("models.price_unknown")
    key = "models.price_given" if model.prices_given else "models.price_known"
    return say(key, prompt=model.prompt_price.normalize(), completion=model.completion_price.normalize())


def act(model: ModelInfo, what: str, done: str) -> None:
    """Carry out a change and draw the page anew; a failure is said in place."""
    try:
        getattr(portal().models, what)(actor, model.id)
    except AskwellError as error:
        show_error(error, words)
    else:
        st.session_state[DONE] = say(done, name=escape(model.name))
        st.rerun()


@st.dialog(say("models.remove_title"))
def confirm_removal(model: ModelInfo) -> None:
    """The key goes with the model, so it is asked about."""
    again(actor, Action.CHANGE_MODELS)
    st.write(say("models.remove_ask", name=escape(model.name)))
    if st.button(say("models.remove"), type="primary", icon=":material/delete:", key="models.remove_yes"):
        act(model, "remove", "models.removed")


def test(model: ModelInfo) -> None:
    """One real, tiny call."""
    with st.spinner(say("models.testing", name=escape(model.name))):
        st.session_state[REPORT] = (model.id, portal().models.test(actor, model.id))


def entry(model: ModelInfo) -> None:
    """One model with what can be done with it."""
    with st.container(border=True):
        left, right = st.columns([3, 4], vertical_alignment="center")
        with left:
            default = f" :green-badge[{say('models.default')}]" if model.is_default else ""
            st.markdown(f":material/neurology: {_model_form.safe(model.name)}{default}")
            st.caption(f"{PROVIDERS[model.provider].label} · {_model_form.safe(model.model)} · {escape(price(model))}")
        if may_change:
            with right, st.container(horizontal=True, horizontal_alignment="right"):
                if st.button(say("models.test"), icon=":material/network_check:", key=f"models.test.{model.id}"):
                    test(model)
                if not model.is_default and st.button(say("models.make_default"), key=f"models.default.{model.id}"):
                    act(model, "make_default", "models.now_default")
                if st.button(say("models.change"), icon=":material/edit:", key=f"models.edit.{model.id}"):
                    st.session_state[FORM] = model.id
                    st.rerun()
                if st.button(say("models.remove"), icon=":material/delete:", key=f"models.remove.{model.id}"):
                    confirm_removal(model)
        tested, report = st.session_state.get(REPORT, (None, None))
        if tested == model.id and report is not None:
            _model_form.show_report(report, words)


def presets() -> None:
    """A button for each provider."""
    st.subheader(say("models.add"))
    st.caption(say("models.add_help"))
    with st.container(horizontal=True):
        for name, provider in PROVIDERS.items():
            if st.button(provider.label, icon=":material/add:", key=f"models.preset.{name}"):
                st.session_state[FORM] = name
                st.rerun()


def cost(row: Spend) -> str:
    """What is known of it in US dollars; "+" where some calls have no price."""
    if row.unpriced == row.calls:
        return say("models.price_unknown")
    return f"${row.cost:.4f}" + ("+" if row.unpriced else "")


def spending() -> None:
    """What was used in the last thirty days."""
    rows = portal().models.spend(actor)
    st.subheader(say("models.spend"))
    if not rows:
        st.caption(say("models.spend_empty"))
        return
    st.dataframe(
        {
            say("models.person"): [row.person for row in rows],
            say("models.model"): [row.model for row in rows],
            say("models.calls"): [row.calls for row in rows],
            say("models.prompt_tokens"): [row.prompt_tokens for row in rows],
            say("models.completion_tokens"): [row.completion_tokens for row in rows],
            say("models.cost"): [cost(row) for row in rows],
        },
        hide_index=True,
        width="stretch",
        key="models.spend_table",
    )


st.title(say("shell.models"))
st.write(say("models.lead"))
if done := st.session_state.pop(DONE, None):
    st.success(done, icon=":material/check_circle:")
models = portal().models.list(actor)
opened = st.session_state.get(FORM)
if may_change and opened is not None:
    edited = next((model for model in models if model.id == opened), None)
    if edited is not None or opened in PROVIDERS:
        if _model_form.form(actor, edited, edited.provider if edited else opened, words):
            st.session_state.pop(FORM, None)
            st.rerun()
        st.stop()
if not models:
    st.info(say("models.empty"), icon=":material/neurology:")
for model in models:
    entry(model)
if may_change:
    presets()
spending()
if may(actor, Action.EVALUATE):
    _evaluation.evaluation(actor, words)
