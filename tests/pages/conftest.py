"""Pages over a real portal with a small shop in SQLite, and people signed in to it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from pages._frame import TOKEN
from tests.conftest import PASSWORD, someone

ROOT = Path(__file__).resolve().parents[2]
SHELL = str(ROOT / "pages" / "_shell.py")


@pytest.fixture
def visit(portal: Portal) -> Callable[..., AppTest]:
    """Opens a page as somebody; as nobody without a role."""

    def open_page(page: str = "ask", role: Role | None = None, name: str = "Ann") -> AppTest:
        test = AppTest.from_file(SHELL, default_timeout=30)
        if role is not None:
            sign_in(portal, test, someone(portal, role, name))
        test.run()
        return test if role is None or page == "ask" else test.switch_page(f"{page}.py").run()

    return open_page


def sign_in(portal: Portal, test: AppTest, person: Actor) -> None:
    """As the sign-in form does it, without the form."""
    signed = portal.people.sign_in(f"{person.name.lower()}@example.org", PASSWORD)
    assert signed is not None
    test.session_state[TOKEN] = signed.token


def said(test: AppTest) -> str:
    """Everything a person can read on the page, joined."""
    parts = [*test.title, *test.subheader, *test.markdown, *test.text, *test.caption, *test.info, *test.error]
    parts += [*test.success, *test.warning, *test.code]
    return "\n".join(str(part.value) for part in parts)


def admin_of(portal: Portal) -> Actor:
    """The first administrator."""
    return portal.people.first_admin()


__all__ = ["SYSTEM", "admin_of", "said", "sign_in"]
