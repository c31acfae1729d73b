"""Adding or changing a connection: fields of its kind, a test before it is kept, and who may ask it; or an upload."""

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.answering.markdown import escape, said
from core.connections.addresses import NewConnection
from core.connections.engines import ENGINES, Engine
from core.connections.registry import ConnectionInfo, Report
from core.errors import AskwellError
from core.i18n import Phrase, Words
from core.security.permissions import Action, Actor, may
from pages import _connection_functions, _connection_login
from pages._frame import portal, show_error

DONE = "connections.done"
FILES = ["csv", "tsv", "txt", "xlsx", "xls", "xlsb", "ods", "parquet"]


def form(actor: Actor, info: ConnectionInfo | None, words: Words) -> bool:
    """The form of one connection; True when it is done with, kept or given up."""
    say = words.say
    st.subheader(say("connections.form_change" if info else "connections.form_new"))
    given = info.given if info and info.given else NewConnection("", "postgresql")
    new = _name_only(given, words) if info and info.uploaded else _fields(given, info, words)
    functions = _connection_functions.field(actor, info, words)
    everyone, people = _sharing(actor, info, words)
    flag = f"connections.too_much.{info.id if info else 'new'}"
    slot = st.container()
    accepts = bool(st.session_state.get(flag)) and _accepting(slot, flag, words)
    new = replace(new, accepts_powers=accepts)
    with st.container(horizontal=True):
        save = st.button(say("connections.save"), type="primary", icon=":material/save:", key="connections.save")
        test = st.button(say("connections.test"), icon=":material/network_check:", key="connections.test")
        if st.button(say("connections.cancel"), key="connections.cancel"):
            return True
    try:
        if test:
            with st.spinner(say("connections.testing")):
                report = portal().connections.test(actor, new, info.id if info else None)
            _report(report, words)
            _ask_to_accept(slot, flag, report.too_much, words)
        if save:
            with st.spinner(say("connections.saving")):
                kept = _keep(actor, info, new)
                portal().connections.share(actor, kept.id, everyone, people)
                if functions is not None:
                    portal().functions.allow(actor, kept.id, functions)
            st.session_state[DONE] = say("connections.saved", name=escape(kept.name))
            return True
    except AskwellError as error:
        show_error(error, words)
        _ask_to_accept(slot, flag, error.values.get("problem") == Phrase("powers.too_powerful"), words)
    return False


def _ask_to_accept(slot: DeltaGenerator, flag: str, too_much: bool, words: Words) -> None:
    """Show the box to tick as soon as it is needed; it stays until another sign-in turns out not to need it."""
    if too_much and not st.session_state.get(flag):
        _accepting(slot, flag, words)
    if too_much:
        st.session_state[flag] = True


def _accepting(slot: DeltaGenerator, flag: str, words: Words) -> bool:
    return slot.checkbox(words.say("login.accept"), key=f"{flag}.accept")


def _keep(actor: Actor, info: ConnectionInfo | None, new: NewConnection) -> ConnectionInfo:
    if info is None:
        return portal().connections.add(actor, new)
    return portal().connections.change(actor, info.id, new)


def _name_only(given: NewConnection, words: Words) -> NewConnection:
    name = st.text_input(words.say("connections.name"), given.name, max_chars=80, key="connections.name")
    return replace(given, name=name)


def _fields(given: NewConnection, info: ConnectionInfo | None, words: Words) -> NewConnection:
    """The fields of the chosen kind of database."""
    say, place = words.say, f"connections.{info.id if info else 'new'}"
    kinds = list(ENGINES)
    kind = st.segmented_control(
        say("connections.kind"),
        kinds,
        default=given.kind,
        format_func=lambda name: ENGINES[name].label,
        key=f"{place}.kind",
        required=True,
    )
    engine = ENGINES[kind or given.kind]
    name = st.text_input(say("connections.name"), given.name, max_chars=80, key=f"{place}.name")
    if engine.is_file:
        file = st.text_input(
            say("connections.file"),
            given.file,
            key=f"{place}.file",
            help=say("connections.file_help"),
            placeholder="/srv/data/shop.sqlite",
        )
        return NewConnection(name, engine.kind, file=file)
    return _server_fields(engine, replace(given, name=name), info, words, place)


def _server_fields(
    engine: Engine, given: NewConnection, info: ConnectionInfo | None, words: Words, place: str
) -> NewConnection:
    say = words.say
    left, right = st.columns([4, 1])
    host = left.text_input(say("connections.host"), given.host, key=f"{place}.host", placeholder="db.example.com")
    port = right.number_input(
        say("connections.port"), 1, 65535, given.port or engine.default_port, key=f"{place}.port.{engine.kind}"
    )
    database = st.text_input(say("connections.database"), given.database, key=f"{place}.database")
    left, right = st.columns(2)
    user = left.text_input(say("connections.user"), given.user, key=f"{place}.user", help=say("connections.user_help"))
    password = right.text_input(
        say("connections.password"),
        type="password",
        key=f"{place}.password",
        placeholder=say("connections.password_kept") if info else "",
    )
    options: dict[str, str] = {}
    with st.expander(say("connections.more")):
        for option, values in engine.options.items():
            chosen = given.options.get(option, values[0])
            options[option] = (
                st.selectbox(option, values, index=values.index(chosen), key=f"{place}.{option}") or chosen
            )
    with st.expander(say("login.make"), icon=":material/key:"):
        encrypted = options.get("sslmode") in ("require", "verify-full")
        _connection_login.script(engine.kind, database, words, f"{place}.make.{engine.kind}", encrypted=encrypted)
    return NewConnection(given.name, engine.kind, host, port, database, user, password, options=options)


def _sharing(actor: Actor, info: ConnectionInfo | None, words: Words) -> tuple[bool, list[Any]]:
    """Everyone, or those named; only administrators see the list of people."""
    say = words.say
    everyone = st.toggle(say("connections.share_everyone"), info.shared if info else True, key="connections.everyone")
    if everyone or not may(actor, Action.SEE_PEOPLE):
        return everyone, list(info.people) if info else []
    names = {person.id: person.name for person in portal().people.list(actor)}
    chosen = st.multiselect(
        say("connections.share_with"),
        list(names),
        default=[p for p in (info.people if info else ()) if p in names],
        format_func=names.__getitem__,
        placeholder=say("policies.choose"),
        key="connections.people",
    )
    return False, chosen


def _report(report: Report, words: Words) -> None:
    """How a test went, with warnings about a sign-in that may do more than read."""
    if report.ok:
        st.success(said(words, report.message), icon=":material/check_circle:")
    else:
        st.error(said(words, report.message), icon=":material/error:")
    if report.warnings:
        _connection_login.powers(report, words)
    if report.detail:
        with st.expander(words.say("shell.technical")):
            st.code(report.detail, language=None, wrap_lines=True)


def upload(actor: Actor, words: Words) -> bool:
    """A file as a connection of its own; True when it is there."""
    say = words.say
    file = st.file_uploader(say("connections.file_choose"), FILES, key="connections.upload_file")
    # A key for each file, so that a new file brings its own name into the field.
    name = st.text_input(
        say("connections.name"),
        PurePath(file.name).stem if file else "",
        max_chars=80,
        key=f"connections.upload_name.{file.file_id if file else ''}",
    )
    shared = st.toggle(say("connections.share_everyone"), False, key="connections.upload_shared")
    if not st.button(say("connections.upload_do"), type="primary", disabled=file is None, key="connections.upload_do"):
        return False
    if file is None:
        return False
    try:
        with st.spinner(say("connections.uploading")):
            info = portal().connections.upload(actor, name, file.name, file)
            if shared:
                portal().connections.share(actor, info.id, True)
    except AskwellError as error:
        show_error(error, words)
        return False
    st.session_state[DONE] = say("connections.uploaded", name=escape(info.name), n=info.tables)
    return True
