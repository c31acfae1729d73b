"""Whatever names, questions, values and errors say, a page shows it and does nothing else with it."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped]
from google.protobuf.message import Message  # type: ignore[import-untyped]
from streamlit.testing.v1 import AppTest

from core.answering.question import Question
from core.connections.addresses import NewConnection
from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from tests.conftest import PASSWORD, someone
from tests.pages.conftest import SHELL

# Each with a word of its own, and what of it must not stand anywhere that Markdown is read.
ATTACKS = {
    "image": "![imgx](https://imgx.example/p.png)",
    "link": "[lnkx](javascript:lnkx)",
    "html": "<img src=htmx onerror=htmx>",
    "address": "https://adrx.example/?q=1",
    "www": "www.wwwx.example",
    "mail": "mlx@mlx.example",
    "colour": ":red[clrx]",
    "badge": ":blue-badge[bdgx]",
    "icon": ":material/bug_report:icnx",
    "formula": "$\\\\frac{frmx}{2}$",
    "code": "`cdx`",
    "bold": "**bldx**",
    "table": "| tblx | b |",
}
EVIL = " ".join(ATTACKS.values())
LIVE = re.compile(
    r"!?(?<!\\)\[(?:imgx|lnkx)(?<!\\)\]\(|(?<!\\)<img|https?://(?!\u2060)adrx|https?://imgx|\bwww\.wwwx|\bmlx@mlx"
    r"|:red(?<!\\)\[clrx|:blue-badge(?<!\\)\[bdgx|:material/bug_report:"
    r"|(?<!\\)\$\\+frac|(?<!\\)`cdx|(?<!\\)\*\*bldx|(?<!\\)\| tblx"
)
# Text that Streamlit shows as it is, and what is not shown at all: identities, data, what a box holds.
AS_IT_IS = {
    "text.body",
    "code.code_text",
    "selectbox.options",
    "selectbox.raw_value",
    "multiselect.options",
    "text_input.default",
    "text_input.placeholder",
    "text_input.value",
    "text_area.default",
    "text_area.value",
    "text_area.placeholder",
    "chat_input.placeholder",
    "mermaid_chart.spec",
    "plotly_chart.alt",
    "number_input.placeholder",
}
HIDDEN = re.compile(
    r"(^|\.)(id|key|form_id|element_id|url|default_key|anchor|columns|editing_mode|proto|user_key)$|hash|_id$"
)


def texts(message: Message, place: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a message, with where it stands."""
    for field, value in message.ListFields():
        here = f"{place}.{field.name}".lstrip(".")
        for one in value if field.is_repeated else [value]:
            if field.type == FieldDescriptor.TYPE_MESSAGE and isinstance(one, Message):
                yield from texts(one, here)
            elif field.type == FieldDescriptor.TYPE_STRING:
                yield here, one


def shown_live(page: AppTest) -> list[tuple[str, str]]:
    """What a page would read as markup that somebody planted."""
    found = []
    for node in walk(page._tree):
        proto = getattr(node, "proto", None)
        if not isinstance(proto, Message):
            continue
        name = str(getattr(node, "type", "")) or proto.DESCRIPTOR.name.lower()
        for place, text in texts(proto):
            where = f"{name}.{place.split('.')[-1]}"
            if where == "plotly_chart.spec":  # reads a little HTML, and no Markdown
                found += [(where, tag) for tag in re.findall(r"<(?:img|a|script)[^>]*>", text)]
            elif where not in AS_IT_IS and not HIDDEN.search(place) and LIVE.search(text):
                found.append((where, text[:200]))
    return found


def walk(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from walk(child)


def seen(page: AppTest) -> str:
    """Every string of the page, to be sure that what was planted is on it at all."""
    protos = [node.proto for node in walk(page._tree) if isinstance(getattr(node, "proto", None), Message)]
    return "\n".join(text for proto in protos for _, text in texts(proto))


@pytest.fixture
def planted(portal: Portal, tmp_path: Path) -> Actor:
    """A connection, its tables, columns and values, a person, a conversation, and a key, all with evil names."""
    file = tmp_path / "evil.sqlite"
    with sqlite3.connect(file) as database:
        quoted = EVIL.replace('"', '""')
        database.execute(f'CREATE TABLE "{quoted}" ("{quoted}" TEXT, amount INTEGER)')
        database.execute(f'INSERT INTO "{quoted}" VALUES (?, 7), (?, 8)', (EVIL, "b"))
        database.execute("CREATE TABLE towns (name TEXT, people INTEGER)")
        database.executemany("INSERT INTO towns VALUES (?, ?)", [(EVIL, 7), ("Linden", 3)])
    database.close()
    boss = someone(portal, Role.ADMIN, "Boss")
    portal.people.change_self(boss, name=EVIL[:120])
    info = portal.connections.add(boss, NewConnection(EVIL[:80], "sqlite", file=str(file)))
    portal.connections.share(boss, info.id, everyone=True)
    portal.knowledge.build(info.id)
    portal.knowledge.describe(boss, info.id, "towns", "name", "en", f"{EVIL}: {EVIL}")
    for sql in ("SELECT name, people FROM towns", "SELECT * FROM towns WHERE name = 'nobody'", f"SELECT '{EVIL}' FROM"):
        for _ in portal.answers.ask(boss, Question(EVIL, info.id, sql=sql)):
            pass
    portal.knowledge.verify(boss, info.id, EVIL, "SELECT name FROM towns")
    return boss


def open_as(portal: Portal, page: str, **query: str) -> AppTest:
    test = AppTest.from_file(SHELL, default_timeout=60)
    signed = portal.people.sign_in("boss@example.org", PASSWORD)
    assert signed is not None
    test.session_state["shell.token"] = signed.token
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    return test if page == "ask" else test.switch_page(f"{page}.py").run()


def test_the_search_for_live_markup_finds_it() -> None:
    for name, attack in ATTACKS.items():
        assert LIVE.search(attack), name


@pytest.mark.parametrize("page", ["ask", "history", "models", "connections", "admin"])
def test_planted_markup_is_dead_on_every_page(portal: Portal, planted: Actor, page: str) -> None:
    test = open_as(portal, page)
    assert not test.exception
    assert shown_live(test) == []
    if page in ("history", "connections", "ask"):
        assert "imgx" in seen(test)


def test_planted_markup_is_dead_in_answers(portal: Portal, planted: Actor) -> None:
    for conversation in portal.answers.history(planted):
        test = open_as(portal, "ask", c=conversation.id.hex)
        test.toggle(key="ask.developer").set_value(True).run()
        assert not test.exception
        assert "imgx" in seen(test)
        assert shown_live(test) == []


def test_planted_markup_is_dead_inside_a_connection(portal: Portal, planted: Actor) -> None:
    info = portal.connections.list(SYSTEM)[0]
    for key in (f"connections.open.{info.id}", f"connections.edit.{info.id}", f"connections.del.{info.id}"):
        test = open_as(portal, "connections")
        test.button(key=key).click().run()
        assert not test.exception
        assert shown_live(test) == []


@pytest.mark.parametrize("section", ["people", "keys", "audit", "jobs", "health"])
def test_planted_markup_is_dead_in_administration(portal: Portal, planted: Actor, section: str) -> None:
    test = open_as(portal, "admin")
    test.segmented_control(key="admin.section").set_value(section).run()
    assert not test.exception
    assert shown_live(test) == []


def test_an_error_that_quotes_what_was_typed_is_dead(portal: Portal, planted: Actor) -> None:
    test = open_as(portal, "connections")
    test.button(key="connections.add").click().run()
    test.text_input(key="connections.new.name").set_value(EVIL[:80])
    test.button(key="connections.save").click().run()
    assert not test.exception
    assert test.error
    assert shown_live(test) == []
