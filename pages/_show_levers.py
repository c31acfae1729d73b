"""The literals of an answer's SQL as widgets, and what they stand at when they are applied."""

from datetime import date
from decimal import Decimal, InvalidOperation

import streamlit as st

from core.answering.events import Answered, Lever, LeverKind, LeverValue
from core.answering.markdown import escape
from core.answering.question import Question
from pages._show import Shown


def draw(shown: Shown, answered: Answered) -> Question | None:
    """The widgets; the question to ask once they are applied, or taken back to how they stood at first."""
    moved: dict[str, LeverValue] = {}
    columns = st.columns(min(3, len(answered.levers)))
    for number, lever in enumerate(answered.levers):
        with columns[number % len(columns)]:
            value = _lever(lever, f"ask.lever.{shown.key}.{lever.id}", shown.words.say("policies.choose"))
        if value is not None and value != lever.value:
            moved[lever.id] = value
    say = shown.words.say
    with st.container(horizontal=True):
        key = f"ask.apply.{shown.key}"
        if st.button(say("ask.apply"), icon=":material/refresh:", disabled=not moved, key=key) and moved:
            return Question(shown.card.question, of=answered.answer_id, moved=moved)
        key = f"ask.original.{shown.key}"
        if shown.card.of is not None and st.button(say("ask.original"), icon=":material/undo:", key=key):
            return Question(shown.card.question, of=answered.answer_id, original=True)
    return None


def _lever(lever: Lever, key: str, choose: str) -> LeverValue | None:
    """One widget for one literal; gives the value it stands at, None where that is no value."""
    label = escape(lever.label)
    match lever.kind:
        case LeverKind.LIST if isinstance(lever.value, tuple):
            return _listed(lever, lever.value, label, key, choose)
        case LeverKind.TEXT if lever.options:
            options = list(dict.fromkeys([str(lever.value), *lever.options]))
            return st.selectbox(label, options, key=key)
        case LeverKind.DATE:
            assert isinstance(lever.value, date)
            return st.date_input(label, lever.value, key=key)
        case LeverKind.LIMIT | LeverKind.SKIPPED:
            least = int(lever.kind is LeverKind.LIMIT)
            return st.number_input(label, min_value=least, value=int(str(lever.value)), step=1, key=key)
        case LeverKind.NUMBER:
            typed = st.text_input(label, str(lever.value), key=key)
            return lever.value if typed == str(lever.value) else _number(typed)
        case _:
            return st.text_input(label, str(lever.value), key=key)


def _listed(
    lever: Lever, value: tuple[str | int | Decimal, ...], label: str, key: str, choose: str
) -> LeverValue | None:
    """Several values to choose from; others can be typed."""
    stands = [str(item) for item in value]
    options = list(dict.fromkeys([*stands, *lever.options]))
    chosen = st.multiselect(label, options, default=stands, key=key, accept_new_options=True, placeholder=choose)
    if chosen == stands:
        return value
    if all(isinstance(item, str) for item in value):
        return tuple(map(str, chosen)) or None
    numbers = [_number(str(item)) for item in chosen]
    return tuple(number for number in numbers if number is not None) if numbers and None not in numbers else None


def _number(typed: str) -> int | Decimal | None:
    try:
        return int(typed) if typed.lstrip("-").isdigit() else Decimal(typed)
    except (InvalidOperation, ValueError):
        return None
