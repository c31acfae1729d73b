"""The sign-in of a connection: what it could still do, and a script that makes one which can only read."""

from collections.abc import Sequence

import streamlit as st

from core.answering.markdown import escape
from core.connections.engines import ENGINES
from core.connections.grants import DEFAULT_LOGIN, LoginWish, grant_script
from core.connections.registry import ConnectionInfo, Report
from core.connections.schema import Schema
from core.errors import AskwellError
from core.i18n import Words
from core.security.permissions import Action, Actor, may
from pages._frame import portal, show_error


def login(actor: Actor, info: ConnectionInfo, schema: Schema, words: Words) -> None:
    """What the stored sign-in may do, on demand, and the script for a better one."""
    say = words.say
    st.caption(say("login.about"))
    if st.button(say("login.check"), icon=":material/shield:", key=f"login.check.{info.id}"):
        _check(actor, info, words)
    if info.given is None:
        return
    tables = [(table.namespace, table.name) for table in schema.tables]
    with st.container(border=True):
        st.markdown(f"**{say('login.make')}**")
        encrypted = info.given.options.get("sslmode") in ("require", "verify-full")
        script(info.kind, info.given.database, words, f"login.{info.id}", tables, encrypted)


def _check(actor: Actor, info: ConnectionInfo, words: Words) -> None:
    if info.given is None or not may(actor, Action.CHANGE_CONNECTION):
        return
    try:
        with st.spinner(words.say("login.checking")):
            report = portal().connections.test(actor, info.given, info.id)
    except AskwellError as error:
        show_error(error, words)
        return
    if not report.ok:
        st.error(words.show(report.message), icon=":material/error:")
    elif not report.warnings:
        st.success(words.say("login.only_reads"), icon=":material/verified_user:")
    else:
        powers(report, words)


def powers(report: Report, words: Words) -> None:
    """What the sign-in may do beside reading, one sentence each; loud where that is far too much."""
    text = "\n".join(f"- {escape(words.show(warning))}" for warning in report.warnings)
    show = st.error if report.too_much else st.warning
    show(
        f"{words.say('login.besides')}\n\n{text}", icon=":material/gpp_bad:" if report.too_much else ":material/shield:"
    )


def script(
    kind: str,
    database: str,
    words: Words,
    place: str,
    tables: Sequence[tuple[str, str]] = (),
    encrypted: bool = False,
) -> None:
    """The script for this database, with a button to copy it. `tables` are those to choose from."""
    say = words.say
    st.caption(say("login.make_help"))
    if not database.strip():
        st.info(say("login.needs_database"))
        return
    name = st.text_input(say("login.login"), DEFAULT_LOGIN, max_chars=31, key=f"{place}.login")
    found = sorted({namespace or "public" for namespace, _ in tables}) or ["public"]
    schemas: Sequence[str] = found
    if kind == "postgresql":
        schemas = st.multiselect(
            say("login.schemas"),
            found,
            default=found,
            accept_new_options=True,
            placeholder=say("policies.choose"),
            key=f"{place}.schemas",
        )
    chosen: Sequence[tuple[str, str]] = ()
    if tables:
        keys = {f"{namespace}.{table}".lstrip("."): (namespace or "public", table) for namespace, table in tables}
        some = st.multiselect(
            say("login.tables"), list(keys), placeholder=say("policies.choose"), key=f"{place}.tables"
        )
        chosen = [keys[key] for key in some]
    wish = LoginWish(
        database.strip(), tuple(schemas), chosen, name.strip(), portal().settings.statement_seconds, encrypted, words
    )
    try:
        st.code(grant_script(kind, wish), language="sql")
    except AskwellError as error:
        show_error(error, words)


def has_login(kind: str) -> bool:
    """Whether this kind of database has sign-ins at all."""
    return not ENGINES[kind].is_file
