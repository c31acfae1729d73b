"""What a page draws of cells, names and a model's words that are full of links, images, HTML, formulas and icons."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from core.answering.question import Question
from core.connections.registry import NewConnection
from core.models.book import NewModel
from core.portal import Portal
from core.security.permissions import Actor, Role
from tests.conftest import someone
from tests.doubles_obedient import MISDEEDS, Obedient
from tests.openai_stub import OpenAIStub
from tests.pages.conftest import SHELL, said, sign_in

EVIL = "![x](https://evil.example) <img src=x onerror=a(1)> [a](javascript:a(1)) $\\href{x}{y}$ :material/home: :red[z]"
DANGEROUS = re.compile(
    r"(?<!\\)!?\[[^\\\]]*\]\((?:https?:/|javascript)|(?<!\\)<(?:img|script|svg|a)\b|(?<!\\)\$\\?\\?href|https?://evil"
)


@pytest.fixture
def planted(portal: Portal, tmp_path: Path) -> Iterator[tuple[Portal, Actor, OpenAIStub, Obedient]]:
    file = tmp_path / "planted.sqlite"
    with sqlite3.connect(file) as database:
        database.executescript("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, revenue REAL);")
        database.execute(
            'CREATE TABLE "<script>alert(1)</script>" (id INTEGER PRIMARY KEY, "![x](https://evil.example)" INT)'
        )
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", [(1, EVIL, 10), (2, "Ada", 5), (3, EVIL * 2, 7)])
    database.close()
    owner = portal.people.first_admin()
    info = portal.connections.add(owner, NewConnection(f"Shop {EVIL}"[:80], "sqlite", file=str(file)))
    portal.connections.share(owner, info.id, everyone=True)
    model = Obedient(MISDEEDS["xss"])
    with OpenAIStub(otherwise=model) as stub:
        portal.models.connect(owner, NewModel("M ![x](https://evil.example)", "compatible", stub.url, "m"))
        yield portal, owner, stub, model


def test_nothing_of_it_is_drawn_as_markup_on_any_page(
    planted: tuple[Portal, Actor, OpenAIStub, Obedient], visit: Callable[..., AppTest]
) -> None:
    portal, _, _, model = planted
    ann = someone(portal, Role.EDITOR, "Ann")
    conversation = uuid4()
    for start in range(5):
        model.turn_to("xss", start)
        question = Question(f"Which parliament is {EVIL}?", conversation_id=conversation, rung="model")
        assert list(portal.answers.ask(ann, question))
    for text in ("List the names of customers", "revenue by customer name", f"Names like {EVIL}"):
        assert list(portal.answers.ask(ann, Question(text, conversation_id=conversation)))
    page = AppTest.from_file(SHELL, default_timeout=60)
    sign_in(portal, page, ann)
    page.query_params["c"] = conversation.hex
    page.run()
    for toggle in page.toggle:
        if str(toggle.key).startswith("ask.sent."):
            toggle.set_value(True)
    page.run()
    assert not page.exception
    assert "evil" in said(page)
    check(page)
    for name in ("history", "connections", "models"):
        page.switch_page(f"{name}.py").run()
        assert not page.exception
        check(page)


def check(page: AppTest) -> None:
    """Every text that Streamlit reads as Markdown, on this page, is free of markup that came from data."""
    drawn = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.success, *page.subheader]
    texts = [str(element.value) for element in drawn] + [
        str(b.label) for b in (*page.button, *page.expander, *page.tabs)
    ]
    texts += [str(w.label) for w in (*page.text_input, *page.selectbox, *page.toggle, *page.radio)]
    assert texts
    for text in texts:
        assert not DANGEROUS.search(text), text
